"""Checks of what the letter says: its text part, its way out, its preheader, what a template or a feed left in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from unicodedata import east_asian_width

from syndicate.compose.lint.document import FILLER
from syndicate.compose.lint.model import Fault, Severity, Subject

MOST_BYTES_BEFORE_WAY_OUT = 60_000
MIN_PREHEADER_CHARS, MAX_PREHEADER_CHARS = 30, 140
MOST_LINE_CHARS = 78
_LEFTOVER = re.compile(r"\{\{|\}\}|\{%|%\}|\*\||\|\*|%recipient|syndicateslot")
_EMPTY_WORD = frozenset({"None", "nan", "NaN", "undefined", "[object Object]"})
_TAG = re.compile(r"</?(?:a|b|br|div|em|i|img|p|span|strong|table|td|tr)\b[^<>]*>|&(?:[a-z]{2,8}|#\d{2,6});")
_FEED_REST = re.compile(
    r"read more\s*»|appeared first on|\[\s*read more|&amp;|&(?:nbsp|quot|#\d+);|�|Ã[\x80-\xbf©¨¤¶¼]|â€", re.IGNORECASE
)


def text_part(subject: Subject) -> Iterator[Fault]:
    """2: a text part with a link for each review, and each way out."""
    text, facts = subject.email.text, subject.facts
    if not text.strip():
        yield Fault("text", "it is empty: who reads text, and many a filter, sees no letter", "mend email/issue.txt")
        return
    message = subject.message
    if message is not None and all(part.get_content_type() != "text/plain" for part in message.parts):
        yield Fault("message", "it has no text part", "send both parts")
    words = set(text.split())
    for link in facts.review_links:
        if link not in words:
            yield Fault(
                "text", f"{link} is in the HTML part only", "write the link of each review into email/issue.txt"
            )
    for way in facts.ways_out if facts.is_for_readers else ():
        if way not in words:
            yield Fault("text", "a way out is in the HTML part only", "write ways_out into email/issue.txt")


def way_out(subject: Subject) -> Iterator[Fault]:
    """4: a way out that is seen, and stands where Gmail does not cut."""
    facts = subject.facts
    if not facts.is_for_readers or not facts.is_issue:
        return
    links = [each for each in subject.document.all("a") if each.attributes.get("href") in facts.ways_out]
    if not any(each.text.strip() and not each.is_hidden for each in links):
        yield Fault("html", "no way out that a reader sees", "write ways_out into email/issue.html")
        return
    html = subject.email.html.encode("utf-8", "replace")
    first = min(html.find(escape(each.attributes["href"]).encode()) for each in links)
    if first > MOST_BYTES_BEFORE_WAY_OUT:
        yield Fault(
            "html",
            f"the first way out stands {first:,} bytes in: Gmail may have cut by then",
            "write one near the top too",
            Severity.WARNING,
        )


def identity(subject: Subject) -> Iterator[Fault]:
    """5: who sends this, by postal address."""
    postal = subject.facts.postal
    if not subject.facts.is_for_readers:
        return
    if not postal:
        yield Fault("html", "no postal address: the law of many countries asks for one", "set site.postal")
        return
    said = {"html": " ".join(run.text for run in subject.document.runs), "text": subject.email.text}
    for where, text in said.items():
        if _plain(postal) not in _plain(text):
            yield Fault(
                where, "the postal address of config.yaml is not in it", f"write postal into email/issue.{where}"
            )


def leftovers(subject: Subject) -> Iterator[Fault]:
    """10: what a template did not fill."""
    quoted = subject.quoted
    how = "mend the template, or the digest's subject"
    places = [("subject", subject.email.subject), ("preheader", subject.email.preheader)]
    places += [(f"html line {run.line}", run.text) for run in subject.document.runs]
    places += [
        (each.where, value)
        for each in subject.document.elements
        for name, value in each.attributes.items()
        if name in ("href", "src", "alt", "title", "aria-label", "content")
    ]
    places += [(f"text line {number}", line) for number, line in enumerate(subject.email.text.splitlines(), start=1)]
    for where, text in places:
        found = _LEFTOVER.search(text)
        if found and found[0] not in quoted:
            yield Fault(where, f'"{found[0]}" was left by a template', how)
        elif text.strip() in _EMPTY_WORD and text.strip() not in subject.facts.quoted:
            yield Fault(where, f'"{text.strip()}" stands where a value should', how)


def preheader(subject: Subject) -> Iterator[Fault]:
    """25: the line that inboxes show after the subject."""
    runs = subject.document.runs
    first = next((run for run in runs if FILLER.sub("", run.text)), None)
    if first is None or not first.element.is_hidden:
        yield Fault(
            "preheader",
            "there is none: inboxes show whatever the letter begins with",
            "begin the body with a hidden block that holds preheader",
        )
        return
    said = " ".join(FILLER.sub(" ", first.text).split())
    if subject.facts.is_issue and not MIN_PREHEADER_CHARS <= _breadth(said) <= MAX_PREHEADER_CHARS:
        yield Fault("preheader", f"{len(said)} characters: inboxes show 30 to 140", "write it longer, or shorter")
    if said.casefold() == subject.email.subject.strip().casefold():
        yield Fault("preheader", "it says the subject again", "say what the subject does not")


def hidden_text(subject: Subject) -> Iterator[Fault]:
    """33: hidden text besides the preheader: filters take it for a trick."""
    hidden = [run for run in subject.document.runs if run.element.is_hidden and FILLER.sub("", run.text)]
    first = next((run for run in subject.document.runs if FILLER.sub("", run.text)), None)
    for run in hidden:
        if run is not first:
            yield Fault(f"html line {run.line}", "hidden text: filters take it for a trick", "show it, or leave it out")


def feed_rest(subject: Subject) -> Iterator[Fault]:
    """36: what a feed's software left in an entry's text."""
    for run in subject.document.runs:
        if not run.element.is_hidden and (found := _FEED_REST.search(run.text)):
            yield Fault(
                f"html line {run.line}",
                f'"{found[0]}" came with the feed, and is no part of the review',
                "syndicate reviews edit mends this one; the feed's own settings mend the next",
            )


def text_lines(subject: Subject) -> Iterator[Fault]:
    """38: a text part in lines of 78 characters, without tags or entities."""
    for number, line in enumerate(subject.email.text.splitlines(), start=1):
        if len(line) > MOST_LINE_CHARS and " " in line.strip():
            yield Fault(f"text line {number}", f"{len(line)} characters: it wraps raggedly", "use the filter wrapped")
        if (found := _TAG.search(line)) and not any(found[0] in each for each in subject.facts.quoted):
            yield Fault(f"text line {number}", f'"{found[0]}" is HTML', "write plain text into email/issue.txt")


def no_reviews(subject: Subject) -> Iterator[Fault]:
    """37: an issue with reviews in it, none of them twice."""
    links = subject.facts.review_links
    if not subject.facts.is_issue:
        return
    if not links:
        yield Fault("issue", "it carries no review", "wait until there is one: a scheduled issue is skipped then")
    for link in sorted({each for each in links if links.count(each) > 1}):
        yield Fault(
            "issue",
            f"{link} is the link of two reviews: one page for both",
            "leave one out, or mend it in the feed: syndicate reviews hold",
            Severity.WARNING,
        )


def _breadth(text: str) -> int:
    """Return how many places a line takes: a Chinese, Japanese or Korean letter two."""
    return sum(2 if east_asian_width(each) in "WF" else 1 for each in text)


def _plain(text: str) -> str:
    return " ".join(text.split())

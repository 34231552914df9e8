"""Checks of the HTML: what programs refuse, what a screen reader needs, what Word needs, what is broken."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from syndicate.compose.lint.clients import ignored_by
from syndicate.compose.lint.document import Element
from syndicate.compose.lint.model import Fault, Severity, Subject

_REFUSED = frozenset({"script", "iframe", "object", "embed", "form", "video", "audio", "base"})
_METAS = ("viewport", "color-scheme", "x-apple-disable-message-reformatting", "format-detection")
MOST_TABLES = 6
MOST_STYLE_BYTES = 16_000
COLUMN_PIXELS, PHONE_PIXELS = 600, 320


def refused(subject: Subject) -> Iterator[Fault]:
    """16: elements and attributes that mail programs strip, or that make filters suspicious."""
    for element in subject.document.elements:
        name = _refused_name(element)
        if name:
            ignoring = f": {ignored_by(name)} it" if name in ("form", "link") else ""
            yield Fault(element.where, f"<{name}> is stripped or refused{ignoring}", "take it out of the template")
        for attribute in element.attributes:
            if attribute.startswith("on"):
                yield Fault(element.where, f"{attribute} runs a script: filters refuse it", "take it out")


def _refused_name(element: Element) -> str | None:
    if element.tag in _REFUSED:
        return element.tag
    if element.tag == "meta" and element.attributes.get("http-equiv", "").lower() == "refresh":
        return "meta refresh"
    return "link" if element.tag == "link" and "stylesheet" in element.attributes.get("rel", "").lower() else None


def layout_tables(subject: Subject) -> Iterator[Fault]:
    """18: tables that a screen reader does not read out as tables."""
    for table in subject.document.all("table"):
        if table.attributes.get("role") != "presentation":
            yield Fault(table.where, "a screen reader will announce rows and columns", 'write role="presentation"')


def language(subject: Subject) -> Iterator[Fault]:
    """19: lang and dir on the document, and on a wrapper: many programs drop html and body."""
    elements = subject.document.elements
    root = next(subject.document.all("html"), None)
    wrapper = next((each for each in elements if each.parent is not None and each.parent.tag == "body"), None)
    for name, element in (("<html>", root), ("the first element of <body>", wrapper)):
        missing = [key for key in ("lang", "dir") if not (element and element.attributes.get(key))]
        if missing:
            where = element.where if element else "html"
            yield Fault(
                where, f"{name} has no {' and no '.join(missing)}: it is read aloud in a wrong voice", "write it"
            )


def title(subject: Subject) -> Iterator[Fault]:
    """20: a title that is the subject."""
    titles = [each for each in subject.document.all("title") if each.parent and each.parent.tag == "head"]
    if not titles or " ".join(titles[0].text.split()) != " ".join(subject.email.subject.split()):
        where = titles[0].where if titles else "html"
        yield Fault(where, "the title is not the subject: screen readers say it first", "write subject into <title>")


def headings(subject: Subject) -> Iterator[Fault]:
    """21: one h1, and no level left out."""
    found = list(subject.document.all("h1", "h2", "h3", "h4", "h5", "h6"))
    firsts = [each for each in found if each.tag == "h1"]
    if len(firsts) != 1:
        where = firsts[1].where if firsts else "html"
        yield Fault(where, f"{len(firsts)} headings of the first level", "give the letter one h1")
    for before, after in itertools.pairwise(found):
        if int(after.tag[1]) > int(before.tag[1]) + 1:
            yield Fault(after.where, f"{after.tag} after {before.tag}: a level is left out", "number headings in order")


def conditionals(subject: Subject) -> Iterator[Fault]:
    """26: conditional comments that end, and a table of Word's own around a column that max-width holds."""
    html = subject.email.html
    begun, ended = len(re.findall(r"<!--\[if ", html)), len(re.findall(r"<!\[endif\]", html))
    word = [text for _, text in subject.document.comments if re.match(r"\[if [^\]]*mso", text)]
    tables = sum(len(re.findall(r"<table\b", text)) - text.count("</table") for text in word)
    if begun != ended or tables:
        yield Fault("html", "conditional comments that do not match: Outlook loses the rest", "end each that begins")
    column = next((each for each in subject.document.all("div") if _pixels(each.style.get("max-width")) >= 480), None)
    if column is not None and not any("<table" in text for text in word):
        yield Fault(
            column.where,
            f"{ignored_by('max-width')} max-width on a div: the column will be as wide as the window",
            "put a table for mso around it",
            Severity.WARNING,
        )


def widths(subject: Subject) -> Iterator[Fault]:
    """27: nothing wider than the column, or than a phone."""
    for element in subject.document.elements:
        if (wide := _pixels(element.attributes.get("width"))) > COLUMN_PIXELS:
            yield Fault(element.where, f"{wide} pixels wide, in a column of 600", "write at most 600")
        if (least := _pixels(element.style.get("min-width"))) > PHONE_PIXELS:
            yield Fault(element.where, f"at least {least} pixels wide: phones scroll sideways", "leave out min-width")


def _pixels(value: str | None) -> int:
    found = re.fullmatch(r"(\d+)(?:\.\d+)?(?:px)?", (value or "").strip())
    return int(found[1]) if found else 0


def style_bytes(subject: Subject) -> Iterator[Fault]:
    """28: style blocks that Gmail still reads."""
    for line, css in subject.document.styles:
        if (count := len(css.encode("utf-8", "replace"))) > MOST_STYLE_BYTES:
            yield Fault(f"html line {line}", f"a style block of {count:,} bytes: Gmail drops it", "split or shorten it")


def nesting(subject: Subject) -> Iterator[Fault]:
    """30: tables in tables in tables."""
    for table in subject.document.all("table"):
        if sum(each.tag == "table" for each in table.parents) == MOST_TABLES + 1:
            yield Fault(table.where, "seven tables deep: Outlook grows slow", "nest fewer")


def head(subject: Subject) -> Iterator[Fault]:
    """31: what phones and dark schemes look for in the head."""
    metas = list(subject.document.all("meta"))
    if not any(each.attributes.get("charset", "").lower() == "utf-8" for each in metas):
        yield Fault("html", "no charset: accents may break", 'write <meta charset="utf-8">')
    there = {each.attributes.get("name") for each in metas}
    for name in _METAS:
        if name not in there:
            yield Fault("html", f"no meta {name}: phones or dark schemes will guess", "write it into the head")


def well_formed(subject: Subject) -> Iterator[Fault]:
    """32: HTML that every program reads alike."""
    for line, what in subject.document.faults:
        yield Fault(f"html line {line}", what, "mend the template")

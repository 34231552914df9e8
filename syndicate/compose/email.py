"""reviews → the letter of an issue, rendered once: subject, preheader, HTML and text.

Pure but for the templates that it reads. Whatever the feed said arrives here as plain text; it is cleaned of what no
header, no XML and no mark of ours may hold, laid out as `Card`s, escaped by the templates, and inlined once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

import jinja2
from markupsafe import Markup

from syndicate.compose import letter
from syndicate.compose.environment import from_string, load, render
from syndicate.compose.model import Masthead, PublishedReview, RenderedEmail, Selection
from syndicate.compose.words import Words, stars
from syndicate.errors import TemplateError
from syndicate.reviews.model import Kind

MAX_SUBJECT_CHARS = 150
"""Longer ones do not survive every mail program's folding."""
GOOD_SUBJECT_CHARS = 70
MIN_PREHEADER_CHARS, MAX_PREHEADER_CHARS = 30, 140
MAX_LINKED_TITLE_CHARS = 60
"""The title stands in full above; a link of five lines is no link."""

_NONCHARACTERS = "".join(chr(plane << 16 | end) for plane in range(17) for end in (0xFFFE, 0xFFFF))
_UNFIT = re.compile(f"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef{_NONCHARACTERS}]")
"""Controls, direction overrides, lone surrogates and noncharacters."""
_MARKISH = re.compile(letter.RESERVED, re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One review as the templates see it: clean plain text, safe addresses, sentences in the site's language."""

    film: str
    year: int | None
    title: str
    """The post's own title."""
    kind: str
    strand: str | None
    """The line above the film: the strand as written, or what kind of review it is."""
    link: str
    action: str
    """The link's words; they name the film."""
    standfirst: str | None
    excerpt: str | None
    stars: str
    """"★★★½☆", or empty where the scale is no small number of stars."""
    rating: str
    """"3.5 out of 5", "B+", or empty."""
    reviewers: tuple[str, ...]
    directors: tuple[str, ...]
    cast: tuple[str, ...]
    image: str | None
    alt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CardSection:
    """A headed run of cards."""

    title: str | None
    cards: tuple[Card, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A way out as the templates see it: where it leads (a slot's mark) and in which words."""

    url: str
    words: str


def render_email(
    selection: Selection, masthead: Masthead, *, templates: jinja2.Environment, subject: str | None
) -> RenderedEmail:
    """Return the issue's letter with its slots still marked; `letter.fill` shows it, `letter.compile_letter` sends it.

    `subject` is the config's Jinja text (it knows lead, reviews, site and issue), None for our own wording.
    Raises TemplateError where a template does not render or has lost a way out.
    """
    context = _context(selection, masthead)
    context["subject"] = _subject(context, templates, subject)
    context["preheader"] = _preheader(context)
    html = tidy_html(render(load(templates, "email/issue.html"), context))
    text = tidy_text(render(load(templates, "email/issue.txt"), context))
    inlined = _inlined(html)
    _check_ways_out(masthead, inlined, text)
    return RenderedEmail(subject=str(context["subject"]), preheader=str(context["preheader"]), html=inlined, text=text)


def clean(text: str) -> str:
    """Return one line of text that may stand in a header, in HTML and in mail: no controls, no lone surrogates.

    Line breaks of every kind (U+2028 too) become blanks; direction overrides, which could turn a sentence around,
    go, and so does the word that our slot marks begin with.
    """
    kept = _UNFIT.sub("", " ".join(text.split()))
    while letter.RESERVED in kept.lower():
        kept = _MARKISH.sub("", kept)
    return kept.strip()


def safe_url(url: str) -> str | None:
    """Return an http(s) address in plain ASCII, blanks and foreign letters percent-encoded; None for any other."""
    try:
        parts = urlsplit(clean(url))
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.netloc:
        return None
    return quote(parts.geturl(), safe="!#$%&'()*+,/:;=?@[]~")


def shorten(text: str, limit: int) -> str:
    """Return the text within `limit` characters, cut at a word and marked with an ellipsis where it was cut."""
    if len(text) <= limit:
        return text
    head = text[: limit - 1]
    at_word = head.rsplit(" ", 1)[0]
    kept = at_word if len(at_word) > limit // 2 else head
    return kept.rstrip(" ,;:–—-") + "…"


def tidy_html(html: str) -> str:
    """Return the HTML without the empty lines that templates leave: Gmail cuts a letter at 102 kB."""
    return re.sub(r"\n\s*\n", "\n", html).strip() + "\n"


def tidy_text(text: str) -> str:
    """Return the text part without blanks at line ends and with one empty line at most between paragraphs."""
    lines = "\n".join(line.rstrip() for line in text.splitlines())
    return re.sub(r"\n{3,}", "\n\n", lines).strip("\n") + "\n"


def _context(selection: Selection, masthead: Masthead) -> dict[str, object]:
    """Return all that a template knows; docs/configuration.md lists these names."""
    words = Words(language=masthead.language, timezone=masthead.timezone)
    site = safe_url(masthead.site_url) or ""
    sections = tuple(
        CardSection(
            title=clean(section.title) if section.title else None,
            cards=tuple(_card(review, words, site) for review in section.reviews),
        )
        for section in selection.sections
    )
    lead = _card(selection.lead, words, site) if selection.lead else None
    return {
        "t": words,
        "own": Markup("") if words.known else Markup(' lang="en" dir="ltr"'),
        "lead": lead,
        "sections": tuple(section for section in sections if section.cards),
        "reviews": ((lead,) if lead else ()) + tuple(card for section in sections for card in section.cards),
        "more": selection.more,
        "site": clean(masthead.site_name),
        "site_url": site,
        "postal": clean(masthead.postal or "") or None,
        "digest": clean(masthead.digest_name),
        "issue": masthead.number,
        "date": masthead.date,
        "ways_out": _ways(masthead, words),
        "fences": {name: Markup(fence) for name, fence in _FENCES},  # noqa: S704  (constants of ours)
    }


_FENCES = (("readers", letter.READERS), ("posting", letter.POSTING), ("end", letter.END))


def _ways(masthead: Masthead, words: Words) -> tuple[Way, ...]:
    return tuple(
        Way(url=letter.way_out_mark(index), words=words("leave_mail" if way.url.startswith("mailto:") else "leave_web"))
        for index, way in enumerate(masthead.ways_out)
    )


def _card(published: PublishedReview, words: Words, site: str) -> Card:
    review = published.review
    film = clean(review.film.title) or clean(published.title) or urlsplit(published.link).path
    image = safe_url(published.image.url) if published.image else None
    rating = review.rating
    return Card(
        film=film,
        year=review.film.year,
        title=clean(published.title),
        kind=published.kind.value,
        strand=clean(review.strand or "") or _kind_label(published.kind, words),
        link=safe_url(published.link) or site,
        action=words(
            "read_post" if published.kind is Kind.OTHER else "read_review", film=shorten(film, MAX_LINKED_TITLE_CHARS)
        ),
        standfirst=clean(review.standfirst or "") or None,
        excerpt=clean(review.excerpt or "") or None,
        stars=stars(rating) if rating else "",
        rating=clean(words.rating(rating)) if rating else "",
        reviewers=_people(review.reviewers),
        directors=_people(review.directors),
        cast=_people(review.cast),
        image=image,
        alt=(clean(published.image.alt) if published.image else "") or words("picture", film=film),
    )


def _kind_label(kind: Kind, words: Words) -> str | None:
    return words(kind.value) if kind in (Kind.TV_REVIEW, Kind.BOOK_REVIEW) else None


def _people(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(name for name in map(clean, names) if name)


def _subject(context: dict[str, object], templates: jinja2.Environment, source: str | None) -> str:
    """Return the subject, one clean line of at most 150 characters, never empty."""
    words, site, number = context["t"], context["site"], context["issue"]
    assert isinstance(words, Words)
    written = clean(render(from_string(templates, source), context)) if source else ""
    chosen = written or _own_subject(context, words) or words("subject.none", site=site, number=number)
    return shorten(chosen, MAX_SUBJECT_CHARS)


def _films(context: dict[str, object]) -> list[str]:
    cards = context["reviews"]
    assert isinstance(cards, tuple)
    return [card.film for card in cards]


def _own_subject(context: dict[str, object], words: Words) -> str | None:
    """Return the fullest of our wordings that a phone shows whole, the lead's film always first.

    It changes with the films and the issue's number, so that programs which thread by subject keep issues apart.
    """
    films, number = _films(context), context["issue"]
    if not films:
        return None
    rest = len(films) - 1
    forms = [words("subject.one", film=films[0], number=number)]
    if rest:
        forms = [words("subject.lead", film=films[0], count=rest, number=number)]
        second = {"film": films[0], "second": films[1], "number": number}
        forms.insert(
            0, words("subject.two", **second) if rest == 1 else words("subject.many", **second, count=rest - 1)
        )
    fitting = (form for form in forms if len(form) <= GOOD_SUBJECT_CHARS)
    return next(fitting, forms[-1])


def _preheader(context: dict[str, object]) -> str:
    """Return what an inbox shows after the subject: the lead's one sentence, then what else there is.

    30 to 140 characters; never the subject again.
    """
    words, cards = context["t"], context["reviews"]
    assert isinstance(words, Words)
    assert isinstance(cards, tuple)
    others = words("also", films=words.names(_films(context)[1:4])) if len(cards) > 1 else ""
    lead = cards[0] if cards else None
    opening = (lead.standfirst or lead.excerpt or "") if lead else ""
    rated = f"{words('rated', rating=lead.rating)}." if lead and lead.rating else ""
    text = ""
    for piece in (opening, rated, others, words("from_site", site=context["site"], number=context["issue"])):
        if piece and len(text) < MIN_PREHEADER_CHARS and piece != context["subject"]:
            text = f"{text} {piece}".strip()
    return shorten(text, MAX_PREHEADER_CHARS)


def _inlined(html: str) -> str:
    """Return the HTML inlined. Raises TemplateError where a slot or fence did not come through."""
    # Imported late: premailer brings cssutils and requests, which no command but this one needs.
    from syndicate.compose.inline import inline_css

    inlined = inline_css(html)
    if inlined.count(letter.RESERVED) != html.count(letter.RESERVED):
        raise TemplateError(
            "inlining the styles lost a way out",
            where="email/issue.html",
            hint="use the way out in href or in text only",
        )
    return inlined


def _check_ways_out(masthead: Masthead, html: str, text: str) -> None:
    """Raise TemplateError unless both parts show every way out."""
    for index, way in enumerate(masthead.ways_out):
        for name, body in (("email/issue.html", html), ("email/issue.txt", text)):
            if letter.way_out_mark(index) not in body:
                raise TemplateError(
                    f"the letter does not show the way out {way.url}",
                    where=name,
                    hint="write {{ way.url }} for each of ways_out",
                )

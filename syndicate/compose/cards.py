"""What the letter's templates know, as values: a `Page` of `Card`s, each clean, safe and in the site's language.

Whatever the feed said arrives as plain text and leaves as plain text that may stand in a header, in XML and beside our
slot marks; the templates escape it. docs/configuration.md lists these names for those who write templates.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from urllib.parse import quote, urlsplit

from markupsafe import Markup

from syndicate.compose import letter
from syndicate.compose.model import Masthead, PublishedReview, Section, Selection
from syndicate.compose.theme import Theme
from syndicate.compose.words import Words, stars
from syndicate.reviews import excerpt
from syndicate.reviews.model import Kind

MAX_LINKED_TITLE_CHARS = 60
"""The title stands in full above; a link of five lines is no link."""
ITEM_EXCERPT_CHARS = 230
"""The lead's excerpt is given whole; beside a thumbnail a longer one would be a column of fifteen lines."""
FENCES: Mapping[str, Markup] = {
    "readers": Markup(letter.READERS),  # noqa: S704  (constants of ours, as are the two below)
    "posting": Markup(letter.POSTING),  # noqa: S704
    "end": Markup(letter.END),  # noqa: S704
}

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
    opening: tuple[str, ...]
    """The excerpt at greater length, by its paragraphs; the excerpt alone where there is no more."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """All that a template of the letter knows by name; the subject and the preheader come to it when they are made."""

    t: Words
    own: Markup
    """lang and dir for our own sentences, where they are English on a site of another language; else empty."""
    lead: Card | None
    sections: tuple[CardSection, ...]
    reviews: tuple[Card, ...]
    """Every card in reading order, the lead first."""
    more: int
    site: str
    site_url: str
    postal: str | None
    digest: str
    issue: int
    date: datetime
    ways_out: tuple[Way, ...]
    browser_url: str | None
    """The issue's page in the public archive, where there is one."""
    theme: Theme
    fences: Mapping[str, Markup]

    def names(self) -> dict[str, object]:
        """Return the names as a template's context."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def lay_out(selection: Selection, masthead: Masthead) -> Page:
    """Return the issue as its templates see it."""
    words = Words(language=masthead.language, timezone=masthead.timezone)
    site_url = safe_url(masthead.site_url) or ""
    lead = _card(selection.lead, words, site_url) if selection.lead else None
    sections = tuple(_section(section, words, site_url) for section in selection.sections if section.reviews)
    return Page(
        t=words,
        own=Markup("") if words.known else Markup(' lang="en" dir="ltr"'),
        lead=lead,
        sections=sections,
        reviews=((lead,) if lead else ()) + tuple(card for section in sections for card in section.cards),
        more=selection.more,
        site=clean(masthead.site_name),
        site_url=site_url,
        postal=clean(masthead.postal or "") or None,
        digest=clean(masthead.digest_name),
        issue=masthead.number,
        date=masthead.date,
        ways_out=_ways(masthead, words),
        browser_url=safe_url(masthead.browser_url) if masthead.browser_url else None,
        theme=masthead.theme,
        fences=FENCES,
    )


def _section(section: Section, words: Words, site_url: str) -> CardSection:
    cards = tuple(_item(_card(review, words, site_url)) for review in section.reviews)
    return CardSection(title=clean(section.title or "") or None, cards=cards)


def _item(card: Card) -> Card:
    """Return a card as it stands among others: its excerpt in the whole sentences that fit."""
    return replace(card, excerpt=excerpt.shorten(card.excerpt, ITEM_EXCERPT_CHARS)) if card.excerpt else card


def _ways(masthead: Masthead, words: Words) -> tuple[Way, ...]:
    return tuple(
        Way(url=letter.way_out_mark(index), words=words("leave_mail" if way.url.startswith("mailto:") else "leave_web"))
        for index, way in enumerate(masthead.ways_out)
    )


def _card(published: PublishedReview, words: Words, site_url: str) -> Card:
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
        link=safe_url(published.link) or site_url,
        action=words(
            "read_post" if published.kind is Kind.OTHER else "read_review", film=shorten(film, MAX_LINKED_TITLE_CHARS)
        ),
        standfirst=clean(review.standfirst or "") or None,
        excerpt=clean(review.excerpt or "") or None,
        opening=_texts(review.opening) or _texts([review.excerpt or ""]),
        stars=stars(rating) if rating else "",
        rating=clean(words.rating(rating)) if rating else "",
        reviewers=_texts(review.reviewers),
        directors=_texts(review.directors),
        cast=_texts(review.cast),
        image=image,
        alt=(clean(published.image.alt) if published.image else "") or words("picture", film=film),
    )


def _kind_label(kind: Kind, words: Words) -> str | None:
    return words(kind.value) if kind in (Kind.TV_REVIEW, Kind.BOOK_REVIEW) else None


def _texts(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(text for text in map(clean, texts) if text)


def clean(text: str) -> str:
    """Return one line of text that may stand in a header, in HTML and in mail: no controls, no lone surrogates.

    Line breaks of every kind (U+2028 too) become blanks; direction overrides, which could turn a sentence around,
    go, and so does the word that our slot marks begin with.
    """
    kept = _UNFIT.sub("", " ".join(text.split()))
    while letter.RESERVED in kept.lower():
        kept = _MARKISH.sub("", kept)
    return " ".join(kept.split())


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

"""Entry → Reading: what kind of post it is, and all that can be known of the review for certain.

    title ──► strand, film, year      (titles.py)         data  ──► what the others leave open (linked.py, marks.py)
    body  ──► lines and pictures      (blocks.py)         lines ──► credits                  (credits.py)
    lines ──► standfirst, excerpt     (excerpt.py)        pictures ──► image, the film's good case

What is not certain stays unknown. Nothing here raises on any entry, however broken.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from syndicate.feeds.model import Entry, RawHtml
from syndicate.reviews.blocks import Block, Body, Line, fold, read_body
from syndicate.reviews.credits import Credits, read_credits, reviewers_of
from syndicate.reviews.excerpt import (
    EXCERPT_CHARS,
    STANDFIRST_CHARS,
    is_cut,
    is_promo,
    prose,
    read_excerpt,
    read_opening,
    read_standfirst,
    sentences,
    shorten,
)
from syndicate.reviews.films import film_of
from syndicate.reviews.images import alts, best_image
from syndicate.reviews.kinds import kind_of
from syndicate.reviews.linked import linked_reviews
from syndicate.reviews.model import Film, Kind, Rating, Reading, Review
from syndicate.reviews.names import is_surely_name, split_names
from syndicate.reviews.ratings import parse_rating, rating_of_line, rating_of_lines
from syndicate.reviews.structured import StructuredReview, field_film, field_rating, marked_review, review_about
from syndicate.reviews.titles import BLOG_RULES, TitleReading, TitleRules, read_title

_ALT_END = re.compile(r"\s+(?:(?:film|movie)\s+)?(?:review|poster|dvd|blu-?ray|vod|still|image|retrospective)$", re.I)
_TO_SEE = re.compile(
    r"\s+(?:is|arrives|comes|opens|will be|can be|hits)\b.*\b(?:cinemas?|theat(?:er|re)s|VOD|DVD|Blu-?ray|digital"
    r"|streaming|Netflix|Prime|Shudder|MUBI|Disney\+|Apple TV\+?)(?:\W.*)?",
    re.I,
)
_NAME_IN_BRACKETS = re.compile(r"(?P<film>.*\S)\s+\((?P<name>[^()]{4,60})\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """What the parts of an entry say, each by itself."""

    entry: Entry
    title: TitleReading
    body: Body
    credits: Credits
    data: StructuredReview
    prose: tuple[str, ...]
    standfirst: str | None


def read_entry(entry: Entry, *, titles: TitleRules = BLOG_RULES, site_names: tuple[str, ...] = ()) -> Reading:
    """Return what we understood of an entry.

    `titles` are the feed's own rules, tried before the blog's grammar; `site_names` the names that its feed
    gives to the site, which are no critic's even where they stand as author.
    """
    parts = _take_apart(entry, titles, site_names)
    kind, why = kind_of(entry, parts.title, parts.credits, parts.data, says_something=bool(parts.prose))
    image = best_image(
        parts.body.pictures, base=entry.base or entry.link, thumbnail=entry.thumbnail, frames=parts.body.frames
    )
    review = None if kind is Kind.OTHER else _review(parts, site_names)
    return Reading(kind=kind, why=why, image=image, review=review, text=_opening(parts))


def as_review(reading: Reading, title: str) -> Review:
    """Return the review, or for a post of kind `other` that an editor includes, one that names it by its title."""
    if reading.review is not None:
        return reading.review
    name = fold(title) or shorten(reading.text, 80) or "Untitled"
    return Review(film=Film(title=name), excerpt=reading.text or None)


def _take_apart(entry: Entry, rules: TitleRules, site_names: tuple[str, ...]) -> _Parts:
    headline = fold(entry.title)
    said = read_title(headline, rules, site_names=site_names)
    body = read_body(entry.content if entry.content.strip() else entry.summary)
    if said.strand:
        body = _without_headline(body, headline)
    credits = read_credits(body.lines, plain=body.plain)
    title = _named_by_alt(said, body, credits)
    found = (*linked_reviews(body.linked_data), marked_review(body.marked))
    standfirst = read_standfirst(body.blocks, credits)
    may_be_cut = title.strand and not credits.lines and not entry.summary.strip()
    return _Parts(
        entry=entry,
        title=title,
        body=body,
        credits=credits,
        data=review_about(found, title.film, is_open=title.kind is None),
        prose=tuple(_prose(body, credits, title, fold(entry.title))),
        standfirst=standfirst or (_lone_sentence(body) if may_be_cut else None),
    )


def _without_headline(body: Body, headline: str) -> Body:
    """Drop the lines that repeat the post's title, or a part of it, as a saved page and some feeds do at the top."""
    whole = headline.casefold()

    def is_repeated(block: Block) -> bool:
        text = block.text.casefold() if isinstance(block, Line) else ""
        return len(text) > 2 and (text in whole or (whole in text and len(text) <= len(whole) + 60))

    return replace(body, blocks=tuple(block for block in body.blocks if not is_repeated(block)))


def _lone_sentence(body: Body) -> str | None:
    """Return the one sentence that is all of a post: the feed was cut at the jump break, and no link says so.

    So does Blogger where the owner's template has no "Read more". A sentence that is cut itself is none.
    """
    if body.marked or body.linked_data or body.frames or len(body.lines) != 1:
        return None
    lines = tuple(prose(body.lines, may_lack_stop=True))
    is_whole = len(lines) == 1 and len(sentences(lines[0])) == 1 and not is_cut(lines[0])
    return lines[0] if is_whole and len(lines[0]) <= STANDFIRST_CHARS else None


def _review(parts: _Parts, site_names: tuple[str, ...]) -> Review:
    entry, title, credits = parts.entry, parts.title, parts.credits
    film, directors = _film(parts)
    bylines = credits.reviewers or ((title.reviewer,) if title.reviewer else ())
    return Review(
        film=film,
        strand=title.strand,
        festival=title.festival,
        format=title.format,
        reviewers=reviewers_of(bylines, entry.labels, parts.data.reviewers or entry.authors, site_names),
        directors=directors,
        cast=credits.cast or title.cast or parts.data.cast,
        standfirst=_standfirst(parts),
        excerpt=read_excerpt(_lines(parts)),
        opening=read_opening(_lines(parts)),
        rating=_rating(parts, film),
    )


def _film(parts: _Parts) -> tuple[Film, tuple[str, ...]]:
    """Return the film, and who directed it."""
    directors = parts.credits.directors or parts.data.directors
    named = field_film(parts.entry.fields)
    if named is not None:
        return named, directors
    title, bracketed = _without_director(parts.title.film, directors, parts.prose)
    data = parts.data.film
    if data and data.title.casefold() != title.casefold():
        title = data.title
    year = parts.title.year or parts.credits.year or (data.year if data else None)
    return Film(title=_good_case(title, parts), year=year), directors or bracketed


def _without_director(title: str, directors: Sequence[str], prose: Iterable[str]) -> tuple[str, tuple[str, ...]]:
    """Take a director in brackets off a title: one that is known, or a name that the prose speaks of."""
    match = _NAME_IN_BRACKETS.fullmatch(title)
    if not match:
        return title, ()
    names, family = split_names(match["name"]), match["name"].split()[-1]
    is_named = all(map(is_surely_name, names)) and re.search(rf"\b{re.escape(family)}\b", " ".join(prose))
    if is_named or set(names) <= set(directors):
        return match["film"], names
    return title, ()


def _good_case(title: str, parts: _Parts) -> str:
    """Return a title in capitals as a picture's alt text or the data writes it, where they are equal but for case."""
    if not title.isupper():
        return title
    spelled = [film_of(_ALT_END.sub("", alt)).title for alt in alts(parts.body.pictures)]
    spelled += [parts.data.film.title] if parts.data.film else []
    same = (name for name in spelled if name.casefold() == title.casefold())
    return next((name for name in same if not name.isupper() and not name.islower()), title)


def _named_by_alt(title: TitleReading, body: Body, credits: Credits) -> TitleReading:
    """Name the film of a post without a title by its first picture: "Red Tide review"."""
    if title.film or not credits.name_a_film:
        return title
    named = (film_of(_ALT_END.sub("", alt)) for alt in alts(body.pictures) if _ALT_END.search(alt))
    film = next(named, None)
    return replace(title, film=film.title, year=film.year) if film else title


def _prose(body: Body, credits: Credits, title: TitleReading, headline: str) -> Iterable[str]:
    """Give the lines of prose below the credits, promotions and the title's own repetition left out."""
    repeated = (title.film.casefold(), headline.casefold())
    if credits.after:
        yield credits.after
    others = [(number, line) for number, line in enumerate(body.lines) if number not in credits.lines]
    below = tuple(prose(line for number, line in others if number >= credits.prose_from))
    for text in below or tuple(prose(line for _, line in others)):
        if text.casefold() not in repeated and not (title.film and _is_business(text, title.film)):
            yield text


def _is_business(text: str, film: str) -> bool:
    """Return whether a line rates the film, or says where to see it: "RED TIDE is in UK cinemas from March 1st."."""
    rest = text[len(film) :] if text.casefold().startswith(film.casefold()) else ""
    return bool(rating_of_line(text, film)) or (len(rest) <= 120 and bool(_TO_SEE.fullmatch(rest)))


def _standfirst(parts: _Parts) -> str | None:
    """Return the standfirst in the body, else a summary that the site wrote beside the content (a subtitle)."""
    if parts.standfirst:
        return parts.standfirst
    summary = _summary(parts.entry)
    opening = "".join(line.text for line in parts.body.lines)
    cut = re.search(r"(?:…|\.{3}|\])\s*$", summary)
    repeated = re.sub(r"\W", "", summary)[:60] in re.sub(r"\W", "", opening)
    return summary if summary and not cut and not repeated and len(summary) <= STANDFIRST_CHARS else None


def _summary(entry: Entry) -> str:
    if not entry.content.strip() or not entry.summary.strip() or len(entry.summary) > 4000:
        return ""
    lines = read_body(RawHtml(entry.summary)).lines
    return lines[0].text if len(lines) == 1 and not is_promo(lines[0].text) else ""


def _lines(parts: _Parts) -> list[str]:
    """Return the prose without the standfirst; none where nothing follows the credits."""
    if parts.credits.after is None:
        return []
    lines = [line for line in parts.prose if line != parts.standfirst]
    if parts.body.plain and lines and not re.search(r"[.!?…][\"'”’)]*$", lines[-1]):
        lines[-1] += "…"
    return lines


def _rating(parts: _Parts, film: Film) -> Rating | None:
    """Return the rating: of the feed's fields, the title, a line that is nothing else, or the data; never of prose."""
    texts = [line.text for line in parts.body.lines if not (line.caption or line.data or is_promo(line.text))]
    said = field_rating(parts.entry.fields) or parts.title.rating or rating_of_lines(texts, film.title)
    return said or _opening_stars(texts) or parts.data.rating


def _opening_stars(texts: Sequence[str]) -> Rating | None:
    """Read stars drawn at the very end of a short last line, as some sign off: "… a quiet marvel. ★★★★"."""
    drawn = re.compile(r"(?:[★⭐]️?\s?)+½?[☆]*\s*$")
    match = drawn.search(texts[-1]) if texts else None
    return parse_rating(match[0]) if match else None


def _opening(parts: _Parts) -> str:
    lines = [line for line in parts.prose if line != parts.standfirst]
    text = " ".join(([parts.standfirst] if parts.standfirst else []) + lines[:3])
    return shorten(text, EXCERPT_CHARS) if text else ""

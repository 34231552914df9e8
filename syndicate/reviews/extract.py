"""Entry → Reading: what kind of post it is, and all that can be known of the review for certain.

    title ──► strand, film, year      (titles.py)         structured data ──► rating, film   (structured.py)
    body  ──► lines and pictures      (blocks.py)         lines ──► credits                  (credits.py)
    lines ──► standfirst, excerpt     (excerpt.py)        pictures ──► image, the film's good case

What is not certain stays unknown. Nothing here raises on any entry, however broken.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from syndicate.feeds.model import Entry, RawHtml
from syndicate.reviews.blocks import Body, fold, read_body
from syndicate.reviews.credits import HEAD_LINES, Credits, read_credits, reviewers_of
from syndicate.reviews.excerpt import (
    EXCERPT_CHARS,
    STANDFIRST_CHARS,
    is_promo,
    prose,
    read_excerpt,
    read_standfirst,
    shorten,
)
from syndicate.reviews.images import alts, best_image
from syndicate.reviews.model import Film, Kind, Rating, Reading, Review
from syndicate.reviews.ratings import parse_rating, rating_of_line, rating_of_lines
from syndicate.reviews.structured import field, field_film, structured_rating
from syndicate.reviews.titles import BLOG_RULES, TitleReading, TitleRules, film_of, read_title

_ALT_END = re.compile(r"\s+(?:(?:film|movie)\s+)?(?:review|poster|dvd|blu-?ray|vod|still|image|retrospective)$", re.I)
_REVIEWS_LABEL = re.compile(r"(?:(?:film|movie|cinema)\s+)?reviews?", re.I)
_FILM_YEAR = re.compile(r".*\S\s*\((?:18[89]|19\d|20\d)\d\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """What the parts of an entry say, each by itself."""

    entry: Entry
    title: TitleReading
    body: Body
    credits: Credits
    prose: tuple[str, ...]


def read_entry(entry: Entry, *, titles: TitleRules = BLOG_RULES, site_names: tuple[str, ...] = ()) -> Reading:
    """Return what we understood of an entry.

    `titles` are the feed's own rules, tried before the blog's grammar; `site_names` the names that its feed
    gives to the site, which are no critic's even where they stand as author.
    """
    parts = _take_apart(entry, titles, site_names)
    kind, why = _kind(parts)
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
    body = read_body(entry.content if entry.content.strip() else entry.summary)
    credits = read_credits(body.lines, plain=body.plain)
    title = _named_by_alt(read_title(fold(entry.title), rules, site_names=site_names), body, credits)
    return _Parts(entry=entry, title=title, body=body, credits=credits, prose=tuple(_prose(body, credits, title)))


def _kind(parts: _Parts) -> tuple[Kind, str]:
    title, entry = parts.title, parts.entry
    if (field(entry.fields, "filmTitle") or "").strip():
        return _kind_of_diary(parts)
    if title.kind is not None:
        return title.kind, title.why
    if not title.film:
        return Kind.OTHER, "it has no title, and no picture names a film"
    early = _early(parts.credits)
    if early.name_a_film:
        cast = "a cast" if early.cast else "a reviewer"
        return Kind.REVIEW, f"its credits name a director and {cast}"
    if _FILM_YEAR.fullmatch(entry.title.strip()) and any(map(_REVIEWS_LABEL.fullmatch, entry.labels)):
        return Kind.REVIEW, "a film and its year for a title, and a label for reviews"
    return Kind.OTHER, title.why


def _kind_of_diary(parts: _Parts) -> tuple[Kind, str]:
    """Tell a review of Letterboxd's from "Watched on Friday" alone."""
    if parts.prose:
        return Kind.REVIEW, "the feed names the film, and the entry says something of it"
    return Kind.OTHER, "a diary entry: the film was watched, and nothing is said of it"


def _early(credits: Credits) -> Credits:
    """Return the credits as evidence: only those near the top of a post count."""
    return credits if min(credits.lines, default=0) < HEAD_LINES else Credits()


def _review(parts: _Parts, site_names: tuple[str, ...]) -> Review:
    entry, title, credits = parts.entry, parts.title, parts.credits
    film = _film(parts)
    bylines = credits.reviewers or ((title.reviewer,) if title.reviewer else ())
    return Review(
        film=film,
        strand=title.strand,
        festival=title.festival,
        format=title.format,
        reviewers=reviewers_of(bylines, entry.labels, entry.authors, site_names),
        directors=credits.directors,
        cast=credits.cast,
        standfirst=_standfirst(parts),
        excerpt=_excerpt(parts),
        rating=_rating(parts, film),
    )


def _film(parts: _Parts) -> Film:
    named = field_film(parts.entry.fields)
    if named is not None:
        return named
    title, year = parts.title.film, parts.title.year or parts.credits.year
    for director in parts.credits.directors:
        title = title.removesuffix(f"({director})").rstrip() or title
    return Film(title=_good_case(title, parts.body), year=year)


def _good_case(title: str, body: Body) -> str:
    """Return the title as a picture's alt text writes it, where the site's own is in capitals and they are equal."""
    if not title.isupper():
        return title
    spelled = (_ALT_END.sub("", alt) for alt in alts(body.pictures))
    same = (name for name in spelled if name.casefold() == title.casefold())
    return next((name for name in same if not name.isupper() and not name.islower()), title)


def _named_by_alt(title: TitleReading, body: Body, credits: Credits) -> TitleReading:
    """Name the film of a post without a title by its first picture: "Red Tide review"."""
    if title.film or not credits.name_a_film:
        return title
    named = (film_of(_ALT_END.sub("", alt)) for alt in alts(body.pictures) if _ALT_END.search(alt))
    film = next(named, None)
    return replace(title, film=film.title, year=film.year) if film else title


def _prose(body: Body, credits: Credits, title: TitleReading) -> Iterable[str]:
    """Give the lines of prose below the credits, promotions and the title's own repetition left out."""
    if credits.after:
        yield credits.after
    others = [(number, line) for number, line in enumerate(body.lines) if number not in credits.lines]
    below = tuple(prose(line for number, line in others if number >= credits.prose_from))
    for text in below or tuple(prose(line for _, line in others)):
        if text.casefold() != title.film.casefold() and not (title.film and rating_of_line(text, title.film)):
            yield text


def _standfirst(parts: _Parts) -> str | None:
    """Return the standfirst in the body, else a summary that the site wrote beside the content (a subtitle)."""
    if found := read_standfirst(parts.body.blocks, parts.credits):
        return found
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


def _excerpt(parts: _Parts) -> str | None:
    standfirst = read_standfirst(parts.body.blocks, parts.credits)
    if parts.credits.after is None:
        return None
    lines = [line for line in parts.prose if line != standfirst]
    if parts.body.plain and lines and not re.search(r"[.!?…][\"'”’)]*$", lines[-1]):
        lines[-1] += "…"
    return read_excerpt(lines)


def _rating(parts: _Parts, film: Film) -> Rating | None:
    """Return the rating: of the data, of the title, or of a line that is nothing else; never out of prose."""
    entry, body = parts.entry, parts.body
    structured = structured_rating(entry.fields, body.linked_data, body.marked, film.title)
    texts = [line.text for line in body.lines if not line.caption and not is_promo(line.text)]
    return structured or parts.title.rating or rating_of_lines(texts, film.title) or _opening_stars(texts)


def _opening_stars(texts: Sequence[str]) -> Rating | None:
    """Read stars drawn at the very end of a short last line, as some sign off: "… a quiet marvel. ★★★★"."""
    drawn = re.compile(r"(?:[★⭐]️?\s?)+½?[☆]*\s*$")
    match = drawn.search(texts[-1]) if texts else None
    return parse_rating(match[0]) if match else None


def _opening(parts: _Parts) -> str:
    standfirst = read_standfirst(parts.body.blocks, parts.credits)
    lines = [line for line in parts.prose if line != standfirst]
    text = " ".join(([standfirst] if standfirst else []) + lines[:3])
    return shorten(text, EXCERPT_CHARS) if text else ""

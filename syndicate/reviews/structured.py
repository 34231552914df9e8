"""Review data that a post carries for machines: JSON-LD, microdata, hReview, and the feed's own fields.

It says what title and body leave open; where they speak, they win. Sources: schema.org/Review (a rating without
bestRating is of five), microformats.org/wiki/hreview, letterboxd.com feeds (memberRating, half stars of five).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from syndicate.reviews.films import film_of, names_film
from syndicate.reviews.model import Film, Kind, Rating
from syndicate.reviews.names import split_names
from syndicate.reviews.ratings import scaled, to_number

BEST = 5.0
KINDS = {
    "Movie": Kind.REVIEW,
    "TVSeries": Kind.TV_REVIEW,
    "TVSeason": Kind.TV_REVIEW,
    "TVEpisode": Kind.TV_REVIEW,
    "Book": Kind.BOOK_REVIEW,
}
"""The things of schema.org whose reviews are ours."""
_T = TypeVar("_T")
_BY = re.compile(r"(?:review(?:ed)?\s+)?by:?\s+", re.I)


@dataclass(frozen=True, slots=True, kw_only=True)
class StructuredReview:
    """What the data says of one review; empty where it says nothing."""

    film: Film | None = None
    kind: Kind | None = None
    """Of the thing reviewed; None where it is no film, series or book, or is not said."""
    reviewers: tuple[str, ...] = ()
    directors: tuple[str, ...] = ()
    cast: tuple[str, ...] = ()
    rating: Rating | None = None


def review_about(reviews: Iterable[StructuredReview], title: str, *, is_open: bool) -> StructuredReview:
    """Return what the reviews of a film agree on; one about a film of another name is passed over.

    `is_open`: the post's title does not say that it is a review, so that the only film reviewed in the data
    may be another than the title: it then names the film.
    """
    found = tuple(reviews)
    about = tuple(each for each in found if each.film is None or names_film(title, each.film.title))
    if is_open and not any(each.film for each in about) and len({each.film for each in found if each.film}) == 1:
        about = found
    return StructuredReview(
        film=_agreed(each.film for each in about),
        kind=_agreed(each.kind for each in about),
        reviewers=_agreed(each.reviewers for each in about) or (),
        directors=_agreed(each.directors for each in about) or (),
        cast=_agreed(each.cast for each in about) or (),
        rating=_agreed(each.rating for each in about),
    )


def _agreed(values: Iterable[_T | None]) -> _T | None:
    found = {value for value in values if value}
    return found.pop() if len(found) == 1 else None


def field(fields: Sequence[tuple[str, str]], name: str) -> str | None:
    """Return a feed's field by name ("filmTitle"), whatever prefix the parser left on it; None where absent."""
    wanted = name.lower()
    found = (value for key, value in fields if re.split(r"[:_]", key.lower())[-1] == wanted)
    return next((value.strip() for value in found if value.strip()), None)


def field_film(fields: Sequence[tuple[str, str]]) -> Film | None:
    """Return the film that the feed's own fields name, or None."""
    title, year = field(fields, "filmTitle"), field(fields, "filmYear") or ""
    if not title:
        return None
    return Film(title=title, year=int(year) if re.fullmatch(r"\d{4}", year, re.ASCII) else None)


def field_rating(fields: Sequence[tuple[str, str]]) -> Rating | None:
    """Return the rating in the feed's own fields, or None."""
    return _scaled(field(fields, "memberRating"), BEST)


def marked_review(marked: Sequence[tuple[str, str]]) -> StructuredReview:
    """Return the review that microdata or an hReview describes: paths and values as `marks.py` gives them."""
    names = _values(marked, "itemReviewed/name") or _values(marked, "itemReviewed")[:1]
    dates = [*_values(marked, "itemReviewed/datePublished"), *_values(marked, "itemReviewed/dateCreated")]
    film = film_of(names[0]) if names and names[0].strip() else None
    year = next((int(match[0]) for date in dates if (match := re.match(r"(?:18[89]|19\d|20\d)\d(?!\d)", date))), None)
    types = _values(marked, "itemReviewed/type")
    return StructuredReview(
        film=Film(title=film.title, year=year or film.year) if film else None,
        kind=KINDS.get(types[0]) if types else Kind.REVIEW if film and _marked_rating(marked) else None,
        reviewers=_people(marked, "author"),
        directors=_people(marked, "itemReviewed/director"),
        cast=_people(marked, "itemReviewed/actor") or _people(marked, "itemReviewed/actors"),
        rating=_marked_rating(marked),
    )


def _values(marked: Sequence[tuple[str, str]], path: str) -> list[str]:
    return [value for found, value in marked if found == path]


def _people(marked: Sequence[tuple[str, str]], path: str) -> tuple[str, ...]:
    values = _values(marked, f"{path}/name") or _values(marked, path)
    return tuple(dict.fromkeys(name for value in values for name in split_names(_BY.sub("", value))))


def _marked_rating(marked: Sequence[tuple[str, str]]) -> Rating | None:
    ours = [(path.rpartition("/")[2], value) for path, value in marked if "aggregateRating" not in path]
    best = next((to_number(value) for name, value in ours if name in ("bestRating", "best")), None)
    values = {value for name, value in ours if name in ("ratingValue", "value")}
    plain = {value for name, value in ours if name in ("reviewRating", "rating")}
    one = values or plain
    return _scaled(one.pop(), best or BEST) if len(one) == 1 else None


def _scaled(value: str | None, maximum: float) -> Rating | None:
    number = to_number(value) if value else None
    return None if number is None else scaled(number, maximum)

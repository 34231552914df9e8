"""What we understood of an entry, in the shape that `syndicate feeds read --json` prints."""

from __future__ import annotations

from datetime import UTC, datetime

from syndicate.feeds.model import Entry
from syndicate.reviews.model import Image, Rating, Reading, Review


def describe(entry: Entry, reading: Reading) -> dict[str, object]:
    """Return one entry of the report: null where something is unknown, an empty list where there is none.

    Times are UTC, in whole seconds: "2026-11-06T09:30:00Z". A rating is {"value", "max"} or {"letter"}.
    """
    return {
        "id": entry.id,
        "title": entry.title,
        "link": entry.link,
        "published": _time(entry.published),
        "updated": _time(entry.updated),
        "labels": list(entry.labels),
        "image": _image(reading.image),
        "kind": reading.kind.value,
        "why": reading.why,
        "review": _review(reading.review),
    }


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _image(image: Image | None) -> dict[str, object] | None:
    return None if image is None else {"url": image.url, "alt": image.alt or None}


def _review(review: Review | None) -> dict[str, object] | None:
    if review is None:
        return None
    festival = review.festival
    return {
        "film": {"title": review.film.title, "year": review.film.year},
        "strand": review.strand,
        "festival": {"name": festival.name, "year": festival.year} if festival else None,
        "format": review.format,
        "reviewers": list(review.reviewers),
        "directors": list(review.directors),
        "cast": list(review.cast),
        "standfirst": review.standfirst,
        "excerpt": review.excerpt,
        "rating": _rating(review.rating),
    }


def _rating(rating: Rating | None) -> dict[str, object] | None:
    if rating is None:
        return None
    if rating.letter is not None:
        return {"letter": rating.letter}
    return {"value": rating.value, "max": rating.maximum}

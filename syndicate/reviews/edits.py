"""The editor's edits, laid over what was understood; they win over every later poll."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from syndicate.errors import ConfigError
from syndicate.reviews.model import Film, Image, Review
from syndicate.reviews.ratings import parse_rating

_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters but newline and tab, bidi overrides, halves of a character."""
FIELDS = ("film", "year", "rating", "excerpt", "alt", "cw")


def check_edits(edits: Mapping[str, str]) -> None:
    """Raise ConfigError where a value cannot be used: no year, a rating without a scale, a control character."""
    for name, value in edits.items():
        if found := _UNPRINTABLE.search(value if name == "excerpt" else value.replace("\n", "\v")):
            raise ConfigError(f"--{name} holds the character U+{ord(found[0]):04X}, which no reader can be shown")
    year, rating = edits.get("year"), edits.get("rating")
    if year and not (re.fullmatch(r"[0-9]{4}", year) and 1870 <= int(year) <= 2200):
        raise ConfigError(f'"{year}" is no year', hint="--year 1974")
    if rating and rating != "none" and parse_rating(rating) is None:
        raise ConfigError(
            f'"{rating}" is no rating with a scale',
            hint='--rating "3.5/5", "★★★½", "8 out of 10", "B+" or "none"',
        )
    if edits.get("film") is not None and not edits["film"].strip():
        raise ConfigError("a film needs a title", hint='--film "The Long Pier"')


def apply_edits(review: Review, image: Image | None, edits: Mapping[str, str]) -> tuple[Review, Image | None]:
    """Return the review and its picture with the edits laid over them; an empty year or "none" removes."""
    year = edits.get("year")
    film = Film(
        title=edits.get("film") or review.film.title,
        year=review.film.year if year is None else (int(year) if year else None),
    )
    rating = edits.get("rating")
    edited = replace(
        review,
        film=film,
        rating=review.rating if rating is None else parse_rating(rating),
        excerpt=edits.get("excerpt", review.excerpt),
        opening=() if "excerpt" in edits else review.opening,
    )
    return edited, replace(image, alt=edits["alt"]) if image and "alt" in edits else image

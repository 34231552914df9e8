"""A Reading as JSON and back: how the store keeps what was understood."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import cast

from syndicate.reviews.model import Festival, Film, Image, Kind, Rating, Reading, Review

_Json = Mapping[str, object]


def to_json(reading: Reading) -> str:
    """Return the reading as one line of JSON (ASCII), which `from_json` reads back as an equal value."""
    return json.dumps(asdict(reading), separators=(",", ":"))


def from_json(text: str) -> Reading:
    """Return the reading that `to_json` wrote. Raises ValueError for any other text."""
    try:
        data = cast(_Json, json.loads(text))
        return _reading(data)
    except (KeyError, TypeError, AttributeError, RecursionError) as fault:
        raise ValueError(f"this is no reading as syndicate keeps it: {fault!r}") from fault


def _reading(data: _Json) -> Reading:
    image, review = data["image"], data["review"]
    return Reading(
        kind=Kind(cast(str, data["kind"])),
        why=cast(str, data["why"]),
        image=None if image is None else Image(**cast(dict[str, str], image)),
        review=None if review is None else _review(cast(_Json, review)),
        text=cast(str, data["text"]),
    )


def _review(data: _Json) -> Review:
    film = cast(_Json, data["film"])
    festival, rating = cast(_Json | None, data["festival"]), cast(_Json | None, data["rating"])
    return Review(
        film=Film(title=cast(str, film["title"]), year=cast(int | None, film["year"])),
        strand=cast(str | None, data["strand"]),
        festival=None
        if festival is None
        else Festival(name=cast(str, festival["name"]), year=cast(int, festival["year"])),
        format=cast(str | None, data["format"]),
        reviewers=_names(data["reviewers"]),
        directors=_names(data["directors"]),
        cast=_names(data["cast"]),
        standfirst=cast(str | None, data["standfirst"]),
        excerpt=cast(str | None, data["excerpt"]),
        opening=_names(data.get("opening", ())),
        rating=None if rating is None else _rating(rating),
    )


def _rating(data: _Json) -> Rating:
    return Rating(
        value=cast(float | None, data["value"]),
        maximum=cast(float | None, data["maximum"]),
        letter=cast(str | None, data["letter"]),
    )


def _names(value: object) -> tuple[str, ...]:
    return tuple(cast(Sequence[str], value))

"""The reviews in a post's JSON-LD (schema.org/Review): arrays, `@graph`, people by `@id`, strings and numbers alike."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping

from syndicate.reviews.films import film_of
from syndicate.reviews.model import Film, Kind, Rating
from syndicate.reviews.names import split_names
from syndicate.reviews.ratings import scaled, to_number
from syndicate.reviews.structured import BEST, KINDS, StructuredReview

_WRAPPING = re.compile(r"/\*\s*<!\[CDATA\[\s*\*/|/\*\s*\]\]>\s*\*/|^\s*<!\[CDATA\[|\]\]>\s*$|^\s*<!--|-->\s*$")
_MAX_NODES = 5000
_MAX_PEOPLE = 50
_MAX_CHARS = 200
_Node = Mapping[str, object]
_Known = Mapping[str, _Node]


def linked_reviews(scripts: Iterable[str]) -> tuple[StructuredReview, ...]:
    """Return every review that the scripts describe, a review inside its film's description among them."""
    nodes = [node for script in scripts for node in _nodes(_load(script))]
    known: dict[str, _Node] = {}
    for node in nodes:
        name = node.get("@id")
        if isinstance(name, str) and len(node) > len(known.get(name, ())):
            known[name] = node
    return tuple(review for node in nodes for review in _reviews(node, known))


def _reviews(node: _Node, known: _Known) -> Iterator[StructuredReview]:
    if any(kind.endswith("Review") for kind in _types(node)) or "reviewRating" in node:
        item = _resolved(node.get("itemReviewed"), known)
        yield _review(node, {"name": item} if isinstance(item, str) else item, known)
    if _kind(node):
        for each in _each(node.get("review")):
            review = _resolved(each, known)
            if isinstance(review, dict):
                yield _review(review, node, known)


def _review(node: _Node, item: object, known: _Known) -> StructuredReview:
    film = item if isinstance(item, dict) else {}
    return StructuredReview(
        film=_film(film),
        kind=_kind(film),
        reviewers=_names(node.get("author"), known),
        directors=_names(film.get("director") or film.get("directors"), known),
        cast=_names(film.get("actor") or film.get("actors"), known),
        rating=_rating(_resolved(next(iter(_each(node.get("reviewRating"))), None), known)),
    )


def _load(script: str) -> object:
    try:
        return json.loads(_WRAPPING.sub("", script))
    except (ValueError, RecursionError):
        return None


def _nodes(data: object) -> Iterator[_Node]:
    """Give every object in the data, outermost first; a loop over a stack, so depth costs nothing."""
    stack = [data]
    for _ in range(_MAX_NODES):
        if not stack:
            return
        item = stack.pop()
        if isinstance(item, dict):
            yield item
            stack.extend(item.values())
        elif isinstance(item, list):
            stack.extend(item)


def _each(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _resolved(value: object, known: _Known) -> object:
    """Return the object that a bare `@id` points to, and anything else as it is."""
    if isinstance(value, list):
        value = value[0] if value else None
    name = value.get("@id") if isinstance(value, dict) else None
    return known.get(name, value) if isinstance(name, str) else value


def _types(node: _Node) -> list[str]:
    """Return the types without the vocabulary that some write before them: "https://schema.org/Movie"."""
    kinds = (kind for kind in _each(node.get("@type")) if isinstance(kind, str))
    return [re.split(r"[/:#]", kind)[-1] for kind in kinds]


def _kind(node: _Node) -> Kind | None:
    return next((KINDS[kind] for kind in _types(node) if kind in KINDS), None)


def _film(node: _Node) -> Film | None:
    name = _text(node.get("name"))
    if not name:
        return None
    film = film_of(name)
    dates = (_text(node.get(key)) for key in ("datePublished", "dateCreated"))
    years = (match for date in dates if (match := re.search(r"\b(?:18[89]|19\d|20\d)\d\b", date)))
    first = next(years, None)
    return Film(title=film.title, year=int(first[0]) if first else film.year)


def _names(value: object, known: _Known) -> tuple[str, ...]:
    names: list[str] = []
    for each in _each(value)[:_MAX_PEOPLE]:
        person = _resolved(each, known)
        if isinstance(person, dict):
            names += filter(None, [_text(person.get("name"))])
        elif isinstance(person, str):
            names += split_names(_text(person))
    return tuple(dict.fromkeys(names))


def _rating(node: object) -> Rating | None:
    if not isinstance(node, dict):
        number = to_number(_text(node))
        return None if number is None else scaled(number, BEST)
    best = to_number(_text(node.get("bestRating")).removesuffix(".0"))
    number = to_number(_text(node.get("ratingValue")))
    return None if number is None else scaled(number, best or BEST)


def _text(value: object) -> str:
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        return ""
    return " ".join(html.unescape(str(value)[:_MAX_CHARS]).split())

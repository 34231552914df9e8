"""Review data that a post carries for machines: JSON-LD, microdata, hReview, and the feed's own fields.

Sources: schema.org/Review (a rating without bestRating is of five), microformats.org/wiki/hreview,
letterboxd.com feeds (memberRating, half stars of five).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from syndicate.reviews.model import Film, Rating
from syndicate.reviews.ratings import scaled, to_number

_WRAPPING = re.compile(r"/\*\s*<!\[CDATA\[\s*\*/|/\*\s*\]\]>\s*\*/|^\s*<!\[CDATA\[|\]\]>\s*$")
_MAX_NODES = 5000
_BEST = 5.0


def structured_rating(
    fields: Sequence[tuple[str, str]],
    linked_data: Iterable[str],
    marked: Sequence[tuple[str, str]],
    film: str | None = None,
) -> Rating | None:
    """Return the rating that the data gives, the feed's own fields first; None where there is none, or several.

    JSON-LD about a film of another name is passed over.
    """
    member = field(fields, "memberRating")
    return _scaled(member, _BEST) or _from_linked_data(linked_data, film) or _from_marks(marked)


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


def _from_linked_data(scripts: Iterable[str], film: str | None) -> Rating | None:
    found = {
        rating
        for script in scripts
        for node in _nodes(_load(script))
        if "reviewRating" in node and _is_about(node, film) and (rating := _from_node(node["reviewRating"]))
    }
    return found.pop() if len(found) == 1 else None


def _load(script: str) -> object:
    try:
        return json.loads(_WRAPPING.sub("", script))
    except (ValueError, RecursionError):
        return None


def _nodes(data: object) -> Iterator[Mapping[str, object]]:
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


def _is_about(node: Mapping[str, object], film: str | None) -> bool:
    item = node.get("itemReviewed")
    name = item.get("name") if isinstance(item, dict) else None
    return film is None or not isinstance(name, str) or name.casefold() == film.casefold()


def _from_node(rating: object) -> Rating | None:
    if isinstance(rating, list) and rating:
        rating = rating[0]
    if not isinstance(rating, dict):
        return _scaled(str(rating), _BEST)
    best = to_number(str(rating.get("bestRating", _BEST)).removesuffix(".0"))
    return _scaled(str(rating.get("ratingValue", "")), best or _BEST)


def _from_marks(marked: Sequence[tuple[str, str]]) -> Rating | None:
    best = next((to_number(value) for name, value in marked if name in ("bestRating", "best")), None)
    values = {value for name, value in marked if name in ("ratingValue", "value")}
    plain = {value for name, value in marked if name in ("reviewRating", "rating")}
    one = values or plain
    return _scaled(one.pop(), best or _BEST) if len(one) == 1 else None


def _scaled(value: str | None, maximum: float) -> Rating | None:
    number = to_number(value) if value else None
    return None if number is None else scaled(number, maximum)

"""Values that a post's markup names: microdata (schema.org) and hReview, each with the names that it stands in.

"itemReviewed/director/name" → "Ann Roe". What a mark holds is data, so a line that is nothing else is no prose.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from lxml import etree

MAX_MARKS = 200
MAX_CHARS = 200

_NAMES = {
    name: name
    for name in (
        "itemReviewed", "name", "director", "actor", "actors", "author", "datePublished", "dateCreated",
        "reviewRating", "ratingValue", "bestRating", "aggregateRating", "publisher",
    )
}  # fmt: skip
_CLASSES = {
    "item": "itemReviewed",
    "fn": "name",
    "reviewer": "author",
    "rating": "rating",
    "value": "value",
    "best": "best",
}
_ALONE = frozenset({"itemReviewed", "reviewRating", "rating", "author", "publisher", "aggregateRating"})


def mark_of(element: etree._Element, *, in_hreview: bool) -> str | None:
    """Return the name that this element's markup gives to what it holds, or None."""
    named = (_NAMES.get(name) for name in (element.get("itemprop") or "").split())
    classed = (_CLASSES.get(name) for name in (element.get("class") or "").split()) if in_hreview else iter(())
    return next((name for name in (*named, *classed) if name), None)


def is_data(mark: str | None) -> bool:
    """Return whether what carries this mark is data about the review and no part of its prose."""
    return mark in _ALONE


def is_hreview(element: etree._Element) -> bool:
    """Return whether this element is an hReview (microformats.org/wiki/hreview)."""
    return "hreview" in (element.get("class") or "").split()


def marked_values(root: etree._Element) -> Iterator[tuple[str, str]]:
    """Give each marked value with its path, outermost first, at most MAX_MARKS of them."""
    open_marks: list[tuple[etree._Element, str]] = []
    found = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        if event == "end":
            if open_marks and open_marks[-1][0] is element:
                open_marks.pop()
            continue
        mark = "" if is_hreview(element) else mark_of(element, in_hreview=any(not name for _, name in open_marks))
        if mark is None:
            continue
        open_marks.append((element, mark))
        if mark and (value := _value(element)):
            yield "/".join(name for _, name in open_marks if name), value
            found += 1
        if mark == "itemReviewed" and (kind := element.get("itemtype")):
            yield "itemReviewed/type", kind.rpartition("/")[2][:MAX_CHARS]
        if found >= MAX_MARKS:
            return


def _value(element: etree._Element) -> str:
    pieces = (str(piece)[:MAX_CHARS] for piece in islice(element.itertext(), 20))
    text = element.get("content") or element.get("title") or "".join(pieces)
    return " ".join(text.split())[:MAX_CHARS]

"""Entries for the tests of this stage, by hand: the feed stage is not asked."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

from syndicate.feeds.model import Entry, RawHtml

DATA = Path(__file__).parents[1] / "data" / "posts"
LINK = "https://lantern.example/2026/11/red-tide-review.html"


def entry(
    title: str = "New Release Review - RED TIDE",
    content: str = "",
    *,
    summary: str = "",
    labels: tuple[str, ...] = (),
    authors: tuple[str, ...] = (),
    thumbnail: str | None = None,
    base: str | None = LINK,
    fields: tuple[tuple[str, str], ...] = (),
) -> Entry:
    """Return an entry with this title and body."""
    return Entry(
        guid="tag:lantern.example,2026:1",
        link=LINK,
        title=title,
        content=RawHtml(content),
        summary=RawHtml(summary),
        published=datetime(2026, 11, 6, 9, 30, tzinfo=UTC),
        updated=None,
        labels=labels,
        authors=authors,
        thumbnail=thumbnail,
        base=base,
        fields=fields,
    )


def rows(name: str, table: int, *, columns: int) -> list[ParameterSet]:
    """Return a table of a file in tests/data/posts: tables stand apart by an empty line, cells by `::`.

    The first line of a table says what it is; the first cell of a row names it; cells left out at the end are empty.
    """
    lines = (DATA / name).read_text(encoding="utf-8").strip("\n").split("\n\n")[table].splitlines()[1:]
    cells = [[cell.strip() for cell in line.split(" :: ")] for line in lines]
    return [pytest.param(*(row + [""] * columns)[1 : columns + 1], id=row[0]) for row in cells]

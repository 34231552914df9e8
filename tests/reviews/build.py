"""Entries for the tests of this stage, by hand: the feed stage is not asked."""

from __future__ import annotations

from datetime import UTC, datetime

from syndicate.feeds.model import Entry, RawHtml

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

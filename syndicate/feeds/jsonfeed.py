"""JSON Feed 1.0 and 1.1 → `Feed`, which feedparser does not read (https://www.jsonfeed.org/version/1.1/)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from syndicate.errors import FeedError
from syndicate.feeds.dates import parse_date
from syndicate.feeds.entries import (
    MAX_CONTENT_CHARS,
    MAX_GUID_CHARS,
    MAX_TITLE_CHARS,
    clean_labels,
    clean_names,
    web_address,
)
from syndicate.feeds.model import Entry, Feed, RawHtml
from syndicate.feeds.text import as_html, fold, plain, tidy

Item = Mapping[str, Any]


def parse_json_feed(text: str, *, url: str) -> Feed:
    """Return the feed; FeedError where it is broken or truncated JSON, or JSON that is no feed."""
    try:
        document = json.loads(text.lstrip("\ufeff"))
    except (ValueError, RecursionError) as fault:
        hint = "try again later; check the feed with a validator"
        raise FeedError("the JSON feed is truncated or broken", where=url, hint=hint) from fault
    if not isinstance(document, dict) or not isinstance(document.get("items"), list):
        hint = "give the address of an RSS, Atom or JSON feed"
        raise FeedError("this is JSON, but no feed (it has no items)", where=url, hint=hint)
    return _feed(document, url)


def _feed(document: Item, url: str) -> Feed:
    link = web_address(_text(document, "home_page_url"), url)
    base = web_address(url, "") or link or ""
    language = _text(document, "language")
    return Feed(
        url=url,
        title=plain(_text(document, "title"), markup=False)[:MAX_TITLE_CHARS],
        link=link,
        hub=next((web_address(_text(hub, "url"), base) for hub in _dicts(document, "hubs")), None),
        next=web_address(_text(document, "next_url"), base),
        language=fold(language)[:40] or None,
        entries=tuple(_entry(item, base) for item in _dicts(document, "items")),
    )


def _entry(item: Item, base: str) -> Entry:
    link = web_address(_text(item, "url"), base) or web_address(_text(item, "external_url"), base)
    content = tidy(_text(item, "content_html")) or as_html(tidy(_text(item, "content_text")))
    summary = as_html(tidy(_text(item, "summary")))
    return Entry(
        guid=fold(_text(item, "id"))[:MAX_GUID_CHARS] or None,
        link=link,
        title=plain(_text(item, "title"), markup=False)[:MAX_TITLE_CHARS],
        content=RawHtml((content or summary)[:MAX_CONTENT_CHARS]),
        summary=RawHtml(summary[:MAX_CONTENT_CHARS] if content else ""),
        published=parse_date(_text(item, "date_published")),
        updated=parse_date(_text(item, "date_modified")),
        labels=clean_labels(tag for tag in _list(item, "tags") if isinstance(tag, str)),
        authors=clean_names(_text(author, "name") for author in _authors(item)),
        thumbnail=_thumbnail(item, base),
        base=link or base or None,
    )


def _text(item: Item, key: str) -> str:
    """Return a string member; numbers are allowed where version 1.0 feeds use them, as ids."""
    value = item.get(key)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else ""


def _list(item: Item, key: str) -> list[Any]:
    value = item.get(key)
    return value if isinstance(value, list) else []


def _dicts(item: Item, key: str) -> list[Item]:
    return [each for each in _list(item, key) if isinstance(each, dict)]


def _authors(item: Item) -> list[Item]:
    single = item.get("author")
    return _dicts(item, "authors") or ([single] if isinstance(single, dict) else [])


def _thumbnail(item: Item, base: str) -> str | None:
    attached = [
        _text(each, "url") for each in _dicts(item, "attachments") if _text(each, "mime_type").startswith("image/")
    ]
    pictures = [_text(item, "image"), _text(item, "banner_image"), *attached]
    return next((found for picture in pictures if (found := web_address(picture, base))), None)

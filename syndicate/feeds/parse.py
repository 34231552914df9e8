"""Bytes → `Feed`: RSS 0.9x to 2.0, RDF, Atom 0.3 and 1.0 by feedparser, JSON Feed by a module of ours. Pure.

    bytes ─ decode ─► text ─ check_document ─► safe XML ─ feedparser ─► entries ─ extract_entry ─► Feed

feedparser is run with its sanitiser and its link resolver off: they are most of its time and would run on
every entry at every poll. `reviews/` cleans what is new.
"""

from __future__ import annotations

import io
import re
from dataclasses import replace
from typing import Any

import feedparser

from syndicate.errors import FeedError
from syndicate.feeds.document import check_document
from syndicate.feeds.entries import MAX_TITLE_CHARS, extract_entry, web_address
from syndicate.feeds.identity import Shared, entry_keys, shared_identities
from syndicate.feeds.jsonfeed import parse_json_feed
from syndicate.feeds.model import Entry, Feed
from syndicate.feeds.sax import prepare_feedparser
from syndicate.feeds.text import decode, fold, plain

prepare_feedparser()


def parse_feed(body: bytes, *, url: str, content_type: str | None) -> Feed:
    """Return what the document says, in its own order.

    `url` is where it was read from, after redirects: relative addresses are resolved against it.
    `content_type` is the header as sent; only its charset is looked at, since servers call feeds anything.
    Raises FeedError, and nothing else, where the document is empty, no feed, truncated, dangerous, or the
    feed of the site's comments. What could be read past is told in `warnings`.
    """
    text, misread = decode(body, content_type)
    if not text.strip("\ufeff \t\r\n\0"):
        raise FeedError("the answer is empty", where=url, hint="open the address in a browser; try again later")
    is_json = text.lstrip("\ufeff \t\r\n").startswith("{")
    feed = parse_json_feed(text, url=url) if is_json else _parse_xml(text, url)
    return _without_repeats(feed, (misread,) if misread else ())


def _parse_xml(text: str, url: str) -> Feed:
    document = check_document(text, url)
    parsed = _run_feedparser(document.text, url)
    version = str(dict.get(parsed, "version") or "")
    if not version:
        raise FeedError("this is no feed", where=url, hint="give the address of an RSS, Atom or JSON feed")
    _refuse_comments(parsed["entries"], url)
    return _feed(parsed, url=url, atom=version.startswith("atom"), warnings=document.warnings)


def _run_feedparser(text: str, url: str) -> Any:
    """Return feedparser's result: the one place where it is called."""
    try:
        return feedparser.parse(
            io.BytesIO(text.encode("utf-8", "replace")),
            sanitize_html=False,
            resolve_relative_uris=False,
            response_headers={"content-type": "application/xml; charset=utf-8"},
        )
    except Exception as fault:
        # A stranger's bytes in a parser that is not ours: whatever it trips over is the feed's fault.
        raise FeedError(
            f"the feed cannot be read ({type(fault).__name__})",
            where=url,
            hint="check it with a feed validator",
        ) from fault


def _feed(parsed: Any, *, url: str, atom: bool, warnings: tuple[str, ...]) -> Feed:
    head: dict[str, Any] = parsed["feed"]
    link = web_address(str(dict.get(head, "link") or ""), url)
    # RSS knows no base; its relative links mean the site, which a feed's host (FeedBurner) need not be.
    here = web_address(url, "") or link or ""
    base = here if atom else link or here
    return Feed(
        url=url,
        title=plain(str(dict.get(head, "title") or "")[: 4 * MAX_TITLE_CHARS])[:MAX_TITLE_CHARS],
        link=link,
        hub=_link_of(head, "hub", here),
        next=_link_of(head, "next", here),
        language=fold(str(dict.get(head, "language") or ""))[:40] or None,
        entries=tuple(extract_entry(each, base=base, atom=atom) for each in parsed["entries"]),
        warnings=warnings,
    )


def _link_of(head: dict[str, Any], rel: str, base: str) -> str | None:
    links: list[dict[str, Any]] = dict.get(head, "links") or []
    return next((web_address(str(each.get("href") or ""), base) for each in links if each.get("rel") == rel), None)


def _refuse_comments(entries: list[dict[str, Any]], url: str) -> None:
    """Raise FeedError where every entry is a comment (RFC 4685, or by its link): a blog's wrong feed."""
    if entries and all(_is_comment(entry) for entry in entries):
        posts = re.sub(r"/feeds/(?:\d+/)?comments/(?:default|full|summary)", "/feeds/posts/default", url)
        posts = re.sub(r"/comments/feed/?", "/feed/", posts) if posts == url else posts
        hint = f"use {posts}" if posts != url else "give the address of the feed of posts"
        raise FeedError("this is the feed of the site's comments, not of its posts", where=url, hint=hint)


def _is_comment(entry: dict[str, Any]) -> bool:
    link = str(dict.get(entry, "link") or "")
    return "thr_in-reply-to" in entry or re.search(r"#comment-\d+$", link) is not None


def _without_repeats(feed: Feed, warnings: tuple[str, ...]) -> Feed:
    """Return the feed with each post once, and with warnings for all that was odd about its entries."""
    shared = shared_identities(feed.entries)
    kept: list[Entry] = []
    seen: set[str] = set()
    for entry in feed.entries:
        keys = entry_keys(entry, shared)
        if keys and seen.isdisjoint(keys):
            kept.append(entry)
        seen.update(keys)
    warnings += feed.warnings + _oddities(feed.entries, len(kept), shared)
    return replace(feed, entries=tuple(kept), warnings=warnings)


def _oddities(entries: tuple[Entry, ...], kept: int, shared: Shared) -> tuple[str, ...]:
    nameless = sum(not entry_keys(entry, shared) for entry in entries)
    undated = sum(entry.published is None for entry in entries)
    repeated = len(entries) - kept - nameless
    return tuple(
        text
        for count, text in (
            (len(shared.guids), f"several posts have one guid, so only their links count: {_some(shared.guids)}"),
            (len(shared.links), f"several posts have one link, so only their guids count: {_some(shared.links)}"),
            (undated, f"{undated} of {len(entries)} entries have no date of publication that can be read"),
            (nameless, f"{nameless} entries have neither guid nor link nor title, and were left out"),
            (repeated, f"{repeated} entries stand in the feed twice, and were read once"),
        )
        if count
    )


def _some(names: frozenset[str]) -> str:
    return ", ".join(name[:80] for name in sorted(names)[:3])

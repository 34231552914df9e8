"""What a feed said, as values. Nothing here has been judged: not what is new, not what is a review.

The HTML in an `Entry` is hostile until `reviews/` has cleaned it, and has a type of its own to say so.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NewType

RawHtml = NewType("RawHtml", str)
"""HTML as the feed carried it: never given to a template, a letter or a browser before it was sanitised."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of a feed, as the feed said it."""

    guid: str | None
    """Atom id or RSS guid, raw; None where the feed gives none (the link then identifies it)."""
    link: str | None
    """Absolute http(s) address of the post; FeedBurner's original link where there is one."""
    title: str
    """Plain text, entities resolved, white space folded; may be empty."""
    content: RawHtml
    """The fullest body that the feed gives: content, else description, else summary."""
    summary: RawHtml
    """The short body where the feed gives one beside the content, else empty."""
    published: datetime | None
    """UTC; None where absent or unreadable."""
    updated: datetime | None
    labels: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    """Names only, never an address."""
    thumbnail: str | None = None
    """media:thumbnail, media:content or an image enclosure; absolute http(s)."""
    base: str | None = None
    """What relative addresses in the content are relative to (xml:base, else the link, else the feed)."""
    fields: tuple[tuple[str, str], ...] = ()
    """Review data that the feed itself carries, by name: letterboxd's filmTitle, filmYear, memberRating."""

    @property
    def id(self) -> str:
        """Return what names this entry to a person: its guid, else its link, else its title."""
        return self.guid or self.link or self.title


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """One document of a feed: its head and its entries, in the feed's order."""

    url: str
    """Where it was read from, after redirects; relative addresses were resolved against it."""
    title: str
    link: str | None
    hub: str | None
    """WebSub hub."""
    next: str | None
    """The next page (rel=next, RFC 5005), absolute, or None."""
    language: str | None
    entries: tuple[Entry, ...]
    warnings: tuple[str, ...] = ()
    """What was wrong but could be read past: a bare ampersand, an undated entry, a repeated guid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Validators:
    """What a conditional request sends back (RFC 9110 §13), and the hash of the last body read in full."""

    etag: str | None = None
    last_modified: str | None = None
    body_hash: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotModified:
    """The server answered 304, or sent the very bytes that it sent last time."""

    validators: Validators


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A body that is new to us, unpacked, within the size limit, and complete as far as HTTP can tell."""

    url: str
    """The final address, after redirects."""
    body: bytes
    content_type: str | None
    """The Content-Type header as sent, charset included; None for a file."""
    validators: Validators
    moved_to: str | None = None
    """Where a permanent redirect (301, 308) says that the feed now lives, or None."""


FetchResult = NotModified | Fetched

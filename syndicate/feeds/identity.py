"""Is this a post that we know? Pure functions over entries; the rules are those of docs/concepts.md.

A post is known by its guid, or else by its canonical link: a changed guid, http become https, or a tracking
parameter makes no new post. What is known is a set, never a date to be later than.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from syndicate.feeds.model import Entry

HASH_VERSION = 1
MAX_PAGES = 10

_TRACKING = re.compile(r"(?:utm_[^=]*|mc_[^=]*|fbclid|gclid)(?:=.*)?|(?:m|amp)=1", re.I)
_AMP_PATH = re.compile(r"(?<=[^/])(?:/amp)+(/?)$")


def canonical_link(url: str) -> str:
    """Return what all addresses of a page share: "http://Host.example:80/A/?m=1#more" → "//host.example/A/".

    Scheme, user, default port, fragment, tracking parameters (utm_*, mc_*, fbclid, gclid), `m=1`, `amp=1`
    and a closing /amp are dropped; the host is lower case and keeps its "www."; path and other parameters
    stay as they are. Anything but http(s) keeps all but its blanks. Applying it twice changes nothing.
    """
    url = "".join(url.split())
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return url
    if parts.scheme not in ("http", "https", "") or not host:
        return url
    shown_host = f"[{host}]" if ":" in host else host
    shown_port = f":{port}" if port not in (None, 80, 443) else ""
    query = "&".join(each for each in parts.query.split("&") if each and not _TRACKING.fullmatch(each))
    path = _AMP_PATH.sub(r"\1", parts.path) or "/"
    return f"//{shown_host}{shown_port}{path}{'?' if query else ''}{query}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What several different posts of one document carry, and therefore identifies none of them."""

    guids: frozenset[str] = frozenset()
    links: frozenset[str] = frozenset()
    """Canonical."""


NOTHING_SHARED = Shared()


def shared_identities(entries: Iterable[Entry]) -> Shared:
    """Return the guids that stand on posts with different links, and the links on posts with different guids.

    The first come of a broken generator, the second of a site that links every entry to its front page.
    """
    links_of: dict[str, set[str]] = defaultdict(set)
    guids_of: dict[str, set[str]] = defaultdict(set)
    for entry in entries:
        if entry.guid and entry.link:
            link = canonical_link(entry.link)
            links_of[entry.guid].add(link)
            guids_of[link].add(entry.guid)
    guids = frozenset(guid for guid, links in links_of.items() if len(links) > 1)
    links = frozenset(link for link, ids in guids_of.items() if len(ids - guids) > 1)
    return Shared(guids=guids, links=links)


def entry_keys(entry: Entry, shared: Shared = NOTHING_SHARED) -> tuple[str, ...]:
    """Return the identities of an entry, the strongest first: "guid:…", then "link:…" (canonical).

    Two entries of a feed are the same post if they have any key in common. An entry without guid and link
    is known by its title and date ("text:…"); one without those too has no key. `shared` is of the document
    that it stands in.
    """
    keys = []
    if entry.guid and entry.guid not in shared.guids:
        keys.append(f"guid:{entry.guid}")
    if entry.link and not (keys and _names_no_post(entry.link, shared)):
        keys.append(f"link:{canonical_link(entry.link)}")
    if not keys and entry.title:
        when = entry.published.isoformat() if entry.published else ""
        keys.append(f"text:{entry.title}|{when}")
    return tuple(keys)


def _names_no_post(link: str, shared: Shared) -> bool:
    """Return whether a link is a site's front page, or shared by several posts."""
    canonical = canonical_link(link)
    return canonical in shared.links or re.fullmatch(r"//[^/?]*/?", canonical) is not None


def content_hash(entry: Entry) -> str:
    """Return what changes exactly when the post was edited: "1:" and 32 hexadecimal digits.

    An edit is another title, content, link, date of publication, set of labels, or review data of the feed.
    `updated` alone is no edit (some sites touch it at every reading), nor is http become https. Empty
    fields are left out, so that a field added to `Entry` later changes no hash of entries without it.
    """
    values = {
        "title": entry.title,
        "content": entry.content,
        "link": canonical_link(entry.link) if entry.link else "",
        "labels": "\0".join(sorted(entry.labels)),
        "published": entry.published.isoformat() if entry.published else "",
        "fields": "\0".join(f"{name}={value}" for name, value in entry.fields),
    }
    digest = hashlib.sha256()
    for name, value in values.items():
        if value:
            digest.update(f"{name}\0{len(value)}\0{value}".encode("utf-8", "surrogatepass"))
    return f"{HASH_VERSION}:{digest.hexdigest()[:32]}"


def breaks_novelty(unknown: Sequence[Entry], *, known_in_document: int, newest_known: datetime | None) -> bool:
    """Return whether a document's unknown entries look like old posts under new names: announce none of them.

    A site that moves, or changes the guids *and* links of its archive, shows many entries that we do not
    know and that are no newer than what we know. The rule: at least 3 such entries, and at least a third of
    the document's (`len(unknown) + known_in_document`; several pages read at once count as one document).

    `newest_known` is the newest date of publication that we know of this feed, or when the newest was first
    seen where the feed gives no dates; None where nothing is known yet, and then there is no novelty to
    break. An entry without a date counts as old only where the document shares nothing with what we know.
    """
    if newest_known is None:
        return False
    undated_are_old = known_in_document == 0
    old = sum(undated_are_old if entry.published is None else entry.published <= newest_known for entry in unknown)
    return old >= 3 and 3 * old >= len(unknown) + known_in_document


def wants_next_page(
    next_page: str | None, *, anything_known: bool, known_on_page: int, new_on_page: int, pages_read: int
) -> bool:
    """Return whether to read on at rel=next after `pages_read` pages, because a gap may still be open.

    Only where something is known of the feed (a first run takes one page), no entry of this page is known
    (else the gap is closed), the page brought something that earlier pages had not, and at most MAX_PAGES
    pages are read. The next page may live on another host: Blogger's is on www.blogger.com.
    """
    gap_is_open = anything_known and known_on_page == 0 and new_on_page > 0
    return next_page is not None and gap_is_open and pages_read < MAX_PAGES

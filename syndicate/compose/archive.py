"""The public archive of issues: which pages it has, under which addresses, and its feed. Readers are in none of it.

The same archive is served (web/readers/archive.py) and written as files (pipeline/archive.py): a `Place` tells the
addresses of either. archive_letter.py makes a frozen letter into a page.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from urllib.parse import quote, urlsplit
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

from syndicate.compose.model import IssueState

PUBLIC = (IssueState.SENDING, IssueState.SENT)
"""The states in which an issue is for everybody: one that was skipped, cancelled or only frozen reached nobody."""
INDEX, FEED = "index.html", "feed.xml"
FEED_ENTRIES = 50
ATOM = "http://www.w3.org/2005/Atom"
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 §2.2 has no place for, escaped or not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedIssue:
    """An issue as the index and the feed tell of it."""

    id: int
    """Its row's number."""
    digest: str
    number: int
    date: datetime
    """The hour that it was for; aware."""
    frozen: datetime
    """Nothing of it changed afterwards; aware."""
    subject: str
    preheader: str
    film: str | None
    """The film that it leads with; None where its review is gone."""

    @property
    def key(self) -> str:
        """Return what names it within the archive: "weekly/12"."""
        return f"{quote(self.digest, safe='')}/{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an archive stands: served by us, or files in a folder of some server."""

    url: str
    """Absolute, without a slash at its end."""
    is_static: bool = False
    """Files, with links between them that hold wherever the folder is."""
    has_folders: bool = False
    """The files stand at that very address, where a page is a folder; else we serve the pages there."""
    site_name: str
    site_url: str
    subscribe: str | None
    """The public page where anybody joins; None where there is none."""

    @property
    def index(self) -> str:
        """Return the absolute address of the index."""
        return f"{self.url}/" if self.has_folders else self.url

    @property
    def feed(self) -> str:
        """Return the absolute address of the feed."""
        return f"{self.url}/{FEED}"

    def page(self, issue: ArchivedIssue) -> str:
        """Return the absolute address of an issue's page."""
        return f"{self.url}/{issue.key}/" if self.has_folders else f"{self.url}/{issue.key}"

    def link(self, target: str, *, above: str = "") -> str:
        """Return a link to an issue's key, INDEX or FEED, from a page that has `above` ("../../") over it.

        Files are linked with their names, so that the folder can be read from the disk before it is anywhere.
        """
        if self.is_static:
            return f"{above}{target}" if target in (INDEX, FEED) else f"{above}{target}/{INDEX}"
        path = urlsplit(self.url).path
        return path if target == INDEX else f"{path}/{target}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """The issues of the same digest before and after one."""

    previous: ArchivedIssue | None
    next: ArchivedIssue | None


def neighbours(issue: ArchivedIssue, issues: Sequence[ArchivedIssue]) -> Neighbours:
    """Return what stands beside an issue among these."""
    own = sorted((each for each in issues if each.digest == issue.digest), key=lambda each: each.number)
    before = [each for each in own if each.number < issue.number]
    after = [each for each in own if each.number > issue.number]
    return Neighbours(previous=before[-1] if before else None, next=after[0] if after else None)


def by_year(issues: Sequence[ArchivedIssue], timezone: str) -> tuple[tuple[int, tuple[ArchivedIssue, ...]], ...]:
    """Return the issues under their years in the site's zone, newest first."""
    zone = ZoneInfo(timezone)
    ordered = newest_first(issues)
    return tuple((year, tuple(own)) for year, own in groupby(ordered, key=lambda each: each.date.astimezone(zone).year))


def newest_first(issues: Sequence[ArchivedIssue]) -> tuple[ArchivedIssue, ...]:
    """Return the issues by their date, the newest first."""
    return tuple(sorted(issues, key=lambda each: (each.date, each.id), reverse=True))


def changed(issues: Sequence[ArchivedIssue]) -> datetime:
    """Return when the archive last had a new issue; where it has none, the beginning of time."""
    return max((each.frozen for each in issues), default=datetime.fromtimestamp(0, UTC))


def index_values(
    issues: Sequence[ArchivedIssue], place: Place, names: Mapping[str, str], zone: str
) -> dict[str, object]:
    """Return what the template of the index knows. `names` are the digests', by their keys."""
    return {
        "years": by_year(issues, zone),
        "links": {each.id: place.link(each.key) for each in issues},
        "names": {each.digest: names.get(each.digest, each.digest) for each in issues},
        "canonical": place.index,
        "feed": place.link(FEED),
        "subscribe": place.subscribe,
    }


def bar_values(issue: ArchivedIssue, place: Place, beside: Neighbours) -> dict[str, object]:
    """Return what the template of the bar above an issue knows."""

    def link(target: str) -> str:
        return place.link(target, above="../../")

    return {
        "number": issue.number,
        "date": issue.date,
        "previous": link(beside.previous.key) if beside.previous else None,
        "next": link(beside.next.key) if beside.next else None,
        "index": link(INDEX),
        "subscribe": place.subscribe,
    }


def entry_id(issue: ArchivedIssue, site_url: str) -> str:
    """Return what names an issue for ever (RFC 4151), wherever the archive stands or moves to."""
    host = (urlsplit(site_url).hostname or "localhost").encode("idna").decode()
    return f"tag:{host},{issue.date.astimezone(UTC):%Y-%m-%d}:issue/{issue.key}"


def atom_feed(issues: Sequence[ArchivedIssue], place: Place, *, language: str) -> bytes:
    """Return the feed of the newest issues (RFC 4287): a title, a sentence and a link for each.

    A letter is not its entry's content: it is a whole document, laid out in tables for mail, of which feed readers
    drop the head with its rules for phones and the dark; and the reviews themselves are in the site's own feed.
    """
    feed = ElementTree.Element("feed", {"xmlns": ATOM, "xml:lang": language})
    _text(feed, "id", place.index)
    _text(feed, "title", place.site_name)
    _text(feed, "updated", _rfc3339(changed(issues)))
    _link(feed, "self", place.feed, "application/atom+xml")
    _link(feed, "alternate", place.index, "text/html")
    author = ElementTree.SubElement(feed, "author")
    _text(author, "name", place.site_name)
    _text(author, "uri", place.site_url)
    for issue in newest_first(issues)[:FEED_ENTRIES]:
        _entry(feed, issue, place)
    ElementTree.indent(feed)
    text = ElementTree.tostring(feed, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'.encode()


def _entry(feed: ElementTree.Element, issue: ArchivedIssue, place: Place) -> None:
    entry = ElementTree.SubElement(feed, "entry")
    _text(entry, "id", entry_id(issue, place.site_url))
    _text(entry, "title", issue.subject)
    _text(entry, "updated", _rfc3339(issue.frozen))
    _text(entry, "published", _rfc3339(issue.frozen))
    _link(entry, "alternate", place.page(issue), "text/html")
    if issue.preheader:
        _text(entry, "summary", issue.preheader)


def _text(parent: ElementTree.Element, name: str, text: str) -> None:
    ElementTree.SubElement(parent, name).text = _NO_XML.sub("", text)


def _link(parent: ElementTree.Element, rel: str, href: str, kind: str) -> None:
    ElementTree.SubElement(parent, "link", {"rel": rel, "type": kind, "href": href})


def _rfc3339(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"

"""Which pages the archive has, under which addresses; and its feed, which reads back as it was meant."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import feedparser
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from syndicate.compose.archive import FEED, INDEX, ArchivedIssue, Place, atom_feed, by_year, entry_id, neighbours
from syndicate.compose.cards import clean

FRIDAY = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
SERVED = Place(
    url="https://news.lantern.example/archive",
    site_name="The Lantern & Co <1>",
    site_url="https://lantern.example",
    subscribe=None,
)
FILES = replace(SERVED, url="https://lantern.example/letters", is_static=True, has_folders=True)
NS = {"a": "http://www.w3.org/2005/Atom"}


def issue(
    number: int, subject: str = "Salt Road", *, digest: str = "weekly", date: datetime | None = None
) -> ArchivedIssue:
    """Return an issue of a digest, a week after the one before."""
    when = date or FRIDAY + timedelta(weeks=number)
    return ArchivedIssue(
        id=number, digest=digest, number=number, date=when, frozen=when, subject=subject, preheader="A & B", film=None
    )


def test_neighbours_are_of_the_same_digest_and_skip_the_gaps() -> None:
    issues = (issue(1), issue(4), issue(2, digest="berlin"), issue(7))
    beside = neighbours(issue(4), issues)
    assert (beside.previous, beside.next) == (issue(1), issue(7))
    assert neighbours(issue(1), issues).previous is None
    assert neighbours(issue(7), issues).next is None


def test_years_are_the_sites_and_the_newest_comes_first() -> None:
    new_year = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
    issues = (issue(1), issue(2, date=new_year))
    assert [(year, [each.number for each in own]) for year, own in by_year(issues, "Europe/Berlin")] == [
        (2027, [2]),
        (2026, [1]),
    ]
    assert [year for year, _ in by_year(issues, "Europe/Dublin")] == [2026]


@pytest.mark.parametrize(
    ("place", "page", "link", "index"),
    [
        pytest.param(
            SERVED, "https://news.lantern.example/archive/weekly/3", "/archive/weekly/3", "/archive", id="served"
        ),
        pytest.param(
            FILES,
            "https://lantern.example/letters/weekly/3/",
            "../../weekly/3/index.html",
            "../../index.html",
            id="files",
        ),
        pytest.param(
            replace(SERVED, is_static=True),
            "https://news.lantern.example/archive/weekly/3",
            "../../weekly/3/index.html",
            "../../index.html",
            id="a copy of what is served",
        ),
    ],
)
def test_a_page_has_one_address_and_links_that_hold_where_it_stands(
    place: Place, page: str, link: str, index: str
) -> None:
    assert place.page(issue(3)) == page
    assert place.link(issue(3).key, above="../../") == link
    assert place.link(INDEX, above="../../") == index
    assert place.feed.endswith(f"/{FEED}")


def test_an_issue_keeps_its_name_wherever_the_archive_moves() -> None:
    feeds = [etree.fromstring(atom_feed([issue(3)], place, language="en")) for place in (SERVED, FILES)]
    names = {feed.findtext("a:entry/a:id", namespaces=NS) for feed in feeds}
    assert names == {"tag:lantern.example,2026-12-11:issue/weekly/3"}
    assert entry_id(issue(3, "Another subject"), "https://lantern.example/") in names


def test_the_feed_says_what_rfc_4287_asks_for() -> None:
    feed = etree.fromstring(atom_feed([issue(1), issue(2)], SERVED, language="de"))
    links = {each.get("rel"): each.get("href") for each in feed.findall("a:link", NS)}
    assert links == {"self": f"{SERVED.url}/feed.xml", "alternate": SERVED.url}
    assert feed.findtext("a:updated", namespaces=NS) == "2026-12-04T09:00:00Z"
    assert feed.findtext("a:author/a:name", namespaces=NS) == "The Lantern & Co <1>"
    assert feed.get("{http://www.w3.org/XML/1998/namespace}lang") == "de"
    for entry in feed.findall("a:entry", NS):
        assert {etree.QName(each).localname for each in entry} >= {"id", "title", "updated", "link", "summary"}


def test_an_archive_without_an_issue_has_a_feed_all_the_same() -> None:
    parsed = feedparser.parse(atom_feed([], SERVED, language="en"))
    assert not parsed.bozo
    assert parsed.entries == []


def mended(text: str) -> str:
    """Return what feedparser makes of a text that looks like UTF-8 read as Latin-1: what it thinks was meant."""
    try:
        return text.encode("iso-8859-1").decode("utf-8")
    except UnicodeError:
        return text


@given(st.lists(st.text(min_size=1, max_size=60).map(clean).filter(bool), max_size=4))
def test_every_subject_comes_back_from_the_feed_as_it_was(subjects: list[str]) -> None:
    issues = [issue(len(subjects) - at, subject) for at, subject in enumerate(subjects)]
    feed = atom_feed(issues, SERVED, language="en")
    expected = [each.replace("\ufffe", "").replace("\uffff", "") for each in subjects]
    read = etree.fromstring(feed).findall("a:entry/a:title", NS)
    assert [each.text or "" for each in read] == expected
    parsed = feedparser.parse(feed)
    assert not parsed.bozo
    assert [each.title for each in parsed.entries] == [mended(each).strip() for each in expected]


@given(st.text(max_size=40))
def test_no_text_makes_the_feed_another_thing_than_xml(text: str) -> None:
    feed = atom_feed([replace(issue(1, text), preheader=text)], SERVED, language="en")
    assert len(etree.fromstring(feed).findall("a:entry", NS)) == 1

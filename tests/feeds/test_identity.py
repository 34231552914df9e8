"""Which posts are the same, which are new, and when a feed looks like another one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from syndicate.feeds.identity import (
    MAX_PAGES,
    breaks_novelty,
    canonical_link,
    content_hash,
    entry_keys,
    shared_identities,
    wants_next_page,
)
from syndicate.feeds.model import Entry, RawHtml

MARCH = datetime(2026, 3, 1, 9, tzinfo=UTC)


def entry(**changes: object) -> Entry:
    plain = Entry(
        guid="tag:x.example,2026:1",
        link="https://x.example/2026/03/a.html",
        title="A",
        content=RawHtml("<p>a</p>"),
        summary=RawHtml(""),
        published=MARCH,
        updated=None,
        labels=("horror", "Cinema"),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "variant",
    [
        pytest.param("http://x.example/2026/Post.html", id="http"),
        pytest.param("HTTPS://X.Example/2026/Post.html", id="capitals in the host"),
        pytest.param("https://x.example:443/2026/Post.html", id="default port"),
        pytest.param("http://x.example:80/2026/Post.html#more", id="fragment"),
        pytest.param("https://x.example/2026/Post.html?m=1", id="mobile"),
        pytest.param("https://x.example/2026/Post.html?utm_source=rss&utm_medium=rss", id="utm"),
        pytest.param("https://x.example/2026/Post.html?fbclid=1&gclid=2&mc_cid=3", id="click ids"),
        pytest.param("https://x.example/2026/Post.html?amp=1", id="amp=1"),
        pytest.param("https://x.example/2026/Post.html/amp", id="/amp"),
        pytest.param("  https://x.example/2026/Post.html? ", id="blanks and an empty query"),
        pytest.param("https://ann@x.example/2026/Post.html", id="user"),
    ],
)
def test_addresses_of_one_page_have_one_canonical_link(variant: str) -> None:
    assert canonical_link(variant) == "//x.example/2026/Post.html"


@pytest.mark.parametrize(
    "other",
    [
        pytest.param("https://www.x.example/2026/Post.html", id="www is kept"),
        pytest.param("https://x.example/2026/post.html", id="the case of the path is kept"),
        pytest.param("https://x.example:8080/2026/Post.html", id="another port"),
        pytest.param("https://x.example/2026/Post.html?p=2", id="a parameter that means something"),
        pytest.param("https://x.example/2026/Post.html?m=2", id="m that is not 1"),
        pytest.param("https://x.example/2026/Post.html/lamp", id="a word that ends in amp"),
    ],
)
def test_addresses_of_other_pages_have_another(other: str) -> None:
    assert canonical_link(other) != "//x.example/2026/Post.html"


def test_an_amp_address_with_a_slash_is_the_page_with_a_slash() -> None:
    assert canonical_link("https://x.example/post/amp/") == canonical_link("https://x.example/post/")
    assert canonical_link("https://x.example/amp/") == "//x.example/amp/"


@given(
    st.text(max_size=50)
    | st.builds("http://{}/{}?{}".format, st.text(max_size=12), st.text(max_size=20), st.text(max_size=20))
    | st.from_regex(r"https?://[a-z.:\[\]0-9@]{1,12}(/amp){0,3}/?(\?[&=a-z_1]{0,20})?", fullmatch=True)
)
@example("HTTP://0/ ?")
@example("http://0/x/amp ?m=1 &utm_source=1")
def test_a_canonical_link_is_its_own_canonical_link(url: str) -> None:
    once = canonical_link(url)
    assert canonical_link(once) == once


def test_a_post_is_known_by_its_guid_or_by_its_link() -> None:
    known = set(entry_keys(entry()))
    assert known & set(entry_keys(entry(link="https://moved.example/new.html")))
    assert known & set(entry_keys(entry(guid="https://x.example/?p=1", link="http://x.example/2026/03/a.html?m=1")))
    assert not known & set(entry_keys(entry(guid="tag:x.example,2026:2", link="https://x.example/2026/03/b.html")))


def test_an_entry_without_guid_and_link_is_known_by_title_and_date() -> None:
    bare = entry(guid=None, link=None)
    assert entry_keys(bare) == ("text:A|2026-03-01T09:00:00+00:00",)
    assert entry_keys(bare) != entry_keys(replace(bare, published=MARCH + timedelta(days=1)))
    assert entry_keys(entry(guid=None, link=None, title="")) == ()


def test_a_guid_on_several_posts_identifies_none_of_them() -> None:
    broken = [entry(guid="0", link=f"https://x.example/{name}") for name in "abc"]
    shared = shared_identities(broken)
    assert shared.guids == {"0"}
    assert [entry_keys(each, shared) for each in broken] == [(f"link://x.example/{name}",) for name in "abc"]


def test_a_link_on_several_posts_identifies_none_of_them() -> None:
    stills = [entry(guid=f"g-{name}", link="https://x.example/gallery") for name in "abc"]
    shared = shared_identities(stills)
    assert [entry_keys(each, shared) for each in stills] == [("guid:g-a",), ("guid:g-b",), ("guid:g-c",)]


def test_the_front_page_of_a_site_identifies_no_post() -> None:
    assert entry_keys(entry(guid="g-1", link="https://x.example/")) == ("guid:g-1",)
    assert entry_keys(entry(guid=None, link="https://x.example")) == ("link://x.example/",)


def test_http_and_https_on_one_guid_are_no_broken_generator() -> None:
    twins = [entry(), entry(link="http://x.example/2026/03/a.html#x")]
    assert not shared_identities(twins).guids


@pytest.mark.parametrize(
    "edited",
    [
        pytest.param(entry(title="B"), id="title"),
        pytest.param(entry(content=RawHtml("<p>b</p>")), id="content"),
        pytest.param(entry(link="https://x.example/2026/03/b.html"), id="link"),
        pytest.param(entry(labels=("Cinema",)), id="labels"),
        pytest.param(entry(published=MARCH + timedelta(minutes=1)), id="date of publication"),
        pytest.param(entry(fields=(("memberRating", "4.0"),)), id="rating in the feed"),
    ],
)
def test_an_edit_changes_the_hash(edited: Entry) -> None:
    assert content_hash(edited) != content_hash(entry())


@pytest.mark.parametrize(
    "same",
    [
        pytest.param(entry(updated=MARCH), id="updated alone"),
        pytest.param(entry(link="http://x.example/2026/03/a.html?utm_source=rss"), id="address of the same page"),
        pytest.param(entry(labels=("Cinema", "horror")), id="order of labels"),
        pytest.param(entry(thumbnail="https://x.example/s72-c/a.jpg"), id="thumbnail"),
        pytest.param(entry(guid="other"), id="guid"),
    ],
)
def test_what_is_no_edit_keeps_the_hash(same: Entry) -> None:
    assert content_hash(same) == content_hash(entry())


def test_a_hash_names_its_version_and_stays_as_it_was_written_in_databases() -> None:
    assert content_hash(entry()) == "1:d529cf103eb1dd04f6f05487b9de318e"


def test_words_moved_from_title_to_content_change_the_hash() -> None:
    assert content_hash(entry(title="ab", content=RawHtml("c"))) != content_hash(
        entry(title="a", content=RawHtml("bc"))
    )


def dated(*days: int | None) -> list[Entry]:
    return [
        entry(guid=f"g{n}", published=None if day is None else MARCH + timedelta(days=day))
        for n, day in enumerate(days)
    ]


@pytest.mark.parametrize(
    ("unknown", "known_in_document", "newest_known", "broken"),
    [
        pytest.param(dated(1, 2, 3, 4), 21, MARCH, False, id="new posts"),
        pytest.param(dated(*range(1, 26)), 0, MARCH, False, id="a long gap: all new, all newer"),
        pytest.param(dated(*range(-25, 0)), 0, MARCH, True, id="the whole archive under new names"),
        pytest.param(dated(0, 0, 0), 0, MARCH, True, id="as old as the newest known counts as old"),
        pytest.param(dated(-1, -2), 0, MARCH, False, id="two are not many"),
        pytest.param(dated(-1, -2, -3), 6, MARCH, True, id="three, a third of nine"),
        pytest.param(dated(-1, -2, -3), 7, MARCH, False, id="three, less than a third of ten"),
        pytest.param(dated(-1, -2, -3, 1, 2, 3), 0, MARCH, True, id="old ones among new ones"),
        pytest.param(dated(*range(-25, 0)), 0, None, False, id="a first run"),
        pytest.param(dated(*[None] * 10), 0, MARCH, True, id="undated, and nothing of it known"),
        pytest.param(dated(*[None] * 10), 1, MARCH, False, id="undated beside one known"),
        pytest.param([], 25, MARCH, False, id="nothing unknown"),
    ],
)
def test_many_old_posts_at_once_stop_the_feed(
    unknown: list[Entry], known_in_document: int, newest_known: datetime | None, broken: bool
) -> None:
    assert breaks_novelty(unknown, known_in_document=known_in_document, newest_known=newest_known) is broken


@pytest.mark.parametrize(
    ("next_page", "anything_known", "known_on_page", "new_on_page", "pages_read", "wanted"),
    [
        pytest.param("https://www.blogger.com/p2", True, 0, 25, 1, True, id="the gap is open"),
        pytest.param("https://www.blogger.com/p2", True, 1, 24, 1, False, id="a known entry closes it"),
        pytest.param("https://www.blogger.com/p2", False, 0, 25, 1, False, id="a first run"),
        pytest.param("https://www.blogger.com/p2", True, 0, 0, 2, False, id="a page that repeats the last"),
        pytest.param("https://www.blogger.com/p2", True, 0, 25, MAX_PAGES, False, id="enough pages"),
        pytest.param(None, True, 0, 25, 1, False, id="no next page"),
    ],
)
def test_pages_are_followed_until_something_is_known(
    next_page: str | None, anything_known: bool, known_on_page: int, new_on_page: int, pages_read: int, wanted: bool
) -> None:
    assert wanted is wants_next_page(
        next_page,
        anything_known=anything_known,
        known_on_page=known_on_page,
        new_on_page=new_on_page,
        pages_read=pages_read,
    )

"""The archive, served: what left is for everybody, what did not is not there, and nothing of a reader is in it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import feedparser
import httpx
import pytest
from lxml import html
from sqlalchemy import update

from syndicate.audience.tokens import Purpose, web_token
from syndicate.compose.letter import RESERVED
from syndicate.compose.model import IssueState
from syndicate.store.archive import ArchiveStore
from syndicate.store.tables import issues
from syndicate.web.readers.app import readers_app
from tests.pipeline.studio import DAY, HOUR, WEEK, Post, Studio, archive, studio

OWN = "https://news.lantern.example"
CHANGES = (
    ("backfill: 0", "backfill: 9"),
    ("notify:", f'web: {{public_url: "{OWN}", archive: true}}\nnotify:'),
)
PATHS = ["/archive", "/archive/weekly/1", "/archive/weekly/2", "/archive/feed.xml"]


def sent_twice(site: Studio) -> None:
    """Let two issues go out, a week apart, and a third week have none."""
    site.begin(*archive(3))
    site.readers("ada", "bo")
    site.live(3 * DAY, 3 * HOUR)
    site.feed(Post(name="the-long-pier", published=site.clock.now()), *archive(3))
    site.live(2 * WEEK, 3 * HOUR)


@pytest.fixture(scope="module")
def lantern(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """Return an installation that has sent two issues; who changes it changes it back."""
    with studio(tmp_path_factory.mktemp("lantern"), *CHANGES) as site:
        sent_twice(site)
        yield site


def get(site: Studio, path: str, method: str = "GET", **headers: str) -> httpx.Response:
    """Return the answer to a look."""

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app=readers_app(site.app))
        async with httpx.AsyncClient(transport=transport, base_url=OWN) as client:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            return await client.request(method, path, headers=named)

    return asyncio.run(ask())


def test_every_issue_that_left_is_in_the_list_and_no_other(lantern: Studio) -> None:
    assert [each.state for each in lantern.issues()] == [IssueState.SENT, IssueState.SENT, IssueState.SKIPPED]
    page: Any = html.document_fromstring(get(lantern, "/archive").text)
    assert page.xpath("//ol//a/@href") == ["/archive/weekly/2", "/archive/weekly/1"]
    assert page.xpath("//ol//a/text()") == [each.email.subject for each in reversed(lantern.issues()) if each.email]
    assert page.xpath("//h2/text()") == ["2026"]
    assert "Friday, 27 November 2026" in page.text_content()
    assert [each.film for each in ArchiveStore(lantern.app.database).issues(())] == ["THE LONG PIER", "FILM 0"]


def test_an_issue_that_reached_nobody_is_nowhere(lantern: Studio) -> None:
    for state in (*(each for each in IssueState if each not in (IssueState.SENT, IssueState.SENDING)), IssueState.SENT):
        with lantern.app.database.write() as connection:
            connection.execute(update(issues).where(issues.c.id == 2).values(state=state))
        is_there = state is IssueState.SENT
        assert get(lantern, "/archive/weekly/2").status_code == (200 if is_there else 404)
        for path in ("/archive", "/archive/feed.xml", "/archive/weekly/1"):
            assert ("/archive/weekly/2" in get(lantern, path).text) is is_there


def test_no_page_has_a_token_a_mark_a_reader_or_an_example_in_it(lantern: Studio) -> None:
    sent = "".join(str(mail) + mail.get_body(("html",)).get_content() for mail in lantern.mails())  # type: ignore[union-attr]
    tokens = set(re.findall(r"/leave/([\w.+-]+)", sent.replace("=\n", "")))
    assert len(tokens) >= 2
    for name in ("ada", "bo"):
        found = lantern.app.audience.find(f"{name}@reader.example")
        for lists in ((), ("readers",)):
            tokens.add(
                web_token(
                    lantern.app.keyring,
                    Purpose.READER,
                    subscriber=found.id,
                    address=found.address,
                    lists=lists,
                    issued=None,
                )
            )
    for path in PATHS:
        text = get(lantern, path).text
        for word in (
            *tokens,
            RESERVED,
            "{token}",
            "%7Btoken",
            "example.invalid",
            "reader.example",
            "/leave/",
            "mailto:leave",
        ):
            assert word.lower() not in text.lower(), word


def test_an_issue_is_its_letter_under_a_bar(lantern: Studio) -> None:
    page: Any = html.document_fromstring(get(lantern, "/archive/weekly/2").text)
    assert page.xpath("//nav//a/@href") == ["/archive/weekly/1", "/archive"]
    assert page.xpath("//link[@rel='canonical']/@href") == [f"{OWN}/archive/weekly/2"]
    assert page.get("lang") == "en"
    assert set(page.xpath("//a[text()='Subscribe']/@href")) == {f"{OWN}/subscribe"}
    letter = lantern.issues()[1].email
    assert letter
    assert page.xpath("//title/text()") == [f"{letter.subject} · The Lantern"]
    assert page.xpath("//meta[@name='description']/@content") == [letter.preheader]
    was: Any = html.document_fromstring(letter.html)
    assert page.xpath("//style/text()")[:2] == was.xpath("//style/text()")[:2]
    assert page.xpath("//h1/@style") == was.xpath("//h1/@style")
    assert page.xpath("//h2//a/@href") == was.xpath("//h2//a/@href")


def test_the_feed_leads_to_pages_that_are_there(lantern: Studio) -> None:
    answer = get(lantern, "/archive/feed.xml")
    assert answer.headers["content-type"] == "application/atom+xml; charset=utf-8"
    feed = feedparser.parse(answer.content)
    assert not feed.bozo
    assert [get(lantern, each.link.removeprefix(OWN)).status_code for each in feed.entries] == [200, 200]


@pytest.mark.parametrize("path", PATHS)
def test_who_has_it_is_told_so(lantern: Studio, path: str) -> None:
    first = get(lantern, path)
    assert first.status_code == 200
    assert first.headers["last-modified"] == "Fri, 27 Nov 2026 09:00:00 GMT"
    tag = first.headers["etag"]
    for known in (tag, f'"other", W/{tag}', "*"):
        again = get(lantern, path, if_none_match=known)
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert get(lantern, path, if_none_match='"other"').content == first.content
    assert get(lantern, path, "HEAD").headers["etag"] == tag


@pytest.mark.parametrize(
    "path",
    [
        "weekly/3",
        "weekly/0",
        "weekly/02",
        "weekly/-1",
        "weekly/x",
        f"weekly/{'9' * 40}",
        "nobody/1",
        "weekly",
        "weekly/1/",
    ],
)
def test_what_is_not_there_has_the_page_that_says_so(lantern: Studio, path: str) -> None:
    answer = get(lantern, f"/archive/{path}")
    assert answer.status_code == 404
    assert "There is no such page" in answer.text


@pytest.mark.parametrize("path", PATHS)
def test_the_archive_may_be_found_and_runs_no_script(lantern: Studio, path: str) -> None:
    headers = get(lantern, path).headers
    assert headers["x-robots-tag"] == "all"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "script-src" not in headers["content-security-policy"]
    assert 'name="robots"' not in get(lantern, path).text


def test_the_archive_is_in_the_sites_language_and_zone(tmp_path: Path) -> None:
    with studio(tmp_path, *CHANGES, ("Europe/Dublin", "Europe/Berlin, language: de")) as site:
        sent_twice(site)
        assert "Alle Ausgaben" in get(site, "/archive").text
        page = get(site, "/archive/weekly/1").text
        assert "Freitag, 20. November 2026" in page
        assert "Abonnieren" in page


def test_a_broken_bar_of_the_editors_costs_nobody_the_issue(tmp_path: Path) -> None:
    own = tmp_path / "mine/web/readers"
    own.mkdir(parents=True)
    (own / "archive_bar.html").write_text("{% if %}")
    with studio(tmp_path, *CHANGES, ("lists:\n", "templates: mine\nlists:\n")) as site:
        sent_twice(site)
        assert 'class="archive-bar"' in get(site, "/archive/weekly/1").text
        assert any("archive_bar" in each.text for each in site.app.incidents.open_ones())


def test_an_archive_without_an_issue_says_so(tmp_path: Path) -> None:
    with studio(tmp_path, *CHANGES) as site:
        assert "No issue has gone out yet" in get(site, "/archive").text
        assert get(site, "/archive/feed.xml").status_code == 200

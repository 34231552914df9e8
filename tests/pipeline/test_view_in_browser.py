"""The link of a letter to its page in the archive: for all who have the letter, and never on that page itself."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path

import httpx
import pytest

from syndicate.pipeline.draft import draft
from syndicate.web.readers.app import readers_app
from tests.pipeline.studio import DAY, HOUR, Studio, archive, studio

OWN = "https://news.lantern.example"
SERVED = ("notify:", f'web: {{public_url: "{OWN}", archive: true}}\nnotify:')
POSTING = ("friends: {name: Friends of the house}", "friends: {address: films@lists.example}")
BACKFILL = ("backfill: 0", "backfill: 9")
WORDS = "View in browser"


def get(site: Studio, url: str) -> httpx.Response:
    """Return what the readers' app answers."""

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app=readers_app(site.app))
        async with httpx.AsyncClient(transport=transport, base_url=OWN) as client:
            return await client.get(url)

    return asyncio.run(ask())


def sent(site: Studio) -> dict[str, tuple[str, str]]:
    """Return the HTML and the text of each letter in the outbox, by recipient."""
    found = {}
    for path in (site.folder / "out" / "mail" / "new").iterdir():
        told = message_from_bytes(path.read_bytes(), policy=policy.default)
        bodies = (told.get_body((kind,)) for kind in ("html", "plain"))
        html, text = (str(body.get_content()).replace("\r\n", "\n") if body else "" for body in bodies)
        found[str(told["To"])] = (html, text)
    return found


@pytest.fixture(scope="module")
def lantern(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """Return an installation whose first issue has left, to a reader and to a list server."""
    with studio(tmp_path_factory.mktemp("lantern"), SERVED, POSTING, BACKFILL) as site:
        site.begin(*archive(3))
        site.readers("ada")
        site.live(3 * DAY, 3 * HOUR)
        yield site


def test_readers_and_list_servers_get_the_address_at_which_the_archive_has_the_issue(lantern: Studio) -> None:
    letters = sent(lantern)
    assert len(letters) == 2
    for html, text in letters.values():
        assert html.count(WORDS) == 1
        assert f'href="{OWN}/archive/weekly/1"' in html
        assert f"{WORDS}:\n{OWN}/archive/weekly/1\n" in text
    assert get(lantern, f"{OWN}/archive/weekly/1").status_code == 200


def test_the_page_has_no_link_to_itself_and_no_reader(lantern: Studio) -> None:
    page = get(lantern, f"{OWN}/archive/weekly/1").text
    assert WORDS not in page
    assert f'<a href="{OWN}/archive/weekly/1"' not in page
    assert "/leave/" not in page


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(("notify:", f'web: {{public_url: "{OWN}"}}\nnotify:'), id="no archive"),
        pytest.param(("notify:", "web: {archive: true}\nnotify:"), id="no public address"),
    ],
)
def test_without_an_archive_that_is_served_there_is_no_such_link(tmp_path: Path, change: tuple[str, str]) -> None:
    with studio(tmp_path, change, BACKFILL) as site:
        site.begin(*archive(3))
        made = draft(site.app, "weekly")
        assert made.masthead.browser_url is None
        assert WORDS not in made.email.html + made.email.text

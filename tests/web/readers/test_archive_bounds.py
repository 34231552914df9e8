"""What is never in the archive, served or as files, on both databases: a reader, and an issue that was not for all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import feedparser
import pytest
from lxml import etree, html

from syndicate.audience.model import NewSubscriber
from syndicate.compose.letter import RESERVED
from syndicate.compose.model import IssueState
from syndicate.config.privacy import private_digests
from syndicate.pipeline import draft
from syndicate.store.archive import ArchiveStore
from syndicate.web.readers.archive_files import build
from tests.pipeline.studio import DAY, HOUR, MINUTE, Post, Studio, archive, studio
from tests.web.readers.test_archive import CHANGES, OWN, get, sent_twice

SQLITE = "sqlite:///syndicate.db"
PEOPLE = {
    "ada.lovelace+films@reader.example": "Ada Lovelace",
    "bodil@reader.example": "Bodil Ødegård",
    "o'hara@x.example": "Ó Hara",
}


def texts(site: Studio) -> dict[str, str]:
    """Return every page that is served, and every file that is built, as text."""
    store = ArchiveStore(site.app.database)
    keys = [each.key for each in store.issues(private_digests(site.app.config))]
    served = ["/archive", "/archive/feed.xml", *(f"/archive/{key}" for key in keys)]
    folder = site.folder / "built"
    build(site.app, folder, None)
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path: get(site, path).text for path in served} | {str(path): path.read_text("utf-8") for path in files}


def personal(mail: EmailMessage) -> Iterator[str]:
    """Yield what of a letter is its reader's alone: the address, the token, the Message-ID."""
    yield str(mail["To"].addresses[0].addr_spec)
    yield str(mail["Message-ID"]).strip("<>")
    ways = str(mail["List-Unsubscribe"]).replace("%2B", "+")
    found = re.search(rf"{OWN}/leave/([^<>]+)", ways)
    assert found, ways
    yield from (found[1], found[1].replace("+", "%2B"), found[1].rpartition("+")[2])


@pytest.mark.parametrize("end", ["</body>", "<p>{{ ways_out[0].url }}</p><!-- {{ ways_out[1].url }} --></body>"])
def test_nothing_that_one_reader_got_and_another_did_not_is_in_it(end: str, tmp_path: Path, database_url: str) -> None:
    own = tmp_path / "own/email"
    own.mkdir(parents=True)
    shipped = (Path(__file__).parents[3] / "templates/email/issue.html").read_text("utf-8")
    (own / "issue.html").write_text(shipped.replace("</body>", end), "utf-8")
    with studio(tmp_path, *CHANGES, (SQLITE, f"{database_url}\ntemplates: own")) as site:
        fresh = [NewSubscriber(address=address, name=name) for address, name in PEOPLE.items()]
        list(site.app.audience.add(fresh, "readers", site.clock.now()))
        sent_twice(site)
        letters = [mail for mail in site.mails() if mail["List-Unsubscribe"]]
        assert len(letters) == 2 * (len(PEOPLE) + 2)
        secrets = {secret for mail in letters for secret in personal(mail)}
        assert len(secrets) >= 4 * len(PEOPLE)
        shown, hidden = texts(site), (*secrets, *PEOPLE.values(), RESERVED, "{token}")
        assert len(shown) == 2 * 4 + 1
        for path, text in shown.items():
            assert [each for each in hidden if each in text] == [], path


@pytest.mark.parametrize(
    ("lists", "is_public"),
    [
        pytest.param("readers: {name: R, opt_in: closed}\n  friends: {name: F, opt_in: closed}", False, id="closed"),
        pytest.param("readers: {name: R, opt_in: closed}\n  friends: {name: F}", True, id="a list that all may join"),
        pytest.param(
            "readers: {name: R, opt_in: closed}\n  friends: {address: f@lists.example}", True, id="a list server"
        ),
        pytest.param(
            "readers: {address: r@lists.example}\n  friends: {address: f@lists.example}", True, id="list servers only"
        ),
    ],
)
def test_what_went_to_a_closed_circle_alone_is_nowhere(lists: str, is_public: bool, tmp_path: Path) -> None:
    named = ("readers: {name: Weekly readers}\n  friends: {name: Friends of the house}", lists)
    with studio(tmp_path, *CHANGES, named) as site:
        site.begin(*archive(3))
        if "readers: {address" not in lists:
            site.readers("ada")
        site.live(3 * DAY, 3 * HOUR)
        assert [each.state for each in site.issues()] == [IssueState.SENT]
        assert get(site, "/archive/weekly/1").status_code == (200 if is_public else 404)
        subject = site.issues()[0].email.subject  # type: ignore[union-attr]
        assert any(subject in text for text in texts(site).values()) is is_public
        assert (draft(site.app, "weekly").masthead.browser_url is not None) is is_public


def test_a_list_servers_issue_has_no_word_of_the_list_server_in_it(tmp_path: Path) -> None:
    lists = "readers: {address: r@lists.example}\n  friends: {address: f@lists.example}"
    named = ("readers: {name: Weekly readers}\n  friends: {name: Friends of the house}", lists)
    with studio(tmp_path, *CHANGES, named) as site:
        site.begin(*archive(3))
        site.live(3 * DAY, 3 * HOUR)
        text = get(site, "/archive/weekly/1").text
        assert "lists.example" not in text
        assert RESERVED not in text


def test_an_issue_that_is_stopped_midway_goes_from_the_archive_and_from_its_files(
    tmp_path: Path, database_url: str
) -> None:
    with studio(tmp_path, *CHANGES, (SQLITE, database_url)) as site:
        sent_twice(site)
        before = set(texts(site))
        second = site.issues()[1]
        with site.app.database.write() as connection:
            connection.exec_driver_sql(f"UPDATE issues SET state = 'sending' WHERE id = {second.id}")
        assert get(site, "/archive/weekly/2").status_code == 200
        site.app.issues.cancel(second.id, site.clock.now())
        assert get(site, "/archive/weekly/2").status_code == 404
        gone = before - set(texts(site))
        assert {path.removeprefix(str(site.folder)) for path in gone} == {
            "/archive/weekly/2",
            "/built/weekly/2/index.html",
        }


HOSTILE = "</title><script>go()</script> ]]> & \"'\u202e\ufffe{{ x }} Ünïcode 映画 🎬"


def test_hostile_titles_stay_text_in_every_page(tmp_path: Path, database_url: str) -> None:
    with studio(tmp_path, *CHANGES, (SQLITE, database_url)) as site:
        site.readers("ada")
        site.begin(*archive(1))
        site.feed(Post(name="bad", title=f"Review - {HOSTILE}", body=HOSTILE, published=site.clock.now()), *archive(1))
        site.live(3 * DAY, 3 * HOUR)
        shown = texts(site)
        assert len(shown) == 2 * 3 + 1
        for path, text in shown.items():
            assert "<script" not in text, path
            page: Any = etree.fromstring(text.encode()) if path.endswith(".xml") else html.document_fromstring(text)
            assert path.endswith(".json") or "映画 🎬" in "".join(page.itertext()), path
        feed = feedparser.parse(get(site, "/archive/feed.xml").content)
        assert not feed.bozo
        assert "映画 🎬" in feed.entries[0].title


def test_the_feed_has_all_that_rfc_4287_asks_for_and_names_an_issue_for_ever(tmp_path: Path) -> None:
    with studio(tmp_path, *CHANGES) as site:
        sent_twice(site)
        first = feedparser.parse(get(site, "/archive/feed.xml").content)
        site.clock.advance(15 * MINUTE)
        again = feedparser.parse(get(site, "/archive/feed.xml").content)
    assert not first.bozo
    assert first.version == "atom10"
    assert (first.feed.title, first.feed.author) == ("The Lantern", "The Lantern")
    assert {link.rel: link.href for link in first.feed.links} == {
        "self": f"{OWN}/archive/feed.xml",
        "alternate": f"{OWN}/archive",
    }
    assert [each.id for each in first.entries] == [each.id for each in again.entries]
    assert len({each.id for each in first.entries}) == 2
    for each in first.entries:
        assert each.title
        assert each.updated_parsed <= first.feed.updated_parsed
        assert [link.rel for link in each.links] == ["alternate"]
        assert re.fullmatch(r"tag:lantern\.example,2026-11-\d\d:issue/weekly/\d", each.id)

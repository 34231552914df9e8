"""The page tells what goes out next and why the rest does not, and changes nothing."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from syndicate.app import App
from syndicate.config import Config, load_config
from syndicate.delivery.plan import in_words
from syndicate.errors import FeedError
from syndicate.feeds.model import FetchResult, Validators
from syndicate.pipeline import tick
from syndicate.store.tables import entries
from syndicate.web.studio.app import studio_app
from syndicate.web.studio.live import Live
from syndicate.web.studio.look import Look, look_at
from tests.web.studio.places import FRIDAY_AT_NINE, Browser, Place, make_place


def look(place: Place) -> Look:
    with place.opened() as app:
        return look_at(app)


def test_it_tells_who_gets_the_next_issue_and_when(place: Place) -> None:
    with place.previewed() as browser:
        page = browser.get("/").text
    for words in (
        "Weekly, issue 1",
        "Fri 27 Nov, 09:00",
        "Weekly readers, 2 readers",
        "films, films@lists.example",
        "6 reviews",
        "The Last Ferry to Inishgall and 5 more (issue 1)",
        "news@lantern.example",
    ):
        assert words in page


def test_it_shows_the_letter_as_a_reader_and_as_a_list_server_gets_it(place: Place) -> None:
    with place.previewed() as browser:
        own, server = browser.get("/issue/weekly.txt").text, browser.get("/issue/weekly.txt?for=list").text
        page = browser.get("/?issue=weekly&for=list").text
    assert "goodbye@lantern.example" in own
    assert "goodbye@lantern.example" not in server
    assert "goodbye@lantern.example" not in page


def test_statuses_come_in_their_order_and_spaced(place: Place) -> None:
    (account,) = look(place).accounts
    assert [each.when.later for each in account.next] == [None, *["30m"] * 5]
    assert account.next[0].card is not None
    assert account.last == ()
    assert all(0 < each.length <= each.limit for each in account.next)


def test_a_content_warning_hides_the_status_and_says_what_it_says(place: Place) -> None:
    with place.previewed() as browser:
        page = browser.get("/").text
    assert '<span class="warning">Horror film</span>' in page


def test_after_the_issue_went_out_the_next_has_nothing_new_and_the_last_is_a_click_away(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    place.move_to(FRIDAY_AT_NINE)
    with place.opened() as app:
        tick(app)
    with place.previewed() as browser:
        page, last = browser.get("/").text, browser.get("/?issue=weekly/1").text
    assert "Nothing new. Unless a review is announced before Fri 4 Dec, 09:00, this issue is skipped" in page
    assert '<a href="/?issue=weekly/1">' in page
    assert "The Last Ferry to Inishgall and 5 more (issue 1)" in page
    assert "Weekly, issue 1" in last
    assert 'id="editor"' not in last, "what was sent is not arranged any more"


def put(app: App, number: int, state: str, reason: str | None) -> None:
    with app.database.write() as connection:
        connection.execute(update(entries).where(entries.c.id == number).values(state=state, reason=reason))


def test_every_post_says_where_it_stands_and_what_changes_that(tmp_path: Path) -> None:
    place = make_place(tmp_path, lambda text: text.replace("at: fri", "cap: 4, at: fri"))
    with place.opened() as app:
        app.entries.hold(1)
        put(app, 7, "held", "novelty")
        put(app, 8, "held", "not settled")
        put(app, 9, "ignored", "other: an interview")
    shown = {each.id: each for each in look(place).entries}
    settle = in_words(timedelta(minutes=10))
    said = {number: [(each.text, each.command) for each in entry.because] for number, entry in shown.items()}
    assert said[1] == [("Left out by you, of everything.", "syndicate reviews release 1")]
    assert [text for text, _ in said[2]] == [
        "In issue 1 of weekly, the lead: newest first.",
        "Status 30m after the one before on main.",
    ]
    assert said[6][0] == ("Past the cap of 4: not in issue 1 of weekly, it waits for the next.", None)
    assert said[7][0][1] == "syndicate feeds accept reviews --as-history   (or --as-new)"
    assert f"announced once it has stood unchanged for {settle}" in said[8][0][0]
    assert (shown[9].label, shown[9].is_asleep) == ("not carried", True)
    assert said[9] == [("Not a review (other): an interview.", "syndicate reviews release 9")]
    assert (shown[10].label, shown[10].is_asleep) == ("history", True)


def test_what_the_editor_should_know_comes_first(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    with place.opened() as app:
        app.set_paused(True)
        app.incidents.open("feed:reviews", "the feed has been failing\nfor a day", place.clock.now())
        app.feeds.record_failure("reviews", app.config.feed_source("reviews"), "no answer", place.clock.now())
    notices = look(place).notices
    assert notices[0] == "Paused: nothing leaves until you type syndicate resume."
    assert any("failing since" in each and "no answer" in each for each in notices)
    assert "the feed has been failing" in notices


def test_a_restored_backup_is_told_before_all_else(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    with place.opened() as app:
        tick(app)
    (place.folder / "syndicate.db.generation").write_text("00000999999\n", encoding="ascii")
    first = look(place).notices[0]
    assert "looks like a restored backup" in first
    assert "syndicate store accept-restore" in first


PATHS = (
    "/",
    "/?issue=weekly&for=list",
    "/version",
    "/view/weekly",
    "/view/weekly?dark=1&pictures=0",
    "/issue/weekly.html",
    "/issue/weekly.txt",
    "/issue/weekly.eml",
)


def test_looking_changes_nothing_in_the_database(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    with place.opened() as app:
        tick(app)  # Some statuses have gone, the issue has not.

    def contents() -> dict[str, str]:
        """Everything but SQLite's own -wal and -shm, which come and go with connections."""
        files = (
            path for path in place.folder.rglob("*") if path.is_file() and path.suffix not in (".db-wal", ".db-shm")
        )
        return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}

    before = contents()
    with place.previewed() as browser:
        for path in PATHS:
            assert browser.get(path).status_code == 200
        page = browser.get("/").text
        for picture in set(re.findall(r"/picture/\w+", page + browser.get("/view/weekly").text)):
            assert browser.get(picture).status_code == 200
    assert contents() == before


@pytest.mark.parametrize("path", ["/view/nothing", "/issue/weekly.pdf", "/issue/weekly/9.html", "/picture/abc", "/x"])
def test_what_is_not_there_is_not_there(place: Place, path: str) -> None:
    with place.previewed() as browser:
        assert browser.get(path).status_code == 404


def test_an_unknown_issue_shows_the_next(place: Place) -> None:
    with place.previewed() as browser:
        assert "Weekly, issue 1" in browser.get("/?issue=%3Cscript%3E").text


class OfflineFetcher:
    """Reaches nothing, and counts who asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def fetch(self, source: str, validators: Validators | None = None) -> FetchResult:
        """Raise FeedError."""
        self.asked.append(source)
        raise FeedError("no network", where=source)


def test_a_picture_that_cannot_be_had_leaves_its_alt_text(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    for path in (place.folder / "cache").iterdir():
        path.unlink()
    offline = OfflineFetcher()
    live = Live(place.config, environ={}, clock=place.clock, fetcher=offline)
    browser = Browser(studio_app(live), live)
    pictures = set(re.findall(r"/picture/\w+", browser.get("/view/weekly").text))
    assert len(pictures) == 6
    for _ in range(2):
        assert all(browser.get(picture).status_code == 404 for picture in pictures)
    live.close()
    assert len(offline.asked) == 6, "a picture that failed is not asked for again at every look"


def version(browser: Browser) -> str:
    return browser.get("/version").text


def test_nothing_is_drawn_anew_while_nothing_changes(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[App] = []

    def counted(app: App, **how: Any) -> Look:
        drawn.append(app)
        return look_at(app, **how)

    monkeypatch.setattr("syndicate.web.studio.scene.look_at", counted)
    with place.previewed() as browser:
        assert len({version(browser) for _ in range(5)}) == 1
        browser.get("/")
        browser.get("/issue/weekly.eml")
    assert len(drawn) == 1


def test_the_version_changes_with_a_template_the_config_and_the_database(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    with place.previewed() as browser:
        seen = [version(browser)]
        own = place.folder / "templates" / "email" / "issue.txt"
        own.parent.mkdir(parents=True)
        own.write_text("{{ fences.readers }}{% for way in ways_out %}{{ way.url }}{% endfor %}{{ fences.end }} Mine")
        seen.append(version(browser))
        assert browser.get("/issue/weekly.txt").text.endswith("Mine\n")
        place.write(lambda text: text.replace("name: The Lantern", "name: The Beacon"))
        seen.append(version(browser))
        assert "The Beacon" in browser.get("/").text
        with place.opened() as app:
            app.entries.hold(1)
        seen.append(version(browser))
        assert "5 reviews" in browser.get("/").text
        place.move_to(FRIDAY_AT_NINE)
        assert "Fri 27 Nov, 09:00" in browser.get("/?issue=weekly").text, "it is due now"
        place.move_to(FRIDAY_AT_NINE + timedelta(days=3))
        seen.append(version(browser))
        assert "Fri 4 Dec, 09:00" in browser.get("/?issue=weekly").text, "too late for it"
    assert len(set(seen)) == len(seen)


def test_a_commit_that_changes_nothing_shown_reloads_nothing(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    with place.previewed() as browser:
        before = version(browser)
        place.wait(timedelta(minutes=7))
        with place.opened() as app, app.database.write() as connection:
            connection.execute(update(entries).values(last_seen=place.clock.now()))
        assert version(browser) == before


def test_faults_of_the_config_are_told_with_their_lines_and_go_when_mended(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    with place.previewed() as browser:
        place.write(lambda text: text.replace("timezone: Europe/Dublin", "timezone: Dublin") + "colour: red\n")
        bad = browser.get("/")
        assert bad.status_code == 500
        assert "2 things to mend" in bad.text
        assert "config.yaml line 1" in bad.text
        assert "no such key" in bad.text
        assert browser.get("/issue/weekly.html").status_code == 404
        place.write()
        assert browser.get("/view/weekly").status_code == 200
        assert "2 things to mend" not in browser.get("/").text


def test_a_faulty_config_is_read_once_until_it_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Path] = []

    def counted(path: Path, environ: Mapping[str, str]) -> Config:
        read.append(path)
        return load_config(path, environ)

    place = make_place(tmp_path)
    monkeypatch.setattr("syndicate.web.studio.live.load_config", counted)
    with place.previewed() as browser:
        place.write(lambda text: text + "colour: red\n")
        assert len({version(browser) for _ in range(5)}) == 1
    assert len(read) == 1


def test_a_template_that_does_not_render_is_told_where_the_letter_would_stand(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    own = place.folder / "templates" / "email" / "issue.html"
    own.parent.mkdir(parents=True)
    own.write_text("<p>{{ leed.film }}</p>")
    with place.previewed() as browser:
        page = browser.get("/").text
        assert browser.get("/view/weekly").status_code == 404
    assert "The next issue of weekly does not render." in page
    assert "issue.html:1" in page
    assert "lead" in page
    assert '<article class="status"' in page


def test_a_status_template_that_does_not_render_leaves_the_letter_standing(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    own = place.folder / "templates" / "status" / "review.txt"
    own.parent.mkdir(parents=True)
    own.write_text("{{ film }} without its link")
    with place.previewed() as browser:
        page = browser.get("/").text
        assert browser.get("/view/weekly").status_code == 200
    assert "does not show its link" in page


def test_a_world_of_hostile_text_is_shown_as_text(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    evil = '</pre></textarea><script>alert(1)</script><img src=x onerror="alert(1)">"\'@version@'
    with place.opened() as app:
        app.entries.edit(1, {"film": evil, "excerpt": evil, "alt": evil, "cw": evil})
        with app.database.write() as connection:
            connection.execute(update(entries).where(entries.c.id == 1).values(title=evil, link="javascript:alert(1)"))
    with place.previewed() as browser:
        page, letter = browser.get("/").text, browser.get("/view/weekly").text
    for text in (page, letter):
        assert "<script>alert" not in text
        assert "<img src=x" not in text
        assert 'href="javascript:' not in text


def test_without_mail_lists_accounts_or_reviews_the_page_still_stands(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.folder.mkdir(exist_ok=True)
    bare = 'site: {name: Bare, url: https://bare.example}\nfeeds:\n  reviews: {url: "sample:lantern"}\n'
    place.config.write_text(bare)
    with place.previewed() as browser:
        page = browser.get("/")
    assert page.status_code == 200
    for words in ("no digest", "no account", "No post has been read yet"):
        assert words in page.text


def test_the_key_of_the_message_ids_is_not_made_by_looking(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    key = place.folder / "syndicate.key"
    if key.exists():
        key.unlink()
    with place.previewed() as browser:
        assert b"Message-ID: <" in browser.get("/issue/weekly.eml").content
    assert not key.exists()

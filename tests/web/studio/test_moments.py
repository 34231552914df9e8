"""Other dates and past issues: what would be, what went, in the same exact bytes; and a save that is only half done."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syndicate.pipeline import tick
from syndicate.web.studio.live import Live
from syndicate.web.studio.scene import MOST_MOMENTS, MOST_WAITS, Studio
from tests.web.studio.places import FRIDAY_AT_NINE, TOKEN, Browser, Place, make_place

LATER = "2026-12-04T08:30"
"""A week after the next issue, before its hour."""


def date_of(browser: Browser, path: str) -> datetime:
    letter = message_from_bytes(browser.get(path).content, policy=policy.default)
    return datetime.strptime(str(letter["Date"]), "%a, %d %b %Y %H:%M:%S %z")


def test_the_next_issue_is_shown_as_it_would_be_on_another_date(place: Place) -> None:
    with place.previewed() as browser:
        assert date_of(browser, "/issue/weekly.eml").date().isoformat() == "2026-11-27"
        assert date_of(browser, f"/issue/weekly.eml?at={LATER}").date().isoformat() == "2026-12-04"
        page = browser.get(f"/?issue=weekly&at={LATER}").text
        assert 'id="as-of"' in page
        assert "4 Dec" in page
        assert f"/issue/weekly.html?at={LATER}" in page, "its parts are of that date too"
        assert browser.get(f"/version?at={LATER}").text != browser.get("/version").text
        assert 'id="as-of"' not in browser.get("/").text, "the present stays as it was"


def test_reviews_that_are_too_old_by_then_are_out_of_it(tmp_path: Path) -> None:
    place = make_place(tmp_path, lambda text: text.replace("at: fri", "max_age: 20d, at: fri"))
    with place.previewed() as browser:
        now, then = (browser.get(f"/issue/weekly.txt{query}").text for query in ("", "?at=2027-02-05T08:00"))
    assert "Inishgall" in now
    assert "Inishgall" not in then


def test_a_date_is_of_the_sites_zone_unless_it_names_one(tmp_path: Path) -> None:
    place = make_place(tmp_path, lambda text: text.replace("Europe/Dublin", "Asia/Tokyo"))
    with place.previewed() as browser:
        studio = Studio(browser.live)
        assert studio.moment("2026-12-04T09:00") == datetime(2026, 12, 4, 0, 0, tzinfo=UTC)
        assert studio.moment("2026-12-04T09:00+00:00") == datetime(2026, 12, 4, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "at", ["", "tomorrow", "2026-13-01", "0001-01-01T00:00", "9999-12-31T23:59", "2026-12-04T09:00%2B99:00", "%00"]
)
def test_a_date_that_is_none_is_the_present(place: Place, at: str) -> None:
    with place.previewed() as browser:
        assert browser.get(f"/version?at={at}").text == browser.get("/version").text
        page = browser.get(f"/?at={at}")
    assert page.status_code == 200
    assert 'id="as-of"' not in page.text


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.text(max_size=30) | st.datetimes().map(str))
def test_no_date_meets_a_fault_of_ours(studio: Browser, at: str) -> None:
    moment = Studio(studio.live).moment(at)
    assert moment is None or moment.tzinfo is not None


def test_dates_without_end_are_not_kept_without_end(place: Place) -> None:
    with place.previewed() as browser:
        studio: Studio = browser.app.state.studio
        present = studio.scene()
        for day in range(MOST_MOMENTS + 3):
            studio.scene(place.clock.now() + timedelta(days=day))
        assert len(studio._scenes) == MOST_MOMENTS + 1
        assert studio.scene() is present


def test_any_issue_that_went_is_shown_in_its_exact_bytes(tmp_path: Path) -> None:
    place = make_place(tmp_path, lambda text: text.replace("at: fri 09:00", "at: daily 09:00, cap: 1"))
    place.move_to(FRIDAY_AT_NINE)
    for _ in range(4):
        with place.opened() as app:
            tick(app)
            frozen = {each.number: each.email for each in app.issues.listed() if each.email}
        place.wait(timedelta(days=1))
    assert sorted(number for number in frozen if number) == [1, 2, 3, 4]
    with place.previewed() as browser:
        for number, email in frozen.items():
            path = f"/issue/weekly/{number}"
            assert email is not None
            assert (
                email.subject
                in message_from_bytes(browser.get(f"{path}.eml").content, policy=policy.default)["Subject"]
            )
            assert browser.get(f"{path}.html").status_code == browser.get(f"/view/weekly/{number}").status_code == 200
            assert f"issue {number}" in browser.get(f"/?issue=weekly/{number}").text
        for name in (
            "weekly/9",
            "weekly/0",
            "weekly/-1",
            "weekly/1/1",
            "weekly/%D9%A1",
            "monthly/1",
            "weekly/99999999999",
        ):
            assert browser.get(f"/issue/{name}.html").status_code == 404


def test_pictures_of_an_issue_that_went_are_shown(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    place.move_to(FRIDAY_AT_NINE)
    with place.opened() as app:
        tick(app)
    with place.previewed() as browser:
        letter = browser.get("/view/weekly/1").text
        picture = letter.partition('src="/picture/')[2].partition('"')[0]
        assert browser.get(f"/picture/{picture}").headers["content-type"] == "image/jpeg"


def test_the_page_keeps_its_token_and_shows_it_to_nobody_else(place: Place) -> None:
    with place.previewed() as browser:
        writing, looking = browser.get(f"/?token={TOKEN}"), browser.get("/")
        wrong = browser.get("/?token=the-token-of-that-start")
    assert f'<meta name="studio-token" content="{TOKEN}">' in writing.text
    assert "Look only" not in writing.text
    for page in (looking, wrong):
        assert TOKEN not in page.text
        assert "Look only" in page.text
    assert "the-token-of-that-start" not in wrong.text


def test_a_page_that_others_could_reach_says_why_it_does_not_write(place: Place) -> None:
    with place.previewed(token=None) as browser:
        page = browser.get("/?token=None").text
    assert "web.listen lets others reach this page" in page
    assert "studio-token" not in page


def test_a_ticket_opens_the_page_once(place: Place) -> None:
    with place.previewed() as browser:
        ticket = browser.app.state.tickets.issue()
        assert browser.get("/open/anything").status_code == 403
        assert browser.get(f"/open/{ticket}", method="HEAD").status_code == 403
        opened = browser.get(f"/open/{ticket}")
        assert (opened.status_code, opened.headers["location"]) == (303, f"/?token={TOKEN}")
        again = browser.get(f"/open/{ticket}")
        assert again.status_code == 403
        assert TOKEN not in again.text


def half_saved(place: Place) -> Path:
    """Return a template of the editor's that is emptied, as an editor's program does before it fills it again."""
    path = place.folder / "templates" / "email" / "issue.txt"
    path.parent.mkdir(parents=True)
    path.write_text("", encoding="utf-8")
    return path


def test_a_file_that_is_half_saved_is_waited_for(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    live, waits = Live(place.config, environ={}, clock=place.clock), []

    def finish_saving(seconds: float) -> None:
        waits.append(seconds)
        (place.folder / "templates" / "email" / "issue.txt").unlink()

    studio = Studio(live, wait=finish_saving)
    good = studio.scene()
    assert waits == [], "nothing is waited for where all is well"
    half_saved(place)
    scene = studio.scene()
    assert len(waits) == 1
    assert not scene.is_faulty
    assert scene.look == good.look
    live.close()


def test_a_fault_that_stays_is_shown_and_waited_for_once(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    live, waits = Live(place.config, environ={}, clock=place.clock), list[float]()
    studio = Studio(live, wait=waits.append)
    half_saved(place)
    for _ in range(3):
        scene = studio.scene()
        assert scene.look is not None
        assert "does not show the way out" in str(scene.look.issues[0].fault)
    assert len(waits) == 1
    live.close()


def test_a_file_that_is_saved_without_end_is_shown_in_the_end(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    live, waits = Live(place.config, environ={}, clock=place.clock), list[float]()

    def save_again(seconds: float) -> None:
        waits.append(seconds)
        path.write_text(" " * len(waits), encoding="utf-8")

    studio = Studio(live, wait=save_again)
    path = half_saved(place)
    assert studio.scene().is_faulty
    assert len(waits) == MOST_WAITS
    live.close()

"""Promises 1 and 7: every announced review goes out in one issue, at its hour or made up for, or says why not."""

from __future__ import annotations

from pathlib import Path

import pytest

from syndicate.compose.model import IssueState
from syndicate.pipeline import deliver, publish, publish_due
from syndicate.reviews.admission import EntryState
from tests.pipeline.studio import (
    DAY,
    FRIDAY,
    HOUR,
    MINUTE,
    WEDNESDAY,
    WEEK,
    Post,
    Studio,
    again,
    archive,
    studio,
)

HISTORY = archive(3)


def new(name: str, hours: int = 1) -> Post:
    """Return a post of a time after the first run."""
    return Post(name=name, published=WEDNESDAY + hours * HOUR)


def announced(lantern: Studio, *posts: Post) -> None:
    """Run for the first time, then let these posts come and settle."""
    lantern.begin(*HISTORY)
    lantern.feed(*posts, *HISTORY)
    lantern.live(HOUR)


def test_an_issue_goes_out_at_its_hour_and_not_before(lantern: Studio) -> None:
    lantern.readers("ada", "bo")
    announced(lantern, new("the-long-pier"))
    lantern.clock.set(FRIDAY - MINUTE)
    lantern.tick()
    assert lantern.letters() == []
    lantern.clock.set(FRIDAY)
    lantern.tick()
    assert lantern.letters() == ["ada@reader.example", "bo@reader.example"]
    (issue,) = lantern.issues()
    assert (issue.state, issue.number, issue.period) == (IssueState.SENT, 1, FRIDAY)
    assert lantern.films(issue) == ["the-long-pier"]


def test_many_clocks_that_fire_send_one_letter_each(lantern: Studio) -> None:
    lantern.readers("ada")
    announced(lantern, new("the-long-pier"))
    lantern.clock.set(FRIDAY)
    for _ in range(5):
        lantern.tick()
        lantern.clock.advance(MINUTE)
    with again(lantern) as other:
        other.tick()
    assert lantern.letters() == ["ada@reader.example"]


def test_an_hour_missed_is_made_up_when_the_machine_comes_back(lantern: Studio) -> None:
    lantern.readers("ada")
    announced(lantern, new("the-long-pier"))
    lantern.clock.set(FRIDAY + 23 * HOUR)
    lantern.tick()
    assert lantern.letters() == ["ada@reader.example"]
    assert lantern.issues()[0].period == FRIDAY


def test_past_its_lateness_an_issue_is_skipped_loudly_and_its_reviews_wait(lantern: Studio) -> None:
    lantern.readers("ada")
    announced(lantern, new("the-long-pier"))
    lantern.clock.set(FRIDAY + 25 * HOUR)
    lantern.tick()
    lantern.tick()
    (issue,) = lantern.issues()
    assert (issue.state, issue.reason) == (IssueState.SKIPPED, "too late: more than 24 hours after its time")
    (alert,) = lantern.alerts()
    assert "the issue of weekly for Friday 20 November, 09:00 was skipped" in alert
    lantern.clock.set(FRIDAY + WEEK)
    lantern.tick()
    assert lantern.films(lantern.issues()[-1]) == ["the-long-pier"]
    assert lantern.letters() == ["ada@reader.example"]


def test_a_month_of_absence_makes_up_no_more_than_the_last_week(lantern: Studio) -> None:
    lantern.readers("ada")
    announced(lantern, new("the-long-pier"))
    lantern.clock.set(FRIDAY + 4 * WEEK + HOUR)
    lantern.tick()
    assert [(issue.period, issue.state) for issue in lantern.issues()] == [(FRIDAY + 4 * WEEK, IssueState.SENT)]
    assert lantern.letters() == ["ada@reader.example"]


def test_nothing_new_is_skipped_and_said_so_and_the_editor_is_left_alone(
    lantern: Studio, caplog: pytest.LogCaptureFixture
) -> None:
    lantern.readers("ada")
    lantern.begin(*HISTORY)
    lantern.clock.set(FRIDAY)
    with caplog.at_level("WARNING", "syndicate"):
        lantern.tick()
    (issue,) = lantern.issues()
    assert (issue.state, issue.reason, issue.number) == (IssueState.SKIPPED, "nothing new", None)
    assert "issue-skipped" in caplog.messages
    assert lantern.mails() == []


def test_nothing_new_is_skipped_whatever_subject_and_templates_say_of_a_lead(tmp_path: Path) -> None:
    own = tmp_path / "own" / "email"
    own.mkdir(parents=True)
    (own / "issue.html").write_text("<html><body>{{ lead.film }}</body></html>", encoding="utf-8")
    changes = (
        ("first_issue: next", 'first_issue: next, subject: "{{ lead.film }}"'),
        ("notify:", "templates: own\nnotify:"),
    )
    with studio(tmp_path, *changes) as lantern:
        lantern.begin(*HISTORY)
        lantern.clock.set(FRIDAY)
        lantern.tick()
        (issue,) = lantern.issues()
        assert (issue.state, issue.reason) == (IssueState.SKIPPED, "nothing new")
        assert lantern.alerts() == []


def test_no_period_from_before_the_first_run_is_made_up(tmp_path: Path) -> None:
    with studio(tmp_path, ("backfill: 0", "backfill: 3"), start=FRIDAY + HOUR) as lantern:
        lantern.readers("ada")
        lantern.begin(*HISTORY)
        assert lantern.issues() == []
        assert publish_due(lantern.app) == ()


def test_a_first_issue_now_goes_out_at_the_first_run_and_the_next_at_its_hour(tmp_path: Path) -> None:
    changes = (("first_issue: next", "first_issue: now"), ("backfill: 0", "backfill: 2"))
    with studio(tmp_path, *changes) as lantern:
        lantern.readers("ada")
        lantern.begin(*HISTORY)
        assert [(issue.period, issue.state) for issue in lantern.issues()] == [(WEDNESDAY, IssueState.SENT)]
        lantern.feed(new("the-long-pier"), *HISTORY)
        lantern.live(2 * DAY, step=30 * MINUTE)
        assert [lantern.films(issue) for issue in lantern.issues()] == [["film-0", "film-1"], ["the-long-pier"]]
        assert len(lantern.letters()) == 2


def test_before_the_feed_was_ever_read_there_is_no_issue_to_skip(lantern: Studio) -> None:
    lantern.feed_fails()
    lantern.tick()
    lantern.clock.set(FRIDAY)
    lantern.tick()
    assert lantern.issues() == []


def test_what_the_cap_leaves_over_is_named_and_goes_into_the_next_issue(tmp_path: Path) -> None:
    with studio(tmp_path, ("cap: 12", "cap: 2")) as lantern:
        lantern.readers("ada")
        announced(lantern, *(new(f"premiere-{number}", hours=-number) for number in range(5)))
        lantern.clock.set(FRIDAY)
        lantern.tick()
        (letter,) = lantern.mails()
        text = letter.get_body(("plain",))
        assert text is not None
        assert "3 more" in text.get_content()
        for week in (1, 2):
            lantern.clock.set(FRIDAY + week * WEEK)
            lantern.tick()
        carried = [lantern.films(issue) for issue in lantern.issues()]
        assert carried == [["premiere-0", "premiere-1"], ["premiere-2", "premiere-3"], ["premiere-4"]]


def test_each_review_is_carried_by_one_issue_of_a_digest_ever(lantern: Studio) -> None:
    lantern.readers("ada")
    announced(lantern, new("the-long-pier"))
    lantern.clock.set(FRIDAY)
    lantern.tick()
    lantern.feed(Post(name="small-hours", published=FRIDAY + DAY), new("the-long-pier"), *HISTORY)
    lantern.clock.set(FRIDAY + 2 * DAY)
    lantern.live(6 * DAY, step=4 * HOUR)
    assert [lantern.films(issue) for issue in lantern.issues()] == [["the-long-pier"], ["small-hours"]]


def test_a_stopped_issue_gives_its_reviews_back_and_sends_no_more(lantern: Studio) -> None:
    lantern.readers("ada")
    announced(lantern, new("the-long-pier"))
    lantern.clock.set(FRIDAY)
    published = publish(lantern.app, "weekly", period=FRIDAY)
    assert published.issue is not None
    assert lantern.app.issues.cancel(published.issue, FRIDAY) == 1
    lantern.tick()
    assert lantern.letters() == []
    lantern.clock.set(FRIDAY + WEEK)
    lantern.tick()
    assert lantern.letters() == ["ada@reader.example"]
    assert [(issue.number, issue.state) for issue in lantern.issues()] == [
        (1, IssueState.CANCELLED),
        (2, IssueState.SENT),
    ]


def test_an_issue_stopped_while_it_is_being_sent_stays_stopped(lantern: Studio) -> None:
    lantern.readers("ada", "bo", "cy")
    announced(lantern, new("the-long-pier"))
    lantern.clock.set(FRIDAY)
    issue = publish(lantern.app, "weekly", period=FRIDAY).issue
    assert issue is not None

    def stop_after_the_first(*_: object) -> None:
        lantern.app.issues.cancel(issue, lantern.clock.now())

    deliver(lantern.app, progress=stop_after_the_first)
    assert lantern.letters() == ["ada@reader.example", "bo@reader.example"], "bo's was claimed with ada's outcome"
    assert lantern.app.issues.get(issue).state is IssueState.CANCELLED
    assert len(lantern.app.issues.candidates("weekly", ["reviews"])) == 1


def test_an_issue_sent_by_hand_leaves_its_reviews_to_no_other(lantern: Studio) -> None:
    lantern.readers("ada")
    announced(lantern, new("the-long-pier"))
    assert publish(lantern.app, "weekly").number == 1
    lantern.clock.set(FRIDAY)
    lantern.tick()
    assert [(issue.number, issue.state) for issue in lantern.issues()] == [
        (1, IssueState.SENT),
        (None, IssueState.SKIPPED),
    ]


def test_a_period_published_twice_comes_back_as_the_issue_that_is_there(lantern: Studio) -> None:
    announced(lantern, new("the-long-pier"), new("small-hours"))
    first = publish(lantern.app, "weekly", period=FRIDAY)
    lantern.app.issues.cancel(first.issue or 0, lantern.clock.now())
    assert publish(lantern.app, "weekly", period=FRIDAY) == first


def test_a_review_that_the_editor_holds_is_in_no_issue_until_it_is_released(lantern: Studio) -> None:
    lantern.readers("ada")
    announced(lantern, new("the-long-pier"), new("small-hours", hours=0))
    held = next(each for each in lantern.app.entries.listed(state=EntryState.READY) if "pier" in (each.link or ""))
    lantern.app.entries.hold(held.id)
    lantern.clock.set(FRIDAY)
    lantern.tick()
    assert lantern.films(lantern.issues()[0]) == ["small-hours"]
    lantern.app.entries.release(held.id, lantern.clock.now())
    lantern.clock.set(FRIDAY + WEEK)
    lantern.tick()
    assert lantern.films(lantern.issues()[1]) == ["the-long-pier"]

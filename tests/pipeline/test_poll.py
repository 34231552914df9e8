"""Promises 2, 5, 6: a first run is quiet, a bad feed changes nothing, nothing is announced twice or too early."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from syndicate.pipeline import accept, poll
from syndicate.reviews.admission import EntryState, Hold
from syndicate.store.feeds import FeedHold
from tests.pipeline.studio import (
    DAY,
    HOUR,
    MINUTE,
    URL,
    WEDNESDAY,
    Post,
    Studio,
    again,
    archive,
    edited,
    rss,
    studio,
)

NEW = Post(name="the-long-pier", published=WEDNESDAY + 5 * MINUTE)


def states(lantern: Studio) -> dict[str, tuple[EntryState, str | None]]:
    """Return where each entry stands, by the last word of its link."""
    listed = lantern.app.entries.listed()
    return {(each.link or "").rsplit("/", 1)[1].removesuffix(".html"): (each.state, each.reason) for each in listed}


def settled(lantern: Studio, *posts: Post) -> None:
    """Let the feed hold these posts for long enough to be announced."""
    lantern.feed(*posts)
    lantern.live(HOUR)


# Promise 6: a first run is quiet


def test_a_first_run_records_history_and_announces_nothing(lantern: Studio) -> None:
    lantern.readers("ada")
    lantern.begin(*archive(20))
    lantern.live(2 * HOUR)
    assert len(lantern.app.entries.listed(state=EntryState.HISTORY)) == 20
    assert lantern.statuses() == []
    assert lantern.app.issues.candidates("weekly", ["reviews"]) == ()


def test_the_first_run_announces_as_much_of_the_newest_history_as_was_asked_for(tmp_path: Path) -> None:
    with studio(tmp_path, ("backfill: 0", "backfill: 3"), ("spacing: 30m", "spacing: 0s")) as lantern:
        lantern.begin(*archive(10))
        assert sorted(lantern.posted()) == ["film-0", "film-1", "film-2"]
        lantern.live(2 * HOUR)
        assert len(lantern.posted()) == 3


def test_backfill_on_a_site_of_old_posts_counts_their_age_from_now(tmp_path: Path) -> None:
    with studio(tmp_path, ("backfill: 0", "backfill: 1")) as lantern:
        lantern.begin(*archive(3, newest=WEDNESDAY - 300 * DAY))
        assert lantern.posted() == ["film-0"]


def test_backfill_can_be_asked_for_later_and_goes_on_where_it_stopped(lantern: Studio) -> None:
    lantern.begin(*archive(5))
    assert poll(lantern.app, "reviews", backfill=2).announced == 2
    assert poll(lantern.app, "reviews", backfill=1).announced == 1
    assert [name for name, (state, _) in states(lantern).items() if state is EntryState.READY] == [
        "film-0",
        "film-1",
        "film-2",
    ]


def test_two_first_runs_at_once_announce_no_more_than_was_asked_for(tmp_path: Path) -> None:
    with studio(tmp_path, ("backfill: 0", "backfill: 2")) as lantern, again(lantern) as other:
        lantern.feed(*archive(10))
        late = other.web.fetch

        def after_the_first(source: str, validators: object = None) -> object:
            fetched = late(source)
            object.__setattr__(other.web, "fetch", late)
            poll(lantern.app, "reviews")
            return fetched

        other.web.fetch = after_the_first  # type: ignore[method-assign, assignment]
        poll(other.app, "reviews")
        assert len(lantern.app.entries.listed(state=EntryState.READY)) == 2


# Settling


def test_a_new_review_is_announced_once_it_has_stayed_unchanged(lantern: Studio) -> None:
    lantern.begin(*archive(3))
    lantern.feed(NEW, *archive(3))
    lantern.live(15 * MINUTE)
    assert states(lantern)[NEW.name] == (EntryState.HELD, Hold.UNSETTLED)
    lantern.live(15 * MINUTE)
    assert lantern.posted() == [NEW.name]
    lantern.live(DAY, step=HOUR)
    assert lantern.posted() == [NEW.name]


def test_an_edit_restarts_the_settling(tmp_path: Path) -> None:
    with studio(tmp_path, ("settle: 10m", "settle: 40m")) as lantern:
        lantern.begin(*archive(3))
        lantern.feed(NEW, *archive(3))
        lantern.live(30 * MINUTE)
        lantern.feed(edited(NEW, body="A better first sentence, after a night's sleep."), *archive(3))
        lantern.live(45 * MINUTE)
        assert lantern.posted() == []
        lantern.live(15 * MINUTE)
        assert lantern.posted() == [NEW.name]
        assert "better first sentence" in lantern.app.entries.listed()[0].reading.text


def test_markup_that_changes_at_every_reading_is_no_edit(tmp_path: Path) -> None:
    with studio(tmp_path, ("settle: 10m", "settle: 40m")) as lantern:
        lantern.begin(*archive(3))
        for number in range(6):
            lantern.feed(edited(NEW, body=f'{NEW.body} <span class="nonce-{number}"></span>'), *archive(3))
            lantern.live(15 * MINUTE)
        assert lantern.posted() == [NEW.name]


def test_a_post_withdrawn_before_it_settled_is_never_announced(lantern: Studio) -> None:
    lantern.begin(*archive(3))
    lantern.feed(NEW, *archive(3))
    lantern.live(15 * MINUTE)
    lantern.feed(*archive(3))
    lantern.live(DAY, step=HOUR)
    assert lantern.posted() == []
    assert states(lantern)[NEW.name] == (EntryState.HELD, Hold.UNSETTLED)


def test_an_unchanged_feed_is_not_parsed_and_still_lets_posts_settle(lantern: Studio) -> None:
    lantern.begin(*archive(3))
    lantern.feed(NEW, *archive(3))
    lantern.live(15 * MINUTE)
    (polled,) = lantern.live(15 * MINUTE)[0].polled
    assert (polled.unchanged, polled.announced, polled.entries) == (True, 1, 0)


def test_a_post_that_the_feeds_rule_does_not_want_is_passed_over_with_the_reason(lantern: Studio) -> None:
    lantern.begin(*archive(3))
    settled(lantern, edited(NEW, title="Win tickets for the winter season"), *archive(3))
    state, reason = states(lantern)[NEW.name]
    assert state is EntryState.IGNORED
    assert reason
    assert lantern.posted() == []


# Promise 2: the same post under another name


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"guid": "tag:new-engine,1"}, id="another guid"),
        pytest.param({"title": "New Release Review - THE LONGER PIER"}, id="another title"),
        pytest.param({"link": "http://lantern.example/2026/11/the-long-pier.html"}, id="http for https"),
        pytest.param({"link": "https://lantern.example/2026/11/the-long-pier.html?utm_source=x"}, id="tracked link"),
        pytest.param({"link": "https://www.lantern.net/2026/11/the-long-pier.html"}, id="moved host, same guid"),
        pytest.param({"published": WEDNESDAY + 2 * HOUR}, id="another date"),
        pytest.param({"body": "Rewritten from the first word to the last."}, id="another body"),
    ],
)
def test_a_post_that_changed_is_announced_once(lantern: Studio, changes: dict[str, object]) -> None:
    lantern.begin(*archive(3))
    settled(lantern, NEW, *archive(3))
    settled(lantern, edited(NEW, **changes), *archive(3))
    lantern.live(4 * HOUR, step=30 * MINUTE)
    assert lantern.posted() == [NEW.name]
    assert len(lantern.app.entries.listed()) == 4


def test_a_post_whose_guid_changed_and_then_its_link_is_announced_once(lantern: Studio) -> None:
    lantern.begin(*archive(3))
    settled(lantern, NEW, *archive(3))
    moved = edited(NEW, guid="tag:new-engine,1")
    settled(lantern, moved, *archive(3))
    settled(lantern, edited(moved, link="https://lantern.example/films/the-long-pier.html"), *archive(3))
    assert lantern.posted() == [NEW.name]
    assert len(lantern.app.entries.listed()) == 4


def test_a_post_that_comes_back_after_it_had_fallen_out_of_the_feed_is_not_announced_again(lantern: Studio) -> None:
    lantern.begin(*archive(3))
    settled(lantern, NEW, *archive(3))
    settled(lantern, *archive(3))
    settled(lantern, NEW, *archive(3))
    assert lantern.posted() == [NEW.name]


# The novelty breaker


def moved_site(count: int) -> list[Post]:
    """Return the archive under other guids and links."""
    return [
        edited(post, guid=f"https://new.example/?p={number}", link=f"https://new.example/films/{post.name}.html")
        for number, post in enumerate(archive(count))
    ]


def test_an_archive_under_new_names_is_held_and_the_editor_told_once(lantern: Studio) -> None:
    lantern.begin(*archive(10))
    lantern.feed(*moved_site(10))
    lantern.live(DAY, step=HOUR)
    assert lantern.posted() == []
    assert lantern.app.feeds.health("reviews", URL).held is FeedHold.NOVELTY
    (alert,) = lantern.alerts()
    assert "10 entries of the feed reviews are new to us" in alert


def test_accepted_as_history_the_archive_is_silent_and_news_goes_on(lantern: Studio) -> None:
    lantern.begin(*archive(10))
    lantern.feed(NEW, *moved_site(10))
    lantern.live(HOUR)
    assert accept(lantern.app, "reviews", as_new=False) == (10, 1)
    lantern.live(HOUR)
    later = edited(NEW, name="small-hours", published=lantern.clock.now())
    settled(lantern, later, NEW, *moved_site(10))
    assert lantern.posted() == [NEW.name, "small-hours"]
    assert [alert.startswith("[The Lantern] well again") for alert in lantern.alerts()] == [False, True]


def test_accepted_as_new_all_of_it_is_announced(tmp_path: Path) -> None:
    with studio(tmp_path, ("spacing: 30m", "spacing: 0s")) as lantern:
        lantern.begin(*archive(4))
        lantern.feed(*moved_site(4))
        lantern.live(HOUR)
        assert accept(lantern.app, "reviews", as_new=True) == (0, 4)
        lantern.tick()
        assert len(lantern.posted()) == 4


def test_a_busy_day_of_new_posts_is_no_flood(tmp_path: Path) -> None:
    with studio(tmp_path, ("spacing: 30m", "spacing: 0s")) as lantern:
        lantern.begin(*archive(5))
        fresh = [Post(name=f"premiere-{number}", published=WEDNESDAY + number * MINUTE) for number in range(1, 9)]
        settled(lantern, *reversed(fresh), *archive(5))
        assert len(lantern.posted()) == 8
        assert lantern.alerts() == []


def test_one_post_dated_far_ahead_does_not_make_all_later_posts_a_flood(tmp_path: Path) -> None:
    with studio(tmp_path, ("spacing: 30m", "spacing: 0s")) as lantern:
        slip = Post(name="slip", published=WEDNESDAY + 3650 * DAY)
        lantern.begin(slip, *archive(3))
        fresh = [Post(name=f"premiere-{number}", published=WEDNESDAY + number * MINUTE) for number in range(1, 5)]
        settled(lantern, *fresh, slip, *archive(3))
        assert len(lantern.posted()) == 4


# Promise 5: a bad feed changes nothing

BAD = [
    pytest.param(b"", id="empty body"),
    pytest.param(b"<!doctype html><html><head><title>Sign in</title></head><body>Sign in</body></html>", id="HTML"),
    pytest.param(rss(NEW, *archive(3))[:-60], id="truncated"),
    pytest.param(rss(), id="no entries any more"),
    pytest.param(b"\x00\xff" * 200, id="noise"),
    pytest.param(None, id="no answer"),
]


@pytest.mark.parametrize("body", BAD)
def test_a_bad_feed_moves_no_state_and_posts_nothing(lantern: Studio, body: bytes | None) -> None:
    lantern.begin(*archive(3))
    lantern.feed(NEW, *archive(3))
    lantern.live(15 * MINUTE)
    before, health = lantern.app.entries.listed(), lantern.app.feeds.health("reviews", URL)
    if body is None:
        lantern.feed_fails()
    else:
        lantern.web.put(URL, body)
    ticks = lantern.live(2 * HOUR)
    assert all(polled.error for each in ticks for polled in each.polled)
    assert lantern.app.entries.listed() == before
    assert lantern.statuses() == []
    after = lantern.app.feeds.health("reviews", URL)
    assert (after.validators, after.parsed, after.title) == (health.validators, health.parsed, health.title)
    assert after.failing_since is not None


def test_after_a_bad_spell_the_feed_goes_on_where_it_was(lantern: Studio) -> None:
    lantern.begin(*archive(3))
    lantern.web.put(URL, b"")
    lantern.live(5 * HOUR)
    settled(lantern, NEW, *archive(3))
    assert lantern.posted() == [NEW.name]
    assert lantern.app.feeds.health("reviews", URL).failing_since is None


def test_a_feed_that_fails_for_a_day_is_told_once_and_its_recovery_once(lantern: Studio) -> None:
    lantern.begin(*archive(3))
    lantern.feed_fails()
    lantern.live(23 * HOUR, step=HOUR)
    assert lantern.alerts() == []
    lantern.live(2 * DAY, step=HOUR)
    assert len(lantern.alerts()) == 1
    lantern.feed(*archive(3))
    lantern.live(3 * HOUR, step=HOUR)
    failed, well = lantern.alerts()
    assert "the feed reviews has failed for a day" in failed
    assert "well again" in well


def test_a_first_run_on_a_dead_feed_is_quiet_when_the_feed_comes_alive(lantern: Studio) -> None:
    lantern.feed_fails()
    lantern.tick()
    lantern.live(HOUR)
    settled(lantern, *archive(5))
    assert lantern.posted() == []
    assert len(lantern.app.entries.listed(state=EntryState.HISTORY)) == 5


def test_a_feed_is_asked_no_more_often_than_it_is_due(lantern: Studio) -> None:
    lantern.begin(*archive(3))
    asked = len(lantern.web.asked)
    lantern.live(HOUR, step=timedelta(seconds=60))
    assert len(lantern.web.asked) - asked == 4


# What cannot be read must not close a gap, nor be a first run


def test_an_empty_first_reading_is_no_first_run(lantern: Studio) -> None:
    lantern.feed()
    (polled,) = lantern.tick().polled
    assert polled.error is None
    assert "no entries yet" in polled.warnings[0]
    lantern.feed(*archive(4))
    lantern.live(2 * HOUR)
    assert lantern.posted() == []
    assert {each.state for each in lantern.app.entries.listed()} == {EntryState.HISTORY}

"""Promises 2, 3 and 9: one letter each, to those who may be mailed at that moment, and statuses that flood nobody."""

from __future__ import annotations

import shutil
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from syndicate.audience.model import SuppressionReason
from syndicate.audience.policy import may_receive
from syndicate.channels.outbox import OutboxMail
from syndicate.compose.model import IssueState
from syndicate.delivery.model import DeliveryState
from syndicate.errors import ChannelError, StoreError
from syndicate.pipeline import accept_restore, deliver, publish, tick
from syndicate.reviews.admission import EntryState
from syndicate.store.lock import SenderLockedError, sender_lock
from tests.pipeline.studio import DAY, FRIDAY, HOUR, MINUTE, WEDNESDAY, WEEK, Post, Studio, again, archive, studio

HISTORY = archive(3)
PIER = Post(name="the-long-pier", published=WEDNESDAY + MINUTE)
S = DeliveryState


def announced(lantern: Studio, *posts: Post) -> None:
    """Run for the first time, then let these posts come and settle."""
    lantern.begin(*HISTORY)
    lantern.feed(*posts, *HISTORY)
    lantern.live(HOUR)


def on_friday(lantern: Studio) -> int:
    """Freeze Friday's issue, planned and not yet sent; return its row."""
    lantern.clock.set(FRIDAY)
    issue = publish(lantern.app, "weekly", period=FRIDAY).issue
    assert issue is not None
    return issue


# Promise 3


def test_someone_on_two_lists_of_a_digest_gets_one_letter(lantern: Studio) -> None:
    lantern.readers("ada", "bo")
    lantern.readers("ada", "cy", list_name="friends")
    announced(lantern, PIER)
    on_friday(lantern)
    deliver(lantern.app)
    assert lantern.letters() == ["ada@reader.example", "bo@reader.example", "cy@reader.example"]


def test_who_leaves_or_is_suppressed_between_planning_and_sending_gets_no_letter(lantern: Studio) -> None:
    lantern.readers("ada", "bo", "cy", "dee")
    announced(lantern, PIER)
    issue = on_friday(lantern)
    audience, now = lantern.app.audience, lantern.clock.now()
    audience.unsubscribe("ada@reader.example", "readers", now)
    audience.suppress("bo@reader.example", SuppressionReason.COMPLAINT, now)
    audience.suppress("CY@reader.example", SuppressionReason.HARD_BOUNCE, now)
    deliver(lantern.app)
    assert lantern.letters() == ["dee@reader.example"]
    assert lantern.app.deliveries.counts(issue) == {S.SENT: 1, S.SUPPRESSED: 3}
    assert lantern.app.issues.get(issue).state is IssueState.SENT


def test_who_left_one_list_still_gets_the_letter_of_the_other(lantern: Studio) -> None:
    lantern.readers("ada")
    lantern.readers("ada", list_name="friends")
    announced(lantern, PIER)
    on_friday(lantern)
    lantern.app.audience.unsubscribe("ada@reader.example", "readers", lantern.clock.now())
    deliver(lantern.app)
    assert lantern.letters() == ["ada@reader.example"]


def test_who_joins_after_the_planning_waits_for_the_next_issue(lantern: Studio) -> None:
    lantern.readers("ada")
    announced(lantern, PIER)
    on_friday(lantern)
    lantern.readers("late")
    deliver(lantern.app)
    assert lantern.letters() == ["ada@reader.example"]


# Promise 2


def test_a_second_sender_is_refused_and_the_tick_says_so(lantern: Studio) -> None:
    lantern.readers("ada")
    announced(lantern, PIER)
    on_friday(lantern)
    with sender_lock(lantern.app.database, lantern.clock.now()):
        done = lantern.tick()
    assert [type(fault) for fault in done.faults] == [SenderLockedError]
    assert not done.is_whole
    assert lantern.letters() == []
    lantern.tick()
    assert lantern.letters() == ["ada@reader.example"]


def test_a_letter_on_the_wire_when_its_sender_died_is_doubted_counted_and_sent_under_the_same_message_id(
    lantern: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    lantern.readers("ada", "bo")
    announced(lantern, PIER)
    issue = on_friday(lantern)
    write = OutboxMail._deliver

    def die_after_writing(self: OutboxMail, letter: object) -> Path:
        write(self, letter)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    monkeypatch.setattr(OutboxMail, "_deliver", die_after_writing)
    with pytest.raises(KeyboardInterrupt):
        deliver(lantern.app)
    monkeypatch.setattr(OutboxMail, "_deliver", write)
    (before,) = [mail["Message-ID"] for mail in lantern.mails()]
    lantern.clock.advance(MINUTE)
    with again(lantern) as heir:
        assert deliver(heir.app).in_doubt == 1
    assert lantern.letters() == ["ada@reader.example", "bo@reader.example"]
    assert before in [mail["Message-ID"] for mail in lantern.mails()]
    doubts = {each.recipient: each.doubts for each in lantern.app.deliveries.listed(issue=issue)}
    assert doubts == {"ada@reader.example": 1, "bo@reader.example": 0}


def test_mail_in_doubt_waits_for_a_person_where_the_editor_says_so(tmp_path: Path) -> None:
    with studio(tmp_path, ("  outbox: out/\nlists", "  outbox: out/\n  in_doubt: hold\nlists")) as lantern:
        lantern.readers("ada")
        announced(lantern, PIER)
        issue = on_friday(lantern)
        dead = lantern.app.ledger("dead")
        assert dead.claim_letters(issue, ["readers"], FRIDAY, may_receive)
        lantern.live(DAY, step=HOUR)
        assert lantern.letters() == []
        assert lantern.app.deliveries.counts(issue) == {S.IN_DOUBT: 1}


def test_a_channel_that_is_down_loses_nothing_tells_the_editor_once_and_recovers(lantern: Studio) -> None:
    lantern.readers("ada", "bo")
    announced(lantern, PIER)
    issue = on_friday(lantern)
    shutil.rmtree(lantern.folder / "out", ignore_errors=True)
    (lantern.folder / "out").write_text("a file where the folder should be")
    done = deliver(lantern.app)
    assert [type(fault) for fault in done.faults][:1] == [ChannelError]
    assert lantern.app.deliveries.counts(issue) == {S.PLANNED: 2}
    assert [each.name for each in lantern.app.incidents.open_ones()] == ["mail"]
    (lantern.folder / "out").unlink()
    lantern.tick()
    assert lantern.letters() == ["ada@reader.example", "bo@reader.example"]
    assert lantern.app.incidents.open_ones() == ()
    assert ["well again: the relay does not take our letters" in alert for alert in lantern.alerts()] == [True]


def test_a_restored_backup_stops_the_sending_and_tells_the_editor(lantern: Studio) -> None:
    lantern.readers("ada")
    announced(lantern, PIER)
    on_friday(lantern)
    _backup(lantern)
    deliver(lantern.app)
    assert lantern.letters() == ["ada@reader.example"]
    _restore(lantern)
    with again(lantern) as restored:
        lantern.clock.advance(HOUR)
        with pytest.raises(StoreError, match="restored backup"):
            deliver(restored.app)
        done = tick(restored.app)
        assert [type(fault) for fault in done.faults] == [StoreError]
    assert lantern.letters() == ["ada@reader.example"]
    assert ["sending has stopped" in alert for alert in lantern.alerts()] == [True]


def test_after_a_restore_was_accepted_nothing_that_may_have_gone_goes_by_itself(lantern: Studio) -> None:
    lantern.readers("ada")
    announced(lantern, PIER)
    _backup(lantern)
    lantern.clock.set(FRIDAY)
    later = Post(name="small-hours", published=FRIDAY - HOUR)
    lantern.feed(later, PIER, *HISTORY)
    lantern.live(2 * HOUR)
    assert lantern.posted() == [PIER.name, later.name]
    assert lantern.letters() == ["ada@reader.example"]
    _restore(lantern)
    with again(lantern) as restored:
        restored.tick()
        accept_restore(restored.app)
        restored.live(DAY, step=HOUR)
        assert restored.app.deliveries.counts(1).get(S.SENT) is None
    assert lantern.letters() == ["ada@reader.example"]
    assert lantern.posted() == [PIER.name, later.name]


def _backup(lantern: Studio) -> None:
    with sqlite3.connect(lantern.folder / "syndicate.db") as source, sqlite3.connect(lantern.folder / "copy") as copy:
        source.backup(copy)


def _restore(lantern: Studio) -> None:
    lantern.app.database.close()
    for end in ("-wal", "-shm"):
        (lantern.folder / f"syndicate.db{end}").unlink(missing_ok=True)
    shutil.copyfile(lantern.folder / "copy", lantern.folder / "syndicate.db")


# Statuses


def test_statuses_go_oldest_first_and_as_far_apart_as_the_account_says(lantern: Studio) -> None:
    posts = [Post(name=f"premiere-{number}", published=WEDNESDAY + number * MINUTE) for number in (3, 2, 1)]
    lantern.begin(*HISTORY)
    lantern.feed(*posts, *HISTORY)
    seen = []
    for _ in range(12):
        lantern.live(15 * MINUTE)
        seen.append(len(lantern.posted()))
    assert lantern.posted() == ["premiere-1", "premiere-2", "premiere-3"]
    assert seen[:7] == [0, 1, 1, 2, 2, 3, 3]


def test_after_a_fortnights_absence_old_reviews_are_not_posted_and_say_why(lantern: Studio) -> None:
    lantern.begin(*HISTORY)
    lantern.clock.advance(14 * DAY)
    fresh = Post(name="fresh", published=lantern.clock.now() - DAY)
    lantern.feed(fresh, PIER, *HISTORY)
    lantern.tick()
    lantern.live(2 * HOUR)
    assert lantern.posted() == ["fresh"]
    told = {each.state: each.reply for each in lantern.app.statuses.listed()}
    assert "older than max_age (7d)" in (told[S.CANCELLED] or "")


def test_a_status_that_waited_until_it_was_too_old_is_not_posted(lantern: Studio) -> None:
    announced(lantern)
    lantern.app.set_paused(True)
    lantern.feed(PIER, *HISTORY)
    lantern.live(HOUR)
    lantern.clock.advance(8 * DAY)
    lantern.app.set_paused(False)
    lantern.tick()
    assert lantern.posted() == []
    assert [each.state for each in lantern.app.statuses.listed()] == [S.CANCELLED]


def test_a_held_review_is_not_posted_until_it_is_released(lantern: Studio) -> None:
    lantern.begin(*HISTORY)
    lantern.app.set_paused(True)
    lantern.feed(PIER, *HISTORY)
    lantern.live(HOUR)
    (entry,) = lantern.app.entries.listed(state=EntryState.READY)
    lantern.app.entries.hold(entry.id)
    lantern.app.set_paused(False)
    lantern.live(2 * HOUR)
    assert lantern.posted() == []
    lantern.app.entries.release(entry.id, lantern.clock.now())
    lantern.tick()
    assert lantern.posted() == [PIER.name]


# Pause


def test_nothing_leaves_while_paused_and_everything_after(lantern: Studio) -> None:
    lantern.readers("ada")
    lantern.begin(*HISTORY)
    lantern.app.set_paused(True)
    lantern.feed(PIER, *HISTORY)
    lantern.clock.set(FRIDAY - HOUR)
    ticks = lantern.live(2 * HOUR)
    assert any(polled.new for each in ticks for polled in each.polled)
    assert (lantern.letters(), lantern.posted()) == ([], [])
    assert [issue.state for issue in lantern.issues()] == [IssueState.FROZEN]
    lantern.app.set_paused(False)
    lantern.tick()
    assert (lantern.letters(), lantern.posted()) == (["ada@reader.example"], [PIER.name])


def test_a_pause_in_the_middle_of_an_issue_lets_only_what_was_claimed_go(lantern: Studio) -> None:
    lantern.readers("ada", "bo", "cy")
    announced(lantern, PIER)
    on_friday(lantern)
    deliver(lantern.app, progress=lambda *_: lantern.app.set_paused(True))
    assert lantern.letters() == ["ada@reader.example", "bo@reader.example"], "cy's was not claimed yet"
    lantern.app.set_paused(False)
    deliver(lantern.app)
    assert len(lantern.letters()) == 3


def test_asked_to_end_it_finishes_what_is_on_the_wire_and_claims_no_more(lantern: Studio) -> None:
    lantern.readers("ada", "bo", "cy")
    announced(lantern, PIER)
    issue = on_friday(lantern)
    deliver(lantern.app, progress=lambda *_: lantern.app.stop.set())
    assert lantern.app.deliveries.counts(issue) == {S.SENT: 2, S.PLANNED: 1}


# Promise 1


def test_every_review_seen_is_published_everywhere_or_parked_with_a_reason(lantern: Studio) -> None:
    lantern.readers("ada")
    lantern.begin(*HISTORY)
    posts = [Post(name=f"premiere-{number}", published=WEDNESDAY + number * MINUTE) for number in range(1, 6)]
    posts.append(Post(name="raffle", published=WEDNESDAY + 9 * MINUTE, title="Win tickets for the winter season"))
    lantern.feed(*posts, *HISTORY)
    lantern.live(4 * HOUR, step=30 * MINUTE)
    lantern.live(WEEK, step=6 * HOUR)
    carried = {name for issue in lantern.issues(IssueState.SENT) for name in lantern.films(issue)}
    posted = set(lantern.posted())
    for entry in lantern.app.entries.listed():
        name = (entry.link or "").rsplit("/", 1)[1].removesuffix(".html")
        published = name in carried and name in posted
        assert published or entry.state is EntryState.HISTORY or entry.reason, name
    assert carried == posted == {f"premiere-{number}" for number in range(1, 6)}


def test_the_whole_job_runs_on_either_database(tmp_path: Path, database_url: str) -> None:
    with studio(tmp_path, ("sqlite:///syndicate.db", database_url)) as lantern:
        lantern.readers("ada", "bo")
        announced(lantern, PIER)
        lantern.clock.set(FRIDAY)
        lantern.tick()
        lantern.live(timedelta(hours=1))
        assert lantern.letters() == ["ada@reader.example", "bo@reader.example"]
        assert lantern.posted() == [PIER.name]
        assert [issue.state for issue in lantern.issues()] == [IssueState.SENT]

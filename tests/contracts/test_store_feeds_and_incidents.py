"""FeedStore, IncidentStore and StatusStore: health that forgets nothing, alerts told once, statuses planned once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from syndicate.compose.model import StatusContent
from syndicate.delivery.model import DeliveryKey, DeliveryState
from syndicate.delivery.retry import Step
from syndicate.errors import NotFoundError
from syndicate.feeds.model import Validators
from syndicate.reviews.admission import Hold
from syndicate.reviews.model import Image
from syndicate.store.database import Database
from syndicate.store.entries import EntryStore
from syndicate.store.feeds import FeedHold, FeedStore
from syndicate.store.generation import Generation
from syndicate.store.incidents import IncidentStore
from syndicate.store.ledger import Ledger
from syndicate.store.statuses import StatusStore
from tests.contracts.build import HISTORY, HOUR, NOW, UNSETTLED, URL, at_once, planned_status, record, seen

S = DeliveryState


def test_a_feed_that_was_never_read_has_no_health(database: Database) -> None:
    health = FeedStore(database).health("reviews", URL)
    assert (health.validators, health.tried, health.parsed, health.held) == (Validators(), None, None, None)


def test_a_failure_keeps_the_validators_and_the_moment_of_the_last_good_reading(database: Database) -> None:
    feeds = FeedStore(database)
    record(database, seen("pier"))
    before = feeds.health("reviews", URL)
    assert feeds.record_failure("reviews", URL, "no answer", NOW + HOUR) == NOW + HOUR
    assert feeds.record_failure("reviews", URL, "still none", NOW + 2 * HOUR) == NOW + HOUR
    after = feeds.health("reviews", URL)
    assert (after.validators, after.parsed, after.succeeded) == (before.validators, NOW, NOW)
    assert (after.tried, after.failing_since, after.error) == (NOW + 2 * HOUR, NOW + HOUR, "still none")


def test_a_good_reading_ends_the_failing(database: Database) -> None:
    feeds = FeedStore(database)
    feeds.record_failure("reviews", URL, "no answer", NOW)
    record(database, now=NOW + HOUR)
    health = feeds.health("reviews", URL)
    assert (health.failing_since, health.error, health.title) == (None, None, "The Lantern")


def test_a_feed_at_a_new_address_is_read_in_full_but_is_no_first_run(database: Database) -> None:
    record(database, seen("pier"), held="novelty")
    health = FeedStore(database).health("reviews", "https://new.example/feed")
    assert (health.validators, health.parsed, health.held) == (Validators(), NOW, FeedHold.NOVELTY)


def test_after_a_restore_every_feed_is_held_with_what_had_not_settled(database: Database) -> None:
    feeds = FeedStore(database)
    (number,) = record(database, seen("pier", UNSETTLED))
    with database.write() as connection:
        feeds.hold_all(connection, FeedHold.RESTORED)
    health = feeds.health("reviews", URL)
    assert (health.held, health.validators) == (FeedHold.RESTORED, Validators())
    assert EntryStore(database).settle("reviews", NOW + HOUR) == ()
    assert EntryStore(database).get(number).reason == Hold.NOVELTY


def test_an_incident_is_opened_once_told_once_and_its_end_told_once(database: Database) -> None:
    incidents = IncidentStore(database)
    assert incidents.open("relay", "the relay refuses", NOW)
    assert not incidents.open("relay", "it still does", NOW + HOUR)
    (opened,) = incidents.untold(NOW + 2 * HOUR)
    assert (opened.text, opened.opened, opened.closed) == ("the relay refuses", NOW, None)
    incidents.told(opened, NOW)
    assert incidents.untold(NOW + 2 * HOUR) == ()
    assert incidents.close("relay", NOW + 2 * HOUR)
    assert not incidents.close("relay", NOW + 2 * HOUR)
    (closed,) = incidents.untold(NOW + 2 * HOUR)
    assert closed.closed == NOW + 2 * HOUR
    incidents.told(closed, NOW + 2 * HOUR)
    assert incidents.untold(NOW + 2 * HOUR) == incidents.open_ones() == ()


def test_an_incident_that_kept_its_own_mail_from_going_is_told_when_it_is_over(database: Database) -> None:
    incidents = IncidentStore(database)
    incidents.open("relay", "the relay refuses", NOW)
    incidents.close("relay", NOW + HOUR)
    (over,) = incidents.untold(NOW + HOUR)
    assert (over.opened, over.closed) == (NOW, NOW + HOUR)
    incidents.told(over, NOW + HOUR)
    assert incidents.untold(NOW + HOUR) == ()


def test_an_incident_long_over_that_nobody_could_be_told_of_is_no_news(database: Database) -> None:
    incidents = IncidentStore(database)
    incidents.open("relay", "the relay refuses", NOW)
    incidents.close("relay", NOW)
    assert incidents.untold(NOW + timedelta(days=8)) == ()


def test_an_incident_that_comes_back_is_told_again(database: Database) -> None:
    incidents = IncidentStore(database)
    incidents.open("relay", "the relay refuses", NOW)
    incidents.told(incidents.untold(NOW + 2 * HOUR)[0], NOW)
    incidents.close("relay", NOW)
    assert incidents.open("relay", "again", NOW + HOUR)
    assert [each.text for each in incidents.untold(NOW + 2 * HOUR)] == ["again"]
    assert [each.text for each in incidents.open_ones()] == ["again"]


def test_many_who_meet_the_same_trouble_at_once_open_one_incident(database_url: str) -> None:
    opened = at_once(database_url, *[lambda database: IncidentStore(database).open("relay", "down", NOW)] * 4)
    assert sorted(opened) == [False, False, False, True]


def test_a_review_has_one_status_on_an_account_though_two_feeds_carry_it(database: Database) -> None:
    statuses = StatusStore(database)
    record(database, seen("pier"))
    record(database, seen("pier"), feed="notes")
    first, second = statuses.unplanned("main", ["reviews", "notes"])
    assert statuses.plan(first, "main", state=S.PLANNED, reply=None, now=NOW)
    assert not statuses.plan(second, "main", state=S.PLANNED, reply=None, now=NOW)
    assert statuses.unplanned("main", ["reviews", "notes"]) == ()
    assert len(statuses.unplanned("other", ["reviews"])) == 1


def test_two_plannings_of_a_status_at_once_plan_one(database_url: str) -> None:
    with Database(database_url) as database:
        record(database, seen("pier"))
        (entry,) = StatusStore(database).unplanned("main", ["reviews"])
    planned = at_once(
        database_url,
        *[lambda database: StatusStore(database).plan(entry, "main", state=S.PLANNED, reply=None, now=NOW)] * 3,
    )
    assert sorted(planned) == [False, False, True]


def test_statuses_are_planned_oldest_review_first_and_only_of_what_is_announced(database: Database) -> None:
    record(database, seen("pier"), seen("quay", published=NOW - HOUR), seen("old", HISTORY))
    unplanned = StatusStore(database).unplanned("main", ["reviews"])
    assert [entry.guid for entry in unplanned] == ["tag:quay", "tag:pier"]


def test_a_held_review_is_passed_over_until_it_is_released(database: Database) -> None:
    statuses, entries = StatusStore(database), EntryStore(database)
    planned_status(database)
    (status,) = statuses.waiting("main")
    entries.hold(status.entry_id)
    assert statuses.waiting("main") == ()
    entries.release(status.entry_id, NOW)
    assert len(statuses.waiting("main")) == 1


def test_what_was_composed_comes_back_as_it_was(database: Database) -> None:
    statuses = StatusStore(database)
    key = DeliveryKey(planned_status(database))
    content = StatusContent(
        text="★★★½ “The Long Pier”",
        spoiler="Horror film",
        language="en",
        visibility="public",
        link="https://lantern.example/pier.html",
        image=Image(url="https://lantern.example/pier.jpg", alt="A pier."),
    )
    statuses.freeze(statuses.of_delivery(key).id, content)
    assert statuses.of_delivery(key).content == content


def test_the_last_status_that_may_have_gone_sets_the_spacing_and_a_refused_one_does_not(
    database: Database, generation: Generation
) -> None:
    statuses, ledger = StatusStore(database), Ledger(database, generation, "a")
    key = DeliveryKey(planned_status(database))
    assert statuses.last_touched("main") is None
    ledger.claim_status(key, NOW)
    assert statuses.last_touched("main") == NOW
    ledger.record(key, Step(state=S.DEFERRED, due=NOW + HOUR, reply="429"))
    assert statuses.last_touched("main") is None


def test_a_status_that_was_posted_is_not_given_up_any_more(database: Database, generation: Generation) -> None:
    statuses, ledger = StatusStore(database), Ledger(database, generation, "a")
    key = DeliveryKey(planned_status(database))
    ledger.claim_status(key, NOW)
    statuses.cancel(key, "too old")
    assert ledger.get(key).state is S.SENDING
    ledger.record(key, Step(state=S.DEFERRED, due=NOW + timedelta(minutes=1), reply="429"))
    statuses.cancel(key, "too old")
    assert (ledger.get(key).state, ledger.get(key).reply) == (S.CANCELLED, "too old")


def test_a_number_that_is_no_status_is_not_found(database: Database) -> None:
    with pytest.raises(NotFoundError, match="no status 7"):
        StatusStore(database).get(7)

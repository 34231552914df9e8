"""RelayStore: what each relay was given in the last 24 hours, and which of them rests."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import insert, select

from syndicate.audience.model import SuppressionReason
from syndicate.audience.policy import may_receive
from syndicate.delivery.manners import Rest
from syndicate.delivery.model import DeliveryKey
from syndicate.store.audience import AudienceStore
from syndicate.store.database import Database
from syndicate.store.generation import Generation
from syndicate.store.ledger import Claim, Ledger
from syndicate.store.relays import RelayStore
from syndicate.store.tables import relay_hours
from tests.contracts.build import HOUR, NOW, frozen

MICRO = timedelta(microseconds=1)
THIS_HOUR = NOW.replace(minute=0, second=0, microsecond=0)
UNTIL = NOW + HOUR
REST = Rest(until=UNTIL, because="550 5.7.1 blocked, for Ünter's sake")


def given(database: Database, relay: str, *hours: tuple[int, int]) -> RelayStore:
    """Let a relay have been given so many letters so many hours ago."""
    rows = [{"relay": relay, "hour": THIS_HOUR - ago * HOUR, "letters": letters} for ago, letters in hours]
    with database.write() as connection:
        connection.execute(insert(relay_hours), rows)
    return RelayStore(database)


def test_a_relay_that_was_given_nothing_was_given_none(database: Database) -> None:
    relays = RelayStore(database)
    assert (relays.given("main", NOW), relays.hours("main", NOW), relays.rest_of("main")) == (0, {}, None)


def test_an_hour_counts_as_long_as_a_letter_of_it_may_be_of_the_last_24(database: Database) -> None:
    relays = given(database, "main", (0, 1), (24, 10), (23, 100))
    given(database, "other", (0, 5000))
    assert relays.given("main", THIS_HOUR) == 111
    assert list(relays.hours("main", THIS_HOUR).values()) == [10, 100, 1], "the oldest first"
    assert relays.given("main", THIS_HOUR + HOUR - MICRO) == 111
    assert relays.given("main", THIS_HOUR + HOUR) == 101
    assert relays.given("main", THIS_HOUR + 25 * HOUR) == 0


def test_what_never_was_on_a_wire_counts_no_more(database: Database) -> None:
    relays = given(database, "main", (0, 10), (1, 7))
    given(database, "other", (0, 10))
    relays.take_back("main", 4, NOW)
    assert (relays.given("main", NOW), relays.given("other", NOW)) == (13, 10)


def test_what_was_counted_before_the_hour_turned_stays_counted(database: Database) -> None:
    relays = given(database, "main", (0, 3), (1, 7))
    relays.take_back("main", 5, NOW)
    assert relays.given("main", NOW) == 7
    relays.take_back("main", 5, NOW + HOUR)
    assert relays.given("main", NOW) == 7


def test_letters_are_counted_by_the_very_claim_for_as_many_as_were_claimed(
    database: Database, generation: Generation
) -> None:
    issue = frozen(database, "ada", "bo", "cy", "dee", "eve")
    AudienceStore(database).suppress("ada@reader.example", SuppressionReason.MANUAL, NOW)
    ledger, relays = Ledger(database, generation, "host:1:a"), RelayStore(database)

    def claimed(relay: str | None, most: int, now: datetime) -> list[DeliveryKey]:
        claim = Claim(
            issue=issue, lists=("readers",), judge=lambda _, facts: may_receive(facts), most=most, now=now, relay=relay
        )
        return [each.key for each in ledger.exchange((), claim).letters]

    late = THIS_HOUR + HOUR - MICRO
    assert len(claimed("main", 2, late)) == 1, "the suppressed one is not claimed, and not counted"
    assert len(claimed("main", 1, late + MICRO)) == 1
    assert len(claimed(None, 1, late + MICRO)) == 1, "a relay without a quota is not counted"
    assert relays.hours("main", late + HOUR) == {THIS_HOUR: 1, THIS_HOUR + HOUR: 1}
    assert len(claimed("main", 9, late + MICRO)) == 1
    assert claimed("main", 9, late + MICRO) == []
    assert relays.hours("main", late + HOUR) == {THIS_HOUR: 1, THIS_HOUR + HOUR: 2}


def test_what_counts_no_more_is_swept_away_and_nothing_else(database: Database) -> None:
    relays = given(database, "main", (24, 1), (25, 2), (90, 3))
    assert relays.sweep(THIS_HOUR) == 2
    with database.read() as connection:
        assert connection.execute(select(relay_hours.c.letters)).scalars().all() == [1]


def test_a_relay_rests_until_its_hour_and_the_rest_is_remembered_after_it(database: Database) -> None:
    relays = RelayStore(database)
    relays.rest("main", REST)
    assert relays.rest_of("main") == REST
    assert (relays.rests("main", UNTIL - MICRO), relays.rests("main", UNTIL)) == (True, False)
    assert not relays.rests("other", NOW)
    assert relays.rest_of("main") == REST


def test_a_second_rest_takes_the_place_of_the_first(database: Database) -> None:
    relays, second = RelayStore(database), Rest(until=UNTIL + HOUR, because="451 later")
    relays.rest("main", REST)
    relays.rest("main", second)
    assert relays.rest_of("main") == second


def test_a_rest_is_ended_by_hand_once(database: Database) -> None:
    relays = RelayStore(database)
    relays.rest("main", REST)
    relays.rest("other", REST)
    assert (relays.resume("main"), relays.resume("main")) == (True, False)
    assert (relays.rest_of("main"), relays.rest_of("other")) == (None, REST)


def test_only_a_rest_that_is_over_is_forgotten_by_itself(database: Database) -> None:
    relays = RelayStore(database)
    relays.rest("main", REST)
    assert not relays.resume("main", over_by=UNTIL - MICRO)
    assert relays.resume("main", over_by=UNTIL)

"""Limits hold across processes, a request ends without a trace of who never was a reader, one goodbye is enough."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from threading import Thread

import pytest
from sqlalchemy import Connection, func, insert, select, update

from syndicate.audience.model import Notice, SubscriptionState, SuppressionReason, What
from syndicate.delivery.model import DeliveryState
from syndicate.store import joining
from syndicate.store.audience import AudienceStore
from syndicate.store.database import Database
from syndicate.store.history import happened, history_of
from syndicate.store.limits import Limit, is_first_this_hour, is_full, sweep, take
from syndicate.store.notices import plan_notice
from syndicate.store.tables import deliveries, limits, subscribers, subscriptions
from tests.contracts.build import HOUR, NOW, at_once, people

ADA, BO, LIST = "ada@reader.example", "bo@reader.example", "readers"
MINUTE, DAY, WEEK = timedelta(minutes=1), timedelta(days=1), timedelta(days=7)
PROCESSES, TRIES, MOST = 8, 12, 25
TAKER = """
import sys
from datetime import datetime
from syndicate.store.database import Database
from syndicate.store.limits import Limit, take
now = datetime.fromisoformat(sys.argv[2])
with Database(sys.argv[1]) as database:
    print("ready", flush=True)
    sys.stdin.readline()
    own, all_of_us = Limit(key=f"network:{sys.argv[3]}", most=1000), Limit(key="world:all", most=int(sys.argv[5]))
    print(sum(take(database, (own, all_of_us), now) is None for _ in range(int(sys.argv[4]))))
"""


def test_eight_processes_at_once_pass_exactly_as_many_as_the_limit_says(database_url: str) -> None:
    given = [database_url, NOW.isoformat()]
    takers = [
        subprocess.Popen(
            [sys.executable, "-c", TAKER, *given, str(number % 2), str(TRIES), str(MOST)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(PROCESSES)
    ]
    for taker in takers:
        assert taker.stdout is not None
        assert taker.stdout.readline() == "ready\n"
    for taker in takers:
        assert taker.stdin is not None
        taker.stdin.write("go\n")
        taker.stdin.flush()
    passed = [int(taker.communicate(timeout=60)[0]) for taker in takers]
    assert sum(passed) == MOST
    with Database(database_url) as database, database.read() as connection:
        rows = connection.execute(select(limits.c.key, limits.c.count))
        counts = {key: int(number) for key, number in rows}
    assert counts.pop("world:all") == sum(counts.values()) == MOST, "what was refused is counted nowhere"


def taken(database: Database, limit: Limit, times: int, when: timedelta = timedelta(0)) -> int:
    """Ask so many times at a moment after NOW, and return how often there was room."""
    return sum(take(database, [limit], NOW + when) is None for _ in range(times))


def test_an_hour_slides(database: Database) -> None:
    limit = Limit(key="network:a", most=10)
    assert taken(database, limit, 12, 50 * MINUTE) == 10
    assert taken(database, limit, 12, HOUR) == 0
    assert taken(database, limit, 12, HOUR + 30 * MINUTE) == 5
    assert taken(database, limit, 12, 2 * HOUR + 30 * MINUTE) == 7
    assert taken(database, limit, 12, 5 * HOUR) == 10


def test_a_full_limit_is_named_and_keeps_the_others_as_they_were(database: Database) -> None:
    one, other = Limit(key="address:a", most=1), Limit(key="network:a", most=5)
    assert take(database, [one, other], NOW) is None
    assert take(database, [one, other], NOW) == one
    assert is_full(database, one, NOW)
    assert not is_full(database, one, NOW + 2 * HOUR)
    assert taken(database, other, 9) == 4


def test_something_is_said_once_an_hour(database: Database) -> None:
    said = [is_first_this_hour(database, "told:network", NOW + each * 20 * MINUTE) for each in range(6)]
    assert said == [True, False, False, True, False, False]


def test_old_hours_are_swept_and_young_ones_stay(database: Database) -> None:
    limit = Limit(key="network:a", most=10)
    for hours in range(4):
        taken(database, limit, 1, hours * HOUR)
    assert sweep(database, NOW + 3 * HOUR) == 2
    assert sweep(database, NOW + 3 * HOUR) == 0


def ask(database: Database, address: str, *, when: timedelta = timedelta(0), list_name: str = LIST) -> int:
    """Ask to join as a form would, and return the subscriber's number."""
    now = NOW + when
    with database.write() as connection:
        reader = joining.enrol(connection, address, now)
        joining.save_request(connection, reader.id, list_name, now)
        happened(connection, address, What.ASKED, now, list_name=list_name)
        plan_notice(connection, reader.id, (list_name,), Notice.CONFIRM, now)
    return reader.id


def expire(database: Database, when: timedelta) -> int:
    with database.write() as connection:
        return joining.expire_requests(connection, NOW + when - WEEK, NOW + when)


def count(database: Database, table: object) -> int:
    with database.read() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())  # type: ignore[arg-type]


def test_many_who_ask_at_once_are_one_subscriber(database_url: str) -> None:
    spellings = [ADA, ADA.upper(), "Ada@reader.example"] * 2
    assert len(set(at_once(database_url, *(partial(ask, address=each) for each in spellings)))) == 1


def test_a_request_that_nobody_confirms_ends_and_leaves_no_address(database: Database) -> None:
    ask(database, ADA)
    assert expire(database, WEEK - MINUTE) == 0
    assert expire(database, WEEK) == 1
    assert [count(database, table) for table in (subscribers, subscriptions, deliveries)] == [0, 0, 0]
    with database.read() as connection:
        assert history_of(connection, ADA) == ()


def test_who_asks_again_has_the_whole_time_again(database: Database) -> None:
    ask(database, ADA)
    ask(database, ADA, when=3 * DAY)
    assert expire(database, 9 * DAY) == 0
    assert expire(database, 10 * DAY) == 1


def test_a_reader_whom_an_import_left_unconfirmed_stays_whoever_asks_for_them(database: Database) -> None:
    people(database, LIST, "ada")
    with database.write() as connection:
        connection.execute(update(subscriptions).values(state=SubscriptionState.UNCONFIRMED))
    ask(database, ADA, when=DAY)
    assert expire(database, 20 * DAY) == 0
    assert count(database, subscriptions) == 1


@pytest.mark.parametrize("state", [DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.SUPPRESSED], ids=str)
def test_a_stranger_who_was_asked_in_vain_leaves_no_trace(database: Database, state: DeliveryState) -> None:
    ask(database, ADA)
    with database.write() as connection:
        connection.execute(update(deliveries).values(state=state, first_tried=NOW, tried=NOW))
    assert expire(database, WEEK) == 1
    assert [count(database, table) for table in (subscribers, subscriptions, deliveries)] == [0, 0, 0]


@pytest.mark.parametrize("state", [DeliveryState.SENDING, DeliveryState.IN_DOUBT], ids=str)
def test_a_question_that_may_be_on_a_wire_stays_in_the_ledger(database: Database, state: DeliveryState) -> None:
    ask(database, ADA)
    with database.write() as connection:
        connection.execute(update(deliveries).values(state=state, first_tried=NOW, tried=NOW))
    assert expire(database, WEEK) == 1
    assert [count(database, table) for table in (subscribers, subscriptions, deliveries)] == [1, 0, 1]


def test_who_is_on_another_list_or_suppressed_is_not_erased(database: Database) -> None:
    people(database, "friends", "bo")
    ask(database, BO)
    ask(database, ADA)
    AudienceStore(database).suppress(ADA, SuppressionReason.HARD_BOUNCE, NOW)
    assert expire(database, WEEK) == 2
    assert (count(database, subscribers), count(database, subscriptions)) == (2, 1)


@contextmanager
def meanwhile(database: Database, work: Callable[[], object]) -> Iterator[Connection]:
    """Give a transaction; once the block is left, and before it is committed, begin a work that has to wait for it."""
    other = Thread(target=work)
    with database.write() as connection:
        yield connection
        other.start()
        other.join(0.3)  # it waits by then, or else came first: both must be well
    other.join()


def test_who_confirms_while_requests_expire_is_on_the_list_and_nothing_says_otherwise(database: Database) -> None:
    number = ask(database, ADA)
    with meanwhile(database, partial(expire, database, WEEK)) as connection:
        reader = joining.enrol(connection, ADA, NOW)
        was = joining.subscriptions_of(connection, number)[LIST]
        assert joining.save_confirmed(connection, reader.id, LIST, was, NOW + WEEK)
    with database.read() as connection:
        assert joining.subscriptions_of(connection, number)[LIST].state is SubscriptionState.CONFIRMED
        assert What.EXPIRED not in {each.what for each in history_of(connection, ADA)}


def test_a_question_that_is_claimed_while_requests_expire_stays_in_the_ledger(database: Database) -> None:
    ask(database, ADA)
    with meanwhile(database, partial(expire, database, WEEK)) as connection:
        connection.execute(update(deliveries).values(state=DeliveryState.SENDING, owner="me"))
    assert count(database, deliveries) == 1


def test_requests_expire_in_batches(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joining, "BATCH", 4)
    for number in range(6):
        ask(database, f"reader{number}@reader.example")
    assert [expire(database, WEEK) for _ in range(3)] == [4, 2, 0]
    assert count(database, subscribers) == 0


def test_leaving_all_writes_a_line_a_list_and_a_second_time_none(database: Database) -> None:
    audience = AudienceStore(database)
    for name in ("readers", "friends"):
        people(database, name, "ada")
    audience.unsubscribe(ADA, "friends", NOW, how="by hand")
    number = audience.find(ADA).id
    for expected in (("readers",), ()):
        with database.write() as connection:
            assert joining.leave_all(connection, number, "complaint", NOW + HOUR) == expected
    with database.read() as connection:
        told = [(each.what, each.list_name, each.note) for each in history_of(connection, ADA)]
    assert told == [(What.LEFT, "friends", "by hand"), (What.LEFT, "readers", "complaint")]


def test_nobody_leaves_who_is_not_there(database: Database) -> None:
    with database.write() as connection:
        assert joining.leave_all(connection, 4711, "complaint", NOW) == ()


def test_a_decision_made_on_what_has_changed_since_confirms_nothing(database: Database) -> None:
    number = ask(database, ADA)
    with database.read() as connection:
        seen = joining.subscriptions_of(connection, number)[LIST]
    AudienceStore(database).unsubscribe(ADA, LIST, NOW + HOUR)
    with database.write() as connection:
        assert not joining.save_confirmed(connection, number, LIST, seen, NOW + HOUR)
        assert not joining.save_confirmed(connection, number, LIST, None, NOW + HOUR)
        now_seen = joining.subscriptions_of(connection, number)[LIST]
        assert joining.save_confirmed(connection, number, LIST, now_seen, NOW + HOUR)


def test_notices_count_while_they_wait_and_for_a_while_after_they_were_tried(database: Database) -> None:
    number = ask(database, ADA)
    reader = AudienceStore(database).find(ADA)

    def counted(since: timedelta) -> int:
        with database.read() as connection:
            return joining.notices_since(connection, reader, Notice.CONFIRM, NOW + since)

    assert counted(9 * DAY) == 1
    with database.write() as connection:
        connection.execute(update(deliveries).values(state=DeliveryState.SENT, tried=NOW))
        connection.execute(
            insert(deliveries).values(
                subscriber_id=number, list=LIST, notice=Notice.ALREADY, state=DeliveryState.PLANNED
            )
        )
    assert (counted(-DAY), counted(MINUTE)) == (1, 0)

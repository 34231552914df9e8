"""Subscribers, their subscriptions, and the suppressions that outweigh them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, func, select, update

from syndicate.audience.addresses import address_key
from syndicate.audience.model import (
    ImportReport,
    NewSubscriber,
    Subscriber,
    Subscription,
    SubscriptionState,
    SuppressionReason,
    What,
)
from syndicate.errors import NotFoundError
from syndicate.store.database import Database, insert_if_absent
from syndicate.store.history import happened
from syndicate.store.joining import leave
from syndicate.store.tables import subscribers, subscriptions, suppressions

BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """An address that must not be mailed, since when and why."""

    address: str
    reason: SuppressionReason
    since: datetime


class AudienceStore:
    """The rows of `subscribers`, `subscriptions` and `suppressions`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self, people: Iterable[NewSubscriber], list_name: str, now: datetime, *, dry_run: bool = False
    ) -> Iterator[ImportReport]:
        """Put people on a list, and yield a running report after each batch; each batch is committed.

        Someone who left the list stays out, and someone suppressed stays suppressed: an import is not a wish
        to come back. Who is said to have left (`state`) is recorded so, and leaves a list that has them: of two
        words on a reader the one that mails nobody holds. The last report is the whole account.
        """
        total = ImportReport(added=0, already=0, kept_out=0)
        rest = iter(people)
        while batch := list(islice(rest, BATCH)):
            with self._database.write() as connection:
                counted = self._join(connection, batch, list_name, now)
                if dry_run:
                    connection.rollback()
            total = ImportReport(
                added=total.added + counted.added,
                already=total.already + counted.already,
                kept_out=total.kept_out + counted.kept_out,
            )
            yield total

    def unsubscribe(self, address: str, list_name: str | None, now: datetime, *, how: str = "") -> int:
        """Take an address off a list, or with None off every list; return how many subscriptions ended."""
        person = self.find(address)
        with self._database.write() as connection:
            return len(leave(connection, person, None if list_name is None else [list_name], how, now))

    def resubscribe(self, address: str, list_name: str, now: datetime, *, how: str = "") -> None:
        """Confirm a subscription, also one that had ended: a person asked for it."""
        person = self.find(address)
        with self._database.write() as connection:
            connection.execute(
                update(subscriptions)
                .where(subscriptions.c.subscriber_id == person.id, subscriptions.c.list == list_name)
                .values(state=SubscriptionState.CONFIRMED, since=now)
            )
            happened(connection, person.address, What.CONFIRMED, now, list_name=list_name, note=how)

    def suppress(self, address: str, reason: SuppressionReason, now: datetime, *, how: str = "") -> None:
        """Never mail an address again, known or not, on any list."""
        row = insert_if_absent(self._database, suppressions).values(
            address_key=address_key(address), reason=reason, since=now
        )
        with self._database.write() as connection:
            if connection.execute(row.on_conflict_do_nothing().returning(suppressions.c.since)).first():
                note = f"{reason}, {how}" if how else reason
                happened(connection, address, What.SUPPRESSED, now, note=note)

    def unsuppress(self, address: str, now: datetime, *, how: str = "") -> bool:
        """Take a suppression back; False where there was none."""
        gone = delete(suppressions).where(suppressions.c.address_key == address_key(address))
        with self._database.write() as connection:
            was_there = connection.execute(gone).rowcount == 1
            if was_there:
                happened(connection, address, What.RELEASED, now, note=how)
        return was_there

    def suppression(self, address: str) -> Suppression | None:
        """Return why an address must not be mailed, or None."""
        query = select(suppressions).where(suppressions.c.address_key == address_key(address))
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        return Suppression(address=address, reason=SuppressionReason(row.reason), since=row.since)

    def suppressed(self, addresses: Sequence[str]) -> dict[str, SuppressionReason]:
        """Return which of these addresses must not be mailed, by key (address_key), and why."""
        keys = [address_key(address) for address in addresses]
        query = select(suppressions.c.address_key, suppressions.c.reason).where(suppressions.c.address_key.in_(keys))
        with self._database.read() as connection:
            return {key: SuppressionReason(reason) for key, reason in connection.execute(query)}

    def find(self, address: str) -> Subscriber:
        """Return a subscriber by address, whatever its case; NotFoundError where there is none."""
        query = select(subscribers).where(subscribers.c.address_key == address_key(address))
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            raise NotFoundError(f"{address} is no subscriber", hint="syndicate subscribers list")
        return _subscriber(row)

    def subscriptions_of(self, subscriber: int) -> tuple[Subscription, ...]:
        """Return a subscriber's subscriptions, by list name."""
        query = select(subscriptions).where(subscriptions.c.subscriber_id == subscriber).order_by(subscriptions.c.list)
        with self._database.read() as connection:
            return tuple(
                Subscription(list_name=row.list, state=SubscriptionState(row.state), since=row.since)
                for row in connection.execute(query)
            )

    def lists_of(self, subscriber: int, lists: Sequence[str]) -> tuple[str, ...]:
        """Return on which of these lists a subscriber is confirmed, in the order given."""
        confirmed = {
            each.list_name for each in self.subscriptions_of(subscriber) if each.state is SubscriptionState.CONFIRMED
        }
        return tuple(name for name in lists if name in confirmed)

    def members(
        self, list_name: str, *, state: SubscriptionState | None = None
    ) -> Iterator[tuple[Subscriber, Subscription]]:
        """Yield the people of a list by pages, in the order of their numbers; memory does not grow with them."""
        last = 0
        while page := self._page(list_name, state, last):
            yield from page
            last = page[-1][0].id

    def count(self, list_name: str) -> dict[SubscriptionState, int]:
        """Return how many subscriptions of a list stand where."""
        query = (
            select(subscriptions.c.state, func.count())
            .where(subscriptions.c.list == list_name)
            .group_by(subscriptions.c.state)
        )
        with self._database.read() as connection:
            return {SubscriptionState(state): number for state, number in connection.execute(query)}

    def _page(
        self, list_name: str, state: SubscriptionState | None, after: int
    ) -> list[tuple[Subscriber, Subscription]]:
        query: Select[Any] = (
            select(subscribers, subscriptions.c.state, subscriptions.c.since)
            .join(subscriptions, subscriptions.c.subscriber_id == subscribers.c.id)
            .where(subscriptions.c.list == list_name, subscribers.c.id > after)
            .order_by(subscribers.c.id)
            .limit(BATCH)
        )
        if state is not None:
            query = query.where(subscriptions.c.state == state)
        with self._database.read() as connection:
            return [_member(row, list_name) for row in connection.execute(query)]

    def _join(
        self, connection: Connection, batch: Sequence[NewSubscriber], list_name: str, now: datetime
    ) -> ImportReport:
        """Put a batch of people on a list, in a handful of statements however many they are."""
        people: dict[str, NewSubscriber] = {}
        for person in batch:
            people.setdefault(address_key(person.address), person)
        numbers = self._numbers(connection, people, now)
        states = {number: people[key].state for key, number in numbers.items()}
        rows = [
            {"subscriber_id": number, "list": list_name, "state": state, "since": now}
            for number, state in sorted(states.items())
        ]
        insert = insert_if_absent(self._database, subscriptions).on_conflict_do_nothing()
        fresh = set(connection.execute(insert.returning(subscriptions.c.subscriber_id), rows).scalars())
        out = {number for number in fresh if states[number] is SubscriptionState.UNSUBSCRIBED}
        out |= _kept_out(connection, list_name, {key: at for key, at in states.items() if key not in fresh}, now)
        added = len(fresh - out)
        return ImportReport(added=added, already=len(batch) - added - len(out), kept_out=len(out))

    def _numbers(self, connection: Connection, people: Mapping[str, NewSubscriber], now: datetime) -> dict[str, int]:
        """Return the number of each person by key; who is new gets one. In one order, so that no two imports wait."""
        rows = [
            {"address": people[key].address, "address_key": key, "name": people[key].name, "added": now}
            for key in sorted(people)
        ]
        columns = (subscribers.c.address_key, subscribers.c.id)
        insert = insert_if_absent(self._database, subscribers).on_conflict_do_nothing()
        numbers = {key: int(number) for key, number in connection.execute(insert.returning(*columns), rows)}
        known = [key for key in people if key not in numbers]
        if known:
            query = select(*columns).where(subscribers.c.address_key.in_(known))
            numbers |= {key: int(number) for key, number in connection.execute(query)}
        return numbers


def _kept_out(connection: Connection, list_name: str, said: Mapping[int, SubscriptionState], now: datetime) -> set[int]:
    """Return who of those that were on the list before is out; who is said to have left leaves it now."""
    if not said:
        return set()
    here = (subscriptions.c.list == list_name, subscriptions.c.subscriber_id.in_(list(said)))
    query = select(subscriptions.c.subscriber_id, subscriptions.c.state).where(*here)
    states: dict[int, str] = dict(iter(connection.execute(query)))
    left = [number for number, state in said.items() if state is SubscriptionState.UNSUBSCRIBED]
    leaving = [number for number in left if states.get(number) != SubscriptionState.UNSUBSCRIBED]
    if leaving:
        gone = update(subscriptions).where(
            subscriptions.c.list == list_name, subscriptions.c.subscriber_id.in_(leaving)
        )
        connection.execute(gone.values(state=SubscriptionState.UNSUBSCRIBED, since=now))
    return {number for number, state in states.items() if state == SubscriptionState.UNSUBSCRIBED} | set(leaving)


def _subscriber(row: Row[Any]) -> Subscriber:
    return Subscriber(id=row.id, address=row.address, name=row.name, added=row.added)


def _member(row: Row[Any], list_name: str) -> tuple[Subscriber, Subscription]:
    subscription = Subscription(list_name=list_name, state=SubscriptionState(row.state), since=row.since)
    return _subscriber(row), subscription

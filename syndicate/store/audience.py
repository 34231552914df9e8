"""Subscribers, their subscriptions, and the suppressions that outweigh them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import Row, Select, delete, func, select, update

from syndicate.audience.addresses import address_key
from syndicate.audience.model import (
    ImportReport,
    Landing,
    NewSubscriber,
    Subscriber,
    Subscription,
    SubscriptionState,
    SuppressionReason,
    What,
)
from syndicate.audience.tokens import Keyring, forgotten_keys
from syndicate.errors import NotFoundError
from syndicate.store.arrivals import Landed, arriving
from syndicate.store.database import Database, insert_if_absent
from syndicate.store.history import happened
from syndicate.store.joining import leave
from syndicate.store.suppressing import outweighing
from syndicate.store.tables import subscribers, subscriptions, suppressions

BATCH = 500
EXAMPLES = 3
"""How many addresses of each kind a report names."""


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
        self,
        people: Iterable[NewSubscriber],
        list_name: str,
        now: datetime,
        *,
        dry_run: bool = False,
        source: str = "an import",
        keyring: Keyring | None = None,
    ) -> Iterator[ImportReport]:
        """Put people on a list, and yield a running report after each thousand; each is committed then.

        All of them are read before the first is put anywhere. Someone who left the list stays out, and someone
        suppressed stays suppressed: an import is not a wish to come back. Who is said to have left is recorded so,
        and leaves a list that has them: of two words on a reader, in the file or here, the one that mails nobody
        holds. With a keyring, who was forgotten is not taken in. `source` names the file in the history of those
        who left or are suppressed. The last report is the whole account; no people, no report.
        """
        with arriving(self._database) as arrivals:
            tally = _Tally(readers=arrivals.stage(people))
            for landed in arrivals.land(list_name, now, source=source, keyring=keyring, dry_run=dry_run):
                yield tally.report(landed)

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
            if connection.execute(outweighing(row, reason).returning(suppressions.c.since)).first():
                note = f"{reason}, {how}" if how else reason
                happened(connection, address, What.SUPPRESSED, now, note=note)

    def unsuppress(self, address: str, now: datetime, *, how: str = "", keyring: Keyring | None = None) -> bool:
        """Take a suppression back, with a keyring that of a forgotten address too; False where there was none."""
        gone = delete(suppressions).where(suppressions.c.address_key.in_(_keys(address, keyring)))
        with self._database.write() as connection:
            was_there = connection.execute(gone).rowcount > 0
            if was_there:
                happened(connection, address, What.RELEASED, now, note=how)
        return was_there

    def suppression(self, address: str, *, keyring: Keyring | None = None) -> Suppression | None:
        """Return why an address must not be mailed, or None; with a keyring also that it was forgotten."""
        query = select(suppressions).where(suppressions.c.address_key.in_(_keys(address, keyring)))
        with self._database.read() as connection:
            row = connection.execute(query).first()
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

    def with_suppressions(
        self, list_name: str, *, state: SubscriptionState | None = None
    ) -> Iterator[tuple[Subscriber, Subscription | None, SuppressionReason | None]]:
        """Yield the people of a list with why their address is not mailed, by pages.

        Without a `state`, then also every other suppressed address, as a subscriber without a subscription: whoever
        moves house takes along who must not be mailed. Who was forgotten is not among them.
        """
        people = self.members(list_name, state=state)
        while page := list(islice(people, BATCH)):
            suppressed = self.suppressed([person.address for person, _ in page])
            for person, link in page:
                yield person, link, suppressed.get(address_key(person.address))
        last = None if state else ""
        while last is not None and (rows := self._suppressed_elsewhere(list_name, last)):
            for row in rows:
                person = Subscriber(
                    id=row.id or 0, address=row.address or row.key, name=row.name or "", added=row.since
                )
                yield person, None, SuppressionReason(row.reason)
            last = rows[-1].key

    def count(self, list_name: str) -> dict[SubscriptionState, int]:
        """Return how many subscriptions of a list stand where."""
        query = (
            select(subscriptions.c.state, func.count())
            .where(subscriptions.c.list == list_name)
            .group_by(subscriptions.c.state)
        )
        with self._database.read() as connection:
            return {SubscriptionState(state): number for state, number in connection.execute(query)}

    def count_suppressed(self, list_name: str) -> int:
        """Return how many of a list's confirmed readers have a suppressed address, and so are not mailed."""
        query = (
            select(func.count())
            .select_from(subscriptions)
            .join(subscribers, subscribers.c.id == subscriptions.c.subscriber_id)
            .join(suppressions, suppressions.c.address_key == subscribers.c.address_key)
            .where(subscriptions.c.list == list_name, subscriptions.c.state == SubscriptionState.CONFIRMED)
        )
        with self._database.read() as connection:
            return int(connection.execute(query).scalar_one())

    def _suppressed_elsewhere(self, list_name: str, after: str) -> list[Row[Any]]:
        """Return a page of the suppressed addresses that are not on a list, by their keys."""
        on_list = select(subscriptions.c.subscriber_id).where(
            subscriptions.c.list == list_name, subscriptions.c.subscriber_id == subscribers.c.id
        )
        query: Select[Any] = (
            select(
                suppressions.c.address_key.label("key"),
                suppressions.c.reason,
                suppressions.c.since,
                subscribers.c.id,
                subscribers.c.address,
                subscribers.c.name,
            )
            .outerjoin(subscribers, subscribers.c.address_key == suppressions.c.address_key)
            .where(
                suppressions.c.address_key > after,
                suppressions.c.reason != SuppressionReason.FORGOTTEN,
                ~on_list.exists(),
            )
            .order_by(suppressions.c.address_key)
            .limit(BATCH)
        )
        with self._database.read() as connection:
            return list(connection.execute(query))

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


class _Tally:
    """What became of the readers of an import so far."""

    def __init__(self, *, readers: int) -> None:
        self._readers = readers
        self._counts: Counter[Landing] = Counter()
        self._examples: dict[Landing, tuple[str, ...]] = {}

    def report(self, landed: Iterable[Landed]) -> ImportReport:
        """Count some more, and return the account."""
        for each in landed:
            self._counts[each.where] += 1
            if self._counts[each.where] <= EXAMPLES:
                self._examples[each.where] = (*self._examples.get(each.where, ()), each.address)
        return ImportReport(counts=dict(self._counts), examples=dict(self._examples), readers=self._readers)


def _keys(address: str, keyring: Keyring | None) -> list[str]:
    """Return the keys under which an address may be suppressed."""
    return [address_key(address), *(forgotten_keys(keyring, address) if keyring else ())]


def _subscriber(row: Row[Any]) -> Subscriber:
    return Subscriber(id=row.id, address=row.address, name=row.name, added=row.added)


def _member(row: Row[Any], list_name: str) -> tuple[Subscriber, Subscription]:
    subscription = Subscription(list_name=list_name, state=SubscriptionState(row.state), since=row.since)
    return _subscriber(row), subscription

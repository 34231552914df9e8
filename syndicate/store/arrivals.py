"""An import on its way in: first into a table of its own, where a reader who stands in the file twice becomes one.

The table is temporary, so it is nobody else's, locks nobody out, and takes disk instead of memory. From it readers go
to their lists by the thousand, a transaction each, so that a sender in the same database never waits long.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Integer,
    MetaData,
    Row,
    String,
    Table,
    Text,
    case,
    delete,
    false,
    func,
    insert,
    literal,
    select,
    update,
)

from syndicate.audience.addresses import address_key
from syndicate.audience.arriving import landing
from syndicate.audience.model import Landing, NewSubscriber, SubscriptionState, SuppressionReason, What
from syndicate.audience.tokens import Keyring, forgotten_keys
from syndicate.store.database import Database, explained, insert_if_absent
from syndicate.store.tables import UtcDateTime, history, subscribers, subscriptions, suppressions

STAGED, MOVED = 5_000, 2_000
"""How many go into the table, and from it to a list, at once."""
_REQUEST = SuppressionReason.REQUEST
_ON, _WAITS, _LEFT = SubscriptionState.CONFIRMED, SubscriptionState.UNCONFIRMED, SubscriptionState.UNSUBSCRIBED
_RANKS = {state: rank for rank, state in enumerate((None, _ON, _WAITS, _LEFT))}
"""By how little each mails."""

arrivals = Table(
    "arrivals",
    MetaData(),
    Column("key", Text, primary_key=True),
    Column("number", Integer, nullable=False, index=True),
    Column("address", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("state", String),
    Column("rank", Integer, nullable=False),
    Column("suppression", String),
    Column("since", UtcDateTime),
    prefixes=["TEMPORARY"],
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Landed:
    """One reader of an import, and what became of them."""

    address: str
    where: Landing


class Arrivals:
    """The readers of one import, waiting to be put on a list."""

    def __init__(self, database: Database, connection: Connection) -> None:
        self._database, self._connection = database, connection
        self._last = 0

    def stage(self, people: Iterable[NewSubscriber]) -> int:
        """Take in all that a file says, and return how many readers it names."""
        rest, number = iter(people), 0
        statement = _merging(self._database)
        while batch := list(islice(rest, STAGED)):
            rows = [_staged(person, at) for at, person in enumerate(batch, number)]
            with self._connection.begin():
                self._connection.execute(statement, rows)
            number += len(batch)
        self._last = number
        return int(self._connection.execute(select(func.count()).select_from(arrivals)).scalar_one())

    def land(
        self, list_name: str, now: datetime, *, source: str, keyring: Keyring | None, dry_run: bool
    ) -> Iterator[list[Landed]]:
        """Put everybody on a list, and yield what became of them by the thousand; each yield is committed."""
        self._connection.rollback()
        self._connection.execution_options(syndicate_write=True)
        for first in range(0, self._last, MOVED):
            with self._connection.begin() as transaction:
                move = _Move(self._database, self._connection, first, list_name, now, source)
                landed = move.run(keyring)
                if dry_run:
                    transaction.rollback()
            yield landed


@contextmanager
def arriving(database: Database) -> Iterator[Arrivals]:
    """Give an empty table for one import, gone at the end."""
    with explained(database), database.engine.connect() as connection:
        try:
            with connection.begin():
                arrivals.create(connection)
            yield Arrivals(database, connection)
        finally:
            connection.invalidate()  # the temporary table goes with its connection, whatever state that is in


class _Move:
    """One thousand on their way from the table to a list, in the caller's transaction."""

    def __init__(
        self, database: Database, connection: Connection, first: int, list_name: str, now: datetime, source: str
    ) -> None:
        self._database, self._connection = database, connection
        self._here = arrivals.c.number.between(first, first + MOVED - 1)
        self._list, self._now, self._source = list_name, now, source

    def run(self, keyring: Keyring | None) -> list[Landed]:
        """Return what became of each, in the order of the file."""
        forgotten = self._turn_away(keyring) if keyring else []
        self._suppress()
        fresh = self._join()
        rows = self._connection.execute(self._facts()).all()
        leaving = [row for row in rows if row.said == _LEFT and row.held != _LEFT]
        self._quieten(leaving, _LEFT)
        self._quieten(
            [row for row in rows if row.said == _WAITS and row.held == _ON and not row.confirmed_here], _WAITS
        )
        self._remember([*leaving, *(row for row in rows if row.said == _LEFT and row.subscriber in fresh)])
        landed = (Landed(address=row.address, where=_landing(row, row.subscriber in fresh)) for row in rows)
        return [*forgotten, *landed]

    def _turn_away(self, keyring: Keyring) -> list[Landed]:
        """Drop who was forgotten: an HMAC of them is all that is here, and all that shall be."""
        forgotten = suppressions.c.reason == SuppressionReason.FORGOTTEN
        if self._connection.execute(select(suppressions.c.address_key).where(forgotten).limit(1)).first() is None:
            return []
        rows = self._connection.execute(select(arrivals.c.key, arrivals.c.address).where(self._here)).all()
        hidden = {hmac: row for row in rows for hmac in forgotten_keys(keyring, row.key)}
        found = select(suppressions.c.address_key).where(suppressions.c.address_key.in_(list(hidden)))
        gone = {hidden[hmac].key: hidden[hmac].address for hmac in self._connection.execute(found).scalars()}
        self._connection.execute(delete(arrivals).where(arrivals.c.key.in_(list(gone))))
        return [Landed(address=address, where=Landing.FORGOTTEN) for address in gone.values()]

    def _suppress(self) -> None:
        """Suppress the addresses that left, bounced or complained elsewhere.

        A reason that is here already stays, but that every other one outweighs a request (suppressing.outweighing).
        """
        said = (
            select(arrivals.c.key, arrivals.c.suppression, self._since(), literal(self._source))
            .where(self._here, arrivals.c.suppression.is_not(None))
            .order_by(arrivals.c.key)
        )
        columns = ["address_key", "reason", "since", "note"]
        row = insert_if_absent(self._database, suppressions).from_select(columns, said)
        statement = row.on_conflict_do_update(
            index_elements=["address_key"],
            set_={"reason": row.excluded.reason, "since": row.excluded.since, "note": row.excluded.note},
            where=(suppressions.c.reason == _REQUEST) & (row.excluded.reason != _REQUEST),
        )
        new = self._connection.execute(statement.returning(suppressions.c.address_key, suppressions.c.reason)).all()
        rows = [self._line(row.address_key, What.SUPPRESSED, None, f"{row.reason}, {self._source}") for row in new]
        if rows:
            self._connection.execute(insert(history), rows)

    def _join(self) -> set[int]:
        """Make the subscribers and subscriptions that are not here, in one order; return whose subscription is new."""
        people = (
            select(arrivals.c.address, arrivals.c.key, arrivals.c.name, self._at())
            .where(self._here, arrivals.c.state.is_not(None))
            .order_by(arrivals.c.key)
        )
        columns = ["address", "address_key", "name", "added"]
        statement = insert_if_absent(self._database, subscribers).from_select(columns, people)
        self._connection.execute(statement.on_conflict_do_nothing())
        links = (
            select(subscribers.c.id, literal(self._list), arrivals.c.state, self._since())
            .join_from(arrivals, subscribers, subscribers.c.address_key == arrivals.c.key)
            .where(self._here, arrivals.c.state.is_not(None))
            .order_by(subscribers.c.id)
        )
        statement = insert_if_absent(self._database, subscriptions).from_select(
            ["subscriber_id", "list", "state", "since"], links
        )
        new = statement.on_conflict_do_nothing().returning(subscriptions.c.subscriber_id)
        return set(self._connection.execute(new).scalars())

    def _facts(self) -> Any:
        """Return the question that gives each reader with what is held, after the new ones are on the list."""
        of_list = (subscriptions.c.subscriber_id == subscribers.c.id) & (subscriptions.c.list == self._list)
        confirmed_here = select(history.c.id).where(
            history.c.address_key == arrivals.c.key, history.c.list == self._list, history.c.what == What.CONFIRMED
        )
        return (
            select(
                arrivals.c.key,
                arrivals.c.address,
                arrivals.c.state.label("said"),
                subscribers.c.id.label("subscriber"),
                subscriptions.c.state.label("held"),
                suppressions.c.reason,
                case((arrivals.c.state == _WAITS, confirmed_here.exists()), else_=false()).label("confirmed_here"),
            )
            .outerjoin_from(arrivals, subscribers, subscribers.c.address_key == arrivals.c.key)
            .outerjoin(subscriptions, of_list)
            .outerjoin(suppressions, suppressions.c.address_key == arrivals.c.key)
            .where(self._here)
            .order_by(arrivals.c.number)
        )

    def _quieten(self, rows: Sequence[Row[Any]], state: SubscriptionState) -> None:
        """Let the subscriptions of these readers stand where they mail nobody, from now on."""
        if rows:
            people = subscriptions.c.subscriber_id.in_([row.subscriber for row in rows])
            here = update(subscriptions).where(people, subscriptions.c.list == self._list)
            self._connection.execute(here.values(state=state, since=self._now))

    def _remember(self, rows: Sequence[Row[Any]]) -> None:
        lines = [self._line(row.key, What.IMPORTED_OUT, self._list, self._source) for row in rows]
        if lines:
            self._connection.execute(insert(history), lines)

    def _line(self, key: str, what: What, list_name: str | None, note: str) -> dict[str, object]:
        return {"address_key": key, "at": self._now, "what": what, "list": list_name, "note": note}

    def _at(self) -> Any:
        return literal(self._now, type_=UtcDateTime())

    def _since(self) -> Any:
        """Return since when it holds. What waits for a confirmation expires, so that counts from now."""
        waits = arrivals.c.state.is_not_distinct_from(_WAITS.value)
        return case(((arrivals.c.since < self._at()) & ~waits, arrivals.c.since), else_=self._at())


def _staged(person: NewSubscriber, number: int) -> dict[str, object]:
    return {
        "key": address_key(person.address),
        "number": number,
        "address": person.address,
        "name": person.name,
        "state": person.state,
        "rank": _RANKS[person.state],
        "suppression": person.suppression,
        "since": person.since,
    }


def _merging(database: Database) -> Any:
    """Return the statement by which of two lines on a reader the quieter word stays, and the first name."""
    statement = insert_if_absent(database, arrivals)
    new = statement.excluded
    quieter = new.rank > arrivals.c.rank
    return statement.on_conflict_do_update(
        index_elements=["key"],
        set_={
            "state": case((quieter, new.state), else_=arrivals.c.state),
            "since": case((quieter, new.since), else_=arrivals.c.since),
            "rank": case((quieter, new.rank), else_=arrivals.c.rank),
            "name": case((arrivals.c.name == "", new.name), else_=arrivals.c.name),
            "suppression": case(
                (arrivals.c.suppression == _REQUEST, func.coalesce(new.suppression, arrivals.c.suppression)),
                else_=func.coalesce(arrivals.c.suppression, new.suppression),
            ),
        },
    )


def _landing(row: Row[Any], is_new: bool) -> Landing:
    return landing(
        SubscriptionState(row.said) if row.said else None,
        SubscriptionState(row.held) if row.held and not is_new else None,
        suppressed=row.reason is not None and not (row.reason == _REQUEST and _LEFT in (row.said, row.held)),
        confirmed_here=bool(row.confirmed_here),
    )

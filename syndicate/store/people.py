"""One person: all that is held about an address, and how it is erased."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Row, Table, delete, func, null, or_, select, update

from syndicate.audience.addresses import address_key
from syndicate.audience.model import (
    Happening,
    Notice,
    Subscriber,
    Subscription,
    SubscriptionState,
    SuppressionReason,
)
from syndicate.audience.tokens import Keyring, forgotten_keys
from syndicate.delivery.model import DeliveryState
from syndicate.errors import AudienceError
from syndicate.returns.model import Action, ReturnKind
from syndicate.store.audience import Suppression
from syndicate.store.database import Database, explained, insert_if_absent
from syndicate.store.history import history_of
from syndicate.store.tables import (
    deliveries,
    history,
    incidents,
    issues,
    returned,
    subscribers,
    subscriptions,
    suppressions,
)

NOBODY = "(a reader who was forgotten)"
NO_NUMBER = 0
"""No subscriber has it: what is asked of it is true of no row. (None would be: statuses have no subscriber.)"""
_S = DeliveryState
_UNFINISHED = (_S.PLANNED, _S.DEFERRED, _S.IN_DOUBT, _S.FAILED)
"""What may still go out by itself, by policy or by a person's hand."""
_CODE = re.compile(r"\d{3}(?:[ -]\d\.\d{1,3}\.\d{1,3})?(?= |$)")
"""How a server's reply begins: the part of it that names nobody (RFC 5321 §4.2, RFC 3463)."""
_TELLING: tuple[tuple[Table, Column[Any]], ...] = (
    (incidents, incidents.c.text),
    (history, history.c.note),
    (returned, returned.c.why),
    (returned, returned.c.diagnostic),
    (suppressions, suppressions.c.note),
)
"""Texts that may name a person beside the rows that are about them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Got:
    """A letter that went, or is to go, to a person."""

    id: int
    digest: str | None
    number: int | None
    """Of the issue; None for a notice."""
    subject: str | None
    notice: Notice | None
    list_name: str | None
    state: DeliveryState
    due: datetime | None
    attempts: int
    tried: datetime | None
    reply: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CameBack:
    """A mail that came back about a person."""

    at: datetime
    kind: ReturnKind
    action: Action
    delivery: int | None
    status: str | None
    diagnostic: str | None
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Everything that is held about an address."""

    address: str
    subscriber: Subscriber | None
    subscriptions: tuple[Subscription, ...]
    suppression: Suppression | None
    """Of a forgotten address: the one whose key is an HMAC."""
    history: tuple[Happening, ...]
    deliveries: tuple[Got, ...]
    returned: tuple[CameBack, ...]

    @property
    def is_forgotten(self) -> bool:
        """Return whether an HMAC of the address is held."""
        return self.suppression is not None and self.suppression.reason is SuppressionReason.FORGOTTEN

    @property
    def is_known(self) -> bool:
        """Return whether anything at all is held."""
        return bool(self.subscriber or self.suppression or self.history or self.returned)


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """What was erased of a person."""

    subscriptions: int
    letters: int
    """Rows of the ledger that stay, and name nobody."""
    stopped: int
    """Of these, how many were still to go."""
    file_rewritten: bool
    """Whether the bytes are gone from the database's file too; on a server that is the server's to do."""


def person_of(database: Database, keyring: Keyring, address: str) -> Person:
    """Return everything that is held about an address, known or not."""
    with database.read() as connection:
        row = connection.execute(select(subscribers).where(subscribers.c.address_key == address_key(address))).first()
        number = row.id if row else NO_NUMBER
        return Person(
            address=row.address if row else address,
            subscriber=Subscriber(id=row.id, address=row.address, name=row.name, added=row.added) if row else None,
            subscriptions=_subscriptions(connection, number),
            suppression=_suppression(connection, keyring, address),
            history=history_of(connection, address),
            deliveries=_letters(connection, number),
            returned=_returned(connection, address, number),
        )


def forget(database: Database, keyring: Keyring, address: str, now: datetime) -> Erased:
    """Erase a person, known or not, but for an HMAC that keeps the address suppressed; committed on return.

    The rows of the ledger stay, since its counts must add up, but name nobody; what was still to go is suppressed.
    Raises AudienceError where a letter to them is on a wire at this moment, and nothing has changed then.
    """
    key = address_key(address)
    with _wiping(database) as connection:
        number = _locked(connection, key)
        connection.execute(delete(returned).where(_about(key, number)))
        letters, stopped = _let_go(connection, number)
        connection.execute(delete(history).where(history.c.address_key == key))
        ended = connection.execute(delete(subscriptions).where(subscriptions.c.subscriber_id == number)).rowcount
        connection.execute(delete(subscribers).where(subscribers.c.id == number))
        connection.execute(delete(suppressions).where(suppressions.c.address_key == key))
        _scrub(connection, key)
        _keep_hmac(database, connection, keyring, address, now)
    rewritten = database.is_sqlite and _rewrite(database)
    return Erased(subscriptions=ended, letters=letters, stopped=stopped, file_rewritten=rewritten)


def _subscriptions(connection: Connection, number: int) -> tuple[Subscription, ...]:
    query = select(subscriptions).where(subscriptions.c.subscriber_id == number).order_by(subscriptions.c.list)
    return tuple(
        Subscription(list_name=row.list, state=SubscriptionState(row.state), since=row.since)
        for row in connection.execute(query)
    )


def _suppression(connection: Connection, keyring: Keyring, address: str) -> Suppression | None:
    keys = (address_key(address), *forgotten_keys(keyring, address))
    rows = connection.execute(select(suppressions).where(suppressions.c.address_key.in_(keys))).all()
    # Where both stand, that of the plain address is what the sender sees.
    for row in sorted(rows, key=lambda row: keys.index(row.address_key)):
        return Suppression(address=address, reason=SuppressionReason(row.reason), since=row.since)
    return None


def _letters(connection: Connection, number: int) -> tuple[Got, ...]:
    query = (
        select(deliveries, issues.c.digest, issues.c.number, issues.c.subject)
        .outerjoin(issues, issues.c.id == deliveries.c.issue_id)
        .where(deliveries.c.subscriber_id == number)
        .order_by(deliveries.c.id)
    )
    return tuple(_got(row) for row in connection.execute(query))


def _got(row: Row[Any]) -> Got:
    return Got(
        id=row.id,
        digest=row.digest,
        number=row.number,
        subject=row.subject,
        notice=Notice(row.notice) if row.notice else None,
        list_name=row.list,
        state=DeliveryState(row.state),
        due=row.due,
        attempts=row.attempts,
        tried=row.tried,
        reply=row.reply,
    )


def _returned(connection: Connection, address: str, number: int) -> tuple[CameBack, ...]:
    query = select(returned).where(_about(address_key(address), number)).order_by(returned.c.at, returned.c.id)
    return tuple(
        CameBack(
            at=row.at,
            kind=ReturnKind(row.kind),
            action=Action(row.action),
            delivery=row.delivery_id,
            status=row.status,
            diagnostic=row.diagnostic,
            why=row.why,
        )
        for row in connection.execute(query)
    )


def _about(key: str, number: int) -> Any:
    """Return the condition on `returned` that a mail is about a person: by address, or by a letter to them."""
    theirs = select(deliveries.c.id).where(deliveries.c.subscriber_id == number)
    return or_(returned.c.address_key == key, returned.c.delivery_id.in_(theirs))


def _locked(connection: Connection, key: str) -> int:
    """Return a person's number, with their row and letters locked, so that no sender claims one meanwhile."""
    query = select(subscribers.c.id).where(subscribers.c.address_key == key).with_for_update()
    number: int = connection.execute(query).scalar() or NO_NUMBER
    letters = select(deliveries.c.state).where(deliveries.c.subscriber_id == number).with_for_update()
    if _S.SENDING in set(connection.execute(letters).scalars()):
        raise AudienceError(
            "a letter to this reader is on a wire at this moment; nothing was erased",
            hint="the same command again, once it is through; after a crash, syndicate run --once first",
        )
    return number


def _let_go(connection: Connection, number: int) -> tuple[int, int]:
    """Take a person out of the ledger; return how many letters there were, and how many of them were still to go.

    A row without a reader and without a list is nobody's, and none that waits may be one: it is suppressed first.
    """
    theirs = deliveries.c.subscriber_id == number
    for row in connection.execute(select(deliveries.c.id, deliveries.c.reply).where(theirs)).all():
        code = _CODE.match(row.reply or "")
        here = update(deliveries).where(deliveries.c.id == row.id)
        connection.execute(here.values(reply=code[0] if code else null()))
    waits = update(deliveries).where(theirs, deliveries.c.state.in_(_UNFINISHED))
    gone = {"state": _S.SUPPRESSED, "due": None, "reply": "the reader was forgotten"}
    stopped = connection.execute(waits.values(gone)).rowcount
    nobodys = update(deliveries).where(theirs).values(subscriber_id=None, list=None)
    return connection.execute(nobodys).rowcount, stopped


def _scrub(connection: Connection, key: str) -> None:
    """Take an address out of the texts that name it, in whatever case."""
    named = re.compile(re.escape(key), re.IGNORECASE)
    for table, column in _TELLING:
        (id_column,) = table.primary_key.columns
        naming = select(id_column, column).where(func.lower(column).contains(key, autoescape=True))
        for number, text in connection.execute(naming).all():
            here = update(table).where(id_column == number)
            connection.execute(here.values({column.name: named.sub(NOBODY, text)}))


def _keep_hmac(database: Database, connection: Connection, keyring: Keyring, address: str, now: datetime) -> None:
    """Leave the one row that keeps the address suppressed, unless there is one under any key."""
    keys = forgotten_keys(keyring, address)
    if connection.execute(select(suppressions).where(suppressions.c.address_key.in_(keys))).first() is None:
        row = {"address_key": keys[-1], "reason": SuppressionReason.FORGOTTEN, "since": now}
        connection.execute(insert_if_absent(database, suppressions).values(row).on_conflict_do_nothing())


@contextmanager
def _wiping(database: Database) -> Iterator[Connection]:
    """Give a writing transaction that leaves no bytes behind where it deletes (https://sqlite.org/pragma.html)."""
    with database.write() as connection:
        if not database.is_sqlite:
            yield connection
            return
        before = connection.exec_driver_sql("PRAGMA secure_delete").scalar()
        connection.exec_driver_sql("PRAGMA secure_delete=ON")
        try:
            yield connection
        finally:
            connection.exec_driver_sql(f"PRAGMA secure_delete={before}")


def _rewrite(database: Database) -> bool:
    """Write an SQLite file anew, since pages keep what once stood in them; False where others hold it just now."""
    with explained(database), database.engine.connect() as connection:
        plain: Any = connection.connection.dbapi_connection
        before = plain.execute("PRAGMA busy_timeout").fetchone()[0]
        plain.execute("PRAGMA busy_timeout=2000")  # who reads for longer keeps it for longer: the command is run again
        try:
            plain.execute("VACUUM")
            busy, _, _ = plain.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.OperationalError:  # locked by another process, or no room for a second copy
            return False
        finally:
            plain.execute(f"PRAGMA busy_timeout={before}")
    return not busy

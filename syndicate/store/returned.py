"""The mail that came back: each message remembered once, with what was done about it.

Every function works in the caller's transaction. A message is remembered first and acted upon after it, so that of two
who read it at the same moment one waits for the other and then finds it known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from syndicate.audience.addresses import address_key
from syndicate.audience.model import What
from syndicate.returns.model import Action, ReturnKind
from syndicate.store.tables import history, returned

MOST_COUNTED = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """What was made of a message before."""

    kind: ReturnKind
    action: Action
    status: str | None
    diagnostic: str | None


def remember(
    connection: Connection,
    key: str,
    kind: ReturnKind,
    at: datetime,
    *,
    status: str | None,
    diagnostic: str | None,
    why: str,
) -> int | None:
    """Return the number of a message's row, made now; None where the message is known already."""
    row = {"key": key, "at": at, "kind": kind, "action": Action.NOTHING, "address_key": None}
    return remember_all(connection, [row | {"status": status, "diagnostic": diagnostic, "why": why}]).get(key)


def remember_all(connection: Connection, messages: Sequence[Mapping[str, object]]) -> dict[str, int]:
    """Return the numbers of rows made now, by key; those that were known already are not among them.

    A message holds all columns but the number; one key stands once.
    """
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    rows = insert(returned).on_conflict_do_nothing().returning(returned.c.key, returned.c.id)
    ordered = sorted(messages, key=lambda each: str(each["key"]))  # so that no two who write wait for each other
    return {key: int(number) for key, number in connection.execute(rows, ordered)} if ordered else {}


def recall(connection: Connection, key: str) -> Remembered | None:
    """Return what was made of a message, or None where it was never read."""
    query = select(returned.c.kind, returned.c.action, returned.c.status, returned.c.diagnostic)
    row = connection.execute(query.where(returned.c.key == key)).one_or_none()
    if row is None:
        return None
    return Remembered(
        kind=ReturnKind(row.kind), action=Action(row.action), status=row.status, diagnostic=row.diagnostic
    )


def attribute(connection: Connection, number: int, address: str, delivery: int | None) -> None:
    """Write down whom a message is about, and which letter."""
    whom = {"address_key": address_key(address), "delivery_id": delivery}
    connection.execute(update(returned).where(returned.c.id == number).values(whom))


def conclude(connection: Connection, number: int, action: Action) -> None:
    """Write down what was done about a message."""
    connection.execute(update(returned).where(returned.c.id == number).values(action=action))


def soft_bounces(connection: Connection, address: str, since: datetime) -> int:
    """Return of how many letters to an address soft bounces were counted since then.

    Two bounces of one letter are one; where the letter is not known, those of one day (UTC) are. A person who releases
    the address wipes the slate.
    """
    key = address_key(address)
    released = connection.execute(
        select(func.max(history.c.at)).where(history.c.address_key == key, history.c.what == What.RELEASED)
    ).scalar()
    query = (
        select(returned.c.delivery_id, returned.c.at)
        .where(
            returned.c.address_key == key,
            returned.c.action == Action.COUNTED,
            returned.c.at > (max(since, released) if released else since),
        )
        .order_by(returned.c.at.desc())
        .limit(MOST_COUNTED)
    )
    return len({row.delivery_id or row.at.date() for row in connection.execute(query)})


def last_of(connection: Connection, kind: ReturnKind, status: str | None) -> datetime | None:
    """Return when a message of a kind and status last came, or None."""
    query = select(func.max(returned.c.at)).where(
        returned.c.kind == kind, returned.c.status.is_not_distinct_from(status)
    )
    last: datetime | None = connection.execute(query).scalar()
    return last

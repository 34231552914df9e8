"""How often something was asked for in an hour. Exact across threads, processes and machines: the database counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select

from syndicate.audience.joining import HOUR, room_this_hour
from syndicate.store.database import Database, insert_if_absent
from syndicate.store.tables import limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """So many of one thing in an hour."""

    key: str
    """What is counted, by a name that tells nobody (tokens.opaque)."""
    most: int


def take(database: Database, wanted: Sequence[Limit], now: datetime) -> Limit | None:
    """Count one under every limit, or under none; return the first that is full, or None where there was room.

    What was refused is not counted, so that a flood that lasts does not keep out who comes after it. Give the limits
    always in the same order, or two transactions may wait for each other.
    """
    with database.write() as connection:
        for limit in wanted:
            if not _take_one(database, connection, limit, now):
                connection.rollback()
                return limit
    return None


def is_full(database: Database, limit: Limit, now: datetime) -> bool:
    """Return whether the next one would be refused; counts nothing."""
    with database.read() as connection:
        hour = _hour_of(now)
        return _count(connection, limit.key, hour) >= _room(connection, limit, now)


def is_first_this_hour(database: Database, key: str, now: datetime) -> bool:
    """Return True once in each hour by the clock: for what is to be said, but not a thousand times."""
    row = insert_if_absent(database, limits).values(key=key, hour=_hour_of(now), count=1)
    with database.write() as connection:
        return connection.execute(row.on_conflict_do_nothing().returning(limits.c.key)).scalar() is not None


def sweep(database: Database, now: datetime) -> int:
    """Remove the hours that no estimate needs any more; return how many rows went."""
    with database.write() as connection:
        return connection.execute(delete(limits).where(limits.c.hour < _hour_of(now) - HOUR)).rowcount


def _take_one(database: Database, connection: Connection, limit: Limit, now: datetime) -> bool:
    room = _room(connection, limit, now)
    if room < 1:
        return False
    row = insert_if_absent(database, limits).values(key=limit.key, hour=_hour_of(now), count=1)
    counted = row.on_conflict_do_update(
        index_elements=["key", "hour"], set_={"count": limits.c.count + 1}, where=limits.c.count < room
    )
    return connection.execute(counted.returning(limits.c.count)).scalar() is not None


def _room(connection: Connection, limit: Limit, now: datetime) -> int:
    hour = _hour_of(now)
    return room_this_hour(limit.most, _count(connection, limit.key, hour - HOUR), now - hour)


def _count(connection: Connection, key: str, hour: datetime) -> int:
    query = select(limits.c.count).where(limits.c.key == key, limits.c.hour == hour)
    return connection.execute(query).scalar() or 0


def _hour_of(now: datetime) -> datetime:
    return now.replace(minute=0, second=0, microsecond=0)

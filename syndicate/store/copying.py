"""A whole copy of a database into an empty one, SQLite or PostgreSQL, checked row by row before it is committed.

    hold both ──► load ──► compare ──► mark FROM ──► commit FROM ──► commit TO ──► number beside TO

Nobody sends and nobody writes meanwhile. FROM is marked first: killed in between, neither is sent from until a person
decides, and never both are. Rows that a dead sender left as `sending` move as they are: the first sender on the copy
puts them in doubt, as it would have here; to settle them before would mean to send from the machine that one leaves.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Table, exists, inspect, select, text

from syndicate.delivery.model import DeliveryState
from syndicate.errors import ConfigError, StoreError, SyndicateError
from syndicate.store import carrying
from syndicate.store.database import Database, set_value
from syndicate.store.generation import Generation
from syndicate.store.lock import sender_lock
from syndicate.store.opening import open_database
from syndicate.store.tables import deliveries, meta, metadata, owners

Progress = Callable[[str, int, int], None]
"""Told what is done ("rows copied"), how many so far, and of how many; a thousand rows apart."""
TOLD_EACH = 1000
LOCK_WAIT = "30s"
_QUEUE = "procrastinate_"


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """A database that is copied from or to, with the number that is kept beside it."""

    database: Database
    generation: Generation


@dataclass(frozen=True, slots=True, kw_only=True)
class CopiedTable:
    """A table, and how many rows of it moved."""

    table: str
    rows: int


def open_source(url: str) -> Database:
    """Open the database that is copied from, migrated where it is behind. ConfigError where there is none."""
    database = Database(url)
    if not (_is_there(database) and _has_schema(database)):
        raise ConfigError("there is no database of syndicate's to copy from", where=_where(database))
    database.close()
    return open_database(url)


def open_target(url: str) -> Database:
    """Open the database that is copied to, made or migrated. ConfigError where it holds anything."""
    refuse_occupied(url)
    return open_database(url)


def refuse_occupied(url: str) -> None:
    """Raise ConfigError where a database holds more than an empty schema of ours; no file is made by looking."""
    with Database(url) as database:
        if _is_there(database):
            with database.read() as connection:
                _refuse_occupied(connection, database)


def rows_of(source: End, now: datetime) -> tuple[CopiedTable, ...]:
    """Return what would be copied, each table with its rows. Raises what `copy` would raise for FROM."""
    with sender_lock(source.database, now), source.database.read() as out:
        _refuse_doubtful(out, source)
        return _counted(out)


def copy(source: End, target: End, now: datetime, progress: Progress = lambda *_: None) -> tuple[CopiedTable, ...]:
    """Copy every row into a database that is empty, compare both, and let nothing be sent from the first any more.

    All or nothing: whatever goes wrong, TO stays empty and FROM as it was. Raises SenderLockedError where anybody
    is sending from either, ConfigError where TO is not empty, StoreError where FROM looks like a restored backup, a
    worker may still be at work, a row cannot be kept, or the copy differs (with table, key and column).
    """
    is_marked = False
    with sender_lock(source.database, now), sender_lock(target.database, now):
        try:
            with target.database.write() as into:
                with source.database.write() as out:
                    _keep_writers_out(out, into)
                    _refuse_occupied(into, target.database)
                    generation = _refuse_doubtful(out, source)
                    tables = _copy(out, into, progress)
                    set_value(out, Generation.COPIED, f"{_where(target.database)} at {now:%Y-%m-%d %H:%M} UTC")
                is_marked = True
        except BaseException:
            if is_marked:
                _unmark(source.database, target.database)
            raise
        target.generation.keep(generation)
    return tables


def _copy(out: Connection, into: Connection, progress: Progress) -> tuple[CopiedTable, ...]:
    """Fill the copy and compare it, in transactions that the caller commits."""
    tables = _counted(out)
    total = sum(each.rows for each in tables)
    copied, checked = _Telling("rows copied", total, progress), _Telling("rows checked", total, progress)
    with carrying.without_relations(into):
        for table in metadata.sorted_tables:
            with carrying.rows(out, table) as found:
                carrying.load(into, table, copied.each(found))
            carrying.settle(into, table)
    for table in metadata.sorted_tables:
        with carrying.rows(out, table) as here, carrying.rows(into, table) as there:
            deque(checked.each(carrying.compare(table, here, there)), maxlen=0)
    return tables


class _Telling:
    """Counts rows as they pass."""

    def __init__(self, what: str, total: int, progress: Progress) -> None:
        self._what, self._total, self._progress = what, total, progress
        self._done = 0

    def each(self, found: Iterable[carrying.Values]) -> Iterator[carrying.Values]:
        for row in found:
            yield row
            self._done += 1
            if self._done % TOLD_EACH == 0 or self._done == self._total:
                self._progress(self._what, self._done, self._total)


def _counted(out: Connection) -> tuple[CopiedTable, ...]:
    return tuple(CopiedTable(table=each.name, rows=carrying.count(out, each)) for each in metadata.sorted_tables)


def _keep_writers_out(*connections: Connection) -> None:
    """Let nobody else write until the transactions end. SQLite's writer is alone already."""
    names = ", ".join(metadata.tables)
    for connection in connections:
        if connection.dialect.name == "sqlite":
            continue
        connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_WAIT}'"))
        connection.execute(text(f"LOCK TABLE {names} IN SHARE ROW EXCLUSIVE MODE"))


def _refuse_doubtful(out: Connection, source: End) -> int:
    """Return the number of the last sending; StoreError where the rows may not be the whole truth."""
    at_work = exists().where(deliveries.c.owner == owners.c.name, deliveries.c.state == DeliveryState.SENDING)
    living = out.execute(select(owners.c.name).where(owners.c.ended.is_(None), at_work)).scalars().first()
    if living is not None:
        raise StoreError(
            f"a worker that has not ended is sending: {living}",
            where=_where(source.database),
            hint="stop the workers; where one died, let another bury it: syndicate worker --once",
        )
    return source.generation.check(out)


def _refuse_occupied(connection: Connection, database: Database) -> None:
    for name in inspect(connection).get_table_names():
        if name == "alembic_version" or name.startswith(_QUEUE):
            continue
        is_ours = name in metadata.tables
        if not is_ours or _has_rows(connection, metadata.tables[name]):
            raise ConfigError(
                f"the database to copy to is not empty: {'there are rows in' if is_ours else 'it has a table'} {name}",
                where=_where(database),
                hint="name a new one (for PostgreSQL: createdb NAME); a copy overwrites nothing",
            )


def _has_rows(connection: Connection, table: Table) -> bool:
    found = select(1).select_from(table)
    if table is meta:
        found = found.where(meta.c.key.not_in(carrying.OWN))
    return connection.execute(found.limit(1)).first() is not None


def _has_schema(database: Database) -> bool:
    with database.read() as connection:
        return database.engine.dialect.has_table(connection, "alembic_version")


def _is_there(database: Database) -> bool:
    """Return whether there is anything to look at: to open a file of SQLite would make it."""
    return database.path is None or database.path.exists()


def _unmark(source: Database, target: Database) -> None:
    """Let FROM be sent from again, where TO surely has nothing: a commit that failed may yet have been one."""
    try:
        with target.read() as connection:
            _refuse_occupied(connection, target)
    except SyndicateError:
        return
    with source.write() as connection:
        set_value(connection, Generation.COPIED, None)


def _where(database: Database) -> str:
    return database.url.render_as_string(hide_password=True)

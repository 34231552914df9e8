"""The rows of a copy: read in the order of their keys and in batches, written as each database takes them, compared.

Both databases are asked for the same plain values, which are quick to move: numbers, texts, JSON as the text that it
is, and instants as SQLite stores them ("2026-11-20 09:00:00.000000", in UTC).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import zip_longest
from typing import Any

from sqlalchemy import JSON, Column, Connection, String, Table, Text, cast, func, select, text, type_coerce
from sqlalchemy.exc import IntegrityError
from sqlalchemy.schema import AddConstraint, DropConstraint

from syndicate.errors import StoreError
from syndicate.store.tables import UtcDateTime, meta, metadata

BATCH = 2000
OWN = ("procrastinate", "copied_to")
"""Small values that tell of the very database they are in, and do not move: its queue, and where it was copied to."""
Values = tuple[Any, ...]


@contextmanager
def rows(connection: Connection, table: Table) -> Iterator[Iterator[Values]]:
    """Give a table's rows in the order of their keys, the same one in each database, a batch at a time."""
    columns = (_plain(connection, each) for each in table.columns)
    query = select(*columns).order_by(*(_by(connection, key) for key in table.primary_key))
    if table is meta:
        query = query.where(meta.c.key.not_in(OWN))
    with connection.execute(query, execution_options={"yield_per": BATCH}) as result:
        yield map(tuple, result)


def count(connection: Connection, table: Table) -> int:
    """Return how many rows of a table move."""
    query = select(func.count()).select_from(table)
    return int(connection.execute(query.where(meta.c.key.not_in(OWN)) if table is meta else query).scalar_one())


def load(connection: Connection, table: Table, found: Iterable[Values]) -> None:
    """Write rows into an empty table. Raises StoreError, with the row's key, for one that the database cannot keep."""
    if _is_sqlite(connection):
        _insert(connection, table, found)
    else:
        _copy(connection, table, found)


@contextmanager
def without_relations(connection: Connection) -> Iterator[None]:
    """Let PostgreSQL look after what refers to what once, at the end, and not row by row: it is half of the time."""
    tables = [] if _is_sqlite(connection) else metadata.sorted_tables
    relations = [(table, each) for table in tables for each in table.foreign_key_constraints]
    for _, each in relations:
        connection.execute(DropConstraint(each))
    yield
    for table, each in relations:
        try:
            connection.execute(AddConstraint(each))
        except IntegrityError as error:
            raise _refused(table, (), str(error.orig)) from error


def settle(connection: Connection, table: Table) -> None:
    """Let PostgreSQL number new rows behind those that came, and know how many they are when it plans a query."""
    if _is_sqlite(connection):
        return
    for each in table.columns:
        if each.autoincrement is True:
            largest = select(func.max(each).label("largest")).subquery().c.largest
            sequence = func.pg_get_serial_sequence(table.name, each.name)
            connection.execute(select(func.setval(sequence, largest)).where(largest.is_not(None)))
    connection.execute(text(f"ANALYZE {_quoted(connection, table.name)}"))


def compare(table: Table, here: Iterable[Values], there: Iterable[Values]) -> Iterator[Values]:
    """Yield each row that both have, in the order of both; StoreError names the first that differs."""
    for ours, theirs in zip_longest(here, there):
        if ours != theirs and not (ours and theirs and _instants(table, ours) == _instants(table, theirs)):
            raise StoreError(
                f"the copy differs: {_difference(table, ours, theirs)}; it was taken back, and nothing was copied",
                hint="run the same command again; if it differs again, one of the two keeps other than it is given",
            )
        yield ours


def _instants(table: Table, row: Values) -> Values:
    """Return a row with its instants read: a hand may have written one otherwise, and meant the same."""
    pairs = zip(table.columns, row, strict=True)
    return tuple(datetime.fromisoformat(v) if v and isinstance(c.type, UtcDateTime) else v for c, v in pairs)


def _difference(table: Table, ours: Values | None, theirs: Values | None) -> str:
    if ours is None or theirs is None or _key(table, ours) != _key(table, theirs):
        lacking = theirs is None or (ours is not None and _key(table, ours) < _key(table, theirs))
        row, fault = (ours, "is missing") if lacking else (theirs, "is one row too many")
        return f"{_named(table, row or ())} {fault}"
    pairs = zip(table.columns, ours, theirs, strict=True)
    return f"{_named(table, ours)}, in {', '.join(each.name for each, one, other in pairs if one != other)}"


def _insert(connection: Connection, table: Table, found: Iterable[Values]) -> None:
    driver, dbapi = connection.connection.driver_connection, connection.dialect.loaded_dbapi
    assert driver is not None
    names = ", ".join(_quoted(connection, each.name) for each in table.columns)
    marks = ", ".join("?" for _ in table.columns)
    last = _Last(found)
    try:
        driver.executemany(f"INSERT INTO {_quoted(connection, table.name)} ({names}) VALUES ({marks})", last)  # noqa: S608
    except (dbapi.DataError, dbapi.IntegrityError) as error:
        raise _refused(table, last.row, str(error)) from error


class _Last:
    """Rows, of which the last that was asked for is remembered."""

    def __init__(self, found: Iterable[Values]) -> None:
        self._found = found
        self.row: Values = ()

    def __iter__(self) -> Iterator[Values]:
        for row in self._found:
            self.row = row
            yield row


def _copy(connection: Connection, table: Table, found: Iterable[Values]) -> None:
    """Write by COPY, PostgreSQL's quickest way in (https://www.postgresql.org/docs/current/sql-copy.html)."""
    driver, dbapi = connection.connection.driver_connection, connection.dialect.loaded_dbapi
    assert driver is not None
    names = ", ".join(_quoted(connection, each.name) for each in table.columns)
    connection.execute(text("SET LOCAL timezone = 'UTC'"))  # the zone of the instants as they are read
    statement = f"COPY {_quoted(connection, table.name)} ({names}) FROM STDIN"
    last = _Last(found)
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            for row in last:
                copy.write_row(row)
    except (dbapi.DataError, dbapi.IntegrityError) as error:
        raise _refused(table, last.row, str(error)) from error


def _refused(table: Table, row: Values, told: str) -> StoreError:
    return StoreError(
        f"{_named(table, row)}: the database copied to cannot keep this: {(told.splitlines() or ['?'])[0]}",
        hint="nothing was copied; mend it where it is, and run the same command again",
    )


def _named(table: Table, row: Sequence[Any]) -> str:
    return f"{table.name} {', '.join(map(str, _key(table, row)))}" if row else table.name


def _key(table: Table, row: Sequence[Any]) -> Values:
    return tuple(value for each, value in zip(table.columns, row, strict=True) if each.primary_key)


def _plain(connection: Connection, each: Column[Any]) -> Any:
    """Return a column as a plain value, the same one from each database."""
    if isinstance(each.type, JSON):
        return cast(each, Text)
    if not isinstance(each.type, UtcDateTime):
        return each
    if _is_sqlite(connection):
        return type_coerce(each, Text)
    return func.to_char(func.timezone("UTC", type_coerce(each, Text)), "YYYY-MM-DD HH24:MI:SS.US")


def _by(connection: Connection, key: Column[Any]) -> Any:
    """Return what a key is ordered by: text by its bytes, as SQLite does, and not by the customs of a language."""
    return key.collate("C") if isinstance(key.type, String) and not _is_sqlite(connection) else key


def _quoted(connection: Connection, name: str) -> str:
    return connection.dialect.identifier_preparer.quote(name)


def _is_sqlite(connection: Connection) -> bool:
    return connection.dialect.name == "sqlite"

"""The database: its transactions, its errors in words, and its small single values.

SQLite runs in WAL with synchronous=NORMAL: a killed process loses nothing; a power cut may lose the last commits,
which the generation file then shows (docs/promises.md). Every writing transaction begins IMMEDIATE, since a
transaction that reads and then writes would otherwise fail at once when another one wrote in between.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, delete, event, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DatabaseError, OperationalError

from syndicate.errors import StoreError
from syndicate.store.tables import meta

BUSY, MILLISECOND = timedelta(seconds=30), timedelta(milliseconds=1)
"""How long a writer of SQLite waits for another one."""
MOST_WRITERS = 100
LONG_LOG_PAGES = 10000
"""40 MB of write-ahead log, while a sender writes."""


class Database:
    """An open database whose schema is current. Use `read()` and `write()` for transactions."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = _sqlite_engine(url) if self.is_sqlite else create_engine(url, pool_pre_ping=True)
        self._driver: Any = None
        self._held = False

    @property
    def path(self) -> Path | None:
        """Return the SQLite file, or None for a server."""
        return Path(self.url.database) if self.is_sqlite and self.url.database else None

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection that reads one snapshot."""
        with explained(self), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Give a writing transaction: committed at the end, rolled back by any exception."""
        with explained(self), self.engine.connect() as plain:
            connection = plain.execution_options(syndicate_write=True)
            with connection.begin():
                yield connection

    @contextmanager
    def driver(self) -> Iterator[Any]:
        """Give the driver's own connection, kept open until `close`, for one thread: the ledger's hot path."""
        with explained(self):
            driver = self._driver or self._open_driver()
            try:
                yield driver
            finally:
                if not self.is_sqlite and driver.closed:
                    self._close_driver()

    @contextmanager
    def driver_write(self, *, claims: bool = True) -> Iterator[Any]:
        """Give it to write with.

        sqlite3: in a writing transaction. psycopg: in autocommit, each statement a transaction of its own. Who claims
        nothing needs no right: where the connection that held it was lost, another one is given for this once.
        """
        with (
            self._spare_driver() if self._is_lost and not claims else self.driver() as driver,
            _Writing(driver) if self.is_sqlite else nullcontext(),
        ):
            yield driver

    @contextmanager
    def held_driver(self) -> Iterator[Any]:
        """Give the driver's own connection to whoever ties a right to it: should it break, it is not made anew.

        Then `driver_write` raises StoreError to whoever claims, until the holder has let go. One that broke before,
        while nobody held it, is made anew here.
        """
        with explained(self):
            self._forget_broken()
            driver = self._driver or self._open_driver()
            self._held = True
            try:
                yield driver
            finally:
                self._held = False
                if not self.is_sqlite and driver.closed:
                    self._close_driver()

    def _forget_broken(self) -> None:
        """Let go of a connection that the server has ended: it shows only when something is asked of it."""
        if self.is_sqlite or self._driver is None:
            return
        try:
            self._driver.execute("SELECT 1")
        except self.engine.dialect.loaded_dbapi.OperationalError:
            self._close_driver()

    @property
    def _is_lost(self) -> bool:
        return self._held and self._driver is None

    @contextmanager
    def _spare_driver(self) -> Iterator[Any]:
        with explained(self), self.engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            driver.autocommit = True
            try:
                yield driver
            finally:
                connection.invalidate()

    def _open_driver(self) -> Any:
        if self._held:
            raise StoreError(
                "the connection that held the right to send was lost",
                where=self.url.render_as_string(hide_password=True),
                hint="nothing is lost; run the same command again",
            )
        pooled = self.engine.raw_connection()
        self._driver = pooled.driver_connection
        pooled.detach()
        if self.is_sqlite:
            # A send writes the same few pages again and again: the longer the log may grow, the fewer reach the file.
            self._driver.execute(f"PRAGMA wal_autocheckpoint={LONG_LOG_PAGES}")
        else:
            self._driver.autocommit = True
        return self._driver

    def _close_driver(self) -> None:
        driver, self._driver = self._driver, None
        if driver is not None:
            driver.close()

    def close(self) -> None:
        """Close every connection."""
        self._close_driver()
        self.engine.dispose()

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Writing:
    """A writing transaction of sqlite3. (A class, since it is entered for every few letters.)"""

    def __init__(self, driver: Any) -> None:
        self._driver = driver

    def __enter__(self) -> None:
        self._driver.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._driver.execute("COMMIT")
        elif self._driver.in_transaction:  # A full disk may have ended it already.
            self._driver.execute("ROLLBACK")


@contextmanager
def explained(database: Database) -> Iterator[None]:
    """Turn a driver's error into a StoreError that names the database and what to do."""
    driver = database.engine.dialect.loaded_dbapi
    try:
        yield
    except (DatabaseError, driver.DatabaseError) as error:
        if not _is_the_worlds(error, driver):
            raise  # A broken constraint or statement is a fault of ours, and no hint would help.
        where = database.url.render_as_string(hide_password=True)
        raise StoreError(
            f"the database refused: {_told(error).splitlines()[0]}", where=where, hint=_hint(error)
        ) from error


def _is_the_worlds(error: BaseException, driver: Any) -> bool:
    """Return whether the database, the disk or the network is at fault, and not a statement of ours."""
    if isinstance(error, DatabaseError):
        return type(error) in (OperationalError, DatabaseError)
    return isinstance(error, driver.OperationalError) or type(error) is driver.DatabaseError


def _told(error: BaseException) -> str:
    return str(error.orig if isinstance(error, DatabaseError) else error).strip()


def _hint(error: BaseException) -> str:
    text = _told(error)
    if "locked" in text or "lock timeout" in text:
        return "another syndicate is writing; wait for it, or see which with: ps ax | grep syndicate"
    if "not a database" in text or "malformed" in text:
        return "put a backup in its place, or name another file as `database` in config.yaml"
    if text.endswith("does not exist") and "database" in text:
        return "make it first (createdb NAME), or name another one"
    if "full" in text:
        return "free some space on the disk and run the same command again; nothing was lost"
    return "check `database` in config.yaml, and that its folder or server can be reached and written"


def _sqlite_engine(url: str) -> Engine:
    engine = create_engine(url, connect_args={"timeout": BUSY.total_seconds(), "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver would open transactions of its own, and not on SELECT
        for pragma in (f"busy_timeout={BUSY // MILLISECOND}", "synchronous=NORMAL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")
        _enter_wal(connection)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writing = connection.get_execution_options().get("syndicate_write")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

    return engine


def _enter_wal(connection: Any) -> None:
    """Put a file in WAL mode.

    Where others are just making the same file, SQLite says "locked" at once, whatever the busy timeout. Taking the
    writer's turn waits for whoever writes, and then it is asked again.
    """
    for _ in range(MOST_WRITERS):
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):
                raise
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("COMMIT")
        else:
            return
    connection.execute("PRAGMA journal_mode=WAL")


def insert_if_absent(database: Database, table: Any) -> Any:
    """Return an INSERT for the database's dialect, to which `on_conflict_do_nothing` or `_update` can be added."""
    return _insert(database.is_sqlite, table)


def _insert(is_sqlite: bool, table: Any) -> Any:
    return sqlite.insert(table) if is_sqlite else postgresql.insert(table)


def get_value(connection: Connection, key: str) -> str | None:
    """Return a small value by name, or None."""
    value: str | None = connection.execute(select(meta.c.value).where(meta.c.key == key)).scalar()
    return value


def values_named(connection: Connection, beginning: str) -> dict[str, str]:
    """Return the small values whose names begin so."""
    rows = connection.execute(select(meta.c.key, meta.c.value).where(meta.c.key.startswith(beginning, autoescape=True)))
    return {row.key: row.value for row in rows}


def set_value(connection: Connection, key: str, value: str | None) -> None:
    """Set a small value by name; None removes it."""
    if value is None:
        connection.execute(delete(meta).where(meta.c.key == key))
        return
    row = _insert(connection.dialect.name == "sqlite", meta).values(key=key, value=value)
    connection.execute(row.on_conflict_do_update(index_elements=["key"], set_={"value": value}))


def set_first(connection: Connection, key: str, value: str) -> str:
    """Set a small value unless it is there already, and return the one that holds: the first of all."""
    row = _insert(connection.dialect.name == "sqlite", meta).values(key=key, value=value)
    connection.execute(row.on_conflict_do_nothing())
    first: str = connection.execute(select(meta.c.value).where(meta.c.key == key)).scalar_one()
    return first

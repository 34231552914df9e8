"""The database: opening it, its transactions, its small single values, and the generation that notices a restore.

SQLite runs in WAL with synchronous=NORMAL: a killed process loses nothing; a power cut may lose the last commits,
which the generation file then shows (docs/promises.md). Every writing transaction begins IMMEDIATE, since a
transaction that reads and then writes would otherwise fail at once when another one wrote in between.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, delete, event, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DatabaseError, DBAPIError, OperationalError

from syndicate.errors import StoreError
from syndicate.store.tables import meta

HEAD = "0001"
"""The newest migration; a database that is there already is opened without loading Alembic."""


class Database:
    """An open database whose schema is current. Use `read()` and `write()` for transactions."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = _sqlite_engine(url) if self.is_sqlite else create_engine(url, pool_pre_ping=True)

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

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextmanager
def explained(database: Database) -> Iterator[None]:
    """Turn a driver's error into a StoreError that names the database and what to do."""
    try:
        yield
    except DatabaseError as error:
        if type(error) not in (OperationalError, DatabaseError):
            raise  # A broken constraint or statement is a fault of ours, and no hint would help.
        where = database.url.render_as_string(hide_password=True)
        raise StoreError(f"the database refused: {_first_line(error)}", where=where, hint=_hint(error)) from error


def _first_line(error: DBAPIError) -> str:
    return str(error.orig).strip().splitlines()[0]


def _hint(error: DBAPIError) -> str:
    text = str(error.orig)
    if "locked" in text:
        return "another syndicate is writing; wait for it, or see which with: ps ax | grep syndicate"
    if "not a database" in text or "malformed" in text:
        return "put a backup in its place, or name another file as `database` in config.yaml"
    if "full" in text:
        return "free some space on the disk and run the same command again; nothing was lost"
    return "check `database` in config.yaml, and that its folder or server can be reached and written"


def _sqlite_engine(url: str) -> Engine:
    engine = create_engine(url, connect_args={"timeout": 30, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver would open transactions of its own, and not on SELECT
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "busy_timeout=30000"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writing = connection.get_execution_options().get("syndicate_write")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

    return engine


def open_database(url: str) -> Database:
    """Return the database at `url`, made or migrated where it is not current.

    Raises StoreError where it cannot be opened, or was written by a newer syndicate.
    """
    database = Database(url)
    if database.path is not None and not database.path.parent.is_dir():
        raise StoreError(f"the folder {database.path.parent} does not exist", hint=f"mkdir -p {database.path.parent}")
    if _version(database) != HEAD:
        from syndicate.store.migrate import upgrade

        with explained(database):
            upgrade(database)
    return database


def _version(database: Database) -> str | None:
    with database.read() as connection:
        if not database.engine.dialect.has_table(connection, "alembic_version"):
            return None
        return connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()


def insert_if_absent(database: Database, table: Any) -> Any:
    """Return an INSERT for the database's dialect, to which `on_conflict_do_nothing` or `_update` can be added."""
    return _insert(database.is_sqlite, table)


def _insert(is_sqlite: bool, table: Any) -> Any:
    return sqlite.insert(table) if is_sqlite else postgresql.insert(table)


def get_value(connection: Connection, key: str) -> str | None:
    """Return a small value by name, or None."""
    value: str | None = connection.execute(select(meta.c.value).where(meta.c.key == key)).scalar()
    return value


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


class Generation:
    """The number of the last sending that the ledger knows of, in the database and in a file beside it.

    Both grow together whenever something is claimed for sending, the database first. A database that is behind
    the file was restored from a backup (or lost its last commits in a power cut): it has forgotten who was mailed.
    """

    KEY = "generation"

    def __init__(self, file: Path) -> None:
        self.file = file
        self._handle: int | None = None

    def check(self, connection: Connection) -> None:
        """Raise StoreError where the database is behind the file, has sent and the file is gone, or it cannot be kept.

        Whether the file can be written shows here, before anything is claimed, and not once a letter is.
        """
        known, beside = int(get_value(connection, self.KEY) or 0), self._read()
        if (beside is None and known > 0) or (beside is not None and known < beside):
            seen = "is missing" if beside is None else f"says {beside}, the database {known}"
            raise StoreError(
                f"this database looks like a restored backup: the number kept beside it {seen}; nothing is sent, "
                "for letters may have gone out that it does not know of",
                where=str(self.file),
                hint="look at `syndicate issues list`, then: syndicate store accept-restore",
            )
        self.keep(known)

    def bump(self, connection: Connection) -> int:
        """Raise the number in the running transaction and return it; after the commit call `keep`."""
        number = int(get_value(connection, self.KEY) or 0) + 1
        set_value(connection, self.KEY, str(number))
        return number

    def accept(self, connection: Connection) -> int:
        """Raise the database's number past the file's and return it; after the commit call `keep`."""
        number = max(int(get_value(connection, self.KEY) or 0), self._read() or 0) + 1
        set_value(connection, self.KEY, str(number))
        return number

    def keep(self, number: int) -> None:
        """Write the number to the file, in place: twelve bytes, whole or not at all."""
        try:
            if self._handle is None:
                self._handle = os.open(self.file, os.O_RDWR | os.O_CREAT, 0o600)
            os.pwrite(self._handle, f"{number:011d}\n".encode(), 0)
        except OSError as error:
            raise StoreError(
                f"the number beside the database cannot be kept: {error.strerror}; without it nothing is sent",
                where=str(self.file),
                hint="let this user write that file and its folder",
            ) from error

    def _read(self) -> int | None:
        try:
            return int(self.file.read_text(encoding="ascii"))
        except FileNotFoundError:
            return None
        except (ValueError, OSError) as error:
            raise StoreError(
                "the number kept beside the database cannot be read",
                where=str(self.file),
                hint="syndicate store accept-restore, once you know that nothing was sent that the ledger lacks",
            ) from error

"""One sender to a database: a lock that the operating system (or PostgreSQL) drops when its holder dies."""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

from syndicate.errors import ConfigError, StoreError
from syndicate.store.database import Database

ADVISORY_KEY = 0x53594E44
"""The number of our advisory lock in PostgreSQL: "SYND"."""
_NAMED = "syndicate "
"""What a holder's connection is named before its owner."""
_NUMBERS = count(1)
"""Of the owners of this process, so that two of its threads never are the same one."""
_HOLDER = """
    SELECT application_name FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE locktype = 'advisory' AND granted AND classid = 0 AND objid = %(key)s AND pg_locks.database =
    (SELECT oid FROM pg_database WHERE datname = current_database())
"""


class SenderLockedError(StoreError):
    """Another process holds the right to send; it is named, and this one leaves."""

    exit_code = 1


@contextmanager
def sender_lock(database: Database, now: datetime, *, shared: bool = False) -> Iterator[str]:
    """Hold the right to send, and yield the name of the owner that this process is in the ledger.

    `shared`: beside other workers, each an owner of its own; a sender that wants to be alone keeps them all out, and
    they it. Raises SenderLockedError, with the holder's process, where another one has it.
    """
    owner = f"{socket.gethostname()}:{os.getpid()}:{now:%Y%m%dT%H%M%S%f}:{next(_NUMBERS)}"
    if database.path is not None:
        if shared:
            raise ConfigError(
                "workers share a PostgreSQL; with SQLite there is one sender",
                hint="set database to postgresql+psycopg://…, and copy what is there: syndicate store copy",
            )
        with _file_lock(database.path.with_name(database.path.name + ".lock"), owner):
            yield owner
    else:
        with _advisory_lock(database, owner, "_shared" if shared else ""):
            yield owner


@contextmanager
def _file_lock(path: Path, owner: str) -> Iterator[None]:
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StoreError(
            f"the sender's lock cannot be opened: {error.strerror}; without it nothing is sent",
            where=str(path),
            hint="let this user write that file and its folder",
        ) from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(handle, 200, 0).decode("ascii", "replace").strip()
            raise _taken(_process_of(holder), str(path)) from error
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{owner}\n".encode(), 0)
        yield
    finally:
        os.close(handle)


@contextmanager
def _advisory_lock(database: Database, owner: str, kind: str) -> Iterator[None]:
    """Hold a session-level advisory lock on the ledger's own connection: whoever loses the one has lost the other.

    The connection bears the owner's name, so that whoever comes second can be told who holds it.
    """
    with database.held_driver() as driver:
        if not _one(driver, f"SELECT pg_try_advisory_lock{kind}(%(key)s)"):
            holder = str(_one(driver, _HOLDER) or "").removeprefix(_NAMED)
            raise _taken(_process_of(holder, elsewhere=True), database.url.render_as_string(hide_password=True))
        before = _one(driver, "SHOW application_name")
        driver.execute("SELECT set_config('application_name', %s, false)", (f"{_NAMED}{owner}"[:63],))
        try:
            yield
        finally:
            if not driver.closed:
                driver.execute("SELECT set_config('application_name', %s, false)", (before,))
                _one(driver, f"SELECT pg_advisory_unlock{kind}(%(key)s)")


def _process_of(owner: str, *, elsewhere: bool = False) -> str:
    """Return an owner ("host:process:since") as a person names it; with `elsewhere` it may run on another machine."""
    host, _, rest = owner.partition(":")
    process = rest.partition(":")[0]
    if not process:
        return "another process"
    return f"process {process} on {host}" if elsewhere else f"process {process}"


def _one(driver: Any, statement: str) -> Any:
    (value,) = driver.execute(statement, {"key": ADVISORY_KEY}).fetchone() or (None,)
    return value


def _taken(holder: str, where: str) -> SenderLockedError:
    return SenderLockedError(
        f"{holder} is sending already; one at a time, so that nothing goes out twice",
        where=where,
        hint="let it finish, or stop it first",
    )

"""Two witnesses of a send: what the sink wrote down, and what the ledger says. Between two looks lies a `Run`."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

from sqlalchemy import Connection, create_engine, func, select, text
from sqlalchemy.exc import OperationalError

from benchmarks.judge import Run
from syndicate.store.tables import deliveries, subscribers

PATIENCE_SECONDS = 120.0
_OTHERS = """
    FROM pg_stat_activity
    WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
"""
_STATES = select(subscribers.c.address, deliveries.c.state, deliveries.c.due.is_not(None)).join(
    subscribers, subscribers.c.id == deliveries.c.subscriber_id
)
_DOUBTS = select(subscribers.c.address, deliveries.c.doubts).join(
    subscribers, subscribers.c.id == deliveries.c.subscriber_id
)
_WAITING = ("planned", "sending", "deferred")


class Records:
    """The sink's records, read as they grow."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._at = 0
        self._open: set[str] = set()
        self.taken: list[tuple[str, str]] = []
        """Reader and Message-ID, since `forget`."""
        self.unanswered: list[str] = []

    def read(self) -> None:
        """Read what was written since."""
        with self._path.open("rb") as file:
            file.seek(self._at)
            for line in file:
                if not line.endswith(b"\n"):
                    break
                self._at += len(line)
                self._note(line.decode().split())

    def _note(self, words: list[str]) -> None:
        match words:
            case ["begin"]:
                self._open.clear()
            case ["+", number]:
                self._open.add(number)
            case ["-", number]:
                self._open.discard(number)
            case ["taken" | "unsaid" | "dropped" as what, message_id, reader]:
                if what != "dropped":
                    self.taken.append((reader, message_id))
                if what != "taken":
                    self.unanswered.append(reader)

    def is_quiet(self) -> bool:
        """Return whether no connection is open, so that nothing more will come."""
        self.read()
        return not self._open

    def forget(self) -> None:
        """Begin a new run."""
        self.taken, self.unanswered = [], []


class Ledger:
    """The deliveries as the database has them, read without touching it: a dead sender's WAL is left for the next."""

    def __init__(self, database: str | Path) -> None:
        """Take a server's address, or SQLite's file."""
        self._file = database if isinstance(database, Path) else None
        self._url = "" if isinstance(database, Path) else database

    @contextmanager
    def _open(self) -> Iterator[Connection]:
        with tempfile.TemporaryDirectory() as folder:
            engine = create_engine(_copied(self._file, Path(folder)) if self._file else self._url)
            try:
                with engine.connect() as connection:
                    yield connection
            finally:
                engine.dispose()

    def states(self) -> tuple[dict[str, str], int]:
        """Return each reader's state, and how many deliveries may still move by themselves."""
        with self._open() as connection:
            rows = connection.execute(_STATES).all()
        moving = sum(state in _WAITING or (state == "in_doubt" and has_hour) for _, state, has_hour in rows)
        return {address: state for address, state, _ in rows}, moving

    def doubted(self) -> dict[str, int]:
        """Return how often each letter was in doubt, of those that ever were, by its reader."""
        with self._open() as connection:
            rows = connection.execute(_DOUBTS.where(deliveries.c.doubts > 0)).all()
        return {row.address: row.doubts for row in rows}

    def count(self) -> dict[str, int]:
        """Return how many deliveries are in which state."""
        with self._open() as connection:
            rows = connection.execute(
                select(deliveries.c.state, func.count().label("number")).group_by(deliveries.c.state)
            ).all()
        return {row.state: row.number for row in rows}

    def is_quiet(self) -> bool:
        """Return whether the server is up, and no session of a dead sender is left in it."""
        if self._file:
            return True
        try:
            with self._open() as connection:
                return int(connection.execute(text(f"SELECT count(*) {_OTHERS}")).scalar_one()) == 0
        except OperationalError:
            return False  # The server is recovering.

    def end_sessions(self) -> int:
        """Have the server end every session but this one; return how many."""
        with self._open() as connection:
            return len(connection.execute(text(f"SELECT pg_terminate_backend(pid) {_OTHERS}")).all())

    def kill_session(self) -> None:
        """SIGKILL the process of the server that serves the sender, as the kernel does where memory runs out.

        PostgreSQL then takes its shared memory for spoilt, ends every session, and recovers from its log.
        """
        with self._open() as connection:
            pids = connection.execute(text(f"SELECT pid {_OTHERS}")).scalars().all()
        for pid in pids[:1]:
            os.kill(pid, signal.SIGKILL)


class Witness:
    """Both of them."""

    def __init__(self, records: Path, database: str | Path) -> None:
        self.records, self.ledger = Records(records), Ledger(database)
        self._sent: frozenset[str] = frozenset()
        self.moving = 0
        """How many deliveries could still move by themselves at the last look."""
        self.final: dict[str, str] = {}
        """Each reader's state at the last look."""

    def letters(self) -> int:
        """Return how many letters were taken in this run so far."""
        self.records.read()
        return len(self.records.taken)

    def look(self, *, crashes: int = 0) -> Run:
        """Return what happened since the last look, once the sender is gone and all is quiet."""
        _await(self.records.is_quiet, "the sink keeps connections of a sender that is gone")
        _await(self.ledger.is_quiet, "the database keeps sessions of a sender that is gone")
        self.final, self.moving = self.ledger.states()
        sent = frozenset(reader for reader, state in self.final.items() if state == "sent")
        run = Run(
            taken=tuple(self.records.taken),
            sent=sent - self._sent,
            doubtful=frozenset(reader for reader, state in self.final.items() if state in ("sending", "in_doubt")),
            crashes=crashes,
            unanswered=frozenset(self.records.unanswered),
        )
        self._sent = sent
        self.records.forget()
        return run


def _copied(file: Path, folder: Path) -> str:
    """Copy a database that nobody writes, with its WAL; return the copy's address."""
    for each in (file, file.with_name(f"{file.name}-wal")):
        if each.exists():
            shutil.copyfile(each, folder / each.name)
    return f"sqlite:///{folder / file.name}"


def _await(is_so: Callable[[], bool], fault: str) -> None:
    until = monotonic() + PATIENCE_SECONDS
    while not is_so():
        if monotonic() > until:
            raise TimeoutError(fault)
        sleep(0.002)

"""The installation kept open for as long as it is looked at, and reopened when its config or templates change.

A stamp tells whether anything changed: the times of a few files, and for a database server one question. Nothing
is read, rendered or parsed to make it, so the page may ask for it every second.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from threading import RLock

from syndicate.app import App, SystemClock, open_app
from syndicate.compose.environment import PACKAGE_TEMPLATES
from syndicate.config import Config, load_config
from syndicate.errors import ConfigError
from syndicate.protocols import Clock, Fetcher
from syndicate.schedule import next_period
from syndicate.store.database import Database

Marks = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """What the page depends on. Equal stamps, equal page."""

    files: Marks
    """config.yaml and the templates: where they change, everything is opened anew."""
    database: Marks | str
    hour: datetime
    """Ages are counted by the hour."""
    periods: tuple[datetime, ...]


@dataclass
class Live:
    """An installation by its config file. One thread at a time looks at it."""

    config_path: Path
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    clock: Clock = field(default_factory=SystemClock)
    fetcher: Fetcher | None = None
    _lock: RLock = field(default_factory=RLock)
    _stack: ExitStack = field(default_factory=ExitStack)
    _app: App | None = None
    _opened_at: Marks = ()
    _fault: ConfigError | None = None
    """Why the files, as they were then, could not be opened; nothing is tried again before they change."""

    @contextmanager
    def look(self) -> Iterator[tuple[App, Stamp]]:
        """Give the installation as it is now, and its stamp. Raises SyndicateError where it cannot be opened."""
        with self._lock:
            files = self._files()
            if files == self._opened_at and self._fault:
                raise self._fault
            app = self._app
            if app is None or files != self._opened_at:
                app = self._open(files)
            yield app, self._stamp(app)

    def marks(self) -> Marks:
        """Return the times of the files, which change when a fault is mended."""
        with self._lock:
            return self._files()

    def close(self) -> None:
        """Close the installation; looking again opens it again."""
        with self._lock:
            self._app, self._opened_at, self._fault = None, (), None
            self._stack.close()

    def _open(self, files: Marks) -> App:
        self.close()
        try:
            config = load_config(self.config_path, self.environ)
        except ConfigError as fault:
            self._fault, self._opened_at = fault, self._files()
            raise
        self._app = self._stack.enter_context(open_app(config, clock=self.clock, fetcher=self.fetcher))
        # The folder of the editor's templates is known only now.
        self._opened_at = self._files() if config.templates else files
        return self._app

    def _files(self) -> Marks:
        own = self._app.config if self._app else None
        folders = [PACKAGE_TEMPLATES, *([own.resolve(own.templates)] if own and own.templates else [])]
        return _marks([self.config_path, *(path for folder in folders for path in _below(folder))])

    def _stamp(self, app: App) -> Stamp:
        now = app.clock.now()
        return Stamp(
            files=self._opened_at,
            database=database_mark(app.database),
            hour=now.replace(minute=0, second=0, microsecond=0),
            periods=_periods(app.config, now),
        )


def _periods(config: Config, now: datetime) -> tuple[datetime, ...]:
    return tuple(next_period(digest.at, config.site.zone, now) for digest in config.digests.values())


def database_mark(database: Database) -> Marks | str:
    """Return what changes when something is committed: an SQLite file's times, or a server's newest transaction."""
    path = database.path
    if path is not None:
        return _marks([path, path.with_name(f"{path.name}-wal")])
    with database.read() as connection:
        # The number that the next writing transaction will get: readers, of whom we are one, take none.
        return str(connection.exec_driver_sql("SELECT pg_snapshot_xmax(pg_current_snapshot())").scalar())


def _below(folder: Path) -> Iterator[Path]:
    for parent, folders, files in os.walk(folder):
        folders.sort()
        yield from (Path(parent, name) for name in sorted(files))


def _marks(paths: Iterable[Path]) -> Marks:
    return tuple(mark for path in paths if (mark := _mark(path)) is not None)


def _mark(path: Path) -> tuple[str, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return str(path), found.st_mtime_ns, found.st_size

"""The installation kept open for as long as it is looked at, and reopened when its config changes.

A stamp tells whether anything changed: the times of a few files, and for a database server one question. Nothing
is read, rendered or parsed to make it, so it may be made twenty times a second.
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

    config: Marks
    templates: Marks
    database: Marks | str
    hour: datetime
    """Ages are counted by the hour."""
    periods: tuple[datetime, ...]

    @property
    def files(self) -> Marks:
        """Return the times of all that an editor saves."""
        return (*self.config, *self.templates)


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
    """config.yaml, when it was opened."""
    _templates: frozenset[str] = frozenset()
    _fault: ConfigError | None = None
    """Why the config, as it was then, could not be opened; nothing is tried again before it changes."""

    @contextmanager
    def look(self) -> Iterator[tuple[App, Stamp]]:
        """Give the installation as it is now, and its stamp. Raises SyndicateError where it cannot be opened."""
        with self._lock:
            own = _marks([self.config_path])
            if own == self._opened_at and self._fault:
                raise self._fault
            app = self._app
            if app is None or own != self._opened_at:
                app = self._open(own)
            yield app, self._stamp(app)

    def marks(self) -> Marks:
        """Return the times of the files, which change when a fault is mended."""
        with self._lock:
            return (*_marks([self.config_path]), *self._template_marks())

    def close(self) -> None:
        """Close the installation; looking again opens it again."""
        with self._lock:
            self._app, self._opened_at, self._fault = None, (), None
            self._stack.close()

    def _open(self, own: Marks) -> App:
        before = self._app
        self.close()
        self._opened_at = own
        try:
            config = load_config(self.config_path, self.environ)
        except ConfigError as fault:
            self._fault = fault
            raise
        app = self._stack.enter_context(open_app(config, clock=self.clock, fetcher=self.fetcher))
        if before and before.config.templates == config.templates:
            # What was compiled of them is good under any config; to compile it again would cost a tenth of a second.
            app.templates = before.templates
        self._app = app
        return app

    def _stamp(self, app: App) -> Stamp:
        now, templates = app.clock.now(), self._template_marks()
        self._forget_shadowed(app, frozenset(path for path, _, _ in templates))
        return Stamp(
            config=self._opened_at,
            templates=templates,
            database=database_mark(app.database),
            hour=now.replace(minute=0, second=0, microsecond=0),
            periods=_periods(app.config, now),
        )

    def _forget_shadowed(self, app: App, there: frozenset[str]) -> None:
        """Let templates be found anew where one came or went: Jinja2 sees only whether the one that it read changed."""
        if there != self._templates:
            self._templates = there
            if app.templates.cache is not None:
                app.templates.cache.clear()

    def _template_marks(self) -> Marks:
        own = self._app.config if self._app else None
        folders = [PACKAGE_TEMPLATES, *([own.resolve(own.templates)] if own and own.templates else [])]
        return _marks(path for folder in folders for path in _below(folder))


def _periods(config: Config, now: datetime) -> tuple[datetime, ...]:
    hours = (digest.at for digest in config.digests.values())
    return tuple(next_period(hour, config.site.zone, now) for hour in hours if hour)


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

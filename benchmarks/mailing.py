"""An installation with readers, and issues for them: what the benches of a whole send have in common."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from sqlalchemy import String, cast, insert, literal, select

from syndicate.app import App, open_app
from syndicate.audience.model import SubscriptionState
from syndicate.compose.letter import way_out_mark
from syndicate.compose.model import RenderedEmail, Selection
from syndicate.config import load_config
from syndicate.delivery.model import DeliveryState
from syndicate.pipeline import deliver
from syndicate.pipeline.draft import ways_out
from syndicate.store.database import Database
from syndicate.store.issues import Freeze
from syndicate.store.tables import subscribers, subscriptions

OUTBOX = "outbox: out"
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
_CONFIG = """\
site: {{name: The Lantern, url: "https://lantern.example", postal: "12 Quay Lane, Galway"}}
{database}
feeds: {{reviews: {{url: "https://lantern.example/feed"}}}}
mail:
  from: The Lantern <news@lantern.example>
  return_path: bounces+{{token}}@lantern.example
  mailbox: {{maildir: returned}}
  unsubscribe_mailto: leave@lantern.example
  {way}
lists: {{readers: {{name: Weekly readers}}}}
digests: {{weekly: {{lists: [readers], at: fri 09:00}}}}
web: {{public_url: "https://news.lantern.example"}}
"""
_LINE = "Seventy characters of what a film is like, and of who is in it. More.\n"
_LINE_BYTES = len(_LINE) + 1


def relay(port: int, connections: int) -> str:
    """Return the line of config.yaml for a relay on this machine."""
    return f"relay: {{host: 127.0.0.1, port: {port}, security: none, connections: {connections}}}"


@contextmanager
def installation(folder: Path, readers: int, way: str, *, database: str | None = None) -> Iterator[App]:
    """Open an installation with so many confirmed readers; `way` is where its mail goes, as config.yaml has it."""
    path = folder / "config.yaml"
    path.write_text(_CONFIG.format(way=way, database=f"database: {database}" if database else ""), encoding="utf-8")
    with open_app(load_config(path, {})) as app:
        _fill(app.database, readers)
        yield app


def _fill(database: Database, readers: int) -> None:
    """Put the readers on the list, all at once: an import of a million would take minutes."""
    first = select(literal(1).label("n")).cte(recursive=True)
    numbers = first.union_all(select(first.c.n + 1).where(first.c.n < readers))
    address = "reader" + cast(numbers.c.n, String) + "@mail" + cast(numbers.c.n % 977, String) + ".example"
    added = literal(NOW, type_=subscribers.c.added.type)
    with database.write() as connection:
        person = select(address, address, "Reader " + cast(numbers.c.n, String), added)
        connection.execute(insert(subscribers).from_select(["address", "address_key", "name", "added"], person))
        confirmed = select(subscribers.c.id, literal("readers"), literal(SubscriptionState.CONFIRMED.value), added)
        columns = ["subscriber_id", "list", "state", "since"]
        connection.execute(insert(subscriptions).from_select(columns, confirmed))
        connection.exec_driver_sql("ANALYZE subscribers")
        connection.exec_driver_sql("ANALYZE subscriptions")


def freeze(app: App, email: RenderedEmail, *, lists: tuple[str, ...] = ("readers",)) -> int:
    """Freeze the next issue for every reader of these lists, and return its row's number."""
    number = app.issues.next_number("weekly")
    frozen = app.issues.freeze(
        Freeze(
            digest="weekly",
            period=NOW + number * timedelta(days=7),
            number=number,
            email=email,
            selection=Selection(lead=None, sections=()),
            link_keys={},
            subscriber_lists=lists,
            posting_lists=(),
            inputs_hash="",
            templates_hash="",
            ways_out=ways_out(app.config),
        ),
        app.clock.now(),
    )
    assert frozen is not None
    return frozen


def send(app: App, issue: int, readers: int) -> None:
    """Deliver all that waits; AssertionError unless every reader of the issue was sent to, by the ledger's account."""
    delivered = deliver(app)
    assert not delivered.faults, delivered.faults
    assert app.deliveries.counts(issue) == {DeliveryState.SENT: readers}


def letter_of(size: int) -> RenderedEmail:
    """Return an issue whose letter to a reader has about so many bytes, all of it."""
    return email_of(lines_of(size))


def lines_of(size: int) -> int:
    """Return how many lines make a letter of about so many bytes."""
    return round((size - _bare_weight()) / _LINE_BYTES)


def email_of(lines: int) -> RenderedEmail:
    """Return an issue as ours are: the HTML four times as long as the text, two ways out at the end of both."""
    ways = [way_out_mark(0), way_out_mark(1)]
    in_html = "".join(f'<p><a href="{way}">unsubscribe</a></p>\n' for way in ways)
    in_text = "".join(f"Unsubscribe: {way}\n" for way in ways)
    in_text_lines = lines // 5
    return RenderedEmail(
        subject="The Lantern: this week in the dark",
        preheader="",
        html=f"<html><body>\n{_LINE * (lines - in_text_lines)}{in_html}</body></html>\n",
        text=f"{_LINE * in_text_lines}{in_text}",
    )


@cache
def _bare_weight() -> int:
    """Return the bytes of a letter that says nothing; the outbox keeps what a relay would be given."""
    with tempfile.TemporaryDirectory() as name, installation(Path(name), 1, OUTBOX) as app:
        send(app, freeze(app, email_of(0)), 1)
        (letter,) = (Path(name) / "out" / "mail" / "new").iterdir()
        return letter.stat().st_size


@contextmanager
def postgres() -> Iterator[str]:
    """Run a PostgreSQL of our own with the settings that it comes with; yield the address of an empty database."""
    from tests.conftest import Server

    folder = Path(tempfile.mkdtemp(prefix="syndicate-pg-"))
    try:
        server = Server(folder)
        server.run("ALTER SYSTEM RESET ALL")  # The tests' haste: no fsync, no waiting for a commit.
        server.run("SELECT pg_reload_conf()")
        yield server.make("bench")
        server.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)

"""A whole send, as the benches of speed need it: an installation with everything on, and `deliver` checked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from benchmarks.installation import add_readers, freeze, write_config
from syndicate.app import App, open_app
from syndicate.config import load_config
from syndicate.delivery.model import DeliveryState
from syndicate.pipeline import deliver
from tests.channels.smtp_server import ScriptedSmtp

CONNECTIONS = 10
_RETURNS = {"return_path": "bounces+{token}@lantern.example", "mailbox": {"maildir": "returned"}}
"""Bounces and goodbyes by mail are read, so every letter bears its reader's token in three places."""


@contextmanager
def opened(folder: Path, *, readers: int, port: int, database_url: str | None = None) -> Iterator[App]:
    """Make an installation with so many readers and open it; `port` is that of its relay."""
    path = write_config(folder, database_url=database_url, port=port, connections=CONNECTIONS)
    config = json.loads(path.read_text(encoding="utf-8"))
    config["mail"] |= _RETURNS
    path.write_text(json.dumps(config), encoding="utf-8")
    with open_app(load_config(path, {})) as app:
        add_readers(app.database, readers, app.clock.now())
        with app.database.write() as connection:  # What a server does by itself, some minutes after an import.
            connection.exec_driver_sql("ANALYZE")
        yield app


def frozen(app: App, *, size_bytes: int) -> int:
    """Freeze an issue whose letters have so many bytes, all of them; return its row."""
    return freeze(app, size_bytes=_to_ask_for(size_bytes))


@cache
def _to_ask_for(size_bytes: int) -> int:
    """Return the size by which an issue is made whose letter has this one: a sample is weighed by a server."""
    with (
        TemporaryDirectory() as folder,
        ScriptedSmtp() as server,
        opened(Path(folder), readers=1, port=server.port) as app,
    ):
        sent(app, freeze(app, size_bytes=size_bytes), 1)
    return round(size_bytes**2 / len(server.messages[0].content))


def sent(app: App, issue: int, readers: int) -> float:
    """Deliver all that waits, and return the letters a second; by the ledger's account every reader was sent to."""
    began = perf_counter()
    delivered = deliver(app)
    took = perf_counter() - began
    assert not delivered.faults, delivered.faults
    assert app.deliveries.counts(issue) == {DeliveryState.SENT: readers}
    return readers / took

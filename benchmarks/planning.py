"""Planning a million deliveries, beside the raw statement that any planning comes down to."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from time import perf_counter

from sqlalchemy import Connection, text

from benchmarks.installation import LIST, add_readers, freeze, write_config
from benchmarks.rows import Row
from syndicate.app import open_app
from syndicate.config import load_config
from syndicate.store.database import Database
from syndicate.store.freezing import plan_deliveries
from syndicate.store.opening import open_database

READERS = 1_000_000
ROUNDS = 3
GOAL = 1.5
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
_RAW = f"""
INSERT INTO deliveries (issue_id, subscriber_id, state, due)
SELECT :issue, subscriber_id, 'planned', :now FROM subscriptions WHERE list = '{LIST}' AND state = 'confirmed'
"""
Plan = Callable[[Connection, Database, int], None]


def measure() -> list[Row]:
    """Return the row; both plan into the same file, put back as it was before each, and take turns."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = write_config(folder, port=1)
        with open_app(load_config(path, {})) as app:
            issue = freeze(app, size_bytes=0)  # Nobody is on the list yet, so nothing is planned.
            add_readers(app.database, READERS, app.clock.now())
            file = app.database.path
        assert file is not None
        pairs = [(_planned(file, issue, _ours), _planned(file, issue, _raw)) for _ in range(ROUNDS)]
    ours, raw = (median(side) for side in zip(*pairs, strict=True))
    return [
        Row(
            f"{READERS:,} deliveries planned",
            ours,
            "s",
            f"the raw INSERT … SELECT, {raw:.2f} s",
            ours / raw,
            f"≤ {GOAL} ×",
            ours / raw <= GOAL,
        )
    ]


def _planned(file: Path, issue: int, plan: Plan) -> float:
    """Return the seconds that planning takes in a copy of the file, its commit included."""
    copy = file.with_name("copy.db")
    shutil.copyfile(file, copy)
    with open_database(f"sqlite:///{copy}") as database:
        began = perf_counter()
        with database.write() as connection:
            plan(connection, database, issue)
        took = perf_counter() - began
        with database.read() as connection:
            assert connection.execute(text("SELECT count(*) FROM deliveries")).scalar() == READERS
    for each in file.parent.glob("copy.db*"):
        each.unlink()
    return took


def _ours(connection: Connection, database: Database, issue: int) -> None:
    plan_deliveries(connection, database, issue, (LIST,), (), NOW)


def _raw(connection: Connection, _database: Database, issue: int) -> None:
    connection.execute(text(_RAW), {"issue": issue, "now": f"{NOW:%Y-%m-%d %H:%M:%S.%f}"})

"""Planning a million deliveries, beside the raw statement that any planning comes down to."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter

from sqlalchemy import Connection, text

from benchmarks import mailing
from benchmarks.rows import Row
from syndicate.store.database import Database
from syndicate.store.issues import plan_deliveries
from syndicate.store.opening import open_database

READERS = 1_000_000
ROUNDS = 3
GOAL = 1.5
_RAW = """
INSERT INTO deliveries (issue_id, subscriber_id, state, due)
SELECT :issue, subscriber_id, 'planned', :now FROM subscriptions WHERE list = 'readers' AND state = 'confirmed'
"""
Plan = Callable[[Connection, Database, int], None]


def measure() -> list[Row]:
    """Return the row; both plan into the same file, put back as it was before each, and take turns."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with mailing.installation(folder, READERS, mailing.OUTBOX) as app:
            issue, file = mailing.freeze(app, mailing.email_of(0), lists=()), app.database.path
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
    plan_deliveries(connection, database, issue, ("readers",), (), mailing.NOW)


def _raw(connection: Connection, _database: Database, issue: int) -> None:
    connection.execute(text(_RAW), {"issue": issue, "now": f"{mailing.NOW:%Y-%m-%d %H:%M:%S.%f}"})

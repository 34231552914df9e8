"""All of it: an issue's letters claimed, made, sent and recorded, beside Postfix's smtp-source, which only sends."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from time import perf_counter

from benchmarks import mailing, postfix
from benchmarks.rows import Row
from syndicate.app import App

READERS = 20_000
CONNECTIONS = 10
LARGE, SMALL = 60_000, 5_000
ROUNDS = 5
LARGE_GOAL, SMALL_GOAL, POSTGRES_GOAL = 1.0, 0.8, 0.5


def measure() -> list[Row]:
    """Return the rows; ours on either database and theirs take turns, so that a busy minute falls on all."""
    with ExitStack() as stack:
        port = stack.enter_context(postfix.sink())
        sqlite = stack.enter_context(_installation(port, None))
        postgres = stack.enter_context(_installation(port, stack.enter_context(mailing.postgres())))
        large = _by_turns(_theirs(port, LARGE), _ours(sqlite, LARGE))
        small = _by_turns(_theirs(port, SMALL), _ours(sqlite, SMALL), _ours(postgres, SMALL))
    return [
        _row("all of it, SQLite", LARGE, large[1], "smtp-source -d", large[0], LARGE_GOAL),
        _row("all of it, SQLite", SMALL, small[1], "smtp-source -d", small[0], SMALL_GOAL),
        _row("all of it, PostgreSQL", SMALL, small[2], "SQLite", small[1], POSTGRES_GOAL),
    ]


@contextmanager
def _installation(port: int, database: str | None) -> Iterator[App]:
    with tempfile.TemporaryDirectory() as folder:
        way = mailing.relay(port, CONNECTIONS)
        with mailing.installation(Path(folder), READERS, way, database=database) as app:
            yield app


def _by_turns(*sides: Callable[[], float]) -> list[float]:
    rounds = [[side() for side in sides] for _ in range(ROUNDS)]
    return [median(figures) for figures in zip(*rounds, strict=True)]


def _theirs(port: int, size: int) -> Callable[[], float]:
    return lambda: READERS / postfix.source(port, letters=READERS, size=size, connections=CONNECTIONS)


def _ours(app: App, size: int) -> Callable[[], float]:
    email = mailing.letter_of(size)

    def rate() -> float:
        issue = mailing.freeze(app, email)
        began = perf_counter()
        mailing.send(app, issue, READERS)
        return READERS / (perf_counter() - began)

    return rate


def _row(name: str, size: int, figure: float, peer: str, beside: float, goal: float) -> Row:
    ratio = figure / beside
    return Row(
        f"{name}, {size // 1000} KB, {CONNECTIONS} connections",
        figure,
        "letters/s",
        f"{peer}, {beside:,.0f} letters/s",
        ratio,
        f"≥ {goal} ×",
        ratio >= goal,
    )

"""All of it: an issue's letters claimed, made, sent and recorded, beside Postfix's smtp-source, which only sends."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from benchmarks import mailing, postfix
from benchmarks.installation import postgres
from benchmarks.rows import Row
from syndicate.app import App

READERS = 20_000
LARGE, SMALL = 60_000, 5_000
ROUNDS = 5
LARGE_GOAL, SMALL_GOAL, POSTGRES_GOAL = 1.0, 0.8, 0.5


def measure() -> list[Row]:
    """Return the rows; ours on either database and theirs take turns, so that a busy minute falls on all."""
    with ExitStack() as stack:
        port = stack.enter_context(postfix.sink())
        one, other = (Path(stack.enter_context(tempfile.TemporaryDirectory())) for _ in range(2))
        file = stack.enter_context(mailing.opened(one, readers=READERS, port=port))
        url = stack.enter_context(postgres())("bench")
        server = stack.enter_context(mailing.opened(other, readers=READERS, port=port, database_url=url))
        large = _by_turns(_theirs(port, LARGE), _ours(file, LARGE))
        small = _by_turns(_theirs(port, SMALL), _ours(file, SMALL), _ours(server, SMALL))
    return [
        _row("all of it, SQLite", LARGE, large[1], "smtp-source -d", large[0], LARGE_GOAL),
        _row("all of it, SQLite", SMALL, small[1], "smtp-source -d", small[0], SMALL_GOAL),
        _row("all of it, PostgreSQL", SMALL, small[2], "SQLite", small[1], POSTGRES_GOAL),
    ]


def _by_turns(*sides: Callable[[], float]) -> list[float]:
    rounds = [[side() for side in sides] for _ in range(ROUNDS)]
    return [median(figures) for figures in zip(*rounds, strict=True)]


def _theirs(port: int, size: int) -> Callable[[], float]:
    return lambda: READERS / postfix.source(port, letters=READERS, size=size, connections=mailing.CONNECTIONS)


def _ours(app: App, size: int) -> Callable[[], float]:
    return lambda: mailing.sent(app, mailing.frozen(app, size_bytes=size), READERS)


def _row(name: str, size: int, figure: float, peer: str, beside: float, goal: float) -> Row:
    ratio = figure / beside
    return Row(
        f"{name}, {size // 1000} KB, {mailing.CONNECTIONS} connections",
        figure,
        "letters/s",
        f"{peer}, {beside:,.0f} letters/s",
        ratio,
        f"≥ {goal} ×",
        ratio >= goal,
    )

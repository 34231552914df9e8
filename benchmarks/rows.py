"""A measured figure beside its limit: what each benchmark gives and `run.py` prints."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from time import process_time
from typing import NamedTuple


class Row(NamedTuple):
    """One line of `make bench`."""

    name: str
    figure: float
    unit: str
    beside: str
    """What it is measured against, in words."""
    ratio: float | None
    goal: str
    holds: bool


def cpu_ms(work: Callable[[], object], rounds: int = 15) -> float:
    """Return the median CPU time of one call in milliseconds."""
    times = []
    for _ in range(rounds):
        start = process_time()
        work()
        times.append(process_time() - start)
    return statistics.median(times) * 1000

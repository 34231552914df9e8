"""The cluster engine: how fast 1, 2 and 4 workers send, beside one local sender on the same PostgreSQL.

Every worker is a process of its own, started before the issue is frozen; what is measured is the time from the freezing
to the last letter recorded, so the deferring of jobs, their taking and the end of each share are in it.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from time import perf_counter, sleep

from benchmarks import mailing, postfix
from benchmarks.installation import add_readers, freeze, postgres, write_config
from benchmarks.rows import Row
from syndicate.app import open_app
from syndicate.config import load_config
from syndicate.delivery.model import DeliveryState
from syndicate.engine import schema
from syndicate.engine.status import cluster_status

READERS, MANY = 20_000, 1_000_000
SIZE = 5_000
ROUNDS = 3
WORKERS = (1, 2, 4)
MOST_OVERHEAD = 1.25
LOOK_SECONDS = 0.01


def measure() -> list[Row]:
    """Return the rows: the local sender and each number of workers take turns, so that a busy minute falls on all."""
    with ExitStack() as stack:
        port = stack.enter_context(postfix.sink())
        make = stack.enter_context(postgres())
        alone = _Alone(stack, make("alone"), port)
        shared = {count: _Shared(stack, make(f"shared{count}"), port, count) for count in WORKERS}
        rounds = [(alone.rate(), *(each.rate() for each in shared.values())) for _ in range(ROUNDS)]
        planned, memory = _planned(stack, make("many"))
    local, *ours = (median(figures) for figures in zip(*rounds, strict=True))
    rates = dict(zip(shared, ours, strict=True))
    return [
        Row(
            f"cluster, 1 worker, {SIZE // 1000} KB",
            rates[1],
            "letters/s",
            f"one local sender on PostgreSQL, {local:,.0f} letters/s",
            local / rates[1],
            f"≤ {MOST_OVERHEAD} × its time",
            local / rates[1] <= MOST_OVERHEAD,
        ),
        *(
            Row(
                f"cluster, {count} workers, {SIZE // 1000} KB",
                rates[count],
                "letters/s",
                f"1 worker, {rates[1]:,.0f} letters/s",
                rates[count] / rates[1],
                "none: two cores are all that this machine has" if (os.cpu_count() or 1) < 3 else "none",
                True,
            )
            for count in WORKERS[1:]
        ),
        Row(f"cluster, {MANY:,} deliveries planned", MANY / planned, "rows/s", f"{planned:.1f} s", None, "none", True),
        Row("cluster, memory grown by planning them", memory, "MB", "0 MB", None, "≤ 8 MB", memory <= 8),
    ]


class _Alone:
    """The local engine."""

    def __init__(self, stack: ExitStack, url: str, port: int) -> None:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        self._app = stack.enter_context(mailing.opened(folder, readers=READERS, port=port, database_url=url))

    def rate(self) -> float:
        """Return the letters a second of one issue."""
        began = perf_counter()
        issue = freeze(self._app, size_bytes=SIZE)
        mailing.sent(self._app, issue, READERS)
        return READERS / (perf_counter() - began)


class _Shared:
    """So many workers, which run only while they are measured: idle ones ask for jobs all the same."""

    def __init__(self, stack: ExitStack, url: str, port: int, count: int) -> None:
        self._folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        self._count = count
        with mailing.opened(self._folder, readers=READERS, port=port, database_url=url):
            pass
        self._path = _share(self._folder / "config.yaml")
        self._app = stack.enter_context(open_app(load_config(self._path, os.environ)))
        schema.migrate(self._app.database)

    def rate(self) -> float:
        """Return the letters a second of one issue."""
        with self._workers():
            began = perf_counter()
            issue = freeze(self._app, size_bytes=SIZE)
            while self._app.deliveries.counts(issue) != {DeliveryState.SENT: READERS}:
                sleep(LOOK_SECONDS)
            return READERS / (perf_counter() - began)

    @contextmanager
    def _workers(self) -> Iterator[None]:
        words = [sys.executable, "-m", "syndicate", "--config", str(self._path), "worker"]
        processes = [
            subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for _ in range(self._count)
        ]
        try:
            while cluster_status(self._app.database).workers < self._count:
                assert all(process.poll() is None for process in processes), "a worker ended"
                sleep(LOOK_SECONDS)
            yield
        finally:
            for process in processes:
                process.terminate()
            for process in processes:
                assert process.wait(60) == 0


def _share(path: Path) -> Path:
    """Let an installation be a cluster."""
    config = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**config, "engine": "cluster"}), encoding="utf-8")
    return path


def _planned(stack: ExitStack, url: str) -> tuple[float, float]:
    """Return the seconds that it takes to freeze an issue for a million readers, jobs and all, and the MB it took."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    path = _share(write_config(folder, database_url=url, port=1))
    with open_app(load_config(path, os.environ)) as app:
        schema.migrate(app.database)
        add_readers(app.database, MANY, app.clock.now())
        before = _peak_mb()
        took = _seconds(lambda: freeze(app, size_bytes=SIZE))
        assert cluster_status(app.database).tasks[0].waiting >= MANY // app.config.cluster.shard
        return took, _peak_mb() - before


def _seconds(work: Callable[[], object]) -> float:
    began = perf_counter()
    work()
    return perf_counter() - began


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000

"""What `syndicate --help` costs, as a whole process, beside a bare Python."""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys

from benchmarks.rows import Row

ROUNDS = 15
LIMIT = 5.0


def measure() -> list[Row]:
    """Return the CPU time of `syndicate --help` beside that of `python -c pass`, the two in turn."""
    pairs = [(_cpu(["-m", "syndicate", "--help"]), _cpu(["-c", "pass"])) for _ in range(ROUNDS + 1)][1:]
    ours, bare = (statistics.median(times) for times in zip(*pairs, strict=True))
    ratio = ours / bare
    beside = f"python -c pass, {bare * 1000:.0f} ms"
    return [Row("syndicate --help", ours * 1000, "ms CPU", beside, ratio, f"≤ {LIMIT:g} ×", ratio <= LIMIT)]


def _cpu(arguments: list[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

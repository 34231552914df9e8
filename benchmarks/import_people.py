"""What an import of 100,000 readers takes, as a whole process: time and memory."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.rows import Row

READERS = 100_000
MOST_SECONDS, MOST_MB = 10.0, 150.0
CONFIG = """site: {name: The Bench, url: https://bench.example, timezone: UTC}
feeds: {reviews: {url: feed.xml}}
lists: {readers: {name: Readers}}
"""
MEASURED = """
import re, sys, time
from pathlib import Path
from syndicate.cli import main
began = time.monotonic()
try:
    main(["subscribers", "import", "people.csv"])
finally:
    # Not getrusage: its maximum is that of whoever started this process too (Linux keeps it over exec).
    peak = re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())
    print(time.monotonic() - began, int(peak[1]) / 1000)
"""


def measure() -> list[Row]:
    """Return the time and the memory of an import into a new database, each beside its limit."""
    with tempfile.TemporaryDirectory() as name:
        seconds, megabytes = _imported(Path(name))
    return [
        _row("import of 100,000 readers", seconds, "s", MOST_SECONDS),
        _row("memory of that import", megabytes, "MB", MOST_MB),
    ]


def _imported(folder: Path) -> tuple[float, float]:
    (folder / "config.yaml").write_text(CONFIG, encoding="utf-8")
    with (folder / "people.csv").open("w", encoding="utf-8") as file:
        file.write("email,name\n")
        file.writelines(f'reader{number}@mail{number % 977}.example,"Reader, {number}"\n' for number in range(READERS))
    command = [sys.executable, "-c", MEASURED]
    root = Path(__file__).resolve().parent.parent
    done = subprocess.run(
        command, cwd=folder, env={"PYTHONPATH": str(root)}, capture_output=True, text=True, check=True
    )
    seconds, megabytes = (float(each) for each in done.stdout.split())
    return seconds, megabytes


def _row(name: str, figure: float, unit: str, most: float) -> Row:
    return Row(name, figure, unit, f"the limit, {most:g} {unit}", figure / most, f"≤ {most:g} {unit}", figure <= most)

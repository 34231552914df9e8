"""`make bench`: every figure beside its limit, both measured in this run.

    python benchmarks/run.py [--only NAME] [--json]

A figure is a median; a ratio is to the limit or peer that stands beside it. Exit 1 where a goal does not hold.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from importlib import import_module
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.rows import Row

BENCHES = (
    "start",
    "poll",
    "import_people",
    "render",
    "letter",
    "studio",
    "policy",
    "planning",
    "wire",
    "distance",
    "sending",
    "cluster",
    "memory",
)
"""The modules of this folder that have a `measure()`, quickest first."""


def main() -> int:
    """Run the benches that were asked for, print their rows, and return the exit code."""
    parser = argparse.ArgumentParser(description="Measure, each figure beside its limit.")
    parser.add_argument("--only", choices=BENCHES, help="one bench alone")
    parser.add_argument("--json", action="store_true", help="print a list of rows")
    asked = parser.parse_args()
    rows: list[Row] = []
    for name in [asked.only] if asked.only else BENCHES:
        found: list[Row] = import_module(f"benchmarks.{name}").measure()
        rows += found
        if not asked.json:
            print("\n".join(_line(row) for row in found), flush=True)
    if asked.json:
        print(json.dumps([row._asdict() for row in rows], ensure_ascii=False, indent=2))
    else:
        print(f"\n{_machine()}")
    return 0 if all(row.holds for row in rows) else 1


def _line(row: Row) -> str:
    ratio = f"{row.ratio:.2f} ×" if row.ratio is not None else ""
    holds = "holds" if row.holds else "DOES NOT HOLD"
    return f"{row.name:44} {row.figure:10,.2f} {row.unit:8} {ratio:>8}  beside {row.beside}; goal {row.goal}: {holds}"


def _machine() -> str:
    return (
        f"{platform.python_implementation()} {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}"
    )


if __name__ == "__main__":
    sys.exit(main())

"""The chaos bench, small: a real sender is killed, and the sums hold."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

CHAOS = Path(__file__).parents[2] / "benchmarks" / "chaos.py"


def chaos(*arguments: str) -> tuple[int, list[dict[str, Any]]]:
    done = subprocess.run(
        [sys.executable, str(CHAOS), "--json", *arguments], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.stdout, done.stderr
    reports: list[dict[str, Any]] = json.loads(done.stdout)
    return done.returncode, reports


@pytest.mark.slow
@pytest.mark.journey
def test_a_killed_sender_loses_nobody() -> None:
    code, (report,) = chaos("--readers", "80", "--crashes", "2", "--only", "killed/sqlite")
    assert code == 0, report
    assert report["holds"]
    assert report["faults"] == []
    assert report["verdict"]["lost"] == 0
    assert sum(line["taken"] for line in report["verdict"]["lines"]) == 80 + report["verdict"]["duplicated"]

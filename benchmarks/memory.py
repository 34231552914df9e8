"""What a process that plans and sends an issue to a million readers holds more than one that has a thousand."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks import mailing, postfix
from benchmarks.rows import Row

FEW, MANY = 1_000, 1_000_000
BYTES = 2_500
MOST_MB = 8.0
_ROOT = Path(__file__).resolve().parent.parent
_SENDS = """
import sys
from pathlib import Path
from benchmarks import mailing, memory
from benchmarks.installation import freeze
from syndicate.app import open_app
from syndicate.config import load_config
with open_app(load_config(Path("config.yaml"), {})) as app:
    mailing.sent(app, freeze(app, size_bytes=memory.BYTES), int(sys.argv[1]))
print(memory.peak())
"""


def measure() -> list[Row]:
    """Return the row; either send is a process of its own, which finds its readers in the database."""
    with postfix.sink() as port:
        few, many = _sent(port, FEW), _sent(port, MANY)
    growth = many - few
    return [
        Row(
            f"memory, {FEW:,} to {MANY:,} readers",
            growth,
            "MB",
            f"0; {many:.1f} MB in all",
            None,
            f"≤ {MOST_MB:g} MB",
            growth <= MOST_MB,
        )
    ]


def _sent(port: int, readers: int) -> float:
    """Return the most memory that planning and sending an issue to so many took, in MB."""
    with tempfile.TemporaryDirectory() as folder:
        with mailing.opened(Path(folder), readers=readers, port=port):
            pass
        words = [sys.executable, "-c", _SENDS, str(readers)]
        environment = {"PYTHONPATH": str(_ROOT)}
        done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=True)
    return float(done.stdout)


def peak() -> float:
    """Return the most memory that this process has held, in MB.

    Not getrusage: its maximum is that of whoever started this process too (Linux keeps it over exec).
    """
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"))
    assert found
    return int(found[1]) / 1000

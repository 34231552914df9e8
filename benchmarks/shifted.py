"""One beat of the work at a later hour: `python benchmarks/shifted.py CONFIG HOURS`, so that nothing waits for a retry.

Exit code 0 where everything that was due then was done, 1 otherwise.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from syndicate.app import open_app
from syndicate.config import load_config
from syndicate.pipeline import tick


@dataclass(frozen=True, slots=True)
class LaterClock:
    """The machine's clock, and so much more."""

    by: timedelta

    def now(self) -> datetime:
        """Return the time, aware, in UTC."""
        return datetime.now(UTC) + self.by


def main(config: str, hours: str) -> int:
    """Do what is due at that hour."""
    clock = LaterClock(timedelta(hours=float(hours)))
    with open_app(load_config(Path(config), {}), clock=clock) as app:
        return 0 if tick(app).is_whole else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

"""`--health`: a small listener beside the work, for a container or a monitor that wants to know how the work is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from time import monotonic
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from syndicate.config import Config

health_option = click.option(
    "--health", metavar="HOST:PORT", help="Answer /healthz and /readyz there, as on 127.0.0.1:8027; else nowhere."
)


class Pulse:
    """When what must go on in this process was last seen to, by the machine's monotonic clock."""

    def __init__(self, fault: str, most: timedelta, *, is_busy: Callable[[], bool] = lambda: False) -> None:
        self._fault, self._most, self._is_busy = fault, most.total_seconds(), is_busy
        self._seen = monotonic()

    def beat(self) -> None:
        """Be seen."""
        self._seen = monotonic()

    def fault(self) -> str | None:
        """Return in a sentence that nothing was seen for too long; None where it was, or a long work is being done."""
        age = monotonic() - self._seen
        return None if age <= self._most or self._is_busy() else f"{self._fault} for {age:.0f} seconds"


@contextmanager
def watched(place: str | None, config: Config, pulse: Pulse) -> Iterator[None]:
    """Tell at `place` how the work is until the block is left; None: nowhere. Raises ConfigError where it is taken."""
    if place is None:
        yield
        return
    from syndicate.cli.serving import address_of, checked, listening, served_beside
    from syndicate.web.health import Readiness, health_app

    with listening(checked(place, "--health"), way_out="--health with another port") as listener:
        click.echo(f"health: {address_of(place, listener)}readyz", err=True)
        # Should the server end by itself, no answer is answer enough for who watches, and the work goes on.
        with served_beside(health_app(Readiness(config, pulse.fault)), listener, ended=lambda: None):
            yield

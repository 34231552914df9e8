"""How far long work is, on stderr: live lines where a person is looking; elsewhere, if it is long, a line a minute."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, TypeAlias

import click

from syndicate.log import event

if TYPE_CHECKING:
    from syndicate.cli.live import Screen
    from syndicate.cli.sendings import Sending, Standing
    from syndicate.delivery.model import DeliveryState

Told: TypeAlias = "tuple[str, Mapping[DeliveryState, int], int | None]"
QUIET_SECONDS = 0.5
DRAW_SECONDS = 0.1
"""No more than ten times a second is anything drawn or reckoned, however often we are told."""
TELL_SECONDS = 60.0


class EachMinute:
    """Tells of a sending once a minute, and never of one that takes less."""

    def __init__(self, tell: Callable[[Standing], None], *, now: Callable[[], float] = time.monotonic) -> None:
        self._tell, self._now = tell, now
        self._sending: Sending | None = None
        self._latest: Told = ("", {}, None)
        self._due = 0.0
        self._has_told = False

    def sending(self, what: str, tally: Mapping[DeliveryState, int], total: int | None) -> None:
        """Take in how far a sending is (pipeline/deliver.py: Progress). Where another one begins, this one is over."""
        now = self._now()
        if what != self._latest[0]:
            self.end()
            self._begin(what, now)
        self._latest = what, tally, total
        if now >= self._due:
            self._due, self._has_told = now + TELL_SECONDS, True
            self._tell_of(self._sending, now)

    def end(self) -> None:
        """Tell how the sending ended, if it was told of before."""
        if self._has_told and self._sending is not None:
            self._sending.ended = self._now()
            self._tell_of(self._sending, self._sending.ended)

    def _begin(self, what: str, now: float) -> None:
        from syndicate.cli.sendings import Sending

        self._sending, self._due, self._has_told = Sending(what, now), now + TELL_SECONDS, False

    def _tell_of(self, sending: Sending | None, now: float) -> None:
        if sending is not None:
            sending.told(*self._latest[1:], now)
            self._tell(sending.standing(now))


class Bars:
    """Lines for what moves; Rich is loaded only once something takes its time on a terminal."""

    def __init__(self, *, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._shown = sys.stderr.isatty() and os.environ.get("TERM") not in ("dumb", "unknown")
        self._screen: Screen | None = None
        self._done: dict[str, int] = {}
        self._sendings: list[Sending] = []
        self._latest: Told = ("", {}, None)
        self._draw_at = now() + QUIET_SECONDS
        self._plain = EachMinute(lambda standing: click.echo(standing.line(), err=True), now=now)

    def sending(self, what: str, tally: Mapping[DeliveryState, int], total: int | None) -> None:
        """Take in how far a sending is (pipeline/deliver.py: Progress); it may be told thousands of times a second."""
        if not self._shown:
            self._plain.sending(what, tally, total)
            return
        now = self._now()
        if what != self._latest[0]:
            self._begin(what, now)
        self._latest = what, tally, total
        if now >= self._draw_at:
            self._draw_at = now + DRAW_SECONDS
            self._sendings[-1].told(tally, total, now)
            self._on_screen().sendings[:] = self._sendings

    def step(self, what: str) -> None:
        """Count one more of something."""
        self.reach(what, self._done.get(what, 0) + 1)

    def reach(self, what: str, done: int, total: int | None = None) -> None:
        """Tell how far something is, and where it ends, if that is known."""
        self._done[what] = done
        if self._shown and (now := self._now()) >= self._draw_at:
            self._draw_at = now + DRAW_SECONDS
            self._on_screen().count(what, done, total)

    def _begin(self, what: str, now: float) -> None:
        """Begin another sending: the one before is over, and what it was told last is what it came to."""
        from syndicate.cli.sendings import Sending

        if self._sendings:
            self._sendings[-1].told(*self._latest[1:], now)
            self._sendings[-1].ended = now
        self._sendings.append(Sending(what, now))
        if self._screen is None:
            self._draw_at = now + QUIET_SECONDS

    def _on_screen(self) -> Screen:
        if self._screen is None:
            from syndicate.cli.live import Screen

            self._screen = Screen(self._now)
            self._screen.start()
        return self._screen

    def __enter__(self) -> Bars:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._screen is not None:
            self._screen.stop()
        self._plain.end()


def log_progress(standing: Standing) -> None:
    """Write down how far a sending is, for whoever reads the log of `syndicate run`."""
    event(
        "issue-progress",
        what=standing.what,
        **{state.value: number for state, number in standing.tally.items()},
        of=standing.total,
        per_second=None if standing.per_second is None else round(standing.per_second, 1),
        seconds_left=None if standing.left is None else round(standing.left),
    )

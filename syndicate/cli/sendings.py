"""How far a sending is: what went where, how many a second of late, how long it still takes. No screen, no clock."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from syndicate.delivery.model import DeliveryState

RECENT_SECONDS = 5.0
"""Over so long the letters a second are reckoned, so that a relay that has become slow shows."""
FEW_LETTERS = 3
"""Over so many at least, so that a relay that may have ten in a minute does not seem to stand still between two."""
MOST_MOMENTS = 64
"""So many are remembered: at ten a second, more than the last seconds."""
LEAST_SECONDS = 0.5
"""Before that nobody can say how fast it is."""
_S = DeliveryState
Piece = tuple[str, str]
"""Words, and Rich's name for how they look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How far a sending is at a moment."""

    what: str
    tally: Mapping[DeliveryState, int]
    total: int | None
    """How many waited when it began; None where nobody has counted them."""
    per_second: float | None
    """Of late; None at the very beginning."""
    seconds: float
    """Since it began."""
    is_over: bool = False

    @property
    def done(self) -> int:
        """Return of how many something came."""
        return sum(self.tally.values())

    @property
    def share(self) -> float | None:
        """Return how much of it is done, from 0 to 1; None where the whole is not known."""
        return None if not self.total else min(1.0, self.done / self.total)

    @property
    def left(self) -> float | None:
        """Return how many seconds it still takes at this rate; None where that cannot be said."""
        if self.is_over or not self.total or not self.per_second:
            return None
        return max(0, self.total - self.done) / self.per_second

    def tallies(self) -> Iterator[Piece]:
        """Yield what became of the letters; what is not sent only where there is some."""
        whole = f" of {self.total:,}" if self.total else ""
        yield f"{self.tally.get(_S.SENT, 0):,}{whole} sent", ""
        for state, style in ((_S.DEFERRED, "yellow"), (_S.FAILED, "red"), (_S.IN_DOUBT, "magenta")):
            if number := self.tally.get(state, 0):
                yield f"{number:,} {state.replace('_', ' ')}", style

    def speeds(self) -> Iterator[Piece]:
        """Yield the letters a second and the time left, as far as they are known."""
        if self.per_second is not None:
            yield pace(self.per_second), "cyan"
        if self.is_over:
            yield f"in {clock(self.seconds)}", ""
        elif (left := self.left) is not None:
            yield f"{clock(math.ceil(left))} left", ""

    def line(self) -> str:
        """Return it in one line for a log or a mail of cron."""
        told = ", ".join(text for text, _ in (*self.tallies(), *self.speeds()))
        return f"{self.what}: {told}"


class Sending:
    """A sending on its way: what it was told last, and when it stood where."""

    def __init__(self, what: str, at: float) -> None:
        self.what = what
        self.began = at
        self.ended: float | None = None
        self._tally: Mapping[DeliveryState, int] = {}
        self._total: int | None = None
        self._moments: deque[tuple[float, int]] = deque([(at, 0)], MOST_MOMENTS)

    def told(self, tally: Mapping[DeliveryState, int], total: int | None, at: float) -> None:
        """Take in how far it is; `tally` is of all that came since it began."""
        self._tally, self._total = dict(tally), total
        self._moments.append((at, sum(tally.values())))

    def standing(self, at: float) -> Standing:
        """Return how far it is. Another thread may ask, while this one tells."""
        moments = list(self._moments)
        at = at if self.ended is None else self.ended
        since, before = (self.began, 0) if self.ended is not None else self._lately(moments, at)
        span = at - since
        return Standing(
            what=self.what,
            tally=self._tally,
            total=self._total,
            per_second=(moments[-1][1] - before) / span if span >= LEAST_SECONDS else None,
            seconds=at - self.began,
            is_over=self.ended is not None,
        )

    def _lately(self, moments: Sequence[tuple[float, int]], at: float) -> tuple[float, int]:
        """Return the moment from which the letters a second are reckoned."""
        (first, few), (last, many) = moments[0], moments[-1]
        seconds = max(RECENT_SECONDS, FEW_LETTERS * (last - first) / max(1, many - few))
        return next((each for each in reversed(moments) if each[0] <= at - seconds), (self.began, 0))


def clock(seconds: float) -> str:
    """Return a time as a clock shows it: "0:06", "1:02:03"."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def pace(per_second: float) -> str:
    """Return how fast it goes, in a unit that fits: "1,234/s", "2.5/s", "10/min"."""
    if 0 < per_second < 1:
        return f"{per_second * 60:.0f}/min"
    return f"{per_second:.1f}/s" if 0 < per_second < 10 else f"{per_second:,.0f}/s"

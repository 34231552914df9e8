"""A rate and a quota that hold for several workers together: each takes a few letters' worth, and no more.

Pure: where what is left is kept, and how two are kept from taking the same, is the store's to know (store/relays.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from syndicate.delivery.manners import BURST_SECONDS, NOTHING, Pace, Rules

SHARE = 100
"""Letters that a worker takes of a quota at a time; those that it does not send it puts back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What a worker may take now, and what is to be remembered of it for the others."""

    letters: int
    full_at: datetime
    """When the rate has all its room again (the theoretical arrival time of GCRA)."""
    wait: timedelta | None = NOTHING
    """How long until there is some, where there is none now; None: the quota is used up."""


def granted(rules: Rules, *, full_at: datetime | None, left: int | None, now: datetime) -> Grant:
    """Return what may be taken of a relay's rate and of what is `left` of its quota."""
    level = now if full_at is None or full_at <= now else full_at
    if left is not None and left <= 0:
        return Grant(letters=0, full_at=level, wait=None)
    most = SHARE if left is None else min(SHARE, left)
    if not rules.rate:
        return Grant(letters=most, full_at=level)
    gap, burst = timedelta(microseconds=ceil(1_000_000 / rules.rate)), max(1, int(rules.rate * BURST_SECONDS))
    level = min(level, now + gap * burst)  # Never further off than an empty bucket, should a clock be set back.
    letters = min(most, burst - ceil((level - now) / gap))
    if letters < max(1, burst // 2):
        return Grant(letters=0, full_at=level, wait=level - now - gap * (burst - max(1, burst // 2)))
    return Grant(letters=letters, full_at=level + gap * letters)


class SharedPace(Pace):
    """A pace of which others take their share too: `take` commits what one takes."""

    def __init__(self, rules: Rules, *, take: Callable[[], Grant], of_reader: Callable[[str], bool]) -> None:
        super().__init__(rules, of_reader=of_reader)
        self._take = take
        self.unused = 0
        """What was taken and not yet given to a letter."""
        self._again: datetime | None = None

    def room(self, now: datetime, most: int) -> int:
        """Return how many letters may be claimed now, from 0 to `most`."""
        if self._is_free:
            return most
        return 0 if self._rests(now) else min(most, self.unused)

    def wait(self, now: datetime) -> timedelta | None:
        """Return 0 where there is room, or how long until there may be some; None: nothing more goes in this run."""
        if self._is_free or (self.unused and not self._rests(now)):
            return NOTHING
        if self._rests(now) or self.is_used_up:
            return None
        if self._again is not None and now < self._again:
            return self._again - now
        return self._taken(now)

    def took(self, count: int, now: datetime) -> None:  # noqa: ARG002  (others ask when)
        """Count letters that were claimed for the relay."""
        if not self._is_free:
            self.unused -= count

    def put_back(self) -> int:
        """Return what was taken for nothing; it is no longer ours."""
        unused, self.unused = self.unused, 0
        return unused

    def _taken(self, now: datetime) -> timedelta | None:
        grant = self._take()
        self.unused = grant.letters
        if grant.wait is None:
            self._left = 0
        self._again = now + grant.wait if grant.wait else None
        return grant.wait

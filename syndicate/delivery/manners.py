"""How fast letters go to a relay: so many a second, so many in any 24 hours, and a rest after a run of refusals.

Pure: whoever asks says what time it is, and what the relay was given before this process began.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import assert_never

from syndicate.delivery.model import Deferred, InDoubt, Outcome, Refused, Sent

DAY, HOUR, NOTHING = timedelta(hours=24), timedelta(hours=1), timedelta(0)
BURST_SECONDS = 0.2
"""So long a burst may stand for: who leaves meanwhile is still honoured, and a group of letters is a commit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a relay bears. None: no such limit."""

    rate: float | None = None
    """Letters a second."""
    per_day: int | None = None
    """Letters in any 24 hours."""
    pause_after: int = 20
    """So many refusals in a row."""
    pause_for: timedelta = HOUR


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """A relay is given no letters for a while."""

    until: datetime
    because: str


class Pace:
    """How many letters one relay may be given now. The loop asks; nothing in here knows a clock.

    `left` is what the relay may still be given of its quota. A `rest` that is over is remembered until a letter is
    taken again: the first refusal after it begins the next, so that not a whole run of letters is lost each time.
    `of_reader` says whether a refusal, in the server's words, tells of the reader: such a one is no sign of the relay.
    """

    def __init__(
        self,
        rules: Rules,
        *,
        left: int | None = None,
        rest: Rest | None = None,
        of_reader: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self.rules = rules
        self._of_reader = of_reader
        # Whole microseconds between two letters, rounded up: nothing is lost in fractions, and never is it too fast.
        self._gap = timedelta(microseconds=ceil(1_000_000 / rules.rate)) if rules.rate else NOTHING
        self._burst = max(1, int((rules.rate or 0) * BURST_SECONDS))
        self._full_at: datetime | None = None
        """When the bucket is full again (the theoretical arrival time of GCRA); None: it is full."""
        self._left, self._rest, self._refusals = left, rest, 0
        self.renew(left=left, rest=rest)

    def renew(self, *, left: int | None, rest: Rest | None) -> None:
        """Take over what the store knows: another process may have sent, or a person ended the rest."""
        if rest is not None:
            self._refusals = self.rules.pause_after - 1
        elif self._rest is not None:
            self._refusals = 0
        self._left, self._rest = left, rest
        self._is_free = self._left is None and not self._gap and rest is None

    @property
    def rest(self) -> Rest | None:
        """Return the rest that was begun last, be it over or not; None once a letter was taken after it."""
        return self._rest

    @property
    def is_used_up(self) -> bool:
        """Return whether nothing is left of the quota."""
        return self._left is not None and self._left <= 0

    def room(self, now: datetime, most: int) -> int:
        """Return how many letters may be claimed now, from 0 to `most`."""
        if self._is_free:
            return most
        if self._rests(now):
            return 0
        if self._left is not None:
            most = min(most, self._left)
        return max(0, min(most, self._by_rate(now)) if self._gap else most)

    def wait(self, now: datetime) -> timedelta | None:
        """Return 0 where there is room, or how long until the rate gives some; None: nothing more goes in this run.

        After a burst it waits for half of the next, so that a fast relay is not given its letters one by one.
        """
        if self._is_free:
            return NOTHING
        if self._rests(now) or self.is_used_up:
            return None
        if not self._gap or self._by_rate(now):
            return NOTHING
        return self._level(now) - now - self._gap * (self._burst - max(1, self._burst // 2))

    def took(self, count: int, now: datetime) -> None:
        """Count letters that were claimed for the relay."""
        if self._left is not None:
            self._left -= count
        if self._gap:
            self._full_at = self._level(now) + self._gap * count

    def heard(self, outcome: Outcome, now: datetime) -> Rest | None:
        """Return the rest that begins with this outcome, if one does.

        Doubt is no answer: it neither counts nor ends a run. An outcome of a letter that was out when the rest began
        changes nothing: a line that was slow must not end it.
        """
        match outcome:
            case Sent():
                if self._refusals and not self._rests(now):
                    self._refusals, self._rest = 0, None
                    self._is_free = self._left is None and not self._gap
                return None
            case Refused(reason=reason, status=status):
                return self._refused(f"{status} {reason}" if status and status not in reason else reason, now)
            case Deferred(reason=reason):
                return self._refused(reason, now)
            case InDoubt():
                return None
            case _:
                assert_never(outcome)

    def _refused(self, reply: str, now: datetime) -> Rest | None:
        if self._rests(now) or self._of_reader(reply):
            return None
        self._refusals += 1
        if self._refusals < self.rules.pause_after:
            return None
        self._refusals = self.rules.pause_after - 1
        self._rest, self._is_free = Rest(until=now + self.rules.pause_for, because=reply), False
        return self._rest

    def _rests(self, now: datetime) -> bool:
        return self._rest is not None and now < self._rest.until

    def _level(self, now: datetime) -> datetime:
        """Return when the bucket is full: never further off than an empty one is, should the clock be set back."""
        if self._full_at is None or self._full_at <= now:
            return now
        self._full_at = min(self._full_at, now + self._gap * self._burst)
        return self._full_at

    def _by_rate(self, now: datetime) -> int:
        return self._burst - ceil((self._level(now) - now) / self._gap)


def hour_of(now: datetime) -> datetime:
    """Return the hour that a letter of now is counted in, by its beginning."""
    return now.replace(minute=0, second=0, microsecond=0)


def still_counting(hours: Mapping[datetime, int], now: datetime) -> dict[datetime, int]:
    """Return the hours, by their beginnings, that may hold letters of the last 24; the oldest first."""
    return {hour: hours[hour] for hour in sorted(hours) if hour + HOUR > now - DAY}


def left_of_quota(rules: Rules, hours: Mapping[datetime, int], now: datetime) -> int | None:
    """Return what a relay may still be given, by what it was given in which hour; None where there is no quota.

    An hour counts until its last moment is 24 hours ago, so that no 24 hours ever hold more than the quota.
    """
    if rules.per_day is None:
        return None
    return max(0, rules.per_day - sum(still_counting(hours, now).values()))


def goes_on(rules: Rules, hours: Mapping[datetime, int], now: datetime) -> datetime:
    """Return when the quota has room again: now, where it has some."""
    counting = still_counting(hours, now)
    given = sum(counting.values())
    for hour, letters in counting.items():
        if rules.per_day is None or given < rules.per_day:
            break
        given -= letters
        now = hour + HOUR + DAY
    return now

"""The account of an issue: for how many it was, and where each of their letters stands. Pure values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from syndicate.delivery.model import DeliveryState

_S = DeliveryState


class Bucket(StrEnum):
    """A part of the account; each letter is in exactly one."""

    SENT = "sent"
    DEFERRED = "deferred"
    FAILED = "failed"
    SUPPRESSED = "suppressed"
    IN_DOUBT = "in doubt"
    CANCELLED = "cancelled"
    TO_GO = "still to go"


BUCKETS: Mapping[DeliveryState, Bucket] = {
    _S.SENT: Bucket.SENT,
    _S.BOUNCED: Bucket.SENT,  # it was sent, and came back since
    _S.COMPLAINED: Bucket.SENT,
    _S.DEFERRED: Bucket.DEFERRED,
    _S.FAILED: Bucket.FAILED,
    _S.SUPPRESSED: Bucket.SUPPRESSED,
    _S.IN_DOUBT: Bucket.IN_DOUBT,
    _S.CANCELLED: Bucket.CANCELLED,
    _S.PLANNED: Bucket.TO_GO,
    _S.SENDING: Bucket.TO_GO,
}
ALWAYS = (Bucket.SENT, Bucket.DEFERRED, Bucket.FAILED, Bucket.SUPPRESSED, Bucket.IN_DOUBT)
"""What is told even where it is 0; the others only where there is something in them."""

if set(BUCKETS) != set(DeliveryState):
    raise ValueError(f"states in no bucket: {set(DeliveryState) - set(BUCKETS)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """For how many an issue was planned, and what its rows say became of them."""

    candidates: int
    """Counted when the issue was frozen, and one more for each newcomer who got it since."""
    states: Mapping[DeliveryState, int]

    @property
    def buckets(self) -> dict[Bucket, int]:
        """Return how many letters are in each bucket that is to be told, in the order of telling."""
        found = dict.fromkeys(Bucket, 0)
        for state, number in self.states.items():
            found[BUCKETS[state]] += number
        return {bucket: number for bucket, number in found.items() if number or bucket in ALWAYS}

    @property
    def rows(self) -> int:
        """Return how many letters the ledger holds."""
        return sum(self.states.values())

    @property
    def adds_up(self) -> bool:
        """Return whether each candidate is in a bucket, and nobody else is."""
        return self.rows == self.candidates

    def sentence(self) -> str:
        """Return the account in one line that can be checked by eye.

        "12 candidates = 9 sent + 1 deferred + 0 failed + 2 suppressed + 0 in doubt"; where the rows are not as many
        as the candidates, "≠" stands between them.
        """
        parts = " + ".join(f"{number:,} {bucket}" for bucket, number in self.buckets.items())
        noun = "candidate" if self.candidates == 1 else "candidates"
        return f"{self.candidates:,} {noun} {'=' if self.adds_up else '≠'} {parts}"

    def flaw(self) -> str | None:
        """Return in words what does not add up; None where it does."""
        if self.adds_up:
            return None
        gap = abs(self.candidates - self.rows)
        kind = "missing" if self.rows < self.candidates else "too many"
        return f"this does not add up: the ledger holds {self.rows:,} letters for it, {gap:,} {kind}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast the letters left that went at their first try: nine in ten of them, since a few may come days later."""

    letters: int
    took: timedelta
    """From the first to the last of these."""

    @property
    def per_second(self) -> float | None:
        """Return how many left in a second; None where it was too short to say."""
        seconds = self.took.total_seconds()
        return self.letters / seconds if seconds >= 1 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """When the letters of an issue were tried, and when the next one is."""

    first: datetime | None
    last: datetime | None
    next_try: datetime | None
    """The earliest of those that are deferred, or in doubt and go again by themselves."""
    held: int
    """How many are in doubt and wait for a person."""
    pace: Pace | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why letters stand where they stand, and how many for the same reason."""

    state: DeliveryState
    text: str
    letters: int


_WHOSE = re.compile(r"<[^<>\s]*>|[^\s<>]+@[^\s<>:,;]+")
_NUMBER = re.compile(r"\b(?=\w*\d)[\w-]{8,}\b")
"""A word of eight characters or more with a figure in it: a queue's number, a session, a time in seconds."""


def reason_of(reply: str | None) -> str:
    """Return a server's words without what is of one letter alone, so that equal refusals are told once.

    "550 5.1.1 <ada@reader.example>: no such user, 4F9kQ2z1xT" → "550 5.1.1 …: no such user, …"
    """
    return _NUMBER.sub("…", _WHOSE.sub("…", " ".join((reply or "no words").split())))[:300]

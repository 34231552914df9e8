"""What to do after an outcome: a pure function from what happened to the next step."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, assert_never

from syndicate.delivery.model import (
    Deferred,
    DeliveryKey,
    DeliveryState,
    InDoubt,
    InDoubtRule,
    Outcome,
    Refused,
    RetryPolicy,
    Sent,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """The state that a delivery goes to, the earliest next attempt (None: none by itself), and the reason."""

    state: DeliveryState
    due: datetime | None
    reply: str


class Concluded(NamedTuple):
    """What came of a claimed delivery, and the step that follows from it. (One is made for every letter.)"""

    key: DeliveryKey
    step: Step
    outcome: Outcome | None = None
    """None where the step was decided otherwise."""

    @property
    def remote(self) -> tuple[str | None, str | None]:
        """Return the id and the address that a server gave to what it took."""
        taken = self.outcome
        return (taken.remote_id, taken.remote_url) if isinstance(taken, Sent) else (None, None)


def next_step(outcome: Outcome, *, attempts: int, first_tried: datetime, now: datetime, policy: RetryPolicy) -> Step:
    """Return what follows the attempt number `attempts` (1 is the first).

    A deferred delivery waits 5 min, 10 min, 20 min … up to the longest wait, or until the server's own hour
    where that is later, and fails once it would be tried past its patience.
    """
    match outcome:
        case Sent(reply=reply, note=note):
            return Step(state=DeliveryState.SENT, due=None, reply=f"{reply}; {note}" if note else reply)
        case Refused(reason=reason, status=status):
            return Step(state=DeliveryState.FAILED, due=None, reply=f"{status} {reason}" if status else reason)
        case InDoubt(reason=reason):
            return Step(state=DeliveryState.IN_DOUBT, due=now + wait_after(attempts, policy), reply=reason)
        case Deferred(reason=reason, until=until):
            due = max(now + wait_after(attempts, policy), until or now)
            if due - first_tried > policy.patience:
                return Step(
                    state=DeliveryState.FAILED,
                    due=None,
                    reply=f"given up after {attempts} attempts: {reason}",
                )
            return Step(state=DeliveryState.DEFERRED, due=due, reply=reason)
        case _:
            assert_never(outcome)


def wait_after(attempts: int, policy: RetryPolicy) -> timedelta:
    """Return the wait after that many attempts: doubling, bounded."""
    doubled: timedelta = policy.first_wait * 2 ** min(max(attempts - 1, 0), 20)  # bounded: a timedelta overflows
    return min(doubled, policy.longest_wait)


def doubt_is_retried(rule: InDoubtRule, *, doubts: int, most: int = 3) -> bool:
    """Return whether a delivery in doubt goes again by itself; past `most` doubts a person decides."""
    return rule is InDoubtRule.RETRY and doubts <= most

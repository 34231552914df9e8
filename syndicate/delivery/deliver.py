"""The loop that delivers: claim, hand to the channel, record what came of it. It decides nothing itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Protocol, TypeVar

from syndicate.delivery.model import (
    DeliveryKey,
    DeliveryState,
    Letter,
    Outcome,
    OutgoingStatus,
    RetryPolicy,
    Sent,
)
from syndicate.delivery.retry import Step, next_step
from syndicate.errors import ChannelError
from syndicate.protocols import AttemptLike, Channel, Clock

Message = TypeVar("Message", Letter, OutgoingStatus)
Claimed = TypeVar("Claimed", bound=Letter | OutgoingStatus, covariant=True)


class Claims(Protocol[Claimed]):
    """What the loop needs of the ledger for one kind of message. Every call commits before it returns."""

    def claim(self) -> Claimed | None:
        """Return the next message that may be sent now, recorded as `sending`, or None where none is due."""

    def attempt(self, key: DeliveryKey) -> AttemptLike:
        """Return which attempt a claimed delivery is in."""

    def record(self, key: DeliveryKey, step: Step, outcome: Outcome) -> bool:
        """Record what came of it; False where the delivery is no longer ours."""

    def give_back(self, keys: set[DeliveryKey]) -> None:
        """Plan again what surely never was on a wire."""


def deliver(
    claims: Claims[Message],
    channel: Channel[Message],
    *,
    clock: Clock,
    policy: RetryPolicy,
    stopping: Callable[[], bool],
    progress: Callable[[DeliveryState], None],
) -> Counter[DeliveryState]:
    """Deliver what is due until nothing is, or `stopping` says so; return how many went to which state.

    Raises ChannelError where the channel does not work as a whole; by then every claimed delivery is recorded,
    and what never was on a wire is planned again. Any other exception leaves what is claimed as `sending`: it
    may be on a wire, so the next sender finds it in doubt.
    """
    out: set[DeliveryKey] = set()
    tally: Counter[DeliveryState] = Counter()

    def claimed() -> Iterator[Message]:
        while not stopping():
            message = claims.claim()
            if message is None:
                return
            out.add(message.key)
            yield message

    try:
        for key, outcome in channel.send(claimed()):
            out.discard(key)  # Before it is recorded: should that fail, the message is gone out all the same.
            step = _decide(claims.attempt(key), outcome, clock, policy)
            claims.record(key, step, outcome)
            tally[step.state] += 1
            progress(step.state)
    except ChannelError:
        claims.give_back(out)
        raise
    return tally


def _decide(attempt: AttemptLike, outcome: Outcome, clock: Clock, policy: RetryPolicy) -> Step:
    return next_step(
        outcome, attempts=attempt.attempts, first_tried=attempt.first_tried, now=clock.now(), policy=policy
    )


def remote_of(outcome: Outcome) -> tuple[str | None, str | None]:
    """Return the id and address that a server gave to what it took."""
    return (outcome.remote_id, outcome.remote_url) if isinstance(outcome, Sent) else (None, None)

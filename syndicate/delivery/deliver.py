"""The loop that delivers: claim, hand to the channel, record what came of it. It decides nothing itself.

Outcomes are recorded in groups, and as many messages are claimed as came back, in one commit:

    channel pulls ──► nothing at hand ──► exchange(what came since the last commit) ──► as many claimed
    channel is about to wait ──► settle: what came is committed now

At least one is claimed for each wire. So a dead sender leaves at most three a wire in doubt: two that were on it, and
one that waited for it or whose answer was not committed; and of these at most two can have reached a server.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from typing import Generic, NamedTuple, Protocol, TypeVar

from syndicate.delivery.manners import Pace, Rules
from syndicate.delivery.model import (
    DeliveryKey,
    DeliveryState,
    Letter,
    Outcome,
    OutgoingStatus,
    RetryPolicy,
)
from syndicate.delivery.retry import Concluded, next_step
from syndicate.errors import StoreError, SyndicateError
from syndicate.protocols import AttemptLike, Channel, Clock

Message = TypeVar("Message", Letter, OutgoingStatus)
MessageOut = TypeVar("MessageOut", bound=Letter | OutgoingStatus, covariant=True)


class Claimed(NamedTuple, Generic[MessageOut]):
    """A message that is ours to send, recorded as `sending`, and which attempt it is in."""

    message: MessageOut
    attempt: AttemptLike


class Claims(Protocol[MessageOut]):
    """What the loop needs of the ledger for one kind of message. Every call commits before it returns."""

    def exchange(self, done: Sequence[Concluded], most: int) -> Sequence[Claimed[MessageOut] | Concluded]:
        """Record what came of messages and claim up to `most` more; return them, none where none is due.

        A claimed one of which no message can be made is concluded, and recorded, at once.
        """

    def give_back(self, keys: Sequence[DeliveryKey]) -> None:
        """Plan again what surely never was on a wire."""

    def holds(self) -> bool:
        """Return whether what was claimed is still ours: a worker that stood still for too long is taken for dead."""


class Supply(Generic[Message]):
    """What a channel pulls its messages from (`protocols.Supply`), and where what came of them is gathered."""

    def __init__(
        self,
        claims: Claims[Message],
        *,
        clock: Clock,
        policy: RetryPolicy,
        stopping: Callable[[], bool],
        progress: Callable[[Counter[DeliveryState]], None],
        pace: Pace,
        tally: Counter[DeliveryState],
        ahead: int,
    ) -> None:
        self.tally = tally
        self._ahead = ahead
        self._claims: Claims[Message] = claims
        self._clock, self._policy, self._pace = clock, policy, pace
        self._stopping, self._progress = stopping, progress
        self._ready: deque[Claimed[Message]] = deque()
        self._out: dict[DeliveryKey, AttemptLike] = {}
        """Claimed, and nothing came of it yet."""
        self._done: list[Concluded] = []

    def __iter__(self) -> Iterator[Message]:
        return self

    def __next__(self) -> Message:
        while not self._ready:
            if not self._claim():
                raise StopIteration
        return self._ready.popleft().message

    def wait(self) -> float:
        """Return for how many seconds no message should be pulled yet; 0 where one may be, or none comes any more."""
        wait = None if self._ready or self._stopping() else self._pace.wait(self._clock.now())
        return wait.total_seconds() if wait else 0.0

    def holds(self) -> bool:
        """Return whether what was pulled is still ours to send."""
        return self._claims.holds()

    def settle(self) -> None:
        """Commit what came since the last commit."""
        if self._done:
            self._exchange(0)

    def heard(self, key: DeliveryKey, outcome: Outcome) -> None:
        """Take what came of a message; it is committed with the others of its group."""
        now = self._clock.now()
        attempt = self._out.pop(key)
        step = next_step(
            outcome, attempts=attempt.attempts, first_tried=attempt.first_tried, now=now, policy=self._policy
        )
        self._done.append(Concluded(key, step, outcome))
        self._pace.heard(outcome, now)

    def give_back(self) -> None:
        """Plan again what was pulled, or waits here, and never was on a wire."""
        if self._out:
            self._claims.give_back(sorted(self._out))

    def _claim(self) -> bool:
        """Claim as many as have come back, at least one for each wire; False where none was, or we are asked to end."""
        now = self._clock.now()
        if self._stopping() or self._pace.wait(now) is None:
            self.settle()
            return False
        most = self._pace.room(now, max(self._ahead, len(self._done)))
        claimed = self._exchange(most)
        self._pace.took(len(claimed), now)
        for each in claimed:
            if isinstance(each, Concluded):
                self.tally[each.step.state] += 1
            else:
                self._ready.append(each)
                self._out[each.message.key] = each.attempt
        return bool(claimed)

    def _exchange(self, most: int) -> Sequence[Claimed[Message] | Concluded]:
        done = self._done
        claimed = self._claims.exchange(done, most)
        self._done = []
        if done:
            self.tally.update(each.step.state for each in done)
            self._progress(self.tally)
        return claimed


def deliver(
    claims: Claims[Message],
    channel: Channel[Message],
    *,
    clock: Clock,
    policy: RetryPolicy,
    stopping: Callable[[], bool],
    progress: Callable[[Counter[DeliveryState]], None],
    pace: Pace | None = None,
    tally: Counter[DeliveryState] | None = None,
    ahead: int = 1,
) -> Counter[DeliveryState]:
    """Deliver what is due until nothing is, or `stopping` or the pace says so; return how many went to which state.

    Raises ChannelError where the channel does not work as a whole, TemplateError or ConfigError where no message can
    be made; by then every claimed delivery is recorded, and what never was on a wire is planned again. A StoreError,
    or a fault of ours, leaves what is claimed as `sending`: it may be on a wire, so the next sender finds it in doubt.
    What came before it is recorded, if that is possible, and counted in `tally`, where one is given. `ahead` messages
    at least are claimed at a time: as many as the channel has wires.
    """
    supply: Supply[Message] = Supply(
        claims,
        clock=clock,
        policy=policy,
        stopping=stopping,
        progress=progress,
        pace=pace or Pace(Rules()),
        tally=Counter() if tally is None else tally,
        ahead=ahead,
    )
    try:
        for key, outcome in channel.send(supply):
            supply.heard(key, outcome)
    except StoreError:
        raise
    except SyndicateError:
        supply.settle()
        supply.give_back()
        raise
    finally:
        supply.settle()
    return supply.tally

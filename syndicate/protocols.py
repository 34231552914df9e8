"""The seams: what each stage needs of the world, and no more. Each is written by the one who needs it.

The fakes in `syndicate.testing` and the real things pass the same contract suites (tests/contracts/).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, TypeVar, runtime_checkable

from syndicate.delivery.model import DeliveryKey, Outcome
from syndicate.feeds.model import FetchResult, Validators

if TYPE_CHECKING:
    from sqlalchemy import Connection

Message = TypeVar("Message", contravariant=True)


class AttemptLike(Protocol):
    """Which attempt a claimed delivery is in."""

    @property
    def attempts(self) -> int:
        """Return the number of this attempt; 1 is the first."""

    @property
    def first_tried(self) -> datetime:
        """Return when the first attempt began."""


class Clock(Protocol):
    """What time it is; the only source of it."""

    def now(self) -> datetime:
        """Return the time, aware, in UTC."""


class Fetcher(Protocol):
    """Fetches feeds and pictures."""

    def fetch(self, source: str, validators: Validators | None = None) -> FetchResult:
        """Return the body at `source` (http, https, a file path, or "sample:"), or NotModified.

        A body is whole and within the size limit, or this raises FeedError. Commits nothing.
        """


class Channel(Protocol[Message]):
    """A wire that takes messages and says what became of each."""

    name: str

    def send(self, messages: Iterable[Message]) -> Iterator[tuple[DeliveryKey, Outcome]]:
        """Send what the iterable yields, and yield an outcome for each message pulled, in any order.

        Pulling a message claims it: it is recorded as `sending` before it is handed out, so a channel pulls
        no more than it can put on its wires. Raises ChannelError where the channel as a whole does not
        work; whatever was pulled and has no outcome by then was never on a wire.
        """


@runtime_checkable
class Supply(Protocol):
    """What a channel with many wires may ask of the iterable that it was given, besides the next message."""

    def wait(self) -> float:
        """Return for how many seconds nothing should be pulled yet: the sender keeps to a pace."""

    def settle(self) -> None:
        """Let what was yielded so far be written down; a channel calls it before it waits."""

    def holds(self) -> bool:
        """Return whether what was yielded is still ours to send; else no text is begun any more."""


class Task(StrEnum):
    """What an engine has done, each for itself."""

    HOUSEKEEPING = "housekeeping"
    """What dead workers left, what expired, what the editor must be told."""
    MAILBOX = "mailbox"
    POLL = "poll"
    ANNOUNCE = "announce"
    PUBLISH = "publish"
    NOTICES = "notices"
    LETTERS = "letters"
    STATUSES = "statuses"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A task, and what it is done for: a feed, a digest, an account, or an issue's letters in a span of rows."""

    task: Task
    of: str = ""
    span: tuple[int, int] | None = None
    due: datetime | None = None
    """Not before; None: at once."""

    @property
    def key(self) -> str:
        """Return its name. Two of one name are never done at once, and never wait beside each other."""
        share = f":{self.span[0]}-{self.span[1]}" if self.span else ""
        return f"{self.task}:{self.of}{share}".rstrip(":")


class Queue(Protocol):
    """Where work is left for whoever takes it: the workers of a cluster, or nobody, where one process does it all."""

    shard: int | None
    """How many rows a worker's share of an issue spans; None: nobody shares."""

    def defer(self, jobs: Sequence[Job], connection: Connection | None = None) -> None:
        """Leave work: with `connection`, in its transaction, so that a row and the work on it come together or not.

        What waits already under the same name is not left again.
        """


class _Alone:
    """The queue of a process that does all of it: its next beat finds what is due (`Queue`)."""

    shard: int | None = None

    def defer(self, jobs: Sequence[Job], connection: Connection | None = None) -> None:
        """Leave nothing: there is nobody else."""


ALONE: Queue = _Alone()

"""Stand-ins for the world, for tests of ours and of those who build on us: a clock, a web of feeds, a wire.

Each keeps the promises of the protocol that it stands in for (protocols.py).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar

from syndicate.delivery.model import DeliveryKey, Letter, Outcome, OutgoingStatus, Sent
from syndicate.errors import ChannelError, FeedError
from syndicate.feeds.model import Fetched, FetchResult, NotModified, Validators

Message = TypeVar("Message", Letter, OutgoingStatus)


class FakeClock:
    """A clock that stands still until it is told to go on."""

    def __init__(self, start: datetime) -> None:
        if start.tzinfo is None:
            raise ValueError("a clock needs an aware datetime")
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        """Return the time, aware, in UTC."""
        return self._now

    def advance(self, span: timedelta) -> datetime:
        """Let time pass, and return the new time."""
        self._now += span
        return self._now

    def set(self, moment: datetime) -> None:
        """Go to a moment, back or forth."""
        self._now = moment.astimezone(UTC)


class FakeFetcher:
    """A web that holds what you put there: bytes, or an error. The bytes of last time are NotModified, as anywhere."""

    def __init__(self, content: dict[str, bytes | FeedError] | None = None) -> None:
        self.content: dict[str, bytes | FeedError] = dict(content or {})
        self.asked: list[tuple[str, Validators]] = []
        """Every call, oldest first."""

    def put(self, source: str, content: bytes | FeedError) -> None:
        """Serve these bytes, or raise this error, at an address from now on."""
        self.content[source] = content

    def fetch(self, source: str, validators: Validators | None = None) -> FetchResult:
        """Return what was put at `source`; FeedError where nothing was."""
        known = validators or Validators()
        self.asked.append((source, known))
        found = self.content.get(source, FeedError("nothing is there (404)", where=source))
        if isinstance(found, FeedError):
            raise found
        body_hash = hashlib.sha256(found).hexdigest()
        if body_hash == known.body_hash:
            return NotModified(validators=known)
        fresh = Validators(etag=f'"{body_hash[:8]}"', body_hash=body_hash)
        return Fetched(url=source, body=found, content_type=None, validators=fresh)


class RecordingChannel(Generic[Message]):
    """A wire that remembers what was put on it, and answers as it is told to: Sent, where nothing else is said."""

    def __init__(self, answer: Callable[[Message], Outcome] | None = None, *, name: str = "recording") -> None:
        self.name = name
        self.sent: list[Message] = []
        self._answer: Callable[[Message], Outcome] = answer or _taken
        self._breaks_after: int | None = None

    def break_after(self, messages: int) -> None:
        """Stop working as a whole once so many more messages were taken."""
        self._breaks_after = messages

    def send(self, messages: Iterable[Message]) -> Iterator[tuple[DeliveryKey, Outcome]]:
        """Yield an outcome for each message; ChannelError after `break_after`."""
        for message in messages:
            if self._breaks_after == 0:
                raise ChannelError(f"the wire {self.name} is down")
            self._breaks_after = None if self._breaks_after is None else self._breaks_after - 1
            self.sent.append(message)
            yield message.key, self._answer(message)


def _taken(message: Letter | OutgoingStatus) -> Outcome:
    sent = Sent(reply="250 taken")
    return sent if isinstance(message, Letter) else replace(sent, remote_id=str(message.key))

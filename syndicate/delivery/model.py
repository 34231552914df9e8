"""A delivery: one message to one recipient. Its states, the graph between them, and the outcomes of an attempt.

    planned → sending → sent → bounced | complained
    sending → deferred | failed | in_doubt | planned (proven unsent)
    planned | deferred → suppressed | cancelled            deferred → sending | failed (patience over)
    in_doubt → sent | planned | failed | cancelled | bounced | suppressed (proof, policy or a person decides)
    failed → planned (a person) | suppressed (the reader was forgotten)
    bounced → complained    sent → sent is no step: a soft bounce is only counted

`sent` means that a server took it. It never means delivered.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType

from syndicate.compose.model import StatusContent

DeliveryKey = NewType("DeliveryKey", int)
"""The number of a row in the ledger."""


class DeliveryState(StrEnum):
    """Where a delivery stands."""

    PLANNED = "planned"
    SENDING = "sending"
    SENT = "sent"
    DEFERRED = "deferred"
    FAILED = "failed"
    IN_DOUBT = "in_doubt"
    SUPPRESSED = "suppressed"
    CANCELLED = "cancelled"
    BOUNCED = "bounced"
    COMPLAINED = "complained"


_S = DeliveryState
START = _S.PLANNED
STEPS: Mapping[DeliveryState, frozenset[DeliveryState]] = {
    _S.PLANNED: frozenset({_S.SENDING, _S.SUPPRESSED, _S.CANCELLED}),
    _S.SENDING: frozenset({_S.SENT, _S.DEFERRED, _S.FAILED, _S.IN_DOUBT, _S.PLANNED}),
    _S.DEFERRED: frozenset({_S.SENDING, _S.FAILED, _S.SUPPRESSED, _S.CANCELLED}),
    _S.IN_DOUBT: frozenset({_S.SENT, _S.PLANNED, _S.FAILED, _S.CANCELLED, _S.BOUNCED, _S.SUPPRESSED}),
    _S.SENT: frozenset({_S.BOUNCED, _S.COMPLAINED}),
    _S.FAILED: frozenset({_S.PLANNED, _S.SUPPRESSED}),
    _S.BOUNCED: frozenset({_S.COMPLAINED}),
    _S.SUPPRESSED: frozenset(),
    _S.CANCELLED: frozenset(),
    _S.COMPLAINED: frozenset(),
}


def check_graph(steps: Mapping[DeliveryState, frozenset[DeliveryState]], start: DeliveryState) -> None:
    """Raise ValueError unless every state is declared, and every one but the start has a way in."""
    if set(steps) != set(DeliveryState):
        raise ValueError(f"states without steps: {set(DeliveryState) - set(steps)}")
    reached = {start}.union(*steps.values())
    if reached != set(DeliveryState):
        raise ValueError(f"states without a way in: {set(DeliveryState) - reached}")


check_graph(STEPS, START)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A server took it."""

    reply: str
    """What the server said, one line: "250 2.0.0 Ok: queued as 4F…"."""
    remote_id: str | None = None
    """A status's id: a string, never a number (they are ULIDs and UUIDs elsewhere)."""
    remote_url: str | None = None
    note: str | None = None
    """What is not as it was asked for (an alt text lost on the way), for the editor's eye."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deferred:
    """Not taken, and nothing was sent: try again, not before `until` where the server named a time."""

    reason: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Not taken, and trying again would not help."""

    reason: str
    status: str | None = None
    """Enhanced status code (RFC 3463) or HTTP status, where there is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InDoubt:
    """The wire broke where it could not say: the server may have it."""

    reason: str


Outcome = Sent | Deferred | Refused | InDoubt


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One reader's mail, whole: what goes on an SMTP wire or into a Maildir."""

    key: DeliveryKey
    message_id: str
    """With its angle brackets; the same at every attempt."""
    sender: str
    """Envelope sender (MAIL FROM)."""
    recipient: str
    """Envelope recipient (RCPT TO)."""
    content: bytes
    """RFC 5322, CRLF line ends, not dot-stuffed."""
    is_settled: bool = False
    """The content is known to be ASCII in lines that all end in CRLF and none of which begins with a dot: DATA carries
    it as it stands, and nobody looks through it again. Only what `CompiledLetter.address` gave may say so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingStatus:
    """One status for one account."""

    key: DeliveryKey
    content: StatusContent
    idempotency_key: str
    """The same at every attempt of the same content."""
    first_tried: datetime | None
    """When it may first have reached the server; None where it surely never did."""
    attempt: int | None = None
    """Which attempt this is, from 1; None where nobody counts (then nothing is put off for the picture's sake)."""


class InDoubtRule(StrEnum):
    """What becomes of mail in doubt: it goes again under the same Message-ID, or a person decides."""

    RETRY = "retry"
    HOLD = "hold"


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How patient we are with one kind of message."""

    first_wait: timedelta = timedelta(minutes=5)
    longest_wait: timedelta = timedelta(hours=6)
    patience: timedelta = timedelta(days=2)
    """From the first attempt; past it a deferred delivery fails."""

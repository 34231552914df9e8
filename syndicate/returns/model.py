"""A message that came back, as it was understood, and what is to be done about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ReturnKind(StrEnum):
    """What a returned message is (docs/deliverability.md)."""

    HARD = "hard"
    """There is no such mailbox, and there will be none."""
    SOFT = "soft"
    """Not now: a full mailbox, a server in trouble."""
    POLICY = "policy"
    """The receiver does not like the sender: the editor must act, and the reader is kept."""
    DELAYED = "delayed"
    DELIVERED = "delivered"
    COMPLAINT = "complaint"
    AUTO_REPLY = "auto-reply"
    UNSUBSCRIBE = "unsubscribe"
    OTHER = "other"
    """A person writing, or what nobody understands: kept aside for the editor."""


class Action(StrEnum):
    """What was done about a returned message."""

    SUPPRESSED = "suppressed"
    COUNTED = "counted"
    """A soft bounce; enough of them suppress."""
    ALERTED = "alerted"
    UNSUBSCRIBED = "unsubscribed"
    NOTHING = "nothing"
    ASIDE = "aside"
    """Kept for the editor: not understood, or nothing proves whom it is about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """What a message says about whom. `recipients` is its own claim; only a token of ours proves anything."""

    kind: ReturnKind
    recipients: tuple[str, ...] = ()
    """Addresses that it names as failed, complaining or leaving, as written; never more than 50."""
    status: str | None = None
    """Enhanced status code (RFC 3463), such as "5.1.1"."""
    diagnostic: str | None = None
    """The server's own words, one line of at most 500 characters."""
    why: str
    """One line: by which part of the message this was decided."""
    verp_tokens: tuple[str, ...] = ()
    """Candidates for the token of our return path: from the message's own To, Delivered-To, X-Original-To."""
    web_tokens: tuple[str, ...] = ()
    """Candidates for a reader's token: from the original's List-Unsubscribe, or a subject that asks to leave."""
    message_ids: tuple[str, ...] = ()
    """Message-IDs of the original, with angle brackets."""

"""Readers and lists, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class SubscriptionState(StrEnum):
    """Where the link between a subscriber and a mailing list stands."""

    UNCONFIRMED = "unconfirmed"
    CONFIRMED = "confirmed"
    UNSUBSCRIBED = "unsubscribed"


class SuppressionReason(StrEnum):
    """Why an address must not be mailed on any list."""

    HARD_BOUNCE = "hard-bounce"
    SOFT_BOUNCES = "soft-bounces"
    COMPLAINT = "complaint"
    REQUEST = "request"
    MANUAL = "manual"
    FORGOTTEN = "forgotten"
    """Erased on request; only an HMAC under the installation's key is kept, so that no import brings it back."""


class OptIn(StrEnum):
    """How a reader joins a list on the web: by a link in a mail, at once, or not at all."""

    DOUBLE = "double"
    SINGLE = "single"
    CLOSED = "closed"


class Welcome(StrEnum):
    """What a new reader gets: a welcome letter, the letter and then the latest issue, or nothing."""

    LETTER = "letter"
    ISSUE = "issue"
    NONE = "none"


class Notice(StrEnum):
    """A letter to one reader about their own subscription. It is a delivery like an issue's, without an issue."""

    CONFIRM = "confirm"
    """Somebody asked for this list with your address: press here if it was you."""
    ALREADY = "already"
    """Somebody asked again; you are on the list."""
    WELCOME = "welcome"


class What(StrEnum):
    """What became of an address: the words of its history."""

    ASKED = "asked"
    CONFIRMED = "confirmed"
    LEFT = "left"
    IMPORTED_OUT = "left elsewhere"
    """An import said that this reader had left."""
    SUPPRESSED = "suppressed"
    RELEASED = "released"
    """A person took the suppression back."""
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    EXPIRED = "request expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One line of an address's history."""

    at: datetime
    what: What
    list_name: str | None = None
    note: str | None = None
    """How: "the form on www.lantern.example", "one-click", "syndicate subscribers remove"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
    """A person by address."""

    id: int
    address: str
    """As it is mailed: the local part as given, the domain lower-case ASCII (IDNA)."""
    name: str
    added: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A subscriber's link to one mailing list."""

    list_name: str
    state: SubscriptionState
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientFacts:
    """All that the policy needs to know of one recipient at the moment of sending."""

    subscriptions: tuple[SubscriptionState, ...]
    """The states of this reader on the lists of the issue's digest."""
    suppression: SuppressionReason | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSubscriber:
    """A line of a CSV, checked."""

    address: str
    name: str
    state: SubscriptionState | None = SubscriptionState.CONFIRMED
    """None: the line is no subscription, it only says that the address must not be mailed."""
    suppression: SuppressionReason | None = None
    since: datetime | None = None
    """Since when the state holds, where the line says so."""


class Landing(StrEnum):
    """What an import does with a reader; each reader of a file lands in one of them."""

    ADDED = "added"
    """New on the list, and mailed."""
    ALREADY = "already there"
    """Was on the list, confirmed; nothing changes."""
    UNCONFIRMED = "unconfirmed"
    """On the list, but nobody ever confirmed: not mailed."""
    LEFT = "left"
    """The file says that they left, or they left here before: not mailed."""
    SUPPRESSED = "suppressed"
    """The address bounced, complained or was blocked, there or here: not mailed on any list."""
    FORGOTTEN = "forgotten"
    """Erased on request: not taken in again."""


OUT = (Landing.UNCONFIRMED, Landing.LEFT, Landing.SUPPRESSED, Landing.FORGOTTEN)
"""Where nobody is mailed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What an import did, or with a dry run would have done: readers by where they landed."""

    counts: Mapping[Landing, int]
    examples: Mapping[Landing, tuple[str, ...]]
    """The first few addresses of each."""
    readers: int
    """How many readers the file names, each counted once."""

    @property
    def added(self) -> int:
        """Return how many are mailed from now on."""
        return self.counts.get(Landing.ADDED, 0)

    @property
    def already(self) -> int:
        """Return how many were on the list before, and stay."""
        return self.counts.get(Landing.ALREADY, 0)

    @property
    def kept_out(self) -> int:
        """Return how many are not mailed, for whatever reason."""
        return sum(self.counts.get(each, 0) for each in OUT)

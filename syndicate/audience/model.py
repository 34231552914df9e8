"""Readers and lists, as values."""

from __future__ import annotations

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
    state: SubscriptionState = SubscriptionState.CONFIRMED


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What an import did, or with a dry run would have done."""

    added: int
    already: int
    """Addresses that were on the list before; a person who left stays out, and is counted in `kept_out`."""
    kept_out: int

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
    COMPLAINT = "complaint"
    REQUEST = "request"
    MANUAL = "manual"


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

"""The files of other tools, as data: by which columns each is known, and what its columns say of a reader.

A *house* is a tool that readers move from. What is said here of its columns was read from:

    mailchimp   headers of audience exports (subscribed_, unsubscribed_, cleaned_…csv) in the test data of migration
                tools; the words of `status` from its Marketing API. That a file's name tells its kind, and that
                an empty CONFIRM_TIME means "not confirmed", is our cautious reading: it was not tried on an account.
    buttondown  SubscriberType in its published OpenAPI enums, and fields of its API's subscriber. That its CSV names
                the columns as the API does, and the words complained, undeliverable and blocked, are unverified.
    substack    the two shapes in the test data of migration tools (all sign-ups, with active_subscription; paying
                ones, with stripe_connected_customer_id), and the columns of its dashboard's export, which has no
                word on who left: whoever stands in it is taken as a reader.
    ghost       the header its members' export writes, as its own tests hold it. It tells no bounces.
    listmonk    the header and `status` that its export's source writes (cmd/subscribers.go). Who left *one list* does
                not show in that file: export those by themselves, and import them with --as unsubscribed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from syndicate.audience.model import SubscriptionState, SuppressionReason

_S, _R = SubscriptionState, SuppressionReason


class Standing(StrEnum):
    """What a file says of a reader, in one word; the later ones outweigh those before."""

    CONFIRMED = "confirmed"
    UNCONFIRMED = "unconfirmed"
    UNSUBSCRIBED = "unsubscribed"
    BOUNCED = "bounced"
    BLOCKED = "blocked"
    COMPLAINED = "complained"


OF_STANDING: Mapping[Standing, tuple[SubscriptionState | None, SuppressionReason | None]] = {
    Standing.CONFIRMED: (_S.CONFIRMED, None),
    Standing.UNCONFIRMED: (_S.UNCONFIRMED, None),
    Standing.UNSUBSCRIBED: (_S.UNSUBSCRIBED, _R.REQUEST),
    Standing.BOUNCED: (None, _R.HARD_BOUNCE),
    Standing.BLOCKED: (None, _R.MANUAL),
    Standing.COMPLAINED: (None, _R.COMPLAINT),
}
"""The subscription and the suppression that a standing becomes. Who left elsewhere may come back by the form."""
_RANK = {standing: rank for rank, standing in enumerate(Standing)}


def quietest(said: Sequence[Standing]) -> Standing:
    """Return the word of several that mails nobody, or least; CONFIRMED where none is said."""
    return max(said, key=_RANK.__getitem__, default=Standing.CONFIRMED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A column whose words each say where a reader stands."""

    column: str
    means: Mapping[str, Standing]
    """By word in lower case. A word that is not here costs its line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """A column that says something by not being empty (or by being empty): a time at which somebody left."""

    column: str
    means: Standing
    empty: bool = False


Rule = Words | Filled


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """A tool's file. Columns in lower case; of several the first that is there."""

    name: str
    known_by: tuple[frozenset[str], ...]
    """Sets of columns: a header that has all of one is this tool's."""
    address: tuple[str, ...] = ("email",)
    names: tuple[tuple[str, ...], ...] = (("name",),)
    """Ways to find a name: columns that make it together."""
    since: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()
    files: Mapping[str, Standing] = field(default_factory=dict)
    """What the whole file says, by how its name begins."""


def _known(*headers: str) -> tuple[frozenset[str], ...]:
    return tuple(frozenset(each.split(",")) for each in headers)


_TRUTHS = {"true": Standing.CONFIRMED, "false": Standing.UNSUBSCRIBED, "": Standing.UNCONFIRMED}

MAILCHIMP = House(
    name="mailchimp",
    known_by=_known(*(f"email address,{each}" for each in ("member_rating", "optin_time", "leid", "euid"))),
    address=("email address",),
    names=(("first name", "last name"), ("first name",), ("name",)),
    since=("clean_time", "unsub_time", "confirm_time", "optin_time"),
    rules=(
        Filled(column="confirm_time", means=Standing.UNCONFIRMED, empty=True),
        Filled(column="unsub_time", means=Standing.UNSUBSCRIBED),
        Filled(column="clean_time", means=Standing.BOUNCED),
        Words(
            column="status",
            means={
                "": Standing.CONFIRMED,
                "subscribed": Standing.CONFIRMED,
                "pending": Standing.UNCONFIRMED,
                "transactional": Standing.UNCONFIRMED,
                "nonsubscribed": Standing.UNCONFIRMED,
                "non-subscribed": Standing.UNCONFIRMED,
                "unsubscribed": Standing.UNSUBSCRIBED,
                "archived": Standing.UNSUBSCRIBED,
                "cleaned": Standing.BOUNCED,
            },
        ),
    ),
    files={
        "nonsubscribed": Standing.UNCONFIRMED,
        "non-subscribed": Standing.UNCONFIRMED,
        "unsubscribed": Standing.UNSUBSCRIBED,
        "archived": Standing.UNSUBSCRIBED,
        "cleaned": Standing.BOUNCED,
    },
)

_BUTTONDOWN_READERS = (
    "regular premium trialed unpaid gifted churning churned paused past_due upgraded active".split()  # noqa: SIM905
)
BUTTONDOWN = House(
    name="buttondown",
    known_by=_known(
        *(
            f"{address},type,{each}"
            for address in ("email_address", "email")
            for each in ("creation_date", "secondary_id", "referrer_url", "unsubscription_date", "source", "tags")
        )
    ),
    address=("email_address", "email"),
    since=("unsubscription_date", "creation_date"),
    rules=(
        Filled(column="unsubscription_date", means=Standing.UNSUBSCRIBED),
        Filled(column="undeliverability_date", means=Standing.BOUNCED),
        Words(
            column="type",
            means={
                **dict.fromkeys(_BUTTONDOWN_READERS, Standing.CONFIRMED),
                "unactivated": Standing.UNCONFIRMED,
                "unsubscribed": Standing.UNSUBSCRIBED,
                "removed": Standing.UNSUBSCRIBED,
                "undeliverable": Standing.BOUNCED,
                "spammy": Standing.BLOCKED,
                "blocked": Standing.BLOCKED,
                "complained": Standing.COMPLAINED,
            },
        ),
    ),
)

SUBSTACK = House(
    name="substack",
    known_by=_known(
        "email,email_disabled", "email,active_subscription", "email,stripe plan", "email,emails received (6mo)"
    ),
    since=("created_at", "start date"),
    rules=(
        Words(
            column="email_disabled",
            means={
                "true": Standing.UNSUBSCRIBED,
                "false": Standing.CONFIRMED,
                "": Standing.UNCONFIRMED,
            },
        ),
    ),
)

GHOST = House(
    name="ghost",
    known_by=_known("email,subscribed_to_emails"),
    since=("deleted_at", "created_at"),
    rules=(
        Words(column="subscribed_to_emails", means=_TRUTHS),
        Filled(column="deleted_at", means=Standing.UNSUBSCRIBED),
    ),
)

LISTMONK = House(
    name="listmonk",
    known_by=_known("email,status,attributes", "uuid,email,status"),
    since=("created_at",),
    rules=(
        Words(
            column="status",
            means={
                "enabled": Standing.CONFIRMED,
                "disabled": Standing.UNSUBSCRIBED,
                "blocklisted": Standing.BLOCKED,
                "blacklisted": Standing.BLOCKED,
            },
        ),
    ),
)

PLAIN = House(
    name="plain",
    known_by=(),
    address=("email", "e-mail", "address", "email address", "email_address", "mail"),
    names=(("name",), ("full name",), ("display name",), ("first name", "last name"), ("first name",)),
    since=("since",),
)
"""Any CSV with an address; our own export is one. Its columns `state` and `suppressed` have our own words."""

HOUSES = (MAILCHIMP, BUTTONDOWN, SUBSTACK, GHOST, LISTMONK, PLAIN)
NAMES = tuple(house.name for house in HOUSES)


def house_of(columns: Sequence[str]) -> House:
    """Return whose file a header begins, by its columns in lower case; PLAIN where no tool is known by them."""
    there = frozenset(columns)
    return next((house for house in HOUSES if any(known <= there for known in house.known_by)), PLAIN)


def standing_of_file(house: House, file_name: str) -> Standing:
    """Return what the name of a file says of everybody in it."""
    name = file_name.lower()
    return next((means for begin, means in house.files.items() if name.startswith(begin)), Standing.CONFIRMED)

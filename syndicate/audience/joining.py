"""Joining a list, decided: whether a mail asks, what a confirmation does, and how much of it an hour may see."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_interface, ip_network
from typing import assert_never

from syndicate.audience.addresses import address_key
from syndicate.audience.model import OptIn, SubscriptionState

HOUR = timedelta(hours=1)
UNKNOWN_NETWORK = "unknown"
IPV4_PREFIX, IPV6_PREFIX = 24, 56
"""What one household or small office usually has; a single IPv6 reader has 2^64 addresses at the least."""


class JoinStep(StrEnum):
    """What is done about a request to join a list."""

    ASK = "ask"
    """A mail asks whether the reader meant it."""
    CONFIRM = "confirm"
    """The reader is on the list at once, and is welcomed."""
    SAY_ALREADY = "say already"
    """A mail says that the reader is on it; the page does not."""
    NOTHING = "nothing"


class ConfirmStep(StrEnum):
    """What the button of a confirmation does for one list."""

    CONFIRM = "confirm"
    ALREADY = "already"
    EXPIRED = "expired"


def join_step(opt_in: OptIn, state: SubscriptionState | None) -> JoinStep:
    """Return what a request to join does; `state` is None for somebody who was never on the list.

    Who left is always asked by mail, on single opt-in lists too: anybody can type an address into a form. That an
    address must not be mailed at all is not decided here: such a request is done and taken back (pipeline/joining.py).
    """
    if opt_in is OptIn.CLOSED:
        return JoinStep.NOTHING
    match state:
        case SubscriptionState.CONFIRMED:
            return JoinStep.SAY_ALREADY
        case SubscriptionState.UNSUBSCRIBED:
            return JoinStep.ASK
        case SubscriptionState.UNCONFIRMED | None:
            return JoinStep.CONFIRM if opt_in is OptIn.SINGLE else JoinStep.ASK
        case _:
            assert_never(state)


def confirm_step(
    state: SubscriptionState | None,
    *,
    since: datetime | None,
    issued: datetime | None,
    now: datetime,
    confirm_within: timedelta,
) -> ConfirmStep:
    """Return what a proven confirmation does; `since` is when the subscription came to its state.

    A token issued at or before the moment at which the reader left is the older word, and does nothing. Tokens have
    whole seconds, rounded down, so that one of the very second counts as older.
    """
    if state is SubscriptionState.CONFIRMED:
        return ConfirmStep.ALREADY
    if state is None or since is None or issued is None or now - issued > confirm_within:
        return ConfirmStep.EXPIRED
    match state:
        case SubscriptionState.UNCONFIRMED:
            return ConfirmStep.CONFIRM
        case SubscriptionState.UNSUBSCRIBED:
            return ConfirmStep.CONFIRM if issued > since else ConfirmStep.EXPIRED
        case _:
            assert_never(state)


def room_this_hour(most: int, last_hour: int, elapsed: timedelta) -> int:
    """Return how many the running hour may hold, `elapsed` into it, where the last one held `last_hour`.

    A sliding hour, estimated: the part of it that lies in the last hour is taken as evenly filled.
    """
    overlap = 1 - min(max(elapsed / HOUR, 0.0), 1.0)
    return max(0, most - math.ceil(last_hour * overlap))


def network_of(address: str) -> str:
    """Return the network that an IP address counts for: "203.0.113.9" → "203.0.113.0/24", IPv6 by /56.

    A network stays as it is; an IPv4 address in IPv6 clothes is IPv4; what is no IP address is "unknown".
    """
    try:
        ip = ip_interface(address.strip().partition("%")[0]).ip
    except ValueError:
        return UNKNOWN_NETWORK
    mapped = ip.ipv4_mapped if ip.version == 6 else None
    plain = mapped or ip
    network: IPv4Network | IPv6Network = ip_network(
        (plain, IPV4_PREFIX if plain.version == 4 else IPV6_PREFIX), strict=False
    )
    return str(network)


def counted_as(address: str) -> str:
    """Return what an address is counted under: its key without a tag, so that a+1@ and a+2@ are one mailbox."""
    local, _, domain = address_key(address).rpartition("@")
    return f"{local.partition('+')[0] or local}@{domain}"


def masked(address: str) -> str:
    """Return an address as a page may show it to whoever holds a link: "mara@example.org" → "m…@example.org"."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}…@{domain}"

"""Joining, decided: nobody comes back without a mail, an older word never undoes a newer one, an hour is an hour."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.audience.joining import (
    HOUR,
    UNKNOWN_NETWORK,
    ConfirmStep,
    JoinStep,
    confirm_step,
    counted_as,
    join_step,
    masked,
    network_of,
    room_this_hour,
)
from syndicate.audience.model import OptIn, SubscriptionState

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
DAY, WEEK, SECOND = timedelta(days=1), timedelta(days=7), timedelta(seconds=1)
UNCONFIRMED, CONFIRMED, UNSUBSCRIBED = SubscriptionState
DOUBLE, SINGLE, CLOSED = OptIn
states = st.none() | st.sampled_from(SubscriptionState)
moments = st.datetimes(NOW.replace(tzinfo=None) - 30 * DAY, NOW.replace(tzinfo=None), timezones=st.just(UTC))


@pytest.mark.parametrize(
    ("opt_in", "state", "step"),
    [
        pytest.param(DOUBLE, None, JoinStep.ASK, id="a stranger is asked"),
        pytest.param(DOUBLE, UNCONFIRMED, JoinStep.ASK, id="who never confirmed is asked again"),
        pytest.param(DOUBLE, UNSUBSCRIBED, JoinStep.ASK, id="who left is asked"),
        pytest.param(DOUBLE, CONFIRMED, JoinStep.SAY_ALREADY, id="a reader is told by mail"),
        pytest.param(SINGLE, None, JoinStep.CONFIRM, id="single: a stranger is on at once"),
        pytest.param(SINGLE, UNCONFIRMED, JoinStep.CONFIRM, id="single: who never confirmed is on at once"),
        pytest.param(SINGLE, UNSUBSCRIBED, JoinStep.ASK, id="single: who left is asked all the same"),
        pytest.param(SINGLE, CONFIRMED, JoinStep.SAY_ALREADY, id="single: a reader is told by mail"),
        pytest.param(CLOSED, None, JoinStep.NOTHING, id="closed: nothing"),
        pytest.param(CLOSED, CONFIRMED, JoinStep.NOTHING, id="closed: nothing is said to a reader either"),
    ],
)
def test_a_request_to_join(opt_in: OptIn, state: SubscriptionState | None, step: JoinStep) -> None:
    assert join_step(opt_in, state) is step


@given(st.sampled_from(OptIn), states)
def test_only_a_single_opt_in_list_is_joined_without_a_mail_and_never_by_who_left(
    opt_in: OptIn, state: SubscriptionState | None
) -> None:
    if join_step(opt_in, state) is JoinStep.CONFIRM:
        assert opt_in is SINGLE
        assert state in (None, UNCONFIRMED)


@pytest.mark.parametrize(
    ("state", "since", "issued", "step"),
    [
        pytest.param(UNCONFIRMED, NOW - DAY, NOW - DAY, ConfirmStep.CONFIRM, id="asked, and confirmed"),
        pytest.param(UNCONFIRMED, NOW - WEEK, NOW - WEEK, ConfirmStep.CONFIRM, id="at the last moment"),
        pytest.param(UNCONFIRMED, NOW - DAY, NOW - WEEK - SECOND, ConfirmStep.EXPIRED, id="a moment too late"),
        pytest.param(UNCONFIRMED, NOW - DAY, None, ConfirmStep.EXPIRED, id="a token without a time"),
        pytest.param(CONFIRMED, NOW - DAY, NOW - DAY, ConfirmStep.ALREADY, id="twice"),
        pytest.param(CONFIRMED, NOW - DAY, NOW - 9 * WEEK, ConfirmStep.ALREADY, id="twice, by an old mail"),
        pytest.param(UNSUBSCRIBED, NOW - DAY, NOW - 2 * DAY, ConfirmStep.EXPIRED, id="left after the mail"),
        pytest.param(UNSUBSCRIBED, NOW - DAY, NOW - DAY, ConfirmStep.EXPIRED, id="left in the second of the mail"),
        pytest.param(UNSUBSCRIBED, NOW - DAY, NOW - DAY + SECOND, ConfirmStep.CONFIRM, id="asked again after leaving"),
        pytest.param(None, None, NOW, ConfirmStep.EXPIRED, id="the request is gone"),
    ],
)
def test_a_confirmation(
    state: SubscriptionState | None, since: datetime | None, issued: datetime | None, step: ConfirmStep
) -> None:
    assert confirm_step(state, since=since, issued=issued, now=NOW, confirm_within=WEEK) is step


@given(states, moments, moments)
def test_only_a_young_token_newer_than_the_last_goodbye_confirms(
    state: SubscriptionState | None, since: datetime, issued: datetime
) -> None:
    step = confirm_step(state, since=since, issued=issued, now=NOW, confirm_within=WEEK)
    if step is ConfirmStep.CONFIRM:
        assert state in (UNCONFIRMED, UNSUBSCRIBED)
        assert NOW - issued <= WEEK
        assert state is not UNSUBSCRIBED or issued > since


@given(st.integers(1, 500), st.integers(0, 1000), st.floats(0, 1))
def test_the_running_hour_never_has_more_room_than_the_limit_and_never_less_than_none(
    most: int, last_hour: int, part: float
) -> None:
    room = room_this_hour(most, last_hour, part * HOUR)
    assert 0 <= room <= most
    assert room_this_hour(most, last_hour, HOUR) == most
    assert room_this_hour(most, last_hour, timedelta(0)) == max(0, most - last_hour)


@given(st.integers(1, 50), st.integers(0, 50), st.floats(0, 1), st.floats(0, 1))
def test_room_grows_as_the_last_hour_fades(most: int, last_hour: int, one: float, other: float) -> None:
    early, late = sorted((one, other))
    assert room_this_hour(most, last_hour, early * HOUR) <= room_this_hour(most, last_hour, late * HOUR)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        pytest.param("203.0.113.9", "203.0.113.0/24", id="IPv4"),
        pytest.param("203.0.113.0/24", "203.0.113.0/24", id="a network stays"),
        pytest.param("2001:db8:1:2ff::1", "2001:db8:1:200::/56", id="IPv6"),
        pytest.param("2001:db8:1:200::/56", "2001:db8:1:200::/56", id="an IPv6 network stays"),
        pytest.param("::ffff:203.0.113.9", "203.0.113.0/24", id="IPv4 in IPv6 clothes"),
        pytest.param("fe80::1%eth0", "fe80::/56", id="a zone is left out"),
        pytest.param("", UNKNOWN_NETWORK, id="nothing"),
        pytest.param("testclient", UNKNOWN_NETWORK, id="a name"),
        pytest.param("203.0.113.9, 10.0.0.1", UNKNOWN_NETWORK, id="two addresses"),
    ],
)
def test_a_network(address: str, network: str) -> None:
    assert network_of(address) == network


@given(st.ip_addresses(v=4) | st.ip_addresses(v=6))
def test_an_address_lies_in_its_network_and_a_network_is_its_own(address: IPv4Address | IPv6Address) -> None:
    network = network_of(str(address))
    assert network_of(network) == network
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    assert (mapped or address) in ip_network(network)


@given(st.text(max_size=60))
def test_any_text_has_a_network(text: str) -> None:
    network = network_of(text)
    assert network == UNKNOWN_NETWORK or ip_network(network)


@pytest.mark.parametrize(
    ("address", "counted", "shown"),
    [
        pytest.param("Mara@Reader.example", "mara@reader.example", "M…@Reader.example", id="case"),
        pytest.param("mara+films@reader.example", "mara@reader.example", "m…@reader.example", id="a tag"),
        pytest.param("+films@reader.example", "+films@reader.example", "+…@reader.example", id="only a tag"),
    ],
)
def test_an_address_is_counted_without_its_tag_and_shown_without_its_owner(
    address: str, counted: str, shown: str
) -> None:
    assert (counted_as(address), masked(address)) == (counted, shown)

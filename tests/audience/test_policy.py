"""Whether a reader may be mailed: every combination of facts, and the addresses that get in at all."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.audience.addresses import address_key, parse_address
from syndicate.audience.model import RecipientFacts, SubscriptionState, SuppressionReason
from syndicate.audience.policy import Allowed, Suppressed, may_receive
from syndicate.errors import AudienceError

U, C, L = SubscriptionState.UNCONFIRMED, SubscriptionState.CONFIRMED, SubscriptionState.UNSUBSCRIBED
PAIRS = [(), (U,), (C,), (L,), *product((U, C, L), repeat=2)]


@pytest.mark.parametrize("states", PAIRS, ids=["+".join(pair) or "none" for pair in PAIRS])
@pytest.mark.parametrize("suppression", [None, *SuppressionReason])
def test_only_one_who_is_confirmed_somewhere_and_suppressed_nowhere_is_mailed(
    states: tuple[SubscriptionState, ...], suppression: SuppressionReason | None
) -> None:
    verdict = may_receive(RecipientFacts(subscriptions=states, suppression=suppression))
    assert isinstance(verdict, Allowed) is (C in states and suppression is None)
    assert isinstance(verdict, Allowed) or verdict.reason


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        pytest.param(((C,), SuppressionReason.COMPLAINT), "address suppressed: complaint", id="suppressed"),
        pytest.param(((U, L), None), "unsubscribed", id="left one, never confirmed the other"),
        pytest.param(((U,), None), "never confirmed", id="unconfirmed"),
        pytest.param(((), None), "on none of the digest's lists", id="on no list"),
    ],
)
def test_the_reason_is_told_in_words(
    facts: tuple[tuple[SubscriptionState, ...], SuppressionReason | None], reason: str
) -> None:
    assert may_receive(RecipientFacts(subscriptions=facts[0], suppression=facts[1])) == Suppressed(reason=reason)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        pytest.param("Mara@Lantern.Example", "Mara@lantern.example", id="domain in lower case"),
        pytest.param("  mara@lantern.example\n", "mara@lantern.example", id="blanks around"),
        pytest.param("mara@bücher.example", "mara@xn--bcher-kva.example", id="international domain"),
        pytest.param("mara+films@lantern.example", "mara+films@lantern.example", id="tag kept"),
    ],
)
def test_an_address_is_spelt_as_it_is_mailed(text: str, address: str) -> None:
    assert parse_address(text) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "mara",
        "@lantern.example",
        "mara@",
        "mara@localhost",
        "mara@127.0.0.1",
        "mara@@lantern.example",
        "ma ra@lantern.example",
        ".mara@lantern.example",
        "mara.@lantern.example",
        "ma..ra@lantern.example",
        "mara@-lantern.example",
        "mara@lantern..example",
        "mara@lantern.example\r\nBcc: eve@evil.example",
        "mara\u0000@lantern.example",
        "mara\u0085@lantern.example",
        "mara\u009f@lantern.example",
        "mara\u202e@lantern.example",
        '"mara"@lantern.example',
        "Mara <mara@lantern.example>",
        f"{'m' * 65}@lantern.example",
        f"mara@{'a' * 63}.{'b' * 63}.{'c' * 63}.{'d' * 63}.example",
    ],
    ids=lambda text: ascii(text)[:40],
)
def test_what_is_no_plain_address_is_refused(text: str) -> None:
    with pytest.raises(AudienceError):
        parse_address(text)


@given(st.text(max_size=40), st.sampled_from(["lantern.example", "bücher.example", ""]))
def test_whatever_gets_in_is_one_line_of_printable_text_with_one_at_and_parses_to_itself(local: str, host: str) -> None:
    try:
        address = parse_address(f"{local}@{host}")
    except AudienceError:
        return
    assert address.isprintable()
    assert address.count("@") == 1
    assert not set(' <>,;:"()[]\\') & set(address)
    assert parse_address(address) == address
    assert address_key(address) == address_key(address_key(address))

"""Tokens: what proves, what does not, and that neither shows the address."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import Signer

from syndicate.audience.tokens import (
    ApprovalClaim,
    Keyring,
    Purpose,
    approval_token,
    forgotten_keys,
    opaque,
    proves,
    proves_verp,
    read_approval_token,
    read_verp_token,
    read_web_token,
    verp_token,
    web_token,
)

OLD, NEW = b"o" * 64, b"n" * 64
KEYS = Keyring((OLD,))
ROTATED = Keyring((NEW, OLD))
MARA = "Mara@mail.example"
EARLY = datetime(2000, 1, 1)  # noqa: DTZ001 (hypothesis takes bounds without a zone)
NOW = datetime(2026, 11, 20, 9, 30, 15, tzinfo=UTC)
slugs = st.from_regex(r"[a-z0-9]+(-[a-z0-9]+)*", fullmatch=True).filter(lambda text: len(text) <= 40)
numbers = st.integers(min_value=0, max_value=2**63 - 1)


def token(**changes: object) -> str:
    """Return a reader's token."""
    made = {"subscriber": 7, "address": MARA, "lists": ("weekly", "uk-readers"), **changes}
    return web_token(KEYS, Purpose.READER, **made)  # type: ignore[arg-type]


@given(
    numbers,
    st.lists(slugs, max_size=5),
    st.none() | st.datetimes(timezones=st.just(UTC), min_value=EARLY),
)
def test_what_is_put_into_a_web_token_comes_out_of_it(number: int, lists: list[str], issued: datetime | None) -> None:
    made = web_token(KEYS, Purpose.CONFIRM, subscriber=number, address=MARA, lists=tuple(lists), issued=issued)
    claim = read_web_token(Purpose.CONFIRM, made)
    assert claim is not None
    assert (claim.subscriber, claim.lists) == (number, tuple(lists))
    assert claim.issued == (issued.replace(microsecond=0) if issued else None)
    assert proves(KEYS, claim, MARA.lower())
    assert "mara" not in made.lower()


@given(numbers)
def test_what_is_put_into_a_return_path_comes_out_of_it_whatever_its_case(number: int) -> None:
    made = verp_token(KEYS, delivery=number, address=MARA)
    assert len(made) <= 33
    for shown in (made, made.upper(), made.title()):
        claim = read_verp_token(shown)
        assert claim is not None
        assert claim.delivery == number
        assert proves_verp(KEYS, claim, MARA)
        assert not proves_verp(KEYS, claim, "other@mail.example")


@given(st.data())
def test_a_token_with_any_character_changed_proves_nothing(data: st.DataObject) -> None:
    made = token()
    at = data.draw(st.integers(0, len(made) - 1))
    other = data.draw(st.sampled_from("abcxyzABCXYZ234567.-+_/=% \n\0é").filter(lambda char: char != made[at]))
    claim = read_web_token(Purpose.READER, made[:at] + other + made[at + 1 :])
    assert claim is None or not proves(KEYS, claim, MARA)


@given(st.data())
def test_a_return_path_with_any_character_changed_proves_nothing(data: st.DataObject) -> None:
    made = verp_token(KEYS, delivery=99, address=MARA)
    at = data.draw(st.integers(0, len(made) - 1))
    other = data.draw(st.sampled_from("abcxyz234567").filter(lambda char: char != made[at]))
    claim = read_verp_token(made[:at] + other + made[at + 1 :])
    assert claim is None or not proves_verp(KEYS, claim, MARA)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "....",
        "ab.c",
        token()[:-1],
        token() + "A",
        token() + "\n",
        " " + token(),
        "x" * 5000,
        "ab\0cd.b.c.-." + "A" * 43,
    ],
    ids=[
        "empty",
        "dot",
        "dots",
        "short",
        "cut",
        "longer",
        "with a line's end",
        "with a blank",
        "endless",
        "with a NUL",
    ],
)
def test_what_has_not_the_shape_of_a_token_is_none(text: str) -> None:
    assert read_web_token(Purpose.READER, text) is None
    assert read_verp_token(text) is None


def test_a_token_proves_nothing_for_another_purpose_address_or_installation() -> None:
    claim = read_web_token(Purpose.READER, token())
    other = read_web_token(Purpose.CONFIRM, token())
    assert claim is not None
    assert other is not None
    assert proves(KEYS, claim, MARA)
    assert not proves(KEYS, other, MARA)
    assert not proves(KEYS, claim, "mara@mail.exampl")
    assert not proves(KEYS, claim)
    assert not proves(Keyring((NEW,)), claim, MARA)


def test_tokens_of_an_older_key_are_believed_until_the_key_is_taken_away() -> None:
    claim, path = read_web_token(Purpose.READER, token()), read_verp_token(verp_token(KEYS, delivery=3, address=MARA))
    assert claim is not None
    assert path is not None
    assert proves(ROTATED, claim, MARA)
    assert proves_verp(ROTATED, path, MARA)
    assert not proves_verp(Keyring((NEW,)), path, MARA)
    fresh = read_web_token(Purpose.READER, web_token(ROTATED, Purpose.READER, subscriber=7, address=MARA))
    assert fresh is not None
    assert fresh.key_id == ROTATED.current_id != KEYS.current_id
    assert not proves(KEYS, fresh, MARA)
    assert ROTATED.oldest == KEYS.oldest


def test_a_forgotten_address_is_known_by_each_key_in_any_case_and_shown_by_none() -> None:
    assert set(forgotten_keys(KEYS, MARA)) < set(forgotten_keys(ROTATED, MARA.upper()))
    assert forgotten_keys(ROTATED, MARA)[-1] == forgotten_keys(KEYS, MARA)[-1]
    assert not any("mara" in key for key in forgotten_keys(ROTATED, MARA))


def test_what_is_counted_is_named_by_its_kind_alone() -> None:
    assert opaque(KEYS, "network", "192.0.2.0") != opaque(KEYS, "address", "192.0.2.0")
    assert "192" not in opaque(KEYS, "network", "192.0.2.0").removeprefix("network:")


def test_a_keyring_does_not_show_its_keys() -> None:
    assert repr(ROTATED) == "Keyring(2 keys)"


def test_a_moment_past_all_calendars_is_no_moment() -> None:
    far = token().split(".")
    claim = read_web_token(Purpose.READER, ".".join([*far[:3], "7" * 13, far[4]]))
    assert claim is not None
    assert claim.issued is None
    assert not proves(KEYS, claim, MARA)


def test_a_token_holds_whole_seconds() -> None:
    claim = read_web_token(Purpose.READER, token(issued=NOW + timedelta(milliseconds=900)))
    assert claim is not None
    assert claim.issued == NOW


def test_a_token_in_a_letter_of_long_ago_still_proves() -> None:
    """Letters are kept for years: no release may forget what an earlier one signed."""
    keys = Keyring((b"k" * 32,))
    reader = "lpxy.pv.weekly+uk-readers.-.URURaa0p0CUfRUxdhkdg3NiICMk59-KwNaPO4YY2aN0"
    confirm = "lpxy.pv.weekly.bvqaeyy.mzYnjFzh6eWq5Tgd0jkGcL1WkXDbqLkuf0q_Q5KImXM"
    made = web_token(keys, Purpose.READER, subscriber=501, address=MARA, lists=("weekly", "uk-readers"))
    asked = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
    assert made == reader
    assert web_token(keys, Purpose.CONFIRM, subscriber=501, address=MARA, lists=("weekly",), issued=asked) == confirm
    assert verp_token(keys, delivery=90210, address=MARA) == "lpxycydck7tgtyicacbeogvc"


@given(st.binary(min_size=1, max_size=200), numbers, st.emails() | st.text(st.characters(exclude_categories=["Cs"])))
def test_a_web_signature_is_what_itsdangerous_signs(key: bytes, number: int, address: str) -> None:
    made = web_token(Keyring((key,)), Purpose.READER, subscriber=number, address=address, lists=("weekly",))
    signed, _, signature = made.partition(".")[2].rpartition(".")
    derived = hmac.digest(key, b"syndicate token:reader", "sha256")
    signer = Signer(derived, key_derivation="none", digest_method=hashlib.sha256)
    assert signer.verify_signature(f"{signed}|{address.strip().casefold()}", signature)
    assert signer.get_signature(f"{signed}|{address.strip().casefold()}").decode() == signature


@given(st.integers(1, 2**40), slugs, st.text("0123456789abcdef", min_size=16, max_size=16), st.integers(0, 2**33))
def test_an_approval_says_which_letter_and_until_when_and_no_other_key_or_purpose_does(
    issue: int, digest: str, content: str, seconds: int
) -> None:
    until = datetime.fromtimestamp(seconds, UTC)
    said = {"issue": issue, "digest": digest, "period": NOW, "content": content, "until": until}
    made = approval_token(KEYS, **said)  # type: ignore[arg-type]
    assert read_approval_token(KEYS, made) == ApprovalClaim(**said)  # type: ignore[arg-type]
    assert read_approval_token(Keyring((b"n" * 32,)), made) is None
    for purpose in Purpose:
        other = web_token(KEYS, purpose, subscriber=issue, lists=(content, digest, "a"), issued=until)
        assert (read_approval_token(KEYS, other) is None) == (purpose is not Purpose.APPROVAL)

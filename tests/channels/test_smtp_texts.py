"""A letter in the words of SMTP: what is said of it, and what is looked through."""

from __future__ import annotations

from dataclasses import replace

import pytest

from syndicate.channels.smtp.connect import Abilities
from syndicate.channels.smtp.texts import Spoken, spoken
from syndicate.delivery.model import DeliveryKey, Letter, Refused

RELAY = Abilities(announces_size=True, eight_bit=True)
LETTER = Letter(
    key=DeliveryKey(1),
    message_id="<1@lantern.example>",
    sender="bounce+1@lantern.example",
    recipient="ada@reader.example",
    content=b"Subject: x\r\n\r\nFirst.\r\n",
)


@pytest.mark.parametrize("is_settled", [True, False], ids=["settled", "looked through"])
def test_a_letter_that_is_settled_and_one_that_turns_out_so_are_said_in_the_same_words(is_settled: bool) -> None:
    assert spoken(replace(LETTER, is_settled=is_settled), RELAY) == Spoken(
        b"MAIL FROM:<bounce+1@lantern.example> SIZE=22\r\nRCPT TO:<ada@reader.example>\r\nDATA\r\n",
        LETTER.content,
    )


def test_a_settled_letter_is_not_copied_on_its_way() -> None:
    words = spoken(replace(LETTER, is_settled=True), RELAY)
    assert isinstance(words, Spoken)
    assert words.text is LETTER.content


def test_a_letter_that_nobody_settled_has_its_dots_doubled_and_its_bytes_announced() -> None:
    words = spoken(replace(LETTER, content="Subject: x\r\n\r\n.é".encode()), RELAY)
    assert isinstance(words, Spoken)
    assert words.text == "Subject: x\r\n\r\n..é\r\n".encode()
    assert words.command(0).endswith(b" BODY=8BITMIME\r\n")


def test_a_letter_that_nobody_settled_is_refused_where_a_relay_could_read_two_in_it() -> None:
    outcome = spoken(replace(LETTER, content=b"Subject: x\r\n\r\none\n.\r\ntwo\r\n"), RELAY)
    assert isinstance(outcome, Refused)
    assert outcome.status == "5.6.0"


@pytest.mark.parametrize("recipient", ["a b@c.example", "a@b.example>\r\nRSET", "a\x00@b.example"])
def test_a_settled_letter_still_has_its_envelope_looked_at(recipient: str) -> None:
    assert isinstance(spoken(replace(LETTER, is_settled=True, recipient=recipient), RELAY), Refused)


def test_a_settled_letter_still_has_to_fit() -> None:
    assert isinstance(spoken(replace(LETTER, is_settled=True), replace(RELAY, size=21)), Refused)

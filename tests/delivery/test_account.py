"""The account adds up by eye, and the rules name what no ledger of ours would write."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.delivery.account import Account, Bucket, Pace, reason_of
from syndicate.delivery.model import DeliveryState
from syndicate.delivery.proof import SAYS, Rule, Traits, broken_by

S = DeliveryState
counts = st.dictionaries(st.sampled_from(S), st.integers(1, 10**7))


def test_the_five_are_told_though_they_are_0_and_the_others_where_there_is_something() -> None:
    account = Account(candidates=0, states={})
    assert account.sentence() == "0 candidates = 0 sent + 0 deferred + 0 failed + 0 suppressed + 0 in doubt"
    stopped = Account(candidates=3, states={S.SENT: 1, S.CANCELLED: 1, S.SENDING: 1})
    assert stopped.sentence().endswith("0 in doubt + 1 cancelled + 1 still to go")


def test_what_came_back_was_sent() -> None:
    account = Account(candidates=20_000, states={S.SENT: 19_900, S.BOUNCED: 10, S.COMPLAINED: 2, S.SUPPRESSED: 88})
    assert account.buckets[Bucket.SENT] == 19_912
    assert account.sentence().startswith("20,000 candidates = 19,912 sent + ")
    assert account.flaw() is None


@pytest.mark.parametrize(
    ("candidates", "said"),
    [
        pytest.param(3, "the ledger holds 2 letters for it, 1 missing", id="missing"),
        pytest.param(0, "the ledger holds 2 letters for it, 2 too many", id="too-many"),
    ],
)
def test_a_sum_that_is_not_the_candidates_says_so(candidates: int, said: str) -> None:
    account = Account(candidates=candidates, states={S.SENT: 2})
    assert "≠" in account.sentence()
    assert said in (account.flaw() or "")


@given(counts)
def test_what_is_told_is_always_all_of_it(states: dict[DeliveryState, int]) -> None:
    account = Account(candidates=sum(states.values()), states=states)
    said = account.sentence().replace(",", "").split(" = ")[1]
    assert sum(int(part.split()[0]) for part in said.split(" + ")) == account.candidates
    assert account.adds_up
    assert not Account(candidates=account.candidates + 1, states=states).adds_up


def test_a_second_is_too_short_for_a_pace() -> None:
    assert Pace(letters=5, took=timedelta(milliseconds=999)).per_second is None
    assert Pace(letters=90, took=timedelta(seconds=9)).per_second == 10


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        pytest.param("550 5.1.1 <ada@reader.example>: no such user", "550 5.1.1 …: no such user", id="address"),
        pytest.param("450 4.2.0 4F9kQ2z1xT try later", "450 4.2.0 … try later", id="queue-number"),
        pytest.param("421 4.7.0 [192.0.2.7] too fast", "421 4.7.0 [192.0.2.7] too fast", id="our-own-address-stays"),
        pytest.param("552 5.3.4 over 10485760\n bytes", "552 5.3.4 over … bytes", id="lines"),
        pytest.param(None, "no words", id="none"),
    ],
)
def test_refusals_that_differ_in_their_reader_alone_are_one_reason(reply: str | None, reason: str) -> None:
    assert reason_of(reply) == reason


# --- the rules ---

SOUND = {
    S.PLANNED: Traits("planned", True, False, False, False, False, False, False, False),
    S.SENDING: Traits("sending", False, True, True, True, False, False, False, False),
    S.SENT: Traits("sent", False, False, True, True, True, False, False, True),
    S.DEFERRED: Traits("deferred", True, False, True, True, True, False, False, False),
    S.FAILED: Traits("failed", False, False, True, True, True, False, False, True),
    S.IN_DOUBT: Traits("in_doubt", False, False, True, True, True, False, False, True),
    S.SUPPRESSED: Traits("suppressed", False, False, False, False, True, False, False, True),
    S.CANCELLED: Traits("cancelled", False, False, False, False, True, False, False, False),
    S.BOUNCED: Traits("bounced", False, False, True, True, True, False, False, True),
    S.COMPLAINED: Traits("complained", False, False, True, True, True, False, False, True),
}


@pytest.mark.parametrize("state", S, ids=str)
def test_a_row_as_the_ledger_writes_it_breaks_nothing(state: DeliveryState) -> None:
    assert broken_by(SOUND[state]) == ()


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        pytest.param(SOUND[S.SENT]._replace(state="posted"), Rule.SUM, id="a-state-that-is-none"),
        pytest.param(SOUND[S.SENT]._replace(is_answered=False), Rule.SETTLED, id="sent-without-an-answer"),
        pytest.param(
            SOUND[S.SENT]._replace(was_tried=False, has_first_try=False), Rule.SETTLED, id="sent-without-a-try"
        ),
        pytest.param(
            SOUND[S.FAILED]._replace(was_tried=False, has_first_try=False), Rule.SETTLED, id="failed-without-a-try"
        ),
        pytest.param(SOUND[S.SENDING]._replace(has_owner=False), Rule.WIRE, id="on-a-wire-of-nobody"),
        pytest.param(SOUND[S.SENT]._replace(has_owner=True), Rule.WIRE, id="over-and-still-owned"),
        pytest.param(SOUND[S.PLANNED]._replace(has_hour=False), Rule.HOUR, id="waits-for-ever"),
        pytest.param(SOUND[S.FAILED]._replace(has_hour=True), Rule.HOUR, id="over-with-an-hour"),
        pytest.param(SOUND[S.SENT]._replace(has_first_try=False), Rule.TRIES, id="tried-at-no-hour"),
        pytest.param(
            SOUND[S.DEFERRED]._replace(was_tried=False, has_first_try=False), Rule.TRIES, id="deferred-without-a-try"
        ),
        pytest.param(SOUND[S.PLANNED]._replace(is_nobodys=True), Rule.NOBODY, id="to-nobody"),
        pytest.param(SOUND[S.PLANNED]._replace(is_of_sent_issue=True), Rule.OVER, id="forgotten-in-a-sent-issue"),
    ],
)
def test_a_row_that_cannot_be_breaks_its_rule(row: Traits, rule: Rule) -> None:
    assert broken_by(row) == (rule,)


def test_a_persons_word_stands_for_a_try_after_a_restored_backup() -> None:
    row = SOUND[S.SENT]._replace(was_tried=False, has_first_try=False, is_settled_by_hand=True)
    assert broken_by(row) == ()


def test_every_rule_has_its_sentence() -> None:
    assert set(SAYS) == set(Rule)

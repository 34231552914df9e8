"""What follows an outcome: waits grow and are bounded, patience ends, and every step is one of the graph."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.delivery.model import (
    STEPS,
    Deferred,
    DeliveryState,
    InDoubt,
    InDoubtRule,
    Outcome,
    Refused,
    RetryPolicy,
    Sent,
    check_graph,
)
from syndicate.delivery.retry import doubt_is_retried, next_step, wait_after

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
POLICY = RetryPolicy()
spans = st.timedeltas(min_value=timedelta(seconds=1), max_value=timedelta(days=10))
policies = st.builds(RetryPolicy, first_wait=spans, longest_wait=spans, patience=spans)
attempts = st.integers(min_value=1, max_value=10_000)
outcomes: st.SearchStrategy[Outcome] = st.one_of(
    st.builds(Sent, reply=st.text()),
    st.builds(Deferred, reason=st.text(), until=st.none() | st.just(NOW + timedelta(hours=3))),
    st.builds(Refused, reason=st.text(), status=st.none() | st.just("5.1.1")),
    st.builds(InDoubt, reason=st.text()),
)


@given(policies, attempts)
def test_waits_grow_and_are_bounded(policy: RetryPolicy, attempt: int) -> None:
    assert timedelta(0) < wait_after(attempt, policy) <= wait_after(attempt + 1, policy) <= policy.longest_wait


def test_the_first_waits_are_five_ten_and_twenty_minutes() -> None:
    assert [wait_after(attempt, POLICY) for attempt in (1, 2, 3)] == [timedelta(minutes=each) for each in (5, 10, 20)]
    assert wait_after(50, POLICY) == timedelta(hours=6)


@given(outcomes, policies, attempts, st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=20)))
def test_every_outcome_of_an_attempt_is_a_step_that_the_graph_knows(
    outcome: Outcome, policy: RetryPolicy, attempt: int, since: timedelta
) -> None:
    step = next_step(outcome, attempts=attempt, first_tried=NOW - since, now=NOW, policy=policy)
    assert step.state in STEPS[DeliveryState.SENDING]
    waits = step.state in (DeliveryState.DEFERRED, DeliveryState.IN_DOUBT)
    assert (step.due is not None and step.due > NOW) if waits else step.due is None


@given(policies, attempts, st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=20)))
def test_nothing_is_deferred_past_its_patience(policy: RetryPolicy, attempt: int, since: timedelta) -> None:
    step = next_step(Deferred(reason="busy"), attempts=attempt, first_tried=NOW - since, now=NOW, policy=policy)
    is_late = since + wait_after(attempt, policy) > policy.patience
    assert step.state is (DeliveryState.FAILED if is_late else DeliveryState.DEFERRED)


@given(policies)
def test_a_letter_that_is_always_deferred_fails_in_the_end_and_not_before(policy: RetryPolicy) -> None:
    now, attempt = NOW, 1
    while True:
        step = next_step(Deferred(reason="busy"), attempts=attempt, first_tried=NOW, now=now, policy=policy)
        if step.due is None:
            break
        now, attempt = step.due, attempt + 1
        if attempt > 2000:  # Waits of seconds in a patience of days: the bound above holds for each of them.
            return
    assert step.state is DeliveryState.FAILED
    assert now - NOW <= policy.patience
    assert f"after {attempt} attempts" in step.reply


@pytest.mark.parametrize(
    ("until", "due"),
    [
        pytest.param(NOW + timedelta(hours=1), NOW + timedelta(hours=1), id="the server's hour is later"),
        pytest.param(NOW + timedelta(seconds=5), NOW + timedelta(minutes=5), id="ours is later"),
        pytest.param(NOW - timedelta(hours=1), NOW + timedelta(minutes=5), id="the server's hour is past"),
        pytest.param(None, NOW + timedelta(minutes=5), id="the server names none"),
    ],
)
def test_the_later_of_the_servers_hour_and_ours_holds(until: datetime | None, due: datetime) -> None:
    step = next_step(Deferred(reason="429", until=until), attempts=1, first_tried=NOW, now=NOW, policy=POLICY)
    assert step.due == due


def test_a_refusal_is_final_and_keeps_its_code() -> None:
    step = next_step(
        Refused(reason="no such user", status="5.1.1"), attempts=1, first_tried=NOW, now=NOW, policy=POLICY
    )
    assert (step.state, step.reply) == (DeliveryState.FAILED, "5.1.1 no such user")


def test_what_is_not_as_it_was_asked_for_is_told_beside_the_reply() -> None:
    sent = Sent(reply="200", note="the alt text was lost")
    assert next_step(sent, attempts=1, first_tried=NOW, now=NOW, policy=POLICY).reply == "200; the alt text was lost"


@pytest.mark.parametrize(
    ("rule", "doubts", "again"),
    [
        pytest.param(InDoubtRule.RETRY, 1, True, id="first doubt"),
        pytest.param(InDoubtRule.RETRY, 3, True, id="third doubt"),
        pytest.param(InDoubtRule.RETRY, 4, False, id="too often"),
        pytest.param(InDoubtRule.HOLD, 1, False, id="the editor decides"),
    ],
)
def test_a_doubt_is_retried_as_the_editor_says(rule: InDoubtRule, doubts: int, again: bool) -> None:
    assert doubt_is_retried(rule, doubts=doubts) is again


def test_a_graph_without_a_state_or_without_a_way_to_one_is_refused() -> None:
    with pytest.raises(ValueError, match="without steps"):
        check_graph({DeliveryState.PLANNED: frozenset()}, DeliveryState.PLANNED)
    with pytest.raises(ValueError, match="without a way in"):
        check_graph(dict.fromkeys(DeliveryState, frozenset()), DeliveryState.PLANNED)


def test_every_state_can_be_reached_from_the_start_step_by_step() -> None:
    reached, fresh = {DeliveryState.PLANNED}, {DeliveryState.PLANNED}
    while fresh:
        fresh = set().union(*(STEPS[state] for state in fresh)) - reached
        reached |= fresh
    assert reached == set(DeliveryState)

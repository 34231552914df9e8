"""When a status may go: by its age and the account's spacing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.config.measures import parse_duration
from syndicate.delivery.model import DeliveryState
from syndicate.delivery.plan import in_words, next_slot, plan_status

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
WEEK = timedelta(days=7)


@pytest.mark.parametrize(
    ("age", "state"),
    [
        pytest.param(timedelta(0), DeliveryState.PLANNED, id="fresh"),
        pytest.param(WEEK, DeliveryState.PLANNED, id="as old as allowed"),
        pytest.param(WEEK + timedelta(seconds=1), DeliveryState.CANCELLED, id="too old"),
        pytest.param(timedelta(days=-1), DeliveryState.PLANNED, id="dated ahead"),
    ],
)
def test_a_review_older_than_max_age_gets_no_status_and_says_so(age: timedelta, state: DeliveryState) -> None:
    plan = plan_status(counts_from=NOW - age, now=NOW, max_age=WEEK)
    assert plan.state is state
    assert (plan.reply is not None) is (state is DeliveryState.CANCELLED)
    assert plan.reply is None or "7d" in plan.reply


@given(
    st.none() | st.datetimes(min_value=datetime(2020, 1, 1), max_value=datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=2)),
)
def test_the_next_status_is_never_in_the_past_nor_too_near_the_last(last: datetime | None, spacing: timedelta) -> None:
    slot = next_slot(last=last, spacing=spacing, now=NOW)
    assert slot >= NOW
    assert last is None or slot - last >= spacing
    assert slot == NOW or (last is not None and slot == last + spacing)


@given(st.integers(min_value=1, max_value=10_000_000).map(lambda seconds: timedelta(seconds=seconds)))
def test_a_duration_in_words_is_read_back_by_the_config(span: timedelta) -> None:
    assert parse_duration(in_words(span)) == span

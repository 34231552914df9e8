"""How fast a relay may be used: the limits hold in every window, across restarts, and a run of refusals is a rest."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.delivery.manners import DAY, HOUR, Pace, Rest, Rules, goes_on, left_of_quota, still_counting
from syndicate.delivery.model import Deferred, InDoubt, Outcome, Refused, Sent

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SECOND, MICRO = timedelta(seconds=1), timedelta(microseconds=1)
TAKEN, BUSY, DOUBT = Sent(reply="250 2.0.0 Ok"), Deferred(reason="451 4.3.2 busy"), InDoubt(reason="the line broke")
BLOCKED, NOBODY = Refused(reason="550 5.7.1 blocked"), Refused(reason="550 5.1.1 nobody here")
rates = st.one_of(st.floats(0.01, 10_000), st.integers(1, 10_000).map(float))
spans = st.one_of(st.integers(0, 1_000_000), st.integers(0, 400_000_000)).map(
    lambda micro: timedelta(microseconds=micro)
)


def of_reader(reply: str) -> bool:
    return "5.1.1" in reply


def burst(rate: float) -> int:
    return max(1, floor(rate / 5))


# --- a rate ---


@given(rate=rates, steps=st.lists(st.tuples(spans, st.integers(0, 5_000)), max_size=40))
def test_no_window_holds_more_than_its_time_and_one_burst(rate: float, steps: list[tuple[timedelta, int]]) -> None:
    pace, now, taken = Pace(Rules(rate=rate)), NOON, []
    for span, most in steps:
        now += span
        count = pace.room(now, most)
        pace.took(count, now)
        taken.append((now, count))
    for begin in range(len(taken)):
        letters = 0
        for at, count in taken[begin:]:
            letters += count
            assert letters <= rate * (at - taken[begin][0]).total_seconds() + burst(rate) + 1e-6


@given(rate=rates, rounds=st.integers(2, 60))
def test_who_waits_as_long_as_told_gets_the_whole_rate(rate: float, rounds: int) -> None:
    pace, now, count = Pace(Rules(rate=rate)), NOON, 0
    for _ in range(rounds):
        wait = pace.wait(now)
        assert wait is not None
        now += wait
        room = pace.room(now, 1_000_000)
        assert room >= 1
        pace.took(room, now)
        count += room
    slowest = 1 / (timedelta(microseconds=floor(1e6 / rate) + 1) / SECOND)  # The gap is a whole microsecond.
    assert count >= slowest * (now - NOON).total_seconds() * 0.999


@given(rate=rates, took=st.integers(0, 100), most=st.integers(0, 100), sooner=spans, later=spans)
def test_room_grows_with_time_and_with_what_is_asked_for(
    rate: float, took: int, most: int, sooner: timedelta, later: timedelta
) -> None:
    pace = Pace(Rules(rate=rate))
    pace.took(pace.room(NOON, took), NOON)
    first = pace.room(NOON + sooner, most)
    assert 0 <= first <= most
    assert first <= pace.room(NOON + sooner + later, most)
    assert first <= pace.room(NOON + sooner, most + 1) <= first + 1


@given(rate=rates)
def test_a_clock_that_is_set_back_costs_one_burst_and_no_more(rate: float) -> None:
    pace = Pace(Rules(rate=rate))
    pace.took(pace.room(NOON, 10_000), NOON)
    before = NOON - 3 * DAY
    wait = pace.wait(before)
    assert wait is not None
    assert wait <= timedelta(seconds=max(1 / rate, 0.2)) + burst(rate) * MICRO
    assert pace.room(before + wait, 1) == 1


@pytest.mark.parametrize(
    ("rate", "at_once", "wait"),
    [(0.5, 1, timedelta(seconds=2)), (1, 1, SECOND), (5, 1, SECOND / 5), (10, 2, SECOND / 10), (100, 20, SECOND / 10)],
)
def test_a_burst_is_a_fifth_of_a_second_and_at_least_one(rate: float, at_once: int, wait: timedelta) -> None:
    pace = Pace(Rules(rate=rate))
    assert (pace.wait(NOON), pace.room(NOON, 1000)) == (timedelta(0), at_once)
    pace.took(at_once, NOON)
    assert (pace.wait(NOON), pace.room(NOON, 1000)) == (wait, 0)


# --- a quota ---


@given(
    per_day=st.integers(1, 50),
    steps=st.lists(st.tuples(st.integers(0, 36 * 60), st.integers(0, 30), st.booleans()), max_size=60),
)
def test_no_24_hours_hold_more_than_the_quota_however_often_it_is_started_anew(
    per_day: int, steps: list[tuple[int, int, bool]]
) -> None:
    rules, now, hours, taken = Rules(per_day=per_day), NOON, dict[datetime, int](), list[tuple[datetime, int]]()
    pace = Pace(rules, left=left_of_quota(rules, hours, now))
    for minutes, most, anew in steps:
        now += timedelta(minutes=minutes)
        if anew:
            pace = Pace(rules, left=left_of_quota(rules, hours, now))
        count = pace.room(now, most)
        pace.took(count, now)
        hour = now.replace(minute=0)
        hours[hour] = hours.get(hour, 0) + count
        taken.append((now, count))
    for begin, _ in taken:
        assert sum(count for at, count in taken if begin <= at < begin + DAY) <= per_day


@given(hours=st.dictionaries(st.integers(-30, 0), st.integers(0, 9), max_size=31), per_day=st.integers(1, 40))
def test_it_goes_on_at_the_first_moment_at_which_there_is_room(hours: dict[int, int], per_day: int) -> None:
    rules, given_then = Rules(per_day=per_day), {NOON + hour * HOUR: letters for hour, letters in hours.items()}
    at = goes_on(rules, given_then, NOON)
    assert left_of_quota(rules, given_then, at)
    assert at == NOON or not left_of_quota(rules, given_then, at - MICRO)


def test_a_quota_that_is_used_up_ends_the_run() -> None:
    pace = Pace(Rules(per_day=5), left=2)
    assert pace.room(NOON, 10) == 2
    pace.took(2, NOON)
    assert (pace.room(NOON, 10), pace.wait(NOON), pace.is_used_up) == (0, None, True)


def test_an_hour_counts_until_its_last_moment_is_a_day_ago() -> None:
    hours = {NOON: 3}
    assert still_counting(hours, NOON + DAY + HOUR - MICRO) == hours
    assert still_counting(hours, NOON + DAY + HOUR) == {}


# --- a run of refusals ---


@pytest.mark.parametrize(
    ("heard", "rests"),
    [
        ([BLOCKED] * 2, False),
        ([BLOCKED] * 3, True),
        ([BUSY] * 3, True),
        ([BLOCKED, BUSY, BLOCKED], True),
        ([BLOCKED, BLOCKED, TAKEN, BLOCKED, BLOCKED], False),
        ([BLOCKED, BLOCKED, NOBODY], False),
        ([NOBODY] * 9, False),
        ([BLOCKED, NOBODY, BLOCKED, NOBODY, BLOCKED], True),
        ([BLOCKED, BLOCKED, DOUBT], False),
        ([BLOCKED, BLOCKED, DOUBT, BLOCKED], True),
        ([], False),
    ],
    ids=[
        "too few",
        "refused for good",
        "refused for now",
        "both",
        "one was taken",
        "one was of the reader",
        "all were of their readers",
        "of the reader: no end of a run",
        "doubt does not count",
        "doubt: no end of a run",
        "nothing",
    ],
)
def test_a_run_of_refusals_is_a_rest(heard: list[Outcome], rests: bool) -> None:
    pace = Pace(Rules(pause_after=3, pause_for=HOUR), of_reader=of_reader)
    begun = [rest for outcome in heard if (rest := pace.heard(outcome, NOON))]
    assert len(begun) == rests
    assert (pace.room(NOON, 5), pace.wait(NOON)) == ((0, None) if rests else (5, timedelta(0)))
    assert all(rest.until == NOON + HOUR and rest.because[0] in "45" for rest in begun)


def test_a_rest_is_over_by_time_and_the_next_refusal_begins_another() -> None:
    pace = Pace(Rules(pause_after=3, pause_for=HOUR))
    for _ in range(3):
        pace.heard(BLOCKED, NOON)
    assert pace.heard(BLOCKED, NOON) is None, "one that was out when it began"
    assert pace.room(NOON + HOUR - MICRO, 5) == 0
    assert pace.room(NOON + HOUR, 5) == 5
    assert pace.heard(BLOCKED, NOON + HOUR) == Rest(until=NOON + 2 * HOUR, because=BLOCKED.reason)


def test_a_letter_that_is_taken_after_a_rest_gives_back_all_patience() -> None:
    pace = Pace(Rules(pause_after=3), rest=Rest(until=NOON, because="550 no"))
    assert pace.heard(TAKEN, NOON) is None
    assert pace.rest is None
    assert [pace.heard(BLOCKED, NOON) is None for _ in range(3)] == [True, True, False]


def test_a_letter_that_is_taken_late_does_not_end_the_rest() -> None:
    pace = Pace(Rules(), rest=Rest(until=NOON + HOUR, because="550 no"))
    pace.heard(TAKEN, NOON)
    assert (pace.room(NOON, 5), pace.wait(NOON)) == (0, None)


def test_a_rest_that_a_person_ended_is_forgotten_with_its_run() -> None:
    pace = Pace(Rules(pause_after=3), rest=Rest(until=NOON + HOUR, because="550 no"))
    pace.renew(left=None, rest=None)
    assert pace.room(NOON, 5) == 5
    assert [pace.heard(BLOCKED, NOON) is None for _ in range(3)] == [True, True, False]


def test_a_run_goes_on_from_one_issue_to_the_next() -> None:
    pace = Pace(Rules(pause_after=3))
    pace.heard(BLOCKED, NOON)
    pace.heard(BLOCKED, NOON)
    pace.renew(left=None, rest=None)
    assert pace.heard(BLOCKED, NOON) is not None


# --- all together ---


@given(
    rules=st.builds(
        Rules, rate=st.none() | rates, per_day=st.none() | st.integers(1, 9), pause_after=st.integers(1, 3)
    ),
    heard=st.lists(st.sampled_from([TAKEN, BLOCKED, BUSY, NOBODY, DOUBT]), max_size=20),
    most=st.integers(1, 10),
)
def test_there_is_room_exactly_where_nothing_is_to_be_waited_for(rules: Rules, heard: list[Outcome], most: int) -> None:
    pace = Pace(rules, left=rules.per_day, of_reader=of_reader)
    for outcome in heard:
        room, wait = pace.room(NOON, most), pace.wait(NOON)
        assert (room > 0) == (wait == timedelta(0))
        pace.took(min(1, room), NOON)
        pace.heard(outcome, NOON)


def test_the_times_at_which_it_lets_letters_go_are_even() -> None:
    pace, now, times = Pace(Rules(rate=4)), NOON, []
    for _ in range(9):
        now += pace.wait(now) or timedelta(0)
        pace.took(pace.room(now, 50), now)
        times.append(now)
    assert {later - sooner for sooner, later in pairwise(times)} == {SECOND / 4}

"""A pace that workers share: together they never go faster, nor further, than one alone may."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import ceil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syndicate.delivery.manners import BURST_SECONDS, Rest, Rules
from syndicate.delivery.model import Refused
from syndicate.delivery.sharing import SHARE, Grant, SharedPace, granted

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def nobody(_: str) -> bool:
    return False


class Kept:
    """What is left of a rate and a quota, as a store would keep it."""

    def __init__(self, rules: Rules, left: int | None = None) -> None:
        self.rules, self.left = rules, left
        self.full_at: datetime | None = None
        self.now = NOW
        self.asked = 0

    def take(self) -> Grant:
        self.asked += 1
        grant = granted(self.rules, full_at=self.full_at, left=self.left, now=self.now)
        self.full_at = grant.full_at
        if self.left is not None:
            self.left -= grant.letters
        return grant

    def pace(self) -> SharedPace:
        pace = SharedPace(self.rules, take=self.take, of_reader=nobody)
        pace.renew(left=self.left, rest=None)
        return pace


@settings(deadline=None)
@given(
    rate=st.floats(min_value=0.1, max_value=50),
    asks=st.lists(st.tuples(st.integers(0, 3), st.floats(min_value=0, max_value=3)), min_size=1, max_size=25),
)
def test_workers_together_are_never_faster_than_the_rate(rate: float, asks: list[tuple[int, float]]) -> None:
    kept = Kept(Rules(rate=rate))
    workers = [kept.pace() for _ in range(4)]
    given_at: list[datetime] = []
    for which, later in asks:
        kept.now += timedelta(seconds=later)
        worker = workers[which]
        if not worker.wait(kept.now):
            count = worker.room(kept.now, 1000)
            worker.took(count, kept.now)
            given_at += [kept.now] * count
    burst = max(1, int(rate * BURST_SECONDS))
    for at, first in enumerate(given_at):
        for upto in range(at, len(given_at)):
            span = (given_at[upto] - first).total_seconds()
            assert upto - at + 1 <= burst + ceil(span * rate) + 1


@given(left=st.integers(0, 500), rounds=st.integers(1, 20))
def test_workers_together_never_go_past_the_quota(left: int, rounds: int) -> None:
    kept = Kept(Rules(per_day=1000), left=left)
    workers = [kept.pace() for _ in range(3)]
    went = 0
    for _ in range(rounds):
        for worker in workers:
            if worker.wait(NOW) == timedelta(0):
                count = worker.room(NOW, 10)
                worker.took(count, NOW)
                went += count
    assert went + sum(worker.put_back() for worker in workers) + (kept.left or 0) == left


def test_a_quota_that_is_used_up_ends_the_run() -> None:
    kept = Kept(Rules(per_day=10), left=1)
    pace = kept.pace()
    assert pace.wait(NOW) == timedelta(0)
    pace.took(pace.room(NOW, 10), NOW)
    assert pace.wait(NOW) is None
    assert pace.is_used_up


def test_who_must_wait_does_not_ask_again_before_that() -> None:
    kept = Kept(Rules(rate=1.0))
    kept.full_at = NOW + timedelta(seconds=1)
    pace = kept.pace()
    assert pace.wait(NOW) == SECOND
    assert pace.wait(NOW + SECOND / 2) == SECOND / 2
    assert kept.asked == 1


def test_without_rate_and_quota_nobody_is_asked() -> None:
    kept = Kept(Rules())
    pace = kept.pace()
    assert pace.wait(NOW) == timedelta(0)
    assert pace.room(NOW, 50) == 50
    pace.took(50, NOW)
    assert kept.asked == 0


def test_a_share_is_small_enough_for_others_to_have_one() -> None:
    assert granted(Rules(per_day=100_000), full_at=None, left=100_000, now=NOW).letters == SHARE


def test_a_run_of_refusals_ends_a_shared_pace_too() -> None:
    kept = Kept(Rules(rate=100.0, pause_after=2))
    pace = kept.pace()
    assert pace.wait(NOW) == timedelta(0)
    assert pace.heard(Refused(reason="550 no", status=None), NOW) is None
    rest = pace.heard(Refused(reason="550 no", status=None), NOW)
    assert isinstance(rest, Rest)
    assert pace.wait(NOW) is None
    assert pace.room(NOW, 10) == 0


def test_a_clock_that_was_set_back_keeps_nobody_waiting_for_longer_than_an_empty_bucket() -> None:
    grant = granted(Rules(rate=10.0), full_at=NOW + timedelta(hours=1), left=None, now=NOW)
    assert grant.letters == 0
    assert grant.wait is not None
    assert grant.wait <= timedelta(seconds=BURST_SECONDS)


@pytest.mark.parametrize("rate", [0.01, 1, 7, 1000])
def test_what_is_granted_is_a_whole_number_of_letters_and_at_least_one(rate: float) -> None:
    grant = granted(Rules(rate=rate), full_at=None, left=None, now=NOW)
    assert grant.letters >= 1
    assert grant.full_at > NOW

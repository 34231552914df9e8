"""The clock's arithmetic: hours that a change of clocks drops or doubles, catching up, and where a digest begins."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.schedule import (
    Due,
    Slot,
    approval_closes,
    due_period,
    latest_period,
    next_period,
    occurrence,
    parse_slot,
)

DUBLIN, NEW_YORK = ZoneInfo("Europe/Dublin"), ZoneInfo("America/New_York")
LORD_HOWE, APIA = ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Pacific/Apia")
FRIDAY = parse_slot("fri 09:00")
DAY = timedelta(days=1)
ZONES = [DUBLIN, NEW_YORK, LORD_HOWE, APIA, ZoneInfo("UTC"), ZoneInfo("Asia/Kathmandu")]


def utc(text: str) -> datetime:
    """Return an instant written as "2026-11-20 09:00"."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("fri 09:00", "fri 09:00"),
        (" FRI  9:00 ", "fri 09:00"),
        ("thu, mon 18:30", "mon,thu 18:30"),
        ("daily 7:05", "daily 07:05"),
        ("mon,tue,wed,thu,fri,sat,sun 00:00", "daily 00:00"),
    ],
)
def test_a_slot_is_read_and_written(text: str, shown: str) -> None:
    slot = parse_slot(text)
    assert str(slot) == shown
    assert parse_slot(str(slot)) == slot


@pytest.mark.parametrize(
    "text",
    [
        "",
        "9:00",
        "5 09:00",
        "friday 09:00",
        "fry 09:00",
        "fri 24:00",
        "fri 09:60",
        "fri 9",
        "fri 09:00:00",
        "fri, 09:00",
    ],
)
def test_what_is_no_slot_is_refused_in_words(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no|use mon"):
        parse_slot(text)


@pytest.mark.parametrize(
    ("zone", "slot", "day", "instant"),
    [
        pytest.param(DUBLIN, "daily 09:00", date(2026, 7, 3), "2026-07-03 08:00", id="Dublin in summer"),
        pytest.param(DUBLIN, "daily 09:00", date(2026, 11, 20), "2026-11-20 09:00", id="Dublin in winter"),
        pytest.param(DUBLIN, "daily 01:30", date(2026, 3, 29), "2026-03-29 01:30", id="Dublin drops it: 02:30 IST"),
        pytest.param(DUBLIN, "daily 01:30", date(2026, 10, 25), "2026-10-25 00:30", id="Dublin doubles it: the first"),
        pytest.param(NEW_YORK, "daily 02:30", date(2026, 3, 8), "2026-03-08 07:30", id="New York drops it: 03:30 EDT"),
        pytest.param(NEW_YORK, "daily 01:30", date(2026, 11, 1), "2026-11-01 05:30", id="New York doubles it"),
        pytest.param(LORD_HOWE, "daily 02:15", date(2026, 10, 4), "2026-10-03 15:45", id="Lord Howe drops half"),
        pytest.param(LORD_HOWE, "daily 01:45", date(2026, 4, 5), "2026-04-04 14:45", id="Lord Howe doubles half"),
        pytest.param(APIA, "daily 09:00", date(2011, 12, 30), "2011-12-30 19:00", id="Apia drops a whole Friday"),
        pytest.param(APIA, "daily 09:00", date(2011, 12, 29), "2011-12-29 19:00", id="Apia the day before"),
    ],
)
def test_an_hour_that_the_clocks_drop_or_double_happens_once(
    zone: ZoneInfo, slot: str, day: date, instant: str
) -> None:
    assert occurrence(parse_slot(slot), day, zone) == utc(instant)


def test_the_friday_that_apia_never_had_is_made_up_on_its_saturday() -> None:
    period = latest_period(FRIDAY, APIA, utc("2011-12-31 00:00"))
    assert period.astimezone(APIA).replace(tzinfo=None) == datetime(2011, 12, 31, 9, 0)  # noqa: DTZ001
    assert next_period(FRIDAY, APIA, utc("2011-12-24 00:00")) == period


def test_a_day_that_apia_never_had_gives_no_second_issue() -> None:
    daily = parse_slot("daily 09:00")
    periods = {latest_period(daily, APIA, utc("2011-12-29 00:00") + timedelta(hours=hour)) for hour in range(96)}
    assert len(periods) == 5
    assert all(each.astimezone(APIA).hour == 9 for each in periods)


slots = st.builds(
    Slot,
    weekdays=st.frozensets(st.integers(0, 6), min_size=1),
    at=st.builds(time, st.integers(0, 23), st.integers(0, 59)),
)
moments = st.datetimes(min_value=datetime(2005, 1, 1), max_value=datetime(2036, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(slots, st.sampled_from(ZONES), moments)
def test_now_lies_between_the_latest_period_and_the_next(slot: Slot, zone: ZoneInfo, now: datetime) -> None:
    latest, following = latest_period(slot, zone, now), next_period(slot, zone, now)
    assert latest <= now < following
    assert following - latest <= timedelta(days=8, hours=2)
    assert latest_period(slot, zone, following) == following
    assert latest_period(slot, zone, following - timedelta(microseconds=1)) == latest
    assert next_period(slot, zone, latest) == following


@given(slots, st.sampled_from(ZONES[:3]), moments)
def test_a_period_falls_on_its_weekday_and_at_its_hour_or_the_gap_later(
    slot: Slot, zone: ZoneInfo, now: datetime
) -> None:
    local = next_period(slot, zone, now).astimezone(zone)
    wanted = datetime.combine(local.date(), slot.at, tzinfo=zone)
    late = local.replace(tzinfo=None) - wanted.replace(tzinfo=None)
    assert local.weekday() in slot.weekdays
    assert late in (timedelta(0), timedelta(minutes=30), timedelta(hours=1))


def due(now: str, *, baseline: str = "2026-11-01 00:00", first_now: bool = False) -> Due | None:
    """Return what a weekly digest asks for in Dublin, where Friday at nine is nine UTC in November."""
    return due_period(FRIDAY, DUBLIN, now=utc(now), baseline=utc(baseline), first_now=first_now, max_lateness=DAY)


@pytest.mark.parametrize(
    ("now", "period", "late"),
    [
        pytest.param("2026-11-20 09:00", "2026-11-20 09:00", False, id="on the hour"),
        pytest.param("2026-11-20 08:59", "2026-11-13 09:00", True, id="a minute early is a week late"),
        pytest.param("2026-11-21 09:00", "2026-11-20 09:00", False, id="as late as allowed"),
        pytest.param("2026-11-21 09:01", "2026-11-20 09:00", True, id="too late"),
        pytest.param("2026-12-05 10:00", "2026-12-04 09:00", True, id="of three missed weeks the last"),
    ],
)
def test_a_missed_hour_is_made_up_inside_its_lateness(now: str, period: str, late: bool) -> None:
    assert due(now) == Due(period=utc(period), late=late)


@pytest.mark.parametrize(
    ("now", "first_now", "expected"),
    [
        pytest.param("2026-11-18 12:00", False, None, id="next: nothing before its first hour"),
        pytest.param("2026-11-20 09:00", False, Due(period=utc("2026-11-20 09:00"), late=False), id="next: at it"),
        pytest.param("2026-11-18 12:00", True, Due(period=utc("2026-11-18 12:00"), late=False), id="now: at once"),
        pytest.param("2026-11-19 11:00", True, Due(period=utc("2026-11-18 12:00"), late=False), id="now: still that"),
        pytest.param("2026-11-20 09:00", True, Due(period=utc("2026-11-20 09:00"), late=False), id="now: then as ever"),
    ],
)
def test_no_period_from_before_the_first_run_is_made_up(now: str, first_now: bool, expected: Due | None) -> None:
    assert due(now, baseline="2026-11-18 12:00", first_now=first_now) == expected


@given(moments, st.lists(st.timedeltas(min_value=timedelta(0), max_value=timedelta(hours=20)), max_size=20))
def test_however_many_clocks_fire_within_a_day_they_ask_for_one_period(now: datetime, late: list[timedelta]) -> None:
    slot, period = parse_slot("daily 09:00"), latest_period(parse_slot("daily 09:00"), DUBLIN, now)
    asked = {
        due_period(slot, DUBLIN, now=period + each, baseline=period - DAY, first_now=False, max_lateness=DAY)
        for each in late
    }
    assert asked <= {Due(period=period, late=False)}


@pytest.mark.parametrize(
    ("slot", "ahead", "max_lateness", "open_for"),
    [
        pytest.param("fri 09:00", 3, 24, 24, id="until it is too late"),
        pytest.param("daily 09:00", 3, 24, 21, id="until the next one is asked for"),
        pytest.param("daily 09:00", 30, 24, 0, id="never before its own hour"),
        pytest.param("daily 09:00", 0, 72, 24, id="asked at the hour itself"),
    ],
)
def test_an_approval_is_open_until_it_is_too_late_or_the_next_is_asked_for(
    slot: str, ahead: int, max_lateness: int, open_for: int
) -> None:
    period = datetime(2026, 11, 20, 9, tzinfo=UTC)
    hours = timedelta(hours=1)
    closes = approval_closes(parse_slot(slot), DUBLIN, period, ahead=ahead * hours, max_lateness=max_lateness * hours)
    assert closes - period == open_for * hours


@given(moments, st.timedeltas(min_value=timedelta(0), max_value=3 * DAY))
def test_one_letter_of_a_digest_waits_at_a_time(now: datetime, ahead: timedelta) -> None:
    slot = parse_slot("mon,thu 18:30")
    period = latest_period(slot, DUBLIN, now)
    closes = approval_closes(slot, DUBLIN, period, ahead=ahead, max_lateness=30 * DAY)
    assert period <= closes <= max(period, next_period(slot, DUBLIN, period) - ahead)

"""When something is due: pure functions over slots, zones and instants. No clock is read here.

A slot is an hour of a week or of every day, in the site's time zone: "fri 09:00", "daily 18:30". A period is one
occurrence of it, an instant in UTC; an issue belongs to exactly one period of its digest. Hours that a change of
clocks drops are moved forward by the gap; hours that it doubles happen once, the first time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SLOT = re.compile(r"(?P<days>daily|[a-z]{3}(?:\s*,\s*[a-z]{3})*)\s+(?P<hour>\d{1,2}):(?P<minute>\d{2})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A recurring hour: on these weekdays (0 is Monday), at this wall-clock time."""

    weekdays: frozenset[int]
    at: time

    def __str__(self) -> str:
        days = "daily" if len(self.weekdays) == 7 else ",".join(WEEKDAYS[day] for day in sorted(self.weekdays))
        return f"{days} {self.at:%H:%M}"


def parse_slot(text: str) -> Slot:
    """Return the slot written as "fri 09:00", "mon,thu 18:30" or "daily 7:00".

    Raises ValueError, in words fit for an editor, for anything else: a weekday is a name, never a number.
    """
    match = _SLOT.fullmatch(text.strip().lower())
    if not match:
        raise ValueError(f'"{text}" is no hour; write it as "fri 09:00" or "daily 18:30"')
    names = match["days"]
    days = range(7) if names == "daily" else [_weekday(name.strip()) for name in names.split(",")]
    hour, minute = int(match["hour"]), int(match["minute"])
    if hour > 23 or minute > 59:
        raise ValueError(f'"{match["hour"]}:{match["minute"]}" is no time of day')
    return Slot(weekdays=frozenset(days), at=time(hour, minute))


def _weekday(name: str) -> int:
    if name not in WEEKDAYS:
        raise ValueError(f'"{name}" is no weekday; use {", ".join(WEEKDAYS)}')
    return WEEKDAYS.index(name)


def occurrence(slot: Slot, day: date, zone: ZoneInfo) -> datetime:
    """Return the instant (UTC) of the slot on a local day.

    fold=0 takes the first of a doubled hour; for a dropped hour it gives the instant that far after the last
    one before the gap, so 02:30 on the night that has no 02:30 happens at 03:30.
    """
    return datetime.combine(day, slot.at, tzinfo=zone).astimezone(UTC)


def latest_period(slot: Slot, zone: ZoneInfo, now: datetime) -> datetime:
    """Return the last occurrence of the slot at or before `now`."""
    today = now.astimezone(zone).date()
    candidates = (
        occurrence(slot, day, zone)
        for day in (today + timedelta(days=1 - back) for back in range(10))
        if day.weekday() in slot.weekdays
    )
    return max(moment for moment in candidates if moment <= now)


def next_period(slot: Slot, zone: ZoneInfo, now: datetime) -> datetime:
    """Return the first occurrence of the slot after `now`."""
    today = now.astimezone(zone).date()
    candidates = (
        occurrence(slot, day, zone)
        for day in (today + timedelta(days=ahead - 1) for ahead in range(10))
        if day.weekday() in slot.weekdays
    )
    return min(moment for moment in candidates if moment > now)


def approval_closes(
    slot: Slot, zone: ZoneInfo, period: datetime, *, ahead: timedelta, max_lateness: timedelta
) -> datetime:
    """Return from when on a period's issue may not be approved: it is too late, or the next one is asked for.

    So one letter of a digest waits at a time. Never before its own hour.
    """
    asked_next = next_period(slot, zone, period) - ahead
    return min(period + max_lateness, max(period, asked_next))


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A period that has come and has no issue yet; `late` is past the digest's max_lateness."""

    period: datetime
    late: bool


def due_period(
    slot: Slot, zone: ZoneInfo, *, now: datetime, baseline: datetime, first_now: bool, max_lateness: timedelta
) -> Due | None:
    """Return the one period that asks for an issue now, or None.

    `baseline` is the installation's first run: no period before it is made up. With `first_now` the first run
    itself is a period. Of several missed periods only the last is made up; whether it already has an issue is
    the store's to say.
    """
    period = latest_period(slot, zone, now)
    if period < baseline:
        return Due(period=baseline, late=now - baseline > max_lateness) if first_now else None
    return Due(period=period, late=now - period > max_lateness)

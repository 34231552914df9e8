"""A date as feeds write it → an aware UTC datetime, or None.

Feeds write RFC 822 and RFC 3339 dates, and everything near them: no blank after the comma, month names in
the site's language, names of zones, epoch seconds. A wrong instant is worse than none, so an impossible
date is None.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

_YEARS = range(1971, 2200)
"""What a post may be dated: outside of it are zeros, epochs read as years, and the unset 1970-01-01."""

_TIME = r"(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,]\d+)?)?\s*(?P<half>[AaPp]\.?[Mm]\.?)?"
_ZONE = r"(?P<zone>[+-]\d\d:?\d\d|[+-]\d\d|Z|[A-Za-z][\w+/-]*)?"
_ISO = re.compile(
    rf"(?P<year>\d{{4}})-?(?P<month>\d\d)-?(?P<day>\d\d)(?:(?:[Tt]|\s+)(?:{_TIME}|"
    rf"(?P<hour2>\d\d)(?P<minute2>\d\d)(?P<second2>\d\d))\s*{_ZONE})?",
    re.ASCII,
)
_RFC822 = re.compile(
    rf"(?:[^\W\d]+\.?,?\s*)?(?P<day>\d{{1,2}})(?:\s+|-)(?P<name>[^\W\d]+)\.?(?:\s+|-)(?P<year>\d{{4}}|\d\d)"
    rf"(?:,?\s+(?:{_TIME}|(?P<hour2>\d\d)(?P<minute2>\d\d)(?P<second2>\d\d))\s*{_ZONE})?"
)
_ASCTIME = re.compile(
    rf"[^\W\d]+\s+(?P<name>[^\W\d]+)\s+(?P<day>\d{{1,2}})\s+{_TIME}\s+(?:{_ZONE}\s+)?(?P<year>\d{{4}})"
)
_EPOCH = re.compile(r"\d{9,10}|\d{12,13}")

# The first letters tell the month in English, French, German, Spanish, Italian, Portuguese and Dutch.
_MONTHS = {
    prefix: number
    for number, prefixes in enumerate(
        (
            "jan gen ene",
            "feb fev fév",
            "mar mär mrt",
            "apr avr abr",
            "may mai mag mei",
            "jun juin giu",
            "jul juil lug",
            "aug aoû aou ago",
            "sep set",
            "oct okt ott out",
            "nov",
            "dec dez dic déc",
        ),
        start=1,
    )
    for prefix in prefixes.split()
}

_HOURS_EAST = {
    "UT": 0, "UTC": 0, "GMT": 0, "Z": 0, "WET": 0, "WEST": 1, "BST": 1, "CET": 1, "CEST": 2, "MEZ": 1,
    "MESZ": 2, "MET": 1, "MEST": 2, "EET": 2, "EEST": 3, "MSK": 3, "JST": 9, "KST": 9, "AWST": 8, "AEST": 10,
    "AEDT": 11, "NZST": 12, "NZDT": 13, "SAST": 2, "SGT": 8, "HKT": 8, "BRT": -3, "EST": -5, "EDT": -4,
    "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7, "AKST": -9, "AKDT": -8, "HST": -10,
    "AST": -4, "ADT": -3,
}  # fmt: skip
_DUBLIN = ZoneInfo("Europe/Dublin")
_INDIA = timezone(timedelta(hours=5, minutes=30))


def parse_date(text: str | None) -> datetime | None:
    """Return the instant that `text` names, in UTC and whole seconds, or None where it names none.

    "Wed, 10 Nov 2021 14:51:28 PST" → 22:51:28 UTC; a date without a time is midnight UTC; a time without a
    zone is UTC, and so is a zone that nobody knows. Fractions are cut: on Blogger they count edits. IST is
    Irish Standard Time (+01:00) while Ireland keeps summer time, and India's (+05:30) in winter, when no
    Irish clock says IST.
    """
    text = " ".join((text or "").split())[:100]
    if _EPOCH.fullmatch(text):
        return _in_range(datetime.fromtimestamp(int(text[:-3] if len(text) > 10 else text), UTC))
    found = _ISO.fullmatch(text) or _RFC822.fullmatch(text) or _ASCTIME.fullmatch(text)
    if not found:
        return None
    try:
        return _in_range(_instant(found.groupdict()))
    except (ValueError, OverflowError):
        return None


def _in_range(moment: datetime) -> datetime | None:
    return moment if moment.year in _YEARS else None


def _instant(part: dict[str, str | None]) -> datetime:
    """Return the instant of a match's parts; ValueError where there is no such day or hour."""
    day = datetime(_year(part["year"] or ""), _month(part), int(part["day"] or ""), tzinfo=UTC)
    hour = int(part["hour"] or part.get("hour2") or 0)
    minute = int(part["minute"] or part.get("minute2") or 0)
    second = int(part["second"] or part.get("second2") or 0)
    hour = _on_24_hours(hour, part.get("half"))
    if hour > 24 or (hour == 24 and minute + second) or minute > 59 or second > 60:
        raise ValueError("no such time")
    # A leap second is read as the last second of its minute; 24:00 is the next midnight (ISO 8601).
    local = day + timedelta(hours=hour, minutes=minute, seconds=min(second, 59))
    return local.replace(tzinfo=_zone(part["zone"], local)).astimezone(UTC)


def _on_24_hours(hour: int, half: str | None) -> int:
    if not half:
        return hour
    if not 1 <= hour <= 12:
        raise ValueError("no such hour")
    return hour % 12 + (12 if half[0] in "pP" else 0)


def _year(text: str) -> int:
    year = int(text)
    if len(text) == 4:
        return year
    return year + (2000 if year < 70 else 1900)


def _month(part: dict[str, str | None]) -> int:
    if part.get("month"):
        return int(part["month"] or "")
    name = (part["name"] or "").lower()
    number = _MONTHS.get(name[:4]) or _MONTHS.get(name[:3])
    if not number:
        raise ValueError(f"no month is called {name}")
    return number


def _zone(name: str | None, local: datetime) -> tzinfo:
    if not name:
        return UTC
    if name[0] in "+-":
        digits = name[1:].replace(":", "").ljust(4, "0")
        east = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
        return timezone(-east if name[0] == "-" else east)
    if name.upper() == "IST":
        summer = local.replace(tzinfo=_DUBLIN).utcoffset()
        return timezone(timedelta(hours=1)) if summer else _INDIA
    if "/" in name:
        return _named_zone(name)
    return timezone(timedelta(hours=_HOURS_EAST.get(name.upper(), 0)))


def _named_zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return UTC

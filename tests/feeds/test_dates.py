"""Dates as feeds write them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.feeds.dates import parse_date


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("Fri, 06 Mar 2026 09:12:00 +0000", "2026-03-06T09:12:00", id="RFC 822"),
        pytest.param("Fri, 6 Mar 2026 09:12 GMT", "2026-03-06T09:12:00", id="without seconds"),
        pytest.param("06 Mar 26 09:12:00 EST", "2026-03-06T14:12:00", id="two-digit year"),
        pytest.param("Wed, 10 Nov 2021 14:51:28 PST", "2021-11-10T22:51:28", id="FeedBurner's PST"),
        pytest.param("Mon, 09 Jun 2025 10:00:00 BST", "2025-06-09T09:00:00", id="British summer time"),
        pytest.param("Mon, 09 Jun 2025 10:00:00 IST", "2025-06-09T09:00:00", id="IST in June is Ireland's"),
        pytest.param("Tue, 09 Dec 2025 10:00:00 IST", "2025-12-09T04:30:00", id="IST in December is India's"),
        pytest.param("Mon, 09 Jun 2025 10:00:00 Europe/Dublin", "2025-06-09T09:00:00", id="a zone by its name"),
        pytest.param("Mon, 09 Jun 2025 10:00:00 Nowhere/Atall", "2025-06-09T10:00:00", id="a zone nobody knows"),
        pytest.param("Mon, 09 Jun 2025 10:00:00 XYZ", "2025-06-09T10:00:00", id="letters nobody knows"),
        pytest.param("Mon, 09 Jun 2025 10:00:00 -0000", "2025-06-09T10:00:00", id="minus zero"),
        pytest.param("Mon,09 Jun 2025 10:00:00 +0530", "2025-06-09T04:30:00", id="no blank after the comma"),
        pytest.param("Monday, 09 June 2025 10:00:00 Z", "2025-06-09T10:00:00", id="names in full"),
        pytest.param("09-Jun-2025 10:00:00", "2025-06-09T10:00:00", id="hyphens"),
        pytest.param("lun., 09 juin 2025 10:00:00 +0200", "2025-06-09T08:00:00", id="French"),
        pytest.param("mer., 09 juil. 2025 10:00:00 +0200", "2025-07-09T08:00:00", id="French July"),
        pytest.param("Mi, 09 Okt 2024 10:00:00 +0200", "2024-10-09T08:00:00", id="German"),
        pytest.param("Sun Mar  1 09:30:11 2026", "2026-03-01T09:30:11", id="asctime"),
        pytest.param("Sun Mar 1 09:30:11 UTC 2026", "2026-03-01T09:30:11", id="date(1)"),
        pytest.param("Sat, 28 Feb 2026 23:59:60 +1200", "2026-02-28T11:59:59", id="leap second"),
        pytest.param("2022-11-30T19:26:00.003-08:00", "2022-12-01T03:26:00", id="milliseconds are cut"),
        pytest.param("2020-11-21T14:46:00Z", "2020-11-21T14:46:00", id="RFC 3339"),
        pytest.param("2020-11-21 14:46:00 +0100", "2020-11-21T13:46:00", id="RFC 3339 with blanks"),
        pytest.param("2020-11-21T24:00:00Z", "2020-11-22T00:00:00", id="24 o'clock"),
        pytest.param("20201121T144600Z", "2020-11-21T14:46:00", id="basic ISO 8601"),
        pytest.param("2020-11-21", "2020-11-21T00:00:00", id="a day"),
        pytest.param("June 9, 2025", None, id="prose is no feed date"),
        pytest.param("1749445200", "2025-06-09T05:00:00", id="epoch seconds, no year 1749"),
        pytest.param("1749445200123", "2025-06-09T05:00:00", id="epoch milliseconds"),
        pytest.param("09 Jun 2025 1:05:00 PM GMT", "2025-06-09T13:05:00", id="twelve-hour clock"),
        pytest.param("0000-00-00", None, id="zeros, feedparser's year -1"),
        pytest.param("0000-00-00T00:00:00Z", None, id="zeros with a time"),
        pytest.param("1970-01-01T00:00:00Z", None, id="unset"),
        pytest.param("Thu, 31 Feb 2026 10:00:00 GMT", None, id="31 February"),
        pytest.param("Thu, 26 Feb 2026 25:00:00 GMT", None, id="hour 25"),
        pytest.param("Thu, 26 Feb 2026 10:61:00 GMT", None, id="minute 61"),
        pytest.param("9999-12-31T23:59:59-12:00", None, id="past the end of time"),
        pytest.param("yesterday", None, id="a word"),
        pytest.param("", None, id="empty"),
        pytest.param(None, None, id="absent"),
        pytest.param("२०२६-०३-०६", None, id="digits of another script"),
    ],
)
def test_a_date_is_read_as_the_instant_that_it_names(text: str | None, expected: str | None) -> None:
    assert parse_date(text) == (datetime.fromisoformat(expected).replace(tzinfo=UTC) if expected else None)


@given(st.text(max_size=60) | st.from_regex(r"[0-9A-Za-z ,:+./-]{0,40}", fullmatch=True))
def test_no_text_makes_the_reader_of_dates_stumble(text: str) -> None:
    read = parse_date(text)
    assert read is None or (read.tzinfo is UTC and read.microsecond == 0)


@given(st.datetimes(min_value=datetime.fromisoformat("1972-01-01"), max_value=datetime.fromisoformat("2199-01-01")))
def test_a_date_that_was_written_is_read_back(moment: datetime) -> None:
    whole = moment.replace(microsecond=0, tzinfo=UTC)
    assert parse_date(whole.isoformat()) == whole
    assert parse_date(whole.strftime("%a, %d %b %Y %H:%M:%S +0000")) == whole

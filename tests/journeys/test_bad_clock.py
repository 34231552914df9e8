"""A clock that jumps back, far ahead, or into another zone: nothing is sent twice, and nothing waits for years."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.pipeline.studio import WEDNESDAY, Post, Studio, studio

pytestmark = pytest.mark.slow

DAY = timedelta(days=1)
FRESH = Post(name="nine-doors", published=WEDNESDAY)


@pytest.fixture
def lantern(tmp_path: Path) -> Iterator[Studio]:
    with studio(tmp_path) as opened:
        yield opened


def carried(lantern: Studio) -> list[str]:
    """Return the letters to readers after a week more of beats."""
    lantern.live(8 * DAY, step=timedelta(hours=1))
    return lantern.letters()


@pytest.mark.parametrize(
    "jump", [-3 * DAY, -400 * DAY, timedelta(hours=-1)], ids=["three days", "a year", "an hour, as DST"]
)
def test_a_clock_that_went_back_sends_no_issue_again_and_reads_its_feed_at_once(
    jump: timedelta, lantern: Studio
) -> None:
    lantern.readers("ada", "bo")
    lantern.begin(Post(name="old", published=WEDNESDAY - DAY))
    lantern.feed(FRESH, Post(name="old", published=WEDNESDAY - DAY))
    assert carried(lantern) == ["ada@reader.example", "bo@reader.example"]
    lantern.clock.set(lantern.clock.now() + jump)
    lantern.feed(Post(name="newer", published=WEDNESDAY), FRESH)
    first = lantern.tick()
    assert first.polled, "the feed waits for a time that is long gone"
    lantern.live(2 * DAY, step=timedelta(hours=1))
    assert len(lantern.letters()) in (2, 4)
    assert len(set(lantern.letters())) == 2


def test_a_clock_that_was_a_year_ahead_for_a_beat_loses_no_review_and_mails_nobody_twice(lantern: Studio) -> None:
    lantern.readers("ada")
    lantern.begin(Post(name="old", published=WEDNESDAY - DAY))
    right = lantern.clock.now()
    lantern.clock.set(right + 365 * DAY)
    lantern.tick()
    lantern.clock.set(right + timedelta(minutes=1))
    lantern.feed(FRESH)
    assert lantern.tick().polled
    assert carried(lantern) == ["ada@reader.example"]

"""How a sending is shown: live on a terminal of any width, a line a minute elsewhere, and nothing where it is short."""

from __future__ import annotations

import io
import logging
import subprocess
import sys
from collections import Counter
from pathlib import Path
from threading import Lock

import pytest
from rich.console import Console

from syndicate import log
from syndicate.cli import progress, run
from syndicate.cli.live import lines
from syndicate.cli.progress import Bars, EachMinute
from syndicate.cli.sendings import Sending, Standing, clock, pace
from syndicate.cli.story import tell_tally
from syndicate.cli.watched import Pulse
from syndicate.delivery.model import DeliveryState
from tests.pipeline.studio import DAY, FRIDAY, HOUR, WEDNESDAY, Post, studio

OLD = Post(name="old", published=WEDNESDAY - 9 * DAY)
S = DeliveryState
WHAT = "issue 12 of weekly"


class Hand:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


def standing(*, total: int | None = 20_000, failed: int = 1, per_second: float | None = 1234.4) -> Standing:
    tally = Counter({S.SENT: 12_300, S.DEFERRED: 3 if failed else 0, S.FAILED: failed})
    return Standing(what=WHAT, tally=tally, total=total, per_second=per_second, seconds=10.0)


def drawn(shown: Standing, width: int) -> list[str]:
    """Return what a terminal of that width shows."""
    console = Console(file=io.StringIO(), width=width, color_system=None, force_terminal=True, legacy_windows=False)
    with console.capture() as got:
        for line in lines(shown, width):
            console.print(line)
    return [line.rstrip() for line in got.get().splitlines()]


def test_on_a_wide_terminal_all_stands_in_one_line_with_a_bar() -> None:
    (line,) = drawn(standing(), 120)
    assert line.startswith(f"{WHAT}  ━")
    assert line.endswith("62%  12,300 of 20,000 sent  3 deferred  1 failed  1,234/s  0:07 left")


def test_on_a_narrow_one_what_went_wrong_stands_below() -> None:
    first, second = drawn(standing(), 60)
    assert first.startswith(f"{WHAT}  ━")
    assert first.endswith("62%  1,234/s  0:07 left")
    assert second == "  12,300 of 20,000 sent  3 deferred  1 failed"


def test_what_went_well_says_nothing_of_failures() -> None:
    (line,) = drawn(standing(failed=0), 120)
    assert "failed" not in line
    assert "deferred" not in line


@pytest.mark.parametrize("width", [1, 20, 40, 59, 60, 61, 80, 119, 120, 400])
@pytest.mark.parametrize("total", [None, 20_000], ids=["whole-unknown", "whole-known"])
def test_no_line_is_wider_than_the_terminal(width: int, total: int | None) -> None:
    assert all(len(line) <= width for line in drawn(standing(total=total), width))


@pytest.mark.parametrize("width", range(46, 131, 3))
def test_from_46_columns_on_nothing_is_cut(width: int) -> None:
    told = "\n".join(drawn(standing(), width))
    for words in (WHAT, "62%", "12,300 of 20,000 sent", "3 deferred", "1 failed", "1,234/s", "0:07 left"):
        assert words in told


def test_the_rate_is_of_the_last_seconds_and_falls_to_nothing_where_nothing_comes() -> None:
    sending = Sending(WHAT, 0.0)
    for second in range(1, 11):
        sending.told({S.SENT: 100 * second}, 2000, float(second))
    assert sending.standing(10.0).per_second == 100
    assert sending.standing(10.0).left == 10
    assert sending.standing(12.5).per_second == pytest.approx(300 / 5.5)
    assert sending.standing(30.0).per_second == 0
    assert sending.standing(30.0).left is None


def test_a_relay_that_may_have_ten_in_a_minute_does_not_seem_to_stand_still() -> None:
    sending = Sending(WHAT, 0.0)
    for number in range(1, 11):
        sending.told({S.SENT: number}, 100, 6.0 * number)
    for later in (0.0, 3.0, 5.9):
        shown = sending.standing(60.0 + later)
        assert shown.per_second == pytest.approx(1 / 6, rel=0.35)
    assert sending.standing(300.0).per_second == 0


@pytest.mark.parametrize(
    ("per_second", "shown"), [(0, "0/s"), (1 / 6, "10/min"), (2.5, "2.5/s"), (15.2, "15/s"), (1234.4, "1,234/s")]
)
def test_a_pace_is_told_in_a_unit_that_fits(per_second: float, shown: str) -> None:
    assert pace(per_second) == shown


def test_a_sending_that_is_over_says_how_long_it_took() -> None:
    sending = Sending(WHAT, 0.0)
    sending.told({S.SENT: 312}, 312, 311.0)
    sending.ended = 312.0
    assert sending.standing(999.0).line() == f"{WHAT}: 312 of 312 sent, 1.0/s, in 5:12"


@pytest.mark.parametrize(("seconds", "shown"), [(0, "0:00"), (5.6, "0:06"), (312, "5:12"), (3723, "1:02:03")])
def test_a_time_is_shown_as_a_clock_shows_it(seconds: float, shown: str) -> None:
    assert clock(seconds) == shown


def told_over(span: int, *, every: float = 1.0) -> list[str]:
    """Return the lines of a sending of so many seconds that is no terminal's."""
    hand, told = Hand(), list[str]()
    minutes = EachMinute(lambda each: told.append(each.line()), now=hand)
    for number in range(int(span / every) + 1):
        hand.at = 1000 + number * every
        minutes.sending(WHAT, Counter({S.SENT: 10 * number}), 10 * int(span / every))
    minutes.end()
    return told


def test_a_short_sending_tells_nothing() -> None:
    assert told_over(59) == []


def test_a_long_one_tells_a_line_a_minute_and_how_it_ended() -> None:
    assert told_over(150) == [
        f"{WHAT}: 600 of 1,500 sent, 10/s, 1:30 left",
        f"{WHAT}: 1,200 of 1,500 sent, 10/s, 0:30 left",
        f"{WHAT}: 1,500 of 1,500 sent, 10/s, in 2:30",
    ]


def test_where_another_one_begins_the_one_before_is_over() -> None:
    hand, told = Hand(), list[str]()
    minutes = EachMinute(lambda each: told.append(each.line()), now=hand)
    for at, what in ((0, WHAT), (61, WHAT), (70, "statuses of main"), (80, "statuses of main")):
        hand.at = 1000 + at
        minutes.sending(what, Counter({S.SENT: at}), None)
    minutes.end()
    assert told == [f"{WHAT}: 61 sent, 1.0/s", f"{WHAT}: 61 sent, 52/min, in 1:10"]


def test_without_a_terminal_nothing_is_drawn_and_rich_is_not_loaded() -> None:
    script = (
        "import sys\nfrom collections import Counter\nfrom syndicate.cli.progress import Bars\n"
        "with Bars(now=iter(range(10**6)).__next__) as bars:\n"
        "    for each in range(30): bars.sending('issue', Counter(sent=each), 30)\n"
        "print('rich' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert (done.stdout.strip(), done.stderr) == ("False", "")


def test_however_often_it_is_told_it_draws_ten_times_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    hand, drawn_at = Hand(), list[float]()

    class Paper:
        def __init__(self) -> None:
            self.sendings: list[Sending] = []

        def stop(self) -> None:
            """Nothing is drawn."""

    def paper() -> Paper:
        drawn_at.append(hand.at)
        return Paper()

    bars = Bars(now=hand)
    monkeypatch.setattr(bars, "_shown", True)
    monkeypatch.setattr(bars, "_on_screen", paper)
    for number in range(10_000):
        hand.at = 1000 + number / 5000
        bars.sending(WHAT, Counter({S.SENT: number}), 10_000)
    assert drawn_at[0] >= 1000.5, "what is over at once is not drawn at all"
    assert 10 <= len(drawn_at) <= 20


def test_the_log_of_a_long_run_says_once_a_minute_how_far_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(progress, "TELL_SECONDS", 0.0)  # a minute is over at once
    monkeypatch.setattr(log.logger, "propagate", True)
    caplog.set_level(logging.INFO, logger="syndicate")
    with studio(tmp_path) as house:
        house.readers("ada", "bo", "cy")
        house.begin(OLD)
        house.feed(Post(name="harbour"), OLD)
        house.live(HOUR)
        house.clock.set(FRIDAY)
        run._beat(house.app, Lock(), Pulse("no beat", HOUR))  # the rest of the command is the scheduler
    told = [vars(each)["facts"] for each in caplog.records if each.getMessage() == "issue-progress"]
    of_the_issue = [each for each in told if each["what"] == "issue 1 of weekly"]
    assert of_the_issue
    assert of_the_issue[-1]["sent"] <= of_the_issue[-1]["of"] == 3


def test_a_tally_is_told_in_the_order_of_the_states_and_only_what_there_is() -> None:
    tally = Counter({S.IN_DOUBT: 1, S.FAILED: 2, S.SENT: 20_000, S.DEFERRED: 0})
    assert tell_tally("letters", tally) == "letters: 20,000 sent, 2 failed, 1 in doubt"

"""The judge of the chaos bench: each goal that a send can miss is found, and what is allowed is let pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.judge import Run, Verdict, judge

CONNECTIONS = 2


def run(
    *taken: str,
    sent: str | None = None,
    doubtful: str = "",
    crashes: int = 0,
    unanswered: str = "",
) -> Run:
    """Return a run of one-letter readers; "a" got <a>, "a=x" got <x>. Unless said, whom it reached stands as sent."""
    pairs = tuple((each[0], f"<{each[-1]}>") for each in taken)
    reached = "".join(reader for reader, _ in pairs) if sent is None else sent
    return Run(
        taken=pairs,
        sent=frozenset(reached) - frozenset(doubtful),
        doubtful=frozenset(doubtful),
        crashes=crashes,
        unanswered=frozenset(unanswered),
    )


def verdict(
    runs: Sequence[Run], states: Mapping[str, str] | None = None, *, readers: str = "ab", connections: int = CONNECTIONS
) -> Verdict:
    """Return the verdict where every reader stands as sent, but for those in `states`."""
    final = dict.fromkeys(readers, "sent") | dict(states or {})
    return judge(runs, final, candidates=len(readers), connections=connections)


def test_a_send_that_reached_everybody_once_holds() -> None:
    found = verdict([run("a", "b")])
    assert found.holds
    assert (found.lost, found.duplicated, found.in_doubt) == (0, 0, 0)


def test_a_letter_in_doubt_at_a_crash_may_go_twice_and_is_counted_there() -> None:
    found = verdict([run("a", doubtful="a", crashes=1), run("a", "b")])
    assert found.holds
    assert found.duplicated == 1
    assert [line.duplicated for line in found.lines] == [1, 0]


def test_a_letter_in_doubt_that_was_never_taken_goes_again_and_is_no_duplicate() -> None:
    found = verdict([run("b", doubtful="a", crashes=1), run("a")])
    assert found.holds
    assert found.duplicated == 0


def test_a_duplicate_belongs_to_the_first_crash_after_the_letter_was_taken() -> None:
    runs = [run("a", doubtful="a", crashes=1), run("b", doubtful="a", crashes=1), run("a")]
    assert [line.duplicated for line in verdict(runs).lines] == [1, 0, 0]


def test_what_is_visibly_kept_back_is_not_lost() -> None:
    states = {"b": "failed", "c": "suppressed", "d": "in_doubt"}
    runs = [run("a", crashes=1, doubtful="d"), run(doubtful="d")]
    found = verdict(runs, states, readers="abcd")
    assert found.holds
    assert (found.lost, found.in_doubt) == (0, 1)


def test_a_letter_whose_line_the_sink_dropped_without_a_word_may_be_in_doubt() -> None:
    assert verdict([run("a", "b", doubtful="b", unanswered="b"), run("b")]).holds


FAULTS: dict[str, tuple[Sequence[Run], Mapping[str, str], str]] = {
    "a letter is recorded as sent and never came": ([run("a", sent="ab")], {}, "1 × reader lost (b)"),
    "a letter is recorded as sent before it came": (
        [run("a", sent="ab", crashes=1), run("b", sent="")],
        {},
        "recorded as sent that the sink did not have by then",
    ),
    "a reader is forgotten": ([run("a")], {"b": "planned"}, "1 × reader lost (b)"),
    "a letter goes twice in one run": ([run("a", "b", "a")], {}, "taken twice that was never in doubt (a)"),
    "a letter goes twice and was in doubt only before": (
        [run(doubtful="a", crashes=1), run("a", "a", "b")],
        {},
        "taken twice that was never in doubt (a)",
    ),
    "a letter that was recorded as sent goes again after a crash": (
        [run("a", doubtful="b", crashes=1), run("a", "b")],
        {},
        "taken twice that was never in doubt (a)",
    ),
    "a letter goes again under another name": (
        [run("a", "b", doubtful="a", crashes=1), run("a=x")],
        {},
        "under another Message-ID (a)",
    ),
    "two letters bear the same name": ([run("a", "b=a")], {}, "Message-ID that two readers share"),
    "a letter is in doubt though the sink answered": (
        [run("a", "b", doubtful="b"), run()],
        {},
        "in doubt though nothing crashed and the sink had answered (b)",
    ),
    "the account is short of a reader": ([run("a", "b")], {"b": "cancelled"}, "2 candidates, and the account says"),
    "a letter that was taken is called failed": ([run("a", "b")], {"b": "failed"}, "does not call sent (b)"),
}


@pytest.mark.parametrize(("runs", "states", "fault"), FAULTS.values(), ids=FAULTS)
def test_the_judge_finds_fault_where(runs: Sequence[Run], states: Mapping[str, str], fault: str) -> None:
    found = verdict(runs, states)
    assert any(fault in each for each in found.faults), found.faults
    assert not found.holds


@pytest.mark.parametrize(("count", "holds"), [(4, True), (5, False)], ids=["two a connection", "one more"])
def test_a_crash_may_double_two_letters_a_connection(count: int, holds: bool) -> None:
    readers = "abcdefgh"
    doubled = readers[:count]
    runs = [run(*readers, doubtful=doubled, crashes=1), run(*doubled)]
    assert verdict(runs, readers=readers).holds is holds


@given(
    st.lists(st.sampled_from("abcd"), max_size=12),
    st.lists(st.sampled_from("abcd"), max_size=12),
    st.sets(st.sampled_from("abcd")),
)
def test_nothing_goes_unnoticed(before: list[str], after: list[str], doubtful: set[str]) -> None:
    """Whoever got more than one letter is counted; whoever got none though sent is lost."""
    runs = [run(*before, doubtful="".join(doubtful), crashes=1), run(*after)]
    found = verdict(runs, readers="abcd", connections=100)
    taken = before + after
    assert found.duplicated == len(taken) - len(set(taken))
    assert found.lost == 4 - len(set(taken))
    excused = sum(line.duplicated for line in found.lines)
    assert excused == len({each for each in doubtful if each in before and each in after})
    assert found.holds == (found.lost == 0 and excused == found.duplicated)

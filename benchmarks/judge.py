"""What a sink's records and a ledger say together: lost, duplicated, in doubt. Pure; it must be able to find fault."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

KEPT_BACK = ("failed", "suppressed", "cancelled", "in_doubt")
"""States in which a reader may go without a letter, visibly."""
ENDS = ("sent", "deferred", "failed", "suppressed", "in_doubt")
"""What the account of an issue is the sum of."""
MOST_DUPLICATES = 2
"""Per connection, at one crash."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What happened between two looks at the ledger, the sender being gone and the sink quiet at either."""

    taken: tuple[tuple[str, str], ...] = ()
    """Reader and Message-ID of every letter that the sink took, in order, told to the sender or not."""
    sent: frozenset[str] = frozenset()
    """Readers who stand as sent at its end, and did not before."""
    doubtful: frozenset[str] = frozenset()
    """Readers who stand as sending or in doubt at its end."""
    crashes: int = 0
    """How often the sender or the sink was taken away, or the sender's disk was full."""
    unanswered: frozenset[str] = frozenset()
    """Readers whose letter the sink left without an answer after its final dot."""
    doubted: Mapping[str, int] = field(default_factory=dict)
    """How often each reader's letter was in doubt so far, by the ledger: some fall while others go on sending."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One run's figures."""

    taken: int
    lost: int
    """Recorded as sent by now, and never taken."""
    duplicated: int
    """In doubt at its end, taken by then, and taken once more later."""
    in_doubt: int
    crashes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a scenario came to."""

    lines: tuple[Line, ...]
    lost: int
    """Readers whose letter never came, and of whom the ledger says nothing that would explain it."""
    duplicated: int
    """Letters taken once more than needed."""
    in_doubt: int
    """Left for a person at the end."""
    faults: tuple[str, ...] = field(default=())
    """Every goal that was missed, in words."""

    @property
    def holds(self) -> bool:
        """Return whether every goal was reached."""
        return not self.faults


def judge(runs: Sequence[Run], final: Mapping[str, str], *, candidates: int, connections: int) -> Verdict:
    """Return the verdict on a scenario; `final` is each reader's state in the ledger at its end.

    Goals: nobody lost; a letter twice only where it was in doubt in between, at most two per connection and crash,
    under its first Message-ID; nothing in doubt where nothing crashed and the sink answered; the account adds up.
    """
    duplicates, unexcused = _duplicates(runs)
    lost_then, lost = _lost(runs, final)
    lines = tuple(
        Line(
            taken=len(run.taken),
            lost=lost_then[at],
            duplicated=duplicates[at],
            in_doubt=len(run.doubtful),
            crashes=run.crashes,
        )
        for at, run in enumerate(runs)
    )
    faults = [
        _several(len(lost), "reader lost", lost),
        _several(sum(lost_then), "letter recorded as sent that the sink did not have by then"),
        _several(len(unexcused), "letter taken twice that was never in doubt", unexcused),
        *(
            f"run {at + 1}: {line.duplicated} letters twice by {line.crashes} crashes of {connections} connections"
            for at, line in enumerate(lines)
            if line.crashes and line.duplicated > MOST_DUPLICATES * connections * line.crashes
        ),
        *_names(runs),
        *_groundless(runs),
        *_account(runs, final, candidates),
    ]
    return Verdict(
        lines=lines,
        lost=len(lost),
        duplicated=sum(duplicates.values()) + len(unexcused),
        in_doubt=sum(state == "in_doubt" for state in final.values()),
        faults=tuple(fault for fault in faults if fault),
    )


def _duplicates(runs: Sequence[Run]) -> tuple[Counter[int], list[str]]:
    """Return how many letters went twice for each run's end, and the readers whom no doubt explains."""
    seen: set[str] = set()
    since: dict[str, int] = {}
    excused: Counter[int] = Counter()
    again: Counter[str] = Counter()
    unexcused = []
    for at, run in enumerate(runs):
        for reader, _ in run.taken:
            doubt = since.pop(reader, None)
            if reader in seen and doubt is not None:
                excused[doubt] += 1
            elif reader in seen and again[reader] < run.doubted.get(reader, 0):
                excused[at] += 1
                again[reader] += 1
            elif reader in seen:
                unexcused.append(reader)
            seen.add(reader)
        for reader in run.doubtful:
            since.setdefault(reader, at)
    return excused, unexcused


def _lost(runs: Sequence[Run], final: Mapping[str, str]) -> tuple[list[int], list[str]]:
    """Return how many were lost by each run's word, and whom the end leaves without a letter or a reason."""
    taken: set[str] = set()
    by_run = []
    for run in runs:
        taken.update(reader for reader, _ in run.taken)
        by_run.append(len(run.sent - taken))
    return by_run, [reader for reader, state in final.items() if reader not in taken and state not in KEPT_BACK]


def _names(runs: Sequence[Run]) -> list[str]:
    """Return what is wrong with the Message-IDs: one reader, one ID, and no other reader's."""
    first: dict[str, str] = {}
    changed = [reader for run in runs for reader, name in run.taken if first.setdefault(reader, name) != name]
    shared = len(first) - len(set(first.values()))
    return [
        _several(len(changed), "letter taken again under another Message-ID", changed),
        _several(shared, "Message-ID that two readers share"),
    ]


def _groundless(runs: Sequence[Run]) -> list[str]:
    """Return who was in doubt though nothing crashed and the sink had answered."""
    groundless = [
        reader
        for at, run in enumerate(runs)
        if not run.crashes
        for reader in run.doubtful - run.unanswered - (runs[at - 1].doubtful if at else frozenset())
    ]
    return [_several(len(groundless), "letter in doubt though nothing crashed and the sink had answered", groundless)]


def _account(runs: Sequence[Run], final: Mapping[str, str], candidates: int) -> list[str]:
    """Return what does not add up: candidates = sent + deferred + failed + suppressed + in doubt."""
    states = Counter(final.values())
    ends = sum(states[state] for state in ENDS)
    told = ", ".join(f"{number} {state}" for state, number in sorted(states.items()))
    taken = {reader for run in runs for reader, _ in run.taken}
    untold = [reader for reader in taken if final.get(reader) not in ("sent", "in_doubt")]
    return [
        "" if ends == candidates else f"{candidates} candidates, and the account says {told or 'nothing'}",
        _several(len(untold), "letter taken that the ledger does not call sent", untold),
    ]


def _several(count: int, what: str, readers: Sequence[str] = ()) -> str:
    """Return a fault in words, or "" where there is none."""
    shown = f" ({', '.join(readers[:3])}{' …' if len(readers) > 3 else ''})" if readers else ""
    return f"{count} × {what}{shown}" if count else ""

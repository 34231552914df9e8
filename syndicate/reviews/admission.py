"""What becomes of an entry that was seen: announced, held with a reason, kept as history, or not wanted here."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from syndicate.reviews.model import Kind, Reading


class EntryState(StrEnum):
    """Where an entry stands with us."""

    HISTORY = "history"
    """It was there at the first run, or a person said so: recorded, not announced."""
    HELD = "held"
    """Not announced yet, and the reason says why."""
    READY = "ready"
    """Announced: every channel takes it in its turn."""
    IGNORED = "ignored"
    """The feed's `include` rule does not want it; the reason says which part."""


class Hold(StrEnum):
    """Why an entry is held."""

    UNSETTLED = "not settled"
    NOVELTY = "novelty"
    LEFT_OUT = "left out"


@dataclass(frozen=True, slots=True, kw_only=True)
class IncludeRule:
    """Which posts of a feed are wanted; no labels means any."""

    kinds: frozenset[Kind]
    labels: frozenset[str]
    """Lower-case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """A state and, where it needs one, its reason."""

    state: EntryState
    reason: str | None = None


def unwanted_because(reading: Reading, labels: tuple[str, ...], rule: IncludeRule) -> str | None:
    """Return why the rule does not want a post, or None where it does."""
    if reading.kind not in rule.kinds:
        return f"{reading.kind}: {reading.why}"
    if rule.labels and not rule.labels.intersection(label.lower() for label in labels):
        return "carries none of the feed's include.labels"
    return None


def admit(
    reading: Reading, labels: tuple[str, ...], rule: IncludeRule, *, is_history: bool, is_flood: bool
) -> Admission:
    """Return where an entry starts that was seen for the first time.

    `is_history`: the feed's first run. `is_flood`: the novelty breaker is open, so nothing is announced
    before a person has looked (`syndicate feeds accept`).
    """
    if is_history:
        return Admission(state=EntryState.HISTORY)
    because = unwanted_because(reading, labels, rule)
    if because:
        return Admission(state=EntryState.IGNORED, reason=because)
    return Admission(state=EntryState.HELD, reason=Hold.NOVELTY if is_flood else Hold.UNSETTLED)


def readmit(now_at: Admission, reading: Reading, labels: tuple[str, ...], rule: IncludeRule) -> Admission:
    """Return where a known entry goes after its content changed.

    An edit never announces what was announced or is history, and never overrules a person; it may make an
    unsettled entry unwanted, or an ignored one wanted after all.
    """
    because = unwanted_because(reading, labels, rule)
    unsettled = now_at.state is EntryState.HELD and now_at.reason == Hold.UNSETTLED
    if unsettled and because:
        return Admission(state=EntryState.IGNORED, reason=because)
    if now_at.state is EntryState.IGNORED:
        if because:
            return Admission(state=EntryState.IGNORED, reason=because)
        return Admission(state=EntryState.HELD, reason=Hold.UNSETTLED)
    return now_at

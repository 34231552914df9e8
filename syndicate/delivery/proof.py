"""What is always true of an issue's letters, whatever crashed: the rules, and which of them a row breaks. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from syndicate.delivery.model import DeliveryState

_S = DeliveryState


class Rule(StrEnum):
    """A rule, by the name that `--json` gives it."""

    SUM = "sum"
    ONCE = "once"
    SETTLED = "settled"
    WIRE = "wire"
    HOUR = "hour"
    TRIES = "tries"
    NOBODY = "nobody"
    OVER = "over"


SAYS: Mapping[Rule, str] = {
    Rule.SUM: "each candidate has one letter, in one state",
    Rule.ONCE: "no reader, no address and no list has two",
    Rule.SETTLED: "what was sent or failed was tried and answered, or a person or a returned mail said so",
    Rule.WIRE: "what is on a wire has a sender, and nothing else has",
    Rule.HOUR: "what waits has its hour, and what is over has none",
    Rule.TRIES: "what was tried has its first hour, and what was deferred was tried",
    Rule.NOBODY: "no letter waits for a reader who was forgotten",
    Rule.OVER: "nothing waits in an issue that is sent",
}

_GONE = frozenset({_S.SENT, _S.BOUNCED, _S.COMPLAINED})
_FINAL = _GONE | {_S.FAILED, _S.SUPPRESSED, _S.CANCELLED}
_WAITING = frozenset({_S.PLANNED, _S.DEFERRED})


class Traits(NamedTuple):
    """What the rules ask of a row. Rows by the million have a few dozen of these between them."""

    state: str
    has_hour: bool
    """`due` is set."""
    has_owner: bool
    was_tried: bool
    """`attempts` is 1 or more."""
    has_first_try: bool
    is_answered: bool
    """There is a reply: what a server, a person or a returned mail said."""
    is_settled_by_hand: bool
    """That reply is a person's word, or says that something came back: after a restored backup without any try."""
    is_nobodys: bool
    """Neither a reader nor a posting address: the reader was forgotten, and the server's words with them."""
    is_of_sent_issue: bool


@lru_cache(maxsize=4096)
def broken_by(row: Traits) -> tuple[Rule, ...]:
    """Return the rules that a row of these traits breaks; none for every row that the ledger itself has written."""
    if row.state not in frozenset(_S):
        return (Rule.SUM,)
    state = _S(row.state)
    broken = {
        Rule.SETTLED: not _is_settled(state, row),
        Rule.WIRE: row.has_owner is not (state is _S.SENDING),
        Rule.HOUR: (state in _WAITING and not row.has_hour) or (state in _FINAL | {_S.SENDING} and row.has_hour),
        Rule.TRIES: row.was_tried is not row.has_first_try
        or (state in (_S.DEFERRED, _S.SENDING) and not row.was_tried),
        Rule.NOBODY: row.is_nobodys and state not in _FINAL - {_S.FAILED},
        Rule.OVER: row.is_of_sent_issue
        and (state in _WAITING | {_S.SENDING} or (state is _S.IN_DOUBT and row.has_hour)),
    }
    return tuple(rule for rule, is_broken in broken.items() if is_broken)


def _is_settled(state: DeliveryState, row: Traits) -> bool:
    """Return whether something vouches for what a row claims. What came back vouches for itself."""
    if state not in _GONE | {_S.FAILED}:
        return True
    is_answered = row.is_answered or row.is_nobodys
    return is_answered and (
        row.was_tried or row.is_settled_by_hand or row.is_nobodys or state in (_S.BOUNCED, _S.COMPLAINED)
    )

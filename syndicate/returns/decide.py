"""What is done about a message that came back: a pure function of what it says and of what is proven."""

from __future__ import annotations

from datetime import timedelta
from typing import assert_never

from syndicate.returns.model import Action, ReturnKind

MOST_SOFT_BOUNCES = 3
SOFT_BOUNCES_AGE = timedelta(days=30)
"""So many soft bounces of one address in so long a time, each of another letter, and it is mailed no more."""


def weigh(kind: ReturnKind, *, forwarded: bool) -> ReturnKind:
    """Return how heavily a message counts for the reader whom it is proven to be about.

    `forwarded`: it names other addresses and not the reader's. The reader's own mailbox is there then and sends our
    letters on to one that is not; that may be mended, so it counts as soft: weekly letters end it within a month.
    """
    return ReturnKind.SOFT if forwarded and kind is ReturnKind.HARD else kind


def decide(kind: ReturnKind, *, is_proven: bool, soft_bounces: int = 0) -> Action:
    """Return what to do about a message of a kind, weighed.

    `is_proven`: something of ours in it proves which reader it is about; without that nobody is changed.
    `soft_bounces` counts this one too.
    """
    match kind:
        case ReturnKind.DELAYED | ReturnKind.DELIVERED | ReturnKind.AUTO_REPLY:
            return Action.NOTHING
        case ReturnKind.OTHER:
            return Action.ASIDE
        case _ if not is_proven:
            return Action.ASIDE
        case ReturnKind.HARD | ReturnKind.COMPLAINT:
            return Action.SUPPRESSED
        case ReturnKind.SOFT:
            return Action.SUPPRESSED if soft_bounces >= MOST_SOFT_BOUNCES else Action.COUNTED
        case ReturnKind.POLICY:
            return Action.ALERTED
        case ReturnKind.UNSUBSCRIBE:
            return Action.UNSUBSCRIBED
        case _:
            assert_never(kind)

"""Where a status may have arrived already: it is looked for on the account, and only then posted again.

An Idempotency-Key alone is no proof: most servers ignore it, Mastodon keeps it for an hour, and 4.6.0 to 4.6.5 answer
500 to a repeated one although the status exists (mastodon/mastodon #40399).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from syndicate.channels.mastodon.faults import Doubtful
from syndicate.channels.mastodon.wire import PostedStatus, Wire

CLOCK_SKEW = timedelta(minutes=15)
"""How far the server's clock may be behind ours."""
MOST_PAGES = 25
SETTLING = timedelta(minutes=2)
"""A server may go on working after our line was cut; before 4.6 two sends of one key at once both post (#37879)."""
GRACE = timedelta(minutes=5)
"""The same where no key guards the second send."""
KEY_LIFE = timedelta(minutes=45)
"""How long a key is sent: Mastodon forgets it after an hour."""


class Move(StrEnum):
    """What follows where a status in doubt was looked for and not found."""

    REPOST = "repost"
    WAIT = "wait"
    HOLD = "hold"


def after_absence(*, age: timedelta, honours_key: bool, can_be_seen: bool) -> Move:
    """Return what follows an absence, `age` after the first attempt.

    Where the account's own list leaves such a status out, its absence proves nothing: a person decides.
    """
    if not can_be_seen:
        return Move.HOLD
    return Move.REPOST if age >= (SETTLING if honours_key else GRACE) else Move.WAIT


def key_for(key: str, age: timedelta) -> str:
    """Return the key to send `age` after the first attempt: the same for 45 minutes, then the next."""
    turn = max(age, timedelta(0)) // KEY_LIFE
    return f"{key}-{turn}" if turn else key


def look_for(wire: Wire, link: str, since: datetime) -> PostedStatus | None:
    """Return the account's own status that shows the link, posted since then; None where there surely is none.

    Pages back until statuses are older than `since`, the server's clock allowed for. Raises a WireFault; Doubtful
    too where the pages do not end.
    """
    oldest = since - CLOCK_SKEW
    before: str | None = None
    for _ in range(MOST_PAGES):
        page = wire.own_statuses(before)
        recent = [status for status in page if status.created_at is None or status.created_at >= oldest]
        found = next((status for status in recent if status.shows(link)), None)
        if found is not None or not page or _ends(page, recent, before):
            return found
        before = page[-1].id
    raise Doubtful(f"it is not among the account's last {MOST_PAGES} pages, and there are more")


def _ends(page: tuple[PostedStatus, ...], recent: list[PostedStatus], before: str | None) -> bool:
    """Return whether nothing newer can follow: a page without a recent status, or one that repeats the last."""
    return not recent or page[-1].id == before

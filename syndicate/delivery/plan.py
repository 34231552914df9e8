"""When a status may go: pure functions over ages and spacings. (An issue's letters are planned by one statement.)"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from syndicate.delivery.model import DeliveryState


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusPlan:
    """The state in which a status enters the ledger, and why it is not to be posted, if so."""

    state: DeliveryState
    reply: str | None = None


def plan_status(*, counts_from: datetime, now: datetime, max_age: timedelta) -> StatusPlan:
    """Return whether a review still gets a status: one older than `max_age` is cancelled, and says so.

    So a fortnight's absence does not flood the followers, and nothing disappears without a word.
    """
    if now - counts_from > max_age:
        return StatusPlan(state=DeliveryState.CANCELLED, reply=f"too old: older than max_age ({in_words(max_age)})")
    return StatusPlan(state=DeliveryState.PLANNED)


def next_slot(*, last: datetime | None, spacing: timedelta, now: datetime) -> datetime:
    """Return when the account's next status may go, `spacing` after the last that went or may have gone."""
    return now if last is None else max(now, last + spacing)


def in_words(span: timedelta) -> str:
    """Return a duration as config.yaml writes it: 7d, 24h, 90m."""
    seconds = int(span.total_seconds())
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"

"""Which period of a digest asks for an issue now. It only reads: the preview asks it too."""

from __future__ import annotations

from datetime import datetime

from syndicate.app import App
from syndicate.compose.model import IssueState
from syndicate.config import Digest, FirstIssue
from syndicate.schedule import Due, due_period, next_period
from syndicate.store.database import get_value

RESTORED = "restored"
"""The small value that holds when a restored backup was accepted."""


def due_now(app: App, name: str, digest: Digest, now: datetime | None = None) -> Due | None:
    """Return the period that has come (by `now`, else by the clock) and has no issue yet, or None.

    A digest without an hour has none: what asks for a letter of its own is said in singles.py.
    """
    if digest.at is None:
        return None
    now = now or app.clock.now()
    first_run = app.known_first_run() or now
    restored = restored_at(app)
    due = due_period(
        digest.at,
        app.config.site.zone,
        now=now,
        baseline=max(first_run, restored or first_run),
        first_now=digest.first_issue is FirstIssue.NOW and restored is None,
        max_lateness=digest.max_lateness,
    )
    if due is None or has_issue(app, name, due.period):
        return None
    return due if has_been_read(app, digest) or due.late else None


def coming_period(app: App, name: str, digest: Digest, now: datetime) -> datetime:
    """Return the period that the next issue is for: one that is due, else the next hour; without an hour, now."""
    if digest.at is None:
        return now
    due = due_now(app, name, digest, now)
    if due and not due.late:
        return due.period
    period = next_period(digest.at, app.config.site.zone, now)
    while has_issue(app, name, period):  # It was approved, and waits for its hour.
        period = next_period(digest.at, app.config.site.zone, period)
    return period


def has_issue(app: App, name: str, period: datetime) -> bool:
    """Return whether a period has its issue, or was skipped; a draft that waits for approval is none."""
    there = app.issues.of_period(name, period)
    return there is not None and there.state is not IssueState.DRAFT


def restored_at(app: App) -> datetime | None:
    """Return when a restored backup was last accepted: no period from before is made up."""
    with app.database.read() as connection:
        when = get_value(connection, RESTORED)
    return datetime.fromisoformat(when) if when else None


def has_been_read(app: App, digest: Digest) -> bool:
    """Return whether any feed of the digest was ever read; before that there is nothing to say, not nothing new."""
    names = digest.feeds or tuple(app.config.feeds)
    return any(app.feeds.health(name, app.config.feed_source(name)).parsed for name in names)

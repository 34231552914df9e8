"""publish: freeze the issue of a period and plan its letters, or skip the period and say why."""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from syndicate.app import App
from syndicate.compose.model import IssueState
from syndicate.config import Approval, Digest
from syndicate.errors import LintError, TemplateError
from syndicate.log import event
from syndicate.pipeline.draft import Draft, digest_of, draft, nothing_new
from syndicate.pipeline.due import due_now
from syndicate.pipeline.lint import check
from syndicate.pipeline.singles import free_instant
from syndicate.pipeline.tell import alert, alert_anew, recovered
from syndicate.schedule import Due, approval_closes
from syndicate.store.freezing import Freeze
from syndicate.store.issues import StoredIssue


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What became of one period of a digest."""

    digest: str
    period: datetime
    issue: int | None = None
    """The row of the issue that was frozen, as `syndicate issues show` takes it."""
    number: int | None = None
    subject: str | None = None
    reviews: int = 0
    skipped: str | None = None
    error: str | None = None
    waits: bool = False
    """Nothing was frozen: the editor was asked to approve it."""


def publish_due(app: App) -> tuple[Published, ...]:
    """Publish each digest whose period has come and has no issue yet; a fault of one stops no other.

    Those without an hour are publish_singles.py's.
    """
    app.first_run()
    published = []
    for name, digest in app.config.digests.items():
        if digest.approval is Approval.REQUIRED:
            continue  # pipeline/approval.py
        due = due_now(app, name, digest)
        if due is None:
            continue
        try:
            published.append(_publish_or_skip(app, name, digest, due))
        except LintError as error:
            alert_anew(app, f"lint:{name}", _held_text(app, name, due, error))
            published.append(Published(digest=name, period=due.period, error=str(error)))
        except TemplateError as error:
            alert(app, f"issue:{name}", f"the issue of {name} was not published: {error}")
            published.append(Published(digest=name, period=due.period, error=str(error)))
    return tuple(published)


def publish(
    app: App,
    name: str,
    *,
    period: datetime | None = None,
    anyway: bool = False,
    among: Collection[int] | None = None,
) -> Published:
    """Freeze a digest's issue now, for a period (else for this moment), and plan its letters.

    Without a period a person sends it by hand: it takes the place of the draft that waits for approval, if one does.
    With `among`, of these reviews alone. Of a digest with `every: review` the next letter is published.
    Nothing to carry is an ordinary answer: the period, where there is one, is recorded as skipped. Where another
    process was first, its issue is the one that comes back. Raises TemplateError, or LintError for a letter that should
    not be sent, unless it goes `anyway`; nothing is frozen then.
    """
    digest, kept = digest_of(app, name), app.choices.of(name)
    taken_over = None if period or digest.every else _waiting_period(app, name, digest)
    moment = period or (free_instant(app, name) if digest.every else app.clock.now())
    if reason := nothing_new(app, name, kept.choices, among=among):
        return _skip_or_wait(app, name, digest, moment, reason)
    made = draft(app, name, period=moment, choices=kept.choices, among=among)
    if not made.selection.reviews:
        return _skip_or_wait(app, name, digest, moment, "nothing new")
    if not anyway:
        check(app, made)
    freeze = replace(freeze_of(app, made, digest), period=taken_over or moment)
    number = app.issues.freeze(freeze, app.clock.now(), revision=kept.revision)
    if number is not None:
        return _fresh(app, made, number)
    there = app.issues.of_period(name, moment)
    if there is None or there.state is IssueState.DRAFT or digest.every:
        # Another issue was frozen since the draft, or the editor chose something: what is left is drafted anew.
        again = None if digest.every else period  # A letter takes any free instant.
        return publish(app, name, period=again, anyway=anyway, among=among)
    return _published(app, there)


def _fresh(app: App, made: Draft, number: int) -> Published:
    """Tell of an issue that was frozen just now."""
    all_well(app, made.digest)
    films = "; ".join(review.review.film.title for review in made.selection.reviews)
    event("issue-frozen", digest=made.digest, number=made.number, subject=made.email.subject, films=films)
    return Published(
        digest=made.digest,
        period=made.period,
        issue=number,
        number=made.number,
        subject=made.email.subject,
        reviews=len(made.selection.reviews),
    )


def all_well(app: App, name: str) -> None:
    """Close the incidents that keep a digest's issue from going."""
    for incident in ("issue", "issue-late", "lint"):
        recovered(app, f"{incident}:{name}")


def _waiting_period(app: App, name: str, digest: Digest) -> datetime | None:
    """Return the period whose draft waits for approval, and may still be approved."""
    waiting = (each.period for each in app.approvals.waiting(name))
    return next((each for each in waiting if app.clock.now() < closes(app, digest, each)), None)


def closes(app: App, digest: Digest, period: datetime) -> datetime:
    """Return the moment from which on a period's issue may not be approved any more."""
    return approval_closes(
        digest.hour, app.config.site.zone, period, ahead=digest.approval_ahead, max_lateness=digest.max_lateness
    )


def _published(app: App, there: StoredIssue) -> Published:
    """Return what another process made of the period."""
    return Published(
        digest=there.digest,
        period=there.period,
        issue=there.id,
        number=there.number,
        subject=there.email.subject if there.email else None,
        reviews=len(app.issues.reviews_of(there.id)),
        skipped=there.reason if there.state is IssueState.SKIPPED else None,
    )


def _publish_or_skip(app: App, name: str, digest: Digest, due: Due) -> Published:
    if not due.late:
        return publish(app, name, period=due.period)
    hours = digest.max_lateness.total_seconds() / 3600
    reason = f"too late: more than {hours:g} hours after its time"
    alert_anew(app, f"issue-late:{name}", _late_text(app, name, due))
    return skip(app, name, due.period, reason)


def _skip_or_wait(app: App, name: str, digest: Digest, period: datetime, reason: str) -> Published:
    """Skip a period; a digest without an hour has none, and waits for the next review."""
    return Published(digest=name, period=period, skipped=reason) if digest.every else skip(app, name, period, reason)


def skip(app: App, name: str, period: datetime, reason: str) -> Published:
    """Record that a period has no issue, and why."""
    if app.issues.skip(name, period, reason, app.clock.now()):
        event(
            "issue-skipped",
            level=logging.WARNING,
            digest=name,
            period=f"{period:%Y-%m-%dT%H:%M:%SZ}",
            because=reason,
        )
    return Published(digest=name, period=period, skipped=reason)


def _held_text(app: App, name: str, due: Due, error: LintError) -> str:
    hours = app.config.digests[name].max_lateness.total_seconds() / 3600
    return (
        f"the issue of {name} for {hour_of(app, due.period)} is held: its letter has errors\n\n{error}\n\n"
        f"It is looked at again at every beat until {hours:g} hours after its time, and goes out once it is mended"
    )


def hour_of(app: App, period: datetime) -> str:
    """Return a period in the words of the site's clock: "Friday 20 November, 09:00"."""
    return f"{period.astimezone(app.config.site.zone):%A %d %B, %H:%M}"


def _late_text(app: App, name: str, due: Due) -> str:
    return (
        f"the issue of {name} for {hour_of(app, due.period)} was skipped: syndicate was not running, or could not "
        f"send, until it was too late\n\n"
        f"Its reviews wait for the next issue. To send them now: syndicate issues send {name}"
    )


def freeze_of(app: App, made: Draft, digest: Digest) -> Freeze:
    """Return what is stored of a draft."""
    posting = tuple(name for name in digest.lists if app.config.lists[name].address)
    return Freeze(
        digest=made.digest,
        period=made.period,
        number=made.number,
        email=made.email,
        selection=made.selection,
        link_keys=made.link_keys,
        subscriber_lists=tuple(name for name in digest.lists if name not in posting),
        posting_lists=posting,
        inputs_hash=made.inputs_hash,
        templates_hash=made.templates_hash,
        ways_out=tuple(way.url for way in made.masthead.ways_out),
    )

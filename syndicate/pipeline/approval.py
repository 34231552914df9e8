"""approval: keep the draft of a period that needs a person, show it to the editor by mail, and let them approve it.

(approval_ahead before the hour)   draft kept ── mail with the letter ──► approved: frozen, leaves at its hour
                                       ├── would be another letter now: kept anew, asked for anew
                                       └── nobody approved it in time: skipped, and the editor is told
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from syndicate.app import App
from syndicate.compose.lint import Finding
from syndicate.compose.model import IssueState
from syndicate.compose.select import PassedOver
from syndicate.config import Approval, Digest
from syndicate.errors import NotFoundError, TemplateError
from syndicate.log import event
from syndicate.pipeline.asking import ask
from syndicate.pipeline.draft import Draft, digest_of, draft, nothing_new
from syndicate.pipeline.due import due_now, has_been_read, has_issue
from syndicate.pipeline.lint import errors, lint_draft
from syndicate.pipeline.publish import Published, all_well, closes, freeze_of, hour_of, skip
from syndicate.pipeline.tell import alert, alert_anew, recovered
from syndicate.schedule import Due, next_period
from syndicate.store.approvals import content_of, content_to_be
from syndicate.store.issues import StoredIssue


class Answer(StrEnum):
    """What came of a person's approval."""

    APPROVED = "approved"
    ALREADY = "already"
    """It was approved, or sent by hand, before."""
    CHANGED = "changed"
    """It is another letter than the one that was shown: look at it, and approve that one."""
    FLAWED = "flawed"
    """The lint finds errors in it: it goes only `anyway`."""
    GONE = "gone"
    """It was skipped or cancelled, or nothing is left of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    """What came of an approval, and the issue as it stands now."""

    answer: Answer
    issue: StoredIssue | None
    """None where nothing is left of it."""
    findings: tuple[Finding, ...] = ()


def ask_due(app: App) -> tuple[Published, ...]:
    """Keep and ask for what waits, or should wait, for a person; a fault of one digest stops no other."""
    now = app.first_run()
    done = [_without_digest(app, each) for each in app.approvals.waiting() if each.digest not in app.config.digests]
    for issue in app.approvals.waiting():
        if app.config.digests[issue.digest].approval is not Approval.REQUIRED:
            _drop(app, issue, "its digest asks for no approval any more")  # publish.py makes the issue at its hour.
    for name, digest in app.config.digests.items():
        if digest.approval is not Approval.REQUIRED:
            continue
        try:
            done += _one(app, name, digest)
            _mended(app, f"issue:{name}")
        except TemplateError as error:
            alert(app, f"issue:{name}", f"the issue of {name} cannot be shown to you for approval: {error}")
            done.append(Published(digest=name, period=now, error=str(error)))
    return tuple(done)


def approve(app: App, number: int, *, shown: str | None = None, anyway: bool = False) -> Approved:
    """Approve a draft exactly as it is kept: freeze it, and plan its letters for its hour. Twice is once.

    `shown` is the hash of the letter that the person saw; None: what is kept, if it would be the same today.
    Raises NotFoundError where there is no such issue, TemplateError where the letter does not render any more.
    """
    issue = app.issues.get(number)
    if issue.state is not IssueState.DRAFT:
        return Approved(answer=_settled(issue), issue=issue)
    digest = digest_of(app, issue.digest)
    if digest.every:
        return Approved(answer=Answer.GONE, issue=None)
    if app.clock.now() >= closes(app, digest, issue.period):
        _lapse(app, issue)
        return approve(app, number, shown=shown, anyway=anyway)
    made = _refreshed(app, digest, issue)
    kept = _there(app, number)
    if made is None or kept is None:
        return Approved(answer=Answer.GONE, issue=kept)
    findings = lint_draft(app, made)
    if content_of(kept) != content_of(issue) or shown not in (None, content_of(kept)):
        return Approved(answer=Answer.CHANGED, issue=kept, findings=findings)
    if errors(findings) and not anyway:
        return Approved(answer=Answer.FLAWED, issue=kept, findings=findings)
    freeze = freeze_of(app, made, digest)
    if not app.approvals.approve(number, freeze, revision=made.kept.revision, now=app.clock.now()):
        return approve(app, number, shown=shown or content_of(kept), anyway=anyway)  # Another was first, or changed it.
    all_well(app, issue.digest)
    event("issue-approved", digest=issue.digest, number=made.number, subject=made.email.subject)
    app.awaken()
    return Approved(answer=Answer.APPROVED, issue=app.issues.get(number), findings=findings)


def next_issue(app: App, name: str) -> Draft:
    """Return a digest's next issue to look at: the one that waits for approval, as it would be approved; else a draft.

    What was announced since the editor was asked is a candidate that was passed over. Raises as `draft` does.
    """
    digest, now = digest_of(app, name), app.clock.now()
    issues = app.approvals.waiting(name) if digest.approval is Approval.REQUIRED else ()
    issue = next((each for each in issues if now < closes(app, digest, each.period)), None)
    made = _redrafted(app, issue) if issue else None
    if made is None:
        return draft(app, name)
    known = {each.id for each in made.candidates}
    found = app.issues.candidates(name, digest.feeds or tuple(app.config.feeds))
    since = {each.id: PassedOver.AFTER_ASKING for each, _ in found if each.id not in known}
    return replace(made, candidates=tuple(each for each, _ in found), passed_over={**made.passed_over, **since})


def look(app: App, issue: StoredIssue) -> tuple[Finding, ...]:
    """Return what the lint finds in a draft as it is kept. Changes nothing. Raises TemplateError."""
    if issue.email is None or issue.state is not IssueState.DRAFT or (made := _redrafted(app, issue)) is None:
        return ()
    return lint_draft(app, replace(made, email=issue.email))


def _settled(issue: StoredIssue) -> Answer:
    went = (IssueState.FROZEN, IssueState.SENDING, IssueState.SENT)
    return Answer.ALREADY if issue.state in went else Answer.GONE


def _there(app: App, number: int) -> StoredIssue | None:
    try:
        return app.issues.get(number)
    except NotFoundError:
        return None


def _mended(app: App, incident: str) -> None:
    if any(each.name == incident for each in app.incidents.open_ones()):
        recovered(app, incident)


def _one(app: App, name: str, digest: Digest) -> list[Published]:
    """Do what is due of one digest: of each draft that waits, and of the period that should have one."""
    done = []
    for issue in app.approvals.waiting(name):
        if app.clock.now() >= closes(app, digest, issue.period):
            done.append(_lapse(app, issue))
        elif made := _refreshed(app, digest, issue):
            done += _asked(app, digest, made)
    due = _period_to_ask(app, name, digest)
    if due is not None:
        done += _begin(app, name, digest, due)
    return done


def _period_to_ask(app: App, name: str, digest: Digest) -> Due | None:
    """Return the period that should have a draft and has none: the one that has come, else the next if it is near."""
    now = app.clock.now()
    due = due_now(app, name, digest) or _near(app, name, digest, now)
    waiting = {each.period for each in app.approvals.waiting(name)}
    if due is None or due.period in waiting:
        return None
    return Due(period=due.period, late=due.late or now >= closes(app, digest, due.period))


def _near(app: App, name: str, digest: Digest, now: datetime) -> Due | None:
    coming = next_period(digest.hour, app.config.site.zone, now)
    if now < coming - digest.approval_ahead or has_issue(app, name, coming) or not has_been_read(app, digest):
        return None
    return Due(period=coming, late=False)


def _begin(app: App, name: str, digest: Digest, due: Due) -> list[Published]:
    """Keep the first draft of a period and ask for it; before the hour, nothing new may still become something."""
    if due.late:
        alert_anew(app, f"issue-late:{name}", _never_asked_text(app, name, due.period))
        return [skip(app, name, due.period, "too late: nobody could be asked to approve it in time")]
    reason = nothing_new(app, name, app.choices.of(name).choices)
    if reason:
        return [skip(app, name, due.period, reason)] if due.period <= app.clock.now() else []
    made = draft(app, name, period=due.period)
    if app.approvals.keep(freeze_of(app, made, digest), made.link_keys, app.clock.now()) is None:
        return []  # Another process was first.
    event("issue-waits", digest=name, subject=made.email.subject, period=f"{due.period:%Y-%m-%dT%H:%M:%SZ}")
    return _asked(app, digest, made)


def _refreshed(app: App, digest: Digest, issue: StoredIssue) -> Draft | None:
    """Draft the reviews of a kept letter anew, and keep that where it differs; None where nothing is left of it."""
    made = _redrafted(app, issue)
    if made is None:
        _drop(app, issue, "its reviews are gone")
        return None
    freeze = freeze_of(app, made, digest)
    if content_to_be(freeze) != content_of(issue) and app.approvals.keep(freeze, made.link_keys, app.clock.now()):
        event("issue-changed", level=logging.WARNING, digest=issue.digest, subject=made.email.subject)
    return made


def _drop(app: App, issue: StoredIssue, because: str) -> None:
    app.approvals.drop(issue.id)
    event("issue-waits-no-more", level=logging.WARNING, digest=issue.digest, because=because)


def _redrafted(app: App, issue: StoredIssue) -> Draft | None:
    """Draft a kept letter anew, at the moment and among the reviews of its first making."""
    known, then = app.approvals.known(issue.id), issue.created
    if nothing_new(app, issue.digest, app.choices.of(issue.digest).choices, now=then, among=known):
        return None
    return draft(app, issue.digest, period=issue.period, now=then, among=known)


def _asked(app: App, digest: Digest, made: Draft) -> list[Published]:
    """Ask for a draft as it is kept, unless that was done; return what a beat tells of it, if anything."""
    issue = app.issues.of_period(made.digest, made.period)
    if issue is None or issue.state is not IssueState.DRAFT:
        return []
    is_taken = ask(app, digest, issue, made, until=closes(app, digest, issue.period))
    if is_taken is None:
        return []
    told = Published(
        digest=made.digest,
        period=made.period,
        issue=issue.id,
        subject=made.email.subject,
        reviews=len(made.selection.reviews),
        waits=True,
    )
    return [told if is_taken else replace(told, error="the mail that asks you to approve it was not taken")]


def _lapse(app: App, issue: StoredIssue) -> Published:
    """Skip a draft that nobody approved in time, and say so."""
    alert_anew(app, f"issue-late:{issue.digest}", _lapsed_text(app, issue))
    return skip(app, issue.digest, issue.period, "not approved in time")


def _without_digest(app: App, issue: StoredIssue) -> Published:
    return skip(app, issue.digest, issue.period, "its digest is gone from config.yaml")


def _lapsed_text(app: App, issue: StoredIssue) -> str:
    return (
        f"the issue of {issue.digest} for {hour_of(app, issue.period)} was skipped: nobody approved it in time\n\n"
        f"Its reviews wait for the next issue. To send them now: syndicate issues send {issue.digest}"
    )


def _never_asked_text(app: App, name: str, period: datetime) -> str:
    return (
        f"the issue of {name} for {hour_of(app, period)} was skipped: syndicate was not running when it was time to "
        f"ask for your approval\n\nIts reviews wait for the next issue. To send them now: syndicate issues send {name}"
    )

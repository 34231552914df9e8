"""The editor's page behind the link in the mail that asks: the letter, what is known of it, and one button.

Looking approves nothing: mail scanners open every link. The button is bound to the letter that the page shows, so what
has changed meanwhile is shown once more instead of approved. The page holds no reader's token: its letter is that of an
example reader, in a frame in which nothing runs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from syndicate.audience.joining import network_of
from syndicate.audience.tokens import ApprovalClaim, opaque, read_approval_token
from syndicate.compose.archive_letter import PAGE_POLICY
from syndicate.compose.lint import Finding
from syndicate.compose.model import IssueState
from syndicate.errors import NotFoundError, SyndicateError, TemplateError
from syndicate.pipeline.approval import Answer, approve, look
from syndicate.pipeline.asking import audience_of, shown
from syndicate.pipeline.lint import errors, line_of
from syndicate.pipeline.publish import hour_of
from syndicate.store.approvals import content_of
from syndicate.store.issues import StoredIssue
from syndicate.store.limits import Limit, take
from syndicate.web.readers.asking import Came, came_from
from syndicate.web.readers.desk import Desk, fields_of
from syndicate.web.readers.forms import BadForm, Fields

PATH = "/approve"
LETTER, ANYWAY = "letter", "anyway"
"""The fields of the form: the hash of the letter that it shows, and the box beside the errors."""
LETTER_POLICY = f"sandbox allow-popups allow-popups-to-escape-sandbox; {PAGE_POLICY}; frame-ancestors 'self'"
"""Of the letter in its frame: no script, no form."""


_HEAD = re.compile(r"<head\b[^>]*>", re.IGNORECASE)


class State(StrEnum):
    """What the page says."""

    WAITS = "waits"
    APPROVED = "approved"
    """Just now, or before; its hour has not come."""
    SENDING = "sending"
    SENT = "sent"
    OVER = "over"
    """It was skipped, or cancelled."""
    GONE = "gone"
    """Nothing is left of the draft, or its time is over."""
    BROKEN = "broken"
    """It does not render any more."""
    UNKNOWN = "unknown"
    """No link of ours."""


class Said(StrEnum):
    """What stands above the button, where something does."""

    CHANGED = "changed"
    FLAWED = "flawed"
    ELSEWHERE = "elsewhere"
    TOO_MANY = "too many"


_SETTLED = {
    IssueState.FROZEN: State.APPROVED,
    IssueState.SENDING: State.SENDING,
    IssueState.SENT: State.SENT,
    IssueState.SKIPPED: State.OVER,
    IssueState.CANCELLED: State.OVER,
}
_STATUS = {State.UNKNOWN: 404, State.GONE: 410, State.BROKEN: 409}


def approval(desk: Desk, request: Request) -> Response:
    """Answer with the letter and the button. Changes nothing."""
    claim, issue = _asked_for(desk, request)
    if claim is None:
        return _page(desk, State.UNKNOWN)
    if issue is None:
        return _page(desk, State.GONE)
    changed = Said.CHANGED if content_of(issue) != claim.content else None
    return _of(desk, request, claim, issue, said=changed)


def letter(desk: Desk, request: Request) -> Response:
    """Answer with the letter alone, as an example reader gets it: what the frame shows, by its hash."""
    _, issue = _asked_for(desk, request)
    example = shown(issue) if issue and content_of(issue) == request.path_params["content"] else None
    if example is None:
        return desk.refusal(request, 404)
    # Its links open beside the page: in the frame nothing but the letter may be shown.
    framed = _HEAD.sub(lambda head: f'{head[0]}<base target="_blank">', example.html, count=1)
    return HTMLResponse(framed, headers={"Content-Security-Policy": LETTER_POLICY})


def approved(desk: Desk, request: Request) -> Response:
    """Approve the letter that the form showed, and say what came of it."""
    claim, issue = _asked_for(desk, request)
    if claim is None:
        return _page(desk, State.UNKNOWN)
    if issue is None:
        return _page(desk, State.GONE)
    headers = request.headers
    came = came_from(headers.get("origin"), headers.get("sec-fetch-site"), own=desk.own, named=())
    if came is not Came.OURS:
        return _of(desk, request, claim, issue, said=Said.ELSEWHERE, status=403)
    if not _has_room(desk, request):
        return _of(desk, request, claim, issue, said=Said.TOO_MANY, status=429)
    try:
        fields = fields_of(request)
    except BadForm:
        return desk.refusal(request, 400)
    if issue.state is IssueState.DRAFT and desk.app.clock.now() >= claim.until:
        return _page(desk, State.GONE)
    return _approved(desk, request, claim, fields)


def _approved(desk: Desk, request: Request, claim: ApprovalClaim, fields: Fields) -> Response:
    try:
        done = approve(desk.app, claim.issue, shown=fields.one(LETTER), anyway=bool(fields.one(ANYWAY)))
    except NotFoundError:
        return _page(desk, State.GONE)
    except TemplateError as error:
        return _page(desk, State.BROKEN, fault=error)
    if done.issue is None:
        return _page(desk, State.GONE)
    said = {Answer.CHANGED: Said.CHANGED, Answer.FLAWED: Said.FLAWED}.get(done.answer)
    status = 409 if said else 200
    return _of(desk, request, claim, done.issue, said=said, status=status, is_new=done.answer is Answer.APPROVED)


def _asked_for(desk: Desk, request: Request) -> tuple[ApprovalClaim | None, StoredIssue | None]:
    """Return what the link says, and the issue that it speaks of, as it stands now."""
    claim = read_approval_token(desk.app.keyring, request.path_params["token"])
    if claim is None:
        return None, None
    try:
        issue = desk.app.issues.get(claim.issue)
    except NotFoundError:
        return claim, None
    # The number of a draft that was dropped may be another issue's by now, whose editor was never asked for it.
    is_same = (issue.digest, int(issue.period.timestamp())) == (claim.digest, int(claim.period.timestamp()))
    return claim, issue if is_same else None


def _has_room(desk: Desk, request: Request) -> bool:
    """Count a press of the button; no more are taken from one network in an hour than requests to join."""
    app = desk.app
    key = opaque(app.keyring, "approval", network_of(desk.client(request)))
    return take(app.database, (Limit(key=key, most=app.config.web.per_network),), app.clock.now()) is None


def _of(
    desk: Desk,
    request: Request,
    claim: ApprovalClaim,
    issue: StoredIssue,
    *,
    said: Said | None = None,
    status: int = 200,
    is_new: bool = False,
) -> Response:
    """Return the page of an issue as it stands: with the button where it waits, else with what became of it."""
    if issue.state is not IssueState.DRAFT:
        return _page(desk, _SETTLED[issue.state], issue, is_new=is_new)
    if desk.app.clock.now() >= claim.until:
        return _page(desk, State.GONE)
    try:
        findings = look(desk.app, issue)
    except NotFoundError:  # Its digest is gone from config.yaml.
        return _page(desk, State.GONE)
    except TemplateError as error:
        return _page(desk, State.BROKEN, fault=error)
    return _page(desk, State.WAITS, issue, request=request, said=said, status=status, findings=findings)


def _page(
    desk: Desk,
    state: State,
    issue: StoredIssue | None = None,
    *,
    request: Request | None = None,
    said: Said | None = None,
    status: int = 200,
    findings: Sequence[Finding] = (),
    fault: SyndicateError | None = None,
    is_new: bool = False,
) -> Response:
    app = desk.app
    example = shown(issue) if issue else None
    return desk.page(
        "approve",
        status=_STATUS.get(state, status),
        frames=True,
        state=state.value,
        said=said.value if said else None,
        is_new=is_new,
        token=request.path_params["token"] if request else None,
        number=issue.id if issue else None,
        content=content_of(issue) if issue else None,
        subject=example.subject if example else None,
        preheader=example.preheader if example else None,
        text=example.text if example else None,
        audience=audience_of(app, issue) if issue else None,
        goes=hour_of(app, issue.period) if issue else None,
        is_ahead=issue is not None and issue.period > app.clock.now(),
        finished=hour_of(app, issue.finished) if issue and issue.finished else None,
        reason=issue.reason if issue else None,
        digest=issue.digest if issue else None,
        errors=len(errors(tuple(findings))),
        findings=[line_of(each) for each in findings],
        fault=fault.what if fault else None,
    )

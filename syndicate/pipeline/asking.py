"""asking: the mail that shows the editor a draft and asks for their approval. Once for each letter that is kept."""

from __future__ import annotations

import logging
from datetime import datetime

from syndicate.app import App
from syndicate.audience.tokens import approval_token
from syndicate.compose.approving import Asking, approval_mail
from syndicate.compose.letter import Envelope, Slots, compile_letter, fill, message_id
from syndicate.compose.lint import Finding
from syndicate.compose.model import RenderedEmail
from syndicate.config import Digest, Mail
from syndicate.delivery.model import DeliveryKey, Letter
from syndicate.errors import SyndicateError, TemplateError
from syndicate.log import event
from syndicate.pipeline.draft import SLOT, Draft
from syndicate.pipeline.lint import errors, line_of, lint_draft
from syndicate.pipeline.publish import hour_of
from syndicate.pipeline.tell import hand_over
from syndicate.store.approvals import content_of
from syndicate.store.issues import StoredIssue


def ask(app: App, digest: Digest, issue: StoredIssue, made: Draft, *, until: datetime) -> bool | None:
    """Mail a kept draft to the editor; return whether the mail was taken, None where there was nothing to ask.

    A mail that is not taken is sent again at the next call. One that was taken at the very moment in which we died
    may come twice, under one Message-ID.
    """
    mail, notify, content, now = app.config.mail, app.config.notify, content_of(issue), app.clock.now()
    if mail is None or notify is None or content is None or not app.approvals.begin_asking(issue.id, content, now):
        return None
    is_taken = False
    try:
        letter = _letter(app, mail, notify, digest, issue, made, until)
        is_taken = hand_over(app, letter, f"approval:{issue.digest}")
    except TemplateError:
        raise
    except SyndicateError as error:
        event("approval-not-asked", level=logging.WARNING, digest=issue.digest, because=error.what)
    finally:
        app.approvals.end_asking(issue.id, content, app.clock.now() if is_taken else None)
    if is_taken:
        event("approval-asked", digest=issue.digest, subject=made.email.subject)
    return is_taken


def shown(issue: StoredIssue) -> RenderedEmail | None:
    """Return a kept letter as a reader sees it, with an example reader's ways out; None where it has none."""
    if issue.email is None:
        return None
    return fill(issue.email, tuple(way.replace(SLOT, "example") for way in issue.ways_out))


def audience_of(app: App, issue: StoredIssue) -> str:
    """Return to whom an issue goes, in words: "213 readers and films@lists.example"."""
    known = {name: app.config.lists[name] for name in issue.lists if name in app.config.lists}
    posting = [each.address for each in known.values() if each.address]
    own = tuple(name for name in issue.lists if name not in known or not known[name].address)
    readers = app.approvals.readers(own)
    told = [f"{readers:,} {'reader' if readers == 1 else 'readers'}"] if own else []
    return " and ".join([*told, *posting]) or "nobody: the digest has no lists"


def page_of(app: App, issue: StoredIssue, until: datetime) -> str | None:
    """Return the address of the page with the button; None where config.yaml has no readers' pages."""
    public, content = app.config.web.public_url, content_of(issue)
    if not public or content is None:
        return None
    token = approval_token(
        app.keyring, issue=issue.id, digest=issue.digest, period=issue.period, content=content, until=until
    )
    return f"{public}/approve/{token}"


def command_of(issue: StoredIssue) -> str:
    """Return the command that approves this very letter."""
    return f"syndicate issues approve {issue.id} --letter {content_of(issue)}"


def _letter(
    app: App, mail: Mail, notify: str, digest: Digest, issue: StoredIssue, made: Draft, until: datetime
) -> Letter:
    example = shown(issue)
    assert example is not None
    asking = _asking(app, digest, issue, example, lint_draft(app, made), until)
    # As to a list server: it has no way out of ours and no List-* headers.
    envelope = Envelope(sender=mail.sender, posting=True)
    compiled = compile_letter(approval_mail(example, asking, templates=app.templates), envelope)
    domain = mail.sender_address.rpartition("@")[2]
    number = message_id(app.secret, f"approval:{issue.id}", content_of(issue) or "", domain)
    return Letter(
        key=DeliveryKey(0),
        message_id=number,
        sender=mail.bounces_to(),
        recipient=notify,
        content=compiled.address(Slots(address=notify, message_id=number, date=app.clock.now())),
        is_settled=True,
    )


def _asking(
    app: App,
    digest: Digest,
    issue: StoredIssue,
    example: RenderedEmail,
    findings: tuple[Finding, ...],
    until: datetime,
) -> Asking:
    return Asking(
        site=app.config.site.name,
        digest=digest.name or issue.digest,
        subject=example.subject,
        preheader=example.preheader,
        audience=audience_of(app, issue),
        goes=hour_of(app, issue.period),
        until=hour_of(app, until),
        findings=tuple(line_of(each) for each in findings),
        errors=len(errors(findings)),
        page=page_of(app, issue, until),
        command=f"{command_of(issue)}{' --anyway' if errors(findings) else ''}",
        again=issue.reason is not None,
    )

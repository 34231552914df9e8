"""What is due now, as jobs; and what each job does. The pipeline's functions do all of it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta
from typing import assert_never

from syndicate.app import App
from syndicate.errors import SyndicateError
from syndicate.log import event
from syndicate.pipeline.announce import announce
from syndicate.pipeline.approval import ask_due
from syndicate.pipeline.deliver import deliver_account, deliver_issue, deliver_notices, settle, worker
from syndicate.pipeline.joining import expire_requests
from syndicate.pipeline.mailbox import returns_due
from syndicate.pipeline.poll import feeds_due, poll
from syndicate.pipeline.publish import publish_due
from syndicate.pipeline.publish_singles import publish_singles
from syndicate.pipeline.singles import begin
from syndicate.pipeline.tell import tell
from syndicate.protocols import Job, Task
from syndicate.store.ledger_sql import ALL


def due(app: App) -> Iterator[Job]:
    """Yield what is due; asked again it yields the same, until the work is done."""
    yield Job(task=Task.HOUSEKEEPING)
    if app.config.mail and app.config.mail.mailbox:
        yield Job(task=Task.MAILBOX)
    for feed in feeds_due(app):
        yield Job(task=Task.POLL, of=feed)
    yield Job(task=Task.ANNOUNCE)
    yield Job(task=Task.PUBLISH)
    yield from _deliveries(app)


def _deliveries(app: App) -> Iterator[Job]:
    now = app.clock.now()
    if app.paused():
        return
    if app.deliveries.oldest_notice(now) is not None:
        yield Job(task=Task.NOTICES)
    for issue in app.issues.to_deliver(now):
        for span in app.issues.spans_due(issue.id, now, app.queue.shard):
            yield Job(task=Task.LETTERS, of=str(issue.id), span=span)
    for account in app.config.accounts:
        if app.statuses.waiting(account):
            yield Job(task=Task.STATUSES, of=account)


def do(app: App, job: Job, lease: timedelta) -> None:
    """Do one job. What can be explained is told and is no failure of the job: what is due still is left again."""
    try:
        _do(app, job, lease)
    except SyndicateError as error:
        event("job-failed", level=logging.ERROR, job=job.key, because=error.what, where=error.where)


def _do(app: App, job: Job, lease: timedelta) -> None:
    match job.task:
        case Task.HOUSEKEEPING:
            _keep_house(app, lease)
        case Task.MAILBOX:
            returns_due(app)
        case Task.POLL:
            if job.of in feeds_due(app):
                poll(app, job.of)
            announce(app)
        case Task.ANNOUNCE:
            announce(app)
        case Task.PUBLISH:
            begin(app)
            publish_due(app)
            publish_singles(app)
            ask_due(app)
        case Task.NOTICES | Task.LETTERS | Task.STATUSES:
            _deliver(app, job, lease)
        case _:
            assert_never(job.task)


def _keep_house(app: App, lease: timedelta) -> None:
    if app.config.web.public_url:
        expire_requests(app)
    with worker(app, lease) as ledger:
        settle(app, ledger, app.owners.bury(lease))
    tell(app)


def _deliver(app: App, job: Job, lease: timedelta) -> None:
    if app.paused():
        return
    with worker(app, lease) as ledger:
        match job.task:
            case Task.NOTICES:
                deliver_notices(app, ledger)
            case Task.STATUSES:
                deliver_account(app, ledger, job.of)
            case _:
                deliver_issue(app, ledger, app.issues.get(int(job.of)), span=job.span or ALL)

"""deliver: as the one sender, settle what a crash left behind, then hand what is due to the channels."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from syndicate.app import App
from syndicate.compose.model import IssueState
from syndicate.config import Mail
from syndicate.delivery.deliver import deliver as deliver_through
from syndicate.delivery.model import DeliveryState, InDoubtRule, RetryPolicy
from syndicate.errors import ChannelError, StoreError, SyndicateError, TemplateError
from syndicate.log import event
from syndicate.pipeline.letters import IssueLetters
from syndicate.pipeline.notices import Interleaved, NoticeLetters
from syndicate.pipeline.posts import AccountStatuses
from syndicate.pipeline.sending import send_letters, tell_of_relay
from syndicate.pipeline.tell import alert, recovered
from syndicate.store.heart import beating
from syndicate.store.issues import StoredIssue
from syndicate.store.ledger import Ledger
from syndicate.store.ledger_sql import ALL, Span
from syndicate.store.lock import sender_lock

MAIL_RETRY = RetryPolicy()
NOTICE_RETRY = RetryPolicy(first_wait=timedelta(minutes=1), longest_wait=timedelta(hours=1))
STATUS_RETRY = RetryPolicy(first_wait=timedelta(minutes=2), longest_wait=timedelta(hours=1))
MOST_DOUBTS = 3
Progress = Callable[[str, Counter[DeliveryState], int | None], None]
"""Told at each commit: what is being delivered, how many went to which state so far, and how many there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """What one run of `deliver` did."""

    notices: Counter[DeliveryState] = field(default_factory=Counter)
    """What went to single readers about their own subscriptions, but for what went between an issue's letters."""
    letters: Counter[DeliveryState] = field(default_factory=Counter)
    statuses: Counter[DeliveryState] = field(default_factory=Counter)
    in_doubt: int = 0
    """What a dead sender had left on a wire."""
    faults: tuple[SyndicateError, ...] = ()
    """Channels that do not work as a whole."""
    paused: bool = False

    @property
    def has_failures(self) -> bool:
        """Return whether anything did not go out that should have."""
        return any(
            tally[state]
            for tally in (self.notices, self.letters, self.statuses)
            for state in (DeliveryState.FAILED, DeliveryState.DEFERRED, DeliveryState.IN_DOUBT)
        )


def deliver(app: App, *, progress: Progress = lambda *_: None) -> Delivered:
    """Deliver what is due on every channel; a channel that fails keeps no other from its turn.

    Raises SenderLockedError where another process is sending, StoreError where the database was restored from
    a backup (and alerts the editor).
    """
    if app.paused():
        return Delivered(paused=True)
    with sender(app) as ledger:
        in_doubt = ledger.recover(app.clock.now())
        settle(app, ledger, in_doubt)
        notices, notice_faults = deliver_notices(app, ledger, progress)
        is_shut = any(isinstance(fault, ChannelError) for fault in notice_faults)
        letters, mail_faults = (Counter(), ()) if is_shut else _letters(app, ledger, progress)
        statuses, status_faults = _statuses(app, ledger, progress)
    return Delivered(
        notices=notices,
        letters=letters,
        statuses=statuses,
        in_doubt=in_doubt,
        faults=(*notice_faults, *mail_faults, *status_faults),
    )


@contextmanager
def sender(app: App) -> Iterator[Ledger]:
    """Hold the right to send alone, on a database that remembers everything that it sent."""
    with sender_lock(app.database, app.clock.now()) as owner:
        ledger = app.ledger(owner)
        _check_generation(app, ledger)
        yield ledger


@contextmanager
def worker(app: App, lease: timedelta) -> Iterator[Ledger]:
    """Hold the right to send beside other workers, for as long as the database hears of this one once in a lease."""
    with (
        sender_lock(app.database, app.clock.now(), shared=True) as owner,
        beating(app.owners, owner, lease) as heart,
    ):
        ledger = app.ledger(owner, heart.holds)
        _check_generation(app, ledger)
        yield ledger


def settle(app: App, ledger: Ledger, in_doubt: int) -> None:
    """Decide on what was left behind: stopped issues stay stopped, and what is in doubt goes again where it may."""
    if in_doubt:
        event("in-doubt", level=logging.WARNING, deliveries=in_doubt, because="the last sender died")
    ledger.cancel_stopped()
    letters_again = app.config.mail is None or app.config.mail.in_doubt is InDoubtRule.RETRY
    ledger.settle_doubts(app.clock.now(), letters=letters_again, most=MOST_DOUBTS)


def _check_generation(app: App, ledger: Ledger) -> None:
    try:
        ledger.check_generation()
    except SyndicateError as error:
        alert(app, "restored", f"sending has stopped: {error}")
        raise
    recovered(app, "restored")


def _letters(app: App, ledger: Ledger, progress: Progress) -> tuple[Counter[DeliveryState], tuple[SyndicateError, ...]]:
    """Send the letters of every issue that is not finished, the oldest issue first."""
    tally: Counter[DeliveryState] = Counter()
    for issue in app.issues.to_deliver(app.clock.now()):
        try:
            tally += deliver_issue(app, ledger, issue, progress)
        except StoreError:
            raise
        except SyndicateError as error:
            tell_of_relay(app, issue.frozen or issue.created, error, incident="mail")
            return tally, (error,)
    return tally, ()


def deliver_notices(
    app: App, ledger: Ledger, progress: Progress = lambda *_: None
) -> tuple[Counter[DeliveryState], tuple[SyndicateError, ...]]:
    """Send what waits for single readers; a relay that does not take it is not asked for an issue's letters either."""
    oldest = ledger.oldest_notice(app.clock.now())
    if app.config.mail is None or oldest is None:
        return Counter(), ()
    mail = app.config.mail
    try:
        tally = send_letters(
            app,
            lambda relay: NoticeLetters(app, ledger, mail, relay),
            policy=NOTICE_RETRY,
            progress=lambda tally: progress("notices to readers", tally, None),
            since=oldest,
        )
    except TemplateError as error:
        alert(app, "notices", f"nobody can be asked or welcomed, for a template does not render: {error}")
        return Counter(), (error,)
    except SyndicateError as error:
        tell_of_relay(app, oldest, error, incident="mail")
        return Counter(), (error,)
    recovered(app, "notices")
    return tally, ()


def deliver_issue(
    app: App, ledger: Ledger, issue: StoredIssue, progress: Progress = lambda *_: None, span: Span = ALL
) -> Counter[DeliveryState]:
    """Send the letters of an issue that are due, all or a span of them; with the last one the issue is sent."""
    tally: Counter[DeliveryState] = Counter()
    if issue.state is IssueState.FROZEN and not _begin(app, issue):
        return tally
    mail = app.config.mail
    waiting = ledger.waiting(issue.id) if span == ALL else None
    if mail is not None and waiting != 0:
        tally = send_letters(
            app,
            lambda relay: _interleaved(app, ledger, mail, issue, relay, span),
            policy=MAIL_RETRY,
            progress=lambda tally: progress(f"issue {issue.number} of {issue.digest}", tally, waiting),
            since=issue.frozen or issue.created,
        )
        if tally[DeliveryState.SENT]:
            recovered(app, "mail")
    if app.issues.move(issue.id, IssueState.SENT, now=app.clock.now()):
        event("issue-sent", digest=issue.digest, number=issue.number, **_account(ledger, issue.id))
    return tally


def _begin(app: App, issue: StoredIssue) -> bool:
    """Let a frozen issue be sending; False where it was stopped. Another worker may have been first."""
    begun = app.issues.move(issue.id, IssueState.SENDING, now=app.clock.now())
    return begun or app.issues.get(issue.id).state is IssueState.SENDING


def _interleaved(
    app: App, ledger: Ledger, mail: Mail, issue: StoredIssue, relay: str | None, span: Span
) -> Interleaved:
    letters = IssueLetters(app, ledger, mail, issue, relay, span)
    return Interleaved(letters, NoticeLetters(app, ledger, mail, relay), app.clock)


def _account(ledger: Ledger, issue: int) -> dict[str, int]:
    return {state.value: number for state, number in ledger.counts(issue).items()}


def _statuses(
    app: App, ledger: Ledger, progress: Progress
) -> tuple[Counter[DeliveryState], tuple[SyndicateError, ...]]:
    """Post what is due on every account."""
    tally: Counter[DeliveryState] = Counter()
    faults = []
    for account in app.config.accounts:
        posted, fault = deliver_account(app, ledger, account, progress)
        tally += posted
        faults += [fault] if fault else []
    return tally, tuple(faults)


def deliver_account(
    app: App, ledger: Ledger, account: str, progress: Progress = lambda *_: None
) -> tuple[Counter[DeliveryState], SyndicateError | None]:
    """Post what is due on one account; what is wrong with it is told to the editor, and comes back."""
    try:
        posted = _one_account(app, ledger, account, progress)
    except SyndicateError as error:
        alert(app, f"account:{account}", f"nothing is posted to the account {account}: {error}")
        return Counter(), error
    if posted[DeliveryState.SENT]:
        recovered(app, f"account:{account}")
    return posted, None


def _one_account(app: App, ledger: Ledger, account: str, progress: Progress) -> Counter[DeliveryState]:
    if not app.statuses.waiting(account):
        return Counter()
    return deliver_through(
        AccountStatuses(app, ledger, account),
        app.status_channel(account),
        clock=app.clock,
        policy=STATUS_RETRY,
        stopping=partial(_stopping, app),
        progress=lambda tally: progress(f"statuses of {account}", tally, None),
    )


def _stopping(app: App) -> bool:
    """Return whether nothing more is to be claimed: we are asked to end, or a person paused sending."""
    return app.stop.is_set() or app.paused()

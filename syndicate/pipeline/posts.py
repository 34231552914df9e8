"""The statuses of one account, composed, claimed one by one from the ledger, and spaced."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta

from syndicate.app import App
from syndicate.compose.model import PublishedReview, StatusContent, StatusLimits
from syndicate.compose.status import StatusRules, WarningRule, compose_status
from syndicate.config import Account
from syndicate.delivery.deliver import Claimed
from syndicate.delivery.model import DeliveryKey, DeliveryState, OutgoingStatus
from syndicate.delivery.plan import next_slot, plan_status
from syndicate.delivery.retry import Concluded
from syndicate.errors import SyndicateError, TemplateError
from syndicate.log import event
from syndicate.pipeline.tell import alert, recovered
from syndicate.store.database import get_value, set_value
from syndicate.store.ledger import Ledger
from syndicate.store.statuses import StoredStatus

LIMITS_AGE = timedelta(days=1)
SPACING = timedelta(minutes=30)


def spacing_of(account: Account) -> timedelta:
    """Return the least time between two statuses: as configured, else half an hour; an outbox floods nobody."""
    if account.spacing is not None:
        return account.spacing
    return SPACING if account.instance else timedelta(0)


def compose(app: App, review: PublishedReview, account: str, limits: StatusLimits) -> StatusContent:
    """Return the status of a review as an account writes it. Raises TemplateError."""
    return compose_status(review, status_rules(app, account), limits, app.templates)


def status_rules(app: App, account: str) -> StatusRules:
    """Return how an account writes its statuses, as plain values."""
    rules = app.config.accounts[account]
    return StatusRules(
        template=rules.template,
        visibility=rules.visibility,
        language=app.config.site.language,
        hashtags=rules.hashtags,
        content_warnings=tuple(
            WarningRule(text=each.text, label=each.label, word=each.word) for each in rules.content_warnings
        ),
    )


def limits_of(app: App, account: str) -> StatusLimits:
    """Return what an account's instance takes: asked once a day, else what it said last, else Mastodon's own."""
    asked, known = _kept_limits(app, account)
    is_fresh = asked is not None and app.clock.now() - asked < LIMITS_AGE
    if is_fresh or app.config.accounts[account].instance is None:
        return known
    try:
        limits = app.mastodon(account).limits()
    except SyndicateError as error:
        event("limits-unknown", level=logging.WARNING, account=account, because=error.what)
        return known
    with app.database.write() as connection:
        told = {"at": app.clock.now().isoformat(), "limits": asdict(limits)}
        set_value(connection, f"limits:{account}", json.dumps(told))
    return limits


def kept_limits(app: App, account: str) -> StatusLimits:
    """Return what the instance said last of its limits, else Mastodon's own; asks nobody and stores nothing."""
    return _kept_limits(app, account)[1]


def _kept_limits(app: App, account: str) -> tuple[datetime | None, StatusLimits]:
    """Return when the instance was asked, and what it said; Mastodon's own limits where it never was."""
    with app.database.read() as connection:
        kept = get_value(connection, f"limits:{account}")
    if kept is None or app.config.accounts[account].instance is None:
        return None, StatusLimits()
    told = json.loads(kept)
    limits = told["limits"]
    return datetime.fromisoformat(told["at"]), StatusLimits(**{**limits, "mime_types": tuple(limits["mime_types"])})


class AccountStatuses:
    """What the delivery loop needs of the ledger for one account (delivery/deliver.py: Claims)."""

    def __init__(self, app: App, ledger: Ledger, account: str) -> None:
        self._app, self._ledger, self._account = app, ledger, account
        self._rules = app.config.accounts[account]
        self.holds = ledger.holds

    def exchange(self, done: Sequence[Concluded], most: int) -> Sequence[Claimed[OutgoingStatus]]:
        """Record what came of statuses, and claim the next one whose time has come, if `most` lets it."""
        for each in done:
            self._record(each)
        claimed = self._claim() if most else None
        return [claimed] if claimed else []

    def give_back(self, keys: Sequence[DeliveryKey]) -> None:
        """Plan again what surely never was on a wire."""
        self._ledger.give_back(keys, self._app.clock.now())

    def _claim(self) -> Claimed[OutgoingStatus] | None:
        now = self._app.clock.now()
        last = self._app.statuses.last_touched(self._account)
        if next_slot(last=last, spacing=spacing_of(self._rules), now=now) > now:
            return None
        for status in self._app.statuses.waiting(self._account):
            if self._is_late(status, now) or (status.due is not None and status.due > now):
                continue
            content = status.content or self._frozen(status)
            if content is not None and (attempt := self._ledger.claim_status(status.key, now)):
                return Claimed(message=self._outgoing(status, content), attempt=attempt)
        return None

    def _record(self, done: Concluded) -> None:
        remote_id, remote_url = done.remote
        step = done.step
        event("status", account=self._account, delivery=done.key, state=step.state, url=remote_url, reply=step.reply)
        self._ledger.record(done.key, step, remote_id=remote_id, remote_url=remote_url)

    def _is_late(self, status: StoredStatus, now: datetime) -> bool:
        """Cancel a status that waited until its review was too old, unless it may be on the account already."""
        if status.first_tried is not None:
            return False
        entry = self._app.entries.get(status.entry_id)
        plan = plan_status(counts_from=entry.counts_from, now=now, max_age=self._rules.max_age)
        if plan.state is DeliveryState.PLANNED:
            return False
        self._app.statuses.cancel(status.key, plan.reply or "too old")
        return True

    def _frozen(self, status: StoredStatus) -> StatusContent | None:
        """Compose a status and store it: every attempt posts the same. None, and an alert, where it cannot be."""
        review = self._app.entries.get(status.entry_id).published_review()
        incident = f"status:{self._account}:{status.id}"
        try:
            content = compose(self._app, review, self._account, limits_of(self._app, self._account))
        except TemplateError as error:
            told = f"the status of {review.review.film.title} on {self._account} cannot be written: {error}"
            alert(self._app, incident, told)
            return None
        recovered(self._app, incident)
        self._app.statuses.freeze(status.id, content)
        return content

    def _outgoing(self, status: StoredStatus, content: StatusContent) -> OutgoingStatus:
        return OutgoingStatus(
            key=status.key,
            content=content,
            idempotency_key=_idempotency_key(self._app.secret, self._account, status.id, content),
            first_tried=status.first_tried,
            attempt=status.attempts + 1,
        )


def _idempotency_key(secret: bytes, account: str, status: int, content: StatusContent) -> str:
    """Return what is the same at every attempt of the same content, and of no other."""
    text = json.dumps([account, status, asdict(content)], sort_keys=True)
    return hmac.new(secret, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:32]

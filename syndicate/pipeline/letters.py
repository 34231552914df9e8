"""The letters of one frozen issue, claimed in groups from the ledger and addressed."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Sequence

from syndicate.app import App
from syndicate.audience.model import Notice, RecipientFacts
from syndicate.audience.policy import Verdict, may_receive
from syndicate.config import Mail
from syndicate.delivery.deliver import Claimed
from syndicate.delivery.model import DeliveryKey, DeliveryState, Letter, Refused
from syndicate.delivery.retry import Concluded, Step
from syndicate.errors import AudienceError, TemplateError
from syndicate.log import event
from syndicate.pipeline.press import Press
from syndicate.pipeline.returns import refused_at_sending
from syndicate.store.issues import StoredIssue
from syndicate.store.ledger import Claim, ClaimedLetter, Ledger
from syndicate.store.ledger_sql import ALL, Span


class LedgerLetters(ABC):
    """What the delivery loop needs of the ledger for letters (delivery/deliver.py: Claims); what they are is open."""

    def __init__(self, app: App, ledger: Ledger, relay: str | None) -> None:
        self._app, self._ledger, self._relay = app, ledger, relay
        self.holds = ledger.holds

    @abstractmethod
    def _claim(self, most: int) -> Claim:
        """Return what is wanted of the ledger."""

    @abstractmethod
    def _addressed(self, row: ClaimedLetter) -> Letter:
        """Return the letter of a claimed row; AudienceError where there cannot be one."""

    def exchange(self, done: Sequence[Concluded], most: int) -> Sequence[Claimed[Letter] | Concluded]:
        """Record what came, do what final refusals say of their readers, and claim up to `most` letters more."""
        recorded, rows = self._ledger.exchange(done, self._claim(most) if most else None)
        for each in done:
            if isinstance(each.outcome, Refused) and each.key in recorded:
                refused_at_sending(self._app, each.key, each.outcome.reason)
        return self._all_addressed(rows)

    def give_back(self, keys: Sequence[DeliveryKey]) -> None:
        """Plan again what surely never was on a wire."""
        now = self._app.clock.now()
        given_back = self._ledger.give_back(keys, now)
        if self._relay is not None:
            self._app.relays.take_back(self._relay, given_back, now)

    def _all_addressed(self, rows: Sequence[ClaimedLetter]) -> list[Claimed[Letter] | Concluded]:
        claimed: list[Claimed[Letter] | Concluded] = []
        for row in rows:
            try:
                claimed.append(Claimed(self._addressed(row), row.attempt))
            except TemplateError:
                self.give_back([each.key for each in rows])  # The template can be mended, and then they go.
                raise
            except AudienceError as error:
                claimed.append(self._failed(row.key, error))
        return claimed

    def _failed(self, key: DeliveryKey, error: AudienceError) -> Concluded:
        failed = Concluded(key, Step(state=DeliveryState.FAILED, due=None, reply=error.what))
        self._ledger.exchange([failed])
        if self._relay is not None:
            self._app.relays.take_back(self._relay, 1, self._app.clock.now())
        event("letter-not-addressed", level=logging.WARNING, delivery=key, because=error.what)
        return failed


class IssueLetters(LedgerLetters):
    """The letters of one issue."""

    def __init__(
        self,
        app: App,
        ledger: Ledger,
        mail: Mail,
        issue: StoredIssue,
        relay: str | None = None,
        span: Span = ALL,
    ) -> None:
        if issue.email is None:
            raise ValueError(f"issue {issue.id} was never frozen")
        super().__init__(app, ledger, relay)
        self._issue, self._span = issue, span
        self._press = Press(
            app,
            mail,
            issue.email,
            ways_out=issue.ways_out,
            lists=issue.lists,
            issue_key=f"{issue.digest}:{issue.number}",
        )

    def _claim(self, most: int) -> Claim:
        return Claim(
            issue=self._issue.id,
            lists=self._issue.lists,
            judge=_may_receive,
            most=most,
            now=self._app.clock.now(),
            relay=self._relay,
            span=self._span,
        )

    def _addressed(self, row: ClaimedLetter) -> Letter:
        address, list_name = row.address, row.list_name or self._issue.lists[0]
        if row.subscriber_id is None:
            known = self._app.config.lists.get(list_name)
            address = known.address if known else None
        if address is None:
            raise AudienceError(f'the list "{list_name}" has no posting address in config.yaml any more')
        return self._press.letter(
            row.key,
            address=address,
            name=row.name,
            list_name=list_name,
            date=row.attempt.first_tried,
            subscriber=row.subscriber_id or 0,
        )


def _may_receive(_notice: Notice | None, facts: RecipientFacts) -> Verdict:
    return may_receive(facts)

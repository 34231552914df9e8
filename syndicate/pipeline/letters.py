"""The letters of one frozen issue, claimed one by one from the ledger and addressed."""

from __future__ import annotations

from syndicate.app import App
from syndicate.audience.policy import may_receive
from syndicate.config import Mail
from syndicate.delivery.deliver import remote_of
from syndicate.delivery.model import DeliveryKey, DeliveryState, Letter, Outcome, Refused
from syndicate.delivery.retry import Step
from syndicate.errors import AudienceError
from syndicate.pipeline.press import Press
from syndicate.pipeline.returns import refused_at_sending
from syndicate.store.issues import StoredIssue
from syndicate.store.ledger import Attempt, ClaimedLetter, Ledger


class LedgerLetters:
    """What the delivery loop needs of the ledger for letters (delivery/deliver.py: Claims), but for the claiming."""

    def __init__(self, app: App, ledger: Ledger) -> None:
        self._app, self._ledger = app, ledger

    def attempt(self, key: DeliveryKey) -> Attempt:
        """Return which attempt a claimed letter is in."""
        return self._ledger.attempt(key)

    def record(self, key: DeliveryKey, step: Step, outcome: Outcome) -> bool:
        """Record what came of it, and do what a final refusal says of its reader; False where it is not ours."""
        remote_id, remote_url = remote_of(outcome)
        recorded = self._ledger.record(key, step, remote_id=remote_id, remote_url=remote_url)
        if recorded and isinstance(outcome, Refused):
            refused_at_sending(self._app, key, outcome.reason)
        return recorded

    def give_back(self, keys: set[DeliveryKey]) -> None:
        """Plan again what surely never was on a wire."""
        if keys:
            self._ledger.give_back(sorted(keys), self._app.clock.now())


class IssueLetters(LedgerLetters):
    """The letters of one issue."""

    def __init__(self, app: App, ledger: Ledger, mail: Mail, issue: StoredIssue) -> None:
        if issue.email is None:
            raise ValueError(f"issue {issue.id} was never frozen")
        super().__init__(app, ledger)
        self._issue = issue
        self._press = Press(
            app,
            mail,
            issue.email,
            ways_out=issue.ways_out,
            lists=issue.lists,
            issue_key=f"{issue.digest}:{issue.number}",
        )

    def claim(self) -> Letter | None:
        """Return the next letter that may be sent now, recorded as `sending`; None where none is due."""
        while (
            claimed := self._ledger.claim_letter(self._issue.id, self._issue.lists, self._app.clock.now(), may_receive)
        ) is not None:
            try:
                return self._addressed(claimed)
            except AudienceError as error:
                refused = Step(state=DeliveryState.FAILED, due=None, reply=error.what)
                self._ledger.record(claimed.key, refused)
        return None

    def _addressed(self, claimed: ClaimedLetter) -> Letter:
        address, list_name = claimed.address, claimed.list_name
        if claimed.subscriber_id is None:
            known = self._app.config.lists.get(list_name or "")
            address = known.address if known else None
        else:
            own = self._app.audience.lists_of(claimed.subscriber_id, self._issue.lists)
            list_name = own[0] if own else self._issue.lists[0]
        if address is None or list_name is None:
            raise AudienceError(f'the list "{list_name}" has no posting address in config.yaml any more')
        date = self._ledger.attempt(claimed.key).first_tried
        return self._press.letter(
            claimed.key,
            address=address,
            name=claimed.name,
            list_name=list_name,
            date=date,
            subscriber=claimed.subscriber_id or 0,
        )

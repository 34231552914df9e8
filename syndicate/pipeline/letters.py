"""The letters of one frozen issue, claimed one by one from the ledger and addressed."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property

from syndicate.app import App
from syndicate.audience.addresses import parse_address
from syndicate.audience.policy import may_receive
from syndicate.audience.tokens import Purpose, verp_token, web_token
from syndicate.compose.letter import CompiledLetter, Envelope, Slots, compile_letter, fill, message_id
from syndicate.compose.model import RenderedEmail
from syndicate.config import Mail
from syndicate.delivery.deliver import remote_of
from syndicate.delivery.model import DeliveryKey, DeliveryState, Letter, Outcome, Refused, Sent
from syndicate.delivery.retry import Step
from syndicate.errors import AudienceError, ChannelError, ConfigError
from syndicate.pipeline.draft import SLOT, Draft, ways_out
from syndicate.pipeline.returns import refused_at_sending
from syndicate.store.issues import StoredIssue
from syndicate.store.ledger import Attempt, ClaimedLetter, Ledger


class Press:
    """Prints an issue: compiles it once per mailing list, and addresses one letter after the other."""

    def __init__(
        self,
        app: App,
        mail: Mail,
        email: RenderedEmail,
        *,
        ways_out: tuple[str, ...],
        lists: tuple[str, ...],
        issue_key: str,
    ) -> None:
        self._app, self._mail, self._email, self._issue_key = app, mail, email, issue_key
        self._ways_out, self._lists = ways_out, lists
        self._compiled: dict[str, CompiledLetter] = {}

    def letter(
        self, key: DeliveryKey, *, address: str, name: str, list_name: str, date: datetime, subscriber: int = 0
    ) -> Letter:
        """Return a reader's letter; AudienceError where the address cannot stand in one.

        `subscriber` 0 is an example reader: the links are whole and lead nowhere.
        """
        compiled = self._compile(list_name)
        number = message_id(self._app.secret, self._issue_key, address.casefold(), self._domain)
        slots = Slots(
            address=address,
            name=name,
            message_id=number,
            date=date,
            ways_out=() if compiled.posting else self._own_ways(subscriber, address),
        )
        return Letter(
            key=key,
            message_id=number,
            sender=return_path(self._app, self._mail, key, address, is_ours=bool(subscriber)),
            recipient=address,
            content=compiled.address(slots),
        )

    def _own_ways(self, subscriber: int, address: str) -> tuple[str, ...]:
        if not any(SLOT in way for way in self._ways_out):
            return self._ways_out
        lists = tuple(name for name in self._lists if not self._is_posting(name))
        token = web_token(self._app.keyring, Purpose.READER, subscriber=subscriber, address=address, lists=lists)
        return tuple(way_out(way, token) for way in self._ways_out)

    def _is_posting(self, list_name: str) -> bool:
        known = self._app.config.lists.get(list_name)
        return known is not None and known.address is not None

    @cached_property
    def _domain(self) -> str:
        return self._mail.sender_address.rpartition("@")[2]

    def _compile(self, list_name: str) -> CompiledLetter:
        if list_name not in self._compiled:
            known = self._app.config.lists.get(list_name)
            posting = self._is_posting(list_name)
            envelope = Envelope(
                sender=self._mail.sender,
                list_id=None if posting else f"{list_name}.{self._domain}",
                list_name=(known.name if known else None) or list_name,
                reply_to=self._mail.reply_to,
                posting=posting,
            )
            self._compiled[list_name] = compile_letter(self._email, envelope)
        return self._compiled[list_name]


def way_out(way: str, token: str) -> str:
    """Return a reader's own way out. Some programs read a mailto's plus sign as a blank, so there it is encoded."""
    return way.replace(SLOT, token.replace("+", "%2B") if way.startswith("mailto:") else token)


def return_path(app: App, mail: Mail, key: DeliveryKey, address: str, *, is_ours: bool) -> str:
    """Return the envelope sender of a letter: with the delivery's token where a reader of ours gets it (VERP)."""
    if not is_ours or SLOT not in (mail.return_path or ""):
        return mail.bounces_to()
    return mail.bounces_to(verp_token(app.keyring, delivery=key, address=address))


def filled(app: App, email: RenderedEmail) -> RenderedEmail:
    """Return an issue as its readers see it: with the ways out of this installation in their places."""
    return fill(email, tuple(way.replace(SLOT, "example") for way in ways_out(app.config)))


def example_letter(app: App, made: Draft, address: str = "reader@example.org") -> Letter:
    """Return the whole letter of a draft, addressed to an example reader. Raises ConfigError without mail."""
    mail = app.config.mail
    if mail is None:
        raise ConfigError("config.yaml has no mail", hint="add mail.from and mail.relay, or mail.outbox")
    press = Press(
        app,
        mail,
        made.email,
        ways_out=tuple(way.url for way in made.masthead.ways_out),
        lists=app.config.digests[made.digest].lists,
        issue_key=f"draft:{made.digest}:{app.clock.now().isoformat()}",
    )
    lists = app.config.digests[made.digest].lists
    own = next((name for name in lists if app.config.lists[name].address is None), made.digest)
    return press.letter(DeliveryKey(0), address=address, name="", list_name=own, date=app.clock.now())


def send_test(app: App, made: Draft, address: str) -> str:
    """Send a draft to one address, outside the ledger; return what the channel said.

    Raises ChannelError where it was not taken: a test that did not arrive must not look like one that did.
    """
    if app.paused():
        raise ConfigError("nothing leaves while syndicate is paused", hint="syndicate resume")
    letter = example_letter(app, made, parse_address(address))
    for _, outcome in app.mail_channel().send([letter]):
        if isinstance(outcome, Sent):
            return outcome.reply
        raise ChannelError(f"the test letter was not taken: {outcome.reason}", where=address)
    raise ChannelError("the test letter had no answer", where=address)


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

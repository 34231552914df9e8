"""Notices: letters to one reader about their own subscription, claimed from the ledger and addressed.

They go before an issue's letters and, while a long issue is on its way, between them: somebody who has just pressed
"subscribe" looks into the mailbox now.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from syndicate.app import App
from syndicate.audience.model import Notice, RecipientFacts, Welcome
from syndicate.audience.policy import Verdict, may_notify
from syndicate.audience.tokens import Purpose, web_token
from syndicate.compose.letter import TOKEN, CompiledLetter, Envelope, Slots, compile_letter, message_id
from syndicate.compose.notices import NoticeText, render_notice
from syndicate.config import Mail
from syndicate.delivery.deliver import Claimed, Claims
from syndicate.delivery.model import DeliveryKey, Letter
from syndicate.delivery.retry import Concluded
from syndicate.errors import AudienceError, TemplateError
from syndicate.pipeline.draft import ways_out
from syndicate.pipeline.letters import LedgerLetters
from syndicate.pipeline.press import own_way, return_path
from syndicate.protocols import Clock
from syndicate.store.ledger import Claim, ClaimedLetter, Ledger
from syndicate.store.notices import key_of_notice, lists_of_notice

LOOK_EVERY = timedelta(milliseconds=250)
"""How often, while an issue is being sent, it is looked for a notice."""


class NoticeLetters(LedgerLetters):
    """The notices that are due."""

    def __init__(self, app: App, ledger: Ledger, mail: Mail, relay: str | None = None) -> None:
        super().__init__(app, ledger, relay)
        self._mail = mail
        self._compiled: dict[tuple[Notice, tuple[str, ...]], CompiledLetter] = {}

    def are_due(self) -> bool:
        """Return whether there is one to claim."""
        return self._ledger.has_notice(self._app.clock.now())

    def _claim(self, most: int) -> Claim:
        return Claim(issue=None, judge=_may_notify, most=most, now=self._app.clock.now(), relay=self._relay)

    def _addressed(self, row: ClaimedLetter) -> Letter:
        notice = row.notice
        if row.subscriber_id is None or row.address is None or notice is None:
            raise AudienceError("the reader was forgotten")
        lists = _lists(row)
        if self._app.config.web.public_url is None:
            raise AudienceError("web.public_url is gone from config.yaml, and the notice links to a page there")
        date = row.attempt.first_tried
        named, domain = key_of_notice(row.key, date), self._mail.sender_address.rpartition("@")[2]
        number = message_id(self._app.secret, named, row.address.casefold(), domain)
        slots = Slots(
            address=row.address,
            message_id=number,
            date=date,
            token=self._token(notice, row.subscriber_id, row.address, lists, date),
        )
        return Letter(
            key=row.key,
            message_id=number,
            sender=return_path(self._app, self._mail, row.key, row.address, is_ours=True),
            recipient=row.address,
            content=self._compile(notice, lists).address(slots),
            is_settled=True,
        )

    def _ways_of(self, notice: Notice) -> tuple[str, ...]:
        """A question has no way out: who does not answer is not on the list."""
        return () if notice is Notice.CONFIRM else ways_out(self._app.config)

    def _token(self, notice: Notice, subscriber: int, address: str, lists: tuple[str, ...], date: datetime) -> str:
        """Return what makes a notice's link and its ways out the reader's own."""
        keyring = self._app.keyring
        if notice is Notice.CONFIRM:
            return web_token(keyring, Purpose.CONFIRM, subscriber=subscriber, address=address, lists=lists, issued=date)
        return web_token(keyring, Purpose.READER, subscriber=subscriber, address=address, lists=lists)

    def _compile(self, notice: Notice, lists: tuple[str, ...]) -> CompiledLetter:
        if (notice, lists) not in self._compiled:
            config = self._app.config
            domain = self._mail.sender_address.rpartition("@")[2]
            titles = tuple(_title(self._app, name) for name in lists)
            page = "confirm" if notice is Notice.CONFIRM else "preferences"
            follows = any(name in config.lists and config.lists[name].welcome is Welcome.ISSUE for name in lists)
            text = NoticeText(
                kind=notice.value,
                lists=titles,
                site_name=config.site.name,
                site_url=config.site.url,
                language=config.site.language,
                timezone=config.site.timezone,
                postal=config.site.postal,
                ways_out=self._ways_of(notice),
                theme=config.theme.drawn(),
                followed_by_issue=notice is Notice.WELCOME and follows,
            )
            envelope = Envelope(
                sender=self._mail.sender,
                list_id=None if notice is Notice.CONFIRM else f"{lists[0]}.{domain}",
                list_name=titles[0],
                reply_to=self._mail.reply_to,
                bulk=False,
                ways_out=tuple(own_way(way) for way in self._ways_of(notice)),
                links=(f"{config.web.public_url}/{page}/{TOKEN}",),
            )
            rendered = render_notice(text, templates=self._app.templates)
            self._compiled[notice, lists] = compile_letter(rendered, envelope)
        return self._compiled[notice, lists]


class Interleaved:
    """An issue's letters with whatever notice falls due between them; both stand in one ledger."""

    def __init__(self, issue: Claims[Letter], notices: NoticeLetters, clock: Clock) -> None:
        self._issue, self._notices, self._clock = issue, notices, clock
        self._looked = clock.now()
        self.holds = issue.holds

    def exchange(self, done: Sequence[Concluded], most: int) -> Sequence[Claimed[Letter] | Concluded]:
        """Record what came, and claim up to `most` letters: the notices that are due, if it is time to look, first."""
        notices = self._due_notices(most) if most else ()
        letters = self._issue.exchange(done, most - len(notices))
        return [*notices, *letters] if notices else letters

    def _due_notices(self, most: int) -> Sequence[Claimed[Letter] | Concluded]:
        """A notice whose template does not render keeps no issue back; the next beat tells the editor of it."""
        now = self._clock.now()
        if now - self._looked < LOOK_EVERY:
            return ()
        self._looked = now
        try:
            return self._notices.exchange((), most) if self._notices.are_due() else ()
        except TemplateError:
            return ()

    def give_back(self, keys: Sequence[DeliveryKey]) -> None:
        """Plan again what surely never was on a wire."""
        self._issue.give_back(keys)


def _may_notify(notice: Notice | None, facts: RecipientFacts) -> Verdict:
    assert notice is not None, "only notices are asked for"
    return may_notify(notice, facts)


def _lists(row: ClaimedLetter) -> tuple[str, ...]:
    return lists_of_notice(row.list_name or "")


def _title(app: App, name: str) -> str:
    """Return what readers call a list; its key where config has no name for it, or not the list any more."""
    known = app.config.lists.get(name)
    return (known.name if known else None) or name

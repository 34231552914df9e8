"""Printing: an issue is compiled once per mailing list, and each reader's letter is addressed from it."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property, lru_cache

from syndicate.app import App
from syndicate.audience.tokens import Purpose, verp_token, web_token
from syndicate.compose.letter import TOKEN, CompiledLetter, Envelope, Slots, compile_letter, message_id
from syndicate.compose.model import RenderedEmail
from syndicate.config import Mail
from syndicate.delivery.model import DeliveryKey, Letter
from syndicate.pipeline.draft import SLOT


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
        self._ways_out = tuple(own_way(way) for way in ways_out)
        self._lists = tuple(name for name in lists if not self._is_posting(name))
        self._compiled: dict[str, CompiledLetter] = {}

    def letter(
        self, key: DeliveryKey, *, address: str, name: str, list_name: str, date: datetime, subscriber: int = 0
    ) -> Letter:
        """Return a reader's letter; AudienceError where the address cannot stand in one.

        `subscriber` 0 is an example reader: the links are whole and lead nowhere.
        """
        compiled = self._compile(list_name)
        number = message_id(self._app.secret, self._issue_key, address.casefold(), self._domain)
        token = (
            web_token(self._app.keyring, Purpose.READER, subscriber=subscriber, address=address, lists=self._lists)
            if compiled.needs_token
            else ""
        )
        slots = Slots(address=address, name=name, message_id=number, date=date, token=token)
        return Letter(
            key=key,
            message_id=number,
            sender=return_path(self._app, self._mail, key, address, is_ours=bool(subscriber)),
            recipient=address,
            content=compiled.address(slots),
            is_settled=True,
        )

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
                ways_out=() if posting else self._ways_out,
            )
            self._compiled[list_name] = _kept(self._email, envelope)
        return self._compiled[list_name]


_kept = lru_cache(maxsize=4)(compile_letter)
"""The lint, the studio and a test to oneself print the same letter one after the other."""


def own_way(way: str) -> str:
    """Return a way out as a letter is compiled with it: marked where the reader's token goes."""
    return way.replace(SLOT, TOKEN)


def return_path(app: App, mail: Mail, key: DeliveryKey, address: str, *, is_ours: bool) -> str:
    """Return the envelope sender of a letter: with the delivery's token where a reader of ours gets it (VERP)."""
    if not is_ours or SLOT not in (mail.return_path or ""):
        return mail.bounces_to()
    return mail.bounces_to(verp_token(app.keyring, delivery=key, address=address))

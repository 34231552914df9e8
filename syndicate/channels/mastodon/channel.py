"""The channel of one account: what the delivery loop, `syndicate accounts check` and the limits' cache call."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator

from syndicate.channels.mastodon.account import AccountReport, check_account
from syndicate.channels.mastodon.faults import Denied, Misplaced, Missing, WireFault
from syndicate.channels.mastodon.posting import Posting
from syndicate.channels.mastodon.server import Server, ask_server, base_address
from syndicate.channels.mastodon.upload import Upload
from syndicate.channels.mastodon.wire import Wire
from syndicate.compose.model import StatusLimits
from syndicate.delivery.model import DeliveryKey, Outcome, OutgoingStatus
from syndicate.errors import ChannelError
from syndicate.protocols import Clock


class MastodonChannel:
    """Posts statuses to one account of an instance that speaks Mastodon's API.

    `pictures` returns the bytes of a picture by its address, or raises SyndicateError or OSError. Nothing is asked
    of the instance before the first status (or `limits`, or `check`).
    """

    def __init__(
        self,
        name: str,
        *,
        instance: str,
        token: str,
        pictures: Callable[[str], bytes],
        clock: Clock,
        sleep: Callable[[float], None] = time.sleep,
        limits: StatusLimits | None = None,
    ) -> None:
        """Raise ConfigError where the instance is no https address (http is for loopback alone).

        `limits`: what is known of the instance already; else it is asked when a picture is to be fitted.
        """
        self.name = name
        self._base = base_address(instance)
        self._token = token
        self._pictures = pictures
        self._clock = clock
        self._sleep = sleep
        self._limits = limits
        self._server: Server | None = None

    def send(self, messages: Iterable[OutgoingStatus]) -> Iterator[tuple[DeliveryKey, Outcome]]:
        """Yield what came of each status, in order.

        Raises ChannelError where the token is refused, or there is no such API at the address.
        """
        for message in messages:
            try:
                outcome = self._posting(message).outcome()
            except (Denied, Misplaced, Missing) as fault:
                raise self._broken(fault) from fault
            yield message.key, outcome

    def limits(self) -> StatusLimits:
        """Return what the instance takes, asked now. Raises ChannelError where it does not answer."""
        self._server = None
        return self._asked_server(self._wire()).limits

    def check(self) -> AccountReport:
        """Return the state of the account in words: token, scopes, limits. Changes nothing on the instance."""
        return check_account(self.name, self._wire())

    def _wire(self) -> Wire:
        """Return a new wire; nothing is connected yet.

        Each status gets its own: a kept connection that the server closed in the meantime fails like one that was
        cut after the post.
        """
        return Wire(self._base, self._token, self._clock.now)

    def _posting(self, message: OutgoingStatus) -> Posting:
        wire = self._wire()

        def limits() -> StatusLimits:
            return self._limits or self._asked_server(wire).limits

        return Posting(
            wire=wire,
            message=message,
            server=lambda: self._asked_server(wire),
            upload=Upload(wire=wire, limits=limits, pictures=self._pictures, sleep=self._sleep),
            clock=self._clock,
            sleep=self._sleep,
        )

    def _asked_server(self, wire: Wire) -> Server:
        """Return what the instance is, asked once. Raises ChannelError where it does not answer."""
        if self._server is None:
            try:
                self._server = ask_server(wire)
            except WireFault as fault:
                raise self._broken(fault) from fault
        return self._server

    def _broken(self, fault: WireFault) -> ChannelError:
        """Return the error of an account that does not work as a whole."""
        what, hint = {
            Denied: (
                f'{self._base} refused the token of the account "{self.name}": {fault.reason}',
                f"put a new one into the variable that accounts.{self.name}.token_env names; "
                "see `syndicate accounts check`",
            ),
            Misplaced: (f"{self._base} is not the instance's own address: {fault.reason}", "write that address"),
            Missing: (f"{self._base} has no Mastodon API: {fault.reason}", f"correct accounts.{self.name}.instance"),
        }.get(type(fault), (f"{self._base} does not answer: {fault.reason}", "try again later"))
        return ChannelError(what, hint=hint)

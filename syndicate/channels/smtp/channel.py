"""Letters in, outcomes out, over one connection: made when the first letter is there, made again where it breaks."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta

from syndicate.channels.smtp.connect import Relay, Security
from syndicate.channels.smtp.wire import DOT_PATIENCE, Wire
from syndicate.delivery.model import DeliveryKey, Letter, Outcome
from syndicate.errors import UnreachableError

PAUSES = (timedelta(seconds=1), timedelta(seconds=5))
"""Waited between the tries to reach a relay that does not answer: one try more than there are pauses."""
MOST_BREAKS = 5
"""So many letters in a row whose line broke: the relay is not well, and the rest is left for later."""


class SmtpChannel:
    """One letter at a time to a relay (`Channel[Letter]`); what the wire holds when the process dies is one letter."""

    name = "smtp"

    def __init__(
        self,
        *,
        host: str,
        port: int = 587,
        security: str = Security.STARTTLS,
        user: str | None = None,
        password: str | None = None,
        timeout: timedelta = timedelta(seconds=60),
        context: ssl.SSLContext | None = None,
        dot_patience: timedelta = DOT_PATIENCE,
        pauses: tuple[timedelta, ...] = PAUSES,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._relay = Relay(
            host=host,
            port=port,
            security=Security(security),
            user=user,
            password=password,
            timeout=timeout,
            context=context,
        )
        self._dot_patience = dot_patience
        self._pauses = pauses
        self._sleep = sleep

    def __repr__(self) -> str:
        return f"SmtpChannel({self._relay!r})"

    def send(self, messages: Iterable[Letter]) -> Iterator[tuple[DeliveryKey, Outcome]]:
        """Yield an outcome for each letter, in order; a letter is pulled when the one before it has its outcome.

        Raises ChannelError where a person must act (login, certificate), UnreachableError where later may do: the
        relay cannot be reached after a few tries, or broke the line on five letters in a row.
        """
        wire: Wire | None = None
        breaks = 0
        try:
            for letter in messages:
                if breaks >= MOST_BREAKS:
                    raise self._unwell()
                wire, outcome = self._hand_over(wire, letter)
                breaks = breaks + 1 if wire.broke else 0
                yield letter.key, outcome
                if wire.interruption:
                    raise wire.interruption
        finally:
            if wire:
                wire.close()

    def _hand_over(self, wire: Wire | None, letter: Letter) -> tuple[Wire, Outcome]:
        """A relay may hang up between two letters (idle, or so many a connection): the next goes over a new line."""
        if wire and wire.open:
            outcome = wire.transmit(letter)
            if outcome:
                return wire, outcome
        wire = self._connected()
        outcome = wire.transmit(letter)
        assert outcome, "a fresh line always says what came of its letter"
        return wire, outcome

    def _connected(self) -> Wire:
        for pause in self._pauses:
            try:
                return Wire(self._relay, self._dot_patience)
            except UnreachableError:
                self._sleep(pause.total_seconds())
        return Wire(self._relay, self._dot_patience)

    def _unwell(self) -> UnreachableError:
        return UnreachableError(
            f"{self._relay.place} broke the line on {MOST_BREAKS} letters in a row",
            hint="nothing is lost; the rest is tried again later. Ask the relay's provider if it stays so",
        )

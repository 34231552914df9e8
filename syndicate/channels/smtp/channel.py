"""Letters in, outcomes out, over a few connections: made when there are letters, made again where they break."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta

from syndicate.channels.smtp.connect import Relay, Security, open_line
from syndicate.channels.smtp.pool import Pool
from syndicate.channels.smtp.wire import DOT_PATIENCE, Wire
from syndicate.delivery.model import DeliveryKey, Letter, Outcome
from syndicate.errors import UnreachableError
from syndicate.protocols import Supply

PAUSES = (timedelta(seconds=1), timedelta(seconds=5))
"""Waited between the tries to reach a relay that does not answer: one try more than there are pauses."""


class SmtpChannel:
    """Letters to a relay (`Channel[Letter]`). What the wires hold when the process dies is two letters each at most.

    The one whose final dot is not answered, and the next, whose envelope rides behind it where the relay offers
    PIPELINING; without it, it is one.
    """

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
        connections: int = 1,
        key: str = "mail.relay",
    ) -> None:
        self._relay = Relay(
            host=host,
            port=port,
            security=Security(security),
            user=user,
            password=password,
            timeout=timeout,
            context=context,
            key=key,
        )
        self._dot_patience = dot_patience
        self._pauses = pauses
        self._sleep = sleep
        self._connections = connections

    def __repr__(self) -> str:
        return f"SmtpChannel({self._relay!r})"

    def send(self, messages: Iterable[Letter]) -> Iterator[tuple[DeliveryKey, Outcome]]:
        """Yield an outcome for each letter as soon as it is known; letters are pulled when a wire can take them.

        Raises ChannelError where a person must act (login, certificate), UnreachableError where later may do: the
        relay cannot be reached after a few tries, or broke the line on five letters in a row. By then letters whose
        text was begun have their outcome; the others were pulled and not sent.
        """
        supply = messages if isinstance(messages, Supply) else None
        pool = Pool(iter(messages), supply, self._connected, self._relay.place, self._connections)
        try:
            while not pool.done:
                try:
                    told = pool.turn()
                except BaseException:
                    # Ctrl-C twice: before the dot nothing was sent, after it the letter must not pass for unsent.
                    yield from pool.doubts("interrupted")
                    raise
                yield from told
            pool.finish()
        finally:
            pool.close()

    def _connected(self) -> Wire:
        for pause in self._pauses:
            try:
                return self._wire()
            except UnreachableError:
                self._sleep(pause.total_seconds())
        return self._wire()

    def _wire(self) -> Wire:
        return Wire(open_line(self._relay), self._relay.place, self._relay.timeout, self._dot_patience)

"""A dialogue on its socket: bytes out as far as the line takes them, bytes in, and how long an answer may take.

Nothing here blocks, but the goodbye. What was handed to the system counts as written; with TLS, what was handed to the
cipher does, a record at a time, for a record that is half on its way can only be finished.
"""

from __future__ import annotations

import contextlib
import ssl
import time
from collections.abc import Callable
from datetime import timedelta

from syndicate.channels.smtp.connect import Line, why
from syndicate.channels.smtp.dialogue import Dialogue
from syndicate.channels.smtp.replies import Step
from syndicate.delivery.model import Letter

DOT_PATIENCE = timedelta(minutes=10)
"""RFC 5321 §4.5.3.2.6: hanging up sooner while the relay thinks makes doubles, or doubt."""
GOODBYE_SECONDS = 5.0
_READ_BYTES = 65536
_RECORD_BYTES = 16384
_LATER = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Wire:
    """A connection, logged in. Trouble on it is an outcome of the letters that it concerns, told by its dialogue."""

    def __init__(self, line: Line, place: str, timeout: timedelta, dot_patience: timedelta) -> None:
        self.dialogue = Dialogue(line.abilities, place)
        self._sock = line.sock
        self._encrypted = isinstance(line.sock, ssl.SSLSocket)
        self._timeout = timeout.total_seconds()
        self._dot_timeout = max(self._timeout, dot_patience.total_seconds())
        self._out = b""
        self._at = 0
        self._deadline: float | None = None
        self._moved = True
        """Something was said or heard since the deadline was reckoned."""
        self._ciphered = 0
        """Bytes that the cipher was given and has not said to have sent."""
        self.dialogue.receive(line.unread)

    def fileno(self) -> int:
        """Return the descriptor to wait on; -1 once closed."""
        return self._sock.fileno()

    @property
    def has_more_to_write(self) -> bool:
        """Return whether the line did not take all."""
        return self._at < len(self._out)

    def begin(self, letter: Letter | None) -> None:
        """Say the text that is due and the next envelope; see `Dialogue.begin`."""
        self.dialogue.begin(letter)
        self.write()
        self._moved = True

    def ready(self) -> None:
        """Read what is there and write what goes."""
        if self._read() or self.has_more_to_write:
            self.write()
            self._moved = True

    def write(self) -> None:
        """Write as much as the line takes. What a dead line still had to say is heard first: it may be why."""
        if self.dialogue.over:
            return
        try:
            while self._at < len(self._out) or self._take():
                self._at += self._hand_over()
        except _LATER:
            return
        except OSError as error:
            while not self.dialogue.over and self._read():
                pass
            if not self.dialogue.over:
                self.dialogue.lost(why(error))

    def deadline(self, now: float) -> float | None:
        """Return when the answer that is waited for is late, on the monotonic clock; None where nothing is.

        Its time begins with the first look after the line moved: the clock is read once for all lines, not for each
        thing said or heard.
        """
        if self._moved:
            self._moved = False
            waiting = self.dialogue.waiting
            patience = self._dot_timeout if waiting is Step.DOT else self._timeout
            self._deadline = now + patience if waiting else None
        return self._deadline

    def late(self) -> None:
        """Give the line up: an answer did not come in time."""
        self.dialogue.lost(why(TimeoutError()))

    def close(self) -> None:
        """Hang up."""
        with contextlib.suppress(OSError):
            self._sock.close()

    def say_goodbye(self) -> None:
        """Say QUIT where nothing is under way; `hear_goodbye` waits for the answer."""
        with contextlib.suppress(OSError):
            if self.dialogue.waiting is None and not self.dialogue.over and not self.has_more_to_write:
                self._sock.send(b"QUIT\r\n")
                return
        self.dialogue.over = True

    def hear_goodbye(self, until: float) -> None:
        """Wait for the relay to hang up after QUIT, until then at most, and hang up."""
        with contextlib.suppress(OSError):
            if not self.dialogue.over:
                self._sock.settimeout(max(0.001, until - time.monotonic()))
                self._sock.recv(_READ_BYTES)
        self.close()

    def _take(self) -> bool:
        self._out, self._at = self.dialogue.take(), 0
        return bool(self._out)

    def _hand_over(self) -> int:
        """Return how many bytes the line took. An interruption may come at any point: till then, all may be out."""
        part = memoryview(self._out)[self._at :]
        if self._encrypted:
            return self._hand_over_a_record(part[:_RECORD_BYTES])
        size = len(part)
        self.dialogue.wrote(size)
        try:
            count = self._sock.send(part)
        except OSError:
            self.dialogue.wrote(-size)
            raise
        if count < size:
            self.dialogue.wrote(count - size)
        return count

    def _hand_over_a_record(self, record: memoryview) -> int:
        new = max(0, len(record) - self._ciphered)
        self.dialogue.wrote(new)
        self._ciphered += new
        count = self._sock.send(record)
        self._ciphered -= count
        return count

    def _read(self) -> bool:
        """Hear what is there; return whether anything was."""
        heard = False
        while not self.dialogue.over:
            try:
                data = self._sock.recv(_READ_BYTES)
            except _LATER:
                return heard
            except OSError as error:
                self.dialogue.lost(why(error))
                return True
            if not data:
                self.dialogue.lost("connection unexpectedly closed")
                return True
            heard = True
            self.dialogue.receive(data)
            if not self._encrypted:
                return True
        return heard


Opener = Callable[[], Wire]
"""Connects, blocking, and returns the wire; raises ChannelError."""

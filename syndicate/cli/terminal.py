"""What the command line writes on: streams that are there, take every character, and give no terminal an order.

The world's text is data for a terminal too: a feed's title, a reader's name or a server's reply may hold escape
sequences (which move the cursor, set the clipboard, hide lines) or characters that turn the writing direction. Every
line that this program prints passes here, whoever prints it: click, the log, a report of a crash.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from typing import TextIO

_ORDERS = (*range(0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x2028, 0x2029)
_SHOWN = {order: f"\\u{order:04x}" for order in _ORDERS if chr(order) not in "\n\t"}
"""C0, DEL, C1, line separators, bidi overrides and isolates (UAX #9 §2), as JSON writes them: so JSON stays JSON."""


def tame(text: str) -> str:
    """Return text that a terminal shows and does not obey; newline and tab stay."""
    return text if text.isprintable() else text.translate(_SHOWN)


class Tamed(io.TextIOWrapper):
    """A text stream that shows control characters instead of sending them. Its bytes are UTF-8.

    Where its reader leaves (`| head`), the rest goes nowhere and the work goes on: half a list may be enough, half a
    sending is not.
    """

    def write(self, text: str) -> int:
        """Write a text, tamed."""
        with _reader_may_leave(self):
            super().write(tame(text))
        return len(text)

    def write_bytes(self, content: bytes) -> None:
        """Write bytes as they are."""
        with _reader_may_leave(self):
            self.flush()
            self.buffer.write(content)

    def flush(self) -> None:
        """Write out what is buffered."""
        with _reader_may_leave(self):
            super().flush()


@contextlib.contextmanager
def tamed_streams() -> Iterator[None]:
    """Tame stdout and stderr for a while, and let a stream that the caller closed be empty instead of missing.

    A closed descriptor would go to the next file that is opened, the database say, and a word meant for a person
    be written into it.
    """
    for number in (0, 1, 2):
        _fill(number)
    before = sys.stdin, sys.stdout, sys.stderr
    sys.stdin = sys.stdin or open(0, encoding="utf-8", errors="surrogateescape", closefd=False)  # noqa: SIM115
    out, err = _tamed(sys.stdout, 1), _tamed(sys.stderr, 2)
    sys.stdout, sys.stderr = out, err
    try:
        yield
    finally:
        for stream in (out, err):
            with contextlib.suppress(OSError):
                stream.detach()
        sys.stdin, sys.stdout, sys.stderr = before


def write_bytes(content: bytes) -> None:
    """Write bytes to stdout as they are, for a file or another program; tamed, where a person looks."""
    if sys.stdout.isatty():
        sys.stdout.write(content.decode("utf-8", "replace"))
    elif isinstance(sys.stdout, Tamed):
        sys.stdout.write_bytes(content)
    else:
        sys.stdout.buffer.write(content)


def give_up(stream: TextIO) -> None:
    """Let what is still to be written go nowhere."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


@contextlib.contextmanager
def _reader_may_leave(stream: TextIO) -> Iterator[None]:
    """Go on where a pipe was left, and where the story (stderr) can be told to nobody; data must not be lost unseen."""
    try:
        yield
    except OSError as error:
        if not isinstance(error, BrokenPipeError) and stream.fileno() != 2:
            raise
        give_up(stream)


def _fill(number: int) -> None:
    try:
        os.fstat(number)
    except OSError:
        os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, which is this one


def _tamed(stream: TextIO | None, number: int) -> Tamed:
    buffer = stream.buffer if stream is not None else open(number, "wb", closefd=False)  # noqa: SIM115
    return Tamed(buffer, encoding="utf-8", errors="backslashreplace", line_buffering=number == 2)

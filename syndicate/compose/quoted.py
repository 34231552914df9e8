"""Text → quoted-printable (RFC 2045 §6.7) in which no line begins with a dot, so that DATA carries it as it stands.

The standard library breaks a line where the next one may begin with a dot, and there a relay's rule would double it
(RFC 5321 §4.5.2). Here such a dot is "=2E".
"""

from __future__ import annotations

import binascii
from collections.abc import Iterator

LINE_CHARS = 75
"""The most of a line, without the "=" of a soft break."""
SOFT_BREAK = b"=\r\n"


def quoted(text: str, *, is_open: bool = False) -> bytes:
    """Return text encoded, in lines that end in CRLF; what `is_open` ends at the start of a line, whatever follows."""
    lines = text.replace("\r\n", "\n").split("\n")
    encoded = b"\r\n".join(SOFT_BREAK.join(_broken(_encoded(line))) for line in lines)
    return encoded + SOFT_BREAK if is_open and lines[-1] else encoded


def _encoded(line: str) -> bytes:
    """Return a line encoded, however long it gets: the soft breaks of the standard library are taken out again."""
    return binascii.b2a_qp(line.encode(), istext=False).replace(b"=\n", b"")


def _broken(line: bytes) -> Iterator[bytes]:
    """Yield an encoded line in pieces, none of which begins with a dot or cuts an escape in two."""
    while len(line := _without_dot(line)) > LINE_CHARS:
        escape = line.find(b"=", LINE_CHARS - 2, LINE_CHARS)
        end = LINE_CHARS if escape < 0 else escape
        yield line[:end]
        line = line[end:]
    yield line


def _without_dot(line: bytes) -> bytes:
    return b"=2E" + line[1:] if line.startswith(b".") else line

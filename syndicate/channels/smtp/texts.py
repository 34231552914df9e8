"""A letter in the words of SMTP: its commands and its text, or why this relay cannot take it. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple

from syndicate.channels.smtp.connect import Abilities
from syndicate.delivery.model import Letter, Refused

END = b".\r\n"
_UNFIT = re.compile(r"[\x00-\x20\x7f<>]")
_ODD_LINE = re.compile(rb"\r(?:[^\n]|\n\.)")
"""A CR that ends no line, or a line that begins with a dot."""


class Spoken(NamedTuple):
    """What is said for a letter; a tuple, since one is made for each."""

    envelope: bytes
    """MAIL, RCPT and DATA, a line each."""
    text: bytes
    """Its dots stuffed, without the final dot."""

    def command(self, number: int) -> bytes:
        """Return a line of the envelope, counted from 0."""
        return self.envelope.splitlines(keepends=True)[number]


def spoken(letter: Letter, able: Abilities) -> Spoken | Refused:
    """Return the words for a letter, or its refusal before a byte of it is sent."""
    plain = letter.sender.isascii() and letter.recipient.isascii()
    ascii_text = letter.is_settled or letter.content.isascii()
    refused = _unfit(letter, plain, ascii_text, able)
    if refused:
        return refused
    text = letter.content if letter.is_settled else stuffed(letter.content)
    if text is None:
        return Refused(reason="the letter has line ends that are not CRLF", status="5.6.0")
    size = f" SIZE={len(letter.content)}" if able.announces_size else ""
    body = "" if ascii_text else " BODY=8BITMIME"
    utf8 = "" if plain else " SMTPUTF8"
    envelope = f"MAIL FROM:<{letter.sender}>{size}{body}{utf8}\r\nRCPT TO:<{letter.recipient}>\r\nDATA\r\n"
    return Spoken(envelope.encode(), text)


def _unfit(letter: Letter, plain: bool, ascii_text: bool, able: Abilities) -> Refused | None:
    if _UNFIT.search(letter.sender + letter.recipient):
        address = letter.sender if _UNFIT.search(letter.sender) else letter.recipient
        return Refused(reason=f"{address!r} cannot stand in an SMTP command", status="5.1.3")
    if not plain and not able.utf8:
        reason = f"the relay takes no address like {letter.recipient} (it lacks SMTPUTF8, RFC 6531)"
        return Refused(reason=reason, status="5.6.7")
    if able.size and len(letter.content) > able.size:
        reason = f"the letter has {len(letter.content):,} bytes; the relay takes {able.size:,}"
        return Refused(reason=reason, status="5.3.4")
    if not able.eight_bit and not ascii_text:
        reason = "the letter has bytes beyond ASCII, and the relay takes none (it lacks 8BITMIME, RFC 6152)"
        return Refused(reason=reason, status="5.6.3")
    return None


def stuffed(content: bytes) -> bytes | None:
    """Return a letter as DATA carries it (RFC 5321 §4.5.2): leading dots doubled, CRLF at its end, no final dot.

    None where it has a bare CR or LF: some servers read one as a line end and others do not, a way to smuggle a
    second letter. The usual letter, with neither such a line nor a leading dot, is only looked through.
    """
    ends = content.count(b"\n")
    if ends != content.count(b"\r") or content.endswith(b"\r"):
        return None
    odd = _ODD_LINE.search(content) is not None
    if odd and content.count(b"\r\n") != ends:
        return None
    text = content.replace(b"\r\n.", b"\r\n..") if odd else content
    text = b"." + text if text.startswith(b".") else text
    return text if text.endswith(b"\r\n") else text + b"\r\n"

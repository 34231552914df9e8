"""A rendered issue → the bytes of one reader's letter: compiled once per issue, joined once per reader.

What differs between readers is a *slot*: address, name, Message-ID, date, ways out. In the bodies a way out stands as
a mark, an ASCII word that no text of the world can hold (`cards.clean` takes it out of whatever it is given); compiling
cuts the quoted-printable body at the marks, so addressing a letter is a join. A body also carries two fenced regions,
one for our own readers and one for posting addresses of list servers; compiling keeps one of them.

    rendered ── compile_letter(envelope) ──► CompiledLetter ── address(slots) ──► bytes      (some microseconds)
    rendered ── fill(ways_out) ──► what a reader sees: the preview. Equal to what `address` sends, by test.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
import re
from base64 import b32encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from email.headerregistry import UnstructuredHeader
from email.parser import BytesHeaderParser
from email.policy import SMTP
from email.utils import format_datetime
from html import escape

from syndicate.compose.headers import addressed, checked_address, encode_phrase, encode_text, mailbox
from syndicate.compose.model import RenderedEmail
from syndicate.errors import AudienceError, TemplateError

RESERVED = "syndicateslot7q4m"
"""The word that all marks begin with. Letters and digits only: inlining and URL escaping leave it as it is."""
READERS, POSTING, END = (f"<!--{RESERVED}{name}-->" for name in ("readers", "posting", "end"))
"""Fences: what stands between READERS and END goes to our own readers only, POSTING … END to list servers only."""
EXAMPLE_WAY_OUT = "https://example.invalid/unsubscribe/example"

_MARK = re.compile(rf"{RESERVED}way(\d+)end")
_REGION = re.compile(rf"<!--{RESERVED}(readers|posting)-->\n?(.*?)<!--{RESERVED}end-->\n?", re.DOTALL)
_MESSAGE_ID = re.compile(r"<[!#-'*+\-./0-9=?A-Z^_`a-z{|}~]+@[A-Za-z0-9.-]+>")
_URL = re.compile(r"(?:https://|mailto:|http://(?:127\.0\.0\.1|localhost)[:/])[!#-;=?-~]{1,900}")
"""http only to this machine itself, for trying things out: what a stranger reads on the way could be used."""


def way_out_mark(index: int) -> str:
    """Return the mark that stands for a reader's way out number `index`, counted as in Masthead.ways_out."""
    return f"{RESERVED}way{index}end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What the letters of one issue to one mailing list say in their headers, the same for every reader."""

    sender: str
    """The From header as configured: "The Lantern <news@lantern.example>"."""
    list_id: str | None = None
    """RFC 2919 identifier, such as "weekly.news.lantern.example"; at most 255 characters."""
    list_name: str = ""
    reply_to: str | None = None
    posting: bool = False
    """The recipient is a list server's posting address: no List-* of ours, no way out of ours."""
    bulk: bool = True
    """False for a notice: one reader asked for it, and nobody else gets it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slots:
    """What is one reader's own."""

    address: str
    name: str = ""
    message_id: str
    """With angle brackets, as `message_id` gives it."""
    date: datetime
    """Aware. Of the first attempt: a letter tried again is the same letter."""
    ways_out: tuple[str, ...] = ()
    """One URL for each of the masthead's, in its order, most wanted first; empty for a posting address."""
    links: tuple[str, ...] = ()
    """What a notice asks the reader to press: counted on from the ways out, and in no header."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledLetter:
    """An issue's letter, ready to be joined: all bytes but the readers' own."""

    head: bytes
    """Header lines that all readers share, and the blank line."""
    segments: tuple[bytes, ...]
    holes: tuple[tuple[int, bool], ...]
    """Between segment i and i+1 stands this way out: its index, and whether as HTML."""
    ways: int
    """How many ways out and links the letter shows."""
    posting: bool

    def address(self, slots: Slots) -> bytes:
        """Return one reader's letter: RFC 5322, CRLF, lines of at most 998 octets, not dot-stuffed.

        Raises AudienceError where a slot could not stand in a letter (an address with a line break in it).
        """
        ways_out = _checked_ways(slots, 0 if self.posting else self.ways)
        forms = {
            (index, html): _open_quoted(escape(url) if html else url)
            for index, url in enumerate(ways_out)
            for html in (True, False)
        }
        parts = [_own_headers(slots, slots.ways_out), self.head]
        for segment, hole in zip(self.segments, self.holes, strict=False):
            parts += (segment, forms[hole])
        parts.append(self.segments[-1])
        return b"".join(parts)


def check_for_posting(rendered: RenderedEmail) -> None:
    """Raise TemplateError where a way out of ours would go to a list server too, whose members we do not know."""
    for name, body in (("email/issue.html", rendered.html), ("email/issue.txt", rendered.text)):
        if _MARK.search(_for_audience(body, posting=True)):
            raise TemplateError(
                "a way out of ours stands outside the part for our own readers, and the digest has a posting address",
                where=name,
                hint="write ways_out between {{ fences.readers }} and {{ fences.end }}",
            )


def compile_letter(rendered: RenderedEmail, envelope: Envelope) -> CompiledLetter:
    """Return the letter without its readers.

    Raises TemplateError where the subject cannot stand in a header, AudienceError where the sender cannot.
    """
    html, text = (_for_audience(body, envelope.posting) for body in (rendered.html, rendered.text))
    boundary = f"=_{hashlib.sha256((html + text).encode()).hexdigest()[:32]}"
    segments, holes = _cut(((text, "plain"), (html, "html")), boundary)
    return CompiledLetter(
        head=_shared_headers(rendered.subject, envelope, boundary),
        segments=tuple(segments),
        holes=tuple(holes),
        ways=len({index for index, _ in holes}),
        posting=envelope.posting,
    )


def _cut(parts: Iterable[tuple[str, str]], boundary: str) -> tuple[list[bytes], list[tuple[int, bool]]]:
    """Return the MIME body cut at its marks: the bytes between them, and which way out stands at each cut."""
    segments: list[bytes] = [b""]
    holes: list[tuple[int, bool]] = []
    for body, subtype in parts:
        pieces = _MARK.split(body)
        segments[-1] += _part_head(boundary, subtype)
        for piece, index in zip(pieces[:-1:2], pieces[1::2], strict=True):
            segments[-1] += _open_quoted(piece)
            holes.append((int(index), subtype == "html"))
            segments.append(b"")
        segments[-1] += _quoted(pieces[-1])
    segments[-1] += f"\r\n--{boundary}--\r\n".encode()
    return segments, holes


def fill(rendered: RenderedEmail, ways_out: Sequence[str] | None = None, *, posting: bool = False) -> RenderedEmail:
    """Return the issue as a reader sees it: slots filled, the other audience's region gone. This is the preview.

    With `ways_out` None every way out is an example address that leads nowhere.
    """

    def body(source: str, html: bool) -> str:
        def way(match: re.Match[str]) -> str:
            url = EXAMPLE_WAY_OUT if ways_out is None else ways_out[int(match[1])]
            return escape(url) if html else url

        return _MARK.sub(way, _for_audience(source, posting))

    return replace(rendered, html=body(rendered.html, True), text=body(rendered.text, False))


def message_id(secret: bytes, issue_key: str, recipient_key: str, domain: str) -> str:
    """Return the Message-ID of an issue's letter to a recipient: the same at every attempt, telling nothing of either.

    RFC 5322 §3.6.4; the left side is 128 bits of HMAC-SHA256 in lower-case letters and digits.
    """
    text = f"{len(issue_key)}:{issue_key}{recipient_key}".encode()
    digest = hmac.new(secret, text, hashlib.sha256).digest()[:16]
    return f"<{b32encode(digest).decode().rstrip('=').lower()}@{domain}>"


def _for_audience(body: str, posting: bool) -> str:
    wanted = "posting" if posting else "readers"
    return _REGION.sub(lambda match: match[2] if match[1] == wanted else "", body)


def _quoted(text: str) -> bytes:
    """Return quoted-printable in lines of at most 76, with CRLF."""
    return binascii.b2a_qp(text.encode(), istext=True).replace(b"\n", b"\r\n")


def _open_quoted(text: str) -> bytes:
    """Return quoted-printable that ends at the start of a line, so that whatever comes next cannot make it too long.

    The NUL, which becomes "=00" and is cut off again, keeps room for the soft break.
    """
    encoded = _quoted(f"{text}\0")[:-3]
    return encoded if encoded.endswith(b"\r\n") else encoded + b"=\r\n"


def _part_head(boundary: str, subtype: str) -> bytes:
    return (
        f"\r\n--{boundary}\r\nContent-Type: text/{subtype}; charset=utf-8\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    ).encode()


def _shared_headers(subject: str, envelope: Envelope, boundary: str) -> bytes:
    lines = [
        f"From: {mailbox(envelope.sender)}",
        f"Subject: {encode_text(subject, len('Subject: '))}",
        "MIME-Version: 1.0",
        f'Content-Type: multipart/alternative;\r\n boundary="{boundary}"',
        "Auto-Submitted: auto-generated",
    ]
    if envelope.reply_to:
        lines.append(f"Reply-To: {mailbox(envelope.reply_to)}")
    if not envelope.posting:
        lines += _list_headers(envelope)
    head = ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")
    _check_subject(head, subject)
    return head


def _list_headers(envelope: Envelope) -> list[str]:
    """Return what only our own lists say: a list server adds its own to what reaches its posting address."""
    lines = [*(["Precedence: bulk"] if envelope.bulk else []), "X-Auto-Response-Suppress: OOF, AutoReply"]
    if envelope.list_id:
        phrase = f"{encode_phrase(envelope.list_name)} " if envelope.list_name else ""
        lines += [f"List-Id: {phrase}<{envelope.list_id}>", "List-Post: NO"]
    return lines


def _check_subject(head: bytes, subject: str) -> None:
    """Raise unless a reader's program will show the subject that was meant."""
    decoded = BytesHeaderParser(policy=SMTP).parsebytes(head)["Subject"]
    if not isinstance(decoded, UnstructuredHeader) or str(decoded) != subject:
        raise TemplateError(
            f'the subject "{subject}" would arrive as "{decoded}"', hint="shorten it, or leave out unusual characters"
        )


def _checked_ways(slots: Slots, expected: int) -> tuple[str, ...]:
    """Return the reader's ways out and links. Raises AudienceError where they are not the letter's, or unfit."""
    shown = (*slots.ways_out, *slots.links)
    if len(shown) != expected:
        raise AudienceError(f"{slots.address} has {len(shown)} ways out where the letter shows {expected}")
    for url in shown:
        if not _URL.fullmatch(url):
            raise AudienceError(f'"{url}" cannot be a way out', hint="an https: or mailto: address in plain ASCII")
    return shown


def _own_headers(slots: Slots, ways_out: Sequence[str]) -> bytes:
    """Return the reader's own header lines. List-Unsubscribe is written raw: encoded words would kill one-click."""
    if not _MESSAGE_ID.fullmatch(slots.message_id):
        raise AudienceError(f'"{slots.message_id}" is no Message-ID')
    name = " ".join("".join(char for char in slots.name if char.isprintable()).split())[:120]
    lines = [
        f"To: {addressed(name, checked_address(slots.address))}",
        f"Date: {format_datetime(slots.date)}",
        f"Message-ID: {slots.message_id}",
    ]
    if ways_out:
        lines.append("List-Unsubscribe: " + ",\r\n ".join(f"<{url}>" for url in ways_out))
    if any(url.startswith("https:") for url in ways_out):
        lines.append("List-Unsubscribe-Post: List-Unsubscribe=One-Click")
    return ("\r\n".join(lines) + "\r\n").encode("ascii")

"""A rendered issue → the bytes of one reader's letter: compiled once per issue, joined once per reader.

What differs between readers is a *slot*: address, name, Message-ID, date, and the token in the ways out. In the bodies
a way out stands as a mark, an ASCII word that no text of the world can hold (`cards.clean` takes it out of whatever it
is given). Compiling puts the way out in its place, encodes all of it, and cuts it where the token goes, so addressing
a letter is a join. A body also carries two fenced regions, one for our own readers and one for posting addresses of
list servers; compiling keeps one of them.

    rendered ── compile_letter(envelope) ──► CompiledLetter ── address(slots) ──► bytes      (some microseconds)
    rendered ── fill(ways_out) ──► what a reader sees: the preview. Equal to what `address` sends, by test.

No line of a letter begins with a dot, so it goes into DATA as it stands (RFC 5321 §4.5.2): quoted-printable writes such
a dot as "=2E", and a token, which has one inside, stands at the start of a line of its own.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.headerregistry import UnstructuredHeader
from email.parser import BytesHeaderParser
from email.policy import SMTP
from email.utils import format_datetime
from functools import lru_cache
from html import escape
from typing import NamedTuple

from syndicate.compose.headers import encode_phrase, encode_text, mailbox, reader_mailbox
from syndicate.compose.model import RenderedEmail
from syndicate.compose.quoted import LINE_CHARS, SOFT_BREAK, quoted
from syndicate.errors import AudienceError, TemplateError
from syndicate.keyed import base32_of_128_bits, keyed_digest

RESERVED = "syndicateslot7q4m"
"""The word that all marks begin with. Letters and digits only: inlining and URL escaping leave it as it is."""
READERS, POSTING, END = (f"<!--{RESERVED}{name}-->" for name in ("readers", "posting", "end"))
"""Fences: what stands between READERS and END goes to our own readers only, POSTING … END to list servers only."""
TOKEN = f"{RESERVED}token"
"""Stands in a way out where the reader's own token goes. Some programs read a mailto's "+" as a blank, so there the
token's own are written "%2B"."""
EXAMPLE_WAY_OUT = "https://example.invalid/unsubscribe/example"

_TOKEN_IN_MAILTO = f"{RESERVED}mailtoken"
_MARK = re.compile(rf"{RESERVED}way(\d+)end")
_REGION = re.compile(rf"<!--{RESERVED}(readers|posting)-->\n?(.*?)<!--{RESERVED}end-->\n?", re.DOTALL)
_MESSAGE_ID = re.compile(r"<[!#-'*+\-./0-9=?A-Z^_`a-z{|}~]+@[A-Za-z0-9.-]+>")
_TOKEN = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._+-]*")
_URL = re.compile(r"(?:https://|mailto:|http://(?:127\.0\.0\.1|localhost)[:/])[!#-;=?-~]+")
"""http only to this machine itself, for trying things out: what a stranger reads on the way could be used."""
_URL_CHARS = 900
"""List-Unsubscribe is not folded within a URL, and a line has 998 octets."""
_UNSETTLED = re.compile(rb"[^\x00-\x7f]|\r(?!\n)|(?<!\r)\n|\n\.")

_Piece = bytes | int
"""Of a compiled letter: what all readers share, or which form of a reader's token stands there."""
_TOKENS = re.compile(f"({TOKEN}|{_TOKEN_IN_MAILTO})")
_FORMS = {TOKEN: 0, _TOKEN_IN_MAILTO: 1}
_QUOTED = 2
"""Added to a form: the same in quoted-printable, differing where the token is longer than a line."""


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
    ways_out: tuple[str, ...] = ()
    """One URL for each of the masthead's, in its order, most wanted first, with TOKEN in it; none where `posting`."""
    links: tuple[str, ...] = ()
    """What a notice asks the reader to press: counted on from the ways out, and in no header."""


class Slots(NamedTuple):
    """What is one reader's own; a tuple, since one is made for each letter."""

    address: str
    message_id: str
    """With angle brackets, as `message_id` gives it."""
    date: datetime
    """Aware. Of the first attempt: a letter tried again is the same letter."""
    name: str = ""
    token: str = ""
    """What makes the ways out the reader's own (audience/tokens.py); not needed where none of them has one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledLetter:
    """An issue's letter, ready to be joined: all bytes but the readers' own."""

    parts: tuple[bytes, ...]
    """Every second one is empty: the reader's token goes there."""
    forms: tuple[int, ...]
    """In which form it goes into each."""
    token_chars: int
    """The longest token that its ways out have room for."""

    @property
    def needs_token(self) -> bool:
        """Return whether a reader's own token stands in it."""
        return bool(self.forms)

    def address(self, slots: Slots) -> bytes:
        """Return one reader's letter: RFC 5322 in ASCII, lines of at most 998 octets, none with a dot in front.

        Each line ends in CRLF, the last one too. Raises AudienceError where a slot could not stand in a letter
        (an address with a line break in it).
        """
        parts = [_own_headers(slots), *self.parts]
        if self.forms:
            tokens = _token_forms(slots, self.token_chars)
            parts[2::2] = [tokens[form] for form in self.forms]
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

    Raises TemplateError where the subject cannot stand in a header, a way out in a letter, or the letter does not show
    exactly the ways out that it was given; AudienceError where the sender cannot stand in it.
    """
    ways = tuple(_checked_way(way) for way in (*envelope.ways_out, *envelope.links))
    _check_shown(rendered, ways, posting=envelope.posting)
    shown = fill(rendered, ways, posting=envelope.posting)
    boundary = f"=_{hashlib.sha256((shown.html + shown.text).encode()).hexdigest()[:32]}"
    parts, forms = _merged(
        (
            *_raw(_unsubscribe(ways[: len(envelope.ways_out)])),
            _shared_headers(rendered.subject, envelope, boundary),
            *_part(shown.text, "plain", boundary),
            *_part(shown.html, "html", boundary),
            f"\r\n--{boundary}--\r\n".encode(),
        )
    )
    longest = max((len(way.replace(_TOKEN_IN_MAILTO, TOKEN).replace(TOKEN, "")) for way in ways), default=0)
    return CompiledLetter(parts=parts, forms=forms, token_chars=_URL_CHARS - longest)


def _checked_way(way: str) -> str:
    """Return a way out with its token's place marked. Raises TemplateError where a letter could not carry it."""
    shown = way.replace(TOKEN, "")
    if not _URL.fullmatch(shown) or len(shown) > _URL_CHARS or way.count(TOKEN) > 1:
        raise TemplateError(f'"{shown}" cannot be a way out', hint="an https: or mailto: address in plain ASCII")
    return way.replace(TOKEN, _TOKEN_IN_MAILTO) if way.startswith("mailto:") else way


def _check_shown(rendered: RenderedEmail, ways: Sequence[str], *, posting: bool) -> None:
    """Raise TemplateError unless the letter shows every way out and link, and no more."""
    shown = {
        int(index) for body in (rendered.html, rendered.text) for index in _MARK.findall(_for_audience(body, posting))
    }
    if shown != set(range(len(ways))):
        raise TemplateError(f"the letter shows {len(shown)} ways out where it has {len(ways)}")


def _merged(pieces: Iterable[_Piece]) -> tuple[tuple[bytes, ...], tuple[int, ...]]:
    """Return what stands between the tokens, with nothing in each token's place, and the forms of the tokens.

    Raises TemplateError where a relay could read another letter than we meant.
    """
    parts, forms = [b""], []
    for piece in pieces:
        if isinstance(piece, bytes):
            parts[-1] += piece
        else:
            forms.append(piece)
            parts += [b"", b""]
    if found := _UNSETTLED.search(b"".join(parts)):
        raise TemplateError(f"the letter has {found[0]!r} where no letter of ours may have it")
    return tuple(parts), tuple(forms)


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
    return f"<{base32_of_128_bits(keyed_digest(secret, text))}@{domain}>"


def _for_audience(body: str, posting: bool) -> str:
    wanted = "posting" if posting else "readers"
    return _REGION.sub(lambda match: match[2] if match[1] == wanted else "", body)


def _raw(text: str) -> Iterator[_Piece]:
    """Yield a header line, cut at its tokens."""
    for piece in _TOKENS.split(text):
        yield _FORMS.get(piece, piece.encode("ascii"))


def _part(body: str, subtype: str, boundary: str) -> Iterator[_Piece]:
    """Yield a part of the letter in quoted-printable, cut at its tokens.

    A token has lines of its own between soft breaks, so that however long it is, nothing around it changes.
    """
    yield (
        f"\r\n--{boundary}\r\nContent-Type: text/{subtype}; charset=utf-8\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    ).encode()
    *open_pieces, last = _TOKENS.split(body)
    for piece in open_pieces:
        if piece in _FORMS:
            yield from (_FORMS[piece] + _QUOTED, SOFT_BREAK)
        else:
            yield quoted(piece, is_open=True)
    yield quoted(last)


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


def _unsubscribe(ways_out: Sequence[str]) -> str:
    """Return RFC 2369's header, and RFC 8058's where a page is among them; raw: encoded words would kill one-click."""
    if not ways_out:
        return ""
    line = "List-Unsubscribe: " + ",\r\n ".join(f"<{way}>" for way in ways_out) + "\r\n"
    has_page = any(way.startswith("https:") for way in ways_out)
    return line + ("List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" if has_page else "")


def _own_headers(slots: Slots) -> bytes:
    if not _MESSAGE_ID.fullmatch(slots.message_id):
        raise AudienceError(f'"{slots.message_id}" is no Message-ID')
    to = reader_mailbox(slots.name, slots.address)
    date = _date(int(slots.date.timestamp()))
    return f"To: {to}\r\nDate: {date}\r\nMessage-ID: {slots.message_id}\r\n".encode("ascii")


@lru_cache(maxsize=16)
def _date(seconds: int) -> str:
    """Return a moment as RFC 5322 has it. Letters that are claimed together share theirs."""
    return format_datetime(datetime.fromtimestamp(seconds, UTC))


def _token_forms(slots: Slots, most_chars: int) -> tuple[bytes, bytes, bytes, bytes]:
    """Return a reader's token in its forms, in the order of their numbers."""
    token = slots.token
    if not _TOKEN.fullmatch(token):
        raise AudienceError(f'the token "{token}" of {slots.address} cannot stand in a way out')
    raw = token.encode()
    in_mailto = raw.replace(b"+", b"%2B")
    if len(in_mailto) <= LINE_CHARS:
        return raw, in_mailto, raw, in_mailto
    if len(in_mailto) > most_chars:
        raise AudienceError(f"{slots.address} is on so many lists that its ways out are too long for a letter")
    return raw, in_mailto, quoted(token), quoted(in_mailto.decode())

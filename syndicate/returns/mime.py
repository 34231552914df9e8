"""A message as a tree of parts, whatever its bytes are. It never raises, and looks at no more than is worth it.

The standard library's parser recurses once per nested multipart and reads headers of any length; mail that comes back
is written by anybody. So what is read here is bounded: in bytes, headers, parts and depth. What is beyond is not there.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from email.errors import HeaderParseError
from email.header import decode_header

MOST_BYTES = 262_144
"""Of the whole message. A report stands before the original that it returns, so its end is no loss."""
MOST_HEADERS, MOST_HEADER_CHARS = 200, 4_000
MOST_PARTS, MOST_DEPTH = 30, 5

_HEADER = re.compile(r"([!-9;-~]{1,100})[ \t]*:[ \t]*(.*)", re.DOTALL)
_PARAMETER = re.compile(r""";\s*([\w-]{1,40})\*?\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s"]+))""")
_COMMENT = re.compile(r"\([^()]*\)")
_CHARSET = re.compile(
    r"utf-?8|us-?ascii|ascii|latin-?1|iso[-_]?8859[-_]\d{1,2}|iso-?2022-(?:jp|kr)(?:-[\d\w]{1,4})?|windows-\d{3,4}"
    r"|cp\d{3,4}|koi8-[rtu]|gb2312|gbk|gb18030|big5|euc-(?:jp|kr)|shift[-_]?jis|sjis|mac-?roman|tis-620",
    re.IGNORECASE,
)
"""Charsets that mail is written in. Python has other codecs too: slow ones, and ones that raise (idna, undefined)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of a message, or the whole."""

    headers: tuple[tuple[str, str], ...] = ()
    """Names in lower case, values unfolded and as written: not decoded."""
    type: str = "text/plain"
    body: bytes = b""
    """Decoded from base64 or quoted-printable; lines end with a newline alone."""
    parts: tuple[Part, ...] = ()
    """What a multipart is made of; for message/rfc822 and its like the one message in it."""
    is_cut: bool = False
    """The message ends in it, without the boundary that would close it."""

    def header(self, name: str) -> str:
        """Return the first header of a name, in lower case here; empty where there is none."""
        return next((value for key, value in self.headers if key == name), "")

    def headers_of(self, *names: str) -> Iterator[str]:
        """Yield all values of some headers, in the order of the names."""
        for name in names:
            yield from (value for key, value in self.headers if key == name)


def read_message(content: bytes) -> Part:
    """Return a message as a tree. The first line of an mbox and a byte order mark are left out."""
    kept = content[:MOST_BYTES].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    kept = kept.removeprefix(b"\xef\xbb\xbf").lstrip(b"\n \t")
    if kept.startswith((b"From ", b">From ")):
        kept = kept.partition(b"\n")[2]
    return _part(kept, MOST_DEPTH, "text/plain")


def leaves(part: Part) -> Iterator[Part]:
    """Yield the parts that hold something themselves, in order: messages too, but not what is in them."""
    if part.type.startswith("multipart/"):
        for each in part.parts:
            yield from leaves(each)
    else:
        yield part


def text_of(part: Part) -> str:
    """Return a part's body as text: by its charset if that is a known one, else as UTF-8. Never a lone surrogate."""
    charset = parameter(part.header("content-type"), "charset")
    try:
        text = part.body.decode(charset if _CHARSET.fullmatch(charset) else "utf-8", "replace")
    except (LookupError, ValueError):
        text = part.body.decode("utf-8", "replace")
    return text.replace("\x00", "")


def parameter(value: str, name: str) -> str:
    """Return a parameter of a header such as Content-Type, in its own case; empty where there is none."""
    for key, quoted, plain in _PARAMETER.findall(value[:MOST_HEADER_CHARS]):
        if key.lower() == name:
            return quoted.replace("\\", "") if quoted else str(plain)
    return ""


def decoded(value: str) -> str:
    """Return a header's text with its encoded words read (RFC 2047); as written where they cannot be."""
    try:
        pieces = decode_header(value[:MOST_HEADER_CHARS])
    except (HeaderParseError, ValueError, binascii.Error):
        return value
    return "".join(_word(*piece) for piece in pieces).replace("\x00", "")


def header_block(block: bytes) -> tuple[tuple[str, str], ...]:
    """Return the headers of a block, of a report's fields say: names in lower case, values unfolded."""
    return _headers(block)[0]


def _word(piece: bytes | str, charset: str | None) -> str:
    if isinstance(piece, str):
        return piece
    try:
        return piece.decode(charset if charset and _CHARSET.fullmatch(charset) else "utf-8", "replace")
    except (LookupError, ValueError):
        return piece.decode("utf-8", "replace")


def _part(content: bytes, depth: int, default_type: str) -> Part:
    headers, body = _headers(content)
    found = dict(reversed(headers))
    content_type = found.get("content-type", "")
    kind = content_type.partition(";")[0].strip().lower() or default_type
    if kind.startswith("multipart/"):
        return Part(headers=headers, type=kind, parts=tuple(_parts(body, content_type, depth)))
    body = _transferred(body, found.get("content-transfer-encoding", ""))
    inner: tuple[Part, ...] = ()
    if kind in ("message/rfc822", "message/global", "message/news") and depth:
        inner = (_part(body.lstrip(b"\n"), depth - 1, "text/plain"),)
    elif kind in ("text/rfc822-headers", "message/rfc822-headers", "message/global-headers"):
        inner = (Part(headers=_headers(body.lstrip(b"\n"))[0]),)
    return Part(headers=headers, type=kind, body=body, parts=inner)


def _parts(body: bytes, content_type: str, depth: int) -> Iterator[Part]:
    boundary = parameter(content_type, "boundary").rstrip()
    if not boundary or not depth:
        return
    default_type = "message/rfc822" if content_type.lower().startswith("multipart/digest") else "text/plain"
    line = re.compile(rb"^--" + re.escape(boundary.encode("utf-8", "replace")) + rb"(--)?[ \t]*(?:\n|\Z)", re.MULTILINE)
    start: int | None = None
    for _, match in zip(range(MOST_PARTS), line.finditer(body), strict=False):
        if start is not None:
            yield _part(body[start : max(match.start() - 1, start)], depth - 1, default_type)
        if match[1]:
            return
        start = match.end()
    if start is not None:  # cut off, or its last boundary forgotten
        yield replace(_part(body[start:], depth - 1, default_type), is_cut=True)


def _headers(content: bytes) -> tuple[tuple[tuple[str, str], ...], bytes]:
    """Return the headers at the head of some bytes, and what comes after them: all, where there are none."""
    found: list[list[str]] = []
    at = 0
    while at < len(content):
        end = content.find(b"\n", at) + 1 or len(content)
        line = content[at : min(end, at + MOST_HEADER_CHARS)].decode("utf-8", "replace").rstrip("\n")
        match = _HEADER.match(line)
        if line.strip() == "":
            at = end
            break
        if line[0] in " \t" and found:
            found[-1].append(line.strip())
        elif match and len(found) < MOST_HEADERS:
            found.append([match[1].lower(), match[2].strip()])
        elif not match:
            break  # a body that no empty line announces
        at = end
    return tuple((name, " ".join(values)[:MOST_HEADER_CHARS].strip()) for name, *values in found), content[at:]


def _transferred(body: bytes, encoding: str) -> bytes:
    """Return a body without its transfer encoding; broken base64 as far as it goes."""
    match _COMMENT.sub("", encoding).strip().lower():
        case "base64":
            decoded_body = _from_base64(body)
        case "quoted-printable":
            decoded_body = binascii.a2b_qp(body)
        case _:
            return body
    return decoded_body.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def _from_base64(body: bytes) -> bytes:
    letters = re.sub(rb"[^A-Za-z0-9+/]", b"", body)
    whole = len(letters) - len(letters) % 4
    rest = letters[whole:]
    return binascii.a2b_base64(letters[:whole] + (rest + b"=" * (4 - len(rest)) if len(rest) > 1 else b""))

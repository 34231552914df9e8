"""Text → header values, written by hand: bare, quoted, folded or in encoded words (RFC 5322, RFC 2047).

The standard library's own writing loses a blank of some subjects at a fold, and encodes long addresses that must stay
raw; a test reads everything that is written here back with the standard library's parser.
"""

from __future__ import annotations

import re
from base64 import b64encode

from syndicate.errors import AudienceError

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[^\s\x00-\x1f\x7f@<>(),;:\"\\\[\]]{1,253}")
MAX_NAME_CHARS = 120
_MAILBOX = re.compile(r"(.*)<([^<>]*)>")
_BARE = re.compile(r"(?:[A-Za-z0-9]+(?: [A-Za-z0-9]+)*)?")
_PLAIN = re.compile(r"[ !#-~]*")


def encode_phrase(text: str) -> str:
    """Return a display name as it stands before an address: bare, quoted, or in encoded words (RFC 2047)."""
    if _BARE.fullmatch(text):
        return text
    if _PLAIN.fullmatch(text.replace('"', "").replace("\\", "")) and "=?" not in text and len(text) <= 60:
        return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'
    return _encoded_words(text)


def encode_text(text: str, used: int) -> str:
    """Return an unstructured header's value, folded; `used` is the length of the header's name with its colon."""
    if not text.isascii() or "=?" in text:
        return _encoded_words(text)
    lines, line = [], ""
    for word in text.split(" "):
        if line and used + len(line) + len(word) > 76:
            lines.append(line)
            line, used = "", 0
        line += f" {word}" if line or lines else word
    return "\r\n".join([*lines, line])


def _encoded_words(text: str) -> str:
    """Return the text as base64 words of at most 75 characters, none of which cuts a character in two."""
    chunks, chunk = [], b""
    for char in text:
        octets = char.encode()
        if len(chunk) + len(octets) > 42:
            chunks.append(chunk)
            chunk = b""
        chunk += octets
    return "\r\n ".join(f"=?utf-8?b?{b64encode(part).decode()}?=" for part in [*chunks, chunk])


def mailbox(text: str) -> str:
    """Return a configured mailbox as a header has it. Commas in a name need no quotes of the editor's."""
    match = _MAILBOX.fullmatch(text.strip())
    name, address = (match[1], match[2]) if match else ("", text.strip())
    return addressed(name.strip().strip('"'), checked_address(address))


def reader_mailbox(name: str, address: str) -> str:
    """Return a reader's To: the name in one line of at most 120 characters, without what no eye sees.

    Raises AudienceError for an address that cannot stand there.
    """
    if len(name) > MAX_NAME_CHARS or not _BARE.fullmatch(name):
        seen = "".join(char for char in name if char.isprintable())
        name = encode_phrase(" ".join(seen.split())[:MAX_NAME_CHARS])
    return f"{name} <{checked_address(address)}>" if name else checked_address(address)


def addressed(name: str, address: str) -> str:
    """Return "Name <address>", or the address alone; it must have been checked."""
    return f"{encode_phrase(name)} <{address}>" if name else address


def checked_address(address: str) -> str:
    """Return the address as it stands in a header, its domain in ASCII. Raises AudienceError for one that cannot."""
    if not _ADDRESS.fullmatch(address):
        raise AudienceError(f'"{address}" is no address that a letter can carry')
    if address.isascii():
        return address
    local, domain = address.rsplit("@", 1)
    try:
        return checked_address(f"{local}@{domain.encode('idna').decode('ascii')}")
    except UnicodeError as error:
        raise AudienceError(f'the domain of "{address}" is no internet domain') from error

"""Email addresses: one check and one spelling for every way in."""

from __future__ import annotations

import re

from syndicate.errors import AudienceError

# RFC 5321 §4.1.2 dot-string; quoted local parts are legal and used by nobody whom a list should mail.
_LOCAL = re.compile(r"[^\s@<>()\[\]\\,;:\"\x00-\x20\x7f]+")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, line ends, bidi overrides, halves of a character; the joiners that some scripts need are none."""
MAX_NAME_CHARS = 200
MAX_LOCAL_OCTETS = 64
MAX_OCTETS = 254


def parse_address(text: str) -> str:
    """Return an address as it is mailed: the local part as given, the domain in lower-case ASCII (IDNA).

    "Mara@Bücher.Example" → "Mara@xn--bcher-kva.example". Raises AudienceError, naming the fault, for anything
    that is not one plain address; a control character or a second @ never gets through.
    """
    local, _, domain = text.strip().rpartition("@")
    has_stray_dot = ".." in local or local.startswith(".") or local.endswith(".")
    if not _LOCAL.fullmatch(local) or not local.isprintable() or has_stray_dot:
        raise AudienceError(f'"{printable(text)}" is no email address')
    host = _ascii_domain(domain, text)
    if len(local.encode()) > MAX_LOCAL_OCTETS or len(local.encode()) + 1 + len(host) > MAX_OCTETS:
        raise AudienceError(f'"{printable(text)}" is too long for an email address (RFC 5321 §4.5.3)')
    return f"{local}@{host}"


def parse_name(text: str) -> str:
    """Return a reader's name, trimmed; AudienceError where it cannot stand in a header or on a screen."""
    name = text.strip()
    if _UNPRINTABLE.search(name) or len(name) > MAX_NAME_CHARS:
        raise AudienceError(f'"{printable(name)}" is no name')
    return name


def address_key(address: str) -> str:
    """Return what tells addresses apart: without regard to case, as every large provider does."""
    return address.strip().casefold()


def printable(text: str, most: int = 80) -> str:
    """Return text fit for a message: control characters shown, long ones cut."""
    shown = "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in text)
    return shown if len(shown) <= most else f"{shown[:most]}…"


def _ascii_domain(domain: str, text: str) -> str:
    try:
        host = domain.encode("idna").decode("ascii").lower()
    except UnicodeError:
        host = ""
    labels = host.split(".")
    if len(labels) < 2 or not all(_LABEL.fullmatch(label) for label in labels) or labels[-1].isdigit():
        raise AudienceError(f'"{printable(text)}" has no domain that can be mailed')
    return host

"""Email addresses: one check and one spelling for every way in."""

from __future__ import annotations

import re
from functools import lru_cache

from syndicate.errors import AudienceError

# RFC 5321 §4.1.2 dot-string of RFC 5322 atoms; quoted local parts are legal and used by nobody whom a list should mail.
_LOCAL = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*", re.IGNORECASE | re.ASCII)
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, line ends, bidi overrides, halves of a character; the joiners that some scripts need are none."""
_TWO_DOMAINS = re.compile("[ßςẞ\u200c\u200d]")
"""What IDNA 2003 maps away and IDNA 2008 keeps (UTS #46 §7): the same letters may name two domains of two owners."""
MAX_NAME_CHARS = 200
MAX_LOCAL_OCTETS = 64
MAX_OCTETS = 254


def parse_address(text: str) -> str:
    """Return an address as it is mailed: the local part as given, the domain in lower-case ASCII (IDNA).

    "Mara@Bücher.Example" → "Mara@xn--bcher-kva.example". Raises AudienceError, naming the fault, for anything
    that is not one plain address; a control character or a second @ never gets through.
    """
    text = text.strip()
    local, _, domain = text.rpartition("@")
    if not _LOCAL.fullmatch(local):
        raise AudienceError(f'"{printable(text)}" {_local_fault(local)}')
    try:
        host = _ascii_domain(domain)
    except AudienceError as error:
        raise AudienceError(f'"{printable(text)}" {error.what}') from error
    if len(local) > MAX_LOCAL_OCTETS or len(local) + 1 + len(host) > MAX_OCTETS:
        raise AudienceError(f'"{printable(text)}" is too long for an email address (RFC 5321 §4.5.3)')
    return f"{local}@{host}"


def parse_name(text: str) -> str:
    """Return a reader's name, trimmed; AudienceError where it cannot stand in a header or on a screen."""
    name = text.strip()
    if len(name) > MAX_NAME_CHARS or (not name.isprintable() and _UNPRINTABLE.search(name)):
        raise AudienceError(f'"{printable(name)}" is no name')
    return name


def address_key(address: str) -> str:
    """Return what tells addresses apart: without regard to case, as every large provider does."""
    return address.strip().casefold()


def printable(text: str, most: int = 80) -> str:
    """Return text fit for a message: control characters shown, long ones cut."""
    shown = "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in text[: most + 1])
    return shown if len(shown) <= most else f"{shown[:most]}…"


def harmless(text: str) -> str:
    """Return anybody's text with "?" for what a terminal would obey, a database refuse, or no eye see."""
    return text if text.isprintable() else _UNPRINTABLE.sub("?", text)


def _local_fault(local: str) -> str:
    """Return why nobody can be mailed under such a local part."""
    if local.isascii() or not local.isprintable() or not _LOCAL.fullmatch(re.sub(r"[^\x00-\x7f]", "x", local)):
        return "is no email address"
    return "has letters before the @ that no letter of ours can carry (RFC 6531); ask for a plain spelling"


@lru_cache(maxsize=4096)
def _ascii_domain(domain: str) -> str:
    """Return a domain as the DNS has it. Raises AudienceError: what is wrong with it."""
    if _TWO_DOMAINS.search(domain):
        raise AudienceError("has a domain that stands for two; write it as it is registered (xn--…)")
    try:
        host = domain.lower() if domain.isascii() else domain.encode("idna").decode("ascii").lower()
    except UnicodeError:
        host = ""
    labels = host.split(".")
    if len(labels) < 2 or not all(_LABEL.fullmatch(label) for label in labels) or labels[-1].isdigit():
        raise AudienceError("has no domain that can be mailed")
    return host

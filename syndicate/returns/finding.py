"""What one of the readers found in a message, and the small questions that they all ask."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from syndicate.returns.mime import Part, decoded, leaves
from syndicate.returns.model import ReturnKind

MOST_RECIPIENTS = 50
MOST_DIAGNOSTIC_CHARS = 500
ADDRESS = re.compile(r"[\w!#$%&'*+/=?^`{|}~.-]{1,64}@(?:[\w-]{1,63}\.){1,10}[\w-]{1,63}")

_DAEMON = re.compile(
    r"^(?:mailer-?daemon|mail-?daemon|mdaemon|post-?master|double-bounce|bounces?|mail-?delivery(?:-sub)?-?system"
    r"|delivery-?(?:system|report)|mail\.delivery)(?:[+._-].*)?$",
    re.IGNORECASE,
)
_DAEMON_NAME = re.compile(
    r"mail(?:er)?[ -]?daemon|delivery (?:sub-?)?system|mail delivery|postmaster"
    r"|system administrator|mail ?system|microsoft outlook$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a message was understood to say, before the evidence for whom is gathered."""

    kind: ReturnKind
    why: str
    recipients: tuple[str, ...] = ()
    status: str | None = None
    diagnostic: str | None = None
    original: Part | None = None
    """Our own letter, or its headers, where the message returns it."""
    return_paths: tuple[str, ...] = ()
    """Where the report itself says which return path the letter had."""


def is_from_server(message: Part) -> bool:
    """Return whether a mail server wrote this, by its From; a null return path alone says only that a program did."""
    name, _, address = decoded(message.header("from")).rpartition("<")
    local = address.strip(" <>\t\"'").rpartition("@")[0] or address.strip(" <>\t\"'")
    return bool(_DAEMON.match(local)) or bool(_DAEMON_NAME.search(name.strip(' "')))


def has_null_return_path(message: Part) -> bool:
    """Return whether it was sent so that nothing comes back to it: as programs do, and people cannot."""
    return message.header("return-path").replace(" ", "").lower() in ("<>", "<mailer-daemon>")


def is_automatic(message: Part) -> bool:
    """Return whether it says of itself that no person wrote it (RFC 3834 §5)."""
    told = message.header("auto-submitted").partition(";")[0].strip().lower()
    return told not in ("", "no")


def original_of(message: Part) -> Part | None:
    """Return the letter, or its headers, that a report returns; the first that stands in a part of its own."""
    return next((leaf.parts[0] for leaf in leaves(message) if leaf.parts), None)


def is_report(message: Part) -> bool:
    """Return whether a message is itself a report, or comes from a mail server: no letter of ours."""
    return message.type == "multipart/report" or is_from_server(message)


def addresses_in(values: Iterable[str]) -> tuple[str, ...]:
    """Return the addresses in some headers or lines, as written, each once, never more than 50."""
    found: dict[str, None] = {}
    for value in values:
        for match in ADDRESS.finditer(value):
            found.setdefault(match[0].strip(".'"), None)
            if len(found) == MOST_RECIPIENTS:
                return tuple(found)
    return tuple(found)


def one_line(text: str | None) -> str | None:
    """Return a server's words on one line, cut, and fit for a terminal and a database; None where there are none."""
    plain = "".join(char if char.isprintable() else " " for char in (text or "")[: 4 * MOST_DIAGNOSTIC_CHARS])
    line = " ".join(plain.split())
    return line[:MOST_DIAGNOSTIC_CHARS] or None

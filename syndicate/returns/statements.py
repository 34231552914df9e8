"""What a row of a relay's export says: of one address, before and after it is checked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from syndicate.returns.model import ReturnKind

MOST_CHARS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What a row says of an address, in the relay's words and ours."""

    address: str
    word: str
    """What the relay calls it, for a message: "hardBounce"."""
    kind: ReturnKind | None
    """None where we do not know the relay's word."""
    status: str | None = None
    diagnostic: str | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """A statement with an address that can be mailed."""

    where: str
    """"line 3", or "line 1, row 7" of a JSON document."""
    address: str
    kind: ReturnKind
    status: str | None
    diagnostic: str | None
    at: datetime | None
    """When it happened, where the relay says so."""
    why: str
    """The relay's word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotUnderstood:
    """A row, or a part of one, that says nothing we know."""

    where: str
    why: str


def text_of(value: object) -> str | None:
    """Return a cell as one line of at most 500 characters; None where it is empty."""
    words = " ".join(str(value).split()) if value is not None else ""
    return "".join(char if char.isprintable() else "?" for char in words[:MOST_CHARS]) or None


def moment_of(value: Any) -> datetime | None:
    """Return an instant that was written in ISO 8601, in RFC 5322, or as seconds since 1970; None for any other."""
    try:
        if isinstance(value, int | float):
            return datetime.fromtimestamp(value, UTC)
        text = str(value or "").strip()
        if text.replace(".", "", 1).isdigit():
            return datetime.fromtimestamp(float(text), UTC)
        moment = datetime.fromisoformat(text) if text[:4].isdigit() else parsedate_to_datetime(text)
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError, OSError, TypeError, IndexError):
        return None

"""A look, and what of it was asked for → the values of the studio's page. Pure functions."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from syndicate.compose.email import MAX_PREHEADER_CHARS, MAX_SUBJECT_CHARS
from syndicate.pipeline.choose import MAX_NOTE_CHARS
from syndicate.web.studio.entries import short
from syndicate.web.studio.inbox import LONG_SUBJECT, SAFE_PREHEADER
from syndicate.web.studio.letters import Bodies
from syndicate.web.studio.look import GMAIL_LIMIT_BYTES, GMAIL_NEAR_BYTES, Look, ShownIssue

PICKED_MINUTE = "%Y-%m-%dT%H:%M"
"""How a browser's date and time control writes a moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the address asks for beside the issue."""

    posting: bool = False
    """The letter as a list server gets it."""
    at: str = ""
    """The what-if date as the address bar has it; empty: now."""
    token: str | None = None
    """The right to write; None where the page was opened without it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The sizes that the page speaks of."""

    gmail: int = GMAIL_LIMIT_BYTES
    near: int = GMAIL_NEAR_BYTES
    subject: int = MAX_SUBJECT_CHARS
    long_subject: int = LONG_SUBJECT
    preheader: int = MAX_PREHEADER_CHARS
    safe_preheader: int = SAFE_PREHEADER
    note: int = MAX_NOTE_CHARS


def page_values(look: Look, issue: ShownIssue | None, asked: Asked, *, version: str) -> Mapping[str, object]:
    """Return what web/studio/page.html knows by name."""
    posting = asked.posting and issue is not None and issue.posting is not None
    body = (issue.posting if posting else issue.readers) if issue else None

    def when(moment: datetime) -> str:
        return short(moment.astimezone(look.zone))

    def link(name: str, *, posting: bool = False, at: str | None = None) -> str:
        return address(name, Asked(posting=posting, at=asked.at if at is None else at, token=asked.token))

    return {
        "version": version,
        "look": look,
        "issue": issue,
        "posting": posting,
        "body": body,
        "letter": stamp_of(body),
        "audience": "list" if posting else "reader",
        "asked": asked,
        "can_edit": bool(asked.token and issue and issue.arrangement and look.as_of is None),
        "picked": _picked(look, issue),
        "link": link,
        "when": when,
        "limits": Limits(),
    }


def address(name: str, asked: Asked) -> str:
    """Return the address of the page that shows an issue."""
    query = {"issue": name, "for": "list" if asked.posting else "", "at": asked.at, "token": asked.token or ""}
    return f"/?{urlencode({key: value for key, value in query.items() if value}, safe='/:')}"


def stamp_of(body: Bodies | None) -> str:
    """Return what changes when the letter does; empty where there is none."""
    return hashlib.sha256(f"{body.html}\0{body.text}".encode("utf-8", "surrogatepass")).hexdigest()[:16] if body else ""


def _picked(look: Look, issue: ShownIssue | None) -> str:
    moment = look.as_of or (issue.at if issue else None)
    return f"{moment.astimezone(look.zone):{PICKED_MINUTE}}" if moment else ""

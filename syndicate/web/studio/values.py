"""What the studio's page knows by name of the look itself, and of the issue that it shows. Pure functions."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from syndicate.compose.email import MAX_PREHEADER_CHARS, MAX_SUBJECT_CHARS
from syndicate.pipeline.choose import MAX_NOTE_CHARS
from syndicate.web.studio.entries import short
from syndicate.web.studio.inbox import LONG_SUBJECT, SAFE_PREHEADER
from syndicate.web.studio.letters import Bodies
from syndicate.web.studio.look import GMAIL_LIMIT_BYTES, GMAIL_NEAR_BYTES, Look, ShownIssue

PICKED_MINUTE = "%Y-%m-%dT%H:%M"
"""How a browser's date and time control writes a moment."""


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


def page_values(look: Look, issue: ShownIssue | None, body: Bodies | None) -> Mapping[str, object]:
    """Return the names: look, issue, body, raw, stamp, picked, when, dated, limits."""

    def when(moment: datetime) -> str:
        return short(moment.astimezone(look.zone))

    def dated(moment: datetime) -> str:
        local = moment.astimezone(look.zone)
        return f"{local:%a} {local.day} {local:%b %Y, %H:%M}"

    moment = look.as_of or (issue.at if issue and issue.is_next else None)
    return {
        "look": look,
        "issue": issue,
        "body": body,
        "raw": body.eml.decode("utf-8", "replace").replace("\r\n", "\n") if body else "",
        "stamp": stamp_of(body),
        "picked": f"{moment.astimezone(look.zone):{PICKED_MINUTE}}" if moment else "",
        "when": when,
        "dated": dated,
        "limits": Limits(),
    }


def stamp_of(body: Bodies | None) -> str:
    """Return what changes when the letter does; empty where there is none."""
    return hashlib.sha256(f"{body.html}\0{body.text}".encode("utf-8", "surrogatepass")).hexdigest()[:16] if body else ""

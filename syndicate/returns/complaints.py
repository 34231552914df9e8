"""Complaints: a reader pressed "this is spam", and the mailbox provider tells us (ARF, RFC 5965)."""

from __future__ import annotations

import re

from syndicate.returns.finding import Finding, addresses_in, is_automatic, is_from_server, original_of
from syndicate.returns.mime import Part, header_block, leaves, parameter
from syndicate.returns.model import ReturnKind

_NOT_COMPLAINTS = {
    "not-spam": "a reader says that the letter is no spam",
    "auth-failure": "a report on authentication, not about a reader",
    "dmarc": "a report on authentication, not about a reader",
}
_MICROSOFT = re.compile(r"complaint about message from [\da-f.:]+", re.IGNORECASE)


def read_complaint(message: Part) -> Finding | None:
    """Return what a feedback report says, or None where the message is none.

    `not-spam` and `auth-failure` are no complaints; any other type is, `opt-out` too, and a type nobody knows.
    The reader's address is often blacked out: the original's tokens say who it was.
    """
    part = _feedback_part(message)
    original = original_of(message)
    if part is None:
        return _microsoft(message, original)
    fields = header_block(re.sub(rb"\n[ \t]*\n", b"\n", part.body.strip(b"\n")))
    report = Part(headers=fields)
    kind = report.header("feedback-type").partition(";")[0].strip().lower()
    if kind in _NOT_COMPLAINTS:
        return Finding(kind=ReturnKind.OTHER, why=f"feedback report, {kind}: {_NOT_COMPLAINTS[kind]}")
    return Finding(
        kind=ReturnKind.COMPLAINT,
        why=f"feedback report: {kind[:40] or 'no type told'}",
        recipients=addresses_in(report.headers_of("original-rcpt-to", "removal-recipient")) or _reader_of(original),
        original=original,
        return_paths=tuple(report.headers_of("original-mail-from")),
    )


def _feedback_part(message: Part) -> Part | None:
    """Return the part for machines, where it is the message's own and not that of a message attached to it."""
    if not message.type.startswith("multipart/"):
        return None
    found = next((leaf for leaf in leaves(message) if leaf.type == "message/feedback-report"), None)
    is_named = parameter(message.header("content-type"), "report-type").lower() == "feedback-report"
    if found is None and is_named:
        return next((leaf for leaf in leaves(message) if b"feedback-type:" in leaf.body[:2000].lower()), None)
    return found if message.type == "multipart/report" or is_from_server(message) or is_automatic(message) else None


def _microsoft(message: Part, original: Part | None) -> Finding | None:
    """Return a complaint in the form of Microsoft's programme, which attaches the letter and says it in the subject."""
    if original is None or not _MICROSOFT.match(message.header("subject")):
        return None
    return Finding(
        kind=ReturnKind.COMPLAINT,
        why="a complaint in Microsoft's form",
        recipients=addresses_in(original.headers_of("x-hmxmroriginalrecipient")) or _reader_of(original),
        original=original,
    )


def _reader_of(original: Part | None) -> tuple[str, ...]:
    return addresses_in(original.headers_of("to"))[:1] if original else ()

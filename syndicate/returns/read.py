"""Bytes → what a message that came back says about whom. Never raises; looks at the first 256 KiB (mime.py).

The order of evidence: what a report for machines says, then what a server says in its own format, then what a reader
or a reader's program writes. What none of them knows is `other`, and kept for the editor.
"""

from __future__ import annotations

from collections.abc import Callable

from syndicate.audience.addresses import harmless
from syndicate.returns.answers import read_auto_reply, read_goodbye, tokens_of_subject
from syndicate.returns.complaints import read_complaint
from syndicate.returns.evidence import message_ids, verp_tokens, web_tokens
from syndicate.returns.finding import Finding
from syndicate.returns.loose import read_loose
from syndicate.returns.mime import Part, decoded, read_message
from syndicate.returns.model import Returned, ReturnKind
from syndicate.returns.reports import read_report

_READERS: tuple[Callable[[Part], Finding | None], ...] = (
    read_complaint,
    read_report,
    read_loose,
    read_goodbye,
    read_auto_reply,
)


def read_returned(content: bytes) -> Returned:
    """Return what a message says about whom, whatever its bytes are. What it claims of itself proves nothing."""
    message = read_message(content)
    finding = next(filter(None, (read(message) for read in _READERS)), None) or _unknown(message)
    subject = decoded(message.header("subject"))
    is_goodbye = finding.kind is ReturnKind.UNSUBSCRIBE
    return Returned(
        kind=finding.kind,
        recipients=finding.recipients,
        status=finding.status,
        diagnostic=harmless(finding.diagnostic) if finding.diagnostic else None,
        why=harmless(finding.why),
        verp_tokens=verp_tokens(message, finding.original, finding.return_paths),
        web_tokens=tokens_of_subject(subject) if is_goodbye else web_tokens(finding.original),
        message_ids=message_ids(message, finding.original),
    )


def _unknown(message: Part) -> Finding:
    if not message.headers:
        return Finding(kind=ReturnKind.OTHER, why="no mail: it has no headers")
    return Finding(
        kind=ReturnKind.OTHER, why="nothing in it says what it is: a person writing, or a format unknown to us"
    )

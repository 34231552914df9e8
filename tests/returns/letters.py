"""Mail that comes back, built in the shapes that servers, providers and people give it. All invented."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime

from syndicate.audience.tokens import Keyring, Purpose, verp_token, web_token

KEYS = Keyring(keys=(b"a key for the tests of mail that comes back",))
READER = "ada@readers.example"
TOKEN = web_token(
    KEYS,
    Purpose.READER,
    subscriber=7,
    address=READER,
    lists=("readers", "weekly-uk"),
    issued=datetime(2026, 11, 5, 18, 0, tzinfo=UTC),
)
VERP = verp_token(KEYS, delivery=4711, address=READER)
RETURN_PATH = f"bounces+{VERP}@lantern.example"
MESSAGE_ID = "<issue-34.7@lantern.example>"
ORIGINAL = f"""Return-Path: <{RETURN_PATH}>
Received: from mail.lantern.example (192.0.2.10) by relay.example; Thu, 5 Nov 2026 18:00:03 +0000
From: The Lantern <news@lantern.example>
To: Ada Quill <{READER}>
Subject: Three films for a dark week
Message-ID: {MESSAGE_ID}
List-Id: The Lantern weekly <readers.lantern.example>
List-Unsubscribe: <https://lantern.example/leave/{TOKEN}>,
 <mailto:leave@lantern.example?subject=unsubscribe%20{TOKEN}>
List-Unsubscribe-Post: List-Unsubscribe=One-Click
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8

A lighthouse, a copper orchard, and nobody in either.
"""


def mail(head: str, body: str, *, to: str = RETURN_PATH) -> bytes:
    """Return a message; `head` is its headers but for To and Date."""
    return f"{head.strip()}\nTo: {to}\nDate: Fri, 6 Nov 2026 08:00:00 +0000\n\n{body}".encode()


def report(
    fields: str,
    *,
    text: str = "Your message could not be delivered.\n",
    original: str | None = ORIGINAL,
    sender: str = "MAILER-DAEMON@mx.example",
    subject: str = "Undelivered Mail Returned to Sender",
    more: str = "Auto-Submitted: auto-replied",
    status_type: str = "message/delivery-status",
    original_type: str = "message/rfc822",
    top: str = "multipart/report; report-type=delivery-status",
    to: str = RETURN_PATH,
) -> bytes:
    """Return a delivery report; `fields` are its blocks after the one that names the server."""
    parts = [
        f"Content-Type: text/plain; charset=utf-8\n\n{text}",
        f"Content-Type: {status_type}\n\nReporting-MTA: dns; mx.example\n\n{fields.strip()}\n",
    ]
    if original is not None:
        parts.append(f"Content-Type: {original_type}\n\n{original}")
    head = f"From: {sender}\nSubject: {subject}\n{more}".strip()
    return multipart(f"{head}\nMIME-Version: 1.0", parts, top=top, to=to)


def multipart(head: str, parts: list[str], *, top: str = "multipart/mixed", to: str = RETURN_PATH) -> bytes:
    """Return a message of several parts, each with its own headers."""
    body = "".join(f"--=_lantern\n{part}\n" for part in parts)
    return mail(f'{head.strip()}\nContent-Type: {top};\n boundary="=_lantern"', f"{body}--=_lantern--\n", to=to)


def failed(
    recipient: str = f"rfc822; {READER}", status: str = "5.1.1", diagnostic: str | None = None, action: str = "failed"
) -> str:
    """Return what a report says of one recipient."""
    code = f"\nDiagnostic-Code: {diagnostic}" if diagnostic is not None else ""
    return f"Final-Recipient: {recipient}\nAction: {action}\nStatus: {status}{code}\n"


def complaint(fields: str, *, original: str = ORIGINAL, original_type: str = "message/rfc822") -> bytes:
    """Return a feedback report (ARF)."""
    parts = [
        "Content-Type: text/plain\n\nA user of ours called this letter spam.\n",
        f"Content-Type: message/feedback-report\n\n{fields.strip()}\n",
        f"Content-Type: {original_type}\n\n{original}",
    ]
    head = "From: feedback@provider.example\nSubject: FW: Three films for a dark week\nMIME-Version: 1.0"
    return multipart(head, parts, top="multipart/report; report-type=feedback-report")


def from_daemon(text: str, *, head: str = "From: MAILER-DAEMON@mx.example\nSubject: failure notice") -> bytes:
    """Return a server's mail in a format of its own."""
    return mail(f"Return-Path: <>\n{head}", text)


def from_person(text: str, *, subject: str = "The copper orchard", more: str = "") -> bytes:
    """Return what a reader writes."""
    return mail(f"From: Ada Quill <{READER}>\nSubject: {subject}\n{more}", text, to="news@lantern.example")


def encoded(text: str) -> str:
    """Return a text in base64, in lines as mail has them."""
    coded = b64encode(text.encode()).decode()
    return "\n".join(coded[at : at + 76] for at in range(0, len(coded), 76))

"""Checks of the letter's bytes and headers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from syndicate.compose.lint.message import Message
from syndicate.compose.lint.model import Copy, Fault, Severity, Subject

CLIP_BYTES, NEAR_CLIP_BYTES = 100_000, 80_000
"""Gmail cuts a letter at about 102 kB of HTML."""
MOST_BYTES = 1_000_000
MOST_SUBJECT_CHARS = 70
_ONCE = ("From", "To", "Subject", "Date", "Message-ID", "MIME-Version")
_LIST_ID = re.compile(rb"[^<>]*<[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+>")
_ADDRESS = re.compile(r"[^\s@<>,;]+@[^\s@<>,;]+\.[^\s@<>,;]+")
_FREE_MAIL = frozenset({"gmail.com", "googlemail.com", "yahoo.com", "aol.com", "outlook.com", "hotmail.com", "gmx.de"})
_UNSETTLED = re.compile(rb"\r(?!\n)|(?<!\r)\n")
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_URI = re.compile(rb"<([^<>]*)>")
_OWN_FIELDS = re.compile(rb"^(To|Date|Message-ID):.*\r\n", re.MULTILINE | re.IGNORECASE)


def size(subject: Subject) -> Iterator[Fault]:
    """1: Gmail's limit, of the HTML and of its encoded part."""
    sizes = {"html": len(subject.email.html.encode("utf-8", "replace"))}
    for part in subject.message.parts if subject.message else ():
        if part.get_content_type() == "text/html":
            sizes["html part as encoded"] = len(str(part.get_payload()).encode("utf-8", "replace"))
    for where, count in sizes.items():
        if count >= NEAR_CLIP_BYTES:
            yield Fault(
                where,
                f"{count:,} bytes: Gmail cuts a letter at about 102,000, and hides what stands at its end",
                "lower the digest's cap, or shorten the excerpts",
                Severity.ERROR if count >= CLIP_BYTES else Severity.WARNING,
            )


def way_out_header(subject: Subject) -> Iterator[Fault]:
    """3: List-Unsubscribe and List-Unsubscribe-Post as RFC 8058 has them, in the bytes that leave."""
    message, facts = subject.message, subject.facts
    if message is None or not facts.is_for_readers or not facts.is_issue:
        return
    where, values = "header List-Unsubscribe", message.raw("List-Unsubscribe")
    if len(values) != 1:
        yield Fault(where, f"it stands there {len(values)} times", "set web.public_url or mail.unsubscribe_mailto")
        return
    uris = _URI.findall(values[0])
    if b"=?" in values[0] or not values[0].isascii() or not uris:
        yield Fault(where, "mail programs cannot read it: it is encoded", "keep its addresses in plain ASCII, unfolded")
        return
    pages = [uri for uri in uris if uri.startswith(b"https:")]
    posts = message.raw("List-Unsubscribe-Post")
    if not pages and posts:
        yield Fault(where, "one-click is promised, and no https address is there to post to", "set web.public_url")
    elif not pages:
        yield Fault(
            where,
            "no one-click: Gmail and Yahoo Mail ask it of whoever sends much",
            "set web.public_url and serve the readers' pages",
            Severity.WARNING,
        )
    elif len(pages) > 1 or posts != (b"List-Unsubscribe=One-Click",):
        yield Fault(
            "header List-Unsubscribe-Post",
            "one-click needs exactly one https address and List-Unsubscribe=One-Click (RFC 8058)",
            "leave both headers as they were compiled",
        )
    if facts.token_proves is False:
        yield Fault(where, "its token is not one that our pages accept", "see that the key file is this installation's")


def sender(subject: Subject) -> Iterator[Fault]:
    """6: From and Message-ID at the configured domain, a Reply-To that can be answered."""
    message, facts = subject.message, subject.facts
    if message is None:
        return
    domain = facts.sender.rpartition("@")[2].lower()
    for name in ("From", "Message-ID"):
        found = re.findall(r"@([^\s>@]+)>?", message.decoded(name))
        if {each.lower() for each in found[-1:]} != {domain}:
            yield Fault(f"header {name}", f"its domain is not {domain}: DMARC will not align", "mend mail.from")
    if domain in _FREE_MAIL:
        yield Fault(
            "header From",
            f"{domain} asks the world to refuse its mail from other relays",
            "send from a domain of your own",
            Severity.WARNING,
        )
    reply = message.decoded("Reply-To") or (facts.reply_to or "")
    address = reply.rpartition("<")[2].rstrip("> ")
    if reply and not _ADDRESS.fullmatch(address):
        yield Fault("header Reply-To", f'"{reply}" cannot be answered', "mend mail.reply_to")


def fields(subject: Subject) -> Iterator[Fault]:
    """7: each field once, a List-Id as RFC 2919 has it, Auto-Submitted."""
    message = subject.message
    if message is None:
        return
    for name in _ONCE:
        if (count := len(message.raw(name))) != 1:
            yield Fault(f"header {name}", f"it stands there {count} times (RFC 5322 §3.6)", "write it once")
    if message.raw("Auto-Submitted") != (b"auto-generated",):
        yield Fault("header Auto-Submitted", "vacation programs will answer", "write auto-generated (RFC 3834)")
    ids = message.raw("List-Id")
    if len(ids) > 1 or any(not _LIST_ID.fullmatch(each) or len(each) > 255 for each in ids):
        yield Fault("header List-Id", "it is no identifier in < > (RFC 2919)", "name the list with letters and digits")


def wire(subject: Subject) -> Iterator[Fault]:
    """8: lines of 998 octets at most, each ended by CRLF, no control characters in the head."""
    message = subject.message
    if message is None:
        return
    for number, line in enumerate(message.content.split(b"\n"), start=1):
        if len(line) > 998 and len(line.rstrip(b"\r")) > 998:
            yield Fault(f"message line {number}", "longer than 998 octets: relays refuse or cut it", "fold it")
    if found := _UNSETTLED.search(message.content):
        line_number = message.content.count(b"\n", 0, found.start()) + 1
        yield Fault(f"message line {line_number}", "a CR or LF stands alone (RFC 5322 §2.3)", "end lines with CRLF")
    for name, value in message.fields:
        if _CONTROL.search(value):
            yield Fault(f"header {name}", "it holds a control character", "take it out")


def subject_line(subject: Subject) -> Iterator[Fault]:
    """9: a subject that arrives as it was meant, and does not look like spam."""
    meant, message = subject.email.subject, subject.message
    if not meant.strip():
        yield Fault("subject", "it is empty", "mend the digest's subject in config.yaml")
        return
    if message is not None and message.decoded("Subject") != meant:
        yield Fault(
            "subject", f'it would arrive as "{message.decoded("Subject")}"', "shorten it, or use plainer letters"
        )
    for why, is_so in (
        (f"{len(meant)} characters: inboxes cut it", len(meant) > MOST_SUBJECT_CHARS),
        ("all capitals look like spam", len(re.findall(r"[^\W\d_]", meant)) > 8 and meant.isupper()),
        ("so many exclamation marks look like spam", "!!" in meant),
        ("it pretends to be an answer", re.match(r"(re|fwd?|aw|wg)\s*:", meant, re.IGNORECASE) is not None),
    ):
        if is_so:
            yield Fault("subject", why, "write the digest's subject anew", Severity.WARNING)


def parts(subject: Subject) -> Iterator[Fault]:
    """39: two parts and no more, and a letter that is no burden."""
    message = subject.message
    if message is None:
        return
    kinds = [part.get_content_type() for part in message.parts]
    if kinds != ["text/plain", "text/html"]:
        yield Fault("message", f"its parts are {', '.join(kinds)}", "send the text and the HTML part, nothing attached")
    if len(message.content) > MOST_BYTES:
        yield Fault("message", f"{len(message.content):,} bytes", "shorten it: slow phones fetch every byte")


def merge(subject: Subject) -> Iterator[Fault]:
    """40: two readers' letters differ in address, token, date and Message-ID, and in nothing else."""
    if len(subject.copies) < 2:
        return
    one, other, *_ = subject.copies
    for mine, theirs in ((one, other), (other, one)):
        if mine.address.encode() in theirs.content and not subject.is_quoted(mine.address):
            yield Fault("message", f"{mine.address} stands in the letter to {theirs.address}", "write no name by hand")
    if _shared(one, subject.messages[0]) != _shared(other, subject.messages[1]):
        yield Fault("message", "two readers' letters differ in more than address, token and date", "share the rest")


def _shared(copy: Copy, message: Message) -> tuple[bytes, ...]:
    """Return what of a letter should be every reader's: decoded, its token and own fields out."""
    bodies = [part.get_payload(decode=True) for part in message.parts]
    pieces = [_OWN_FIELDS.sub(b"", message.head + b"\r\n"), *(body for body in bodies if isinstance(body, bytes))]
    forms = [form.encode() for form in (copy.token, copy.token.replace("+", "%2B")) if form]
    for form in forms:
        pieces = [piece.replace(form, b"") for piece in pieces]
    return tuple(pieces)

"""Delivery reports (DSN, RFC 3464 and 6533), in the dialects that servers write them in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from syndicate.returns.finding import (
    ADDRESS,
    MOST_RECIPIENTS,
    Finding,
    addresses_in,
    is_automatic,
    is_from_server,
    is_report,
    one_line,
    original_of,
)
from syndicate.returns.loose import told_by_the_text
from syndicate.returns.mime import Part, header_block, leaves
from syndicate.returns.model import ReturnKind
from syndicate.returns.status import kind_of, refined_status

_STATUS_TYPES = ("message/delivery-status", "message/global-delivery-status")
_MOST_BLOCKS = 200
_WORST_FIRST = (ReturnKind.HARD, ReturnKind.POLICY, ReturnKind.SOFT, ReturnKind.DELAYED, ReturnKind.DELIVERED)
_ABOUT_A_READER = {"final-recipient", "original-recipient", "action", "status"}
_UTF8_CHAR = re.compile(r"\\x\{([0-9A-Fa-f]{2,6})\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Block:
    """What a report says of one recipient."""

    kind: ReturnKind
    action: str
    recipient: str | None
    status: str | None
    diagnostic: str | None


def read_report(message: Part) -> Finding | None:
    """Return what a delivery report says, or None where the message is none.

    Of several recipients those count to whom the worst happened. A report that a person forwards is none.
    """
    status_part = _status_part(message)
    if status_part is None:
        return None
    blocks = tuple(_blocks(message, status_part))
    if not blocks:
        return None
    original = original_of(message)
    if original is not None and is_report(original):
        return Finding(kind=ReturnKind.OTHER, why="a report about a report: no letter of ours came back")
    if status_part.is_cut:  # what came after may have been the words that tell why
        blocks = tuple(replace(block, kind=_in_doubt(block.kind)) for block in blocks)
    kind = next(each for each in _WORST_FIRST if any(block.kind is each for block in blocks))
    worst = [block for block in blocks if block.kind is kind]
    named = tuple(dict.fromkeys(block.recipient for block in worst if block.recipient))[:MOST_RECIPIENTS]
    return Finding(
        kind=kind,
        why=_why(worst[0]),
        recipients=named or _named_elsewhere(message),
        status=worst[0].status,
        diagnostic=one_line(worst[0].diagnostic),
        original=original,
    )


def _in_doubt(kind: ReturnKind) -> ReturnKind:
    return ReturnKind.SOFT if kind is ReturnKind.HARD else kind


def _status_part(message: Part) -> Part | None:
    """Return the part for machines, where a report stands at the top or a server's mail has it right under the top."""
    if message.type == "multipart/report":
        return next((leaf for leaf in leaves(message) if leaf.type in _STATUS_TYPES), None)
    if is_from_server(message) or is_automatic(message):
        return next((part for part in (message, *message.parts) if part.type in _STATUS_TYPES), None)
    return None


def _blocks(message: Part, status_part: Part) -> Iterator[_Block]:
    for block in re.split(rb"\n[ \t]*\n", status_part.body)[:_MOST_BLOCKS]:
        fields = dict(reversed(header_block(block.strip(b"\n"))))
        if _ABOUT_A_READER & fields.keys():
            yield _block(fields, message)


def _block(fields: dict[str, str], message: Part) -> _Block:
    action = (re.findall(r"[a-z]+", fields.get("action", "").lower()) or [""])[0]
    diagnostic = _typed(fields.get("diagnostic-code", ""))[1] or None
    given = fields.get("status")
    status = refined_status(given, diagnostic or "")
    if diagnostic is None and (status is None or status.endswith(".0.0")):
        diagnostic = told_by_the_text(message)
        status = refined_status(given, diagnostic or "")
    return _Block(
        kind=_kind(action, status, diagnostic),
        action=action or "no action told",
        recipient=_recipient(fields),
        status=status,
        diagnostic=diagnostic,
    )


def _kind(action: str, status: str | None, diagnostic: str | None) -> ReturnKind:
    if action.startswith("delay"):
        return ReturnKind.DELAYED
    if action.startswith(("deliver", "relay", "expand")):
        return ReturnKind.DELIVERED
    kind = kind_of(status, diagnostic)
    return ReturnKind.SOFT if kind is ReturnKind.DELIVERED and action else kind


def _recipient(fields: dict[str, str]) -> str | None:
    """Return whom a block is about: the address we wrote to where the report tells it, else the one it ended at."""
    for name in ("original-recipient", "final-recipient", "x-actual-recipient"):
        address = _UTF8_CHAR.sub(_utf8_char, _typed(fields.get(name, ""))[1])
        found = ADDRESS.search(address)
        if found:
            return found[0]
    return None


def _typed(value: str) -> tuple[str, str]:
    """Return the type and the rest of a field such as `rfc822; ada@readers.example`; no type where none is told."""
    kind, semicolon, rest = value.partition(";")
    if semicolon and re.fullmatch(r"[\w.+-]{1,40}", kind.strip()):
        return kind.strip().lower(), rest.strip()
    return "", value.strip()


def _utf8_char(match: re.Match[str]) -> str:
    number = int(match[1], 16)
    return "" if number > 0x10FFFF or 0xD800 <= number <= 0xDFFF else chr(number)


def _named_elsewhere(message: Part) -> tuple[str, ...]:
    return addresses_in(message.headers_of("x-failed-recipients"))


def _why(block: _Block) -> str:
    by_words = block.status and block.kind is not kind_of(block.status, None) and block.action.startswith("fail")
    return f"delivery report: {block.action}, {block.status or 'no status'}" + (
        " and the server's words" * bool(by_words)
    )

"""Bounces that follow no standard: what a server wrote for people to read.

Only a server is believed here. The same words in a person's mail are a quotation.
"""

from __future__ import annotations

import html
import re

from syndicate.returns.detectors import detect
from syndicate.returns.finding import (
    Finding,
    addresses_in,
    has_null_return_path,
    is_automatic,
    is_from_server,
    is_report,
    one_line,
    original_of,
)
from syndicate.returns.mime import Part, decoded, leaves, read_message, text_of
from syndicate.returns.model import ReturnKind
from syndicate.returns.phrases import DELAYED, FAILED, FORWARDED_OR_ANSWERED, ORIGINAL_BEGINS
from syndicate.returns.status import MOST_CHARS, kind_of, refined_status, reply_code, status_in
from syndicate.returns.words import GONE, NOT_FROM_YOU, NOT_NOW, fold

MOST_TEXT_CHARS = 16_000
_TAG = re.compile(r"<(?![^<>]{0,300}@)[^<>]{0,2000}>")
_STYLE = re.compile(r"<(style|script|head)\b.*?(?:</\1>|\Z)", re.IGNORECASE | re.DOTALL)
_QUOTED = re.compile(r"^[ \t]*>(?!>> ).*$", re.MULTILINE)
_LEADING_ADDRESS = re.compile(r"^[<(]?\S+@\S+?[>)]?:? ")
_OURS = ("to", "from", "delivered-to", "x-original-to", "reply-to", "sender", "return-path")
_NOBODY = re.compile(
    r"^(?:post-?master|mailer-?daemon|abuse|support|help(?:desk)?|no-?reply|hostmaster|admin|info)@", re.I
)


def read_loose(message: Part) -> Finding | None:
    """Return what a server's mail in its own format says, or None where the message is no bounce."""
    by_server = is_from_server(message)
    failed_header = tuple(message.headers_of("x-failed-recipients"))
    if not (by_server or failed_header or is_automatic(message) or has_null_return_path(message)):
        return None
    subject, (own, rest) = fold(decoded(message.header("subject"))), _own_text(message)
    said = fold(own)
    if FORWARDED_OR_ANSWERED.match(subject) and not by_server:
        return None
    delayed, failed = detect(message, own)
    says_so = FAILED.search(subject) or DELAYED.search(subject) or (by_server and FAILED.search(said))
    if not (delayed or failed or failed_header or says_so):
        return None
    original = original_of(message) or _original_in(rest)
    if original is not None and is_report(original):
        return Finding(kind=ReturnKind.OTHER, why="a bounce of a bounce: no letter of ours came back")
    words = _server_words(own)
    status = refined_status(None, words or "")
    is_delay = bool(delayed or DELAYED.search(subject) or DELAYED.search(said)) and not (failed or failed_header)
    return Finding(
        kind=ReturnKind.DELAYED if is_delay else _kind(status, words),
        why=_why(delayed or failed, failed_header, is_delay, status),
        recipients=addresses_in(failed_header) or failed or delayed or _named_in(message, own),
        status=status,
        diagnostic=one_line(words),
        original=original,
    )


def told_by_the_text(message: Part) -> str | None:
    """Return the server's words in the part of a report that is for people, or None."""
    return _server_words(_own_text(message)[0])


def _kind(status: str | None, words: str | None) -> ReturnKind:
    kind = kind_of(status, words)
    return ReturnKind.SOFT if kind is ReturnKind.DELIVERED else kind


def _own_text(message: Part) -> tuple[str, str]:
    """Return what a message says itself, without quoted lines, and what it returns of the original in its text."""
    texts = [leaf for leaf in leaves(message) if leaf.type.startswith("text/") and not leaf.parts]
    plain = [leaf for leaf in texts if leaf.type != "text/html"]
    if plain:
        whole = "\n".join(text_of(leaf) for leaf in plain[:3])
    else:
        whole = "\n".join(_without_tags(text_of(leaf)) for leaf in texts[:1])
    match = ORIGINAL_BEGINS.search(whole, 0, MOST_TEXT_CHARS)
    own, rest = (whole[: match.start()], whole[match.end() :]) if match else (whole[:MOST_TEXT_CHARS], "")
    return _QUOTED.sub("", own), rest


def _without_tags(text: str) -> str:
    broken = re.sub(r"<(?:br|/p|/div|/tr|/li|/h\d)\b[^<>]{0,200}>", "\n", _STYLE.sub(" ", text[:100_000]), flags=re.I)
    return html.unescape(_TAG.sub(" ", broken))


def _original_in(rest: str) -> Part | None:
    """Return the original whose headers stand in the text of a bounce, or None where none are there."""
    original = read_message(rest.lstrip("\n ").encode("utf-8", "replace"))
    return original if len(original.headers) > 1 else None


def _server_words(own: str) -> str | None:
    """Return the paragraph in which the server speaks: with a code in it, else with words that we know."""
    paragraphs = [" ".join(each[:MOST_CHARS].split()) for each in re.split(r"\n[ \t]*\n", own)[:100]]
    coded = (each for each in paragraphs if reply_code(each) or status_in(each))
    known = (each for each in paragraphs if any(words.search(fold(each)) for words in (GONE, NOT_NOW, NOT_FROM_YOU)))
    found = next(coded, None) or next(known, None)
    return _LEADING_ADDRESS.sub("", found) if found else None


def _named_in(message: Part, own: str) -> tuple[str, ...]:
    """Return the addresses in a server's text that are neither ours nor its own."""
    ours = {address.lower() for address in addresses_in(message.headers_of(*_OURS))}
    return tuple(each for each in addresses_in([own]) if each.lower() not in ours and not _NOBODY.match(each))


def _why(detected: tuple[str, ...], failed_header: tuple[str, ...], is_delay: bool, status: str | None) -> str:
    by = "a format we know" if detected else "X-Failed-Recipients" if failed_header else "the server's text"
    return f"a {'delay' if is_delay else 'bounce'} that follows no standard, by {by}; {status or 'no status'}"

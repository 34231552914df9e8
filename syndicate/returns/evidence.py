"""Evidence for whom: our own tokens in a message and in the letter that it returns. Candidates; the keys prove them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from urllib.parse import unquote

from syndicate.audience.tokens import Purpose, read_verp_token, read_web_token
from syndicate.returns.mime import Part, decoded

MOST_TOKENS, MOST_MESSAGE_IDS = 10, 20

_SENT_TO = (
    "delivered-to",
    "x-original-to",
    "envelope-to",
    "x-envelope-to",
    "x-delivered-to",
    "to",
    "original-recipient",
    "apparently-to",
    "x-rcpt-to",
    "x-forwarded-to",
    "x-forwarded-for",
    "resent-to",
    "cc",
    "received",
)
"""Where servers write down to whom a message went; `Received: … for <address>` among them."""
_SENT_FROM = ("return-path", "x-envelope-from", "x-original-return-path", "sender", "errors-to")
_LOCAL_PART = re.compile(r"(?<![A-Za-z0-9])[A-Za-z2-7]{20,33}(?![A-Za-z0-9])(?=[^\s@<>,;]{0,64}@)")
_WEB_TOKEN = re.compile(
    r"(?<![\w.-])[a-z2-7]{4}\.[a-z2-7]{1,13}\.[a-z0-9+ -]{0,2000}\.(?:[a-z2-7]{1,13}|-)\.[\w-]{43}(?![\w-])"
)
_MESSAGE_ID = re.compile(r"<[^<>\s@]{1,250}@[^<>\s]{1,250}>")


def verp_tokens(message: Part, original: Part | None, told: Iterable[str] = ()) -> tuple[str, ...]:
    """Return what may be the token of a return path: where the message went, then what the original's was."""
    values = [*message.headers_of(*_SENT_TO), *told, *(original.headers_of(*_SENT_FROM) if original else ())]
    found = (match[0].lower() for value in values for match in _LOCAL_PART.finditer(value))
    return _first(MOST_TOKENS, (each for each in found if read_verp_token(each)))


def web_tokens(original: Part | None) -> tuple[str, ...]:
    """Return what may be a reader's token: from the way out that the original's List-Unsubscribe names."""
    if original is None:
        return ()
    values = [decoded(value) for value in original.headers_of("list-unsubscribe")]
    return web_tokens_in(unquote(re.sub(r"\s+", "", value)).replace("?subject=unsubscribe", " ") for value in values)


def web_tokens_in(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the readers' tokens in some texts. A blank in one is a + that a mail program took for a blank."""
    found = (match[0].replace(" ", "+") for text in texts for match in _WEB_TOKEN.finditer(text))
    return _first(MOST_TOKENS, (each for each in found if read_web_token(Purpose.READER, each)))


def message_ids(message: Part, original: Part | None) -> tuple[str, ...]:
    """Return the Message-IDs of what the message is about: the original's own, then those that it answers."""
    values = [
        *(original.headers_of("message-id") if original else ()),
        *message.headers_of("x-original-message-id", "in-reply-to", "references"),
    ]
    found = (match[0] for value in values for match in _MESSAGE_ID.finditer(value))
    return _first(MOST_MESSAGE_IDS, (each for each in found if each.isprintable()))


def _first(most: int, found: Iterator[str]) -> tuple[str, ...]:
    return tuple(islice(dict.fromkeys(islice(found, 100 * most)), most))

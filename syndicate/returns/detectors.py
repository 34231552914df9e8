"""flufl.bounce behind one typed door: the formats of mail servers of thirty years, which follow no standard."""

from __future__ import annotations

import logging
from email.message import Message
from typing import Any

from flufl.bounce import all_failures

from syndicate.returns.mime import Part

_LIBRARY_LOG = logging.getLogger("flufl.bounce")
_LIBRARY_LOG.addHandler(logging.NullHandler())
_LIBRARY_LOG.propagate = False

_HEADERS = ("from", "to", "subject", "x-mailer", "x-failed-recipients", "return-path")
_MOST_LINE_CHARS, _MOST_LINES = 300, 200


def detect(message: Part, text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the addresses that the library finds delayed, and those it finds failed, each sorted.

    It sees a message's headers and the text before the original, in lines of a bounded length: its patterns take
    time that grows with the square of a line. What makes it stumble, it has not found.
    """
    try:
        delayed, failed = all_failures(_for_the_library(message, text))
    except Exception:  # noqa: BLE001 (written by anybody, for a library that promises nothing about its errors)
        return (), ()
    return _plain(delayed), _plain(failed)


def _for_the_library(message: Part, text: str) -> Message:
    built, inner = Message(), Message()
    for name in _HEADERS:
        for value in message.headers_of(name):
            built[name] = value.encode("ascii", "replace").decode("ascii")[:1000]
    lines = [line[:_MOST_LINE_CHARS] for line in text.splitlines()[:_MOST_LINES]]
    inner["Content-Type"] = "text/plain; charset=utf-8"
    inner.set_payload("\n".join(lines))
    if message.type.startswith("multipart/"):
        last = Message()
        last["Content-Type"] = "text/rfc822-headers"
        last.set_payload("")
        built["Content-Type"] = message.type
        built.set_payload([inner, last])
        return built
    built["Content-Type"] = "text/plain; charset=utf-8"
    built.set_payload(inner.get_payload())
    return built


def _plain(found: Any) -> tuple[str, ...]:
    return tuple(sorted(each.decode("ascii", "replace") for each in found if isinstance(each, bytes)))

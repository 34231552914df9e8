"""What feedparser is made to do: read by a buffering expat, and not to search long author lines for addresses.

feedparser names two seams, and this module fills both: PREFERRED_XML_PARSERS (a module with `create_parser`), and its
mixin's author line, which is the only one of its searches whose time grows with the square of what a feed sends.
"""

from __future__ import annotations

from typing import Any
from xml.sax import expatreader

import feedparser
import feedparser.mixin

MAX_AUTHOR_CHARS = 300


class BufferedExpat(expatreader.ExpatParser):
    """Expat that hands over text in as few pieces as it can.

    Python's own driver hands over an escaped post in a piece per entity, some 1,700 pieces; joined first, parsing
    a feed takes less than half the time.
    """

    def reset(self) -> None:
        """Begin a new document."""
        super().reset()
        self._parser.buffer_text = True  # type: ignore[attr-defined]


def create_parser() -> BufferedExpat:
    """Return a parser; the name is the one that `xml.sax.make_parser` looks for."""
    return BufferedExpat()


_mixin: Any = feedparser.mixin._FeedParserMixin
_split_author_line = _mixin._sync_author_detail


def _split_short_author_line(self: Any, key: str = "author") -> None:
    context = self._get_context()
    line = dict.get(context, key)
    if isinstance(line, str) and len(line) > MAX_AUTHOR_CHARS:
        context[key] = line[:MAX_AUTHOR_CHARS]
    _split_author_line(self, key)


def prepare_feedparser() -> None:
    """Make feedparser use the above; doing it twice changes nothing."""
    feedparser.api.PREFERRED_XML_PARSERS[:] = [__name__]
    _mixin._sync_author_detail = _split_short_author_line

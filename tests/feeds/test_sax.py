"""What feedparser is made to do; these tests notice when another version of it no longer does."""

from __future__ import annotations

import io
from xml.sax.handler import ContentHandler

import feedparser

import syndicate.feeds.parse  # noqa: F401 - prepares feedparser
from syndicate.feeds.sax import MAX_AUTHOR_CHARS, create_parser


class Pieces(ContentHandler):
    """Keeps the pieces that text comes in."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []

    def characters(self, content: str) -> None:
        self.pieces.append(content)


def test_escaped_text_comes_in_one_piece() -> None:
    parser, seen = create_parser(), Pieces()
    parser.setContentHandler(seen)
    parser.parse(io.BytesIO(b"<a>" + b"&lt;p&gt;words&lt;/p&gt;\n" * 100 + b"</a>"))
    assert seen.pieces == ["<p>words</p>\n" * 100]


def test_feedparser_reads_with_the_parser_that_it_was_given() -> None:
    assert feedparser.api.PREFERRED_XML_PARSERS == ["syndicate.feeds.sax"]


def test_feedparser_searches_no_long_author_line_for_an_address() -> None:
    line = "x" * 5000
    document = f"<rss version='2.0'><channel><item><author>{line}</author></item></channel></rss>".encode()
    assert len(feedparser.parse(io.BytesIO(document)).entries[0]["author"]) == MAX_AUTHOR_CHARS

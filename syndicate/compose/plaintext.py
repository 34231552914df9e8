"""The world's text made safe for a status: nothing in it becomes a mention, a hashtag or a link."""

from __future__ import annotations

import re
import unicodedata

WORD_JOINER = "\u2060"
"""Stands after an "@" or "#" of somebody else's text. It has no width and allows no line break, so the text
reads, and is read aloud, as it was; but no server takes what follows for a name or a tag."""
_SIGN = re.compile(r"([@＠#＃])(?=[^\W\d]|\d|_)")
_URL = re.compile(r"\b[a-z][a-z0-9+.-]{0,20}://(?:[^\s/?#@]*@)?([^\s/?#]+)[^\s]*", re.I)
_END_OF_URL = re.compile(r"""[.,;:!?)\]}"'”’»…]+$""")


def clean(text: str) -> str:
    """Return a text in one line in which nothing links, mentions or tags.

    "see https://far.example/a/b." → "see far.example.": a second link would take the preview card from ours.
    """
    return _SIGN.sub(rf"\1{WORD_JOINER}", _URL.sub(_host, plain(text)))


def plain(text: str) -> str:
    """Return a text in one line, composed (NFC), without control characters and overrides of direction."""
    kept = (character if character.isprintable() or _joins(character) else " " for character in text)
    return unicodedata.normalize("NFC", " ".join("".join(kept).split()))


def _joins(character: str) -> bool:
    """Return whether an unprintable character shapes the letters around it, or their direction."""
    return character in "\u200c\u200d\u200e\u200f\u2060\u00ad" or "\U000e0020" <= character <= "\U000e007f"


def _host(url: re.Match[str]) -> str:
    """Return the host of a URL, and the punctuation that stood behind it."""
    tail = _END_OF_URL.search(url[0])
    return _END_OF_URL.sub("", url[1]) + (tail[0] if tail else "")

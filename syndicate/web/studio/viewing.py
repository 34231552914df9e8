"""A letter → what the preview's frame shows: for the eye only, never what is sent.

A frame cannot ask for dark colours, for they follow the reader's system; and pictures must show without a network.
So the frame gets the letter with its dark rules decided and its pictures taken from here. Pure functions.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Collection, Iterator, Sequence

_STYLE = re.compile(r"(?P<open><style\b[^>]*>)(?P<css>.*?)(?P<close></style\s*>)", re.IGNORECASE | re.DOTALL)
_SCHEME = re.compile(r"\(\s*prefers-color-scheme\s*:\s*(?P<scheme>dark|light)\s*\)", re.IGNORECASE)
_SOURCE = re.compile(
    r"(?P<head>\s)(?P<name>src|background)(?P<is>\s*=\s*)(?P<quote>[\"'])(?P<url>https?://.*?)(?P=quote)", re.IGNORECASE
)
_HEAD = re.compile(r"<head\b[^>]*>", re.IGNORECASE)
_TAG = re.compile(r"<[a-z][a-z0-9]*(?=[\s/>])", re.IGNORECASE)
_OUTLINE = "[data-found] { outline: 3px dashed #d6336c !important; outline-offset: 2px !important; }"


def as_viewed(letter: str, *, dark: bool, address: Callable[[str], str] | None, marked: Collection[int] = ()) -> str:
    """Return the letter as the frame shows it, in dark or light whatever the system says.

    `address` gives where a picture is shown from; None leaves every picture out, so that its alt text shows.
    `marked` are lines of which a finding speaks: the first element of each is outlined, and the first of all is
    `#found`.
    """
    letter = _marked(letter, sorted(marked)) if marked else letter
    shown = _STYLE.sub(lambda style: f"{style['open']}{_decided(style['css'], dark)}{style['close']}", letter)
    shown = _SOURCE.sub(lambda source: _sourced(source, address), shown)
    scheme = "dark" if dark else "light"
    # Links open beside the preview; the frame itself may not go anywhere.
    outline = _OUTLINE if marked else ""
    head = f'<base target="_blank"><style>:root {{ color-scheme: {scheme} !important; }}{outline}</style>'
    return _HEAD.sub(lambda found: found[0] + head, shown, count=1)


def pictures_of(letter: str) -> Iterator[str]:
    """Yield the address of each picture that a letter shows, in order."""
    return (html.unescape(source["url"]) for source in _SOURCE.finditer(letter))


def _marked(letter: str, lines: Sequence[int]) -> str:
    """Return the letter with the first element of each of these lines marked; a line without one stays as it is."""
    written = letter.split("\n")
    name = ' id="found"'
    for number in lines:
        if 0 < number <= len(written) and _TAG.search(written[number - 1]):
            written[number - 1] = _TAG.sub(rf"\g<0>{name} data-found", written[number - 1], count=1)
            name = ""
    return "\n".join(written)


def _decided(css: str, dark: bool) -> str:
    """Return the rules with the question for the reader's colours answered: a condition that holds, or none."""
    wanted = "dark" if dark else "light"
    return _SCHEME.sub(lambda asked: f"({'min' if asked['scheme'].lower() == wanted else 'max'}-width: 0)", css)


def _sourced(source: re.Match[str], address: Callable[[str], str] | None) -> str:
    if address is None:
        return source["head"]
    shown = html.escape(address(html.unescape(source["url"])))
    return f"{source['head']}{source['name']}{source['is']}{source['quote']}{shown}{source['quote']}"

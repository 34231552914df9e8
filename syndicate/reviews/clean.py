"""Hostile HTML → HTML that holds nothing but text, structure and pictures.

Two parsers, in this order. libxml2 comes first because it is linear where the HTML standard is not: unclosed
formatting elements reopened in each paragraph (300 KB → 20 million characters) and deep nesting (100,000
`<div>` in 18 s) cost nh3 what they do not cost libxml2, which cuts at a depth of some 2,000. nh3 comes last, because it
parses as browsers do: what it lets through is what a browser would see.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NewType

import nh3
from lxml import etree

from syndicate.feeds.model import RawHtml
from syndicate.reviews.words import word_set

CleanHtml = NewType("CleanHtml", str)
"""HTML without scripts, styles, frames, handlers, or addresses other than http, https, mailto and relative ones."""

MAX_CHARS = 300_000
"""What is read of one entry: thirty times a long review."""

_TAGS = word_set(
    "a abbr b blockquote br caption center cite code dd div dl dt em figcaption figure font h1 h2 h3 h4 h5 h6 hr i "
    "img li meta ol p pre q s section article header footer small span strike strong sub sup table tbody td tfoot "
    "th thead tr u ul"
)
_EVERYWHERE = frozenset({"class", "itemprop", "itemtype"})
_LAZY = frozenset({"data-src", "data-srcset", "data-original", "data-lazy-src", "data-lazy-srcset", "data-image"})
_ATTRIBUTES: dict[str, set[str]] = {
    "*": set(_EVERYWHERE),
    "a": {"href", "name", "rel"},
    "abbr": {"title"},
    "img": {"src", "srcset", "alt", "width", "height", *_LAZY},
    "meta": {"content"},
    "span": {"content", "title"},
    "div": {"content"},
}
_DROPPED_WHOLE = {
    "script", "style", "noscript", "iframe", "object", "embed", "svg", "math", "form", "select", "textarea",
    "template", "title", "xmp", "noembed", "noframes", "video", "audio", "canvas", "button",
}  # fmt: skip
_CLEANER = nh3.Cleaner(
    tags=set(_TAGS),
    clean_content_tags=_DROPPED_WHOLE,
    attributes=_ATTRIBUTES,
    url_schemes={"http", "https", "mailto"},
    strip_comments=True,
    link_rel=None,
)
_NOT_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff\ud800-\udfff]")
_MORE = re.compile(r"\s*more\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleaned:
    """An entry's body made safe, and the data in it that is not to be shown."""

    html: CleanHtml
    linked_data: tuple[str, ...] = ()
    """The text of each `<script type="application/ld+json">`."""
    frames: tuple[str, ...] = ()
    """The address of each frame, as written: a video gives its still."""


def clean_html(raw: RawHtml) -> Cleaned:
    """Return the body made safe; whatever it holds, within a second.

    Markers of a jump break in a comment or a WordPress span come back as `<a name="more">`, Blogger's own.
    """
    root = parse_html(_NOT_TEXT.sub(" ", raw[:MAX_CHARS]))
    if root is None:
        return Cleaned(html=CleanHtml(""))
    linked_data, frames = _collect(root)
    tamed = etree.tostring(root, method="html", encoding="unicode")
    return Cleaned(html=CleanHtml(_CLEANER.clean(tamed)), linked_data=linked_data, frames=frames)


def parse_html(html: str) -> etree._Element | None:
    """Return the document's root, or None where it holds nothing."""
    if not html.strip():
        return None
    root: etree._Element | None = etree.HTML(html, parser=etree.HTMLParser(huge_tree=True, remove_pis=True))
    return root


def _collect(root: etree._Element) -> tuple[tuple[str, ...], tuple[str, ...]]:
    linked_data: list[str] = []
    frames: list[str] = []
    for element in list(root.iter()):
        if isinstance(element, etree._Comment):
            _mark_break(element)
        elif element.tag == "script" and "ld+json" in (element.get("type") or ""):
            linked_data.append(element.text or "")
        elif element.tag == "iframe":
            frames.append(element.get("src") or element.get("data-src") or "")
        elif element.tag == "span" and (element.get("id") or "").startswith("more-"):
            element.tag = "a"
            element.set("name", "more")
    return tuple(linked_data), tuple(frames)


def _mark_break(comment: etree._Element) -> None:
    parent = comment.getparent()
    if parent is None or not _MORE.match(comment.text or ""):
        return
    mark = etree.Element("a", name="more")
    mark.tail = comment.tail
    parent.replace(comment, mark)

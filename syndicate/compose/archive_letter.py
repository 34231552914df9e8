"""A frozen letter → a page for everybody: the letter's own HTML, with nothing in it that is for one reader.

What stands between the letter's fences for our own readers says why *they* get it and how *they* leave: on a page only
the place of the first way out of each fenced part stays, and leads to the public page for joining. A way out anywhere
else becomes a link to that page too, or goes. Comments go (browsers need none of Outlook's), and so does the hidden
line that mail programs show beside the subject: the page says it in its description.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import Any

from lxml import etree
from lxml import html as lxml_html

from syndicate.compose.letter import END, POSTING, READERS, RESERVED

_BAR = f"{RESERVED}bar"
_MARK = re.compile(rf"{RESERVED}(?:way\d+end|[a-z0-9]*)", re.IGNORECASE)
_HIDDEN = re.compile(r"display\s*:\s*none", re.IGNORECASE)
PAGE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src https: http: data:; form-action 'none'; base-uri 'none'"
)
"""A letter's styles stand in its elements and its pictures at the site; nothing else is loaded, and no script runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageParts:
    """What a page has that its letter has not."""

    title: str
    description: str
    language: str
    canonical: str
    feed: str
    """A link to the archive's feed."""
    bar: str
    """HTML that stands above the letter."""
    subscribe: str | None
    """The public page for joining."""
    subscribe_words: str


def public_page(letter: str, parts: PageParts) -> str:
    """Return a letter's HTML as a page that anybody may read. No token, mark or fence of ours is left in it."""
    root: Any = lxml_html.document_fromstring(letter)
    for fence in [each for each in root.iter(etree.Comment) if _is_fence(each, READERS)]:
        _open_part(_fenced(fence), parts)
    for fence in [each for each in root.iter(etree.Comment) if _is_fence(each, POSTING)]:
        for each in _fenced(fence):
            each.drop_tree()
    for way in _ways(root):
        _replace(way, parts)
    _drop_hidden(root, parts.description)
    for comment in list(root.iter(etree.Comment, etree.ProcessingInstruction)):
        _drop(comment)
    _set_head(root, parts)
    _frame_body(root)
    page = lxml_html.tostring(root, encoding="unicode", doctype="<!DOCTYPE html>")
    before, _, after = _MARK.sub(lambda mark: mark[0] if mark[0] == _BAR else "", page).partition(f"<!--{_BAR}-->")
    return f"{before}{parts.bar}{after}\n"


def _is_fence(comment: Any, fence: str) -> bool:
    return f"<!--{comment.text}-->" == fence


def _fenced(fence: Any) -> list[Any]:
    """Return the elements between a fence and its end. Empty where a template closes it within another element."""
    found: list[Any] = []
    for each in fence.itersiblings():
        if each.tag is etree.Comment and _is_fence(each, END):
            return found
        if isinstance(each.tag, str):
            found.append(each)
    return []


def _open_part(elements: list[Any], parts: PageParts) -> None:
    """Keep the element with the first way out, which becomes the way in; the others speak to a reader."""
    kept = next((each for each in elements if parts.subscribe and _ways(each)), None)
    for each in elements:
        if each is kept:
            first, *others = _ways(each)
            _replace(first, parts)
            for other in others:
                other.drop_tree()
        elif each.tag in ("td", "th"):
            each.clear()  # a row keeps its cells, or else the others move
        else:
            each.drop_tree()


def _ways(root: Any) -> list[Any]:
    return [each for each in root.iter("a") if _MARK.search(each.get("href", ""))]


def _replace(way: Any, parts: PageParts) -> None:
    """Let a way out lead to the page for joining, under its words; without such a page it goes."""
    if parts.subscribe is None:
        way.drop_tree()
        return
    for child in list(way):
        child.drop_tree()
    way.set("href", parts.subscribe)
    way.text = parts.subscribe_words


def _drop_hidden(root: Any, preheader: str) -> None:
    """Take out the preheader where it stands hidden: copied or read aloud it would be there twice."""
    words = " ".join(preheader.split())
    for each in list(root.iter("div", "span", "p", "td")):
        said = " ".join(each.text_content().split())
        if words and _HIDDEN.search(each.get("style", "")) and said.startswith(words):
            each.drop_tree()


def _drop(node: Any) -> None:
    """Take out a comment and keep the text behind it."""
    parent, before = node.getparent(), node.getprevious()
    if parent is None:
        return
    if node.tail and before is not None:
        before.tail = (before.tail or "") + node.tail
    elif node.tail:
        parent.text = (parent.text or "") + node.tail
    parent.remove(node)


def _set_head(root: Any, parts: PageParts) -> None:
    """Say in the head what the page is: a template of the editor's may have said some of it, or nothing."""
    root.set("lang", root.get("lang") or parts.language)
    head = root.find("head")
    if head is None:
        head = etree.Element("head")
        root.insert(0, head)
    for old in _superseded(head):
        old.drop_tree()
    fresh = "".join(_head_lines(parts))
    for at, element in enumerate(lxml_html.fragments_fromstring(f"<div>{fresh}</div>")[0]):
        element.tail = "\n"
        head.insert(at, element)


def _superseded(head: Any) -> Iterator[Any]:
    for each in list(head):
        is_ours = each.tag == "meta" and (each.get("name", "").lower() == "description" or each.get("charset"))
        is_policy = each.tag == "meta" and each.get("http-equiv")
        is_canonical = each.tag == "link" and each.get("rel", "").lower() == "canonical"
        if each.tag == "title" or is_ours or is_policy or is_canonical:
            yield each


def _head_lines(parts: PageParts) -> Iterator[str]:
    yield '<meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{escape(PAGE_POLICY)}">'
    yield f"<title>{escape(parts.title)}</title>"
    yield f'<meta name="description" content="{escape(parts.description)}">'
    yield f'<link rel="canonical" href="{escape(parts.canonical)}">'
    yield f'<link rel="alternate" type="application/atom+xml" href="{escape(parts.feed)}">'
    yield '<link rel="icon" href="data:,">'


def _frame_body(root: Any) -> None:
    """Put the letter into the page's main part, and the bar's place above it."""
    body = root.find("body")
    main = etree.Element("main")
    main.text, body.text = body.text, None
    main.extend(list(body))
    body.append(etree.Comment(_BAR))
    body.append(main)

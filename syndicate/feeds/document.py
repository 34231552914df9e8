"""The checks that a document passes before a feed parser sees it: is it a feed, is it whole, is it safe?

What is refused raises FeedError. What can be read past (a bare ampersand, crossed tags) becomes a warning.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urljoin
from xml.parsers import expat

from syndicate.errors import FeedError
from syndicate.feeds.text import mend

MAX_DEPTH = 200
"""Elements within elements. Posts with inline XHTML reach 40; attacks use 100,000."""

MAX_ATTRIBUTES = 200
MAX_HEAD_LABELS = 5_000
"""Blogger lists every label of a blog in the head of its feed."""
MAX_ENTRY_LABELS = 500
MAX_ILL_FORMED_CHARS = 3_000_000
MAX_ILL_FORMED_LABELS = 5_000

_ROOTS = frozenset({"rss", "feed", "rdf", "channel"})
_PROLOG = re.compile(r"(?:\s+|<\?.*?\?>|<!--.*?-->)*", re.S)
_FIRST_TAG = re.compile(r"<(?:[A-Za-z_][\w.-]*:)?([A-Za-z_][\w.-]*)")
_DECLARATION = re.compile(r"<\?xml\s")
_START = re.compile(r"<\?xml|<!DOCTYPE|<rss\b|<feed\b|<rdf:RDF\b|<html\b", re.I)
_ENTITY = re.compile(r"<!ENTITY", re.I)
_DOCTYPE = re.compile(r"<!DOCTYPE\b[^\[>]*\[", re.I)
_LABEL = re.compile(r"<(?:[\w.-]+:)?(?:category|subject|keywords|tags)\b", re.I)
_ENTRY = re.compile(r"<(?:\w+:)?(?:item|entry)\b", re.I)
_ADVERTISED = re.compile(r"<link\b[^>]{0,300}\btype\s?=\s?[\"']?application/(?:rss|atom)\+xml[^>]{0,500}>", re.I)
_HREF = re.compile(r"""\bhref\s*=\s*(?:"([^"]+)"|'([^']+)')""", re.I)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """XML that may be given to the feed parser."""

    text: str
    warnings: tuple[str, ...] = ()


def check_document(text: str, url: str) -> Document:
    """Return the document to parse; FeedError where it is a web page, no feed, dangerous or truncated."""
    text, warnings = _from_its_start(text)
    _refuse_entities(text, url)
    _refuse_other_roots(_root_of(text), text, url)
    if fault := _fault_of(text, url):
        _refuse_truncated(text, url)
        _refuse_what_is_slow(text, url)
        text = mend(text)
        warnings = (*warnings, f"the XML is ill-formed: {fault}")
        _fault_of(text, url)
    return Document(text=text, warnings=warnings)


def _from_its_start(text: str) -> tuple[str, tuple[str, ...]]:
    """Return the text from its first tag on; some servers print blanks or their own complaints before it."""
    text = text.lstrip("\ufeff \t\r\n\0")
    if text.startswith(("<?", "<!")) or _START.match(text):
        return text, ()
    start = (_DECLARATION if text.startswith("<") else _START).search(text[:4000])
    if not start:
        return text, ()
    return text[start.start() :], ("there was something before the beginning of the XML",)


def _refuse_entities(text: str, url: str) -> None:
    """Entities declared by a document can stand for gigabytes, or for a file: no feed needs them."""
    prolog = _PROLOG.match(text)
    after = prolog.end() if prolog else 0
    internal_subset = _DOCTYPE.match(text, after)
    first_tag = re.search(r"<\w", text)
    head = text[: first_tag.start()] if first_tag else text
    if (internal_subset and _ENTITY.search(text)) or _ENTITY.search(head):
        _refuse_dangerous("declares XML entities in a DTD of its own", url)


def _refuse_dangerous(what: str, url: str) -> None:
    raise FeedError(
        f"the feed {what}; that is how feeds attack their readers, so it was not read",
        where=url,
        hint="look at the source of the feed, and ask its site to drop this",
    )


def _root_of(text: str) -> str:
    """Return the local name of the root element, lower case, or an empty string where there is no tag."""
    prolog = _PROLOG.match(text)
    rest = text[prolog.end() :] if prolog else text
    if rest[:9].lower() == "<!doctype":
        if re.match(r"<!doctype\s+html", rest, re.I):
            return "html"
        end = re.search(r"\]\s*>" if _DOCTYPE.match(rest) else r">", rest)
        rest = rest[end.end() :] if end else ""
    tag = _FIRST_TAG.search(rest)
    return tag.group(1).lower() if tag else ""


def _refuse_other_roots(root: str, text: str, url: str) -> None:
    if not text:
        raise FeedError("the answer is empty", where=url, hint="open the address in a browser; try again later")
    if root == "html":
        raise FeedError("this is a web page, not a feed", where=url, hint=_where_the_feed_is(text, url))
    if root not in _ROOTS:
        what = f"this is XML, but no feed (its root is <{root[:40]}>)" if root else "this is no feed"
        raise FeedError(what, where=url, hint="give the address of an RSS, Atom or JSON feed")


def _where_the_feed_is(page: str, url: str) -> str:
    """Return a hint naming the feed that a web page advertises, else where blogs usually keep it."""
    link = _ADVERTISED.search(page[:100_000])
    href = _HREF.search(link.group(0)) if link else None
    if href:
        return f"its feed is at {urljoin(url, (href.group(1) or href.group(2)).strip())}"
    return "give the feed's address: on Blogger it ends in /feeds/posts/default, on WordPress in /feed/"


def _refuse_truncated(text: str, url: str) -> None:
    """Raise FeedError unless ill-formed XML closes its root; a half-read feed would look like a short one."""
    prolog = _PROLOG.match(text)
    root = _FIRST_TAG.search(text, prolog.end() if prolog else 0)
    name = re.escape(root.group(0)[1:]) if root else "rss"
    ends = [end.end() for end in re.finditer(rf"</{name}\s{{0,20}}>", text)]
    open_cdata = text.rfind("<![CDATA[") > text.rfind("]]>")
    if not ends or open_cdata or _ENTRY.search(text, ends[-1]):
        raise FeedError("the feed is truncated: its end is missing", where=url, hint="try again later")


def _refuse_what_is_slow(text: str, url: str) -> None:
    """Ill-formed XML is read by feedparser's loose parser, some 20 times slower than expat: bound its work."""
    if len(text) > MAX_ILL_FORMED_CHARS or sum(1 for _ in _LABEL.finditer(text)) > MAX_ILL_FORMED_LABELS:
        hint = "check it with a feed validator, and ask its site to mend it"
        raise FeedError("the feed is too broken and too large to be read", where=url, hint=hint)


def _fault_of(text: str, url: str) -> str | None:
    """Return what makes the XML ill-formed, and its line, or None; raise FeedError where it is dangerous.

    A pass of expat that keeps nothing: it costs a fiftieth of the parse, and tells more than feedparser does.
    """
    parser = expat.ParserCreate("utf-8", " ")
    limits = _Limits(url)
    parser.StartElementHandler = limits.enter
    parser.EndElementHandler = limits.leave
    parser.EntityDeclHandler = limits.refuse_entity
    try:
        parser.Parse(text.encode("utf-8", "replace"), True)
    except expat.ExpatError as fault:
        return f"{expat.ErrorString(fault.code)}, line {fault.lineno}"
    return None


class _Limits:
    """Counts what makes feedparser slow out of all proportion: depth, attributes, and labels of one entry."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._depth = 0
        self._labels = 0
        self._most_labels = MAX_HEAD_LABELS

    def enter(self, name: str, attributes: Mapping[str, str]) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            _refuse_dangerous(f"nests more than {MAX_DEPTH} elements in each other", self._url)
        if len(attributes) > MAX_ATTRIBUTES:
            _refuse_dangerous(f"has an element with more than {MAX_ATTRIBUTES} attributes", self._url)
        local = name.rpartition(" ")[2]
        if local in ("item", "entry"):
            self._labels, self._most_labels = 0, MAX_ENTRY_LABELS
        elif local in ("category", "subject", "keywords", "tags"):
            self._labels += 1
            if self._labels > self._most_labels:
                _refuse_dangerous(f"has more than {self._most_labels} labels in one place", self._url)

    def leave(self, _name: str) -> None:
        self._depth -= 1

    def refuse_entity(self, *_declaration: object) -> None:
        _refuse_dangerous("declares XML entities in a DTD of its own", self._url)

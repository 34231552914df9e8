"""HTML → its elements, each with its line, style and parents, and what a strict reader would stumble over."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser

VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"}
)
UNSEEN = frozenset({"head", "title", "style", "script"})
FILLER = re.compile("[\u034f\u200b\u200c\u200d\u00ad\ufeff\u00a0\\s]+")
"""Blanks, seen or not."""
_BARE_AMPERSAND = re.compile(r"&(?!#?\w+;)")
_VALUE = re.compile(r"=\s*(\"[^\"]*\"|'[^']*')")


@dataclass(eq=False, slots=True)
class Element:
    """An element as it was read."""

    tag: str
    line: int
    attributes: Mapping[str, str]
    style: Mapping[str, str]
    parent: Element | None
    text: str = ""
    """Its own and its descendants' text, with alt texts."""

    @property
    def where(self) -> str:
        """Return the place, as findings name it."""
        return f"html line {self.line}"

    @property
    def parents(self) -> Iterator[Element]:
        """Yield the element itself and what it stands in, outwards."""
        at: Element | None = self
        while at is not None:
            yield at
            at = at.parent

    @property
    def is_hidden(self) -> bool:
        """Return whether a sighted reader never sees it."""
        return any(hides(each) for each in self.parents)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run of text."""

    line: int
    text: str
    element: Element


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """An HTML body, read."""

    elements: tuple[Element, ...]
    runs: tuple[Run, ...]
    """Text of the body, hidden text too, in order."""
    comments: tuple[tuple[int, str], ...]
    styles: tuple[tuple[int, str], ...]
    faults: tuple[tuple[int, str], ...]
    """Line, and what is malformed there."""

    def all(self, *tags: str) -> Iterator[Element]:
        """Yield the elements of these tags in document order."""
        return (each for each in self.elements if each.tag in tags)


def hides(element: Element) -> bool:
    """Return whether the element itself hides what is in it."""
    style = element.style
    return (
        style.get("display") == "none"
        or style.get("visibility") == "hidden"
        or style.get("font-size", "").removesuffix("px") == "0"
    )


def declarations(style: str) -> Mapping[str, str]:
    """Return a style attribute's properties in lower case, without !important."""
    pairs = (pair.split(":", 1) for pair in style.split(";") if ":" in pair)
    return {name.strip().lower(): value.replace("!important", "").strip().lower() for name, value in pairs}


def read_html(html: str) -> Document:
    """Return the HTML read; nothing in it raises."""
    reader = _Reader()
    try:
        reader.feed(html)
        reader.close()
    except AssertionError:  # html.parser's answer to a declaration that is none: <![x[
        reader.faults.append((reader.getpos()[0], "a declaration that is none"))
    for left in reader.open:
        reader.faults.append((left.line, f"<{left.tag}> is never closed"))
    return Document(
        elements=tuple(reader.elements),
        runs=tuple(reader.runs),
        comments=tuple(reader.comments),
        styles=tuple(reader.styles),
        faults=tuple(reader.faults),
    )


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[Element] = []
        self.elements: list[Element] = []
        self.runs: list[Run] = []
        self.comments: list[tuple[int, str]] = []
        self.styles: list[tuple[int, str]] = []
        self.faults: list[tuple[int, str]] = []
        self._ids: set[str] = set()

    @property
    def _line(self) -> int:
        return self.getpos()[0]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        parent = self.open[-1] if self.open else None
        element = Element(tag, self._line, attributes, declarations(attributes.get("style", "")), parent)
        self.elements.append(element)
        self._check_tag(element)
        if tag == "img":
            self._say(attributes.get("alt", ""), element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if not any(each.tag == tag for each in self.open):
            self.faults.append((self._line, f"</{tag}> closes nothing"))
            return
        while (last := self.open.pop()).tag != tag:
            self.faults.append((last.line, f"<{last.tag}> is not closed before </{tag}>"))

    def handle_data(self, data: str) -> None:
        element = self.open[-1] if self.open else None
        if element is not None and element.tag == "style":
            self.styles.append((element.line, data))
        if element is not None:
            self._say(data, element)
        if element is not None and data.strip() and not any(each.tag in UNSEEN for each in element.parents):
            self.runs.append(Run(line=self._line, text=data, element=element))

    def handle_comment(self, data: str) -> None:
        self.comments.append((self._line, data))

    @staticmethod
    def _say(text: str, element: Element) -> None:
        for each in element.parents:
            each.text += text

    def _check_tag(self, element: Element) -> None:
        own = element.attributes.get("id")
        if own and own in self._ids:
            self.faults.append((element.line, f'the id "{own}" stands there twice'))
        self._ids.add(own or "")
        if any(_BARE_AMPERSAND.search(value) for value in _VALUE.findall(self.get_starttag_text() or "")):
            self.faults.append((element.line, f"a bare & in an attribute of <{element.tag}>"))

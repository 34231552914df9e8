"""HTML → its elements, each with its line, style and parents, and what a strict reader would stumble over."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from html.parser import HTMLParser

VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"}
)
SAID = frozenset({"a", "title", "h1", "h2", "h3", "h4", "h5", "h6"})
"""What is read aloud as one, and looked at whole."""
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
    look: Look
    text: str = ""
    """Its own and its descendants' text, with alt texts: of links, headings and the title alone."""
    comment: str = ""
    """What stands directly before it: for Outlook on Windows, another way to lay it out."""

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
        return self.look.is_hidden


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How text looks in an element, by its own style and those that it stands in."""

    ink: str = "#000000"
    paper: str = "#ffffff"
    """Of both, the nearest that is a hex colour."""
    pixels: float = 16.0
    is_bold: bool = False
    is_hidden: bool = False

    @property
    def is_large(self) -> bool:
        """Return whether WCAG 2.2 calls it large-scale text: 18 points, or 14 and bold."""
        return self.pixels >= 24 or (self.pixels >= 18.66 and self.is_bold)


PLAIN = Look()
_HEX = re.compile(r"#(?:[0-9a-f]{3}|[0-9a-f]{6})")
_PIXELS = re.compile(r"([\d.]+)px")


def look_in(outer: Look, style: Mapping[str, str], bgcolor: str) -> Look:
    """Return how text looks in an element of this style, within one that looks so."""
    size = _PIXELS.fullmatch(style.get("font-size", ""))
    papers = (style.get("background-color", ""), bgcolor.lower())
    return Look(
        ink=style["color"] if _HEX.fullmatch(style.get("color", "")) else outer.ink,
        paper=next((each for each in papers if _HEX.fullmatch(each)), outer.paper),
        pixels=float(size[1]) if size else outer.pixels,
        is_bold=style["font-weight"] in ("bold", "700", "800", "900") if "font-weight" in style else outer.is_bold,
        is_hidden=outer.is_hidden or hides(style),
    )


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


def hides(style: Mapping[str, str]) -> bool:
    """Return whether a style hides what is in its element."""
    return (
        style.get("display") == "none"
        or style.get("visibility") == "hidden"
        or style.get("font-size", "").removesuffix("px") == "0"
    )


@lru_cache(maxsize=512)
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
        self._comment = ""

    @property
    def _line(self) -> int:
        return self.getpos()[0]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        parent = self.open[-1] if self.open else None
        style, bgcolor = declarations(attributes.get("style", "")), attributes.get("bgcolor", "")
        outer = parent.look if parent else PLAIN
        look = look_in(outer, style, bgcolor) if style or bgcolor else outer
        element = Element(tag, self._line, attributes, style, parent, look, comment=self._comment)
        self._comment = ""
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
        if self.open and self.open[-1].tag == tag:
            self.open.pop()
            return
        if not any(each.tag == tag for each in self.open):
            self.faults.append((self._line, f"</{tag}> closes nothing"))
            return
        while (last := self.open.pop()).tag != tag:
            self.faults.append((last.line, f"<{last.tag}> is not closed before </{tag}>"))

    def handle_data(self, data: str) -> None:
        element = self.open[-1] if self.open else None
        self._comment = "" if data.strip() else self._comment
        if element is not None and element.tag == "style":
            self.styles.append((element.line, data))
        if element is not None:
            self._say(data, element)
        if element is not None and data.strip() and not any(each.tag in UNSEEN for each in element.parents):
            self.runs.append(Run(line=self._line, text=data, element=element))

    def handle_comment(self, data: str) -> None:
        self.comments.append((self._line, data))
        self._comment = data

    @staticmethod
    def _say(text: str, element: Element) -> None:
        for each in element.parents:
            if each.tag in SAID:
                each.text += text

    def _check_tag(self, element: Element) -> None:
        own = element.attributes.get("id")
        if own and own in self._ids:
            self.faults.append((element.line, f'the id "{own}" stands there twice'))
        self._ids.add(own or "")
        if any(_BARE_AMPERSAND.search(value) for value in _VALUE.findall(self.get_starttag_text() or "")):
            self.faults.append((element.line, f"a bare & in an attribute of <{element.tag}>"))

"""An entry's body → its lines, pictures and jump break, in the order of reading.

The tree is walked, never recursed into: a hundred thousand nested elements are a loop like any other.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from lxml import etree

from syndicate.feeds.model import RawHtml
from syndicate.reviews.clean import MAX_CHARS, CleanHtml, clean_html, parse_html
from syndicate.reviews.marks import is_data, is_hreview, mark_of, marked_values
from syndicate.reviews.words import word_set

MAX_BLOCKS = 4000
MAX_LINE_CHARS = 8000
"""A paragraph is never that long; what is cut off could only cost time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line as a reader sees it: text between two breaks, white space folded."""

    text: str
    bold: str = ""
    """The bold text that it begins with; empty where it begins otherwise."""
    caption: bool = False
    heading: bool = False
    data: bool = False
    """It stands in markup for machines (the film, the rating, the author), and so is no prose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """An image as written: nothing resolved, nothing chosen."""

    attributes: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class JumpBreak:
    """Where the blog cuts the post on its list pages."""


Block = Line | Picture | JumpBreak


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """All that is read of an entry's body."""

    blocks: tuple[Block, ...] = ()
    plain: bool = False
    """The feed gave bare text: a summary whose line structure may be gone."""
    marked: tuple[tuple[str, str], ...] = ()
    """Values that the markup names (microdata, hReview), with their path: ("reviewRating/ratingValue", "3.5")."""
    linked_data: tuple[str, ...] = ()
    frames: tuple[str, ...] = ()

    @property
    def lines(self) -> tuple[Line, ...]:
        """Return the lines alone."""
        return tuple(block for block in self.blocks if isinstance(block, Line))

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """Return the pictures alone."""
        return tuple(block for block in self.blocks if isinstance(block, Picture))


_TAG = re.compile(r"<[a-zA-Z/!]")
_UNSEEN = re.compile("[\u200b\ufeff\u00ad\u2060\u202a-\u202e\u2066-\u2069\x00-\x08\x0e-\x1f\x7f\ud800-\udfff]")
_LABEL_AHEAD = r"(?=(?:Review by|Directed by:|Starring:|Featuring:|Written by:)\s?\S)"
_WIDE_GAP = re.compile(rf"\s*\n\s*|(?<=[^\s.!?…:\"'”’])[ \t\xa0]{{2,}}|(?<=\S)[ \t\xa0]{{2,}}{_LABEL_AHEAD}")
_GLUED = re.compile(rf"(?<=[\w.!?”\"’)]){_LABEL_AHEAD}")
_BLOCK_TAGS = word_set(
    "address article aside blockquote body br caption center dd div dl dt figcaption figure footer h1 h2 h3 h4 h5 h6 "
    "header hr html img li main meta ol p pre section table tbody td tfoot th thead tr ul"
)
_BOLD_TAGS = word_set("b strong th dt")
_MORE = re.compile(r"#more(?:-\d+)?$")
_HEADINGS = word_set("h1 h2 h3 h4 h5 h6")
_CAPTION_TAGS = frozenset({"figcaption", "caption"})
_CAPTION_CLASSES = frozenset({"tr-caption", "wp-caption-text", "wp-element-caption", "caption"})
_FOREIGN = re.compile(
    r"\b(feedflare|sharedaddy|jp-relatedposts|related-posts|share-buttons|addtoany\S*|subscription-widget\S*"
    r"|kg-bookmark-card|kg-button-card|kg-signup-card|button-wrapper|post-footer|screen-reader-text)\b"
)


def fold(text: str) -> str:
    """Return the text on one line: white space folded, invisible and direction-changing characters dropped."""
    return " ".join(_UNSEEN.sub("", text).split())[:MAX_LINE_CHARS]


def read_body(raw: RawHtml) -> Body:
    """Return what stands in an entry's content, be it HTML or bare text."""
    if not _TAG.search(raw):
        return Body(blocks=tuple(_plain_lines(html.unescape(raw[:MAX_CHARS]))), plain=True)
    cleaned = clean_html(raw)
    root = parse_html(cleaned.html)
    if root is None:
        return Body(linked_data=cleaned.linked_data, frames=cleaned.frames)
    reader = _Reader()
    reader.read(root)
    return Body(
        blocks=tuple(_join_drop_caps(reader.blocks)),
        marked=tuple(marked_values(root)),
        linked_data=cleaned.linked_data,
        frames=cleaned.frames,
    )


def text_of(fragment: CleanHtml) -> str:
    """Return cleaned HTML as text, a line for each of its lines."""
    return "\n".join(line.text for line in read_body(RawHtml(fragment)).lines)


def _plain_lines(text: str) -> Iterator[Line]:
    """Give the lines that are left in a bare text; where the feed glued two of them, a label tells them apart."""
    text = _GLUED.sub("\n", text)
    lines = (fold(part) for part in _WIDE_GAP.split(text))
    return (Line(text=line) for line in lines if line)


@dataclass(slots=True)
class _Reader:
    """Gathers text until a block begins or ends, then makes a line of it."""

    blocks: list[Block] = field(default_factory=list)
    pieces: list[tuple[str, bool]] = field(default_factory=list)
    bold: int = 0
    caption: int = 0
    heading: int = 0
    data: int = 0
    hreview: int = 0

    def read(self, root: etree._Element) -> None:
        walk = etree.iterwalk(root, events=("start", "end"))
        for event, element in walk:
            if len(self.blocks) >= MAX_BLOCKS:
                return
            if event == "start":
                if _FOREIGN.search(element.get("class") or ""):
                    walk.skip_subtree()
                    self._count(element, 1)
                    continue
                self._start(element)
            else:
                self._end(element)
        self._flush()

    def _start(self, element: etree._Element) -> None:
        if element.tag in _BLOCK_TAGS:
            self._flush()
        self._count(element, 1)
        if element.tag == "img":
            attributes = tuple((str(name), str(value)) for name, value in element.attrib.items())
            self.blocks.append(Picture(attributes=attributes))
        elif _is_break(element):
            self._flush()
            self.blocks.append(JumpBreak())
        self._text(element.text)

    def _end(self, element: etree._Element) -> None:
        if element.tag in _BLOCK_TAGS:
            self._flush()
        self._count(element, -1)
        self._text(element.tail)

    def _count(self, element: etree._Element, step: int) -> None:
        tag, classes = element.tag, (element.get("class") or "").split()
        self.bold += step * (tag in _BOLD_TAGS)
        self.heading += step * (tag in _HEADINGS)
        self.data += step * is_data(mark_of(element, in_hreview=self.hreview > 0))
        self.hreview += step * is_hreview(element)
        self.caption += step * (tag in _CAPTION_TAGS or not _CAPTION_CLASSES.isdisjoint(classes))

    def _text(self, text: str | None) -> None:
        if text:
            self.pieces.append((text, self.bold > 0))

    def _flush(self) -> None:
        pieces, self.pieces = self.pieces, []
        text = fold("".join(piece for piece, _ in pieces))
        if text:
            places = {"caption": self.caption > 0, "heading": self.heading > 0, "data": self.data > 0}
            self.blocks.append(Line(text=text, bold=_bold_start(pieces), **places))


def _is_break(element: etree._Element) -> bool:
    """Return whether this is the jump break's mark, or the link "Read more" that a feed puts in its place."""
    if element.tag != "a":
        return False
    return element.get("name") == "more" or bool(_MORE.search(element.get("href") or ""))


def _bold_start(pieces: Iterable[tuple[str, bool]]) -> str:
    start = []
    for text, bold in pieces:
        if not bold and text.strip():
            break
        start.append(text)
    return fold("".join(start))


def _join_drop_caps(blocks: Iterable[Block]) -> Iterator[Block]:
    """Give a lone first letter back to the line that it was cut from: "A" / "drover comes home" is one line."""
    held: Line | None = None
    for block in blocks:
        if held is None and isinstance(block, Line) and len(block.text) == 1 and block.text.isupper():
            held = block
            continue
        if held is not None and isinstance(block, Line) and block.text[:1].islower():
            gap = " " if held.text in "AIO" else ""
            block, held = Line(text=held.text + gap + block.text), None
        if held is not None:
            yield held
            held = None
        yield block
    if held is not None:
        yield held

"""The editor's note: Markdown → a small set of HTML for the letter, and the same in plain text for its text part.

The editor writes it, but whatever is pasted into it is the world's text: raw HTML stays visible as it was written, only
web and mail addresses become links, and the word that our slot marks begin with goes. It is short by nature: what would
push the reviews out of the letter is cut.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import quote

from markupsafe import Markup

from syndicate.compose.cards import clean, safe_url, shorten
from syndicate.compose.environment import TEXT_WIDTH
from syndicate.compose.quoted import quoted

if TYPE_CHECKING:
    import nh3
    from markdown_it import MarkdownIt
    from markdown_it.token import Token
    from markdown_it.tree import SyntaxTreeNode

MAX_NOTE_CHARS = 6_000
"""About a thousand words; what stands beyond is cut."""
MAX_NOTE_BYTES = 24_000
"""Of its HTML as a letter encodes it: a quarter of what mail programs show before they cut."""
STYLE_BYTES = 120
"""What a class weighs once it is a style."""
CLASSES = {"p": "note", "a": "notelink", "ul": "notelist", "ol": "notelist", "blockquote": "notequote"}
"""The classes that the letter's stylesheet gives a look."""

_OFF = ("code", "fence", "heading", "lheading", "hr", "html_block", "reference", "backticks", "html_inline", "image")
"""What Markdown knows and a note has not: it stays as it was written."""
_MAILTO = re.compile(r"mailto:[^\s@:/?#]+@[^\s@:/?#]+(?:\?[^\s#]*)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A note as templates take it."""

    html: Markup
    """p, em, strong, a (http, https, mailto), ul, ol, li, blockquote, br, with the classes of CLASSES; nothing else."""
    text: str
    """Lines of at most 72 columns but for addresses; links as "words <address>"."""


def write_note(markdown: str | None) -> Note | None:
    """Return the note that was written in Markdown (CommonMark, less headings, rules, code, pictures and raw HTML).

    None where there is nothing to read. One that is too long is cut, and ends in an ellipsis.
    """
    source = (markdown or "").encode("utf-8", "replace").decode().strip()
    limit = MAX_NOTE_CHARS
    while True:
        tokens = _parsed(_cut(source, limit))
        html = _html(tokens)
        weight = len(quoted(html)) + STYLE_BYTES * html.count("class=")
        if weight <= MAX_NOTE_BYTES:
            break
        limit = min(limit, len(source)) * MAX_NOTE_BYTES // weight
    text = _text(tokens)
    return Note(html=Markup(html), text=text) if text else None  # noqa: S704  (nh3 has just cleaned it)


def _cut(source: str, limit: int) -> str:
    return source if len(source) <= limit else shorten(source, limit)


def _parsed(source: str) -> list[Token]:
    """Return the note's tokens: each text clean, each address safe or gone, each of our tags with its class."""
    tokens = _markdown().parse(source)
    for token in tokens:
        for each in (token, *(token.children or ())):
            _make_safe(each)
    return tokens


def _make_safe(token: Token) -> None:
    if token.type in ("text", "text_special"):
        token.content = _clean_within(token.content)
    if token.type == "link_open":
        token.attrs = {"href": address(str(token.attrs.get("href", ""))) or ""}
    if token.nesting == 1 and token.tag in CLASSES:
        token.attrSet("class", CLASSES[token.tag])


def _clean_within(text: str) -> str:
    """Return a text clean, with the blanks that set it off from its neighbours."""
    before, after = (" " if blank else "" for blank in (text[:1].isspace(), text[-1:].isspace()))
    return before + clean(text) + after if text.strip() else " " * bool(text)


def address(url: str) -> str | None:
    """Return a web or mail address in plain ASCII, or None for any other."""
    if url[:7].lower() != "mailto:":
        return safe_url(url)
    kept = clean(url)
    return quote(kept, safe="!#$%&'*+,/:;=?@~") if _MAILTO.fullmatch(kept) else None


def _html(tokens: list[Token]) -> str:
    return _cleaner().clean(_markdown().renderer.render(tokens, _markdown().options, {})).strip()


def _text(tokens: list[Token]) -> str:
    from markdown_it.tree import SyntaxTreeNode

    return "\n".join(_lines(SyntaxTreeNode(tokens), TEXT_WIDTH)).strip("\n")


def _lines(node: SyntaxTreeNode, width: int) -> Iterator[str]:
    """Yield the lines of a block and an empty one after it."""
    match node.type:
        case "paragraph":
            yield from _paragraph(node, width)
            if not node.hidden:
                yield ""
        case "bullet_list" | "ordered_list":
            for number, item in enumerate(node.children, start=int(node.attrs.get("start", 1))):
                mark = f"{number}. " if node.type == "ordered_list" else "- "
                yield from _set_in(item, width, mark, " " * len(mark))
            yield ""
        case "blockquote":
            yield from _set_in(node, width, "> ", "> ")
            yield ""
        case _:
            for child in node.children:
                yield from _lines(child, width)


def _set_in(node: SyntaxTreeNode, width: int, first: str, others: str) -> Iterator[str]:
    inner = "\n".join(line for child in node.children for line in _lines(child, width - len(others))).strip("\n")
    for index, line in enumerate(inner.split("\n")):
        yield ((others if index else first) + line).rstrip()


def _paragraph(node: SyntaxTreeNode, width: int) -> Iterator[str]:
    for line in _inline(node).split("\n"):
        yield from textwrap.wrap(clean(line), max(width, 20), break_long_words=False, break_on_hyphens=False) or [""]


def _inline(node: SyntaxTreeNode) -> str:
    """Return what stands in a paragraph, a line break for each of the editor's own."""
    match node.type:
        case "text" | "text_special":
            return node.content
        case "softbreak":
            return " "
        case "hardbreak":
            return "\n"
    inner = "".join(_inline(child) for child in node.children)
    target = str(node.attrs.get("href", "")) if node.type == "link" else ""
    return f"{inner} <{target}>" if target and target.removeprefix("mailto:") != inner else inner


@cache
def _markdown() -> MarkdownIt:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False})
    parser.validateLink = lambda url: address(url) is not None  # type: ignore[method-assign]
    return parser.disable(list(_OFF))


@cache
def _cleaner() -> nh3.Cleaner:
    import nh3

    classed = {tag: {"class"} for tag in CLASSES}
    return nh3.Cleaner(
        tags={"p", "em", "strong", "a", "ul", "ol", "li", "blockquote", "br"},
        attributes={**classed, "a": {"class", "href"}, "ol": {"class", "start"}},
        url_schemes={"http", "https", "mailto"},
        link_rel=None,
    )

"""Checks of the style: what programs ignore, what is too small or too pale to read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import chain

from syndicate.compose import theme
from syndicate.compose.lint.clients import ignored_by
from syndicate.compose.lint.document import FILLER, Element
from syndicate.compose.lint.model import Fault, Severity, Subject

SMALL_PIXELS, TINY_PIXELS = 13, 10
_PADDED = frozenset({"td", "th", "table", "body", "html"})
_FEATURES = (
    ("@import", re.compile(r"@import\b"), Severity.ERROR),
    ("var()", re.compile(r"\bvar\("), Severity.ERROR),
    ("calc()", re.compile(r"\bcalc\("), Severity.WARNING),
    ("position", re.compile(r"(?:^|[;{\s])position\s*:\s*(?!static)"), Severity.WARNING),
    ("float", re.compile(r"(?:^|[;{\s])float\s*:\s*(?!none)"), Severity.WARNING),
    ("display:flex", re.compile(r"display\s*:\s*(?:inline-)?flex"), Severity.WARNING),
    ("display:grid", re.compile(r"display\s*:\s*(?:inline-)?grid"), Severity.WARNING),
    ("background-image", re.compile(r"\burl\("), Severity.WARNING),
    ("negative margin", re.compile(r"margin[\w-]*\s*:[^;}]*(?<![\w.])-\d"), Severity.WARNING),
)


def css(subject: Subject) -> Iterator[Fault]:
    """17: CSS that programs ignore, or that makes Gmail drop the whole block."""
    inline = (
        (each.where, each.attributes["style"]) for each in subject.document.elements if "style" in each.attributes
    )
    blocks = ((f"html line {line}", text) for line, text in subject.document.styles)
    for where, text in chain(inline, blocks):
        for feature, severity in _features_of(text):
            yield Fault(where, f"{ignored_by(feature)} {feature}", "do without it, or let a table hold", severity)


@lru_cache(maxsize=512)
def _features_of(css: str) -> tuple[tuple[str, Severity], ...]:
    """Return what a style has of the features that programs ignore; a letter's cards have few styles, many times."""
    lower = css.lower()
    return tuple((feature, severity) for feature, pattern, severity in _FEATURES if pattern.search(lower))


def padding(subject: Subject) -> Iterator[Fault]:
    """29: padding that Word gives to cells alone, where nothing else is there for Word."""
    for element in subject.document.elements:
        if element.tag in _PADDED or not _is_padded(element) or _has_words_own(element):
            continue
        yield Fault(
            element.where,
            f"{ignored_by('padding')} padding on <{element.tag}>: what it holds will stand closer",
            "put the padding on the cell around it, or add mso-padding-alt",
        )


def _is_padded(element: Element) -> bool:
    """Return whether padding keeps things apart here; above and below a link it is only room for a thumb."""
    shorthand = element.style.get("padding", "").split()
    sides = {f"padding-{side}": element.style.get(f"padding-{side}", "") for side in ("left", "right")}
    across = shorthand[1::2] or shorthand[:1]
    if element.tag == "a":
        return any(map(_is_some, (*across, *sides.values())))
    ends = (element.style.get("padding-top", ""), element.style.get("padding-bottom", ""))
    return any(map(_is_some, (*shorthand, *sides.values(), *ends)))


def _is_some(length: str) -> bool:
    return re.match(r"0*\.?0*[1-9]", length) is not None


def _has_words_own(element: Element) -> bool:
    """Return whether the letter says what Word should do: by a property of Word's, or a cell that only Word sees."""
    return "<td" in element.comment or any("mso-padding-alt" in each.style for each in element.parents)


def contrast(subject: Subject) -> Iterator[Fault]:
    """23: colours that can be read, 4.5:1, or 3:1 for large letters (WCAG 2.2 §1.4.3)."""
    seen: set[tuple[str, str, float]] = set()
    for run in subject.document.runs:
        if run.element.is_hidden or not FILLER.sub("", run.text):
            continue
        look = run.element.look
        ink, paper, least = look.ink, look.paper, theme.LARGE if look.is_large else theme.TEXT
        ratio = theme.contrast(theme.parse_colour(ink), theme.parse_colour(paper))
        if (ink, paper, least) in seen or ratio >= least:
            continue
        seen.add((ink, paper, least))
        yield Fault(
            f"html line {run.line}",
            f"{ink} on {paper} has a contrast of {ratio:.1f}:1, and needs {least:g}:1",
            "choose a darker or a lighter colour",
        )


def letter_size(subject: Subject) -> Iterator[Fault]:
    """24: letters that can be read on a phone."""
    seen: set[float] = set()
    for run in subject.document.runs:
        size = run.element.look.pixels
        if run.element.is_hidden or not FILLER.sub("", run.text) or size >= SMALL_PIXELS or size in seen:
            continue
        seen.add(size)
        severity = Severity.ERROR if size < TINY_PIXELS else Severity.WARNING
        yield Fault(f"html line {run.line}", f"letters of {size:g} pixels", "write at least 13, better 16", severity)

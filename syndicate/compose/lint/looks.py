"""Checks of the style: what programs ignore, what is too small or too pale to read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain

from syndicate.compose.lint.clients import ignored_by
from syndicate.compose.lint.document import FILLER, Element
from syndicate.compose.lint.model import Fault, Severity, Subject

SMALL_PIXELS, TINY_PIXELS = 13, 10
_HEX = re.compile(r"#(?:[0-9a-f]{3}|[0-9a-f]{6})")
_FEATURES = (
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
        for feature, pattern, severity in _FEATURES:
            if pattern.search(text.lower()):
                yield Fault(where, f"{ignored_by(feature)} {feature}", "do without it, or let a table hold", severity)
        if "@import" in text.lower():
            yield Fault(where, "@import fetches a stylesheet: Gmail drops the block", "copy the rules", Severity.ERROR)


def contrast(subject: Subject) -> Iterator[Fault]:
    """23: colours that can be read, 4.5:1, or 3:1 for large letters (WCAG 2.2 §1.4.3)."""
    seen: set[tuple[str, str, float]] = set()
    for run in subject.document.runs:
        if run.element.is_hidden or not FILLER.sub("", run.text):
            continue
        ink, paper, least = _ink(run.element), _paper(run.element), 3.0 if _is_large(run.element) else 4.5
        if (ink, paper, least) in seen or (ratio := ratio_of(ink, paper)) >= least:
            continue
        seen.add((ink, paper, least))
        yield Fault(
            f"html line {run.line}",
            f"{ink} on {paper} has a contrast of {ratio:.1f}:1, and needs {least:g}:1",
            "choose a darker or a lighter colour",
        )


def ratio_of(one: str, other: str) -> float:
    """Return the contrast of two hex colours, 1 to 21."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(each * 2 for each in colour[1:])
    shares = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _ink(element: Element) -> str:
    found = (each.style.get("color", "") for each in element.parents)
    return next((colour for colour in found if _HEX.fullmatch(colour)), "#000000")


def _paper(element: Element) -> str:
    for each in element.parents:
        for colour in (each.style.get("background-color", ""), each.attributes.get("bgcolor", "").lower()):
            if _HEX.fullmatch(colour):
                return colour
    return "#ffffff"


def _is_large(element: Element) -> bool:
    size = _font_size(element)
    weight = next((each.style["font-weight"] for each in element.parents if "font-weight" in each.style), "")
    return size >= 24 or (size >= 18.66 and weight in ("bold", "700", "800", "900"))


def _font_size(element: Element) -> float:
    """Return the size in pixels of the nearest that gives one; 16 where none does."""
    for each in element.parents:
        if found := re.fullmatch(r"([\d.]+)px", each.style.get("font-size", "")):
            return float(found[1])
    return 16.0


def letter_size(subject: Subject) -> Iterator[Fault]:
    """24: letters that can be read on a phone."""
    seen: set[float] = set()
    for run in subject.document.runs:
        size = _font_size(run.element)
        if run.element.is_hidden or not FILLER.sub("", run.text) or size >= SMALL_PIXELS or size in seen:
            continue
        seen.add(size)
        severity = Severity.ERROR if size < TINY_PIXELS else Severity.WARNING
        yield Fault(f"html line {run.line}", f"letters of {size:g} pixels", "write at least 13, better 16", severity)

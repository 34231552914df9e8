"""A theme: four colours for the light, four for the dark, a logo; and every tone between them that a letter needs.

All colours of the letters and of the readers' pages come from here. What is derived is readable by construction: a
tone is looked for step by step, and the walk ends before the first one on which the words would not stand out.
Contrast is that of WCAG 2.2 (relative luminance, 1 to 21); text needs 4.5, the edge of a field 3 (§1.4.3, §1.4.11).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator
from colorsys import hls_to_rgb, rgb_to_hls
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import takewhile

TEXT, LARGE = 4.5, 3.0
"""The least contrast of text, and of what is large or no text at all."""
CALM, QUIET = 7.0, 3.8
"""The contrast that small print and the edges of fields are given, where the theme's ink has it to give."""
VIVID = 6.5
"""The contrast that an accent made for the dark is given, where the paper is dark enough for it."""
_TINT, _PLATE, _LINE = 1.12, 1.4, 1.5
"""How far what stands behind or between words may differ from the paper."""
_STEPS = 64
_HEX = re.compile(r"#(?:[0-9a-f]{3}|[0-9a-f]{6})", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Colours:
    """What an editor gives for one scheme; each "#rrggbb", in lower case."""

    accent: str
    """Links, strands and stars."""
    ink: str
    """Text."""
    paper: str
    """The sheet that the text stands on."""
    page: str
    """What is around the sheet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Palette:
    """Every colour of one scheme, the given and the derived; each "#rrggbb"."""

    accent: str
    ink: str
    paper: str
    page: str
    soft: str
    """Small print on paper."""
    line: str
    """Thin rules between reviews."""
    edge: str
    """What must be seen though it is no text: the edges of fields. 3:1 at least."""
    plate: str
    """Behind pictures, and behind what stands for them in ink until they are loaded."""
    tint: str
    """Behind the editor's note, in ink and accent."""
    button: str
    on_button: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Logo:
    """A picture that stands for the site's name."""

    url: str
    """https, ASCII."""
    width: int
    """Pixels at which it is shown, as is `height`; the file may have twice as many."""
    height: int
    alt: str | None = None
    """None: the site's name."""

    def type_of(self, alt: str) -> str:
        """Return the CSS in which the alt text fills the picture's place: 16 to 56 px, on one line or two."""
        letters = max(len(alt), 1)
        sizes = {lines: min(56, lines * self.width / (0.6 * letters), self.height / lines / 1.1) for lines in (1, 2)}
        lines = max(sizes, key=lambda count: sizes[count])
        return f"font-size:{max(16, int(sizes[lines]))}px;line-height:{self.height // lines}px"


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """What the templates know as `theme`."""

    light: Palette
    dark: Palette
    logo: Logo | None = None


LIGHT = Colours(accent="#9b2318", ink="#1c1917", paper="#fffdf8", page="#ebe5d9")
DARK = Colours(accent="#f2a65a", ink="#f3eee4", paper="#1a1816", page="#100f0e")


@lru_cache(maxsize=32)
def make_theme(light: Colours = LIGHT, dark: Colours = DARK, logo: Logo | None = None) -> Theme:
    """Return the theme of legal colours (`weak_pairs` finds none), its tones derived."""
    return Theme(light=_palette(light, False), dark=_palette(dark, True), logo=logo)


def _palette(given: Colours, is_dark: bool) -> Palette:
    """Return the given colours with what lies between them. In the dark, buttons have the accent: ink would glare."""
    colours = tamed(given)
    ink, paper, accent = colours.ink, colours.paper, colours.accent
    shades = list(_shades(colours))
    tint = _last(shades, lambda tone: contrast(tone, paper) <= _TINT and _reads(tone, ink, accent))
    return Palette(
        accent=accent,
        ink=ink,
        paper=paper,
        page=colours.page,
        soft=_last(_between(ink, paper), lambda tone: contrast(tone, paper) >= CALM),
        line=_last(shades, lambda tone: contrast(tone, paper) <= _LINE),
        edge=_last(_between(ink, paper), lambda tone: contrast(tone, paper) >= QUIET),
        plate=_last(shades, lambda tone: contrast(tone, paper) <= _PLATE and _reads(tone, ink)),
        tint=tint,
        button=accent if is_dark else ink,
        on_button=paper,
    )


def _shades(colours: Colours) -> Iterator[str]:
    """Yield the tones from paper towards ink; by way of the page, whose hue they take on, where it lies between."""
    light = [_luminance(each) for each in (colours.paper, colours.page, colours.ink)]
    if light in (sorted(light), sorted(light, reverse=True)):
        yield from _between(colours.paper, colours.page)
        yield from _between(colours.page, colours.ink)
    else:
        yield from _between(colours.paper, colours.ink)


def _reads(ground: str, *words: str) -> bool:
    return all(contrast(each, ground) >= TEXT for each in words)


def _between(one: str, other: str) -> Iterator[str]:
    return (mix(one, other, step / _STEPS) for step in range(_STEPS + 1))


def _last(tones: Iterable[str], fits: Callable[[str], bool]) -> str:
    """Return the last tone before one that does not fit; the first in any case, which the theme's maker has checked."""
    first, *others = tones
    return [first, *takewhile(fits, others)][-1]


def tamed(colours: Colours) -> Colours:
    """Return the colours without pure black and white, for which some programs have plans of their own in the dark."""
    pure = {"#000000": "#010101", "#ffffff": "#fefefe"}
    return replace(colours, ink=pure.get(colours.ink, colours.ink), paper=pure.get(colours.paper, colours.paper))


# --- Colours ---


def parse_colour(text: str) -> str:
    """Return "#rrggbb" in lower case for "#rgb" or "#rrggbb". Raises ValueError for anything else."""
    if not _HEX.fullmatch(text):
        raise ValueError(f'"{text[:60]}" is no colour: write it as "#9b2318" or "#922", in quotes')
    digits = text[1:].lower()
    return f"#{digits}" if len(digits) == 6 else "#" + "".join(digit * 2 for digit in digits)


def mix(one: str, other: str, part: float) -> str:
    """Return the colour that lies between two, `part` of the way (0 to 1) from the first to the other."""
    pairs = zip(_channels(one), _channels(other), strict=True)
    return "#" + "".join(f"{round(low + (high - low) * part):02x}" for low, high in pairs)


@lru_cache(maxsize=4096)
def _luminance(colour: str) -> float:
    """Return the relative luminance, 0 to 1 (WCAG 2.2)."""
    shares = (channel / 255 for channel in _channels(colour))
    red, green, blue = (share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, 1 to 21."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


# --- What is legal ---


@dataclass(frozen=True, slots=True, kw_only=True)
class WeakPair:
    """Two given colours that do not stand out from one another."""

    words: str
    """The name of the one that words are in: ink or accent."""
    ground: str
    ratio: float
    least: float


def weak_pairs(colours: Colours) -> tuple[WeakPair, ...]:
    """Return the pairs of given colours on which words could not be read, none where the theme is legal."""
    ratios = {name: contrast(getattr(tamed(colours), name), tamed(colours).paper) for name in ("ink", "accent")}
    return tuple(
        WeakPair(words=name, ground="paper", ratio=ratio, least=TEXT) for name, ratio in ratios.items() if ratio < TEXT
    )


def nearest_readable(colour: str, other: str, least: float = TEXT) -> str:
    """Return the colour nearest to this one, of its own hue, that has the contrast to the other.

    It is darkened or lightened, whichever takes less; black or white have 4.5 at least to any colour.
    """
    if contrast(colour, other) >= least:
        return colour
    ways = (next((tone for tone in _towards(colour, end) if contrast(tone, other) >= least), None) for end in (0, 1))
    return min((way for way in ways if way), key=lambda tone: _distance(colour, tone), default=colour)


def _towards(colour: str, end: int) -> Iterator[str]:
    """Yield the colour ever darker (0) or lighter (1), as full of colour as it is, until just before black or white."""
    hue, light, full = rgb_to_hls(*(channel / 255 for channel in _channels(colour)))
    for step in range(1, 256):
        channels = hls_to_rgb(hue, light + (end - light) * step / 256, full)
        yield "#" + "".join(f"{round(channel * 255):02x}" for channel in channels)


def _distance(one: str, other: str) -> float:
    return math.dist(_channels(one), _channels(other))


def for_the_dark(accent: str, paper: str) -> str:
    """Return a light scheme's accent, lightened until it stands out well from a dark paper."""
    return nearest_readable(accent, paper, VIVID if contrast("#ffffff", paper) >= VIVID + 1 else TEXT)

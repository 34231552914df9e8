"""The `theme:` part of config.yaml, and what is wrong between its colours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field

from syndicate.compose import theme as looks
from syndicate.compose.theme import DARK, LIGHT, Colours, Logo
from syndicate.config.kinds import Line, Part
from syndicate.config.source import Keys
from syndicate.config.values import check_url

_UNSHOWN = {"svg": "SVG", "webp": "WebP", "avif": "AVIF"}
AUTO = "auto"
_NAMES = ("accent", "ink", "paper", "page")


def _colour(value: object) -> str:
    return looks.parse_colour(str(value))


def _dark_colour(value: object) -> str:
    return AUTO if value == AUTO else _colour(value)


def check_logo(text: str) -> str:
    """Return the https address of a picture that mail programs show."""
    check_url(text)
    if not text.isascii() or not text.startswith("https://"):
        raise ValueError("must begin with https://, in ASCII: mail programs load nothing else")
    ending = urlsplit(text).path.rpartition(".")[2].lower()
    if ending in _UNSHOWN:
        raise ValueError(f"is {_UNSHOWN[ending]}, which many mail programs do not show: give a PNG or a JPEG")
    return text


Colour = Annotated[str, BeforeValidator(_colour)]
DarkAccent = Annotated[str, BeforeValidator(_dark_colour)]
LogoUrl = Annotated[str, AfterValidator(check_logo)]


class DarkTheme(Part):
    accent: DarkAccent = Field(
        default=AUTO, description="Links, strands and stars in the dark; auto: ours, or your accent made lighter."
    )
    ink: Colour = Field(default=DARK.ink, description="Text in the dark.")
    paper: Colour = Field(default=DARK.paper, description="What the text stands on in the dark.")
    page: Colour = Field(default=DARK.page, description="What is around it in the dark.")


class Theme(Part):
    accent: Colour = Field(default=LIGHT.accent, description="Links, strands and stars; 4.5:1 to the paper at least.")
    ink: Colour = Field(default=LIGHT.ink, description="Text, rules and buttons; 4.5:1 to the paper at least.")
    paper: Colour = Field(default=LIGHT.paper, description="What the text stands on.")
    page: Colour = Field(default=LIGHT.page, description="What is around it.")
    dark: DarkTheme = Field(default=DarkTheme(), description="The same for readers whose programs are dark.")
    logo: LogoUrl | None = Field(
        default=None, description="The https address of a PNG or JPEG that stands for the site's name in letters."
    )
    logo_width: int | None = Field(default=None, ge=16, le=544, description="The width at which it is shown, in px.")
    logo_height: int | None = Field(default=None, ge=8, le=400, description="The height at which it is shown, in px.")
    logo_alt: Line | None = Field(default=None, description="What stands for it unseen; without it, the site's name.")

    def drawn(self) -> looks.Theme:
        """Return the theme as the templates know it."""
        logo = None
        if self.logo and self.logo_width and self.logo_height:
            logo = Logo(url=self.logo, width=self.logo_width, height=self.logo_height, alt=self.logo_alt)
        light = Colours(accent=self.accent, ink=self.ink, paper=self.paper, page=self.page)
        dark = Colours(accent=self._dark_accent(), ink=self.dark.ink, paper=self.dark.paper, page=self.dark.page)
        return looks.make_theme(light, dark, logo)

    def _dark_accent(self) -> str:
        if self.dark.accent != AUTO:
            return self.dark.accent
        is_ours = self.accent == LIGHT.accent and self.dark.paper == DARK.paper
        return DARK.accent if is_ours else looks.for_the_dark(self.accent, self.dark.paper)


def theme_faults(theme: Mapping[str, object]) -> Iterator[tuple[Keys, str]]:
    """Yield what is wrong between the keys of a theme as it was written: words that cannot be read, half a logo."""
    dark = theme.get("dark")
    yield from _logo_faults(theme)
    yield from _scheme_faults(theme, ("theme",), LIGHT)
    if isinstance(dark, dict):
        yield from _scheme_faults(dark, ("theme", "dark"), DARK)


def _logo_faults(theme: Mapping[str, object]) -> Iterator[tuple[Keys, str]]:
    sizes = [name for name in ("logo_width", "logo_height") if theme.get(name) is None]
    if theme.get("logo") is not None:
        for name in sizes:
            yield ("theme", "logo"), f"needs {name}, so that the letter keeps its shape while pictures are off"


def _scheme_faults(part: Mapping[str, object], at: Keys, ours: Colours) -> Iterator[tuple[Keys, str]]:
    """Compare what is given, our own standing for what is not; an accent of the dark that is not given always does."""
    for name in _NAMES:
        if name in part and part[name] is None:
            yield (*at, name), 'is empty: YAML takes # for the beginning of a comment, so write "#9b2318" in quotes'
    written = {name: part[name] for name in _NAMES if part.get(name) not in (None, AUTO)}
    given = {name: colour for name, value in written.items() if (colour := _read(value))}
    if len(given) < len(written):
        return
    colours = Colours(**{name: given.get(name, getattr(ours, name)) for name in _NAMES})
    for pair in looks.weak_pairs(colours):
        if pair.words in given or (pair.ground in given and not (pair.words == "accent" and "dark" in at)):
            yield _told(pair, colours, at, pair.words if pair.words in given else pair.ground)


def _read(value: object) -> str | None:
    try:
        return _colour(value)
    except ValueError:
        return None


def _told(pair: looks.WeakPair, colours: Colours, at: Keys, to_change: str) -> tuple[Keys, str]:
    words, ground = getattr(colours, pair.words), getattr(colours, pair.ground)
    other = pair.ground if to_change == pair.words else pair.words
    better = looks.nearest_readable(getattr(colours, to_change), getattr(looks.tamed(colours), other), pair.least)
    return (*at, to_change), (
        f"{pair.words} {words} on {pair.ground} {ground} has a contrast of {_shown(pair.ratio)}:1, and text needs "
        f'{pair.least:g}:1; the nearest that would do is "{better}"'
    )


def _shown(ratio: float) -> str:
    """Return the ratio rounded down, so that 4.46 is not told as the 4.5 that it needs."""
    return f"{int(ratio * 100) / 100:.2f}"

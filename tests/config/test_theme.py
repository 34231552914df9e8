"""`theme:` in config.yaml: what is taken, what is refused, and what the refusal says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from syndicate.compose.theme import DARK, LIGHT, contrast, make_theme
from syndicate.config.load import ConfigFaults
from tests.config.good import GOOD, loaded

ROOT = Path(__file__).parents[2]
LOGO = "logo: https://lantern.example/logo.png, logo_width: 320, logo_height: 80"


def with_theme(theme: str) -> str:
    """Return the good configuration with a theme on its last line."""
    return f"{GOOD}theme: {{{theme}}}\n"


def faults(folder: Path, theme: str) -> list[tuple[str, str]]:
    """Return (key, what is wrong) of each fault that is told."""
    with pytest.raises(ConfigFaults) as caught:
        loaded(folder, with_theme(theme))
    return [(".".join(map(str, fault.keys)), fault.what) for fault in caught.value.faults]


def test_without_a_theme_letters_look_as_ours(tmp_path: Path) -> None:
    assert loaded(tmp_path).theme.drawn() == make_theme(LIGHT, DARK)


def test_what_is_given_is_what_the_templates_know(tmp_path: Path) -> None:
    theme = loaded(tmp_path, with_theme(f'accent: "#0AF", paper: "#012", ink: "#eeeeee", {LOGO}')).theme.drawn()
    assert (theme.light.accent, theme.light.paper, theme.light.ink) == ("#00aaff", "#001122", "#eeeeee")
    assert theme.light.page == LIGHT.page
    assert theme.logo is not None
    assert (theme.logo.url, theme.logo.width, theme.logo.height, theme.logo.alt) == (
        *("https://lantern.example/logo.png", 320, 80),
        None,
    )


@pytest.mark.parametrize(
    ("theme", "accent"),
    [
        pytest.param("", DARK.accent, id="nothing given"),
        pytest.param('ink: "#000033"', DARK.accent, id="another ink"),
        pytest.param('accent: "#0047c2", dark: {accent: "#88aaff"}', "#88aaff", id="both given"),
    ],
)
def test_the_accent_of_the_dark_is_ours_or_the_one_given(tmp_path: Path, theme: str, accent: str) -> None:
    assert loaded(tmp_path, with_theme(theme)).theme.drawn().dark.accent == accent


@pytest.mark.parametrize("dark", ["", ', dark: {paper: "#10142b"}', ", dark: {accent: auto}"])
def test_an_accent_given_for_the_light_alone_is_made_lighter_for_the_dark(tmp_path: Path, dark: str) -> None:
    palette = loaded(tmp_path, with_theme(f'accent: "#0047c2"{dark}')).theme.drawn().dark
    red, green, blue = (int(palette.accent[at : at + 2], 16) for at in (1, 3, 5))
    assert blue > green > red
    assert contrast(palette.accent, palette.paper) >= 6.5


@pytest.mark.parametrize(
    ("theme", "key", "what"),
    [
        pytest.param(
            'accent: "#ff6600"', "theme.accent", r"accent #ff6600 on paper #fffdf8 has .* 2\.8\d:1", id="accent"
        ),
        pytest.param('ink: "#999"', "theme.ink", "ink #999999 on paper #fffdf8 has", id="ink"),
        pytest.param('paper: "#123"', "theme.paper", "ink #1c1917 on paper #112233 has", id="paper alone"),
        pytest.param('dark: {accent: "#802000"}', "theme.dark.accent", "accent #802000 on paper #1a1816", id="dark"),
        pytest.param('dark: {paper: "#eee"}', "theme.dark.paper", "ink #f3eee4 on paper #eeeeee", id="dark paper"),
    ],
)
def test_words_that_cannot_be_read_are_refused_with_the_nearest_colour_that_would_do(
    tmp_path: Path, theme: str, key: str, what: str
) -> None:
    (told,) = (said for name, said in faults(tmp_path, theme) if name == key and re.match(what, said))
    better = re.search(r'text needs 4\.5:1; the nearest that would do is "(#\w{6})"', told)
    assert better
    mended = re.sub(r'(: )"#\w+"', rf'\1"{better[1]}"', theme)
    words = what.split(" ")[0]
    assert all(not said.startswith(words) for _, said in faults(tmp_path, f"{mended}, colour: none"))


def test_every_fault_of_a_theme_is_in_one_report_with_the_others(tmp_path: Path) -> None:
    theme = 'accent: "#ff6600", ink: "#bbb", logo: https://x.example/l.svg, dark: {ink: "#333"}, colour: red'
    found = faults(tmp_path, theme)
    assert sorted(key for key, _ in found) == sorted(
        ["theme.colour", "theme.logo", "theme.logo", "theme.logo", "theme.ink", "theme.accent", "theme.dark.ink"]
    )


@pytest.mark.parametrize(
    ("theme", "key", "what"),
    [
        pytest.param("accent: red", "theme.accent", '"red" is no colour', id="by name"),
        pytest.param("accent: 9b2318", "theme.accent", '"9b2318" is no colour: write it as "#9b2318"', id="no mark"),
        pytest.param("ink: 112233", "theme.ink", '"112233" is no colour', id="a number"),
        pytest.param("dark: {page: [1]}", "theme.dark.page", "is no colour", id="a list"),
        pytest.param(
            "logo: http://x.example/l.png", "theme.logo", "must begin with https://", id="a logo in the clear"
        ),
        pytest.param("logo: https://x.example/l.svg", "theme.logo", "is SVG, which many mail programs", id="svg"),
        pytest.param("logo: https://x.example/l.webp?v=2", "theme.logo", "is WebP", id="webp"),
        pytest.param("logo: https://x.example/l.png", "theme.logo", "needs logo_width", id="a logo without a size"),
        pytest.param(f"{LOGO.replace('320', '900')}", "theme.logo_width", "must be at most 544", id="too wide"),
        pytest.param(f"{LOGO.replace('80', '2')}", "theme.logo_height", "must be at least 8", id="too low"),
    ],
)
def test_what_is_no_colour_and_no_logo_is_told(tmp_path: Path, theme: str, key: str, what: str) -> None:
    assert any(found == key and what in told for found, told in faults(tmp_path, theme))


@pytest.mark.parametrize("key", ["accent", "page", "dark"])
def test_a_colour_that_yaml_takes_for_a_comment_is_told(tmp_path: Path, key: str) -> None:
    theme = "theme:\n  dark:\n    accent: #ff0000\n" if key == "dark" else f"theme:\n  {key}: #ff0000\n"
    with pytest.raises(ConfigFaults, match="is empty: YAML takes # for the beginning of a comment"):
        loaded(tmp_path, GOOD + theme)


def test_the_example_in_the_docs_is_taken_and_its_refusal_is_what_is_said(tmp_path: Path) -> None:
    text = (ROOT / "docs/theming.md").read_text(encoding="utf-8")
    example = text[text.index("    theme:\n") : text.index("\nPut colours in quotes")]
    loaded(tmp_path, GOOD + "\n".join(line[4:] for line in example.splitlines()) + "\n")
    shown = re.search(r"theme\.accent: (accent .*?)\n\s+(the nearest .*)", text)
    assert shown
    told = dict(faults(tmp_path, 'accent: "#ff6600", paper: "#ffffff"'))
    assert told["theme.accent"] == f"{shown[1]} {shown[2]}"

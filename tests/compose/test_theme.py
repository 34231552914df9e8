"""Four colours make a letter: what is derived from them can always be read, whatever the editor likes."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from syndicate.compose import letter
from syndicate.compose.theme import (
    DARK,
    LIGHT,
    Colours,
    Logo,
    Palette,
    contrast,
    for_the_dark,
    make_theme,
    mix,
    nearest_readable,
    parse_colour,
    tamed,
    weak_pairs,
)
from tests.compose.letters import MAIL, MASTHEAD, WEB, rendered
from tests.compose.test_email_html import weak_texts

colours = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


@st.composite
def legal(draw: st.DrawFn) -> Colours:
    """Return colours that config takes: drawn at random, and mended as its report says where they are weak."""
    drawn = Colours(accent=draw(colours), ink=draw(colours), paper=draw(colours), page=draw(colours))
    paper = tamed(drawn).paper
    mended = replace(drawn, ink=nearest_readable(drawn.ink, paper), accent=nearest_readable(drawn.accent, paper))
    assert weak_pairs(mended) == ()
    return mended


def weak(palette: Palette) -> list[tuple[str, str, float]]:
    """Return the pairs of a palette that stand out too little, of all that a letter or a page lays on one another."""
    pairs = [
        *((words, "paper", 4.5) for words in ("ink", "accent", "soft")),
        *((words, "tint", 4.5) for words in ("ink", "accent")),
        ("ink", "plate", 4.5),
        ("on_button", "button", 4.5),
        ("edge", "paper", 3.0),
        ("button", "paper", 3.0),
    ]
    found = ((one, other, contrast(getattr(palette, one), getattr(palette, other))) for one, other, _ in pairs)
    return [pair for pair, (_, _, least) in zip(found, pairs, strict=True) if pair[2] < least]


@settings(max_examples=300, deadline=None)
@given(legal(), legal())
def test_every_tone_that_is_derived_from_a_legal_theme_can_be_read(light: Colours, dark: Colours) -> None:
    theme = make_theme(light, dark)
    assert weak(theme.light) == weak(theme.dark) == []


@settings(max_examples=300, deadline=None)
@given(legal())
def test_what_lies_behind_words_stays_close_to_the_paper(given_colours: Colours) -> None:
    palette = make_theme(given_colours).light
    assert contrast(palette.tint, palette.paper) <= 1.12
    assert contrast(palette.plate, palette.paper) <= 1.4
    assert contrast(palette.line, palette.paper) <= 1.5


@settings(max_examples=20, deadline=None)
@given(legal(), legal())
def test_no_text_of_a_letter_in_any_legal_theme_is_hard_to_read(light: Colours, dark: Colours) -> None:
    logo = Logo(url="https://lantern.example/logo.png", width=320, height=80)
    html = letter.fill(rendered(masthead=replace(MASTHEAD, theme=make_theme(light, dark, logo))), [WEB, MAIL]).html
    for is_dark in (False, True):
        assert weak_texts(html, dark=is_dark) == []


def test_our_own_theme_is_legal_and_has_no_pure_black_or_white() -> None:
    assert weak_pairs(LIGHT) == weak_pairs(DARK) == ()
    theme = make_theme()
    said = {getattr(palette, field.name) for palette in (theme.light, theme.dark) for field in fields(Palette)}
    assert said.isdisjoint({"#000000", "#ffffff"})
    assert Colours(**{field.name: getattr(theme.light, field.name) for field in fields(Colours)}) == LIGHT


def test_pure_black_on_pure_white_is_tamed() -> None:
    palette = make_theme(Colours(accent="#0000ff", ink="#000000", paper="#ffffff", page="#ffffff")).light
    assert (palette.ink, palette.paper) == ("#010101", "#fefefe")


@given(colours, colours)
def test_the_nearest_readable_colour_can_be_read_and_one_that_could_be_stays(colour: str, other: str) -> None:
    found = nearest_readable(colour, other)
    assert contrast(found, other) >= 4.5
    if contrast(colour, other) >= 4.5:
        assert found == colour


@pytest.mark.parametrize(
    ("colour", "other", "found"),
    [
        pytest.param("#ff6600", "#fefefe", "#c85000", id="an orange on white gets darker"),
        pytest.param("#336633", "#101010", "#458a45", id="a green on black gets lighter"),
    ],
)
def test_the_nearest_readable_colour_keeps_its_hue(colour: str, other: str, found: str) -> None:
    assert nearest_readable(colour, other) == found
    assert contrast(mix(found, colour, 0.1), other) < 4.5


@given(colours, colours)
def test_an_accent_for_the_dark_can_be_read(accent: str, paper: str) -> None:
    assume(contrast("#ffffff", paper) >= 7.5)
    assert contrast(for_the_dark(accent, paper), paper) >= 6.5


@given(colours, colours, st.floats(0, 1))
def test_a_mixture_is_a_colour_between_the_two(one: str, other: str, part: float) -> None:
    mixed = mix(one, other, part)
    assert parse_colour(mixed) == mixed
    assert (mix(one, other, 0), mix(one, other, 1)) == (one, other)


@pytest.mark.parametrize(("one", "other", "ratio"), [("#000000", "#ffffff", 21.0), ("#777777", "#ffffff", 4.48)])
def test_contrast_is_that_of_wcag(one: str, other: str, ratio: float) -> None:
    assert contrast(one, other) == contrast(other, one) == pytest.approx(ratio, abs=0.005)


@pytest.mark.parametrize(("text", "colour"), [("#ABC", "#aabbcc"), ("#9B2318", "#9b2318")])
def test_a_colour_may_be_written_short_and_in_capitals(text: str, colour: str) -> None:
    assert parse_colour(text) == colour


@pytest.mark.parametrize("text", ["", "9b2318", "#12", "#12345", "#1234567", "red", "rgb(0,0,0)", "#ggg", "#fff;x:y"])
def test_what_is_no_colour_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no colour"):
        parse_colour(text)


@given(st.text(min_size=1, max_size=80), st.integers(16, 544), st.integers(8, 400))
def test_a_logos_alt_text_is_set_in_letters_that_can_be_read(alt: str, width: int, height: int) -> None:
    size, line = (
        int(part.split(":")[1].removesuffix("px"))
        for part in Logo(url="https://x.example/l.png", width=width, height=height).type_of(alt).split(";")
    )
    assert 16 <= size <= 56
    assert line in (height, height // 2)

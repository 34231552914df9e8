"""What the frame does to a letter, for the eye only."""

from __future__ import annotations

import pytest

from syndicate.web.studio.viewing import as_viewed, pictures_of

LETTER = (
    "<html><head><style>@media (prefers-color-scheme: dark) { p { color: #fff } } "
    "@media screen and ( prefers-color-scheme:light ) { p { color: #000 } }</style></head>"
    "<body background='http://a.example/wall.png'><p>(prefers-color-scheme: dark) stays a phrase</p>"
    '<img alt="A still &amp; more" src="https://a.example/s.jpg?w=1&amp;h=2"><img data-src="https://b.example/x.png"></body></html>'
)


@pytest.mark.parametrize(
    ("dark", "holds", "fails"),
    [
        (True, "(min-width: 0) { p { color: #fff", "(max-width: 0) { p { color: #000"),
        (False, "(min-width: 0) { p { color: #000", "(max-width: 0) { p { color: #fff"),
    ],
    ids=["dark", "light"],
)
def test_the_question_for_the_readers_colours_is_answered(dark: bool, holds: str, fails: str) -> None:
    shown = as_viewed(LETTER, dark=dark, address=str)
    assert holds in shown
    assert fails in shown
    assert "(prefers-color-scheme: dark) stays a phrase" in shown
    assert f"color-scheme: {'dark' if dark else 'light'} !important" in shown


def test_pictures_are_shown_from_here() -> None:
    shown = as_viewed(LETTER, dark=False, address=lambda url: f'/picture/"{len(url)}')
    assert ' src="/picture/&quot;31"' in shown
    assert " background='/picture/&quot;25'" in shown
    assert 'data-src="https://b.example/x.png"' in shown


def test_without_pictures_their_alt_text_is_left() -> None:
    shown = as_viewed(LETTER, dark=False, address=None)
    assert "a.example" not in shown
    assert 'alt="A still &amp; more"' in shown


def test_the_pictures_of_a_letter_are_found_by_their_true_address() -> None:
    assert list(pictures_of(LETTER)) == ["http://a.example/wall.png", "https://a.example/s.jpg?w=1&h=2"]


def test_links_open_beside_the_preview() -> None:
    assert '<head><base target="_blank">' in as_viewed(LETTER, dark=False, address=None)


LINES = "<html><head></head>\n<body>\n<p id='own'>One</p> <p>two</p>\nno element\n</body></html>"


@pytest.mark.parametrize(
    ("lines", "marked"),
    [
        ({3}, ["<p id=\"found\" data-found id='own'>One</p> <p>two</p>"]),
        ({3, 2}, ['<body id="found" data-found>', "<p data-found id='own'>One</p> <p>two</p>"]),
        ({4, 99, 0}, []),
    ],
    ids=["one", "the first of them is #found", "no element, no such line"],
)
def test_lines_of_which_a_finding_speaks_are_marked(lines: set[int], marked: list[str]) -> None:
    shown = as_viewed(LINES, dark=False, address=None, marked=lines)
    assert [line for line in shown.split("\n") if "data-found>" in line or "data-found id" in line] == marked


def test_without_marks_a_letter_has_no_outline() -> None:
    assert "data-found" not in as_viewed(LINES, dark=False, address=None)

"""Ratings as critics write them, and what is no rating."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.reviews.model import Rating
from syndicate.reviews.ratings import (
    SCALES,
    format_rating,
    parse_rating,
    rating_of_line,
    rating_of_lines,
    share_of,
    to_number,
)


def test_a_verdict_may_end_in_its_rating() -> None:
    assert rating_of_line("Verdict: A fine film. 4/5") == of(4, 5)
    assert rating_of_line("Verdict: A fine film! 7.5/10.") == of(7.5, 10)
    assert rating_of_line("Verdict: A fine film, better than his last. It was 4/5") is None
    assert rating_of_line("A fine film. 4/5 of it is boats") is None


def of(value: float, maximum: float) -> Rating:
    return Rating(value=value, maximum=maximum)


@pytest.mark.parametrize(
    ("text", "rating"),
    [
        ("★★★½", of(3.5, 5)),
        ("★★★", of(3, 5)),
        ("★★★☆", of(3, 4)),
        ("★★★½☆", of(3.5, 5)),
        ("★★★☆☆", of(3, 5)),
        ("★ ★ ★ ☆ ☆", of(3, 5)),
        ("½☆☆☆☆", of(0.5, 5)),
        ("☆☆☆☆☆", of(0, 5)),
        ("★★★/★★★★★", of(3, 5)),
        ("★★★★/10", of(4, 10)),
        ("★★★ (out of four)", of(3, 4)),
        ("★★★½ out of 4", of(3.5, 4)),
        ("★★★ of 5", of(3, 5)),
        ("⭐️⭐️⭐️", of(3, 5)),
        ("⭐⭐⭐⭐½", of(4.5, 5)),
        ("8/10", of(8, 10)),
        ("8.5 / 10", of(8.5, 10)),
        ("3,5/5", of(3.5, 5)),
        ("Rating: 3.5 out of 5.", of(3.5, 5)),
        ("3½ out of 4", of(3.5, 4)),
        ("three and a half out of five", of(3.5, 5)),
        ("4 stars", of(4, 5)),
        ("4-star", of(4, 5)),
        ("4½ stars", of(4.5, 5)),
        ("3 1/2 stars", of(3.5, 5)),
        ("four stars", of(4, 5)),
        ("3 stars out of 4", of(3, 4)),
        ("3 stars (out of four)", of(3, 4)),
        ("1 out of 5 Suiciding Pancakes.", of(1, 5)),
        ("Conclusion: 1/5", of(1, 5)),
        ("85%", of(85, 100)),
        ("73/100", of(73, 100)),
        ("B+", Rating(letter="B+")),
        ("A", Rating(letter="A")),
        ("Rating: C+/ The best thing about it is the hat", Rating(letter="C+")),
        ("Grade: A−", Rating(letter="A-")),
        ("Rating: 3.5 out of 5. 3.5 out of 5", of(3.5, 5)),
    ],
)
def test_a_rating_is_read_with_its_scale(text: str, rating: Rating) -> None:
    assert parse_rating(text) == rating


@pytest.mark.parametrize(
    "text",
    [
        "",
        "8",
        "Rating: 8",
        "10/31",
        "24/7",
        "9/11",
        "1/2",
        "4/5/2024",
        "12/10",
        "7 out of 5",
        "3 of 5",
        "PG-13",
        "15",
        "12A",
        "Rated R",
        "★★★★★★★",
        "☆",
        "Salt 3/5, Fire 4/5",
        "E",
        "G+",
        "A triumph",
        "And",
        "no stars here",
        "1.4.5/5",
        "3/5000",
        "8/10%",
    ],
)
def test_a_rating_is_never_invented(text: str) -> None:
    assert parse_rating(text) is None


@pytest.mark.parametrize(
    ("line", "rating"),
    [
        ("Rating: 3 out of 5.", of(3, 5)),
        ("★★★½", of(3.5, 5)),
        ("3 stars", of(3, 5)),
        ("(8/10)", of(8, 10)),
        ("Verdict: ★★★★ – a quiet marvel that nobody should miss on any screen", of(4, 5)),
        ("Our rating is 4/5", of(4, 5)),
        ("1 out of 5 Suiciding Pancakes.", of(1, 5)),
        ("Red Tide: 8/10", of(8, 10)),
        ("RED TIDE **** USA 2014 Dir: Stephen Wills. 90 mins", of(4, 5)),
        ("Rating: ***½", of(3.5, 5)),
        ("Rating: C+/ The best thing about it", Rating(letter="C+")),
    ],
)
def test_a_line_may_be_a_rating(line: str, rating: Rating) -> None:
    assert rating_of_line(line, "Red Tide") == rating


@pytest.mark.parametrize(
    "line",
    [
        "His last film, Blue Tide, got 4 stars from me and it deserved them.",
        "4 stars collide in this tale of Hollywood gone sour and the men who soured it.",
        "Four stars collide",
        "Blue Tide: 8/10",
        "Also reviewed: Blue Tide ★★★★",
        "***",
        "A",
        "B",
        "Rating: 15",
        "Rating: R",
        "Rated 4/5 by the man beside me",
        "10/31 is the date to remember.",
        "f*** this",
    ],
)
def test_a_line_of_prose_is_no_rating(line: str) -> None:
    assert rating_of_line(line, "Red Tide") is None


def test_lines_that_disagree_give_no_rating_and_lines_that_agree_give_one() -> None:
    assert rating_of_lines(["Rating: 3/5", "Some prose.", "3/5"]) == of(3, 5)
    assert rating_of_lines(["Rating: 3/5", "Score: 4/5"]) is None


@pytest.mark.parametrize(
    ("rating", "drawn", "spoken"),
    [
        (of(3.5, 5), "★★★½☆", "3.5 out of 5"),
        (of(3, 4), "★★★☆", "3 out of 4"),
        (of(4, 4), "4/4", "4 out of 4"),
        (of(3.7, 5), "3.7/5", "3.7 out of 5"),
        (of(8, 10), "8/10", "8 out of 10"),
        (Rating(letter="B+"), "B+", "B+"),
    ],
)
def test_a_rating_is_drawn_and_spoken(rating: Rating, drawn: str, spoken: str) -> None:
    assert format_rating(rating) == drawn
    assert format_rating(rating, spoken=True) == spoken


def _ratings() -> st.SearchStrategy[Rating]:
    letters = st.builds(lambda a, b: Rating(letter=a + b), st.sampled_from("ABCDF"), st.sampled_from(["", "+", "-"]))
    figures = st.sampled_from(sorted(SCALES)).flatmap(
        lambda top: st.integers(0, int(top * 100)).map(lambda hundredths: of(hundredths / 100, top))
    )
    halves = st.sampled_from(sorted(SCALES)).flatmap(
        lambda top: st.integers(0, int(top * 2)).map(lambda half: of(half / 2, top))
    )
    return st.one_of(letters, figures, halves)


@given(_ratings(), st.booleans())
def test_a_rating_that_was_written_reads_back_the_same(rating: Rating, spoken: bool) -> None:
    assert parse_rating(format_rating(rating, spoken=spoken)) == rating


@given(st.text(alphabet="★☆½⭐ /.0123456789outfABC+-%starsRating:*", max_size=80) | st.text(max_size=80))
def test_whatever_is_read_makes_sense(text: str) -> None:
    rating = parse_rating(text)
    assert rating is None or rating.letter or 0 <= (rating.value or 0) <= (rating.maximum or 0)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("4½", 4.5),
        ("½", 0.5),
        ("4 1/2", 4.5),
        ("three", 3.0),
        ("three and a half", 3.5),
        ("3,5", 3.5),
        ("x", None),
        ("", None),
    ],
)
def test_numbers_are_read_in_figures_and_words(text: str, number: float | None) -> None:
    assert to_number(text) == number


@pytest.mark.parametrize(
    ("rating", "share"),
    [
        pytest.param(Rating(value=4, maximum=5), 0.8, id="a figure"),
        pytest.param(Rating(letter="B+"), 0.75, id="a letter is 9 of 12"),
        pytest.param(Rating(letter="A−"), 10 / 12, id="a typographic minus"),
        pytest.param(Rating(letter="F"), 0, id="the lowest"),
    ],
)
def test_a_rating_has_a_share_of_its_own_scale(rating: Rating, share: float) -> None:
    assert share_of(rating) == share

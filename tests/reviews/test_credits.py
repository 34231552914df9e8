"""Credit lines: every trap that real posts have set."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.feeds.model import RawHtml
from syndicate.reviews.blocks import read_body
from syndicate.reviews.credits import Credits, read_credits, reviewers_of
from syndicate.reviews.names import are_surely_names, split_names, split_names_from_prose
from tests.reviews.build import rows


def credits(html: str) -> Credits:
    body = read_body(RawHtml(html))
    return read_credits(body.lines, plain=body.plain)


@pytest.mark.parametrize(("html", "reviewers", "directors", "cast"), rows("credits.txt", 0, columns=4))
def test_credit_lines_are_read_and_prose_is_not(html: str, reviewers: str, directors: str, cast: str) -> None:
    found = credits(html)
    assert ["|".join(names) for names in (found.reviewers, found.directors, found.cast)] == [reviewers, directors, cast]


@pytest.mark.parametrize(("text", "cast", "after"), rows("credits.txt", 1, columns=3))
def test_a_run_of_bare_text_gives_what_is_certain(text: str, cast: str, after: str) -> None:
    found = credits(text.replace("↵", "\n"))
    assert (found.reviewers, found.directors) == (("Ann Roe",), ("Bo Lind",))
    assert "|".join(found.cast) == cast
    assert ("?" if found.after is None else found.after) == after


@pytest.mark.parametrize(
    ("body", "labels", "authors", "wanted"),
    [
        (("Ann Roe",), ("By Bo Lind",), ("Cy Marr",), ("Ann Roe",)),
        ((), ("horror", "By Bo Lind"), ("Cy Marr",), ("Bo Lind",)),
        ((), ("By the Sea",), ("Cy Marr",), ("Cy Marr",)),
        ((), (), ("The Lantern",), ()),
        ((), (), ("thelantern",), ()),
        ((), (), ("Ann\x00 Roe",), ("Ann Roe",)),
        ((), (), ("noreply@blogger.com",), ()),
        ((), (), ("noreply",), ()),
        ((), (), ("admin", "Unknown"), ()),
        ((), (), (), ()),
    ],
    ids=["byline", "label", "a label that is no name", "site", "site in one word", "control character", "address",
         "noreply", "nobody", "none"],
)  # fmt: skip
def test_the_reviewer_is_the_byline_then_the_label_then_the_author(
    body: tuple[str, ...], labels: tuple[str, ...], authors: tuple[str, ...], wanted: tuple[str, ...]
) -> None:
    assert reviewers_of(body, labels, authors, ("the lantern",)) == wanted


def test_names_are_never_corrected() -> None:
    assert split_names("Maxwell McNabb Ladd, Juliette Garépy") == ("Maxwell McNabb Ladd", "Juliette Garépy")


def test_what_is_surely_a_name_and_what_is_not() -> None:
    assert are_surely_names("Ann Roe, Bo van der Lind")
    assert not are_surely_names("anyone else")
    assert not are_surely_names("The Sea")


@given(st.text(max_size=300))
def test_any_text_is_split_without_losing_its_temper(text: str) -> None:
    names, prose = split_names_from_prose(text)
    assert prose is None or prose
    assert all(name.strip() for name in (*names, *split_names(text)))

"""What makes a post a review where its title does not say so."""

from __future__ import annotations

from dataclasses import replace

import pytest

from syndicate.reviews.extract import read_entry
from syndicate.reviews.kinds import is_review_slug
from syndicate.reviews.model import Kind
from tests.reviews.build import entry

HOST = "https://lantern.example/2026/11"


@pytest.mark.parametrize(
    ("slug", "film"),
    [
        ("red-tide-review.html", "RED TIDE"),
        ("red-tide-review", "Red Tide"),
        ("red-tide-review/", "Red Tide"),
        ("polite-dead-review.html", "THE POLITE DEAD"),
        ("the-polite-dead-review.html", "THE POLITE DEAD"),
        ("prowl-1983-review.html", "THE PROWL"),
        ("forever-old-review-henk-prior.html", "FOREVER OLD"),
        ("amelies-cafe-review.html", "Amélie's Café"),
        ("1987-review.html", "1987"),
    ],
)
def test_an_address_of_a_films_name_and_review_says_review(slug: str, film: str) -> None:
    assert is_review_slug(f"{HOST}/{slug}", film)


@pytest.mark.parametrize(
    ("slug", "film"),
    [
        ("red-tide.html", "RED TIDE"),
        ("red-tide-reviews.html", "RED TIDE"),
        ("year-in-review.html", "The Year in Review"),
        ("review.html", "REVIEW"),
        ("blue-tide-review.html", "RED TIDE"),
        ("red-tide-review-of-all-that-was-said.html", "RED TIDE"),
        ("", ""),
    ],
)
def test_any_other_address_says_nothing(slug: str, film: str) -> None:
    assert not is_review_slug(f"{HOST}/{slug}", film)


@pytest.mark.parametrize("link", [None, "", "http://[", "tag:1"])
def test_a_broken_address_says_nothing(link: str | None) -> None:
    assert not is_review_slug(link, "RED TIDE")


def test_the_address_decides_only_where_nothing_else_does() -> None:
    bare = read_entry(entry("RED TIDE", "<p>A pilot finds a light.</p>"))
    interview = read_entry(entry("Interview - RED TIDE", "<p>A pilot finds a light.</p>"))
    elsewhere = read_entry(replace(entry("RED TIDE", "<p>A pilot.</p>"), link=f"{HOST}/red-tide.html"))
    assert (bare.kind, interview.kind, elsewhere.kind) == (Kind.REVIEW, Kind.OTHER, Kind.OTHER)
    assert "address" in bare.why

"""Which reviews an issue carries, in which order, under which heading."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.compose.model import PublishedReview
from syndicate.compose.select import LeadRule, SectionRule, SelectRules, select_reviews
from syndicate.reviews.model import Film, Kind, Rating, Review

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)


def review(number: int, *, strand: str | None = None, days: float = 1, rating: Rating | None = None) -> PublishedReview:
    return PublishedReview(
        id=number,
        feed="reviews",
        link=f"https://lantern.example/{number}",
        kind=Kind.REVIEW,
        title=f"Review {number}",
        review=Review(film=Film(title=f"Film {number}"), strand=strand, rating=rating),
        image=None,
        labels=(),
        published=None,
        counts_from=NOW - timedelta(days=days),
    )


def rules(cap: int = 12, *, lead: LeadRule = LeadRule.NEWEST, sections: tuple[SectionRule, ...] = ()) -> SelectRules:
    return SelectRules(cap=cap, max_age=timedelta(days=45), lead=lead, sections=sections)


def test_the_newest_review_leads_and_the_rest_keep_their_order() -> None:
    chosen = select_reviews([review(3), review(2), review(1)], rules(), NOW)
    assert [each.id for each in chosen.reviews] == [3, 2, 1]
    assert chosen.lead is not None
    assert chosen.lead.id == 3


def test_the_highest_rating_leads_whatever_its_scale_and_the_newest_of_equals() -> None:
    four = Rating(value=3, maximum=4)
    eight = Rating(letter="B+")
    chosen = select_reviews(
        [review(3), review(2, rating=eight), review(1, rating=four)], rules(lead=LeadRule.RATING), NOW
    )
    assert chosen.lead is not None
    assert chosen.lead.id == 2


def test_without_a_lead_every_review_stands_in_its_section() -> None:
    chosen = select_reviews([review(2), review(1)], rules(lead=LeadRule.NONE), NOW)
    assert chosen.lead is None
    assert [each.id for each in chosen.sections[0].reviews] == [2, 1]


def test_what_is_past_max_age_is_passed_over_and_not_counted_as_more() -> None:
    chosen = select_reviews([review(2), review(1, days=46)], rules(), NOW)
    assert [each.id for each in chosen.reviews] == [2]
    assert chosen.more == 0


def test_what_the_cap_leaves_over_is_counted() -> None:
    chosen = select_reviews([review(number) for number in range(9, 0, -1)], rules(cap=4), NOW)
    assert [each.id for each in chosen.reviews] == [9, 8, 7, 6]
    assert chosen.more == 5


@pytest.mark.parametrize(
    ("glob", "strand", "fits"),
    [
        pytest.param("New Release*", "New Release Review [VOD]", True, id="a star"),
        pytest.param("new release review", "New Release Review", True, id="case does not count"),
        pytest.param("New Release Review [VOD]", "New Release Review [VOD]", True, id="brackets are brackets"),
        pytest.param("New Release Review [VOD]", "New Release Review V", False, id="and no set of letters"),
        pytest.param("Blu-Ray*", None, False, id="a post without a strand"),
    ],
)
def test_a_section_takes_the_strands_that_its_globs_fit(glob: str, strand: str | None, fits: bool) -> None:
    section = SectionRule(title="In cinemas", strands=(glob,))
    chosen = select_reviews([review(1, strand=strand)], rules(lead=LeadRule.NONE, sections=(section,)), NOW)
    assert [each.title for each in chosen.sections] == ["In cinemas" if fits else None]


@given(st.lists(st.sampled_from(["New Release Review", "Blu-Ray Review", None]), max_size=30), st.integers(1, 20))
def test_every_young_review_is_in_the_issue_once_or_counted(strands: list[str | None], cap: int) -> None:
    candidates = [review(number, strand=strand) for number, strand in enumerate(strands, start=1)]
    sections = (SectionRule(title="In cinemas", strands=("New Release*",)),)
    chosen = select_reviews(candidates, rules(cap, sections=sections), NOW)
    ids = [each.id for each in chosen.reviews]
    assert len(ids) == len(set(ids)) == min(cap, len(candidates))
    assert len(ids) + chosen.more == len(candidates)

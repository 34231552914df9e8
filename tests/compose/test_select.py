"""Which reviews an issue carries, in which order, under which heading."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.compose.choices import Choices
from syndicate.compose.model import PublishedReview
from syndicate.compose.select import LeadRule, PassedOver, SectionRule, SelectRules, select_reviews
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
    chosen = select_reviews([review(3), review(2), review(1)], rules(), NOW).selection
    assert [each.id for each in chosen.reviews] == [3, 2, 1]
    assert chosen.lead is not None
    assert chosen.lead.id == 3


def test_the_highest_rating_leads_whatever_its_scale_and_the_newest_of_equals() -> None:
    four = Rating(value=3, maximum=4)
    eight = Rating(letter="B+")
    chosen = select_reviews(
        [review(3), review(2, rating=eight), review(1, rating=four)], rules(lead=LeadRule.RATING), NOW
    ).selection
    assert chosen.lead is not None
    assert chosen.lead.id == 2


def test_without_a_lead_every_review_stands_in_its_section() -> None:
    chosen = select_reviews([review(2), review(1)], rules(lead=LeadRule.NONE), NOW).selection
    assert chosen.lead is None
    assert [each.id for each in chosen.sections[0].reviews] == [2, 1]


def test_what_is_past_max_age_is_passed_over_and_not_counted_as_more() -> None:
    chosen = select_reviews([review(2), review(1, days=46)], rules(), NOW).selection
    assert [each.id for each in chosen.reviews] == [2]
    assert chosen.more == 0


def test_what_the_cap_leaves_over_is_counted() -> None:
    chosen = select_reviews([review(number) for number in range(9, 0, -1)], rules(cap=4), NOW).selection
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
    chosen = select_reviews([review(1, strand=strand)], rules(lead=LeadRule.NONE, sections=(section,)), NOW).selection
    assert [each.title for each in chosen.sections] == ["In cinemas" if fits else None]


@given(st.lists(st.sampled_from(["New Release Review", "Blu-Ray Review", None]), max_size=30), st.integers(1, 20))
def test_every_young_review_is_in_the_issue_once_or_counted(strands: list[str | None], cap: int) -> None:
    candidates = [review(number, strand=strand) for number, strand in enumerate(strands, start=1)]
    sections = (SectionRule(title="In cinemas", strands=("New Release*",)),)
    chosen = select_reviews(candidates, rules(cap, sections=sections), NOW).selection
    ids = [each.id for each in chosen.reviews]
    assert len(ids) == len(set(ids)) == min(cap, len(candidates))
    assert len(ids) + chosen.more == len(candidates)


FIVE = [review(number, strand="Blu-Ray Review" if number % 2 else "New Release Review") for number in (5, 4, 3, 2, 1)]
IN_CINEMAS = (SectionRule(title="In cinemas", strands=("New Release*",)),)


@pytest.mark.parametrize(
    ("choices", "lead", "order"),
    [
        pytest.param(Choices(lead=2), 2, [2, 5, 4, 3, 1], id="the chosen lead is first"),
        pytest.param(Choices(order=(3, 1)), 3, [3, 1, 5, 4, 2], id="an order comes before the others, its first leads"),
        pytest.param(Choices(lead=1, order=(4, 3, 1)), 1, [1, 4, 3, 5, 2], id="a lead is out of the order"),
        pytest.param(Choices(left_out=frozenset({5, 2})), 4, [4, 3, 1], id="what is left out is not in it"),
        pytest.param(Choices(lead=5, left_out=frozenset({5})), 4, [4, 3, 2, 1], id="a lead that is left out"),
        pytest.param(Choices(lead=99, order=(98, 2, 2)), 2, [2, 5, 4, 3, 1], id="reviews that are no candidates"),
    ],
)
def test_what_the_editor_chose_stands_before_the_rules(choices: Choices, lead: int, order: list[int]) -> None:
    chosen = select_reviews(FIVE, rules(), NOW, choices).selection
    assert chosen.lead is not None
    assert chosen.lead.id == lead
    assert [each.id for each in chosen.reviews] == order


def test_sections_stay_as_the_rules_make_them_each_in_the_chosen_order() -> None:
    chosen = select_reviews(FIVE, rules(sections=IN_CINEMAS), NOW, Choices(order=(1, 2, 4, 3))).selection
    assert [each.id for each in chosen.reviews] == [1, 2, 4, 3, 5]
    assert [(each.title, [one.id for one in each.reviews]) for each in chosen.sections] == [
        ("In cinemas", [2, 4]),
        (None, [3, 5]),
    ]


@pytest.mark.parametrize(
    ("rule", "choices", "lead"),
    [
        pytest.param(LeadRule.RATING, Choices(), 1, id="by rating"),
        pytest.param(LeadRule.RATING, Choices(order=(3, 1)), 3, id="whoever orders them says which is first"),
        pytest.param(LeadRule.RATING, Choices(order=(99,)), 1, id="unless the order names none that is there"),
        pytest.param(LeadRule.NONE, Choices(order=(3, 1)), None, id="an order alone sets none apart"),
        pytest.param(LeadRule.NONE, Choices(lead=3), 3, id="a lead does"),
    ],
)
def test_a_choice_wins_over_the_rule_of_the_lead(rule: LeadRule, choices: Choices, lead: int | None) -> None:
    rated = [review(3), review(2), review(1, rating=Rating(value=4, maximum=5))]
    chosen = select_reviews(rated, rules(lead=rule), NOW, choices).selection.lead
    assert (chosen.id if chosen else None) == lead


def test_the_editor_brings_a_review_in_past_the_cap_and_another_is_left_over() -> None:
    chosen = select_reviews(FIVE, rules(cap=3), NOW, Choices(order=(5, 1)))
    assert [each.id for each in chosen.selection.reviews] == [5, 1, 4]
    assert chosen.selection.more == 2
    assert chosen.passed_over == {3: PassedOver.CAP, 2: PassedOver.CAP}


def test_whoever_is_passed_over_is_told_of_with_its_reason() -> None:
    candidates = [review(4), review(3), review(2), review(1, days=46)]
    chosen = select_reviews(candidates, rules(cap=1), NOW, Choices(left_out=frozenset({1, 3})))
    assert chosen.passed_over == {1: PassedOver.TOO_OLD, 3: PassedOver.LEFT_OUT, 2: PassedOver.CAP}
    assert chosen.selection.more == 1


numbers = st.integers(0, 12)


@given(st.sets(numbers), st.integers(1, 9), st.lists(numbers, max_size=8), st.none() | numbers, st.frozensets(numbers))
def test_whatever_is_chosen_each_candidate_is_in_the_issue_once_or_passed_over(
    there: set[int], cap: int, order: list[int], lead: int | None, left_out: frozenset[int]
) -> None:
    candidates = [review(number) for number in sorted(there, reverse=True)]
    choices = Choices(order=tuple(order), lead=lead, left_out=left_out)
    chosen = select_reviews(candidates, rules(cap, sections=IN_CINEMAS), NOW, choices)
    taken = [each.id for each in chosen.selection.reviews]
    assert sorted([*taken, *chosen.passed_over]) == sorted(there)
    assert not left_out & set(taken)
    if lead in taken:
        assert taken[0] == lead

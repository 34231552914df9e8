"""A letter that mail programs would cut off is made shorter, and nothing is lost by it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syndicate.compose.choices import Choices
from syndicate.compose.email import render_email
from syndicate.compose.fit import FIT_BYTES, Fitted, fit, weigh_letter
from syndicate.compose.letter import fill
from syndicate.compose.model import PublishedReview, RenderedEmail, Section, Selection
from syndicate.compose.quoted import quoted
from syndicate.reviews.model import Film
from tests.compose.letters import FULL, MASTHEAD, TEMPLATES, WEB, issue_of, published, still

SENTENCE = "The tide comes in, and nobody moves. "


@dataclass
class Press:
    """Renders, and counts how often."""

    choices: Choices = field(default_factory=Choices)
    times: int = 0

    def render(self, selection: Selection) -> RenderedEmail:
        self.times += 1
        return render_email(selection, MASTHEAD, templates=TEMPLATES, subject=None, choices=self.choices)

    def fit(self, selection: Selection, limit: int = FIT_BYTES) -> Fitted:
        return fit(selection, self.render, weigh, limit)


def weigh(email: RenderedEmail) -> int:
    return weigh_letter(email, [way.url for way in MASTHEAD.ways_out])


def film(number: int, excerpt: str = SENTENCE * 10) -> PublishedReview:
    review = replace(FULL, film=Film(title=f"Film number {number}"), excerpt=excerpt.strip() or None)
    return published(number, review, image=still(number))


def issue(count: int, excerpt: str = SENTENCE * 10) -> Selection:
    return issue_of(*(film(number, excerpt) for number in range(1, count + 1)))


def excerpts(selection: Selection) -> list[str | None]:
    return [each.review.excerpt for each in selection.reviews]


@pytest.mark.parametrize("count", [1, 12, 25])
def test_an_ordinary_issue_is_rendered_once_and_stays_as_it_is(count: int) -> None:
    press = Press()
    fitted = press.fit(issue(count))
    assert (fitted.selection, fitted.waiting, press.times) == (issue(count), (), 1)


def test_excerpts_get_shorter_first_in_whole_sentences_and_every_review_stays() -> None:
    press = Press()
    fitted = press.fit(issue(28))
    assert weigh(fitted.email) <= FIT_BYTES
    assert len(fitted.selection.reviews) == 28
    assert fitted.waiting == ()
    shown = excerpts(fitted.selection)
    assert len(shown[1] or "") < len(shown[0] or "")
    assert all((text or SENTENCE).endswith(".") for text in shown)
    assert press.times <= 3


def test_then_the_last_reviews_wait_and_are_counted() -> None:
    press = Press()
    fitted = press.fit(replace(issue(60), more=3))
    kept = len(fitted.selection.reviews)
    assert weigh(fitted.email) <= FIT_BYTES
    assert kept > 20
    assert [each.id for each in fitted.selection.reviews] == list(range(1, kept + 1))
    assert [each.id for each in fitted.waiting] == list(range(kept + 1, 61))
    assert fitted.selection.more == 3 + len(fitted.waiting)
    assert set(excerpts(fitted.selection)) == {None}
    assert press.times <= 7


def test_the_way_out_the_note_and_the_first_review_are_never_what_goes() -> None:
    press = Press(Choices(note="A word of the editor's. " * 200, lead=1))
    fitted = press.fit(issue(40))
    html = fill(fitted.email, [way.url for way in MASTHEAD.ways_out]).html
    assert html.count(WEB) == 2
    assert "A word of the editor" in html
    assert film(1).link in html
    assert weigh(fitted.email) <= FIT_BYTES


def test_what_list_servers_get_counts_where_it_is_longer() -> None:
    html = "<!--syndicateslot7q4mposting-->" + "x" * 5_000 + "<!--syndicateslot7q4mend-->short"
    email = RenderedEmail(subject="", preheader="", html=html, text="")
    assert weigh_letter(email, []) > 5_000


def test_what_counts_is_the_letter_as_it_is_encoded() -> None:
    fitted = Press().fit(issue(30, "밤의 정원은 조용하다。 " * 30))
    assert len(quoted(fill(fitted.email).html)) <= FIT_BYTES


sizes = st.lists(st.integers(0, 60_000), min_size=1, max_size=40)


@settings(deadline=None)
@given(sizes, st.integers(0, 40_000), st.booleans())
def test_whatever_the_reviews_weigh_the_issue_fits_or_has_one_and_nothing_is_lost(
    weights: list[int], masthead: int, has_lead: bool
) -> None:
    reviews = tuple(published(number, FULL) for number, _ in enumerate(weights))
    lead, rest = (reviews[0], reviews[1:]) if has_lead else (None, reviews)
    half = len(rest) // 2
    sections = (Section(title="In cinemas", reviews=rest[:half]), Section(title=None, reviews=rest[half:]))
    selection = Selection(lead=lead, sections=sections, more=2)
    times = 0

    def render(shown: Selection) -> RenderedEmail:
        nonlocal times
        times += 1
        size = masthead + sum(weights[each.id] + len(each.review.excerpt or "") for each in shown.reviews)
        return RenderedEmail(subject="", preheader="", html="x" * size, text="")

    fitted = fit(selection, render, lambda email: len(email.html))
    kept = fitted.selection.reviews
    assert len(fitted.email.html) <= FIT_BYTES or len(kept) == 1
    assert [each.id for each in (*kept, *fitted.waiting)] == list(range(len(weights)))
    assert fitted.selection.more == 2 + len(fitted.waiting)
    assert fitted.selection.lead is None or fitted.selection.lead.id == 0
    assert all(section.reviews for section in fitted.selection.sections) or not fitted.waiting
    assert times <= 10


reviews = st.builds(
    lambda number, title, excerpt, credit, repeat: published(
        number,
        replace(FULL, film=Film(title=title), excerpt=excerpt * repeat, standfirst=credit * repeat),
        image=still(9),
    ),
    st.integers(1, 10**6),
    st.text(min_size=1, max_size=200),
    st.text(max_size=40),
    st.text(max_size=20),
    st.integers(1, 400),
)


@settings(max_examples=15, deadline=None)
@given(st.lists(reviews, min_size=1, max_size=60, unique_by=lambda each: each.id))
def test_any_reviews_at_all_fit_or_there_is_one(chosen: list[PublishedReview]) -> None:
    fitted = Press().fit(issue_of(*chosen))
    assert weigh(fitted.email) <= FIT_BYTES or len(fitted.selection.reviews) == 1
    assert len(fitted.selection.reviews) + len(fitted.waiting) == len(chosen)

"""The letter of one review: what it says, in both parts, and that it is as sound as an issue's."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from syndicate.compose.choices import Choices
from syndicate.compose.email import Design, render_email
from syndicate.compose.environment import environment
from syndicate.compose.letter import fill
from syndicate.compose.model import RenderedEmail, Selection
from syndicate.errors import TemplateError
from syndicate.reviews.model import Kind
from tests.compose.letters import BARE, FULL, MAIL, MASTHEAD, TEMPLATES, WEB, published, still

OPENING = (
    "There is a shot early on that holds on a watering can for so long you begin to hear it think.",
    "What follows is a ghost story told in daylight.",
)
REVIEW = published(1, replace(FULL, opening=OPENING), image=still(1, "A woman in a green coat among orchids"))


def letter(
    selection: Selection | None = None, *, subject: str | None = None, choices: Choices | None = None
) -> RenderedEmail:
    """Return the letter of a review."""
    return render_email(
        selection or Selection(lead=REVIEW, sections=()),
        MASTHEAD,
        templates=TEMPLATES,
        subject=subject,
        choices=choices or Choices(),
        design=Design.REVIEW,
    )


@pytest.mark.parametrize("part", ["html", "text"])
def test_it_has_the_film_its_rating_its_credits_the_opening_and_one_link(part: str) -> None:
    said = " ".join(getattr(fill(letter(), [WEB, MAIL]), part).split())
    order = [
        "A new review",
        "GLASSHOUSE SUMMER",
        "4.5 out of 5",
        "Review by Orla Devane",
        OPENING[0],
        OPENING[1],
        "Read the review of GLASSHOUSE SUMMER",
        WEB,
    ]
    at = said.index("A new review")
    for each in order:
        at = said.index(each, at)
    assert said.count(OPENING[0]) == 1
    assert "Issue 34" not in said


def test_its_still_is_wide() -> None:
    assert '<img src="https://pictures.lantern.example/w1200/1.jpg" width="600"' in letter().html


def test_a_review_of_which_no_more_is_known_shows_its_excerpt() -> None:
    short = letter(Selection(lead=published(1, FULL), sections=()))
    assert (FULL.excerpt or "")[:60] in short.text
    assert letter(Selection(lead=published(1, BARE), sections=())).text.count("Read the review") == 1


@pytest.mark.parametrize(
    ("kind", "subject"),
    [
        pytest.param(Kind.REVIEW, "GLASSHOUSE SUMMER, reviewed", id="a review"),
        pytest.param(Kind.OTHER, "GLASSHOUSE SUMMER", id="another post is called none"),
    ],
)
def test_its_subject_names_the_film_and_counts_no_issues(kind: Kind, subject: str) -> None:
    made = letter(Selection(lead=published(1, FULL, kind=kind), sections=()))
    assert made.subject == subject
    assert ("A new review" in made.text) is (kind is Kind.REVIEW)


def test_the_editors_words_stand_before_ours() -> None:
    assert letter(subject="{{ lead.film }}!").subject == "GLASSHOUSE SUMMER!"
    chosen = letter(choices=Choices(subject="For you", note="Dear *all*,"), subject="{{ lead.film }}!")
    assert chosen.subject == "For you"
    assert "Dear <em>all</em>," in chosen.html


def test_without_a_review_it_renders_all_the_same() -> None:
    assert "Read the review" not in letter(Selection(lead=None, sections=())).text


def test_a_template_of_ones_own_is_told_of_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "email").mkdir()
    (tmp_path / "email/review.txt").write_text("{{ lead.film }}", encoding="utf-8")
    selection = Selection(lead=REVIEW, sections=())
    with pytest.raises(TemplateError, match="does not show the way out") as caught:
        render_email(selection, MASTHEAD, templates=environment([tmp_path]), subject=None, design=Design.REVIEW)
    assert caught.value.where == "email/review.txt"


def test_a_house_style_for_issues_is_that_of_these_letters_too(tmp_path: Path) -> None:
    (tmp_path / "email").mkdir()
    own = "<html><body><p>House style</p>{% for way in ways_out %}{{ way.url }}{% endfor %}"
    (tmp_path / "email/issue.html").write_text(f"{own}{{% block opening %}}{{% endblock %}}</body></html>")
    made = render_email(
        Selection(lead=REVIEW, sections=()),
        MASTHEAD,
        templates=environment([tmp_path]),
        subject=None,
        design=Design.REVIEW,
    )
    assert "House style" in made.html

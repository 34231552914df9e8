"""Whatever a feed says, the letter that our templates make of it has no error: no feed holds an issue by its words."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syndicate.compose.lint import Severity, lint
from syndicate.errors import TemplateError
from syndicate.reviews.model import Film
from tests.compose.letters import FULL, issue_of, published, still
from tests.compose.lint.letters import issue

ODD = (
    "None",
    "{{ film }}",
    "*|FNAME|*",
    "undefined",
    "<script>",
    "http://127.0.0.1/",
    "RE: !!",
    "&amp;amp;",
    "\u202e",
    "nan",
)
WORDS = st.one_of(st.sampled_from(ODD), st.text(max_size=60))


def errors_of(title: str, excerpt: str, alt: str) -> list[tuple[int, str]]:
    """Return the errors of an issue whose second review says this."""
    review = replace(FULL, film=Film(title=title), excerpt=excerpt, standfirst=title, strand=alt, directors=(excerpt,))
    first = published(1, FULL, image=still(1, "A woman in a green coat"))
    case = issue(issue_of(first, published(2, review, image=still(2, alt))))
    return [
        (each.number, each.why) for each in lint(case.email, case.facts, case.copies) if each.severity is Severity.ERROR
    ]


@pytest.mark.parametrize("words", ODD)
def test_odd_words_of_a_feed_are_no_error(words: str) -> None:
    assert errors_of(words, words, words) == []


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(WORDS, WORDS, WORDS)
def test_no_words_of_a_feed_are_an_error(title: str, excerpt: str, alt: str) -> None:
    try:
        assert errors_of(title, excerpt, alt) == []
    except TemplateError:
        return  # It was refused before anybody could lint it.

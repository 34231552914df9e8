"""Whatever a feed says, the letter that our templates make of it has no error: no feed holds an issue by its words."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syndicate.compose.choices import Choices
from syndicate.compose.lint import Severity
from syndicate.compose.model import Masthead, Selection
from syndicate.errors import TemplateError
from syndicate.reviews.model import Film, Image
from tests.compose.letters import BARE, FULL, ISSUE, LEAD, issue_of, published, still
from tests.compose.lint.letters import OWN_HEAD, issue

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
    "…",
    ">",
    "Click",
    "\u200b",
    "<![endif]-->",
    "<!--[if mso]>",
    "%recipient_name%",
    "reader@example.org",
    "var(--ink)",
    "Read more »",
    "ÆØÅ " * 20,
    "שלום עולם",
    "映画" * 30,
    "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16") * 20,
)
WORDS = st.one_of(st.sampled_from(ODD), st.text(max_size=60))


def errors_in(selection: Selection, masthead: Masthead = OWN_HEAD) -> list[tuple[int, str]]:
    """Return the errors of an issue."""
    case = issue(selection, masthead)
    return [(each.number, each.why) for each in case.findings() if each.severity is Severity.ERROR]


def errors_of(title: str, excerpt: str, alt: str) -> list[tuple[int, str]]:
    """Return the errors of an issue whose lead and second review say this."""
    review = replace(FULL, film=Film(title=title), excerpt=excerpt, standfirst=title, strand=alt, directors=(excerpt,))
    return errors_in(issue_of(*(published(number, review, image=still(number, alt)) for number in (1, 2))))


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


LINKS = [
    pytest.param("http://lantern.example/review", id="not encrypted"),
    pytest.param("https://lantern.example/a b/ü?q={{x}}&y=<z>", id="blanks, foreign letters and braces"),
    pytest.param("https://lantern.example/?p=1&amp;q=2#top", id="an entity that was never resolved"),
    pytest.param('https://lantern.example/it\'s-"here"', id="quotation marks"),
    pytest.param("https://映画.example/レビュー", id="a foreign host"),
    pytest.param("http://films.internal/review", id="a machine of the house"),
    pytest.param("http://192.168.1.9:8080/review", id="a number of the house"),
    pytest.param("http://localhost/review", id="this machine"),
    pytest.param("javascript:alert(1)", id="no address"),
    pytest.param("", id="none"),
    pytest.param(f"https://lantern.example/{'long-' * 300}", id="endless"),
    pytest.param("https://lantern.example/%7Btoken%7D", id="a slot of ours"),
    pytest.param("https://lantern.example/100%", id="a broken escape"),
    pytest.param("HTTPS://LANTERN.example/Review", id="capitals"),
]


@pytest.mark.parametrize("link", LINKS)
def test_no_link_of_a_feed_is_an_error(link: str) -> None:
    assert errors_in(issue_of(LEAD, replace(published(2, FULL), link=link))) == []


@pytest.mark.parametrize("link", LINKS)
def test_a_link_that_two_reviews_have_is_no_error(link: str) -> None:
    reviews = (replace(published(number, FULL), link=link) for number in (1, 2))
    others = replace(published(3, replace(FULL, film=Film(title="Another"))), link=link)
    assert errors_in(issue_of(*reviews, others)) == []


@pytest.mark.parametrize("name", ["x.svg", "x.webp", "x.avif", "x.gif?a={{b}}", "w320-rw/x.jpg", "x", "x.jpg#None"])
@pytest.mark.parametrize("place", ["https://p.example/", "http://10.0.0.7/", "http://localhost:1/"])
def test_no_picture_of_a_feed_is_an_error(place: str, name: str) -> None:
    picture = Image(url=f"{place}{name}", alt=name)
    assert errors_in(issue_of(published(1, FULL, image=picture), published(2, FULL, image=picture))) == []


@pytest.mark.parametrize("language", ["en", "ar", "he", "ja", "ko", "de", "pt-BR", "zh-Hant", "fi"])
@pytest.mark.parametrize("selection", [ISSUE, issue_of(LEAD)], ids=["six reviews", "one review"])
def test_nothing_is_told_of_a_letter_in_another_language(language: str, selection: Selection) -> None:
    assert issue(selection, replace(OWN_HEAD, language=language)).findings() == ()


def test_an_issue_of_reviews_that_say_next_to_nothing_has_no_error() -> None:
    assert errors_in(issue_of(published(1, BARE))) == []
    assert errors_in(issue_of(*(published(number, BARE) for number in range(1, 30)))) == []


@pytest.mark.parametrize("words", ODD)
def test_no_note_of_the_editors_is_an_error(words: str) -> None:
    choices = Choices(subject=words.strip() or "Films", preheader=words, note=f"Dear **{words}**,\n\n{words}")
    case = issue(choices=choices)
    assert [each for each in case.findings() if each.severity is Severity.ERROR] == []

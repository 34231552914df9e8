"""Sentences, excerpts and standfirsts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.feeds.model import RawHtml
from syndicate.reviews.blocks import Line, read_body
from syndicate.reviews.credits import read_credits
from syndicate.reviews.excerpt import (
    EXCERPT_CHARS,
    OPENING_CHARS,
    prose,
    read_excerpt,
    read_opening,
    read_standfirst,
    sentences,
    shorten,
)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("One. Two. Three.", 3),
        ("Mr. Roe met Dr. Lind. They spoke.", 2),
        ("J. J. Marr plays St. Poe. He is good.", 2),
        ('She says "I was curious." Nobody believes her.', 2),
        ("He asks “Why?” and waits. Nobody answers.", 2),
        ("Is it good? Yes! Very…", 3),
        ("It cost 3.5 million. It shows.", 2),
        ("The U.S. release is in May. Go.", 2),
        ("Wait... what happened? Nothing.", 2),
        ("Nothing happens, e.g. in the middle. Then it does.", 2),
        ("No end", 1),
        ("", 0),
        ("これは。良い。", 2),
    ],
)
def test_sentences_end_where_they_end(text: str, count: int) -> None:
    assert len(sentences(text)) == count, sentences(text)


@given(st.text(alphabet="Ab .!?\"'”…", max_size=120))
def test_splitting_loses_no_letter(text: str) -> None:
    assert "".join("".join(sentences(text)).split()) == "".join(text.split())


@given(st.text(max_size=900), st.integers(20, 400))
def test_a_shortened_text_fits(text: str, limit: int) -> None:
    assert len(shorten(text, limit)) <= limit


def test_a_text_is_shortened_at_a_sentence_or_else_at_a_word() -> None:
    assert shorten("One two. Three four.", 12) == "One two."
    assert shorten("One two three four five", 12) == "One two…"


QUOTED = 'She says "I was curious. I went in. I came out." Nobody believes her.'


def test_a_quotation_is_kept_whole() -> None:
    assert sentences(QUOTED)[0] == 'She says "I was curious. I went in. I came out."'
    assert sentences(QUOTED.replace(' "', " “").replace('." ', ".” "))[0].endswith("came out.”")
    assert len(sentences('The sign is 5" wide. It is read. It is left.')) == 3


def test_a_quotation_that_does_not_fit_is_cut_at_a_sentence_inside_it() -> None:
    assert shorten(QUOTED, 30) == 'She says "I was curious.'


def test_a_short_first_paragraph_takes_the_next_along() -> None:
    assert read_excerpt(["Short.", "Then more."]) == "Short. Then more."
    assert read_excerpt(["A" * 300 + ".", "Then more."]) == "A" * 300 + "."
    assert read_excerpt([]) is None


@pytest.mark.parametrize("mark", ["...", "…", " [...]", " [&hellip;]".replace("&hellip;", "…")])
def test_a_text_that_the_feed_cut_ends_at_its_last_whole_sentence(mark: str) -> None:
    whole = "This is the first sentence, and it is long enough to stand."
    assert read_excerpt([f"{whole} This one is bro{mark}"]) == whole
    assert read_excerpt([f"A short sentence ends here. This one is bro{mark}"]) == "A short sentence ends here."
    assert read_excerpt([f"No sentence ends in this short tex{mark}"]) == "No sentence ends in this short…"


@pytest.mark.parametrize(
    "text",
    [
        "[ READ MORE: Blu-Ray Review - The Prowl (1983) ]",
        "Read more »",
        "Continue reading “Red Tide” →",
        "discussion by Disqus",
        "The post Red Tide appeared first on The Lantern.",
        "Share this: everything",
        "Subscribe now",
        "Watched on Friday November 6, 2026.",
        "Home » Reviews » New Release Review - Red Tide, and all that is below it",
        "SPOILER WARNING: the boat sinks.",
        "Filed under Reviews, by Ann Roe.",
        "4.5",
        "This review may contain spoilers.",
        "Thanks for reading!",
    ],
)
def test_a_promotion_is_no_prose(text: str) -> None:
    assert list(prose([Line(text=text)])) == []


def test_a_promotion_inside_a_paragraph_is_cut_out() -> None:
    line = Line(text="The first half drags. [ READ MORE: Another Film ] The second flies, and it is over too soon.")
    assert list(prose([line])) == ["The first half drags. The second flies, and it is over too soon."]


LOST = "down on his luck photographer's last roll is not his own."
FIRST = "A pilot finds a light where the chart has none."
CREDITS = "<p>Review by Ann Roe</p><p>Directed by: Bo Lind</p><p>Starring: Cy Marr</p>"


@pytest.mark.parametrize(
    ("html", "standfirst"),
    [
        pytest.param(f"<p>{FIRST}</p><a name='more'></a>{CREDITS}<p>Prose follows.</p>", FIRST, id="above the break"),
        pytest.param(f"<p>{FIRST}</p>{CREDITS}<p>Prose follows.</p>", FIRST, id="above the credits, no break"),
        pytest.param(f"<p>{FIRST}</p><br/><a href='x#more'>Read more »</a>", FIRST, id="a feed until the break"),
        pytest.param(f"{FIRST}<a href='x#more'>Read more »</a>", FIRST, id="the link on its line"),
        pytest.param(f"<h2>{FIRST}</h2>{CREDITS}", FIRST, id="as a heading"),
        pytest.param(f"<p>{FIRST}</p><p>{FIRST}</p><a name='more'></a>", None, id="two paragraphs are prose"),
        pytest.param(f"{CREDITS}<p>{FIRST}</p><a name='more'></a>", None, id="below the credits"),
        pytest.param(f"<p>{FIRST}</p><p>Prose follows.</p>", None, id="nothing tells it from prose"),
        pytest.param(f"<p>{FIRST * 12}</p><a name='more'></a>", None, id="too long"),
        pytest.param(f"<figcaption>A still.</figcaption><p>{FIRST}</p>{CREDITS}", FIRST, id="a caption first"),
        pytest.param(f"<a name='more'></a>{CREDITS}", None, id="missing"),
        pytest.param(f"<p>{FIRST[:-1]}</p>{CREDITS}", FIRST[:-1], id="without a full stop"),
        pytest.param(f"<p>The Review of Films</p><p>in cinemas</p><p>{FIRST}</p>{CREDITS}", FIRST, id="name"),
        pytest.param(f"{FIRST}<a href='x#more-123'>(more…)</a>", FIRST, id="the link of WordPress"),
        pytest.param(f"<p>{FIRST}</p><p>The post X appeared first on Y.</p>", None, id="a footer is no break"),
        pytest.param(f"<p>{LOST}</p><a name='more'></a>", LOST, id="its first letter lost"),
    ],
)  # fmt: skip
def test_a_standfirst_stands_above_the_break_or_the_credits(html: str, standfirst: str | None) -> None:
    body = read_body(RawHtml(html))
    assert read_standfirst(body.blocks, read_credits(body.lines)) == standfirst


def test_an_excerpt_never_passes_its_limit() -> None:
    assert len(read_excerpt(["word " * 400]) or "") <= EXCERPT_CHARS


LONG = "A sentence of the review that says a little of the film. " * 10


@pytest.mark.parametrize(
    ("lines", "opening"),
    [
        pytest.param(["One.", "Two."], ("One.", "Two."), id="all of a short post"),
        pytest.param([], (), id="nothing"),
        pytest.param([LONG.strip()] * 5, (LONG.strip(), LONG.strip(), LONG[:56]), id="no more than fits"),
        pytest.param(["One.", f"Two. {'Word ' * 400}"], ("One.", "Two."), id="the last in whole sentences"),
        pytest.param(["One.", "A long sentence that the feed cut in the mid […]"], None, id="the feed's own cut"),
    ],
)
def test_an_opening_is_by_paragraphs_and_whole(lines: list[str], opening: tuple[str, ...] | None) -> None:
    found = read_opening(lines)
    assert opening is None or found == opening
    assert not any("[…]" in text for text in found)
    assert sum(map(len, found)) <= OPENING_CHARS


def test_an_opening_of_one_endless_sentence_is_cut_at_a_word() -> None:
    (text,) = read_opening(["word " * 400])
    assert text.endswith("word…")
    assert len(text) <= OPENING_CHARS

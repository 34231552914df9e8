"""Whatever a feed holds, an entry is read: no exception, no nonsense, in milliseconds."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.feeds.model import Entry, RawHtml
from syndicate.reviews.extract import as_review, read_entry
from syndicate.reviews.model import Film, Kind
from syndicate.reviews.record import from_json, to_json
from syndicate.reviews.report import describe
from syndicate.reviews.titles import compile_title_rules
from tests.reviews.build import entry

FRAGMENTS = st.sampled_from(
    [
        "<p>",
        "</p>",
        "<br/>",
        "<div>",
        "</div>",
        "<b>",
        "</b>",
        "<a name='more'></a>",
        "<!--more-->",
        "<img src=/x.jpg alt='Red Tide review'>",
        "Review by Ann Roe",
        "Directed by:",
        "Starring:",
        "Cy Marr, Di Poe",
        "★★★½",
        "8/10",
        "Rating: ",
        "Read more »",
        "A drover comes home. ",
        "<script type='application/ld+json'>{}</script>",
        "<table><tr><td class='tr-caption'>",
        "&nbsp;",
        "&#x1F600;",
        "\x00",
        "<",
        "&",
        "…",
    ]
)
BODIES = st.lists(FRAGMENTS | st.text(max_size=20), max_size=25).map("".join)
TITLES = st.sampled_from(["", "New Release Review - ", "RED TIDE", "Interview - "]).flatmap(
    lambda start: st.text(max_size=30).map(lambda end: start + end)
)


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    pairs = st.tuples(st.sampled_from(["filmTitle", "filmYear", "memberRating"]), st.text(max_size=8))
    return entry(
        draw(TITLES),
        draw(BODIES),
        summary=draw(BODIES),
        labels=tuple(draw(st.lists(st.text(max_size=12), max_size=3))),
        authors=tuple(draw(st.lists(st.text(max_size=12), max_size=2))),
        thumbnail=draw(st.none() | st.text(max_size=20)),
        base=draw(st.none() | st.text(max_size=20)),
        fields=tuple(draw(st.lists(pairs, max_size=3))),
    )


@given(entries())
def test_any_entry_is_read_and_kept(post: Entry) -> None:
    reading = read_entry(post)
    assert (reading.review is None) == (reading.kind is Kind.OTHER)
    assert reading.why
    assert from_json(to_json(reading)) == reading
    assert json.loads(json.dumps(describe(post, reading)))["kind"] == reading.kind
    assert as_review(reading, post.title).film.title


@given(entries())
def test_no_markup_is_left_in_what_is_shown(post: Entry) -> None:
    review = read_entry(post).review
    if review is not None:
        texts = [review.standfirst or "", review.excerpt or "", *review.reviewers, *review.directors, *review.cast]
        assert not any("\n" in text or "\x00" in text for text in texts)
        assert len(review.excerpt or "") <= 400


def test_an_ordinary_post_is_read_in_milliseconds() -> None:
    paragraph = (
        "<p>There is a <i>moment</i> in the second reel, and it is a <b>fine</b> one. It lasts. "
        + "Word " * 80
        + "</p>"
    )
    post = entry(content="<p>A pilot finds a light.</p><a name='more'></a><p>Directed by: Bo Lind</p>" + paragraph * 20)
    assert len(post.content) > 9000
    read_entry(post)
    started = time.process_time()
    for _ in range(10):
        read_entry(post)
    assert (time.process_time() - started) / 10 < 0.05


def test_a_post_that_is_no_review_is_named_by_its_title_where_an_editor_includes_it() -> None:
    post = entry("Interview - CINDERS Director Bo Lind", "<p>We spoke to the director. He was on fire.</p>")
    reading = read_entry(post)
    review = as_review(reading, post.title)
    assert (reading.kind, review.film) == (Kind.OTHER, Film(title=post.title))
    assert review.excerpt == "We spoke to the director. He was on fire."
    assert as_review(read_entry(entry("", "")), "").film.title == "Untitled"


def test_a_review_stays_the_review_that_it_is() -> None:
    post = entry("New Release Review - RED TIDE")
    reading = read_entry(post)
    assert as_review(reading, post.title) == reading.review


def test_the_sites_own_name_is_no_critic() -> None:
    post = entry("New Release Review - RED TIDE", authors=("The Lantern",))
    named, unnamed = read_entry(post).review, read_entry(post, site_names=("the lantern",)).review
    assert named
    assert named.reviewers == ("The Lantern",)
    assert unnamed
    assert unnamed.reviewers == ()


def test_a_feeds_own_title_rules_are_used() -> None:
    rules = compile_title_rules([r"^(?P<strand>Kritik) \* (?P<film>.+)$"])
    review = read_entry(entry("Kritik * Rote Flut"), titles=rules).review
    assert review
    assert (review.strand, review.film.title) == ("Kritik", "Rote Flut")


@pytest.mark.parametrize(
    ("alt", "film"),
    [
        ("Red Tide review", "Red Tide"),
        ("Red Tide poster", "Red Tide"),
        ("Red Tide film review", "Red Tide"),
        ("Red Tide bluray", "Red Tide"),
        ("Red Tide", "Red Tide"),
        ("red tide review", "RED TIDE"),
        ("Blue Tide review", "RED TIDE"),
        ("New Release Review - RED TIDE", "RED TIDE"),
        ("red tide cannes review", "RED TIDE"),
        ("", "RED TIDE"),
        ("Bo Lind", "RED TIDE"),
    ],
)
def test_a_films_good_case_is_taken_from_an_alt_text_that_equals_it(alt: str, film: str) -> None:
    review = read_entry(entry(content=f'<img src="/a.jpg" alt="{alt}">')).review
    assert review
    assert review.film.title == film


def test_a_title_that_is_not_in_capitals_is_left_as_it_is() -> None:
    review = read_entry(entry("New Release Review - drip", '<img src="/a.jpg" alt="Drip review">')).review
    assert review
    assert review.film.title == "drip"


ALONE = "A pilot finds a light where the chart has none."


@pytest.mark.parametrize(
    ("html", "standfirst"),
    [
        (f"<img src='/a.jpg'><div>{ALONE}</div><div><br></div>", ALONE),
        (ALONE, ALONE),
        (ALONE[:-1], ALONE[:-1]),
        (f"{ALONE} It blinks.", None),
        (f"<p>{ALONE}</p><p>It blinks.</p>", None),
        (ALONE[:-1] + " […]", None),
        (f"<p>{ALONE}</p><iframe src='https://video.example/1'></iframe>", None),
    ],
    ids=["a picture and a sentence", "bare", "no stop", "two sentences", "two lines", "cut itself", "with its video"],
)
def test_a_sentence_that_is_all_of_a_review_is_its_standfirst(html: str, standfirst: str | None) -> None:
    review = read_entry(entry(content=html)).review
    assert review
    assert review.standfirst == standfirst
    assert (review.excerpt is None) == (standfirst is not None)


def test_a_sentence_under_a_bare_title_is_the_post() -> None:
    review = read_entry(entry("RED TIDE", ALONE)).review
    assert review
    assert (review.standfirst, review.excerpt) == (None, ALONE)


def test_a_long_line_that_holds_the_title_or_a_cinema_is_prose() -> None:
    title = "New Release Review - RED TIDE"
    long = f"{title} is what we called this, and we shall have to live with it until somebody finds a better name."
    seen = "Red Tide is a film that ought to be seen in a cinema, for its water is wide, " * 2 + "and cinemas are too."
    for line in (long, seen):
        review = read_entry(entry(title, f"<p>Directed by: Bo Lind</p><p>{line}</p>")).review
        assert review
        assert review.excerpt == line


def test_a_sentence_beside_a_subtitle_is_the_post() -> None:
    review = read_entry(entry(content=ALONE, summary="On water, and who owns it")).review
    assert review
    assert (review.standfirst, review.excerpt) == ("On water, and who owns it", ALONE)


@pytest.mark.parametrize(
    "line",
    [
        "The Lantern New Release Review - WHOSE TIDE? | The Lantern",
        "New Release Review - WHOSE TIDE?",
        "Whose Tide?",
    ],
)
def test_a_line_that_repeats_the_title_is_neither_standfirst_nor_prose(line: str) -> None:
    html = f"<p>{line}</p><p>{ALONE}</p><p>Directed by: Bo Lind</p><p>{line}</p><p>It blinks.</p>"
    review = read_entry(entry("New Release Review - WHOSE TIDE?", html), site_names=("The Lantern",)).review
    assert review
    assert (review.standfirst, review.excerpt) == (ALONE, "It blinks.")


def test_where_to_see_a_film_is_not_what_is_said_of_it() -> None:
    html = "<p>It blinks.</p><p>RED TIDE is in UK/ROI cinemas from March 1st.</p><p>Red Tide is lit by cinemas.</p>"
    review = read_entry(entry(content=html)).review
    assert review
    assert review.excerpt == "It blinks."


@pytest.mark.parametrize(
    ("brackets", "film", "directors"),
    [
        ("Kelly Reich", "RED TIDE", ("Kelly Reich",)),
        ("Special Edition", "RED TIDE (Special Edition)", ()),
        ("Reich", "RED TIDE (Reich)", ()),
    ],
)
def test_a_director_in_brackets_is_one_that_the_prose_speaks_of(
    brackets: str, film: str, directors: tuple[str, ...]
) -> None:
    review = read_entry(entry(f"Film Review: RED TIDE ({brackets})", "<p>Reich looks on. Nobody blinks.</p>")).review
    assert review
    assert (review.film.title, review.directors) == (film, directors)


def test_a_rating_of_another_film_in_the_prose_does_not_count() -> None:
    html = "<p>His last, Blue Tide, was 4 stars of fun.</p><p>READ MORE: Blue Tide review 4/5</p><p>Blue Tide: 4/5</p>"
    review = read_entry(entry(content=html)).review
    assert review
    assert review.rating is None


def test_the_report_has_the_promised_keys_and_times() -> None:
    plus_two = datetime(2026, 11, 6, 9, 30, 1, 3000, tzinfo=timezone(timedelta(hours=2)))
    post = Entry(
        guid=None, link=None, title="x", content=RawHtml(""), summary=RawHtml(""), published=plus_two, updated=None
    )
    assert describe(post, read_entry(post)) == {
        "id": "x",
        "title": "x",
        "link": None,
        "published": "2026-11-06T07:30:01Z",
        "updated": None,
        "labels": [],
        "image": None,
        "kind": "other",
        "why": "neither the title nor the credits say that it is a review",
        "review": None,
    }
    assert plus_two.astimezone(UTC).microsecond == 3000


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "null", '{"kind": "poem"}', "[" * 100_000, '{"kind":"review","why":1}']
)
def test_what_is_no_kept_reading_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        from_json(text)

"""Data for machines: it says what title and body leave open, and never overrules them."""

from __future__ import annotations

import json
import time

import pytest

from syndicate.feeds.model import RawHtml
from syndicate.reviews.blocks import read_body
from syndicate.reviews.extract import read_entry
from syndicate.reviews.linked import linked_reviews
from syndicate.reviews.model import Film, Kind, Rating, Reading, Review
from syndicate.reviews.structured import marked_review, review_about
from tests.reviews.build import entry

PROSE = "<p>It rains for an hour, and nobody in this town owns a coat. That is the film.</p>"
MOVIE = {
    "@type": "Movie",
    "name": "The Polite Dead",
    "director": {"@type": "Person", "name": "Bo Lind"},
    "actor": [{"name": "Cy Marr"}, {"name": "Robert Downing, Jr."}],
    "datePublished": "2022-05-01",
}
RATED = {"@type": "Rating", "ratingValue": "3,5", "bestRating": "5", "worstRating": "1"}
DATA = {"@type": "Review", "itemReviewed": MOVIE, "reviewRating": RATED, "author": {"name": "Ann Roe"}}


def script(data: object, start: str = "", end: str = "") -> str:
    return f'<script type="application/ld+json">{start}{json.dumps(data)}{end}</script>'


def read(html: str, title: str = "The Polite Dead", **given: tuple[str, ...]) -> Reading:
    return read_entry(entry(title, html + PROSE, labels=given.get("labels", ()), authors=given.get("authors", ())))


def review_of(html: str, title: str = "The Polite Dead", **given: tuple[str, ...]) -> Review:
    review = read(html, title, **given).review
    assert review
    return review


@pytest.mark.parametrize(
    "html",
    [
        pytest.param(script(DATA), id="an object"),
        pytest.param(script([DATA]), id="an array"),
        pytest.param(script(DATA, "/* <![CDATA[ */\n", "\n/* ]]> */"), id="wrapped as Letterboxd does"),
        pytest.param(
            script({"@graph": [{"@id": "#a", "name": "Ann Roe"}, DATA | {"author": {"@id": "#a"}}]}), id="author by id"
        ),
        pytest.param(
            script({"@graph": [MOVIE | {"@id": "#m"}, DATA | {"itemReviewed": {"@id": "#m"}}]}), id="film by id"
        ),
        pytest.param(
            script(
                DATA
                | {
                    "author": "Ann Roe",
                    "itemReviewed": {
                        "@type": ["Movie", "Product"],
                        "name": "The Polite Dead",
                        "director": "Bo Lind",
                        "actors": ["Cy Marr", "Robert Downing, Jr."],
                        "dateCreated": 2022,
                    },
                }
            ),
            id="strings and numbers",
        ),
        pytest.param(
            script(
                DATA
                | {
                    "@type": "https://schema.org/Review",
                    "itemReviewed": MOVIE | {"@type": "schema:Movie", "datePublished": "May 1, 2022"},
                }
            ),
            id="types and dates in full",
        ),
        pytest.param(
            script(MOVIE | {"review": [{"@type": "Review", "author": {"name": "Ann Roe"}, "reviewRating": RATED}]}),
            id="the review inside the film",
        ),
        pytest.param(
            '<div itemscope itemtype="https://schema.org/Review">'
            '<div itemprop="itemReviewed" itemscope itemtype="https://schema.org/Movie">'
            '<b itemprop="name">The Polite Dead</b> <meta itemprop="datePublished" content="2022-05-01">'
            '<p itemprop="director"><b itemprop="name">Bo Lind</b></p> <b itemprop="actor">Cy Marr</b>'
            ' <b itemprop="actor">Robert Downing, Jr.</b>'
            '<p itemprop="aggregateRating"><i itemprop="ratingValue">1</i></p></div>'
            '<p itemprop="author">by <b itemprop="name">Ann Roe</b></p>'
            '<p itemprop="reviewRating"><i itemprop="ratingValue">3.5</i>/<i itemprop="bestRating">5</i></p></div>',
            id="microdata",
        ),
    ],
)  # fmt: skip
def test_data_gives_film_people_and_rating(html: str) -> None:
    reading = read(html, authors=("Di Poe",))
    assert reading.kind is Kind.REVIEW
    assert reading.review
    assert reading.review.film == Film(title="The Polite Dead", year=2022)
    assert reading.review.directors == ("Bo Lind",)
    assert reading.review.cast == ("Cy Marr", "Robert Downing, Jr.")
    assert reading.review.reviewers == ("Ann Roe",)
    assert reading.review.rating == Rating(value=3.5, maximum=5.0)
    assert (reading.review.excerpt or "").startswith("It rains")


def test_an_hreview_gives_film_reviewer_and_rating() -> None:
    html = (
        '<div class="hreview"><p class="item"><b class="fn">The Polite Dead</b></p><p class="reviewer"><b class="fn">'
        'Ann Roe</b></p><p class="rating"><b class="value">7</b> of <b class="best">10</b></p></div>'
    )
    review = review_of(html)
    assert (review.reviewers, review.rating) == (("Ann Roe",), Rating(value=7.0, maximum=10.0))


def test_a_class_named_rating_outside_an_hreview_has_no_scale() -> None:
    assert review_of('<span class="rating">4</span>', "Film Review: The Polite Dead").rating is None


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [("TVSeries", Kind.TV_REVIEW), ("Book", Kind.BOOK_REVIEW), ("Movie", Kind.REVIEW), ("Game", Kind.OTHER)],
)
def test_what_is_reviewed_says_the_kind(kind: str, wanted: Kind) -> None:
    assert read(script(DATA | {"itemReviewed": {"@type": kind, "name": "The Polite Dead"}})).kind is wanted
    marked = f'<b itemprop="itemReviewed" itemtype="http://schema.org/{kind}">The Polite Dead</b>'
    assert read(marked).kind is wanted


def test_the_body_wins() -> None:
    credits = "<p>Review by Sue Finn</p><p>Directed by: Eve Stone</p><p>Starring: Di Poe</p><p>Rating: 2/5</p>"
    review = review_of(script(DATA) + credits, "Film Review: The Polite Dead (2021)")
    assert (review.film.year, review.reviewers, review.directors) == (2021, ("Sue Finn",), ("Eve Stone",))
    assert (review.cast, review.rating) == (("Di Poe",), Rating(value=2.0, maximum=5.0))


def test_a_label_names_the_reviewer_before_the_data_and_the_data_before_the_feeds_author() -> None:
    assert review_of(script(DATA), labels=("By Sue Finn",), authors=("Di Poe",)).reviewers == ("Sue Finn",)
    site = read_entry(entry("The Polite Dead", script(DATA | {"author": "The Lantern"})), site_names=("The Lantern",))
    assert site.review
    assert site.review.reviewers == ()


def test_data_about_another_film_is_passed_over() -> None:
    review = review_of(script(DATA), "Film Review: Red Tide")
    assert (review.film, review.directors, review.rating) == (Film(title="Red Tide"), (), None)


def test_a_title_that_says_nothing_is_named_by_the_only_film_in_the_data() -> None:
    title = "Why nobody here owns a coat"
    assert review_of(script(DATA), title).film.title == "The Polite Dead"
    two = [DATA, DATA | {"itemReviewed": {"@type": "Movie", "name": "Red Tide"}}]
    assert read(script(two), title).kind is Kind.OTHER


@pytest.mark.parametrize(
    ("title", "film"),
    [
        ("Film Review: THE POLITE DEAD", "The Polite Dead"),
        ("Film Review - The Polite Dead - And What They Say", "The Polite Dead"),
        ("Film Review: Polite Dead, The", "The Polite Dead"),
    ],
)
def test_the_data_spells_a_film_that_it_is_about(title: str, film: str) -> None:
    assert review_of(script(DATA), title).film == Film(title=film, year=2022)


def test_reviews_that_differ_on_a_field_leave_it_open() -> None:
    found = linked_reviews([json.dumps([DATA, DATA | {"author": "Sue Finn"}])])
    agreed = review_about(found, "The Polite Dead", is_open=False)
    assert (agreed.reviewers, agreed.directors) == ((), ("Bo Lind",))


@pytest.mark.parametrize(
    "text",
    ["", "{", "null", "[" * 100_000, '{"@type": 3, "@id": []}',
     '{"reviewRating": [], "author": [[]], "itemReviewed": [1]}',
     '{"@type": "Review", "author": {"@id": {}}, "itemReviewed": {"name": {}, "director": [null, 3]}}',
     '{"@id": "a", "@type": "Movie", "name": "X", "review": {"@id": "a"}}'],
)  # fmt: skip
def test_broken_data_is_no_data(text: str) -> None:
    assert all(each.rating is None for each in linked_reviews([text]))


def test_hostile_markup_takes_no_time() -> None:
    html = '<div itemprop="itemReviewed" class="hreview">' * 3000 + "x" * 100_000
    started = time.process_time()
    marked_review(read_body(RawHtml(html)).marked)
    assert time.process_time() - started < 2

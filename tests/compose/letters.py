"""An issue of an invented film site, for the tests that render letters."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from syndicate.compose.email import render_email
from syndicate.compose.environment import environment
from syndicate.compose.model import Masthead, PublishedReview, RenderedEmail, Section, Selection, WayOut
from syndicate.reviews.model import Film, Image, Kind, Rating, Review

FRIDAY = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
WEB, MAIL = "https://news.lantern.example/u/q3x", "mailto:leave@lantern.example?subject=unsubscribe"
TEMPLATES = environment([])

MASTHEAD = Masthead(
    site_name="The Lantern",
    site_url="https://lantern.example/",
    language="en",
    timezone="Europe/Dublin",
    postal="12 Quay Street, Galway, Ireland",
    digest_name="The Friday Reel",
    number=34,
    date=FRIDAY,
    ways_out=(WayOut(url=WEB), WayOut(url=MAIL)),
)

FULL = Review(
    film=Film(title="GLASSHOUSE SUMMER", year=2026),
    strand="New Release Review",
    reviewers=("Orla Devane",),
    directors=("Mira Talvane",),
    cast=("Ines Corrado", "Paul Ashgrove", "Teodor Vance"),
    standfirst="A botanist comes home and finds her orchids kept alive by someone who should not be there.",
    excerpt="There is a shot early on that holds on a watering can for so long you begin to hear it think. "
    "What follows is a ghost story told in daylight.",
    rating=Rating(value=4.5, maximum=5),
)
BARE = Review(film=Film(title="Small Hours"))


def published(number: int, review: Review, *, kind: Kind = Kind.REVIEW, image: Image | None = None) -> PublishedReview:
    """Return a review as it was published on a Friday in November."""
    return PublishedReview(
        id=number,
        feed="reviews",
        link=f"https://lantern.example/2026/11/review-{number}.html",
        kind=kind,
        title=review.film.title,
        review=review,
        image=image,
        labels=(),
        published=FRIDAY,
        counts_from=FRIDAY,
    )


def still(number: int, alt: str = "") -> Image:
    """Return a still by address."""
    return Image(url=f"https://pictures.lantern.example/w1200/{number}.jpg", alt=alt)


LEAD = published(1, FULL, image=still(1, "A woman in a green coat among orchids"))
ISSUE = Selection(
    lead=LEAD,
    sections=(
        Section(
            title="In cinemas",
            reviews=(
                published(2, replace(FULL, film=Film(title="The Quiet Ledger", year=2025)), image=still(2)),
                published(
                    3, replace(BARE, rating=Rating(value=8, maximum=10), standfirst="A long night and a longer song.")
                ),
            ),
        ),
        Section(
            title="Festivals & elsewhere",
            reviews=(
                published(
                    4,
                    replace(FULL, film=Film(title="밤의 정원"), strand="Busan 2025 Review", rating=Rating(letter="B+")),
                ),
                published(5, replace(BARE, film=Film(title="The Long Tide")), kind=Kind.TV_REVIEW, image=still(5)),
                published(6, replace(BARE, film=Film(title="Ten Films We Got Wrong")), kind=Kind.OTHER),
            ),
        ),
    ),
    more=4,
)


def issue_of(*reviews: PublishedReview) -> Selection:
    """Return an issue without sections, led by its first review."""
    rest = (Section(title=None, reviews=reviews[1:]),) if len(reviews) > 1 else ()
    return Selection(lead=reviews[0], sections=rest)


def rendered(selection: Selection = ISSUE, masthead: Masthead = MASTHEAD, subject: str | None = None) -> RenderedEmail:
    """Return the letter, its slots still marked."""
    return render_email(selection, masthead, templates=TEMPLATES, subject=subject)

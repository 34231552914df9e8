"""A review as a status: within every limit, its link whole, nobody mentioned by accident."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import jinja2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syndicate.compose.environment import environment
from syndicate.compose.length import measure, status_length
from syndicate.compose.model import PublishedReview, StatusContent, StatusLimits
from syndicate.compose.status import StatusRules, WarningRule, compose_status, cuts
from syndicate.errors import TemplateError
from syndicate.reviews.model import Film, Image, Kind, Rating, Review

LINK = "https://lantern.example.org/2026/11/the-salt-road.html"
STANDFIRST = "A lighthouse keeper walks home across a drained sea. It takes her nine years! Nobody is waiting."
REVIEW = PublishedReview(
    id=12,
    feed="reviews",
    link=LINK,
    kind=Kind.REVIEW,
    title="New Release Review - THE SALT ROAD",
    review=Review(
        film=Film(title="The Salt Road", year=1983),
        strand="New Release Review [VOD]",
        reviewers=("Mara Lin",),
        directors=("Oda Brandt",),
        standfirst=STANDFIRST,
        excerpt="Long before the end, the road has become a character.",
        rating=Rating(value=3.5, maximum=5),
    ),
    image=Image(url="https://lantern.example.org/still.jpg", alt="The Salt Road review"),
    labels=("drama", "folk horror", "By Mara Lin"),
    published=datetime(2026, 11, 20, 9, tzinfo=UTC),
    counts_from=datetime(2026, 11, 20, 9, tzinfo=UTC),
)
RULES = StatusRules(hashtags={"*": "FilmReview", "drama": "Drama", "folk horror": "folk horror"})
TEMPLATES = environment(())


def with_review(review: PublishedReview = REVIEW, **changes: object) -> PublishedReview:
    return replace(review, review=replace(review.review, **changes))  # type: ignore[arg-type]


def compose(
    review: PublishedReview = REVIEW,
    rules: StatusRules = RULES,
    limits: StatusLimits | None = None,
    templates: jinja2.Environment = TEMPLATES,
) -> StatusContent:
    return compose_status(review, rules, limits or StatusLimits(), templates)


def test_a_status_says_film_year_rating_blurb_critic_link_and_tags() -> None:
    assert compose().text == "\n".join(
        [
            "The Salt Road (1983) · 3.5 out of 5",
            "",
            STANDFIRST,
            "",
            "New Release Review [VOD] · Mara Lin",
            LINK,
            "",
            "#FilmReview #Drama #FolkHorror",
        ]
    )


def test_what_is_not_known_leaves_no_gap() -> None:
    bare = with_review(film=Film(title="A Letter"), strand=None, rating=None, standfirst=None, excerpt=None)
    bare = replace(with_review(bare, reviewers=()), labels=())
    assert compose(bare, StatusRules()).text == f"A Letter\n\n{LINK}"


def test_the_excerpt_stands_in_for_a_standfirst() -> None:
    assert "become a character." in compose(with_review(standfirst=None)).text


SHRINKING = [
    (500, "Nobody is waiting.", "#FolkHorror", "Mara Lin"),
    (225, "takes her nine years!", "#FolkHorror", "Mara Lin"),
    (200, "across a drained sea.", "#FolkHorror", "Mara Lin"),
    (160, "A lighthouse keeper walks…", "#FolkHorror", "Mara Lin"),
    (140, None, "#FolkHorror", "Mara Lin"),
    (120, None, "#Drama", "Mara Lin"),
    (100, None, None, "Mara Lin"),
    (65, None, None, None),
]


@pytest.mark.parametrize(("limit", "blurb", "tag", "critic"), SHRINKING, ids=[str(r[0]) for r in SHRINKING])
def test_the_blurb_gives_way_first_then_the_hashtags_then_the_credits(
    limit: int, blurb: str | None, tag: str | None, critic: str | None
) -> None:
    text = compose(limits=StatusLimits(max_chars=limit)).text
    lines = text.splitlines()
    assert lines[0] == "The Salt Road (1983) · 3.5 out of 5"
    assert LINK in lines
    assert (lines[2].endswith(blurb)) if blurb else "lighthouse" not in text
    assert lines[-1].endswith(tag) if tag else "#" not in text
    assert ("Mara Lin" in text) is bool(critic)


def test_a_title_too_long_for_anything_else_is_cut_and_year_rating_and_link_stand() -> None:
    review = with_review(film=Film(title="The " + "Very " * 200 + "Long Night", year=1999))
    lines = compose(review).text.splitlines()
    assert lines[0].startswith("The Very Very")
    assert lines[0].endswith("Very… (1999) · 3.5 out of 5")
    assert lines[-1] == LINK
    assert 490 < status_length("\n".join(lines), "") <= 500


def test_an_abbreviation_is_not_taken_for_a_sentence() -> None:
    review = with_review(standfirst="Dr. Okonjo keeps a clinic on the ice and will not say for whom it is.")
    text = compose(review, StatusRules(), StatusLimits(max_chars=150)).text
    assert "Dr. Okonjo keeps a" in text
    assert "…" in text


def test_a_text_without_blanks_is_cut_between_its_letters() -> None:
    review = with_review(standfirst="海" * 600)
    assert "海…" in compose(review).text


def test_cuts_are_made_at_words_and_punctuation_does_not_dangle() -> None:
    assert cuts("A quiet film") == ("A quiet…", "A…")
    assert cuts("Sea, salt – and time") == ("Sea, salt – and…", "Sea, salt…", "Sea…")
    assert cuts("") == ()


STRAY = [
    ("a name", "Thanks @mara for it", "Thanks @\u2060mara for it"),
    ("a far name", "Thanks @mara@far.example", "Thanks @\u2060mara@\u2060far.example"),
    ("a tag", "The #MeToo years", "The #\u2060MeToo years"),
    ("a wide at sign", "＠mara", "＠\u2060mara"),
    ("a lone sign stays", "at 5 @ 10 # x", "at 5 @ 10 # x"),
    ("a link is its host", "see https://far.example/a/b?c#d.", "see far.example."),
    ("a link in brackets", "(http://far.example/)", "(far.example)"),
    ("a login is not shown", "ftp://ed:pw@far.example/x", "far.example"),
    ("lines are joined", "one\n\n two\t", "one two"),
    ("controls and overrides go", "a\u0000b\u202ec", "a b c"),
    ("letters are composed", "cafe\u0301", "café"),
]


@pytest.mark.parametrize(("written", "shown"), [row[1:] for row in STRAY], ids=[row[0] for row in STRAY])
def test_the_reviews_own_text_mentions_tags_and_links_nothing(written: str, shown: str) -> None:
    assert shown in compose(with_review(standfirst=written)).text.splitlines()


def test_titles_and_names_mention_nobody_either() -> None:
    review = with_review(film=Film(title="@zola"), reviewers=("@mara",), strand="#1 of Us")
    text = compose(review, StatusRules()).text
    assert "@\u2060zola" in text
    assert "@\u2060mara" in text
    assert "#\u20601" in text


WARNINGS = [
    ("no rule, no warning", {}, (), ""),
    ("a label", {}, (WarningRule(label="Folk Horror", text="Horror"),), "Horror"),
    ("a word in the standfirst", {}, (WarningRule(word="DRAINED", text="Drought"),), "Drought"),
    ("a word is a whole word", {}, (WarningRule(word="drain", text="Drought"),), ""),
    (
        "several, each once",
        {},
        (
            WarningRule(label="drama", text="Tears"),
            WarningRule(word="road", text="Roads"),
            WarningRule(word="salt", text="Tears"),
        ),
        "Tears, Roads",
    ),
    (
        "the editor's wins",
        {"content_warning": "Ending told"},
        (WarningRule(label="drama", text="T"),),
        "Ending told",
    ),
    ("the editor wants none", {"content_warning": ""}, (WarningRule(label="drama", text="T"),), ""),
]


@pytest.mark.parametrize(("changes", "rules", "expected"), [w[1:] for w in WARNINGS], ids=[w[0] for w in WARNINGS])
def test_content_warnings(changes: dict[str, str], rules: tuple[WarningRule, ...], expected: str) -> None:
    review = replace(REVIEW, **changes)  # type: ignore[arg-type]
    assert compose(review, replace(RULES, content_warnings=rules)).spoiler == expected


def test_a_warning_takes_at_most_a_quarter_of_the_status() -> None:
    long = replace(REVIEW, content_warning="flashing lights, " * 50)
    status = compose(long, limits=StatusLimits(max_chars=200))
    assert status.spoiler.endswith("flashing lights, flashing lights…")
    assert status_length("", status.spoiler) <= 50
    assert status_length(status.text, status.spoiler) <= 200


ALTS = [
    ("said nothing", "", "A picture from The Salt Road (1983). Directed by Oda Brandt"),
    (
        "the film and no more",
        "The Salt Road review",
        "A picture from The Salt Road (1983). Directed by Oda Brandt",
    ),
    (
        "the film, shouting",
        "THE SALT ROAD (1983)",
        "A picture from The Salt Road (1983). Directed by Oda Brandt",
    ),
    ("a file name", "salt-road-01.JPG", "A picture from The Salt Road (1983). Directed by Oda Brandt"),
    ("a camera's name", "IMG_2041", "A picture from The Salt Road (1983). Directed by Oda Brandt"),
    ("what is seen", "A woman on a white plain", "A woman on a white plain"),
    ("what it is", "The Salt Road poster", "The Salt Road poster"),
]


@pytest.mark.parametrize(("given_alt", "expected"), [row[1:] for row in ALTS], ids=[row[0] for row in ALTS])
def test_alt_text_is_the_sites_or_composed_of_what_is_known(given_alt: str, expected: str) -> None:
    image = Image(url="https://lantern.example.org/still.jpg", alt=given_alt)
    composed = compose(replace(REVIEW, image=image)).image
    assert composed == Image(url=image.url, alt=expected)


def test_alt_text_keeps_within_what_the_server_takes() -> None:
    image = Image(url="https://lantern.example.org/still.jpg", alt="A woman on a plain " * 100)
    composed = compose(replace(REVIEW, image=image), limits=StatusLimits(max_alt_chars=50)).image
    assert composed is not None
    assert composed.alt == "A woman on a plain A woman on a plain A woman on…"


def test_no_picture_is_no_picture() -> None:
    assert compose(replace(REVIEW, image=None)).image is None


def test_the_accounts_language_visibility_and_words_are_kept() -> None:
    status = compose(rules=StatusRules(language="de", visibility="unlisted"))
    assert (status.language, status.visibility, status.link) == ("de", "unlisted", LINK)
    assert "3,5 von 5" in status.text


def test_an_editors_template_wins_and_gets_every_value(tmp_path: Path) -> None:
    folder = tmp_path / "status"
    folder.mkdir()
    names = "film year rating stars blurb strand reviewer directors title hashtags"
    source = " | ".join(f"{{{{ {name} }}}}" for name in names.split()) + "\n{{ link }}\n"
    (folder / "brief.txt").write_text(source, encoding="utf-8")
    text = compose(rules=replace(RULES, template="brief"), templates=environment([tmp_path])).text
    assert text.splitlines()[-1] == LINK
    assert "★★★½☆" in text
    assert "Oda Brandt" in text


BAD_TEMPLATES = [
    ("leaves the link out", "{{ film }}", "does not show its link"),
    ("glues the link", "see({{ link }})", "does not show its link"),
    ("is too long by itself", "x" * 600 + " {{ link }}", "cannot be made to fit into 500"),
    ("names what is not", "{{ flim }} {{ link }}", "flim"),
    ("reaches for the world", "{{ ''.__class__.__mro__ }} {{ link }}", "__class__"),
]


@pytest.mark.parametrize(("source", "said"), [b[1:] for b in BAD_TEMPLATES], ids=[b[0] for b in BAD_TEMPLATES])
def test_a_template_that_breaks_a_rule_is_refused(tmp_path: Path, source: str, said: str) -> None:
    (tmp_path / "status").mkdir()
    (tmp_path / "status/review.txt").write_text(source, encoding="utf-8")
    with pytest.raises(TemplateError, match=said):
        compose(templates=environment([tmp_path]))


texts = st.text(max_size=700) | st.lists(
    st.sampled_from(["a", "film", "@mara", "#Tag", "https://far.example/x", "👨‍👩‍👧", "海", ".", "Dr.", "\n", "…"]),
    max_size=200,
).map(" ".join)
years = st.none() | st.integers(1888, 2030)
ratings = st.none() | st.builds(Rating, value=st.floats(0, 100), maximum=st.sampled_from([4, 5, 10, 100]))
reviews = st.builds(
    Review,
    film=st.builds(Film, title=texts, year=years),
    strand=st.none() | texts,
    reviewers=st.lists(texts, max_size=3).map(tuple),
    directors=st.lists(texts, max_size=3).map(tuple),
    standfirst=st.none() | texts,
    excerpt=st.none() | texts,
    rating=ratings,
)
published = st.builds(
    lambda review, labels, warning, alt: replace(
        REVIEW, review=review, labels=labels, content_warning=warning, image=Image(url="x", alt=alt)
    ),
    reviews,
    st.lists(texts, max_size=6).map(tuple),
    st.none() | texts,
    texts,
)


@settings(max_examples=200, deadline=None)
@given(published, st.integers(80, 600), st.booleans())
def test_any_review_fits_any_limit_with_its_link_whole(
    review: PublishedReview, room: int, counts_as_mastodon: bool
) -> None:
    """The limit leaves 80 characters and, where URLs are counted in full, what the link has over 23."""
    limit = room if counts_as_mastodon else room + len(LINK) - 23
    limits = StatusLimits(max_chars=limit, counts_as_mastodon=counts_as_mastodon, max_alt_chars=80)
    status = compose(review, limits=limits)
    assert measure(status.text, status.spoiler, limits) <= limit
    assert LINK in status.text.split()
    assert status.text == status.text.strip()
    assert status.image is None or len(status.image.alt) <= 80
    if review.review.film.year:
        assert f"({review.review.film.year})" in status.text

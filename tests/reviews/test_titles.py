"""Every form of title that was met on film blogs, with invented films."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.reviews.model import Festival, Kind
from syndicate.reviews.titles import BLOG_RULES, compile_title_rules, read_title
from tests.reviews.build import rows

R, TV, BOOK = Kind.REVIEW, Kind.TV_REVIEW, Kind.BOOK_REVIEW


@pytest.mark.parametrize(("title", "strand", "film", "year", "form"), rows("titles.txt", 0, columns=5))
def test_a_review_title_gives_strand_film_year_and_format(
    title: str, strand: str, film: str, year: str, form: str
) -> None:
    reading = read_title(title)
    assert reading.kind is Kind.REVIEW, reading.why
    found = (reading.strand or "", reading.film, str(reading.year or ""), reading.format or "")
    assert found == (strand, film, year, form)


def test_odd_blanks_in_a_title_are_folded() -> None:
    reading = read_title("  New\u00a0Release Review  -  RED  TIDE ")
    assert (reading.strand, reading.film) == ("New Release Review", "RED TIDE")


@pytest.mark.parametrize(("title", "strand", "name", "year", "film"), rows("titles.txt", 1, columns=5))
def test_a_festival_is_named_with_its_year(title: str, strand: str, name: str, year: str, film: str) -> None:
    reading = read_title(title)
    assert reading.kind is Kind.REVIEW
    assert (reading.strand, reading.film) == (strand, film)
    assert reading.festival == Festival(name=name, year=int(year))


@pytest.mark.parametrize("title", ["New Release 2024 Review - X", "2024 Review - X", "Best of 2023 Review - X"])
def test_a_year_in_a_strand_does_not_make_a_festival(title: str) -> None:
    assert read_title(title).festival is None


@pytest.mark.parametrize(
    ("title", "kind", "film"),
    [
        ("TV Review - THE LONG WARD", TV, "THE LONG WARD"),
        ("TV Review [BBC] - THE LONG WARD", TV, "THE LONG WARD"),
        ("Series Review: What Then…? – Season 1 (2021)", TV, "What Then…? – Season 1"),
        ("Television Review: The Long Ward", TV, "The Long Ward"),
        ("Book Review – Lanterns by Max Pont", BOOK, "Lanterns by Max Pont"),
        ("Book Review - A SHORT HISTORY OF STILLS", BOOK, "A SHORT HISTORY OF STILLS"),
        ("TV Movie Review - SNOWED IN", R, "SNOWED IN"),
    ],
)
def test_series_and_books_have_kinds_of_their_own(title: str, kind: Kind, film: str) -> None:
    reading = read_title(title)
    assert (reading.kind, reading.film) == (kind, film)


@pytest.mark.parametrize(
    "title",
    [
        "Interview - CINDERS Writer/Director Bo Lind",
        "Interview - 1985 Director Yun Tam",
        "Interview - 3: AN EAR FOR AN EAR Director Lou Stern",
        "Interview - THE REVIEW: Director Ann Roe",
        "New UK Trailer & Artwork For Bob Zimmer's 4 FROM HULL",
        "Final Trailer For Novel Adaptation DOCTOR WAKE",
        "New Trailer & Artwork For British Folk-Horror THE HAMLET IN THE FEN",
        "Against the Grain: 10 Reviews We Got Wrong (Or Right?) in 2013",
        "First Look - Star Keep: Into Shadow",
        "Great Movie Posters - Dual (1971)",
        "TV Waffle - Television's Best Female Roles",
        "10 Great Festival Winners",
        "The Most Anticipated Movies Of Cannes 2017",
        "13 Movies For A New Regime",
        "Exclusive - Director Chuck Parr on his favourite film",
        "Infographic - The Stats Of 13 Directors",
        "TMW's 2015 Movie Preview",
        "TMW's 2015 Movie Preview - Part 1: Spy Movies",
        "BOARD GAME REVIEW: CATACOMB",
        "Album Review: Low Tide",
        "Trailer Review - RED TIDE",
        "Mike's Strange Cavalcade - 10/31, Plus Zane Hersh Interview",
    ],
)
def test_what_is_no_film_review_says_why(title: str) -> None:
    reading = read_title(title)
    assert reading.kind is Kind.OTHER
    assert "title says" in reading.why


@pytest.mark.parametrize(
    ("title", "film", "year"),
    [
        ("", "", None),
        ("SALT AND FIRE", "SALT AND FIRE", None),
        ("THE PROWL (1983)", "THE PROWL", 1983),
        ("NORTH END FILM FEST: The Polite Dead (2022)", "The Polite Dead", 2022),
        ("QUIETEST MAN IN OHIO, THE", "THE QUIETEST MAN IN OHIO", None),
        ("Dear Mr. Jones 7/10 and Harbour – 8.5/10.", "Dear Mr. Jones 7/10 and Harbour – 8.5/10.", None),
        ("Dear Hollywood, Ireland Is Not a Theme Park", "Dear Hollywood, Ireland Is Not a Theme Park", None),
        ("THE REVIEW", "THE REVIEW", None),
        ("Xbox Game Review", "Xbox Game Review", None),
        ("Red Tide - The Harbour Review", "Red Tide - The Harbour Review", None),
        ("PEER REVIEW", "PEER REVIEW", None),
        ("2023: A Year in Review", "2023: A Year in Review", None),
        ("New Release Review", "New Release Review", None),
        ("The Year in Review - 2023", "The Year in Review - 2023", None),
        ("2023 in Review: what we liked", "2023 in Review: what we liked", None),
        ("TMW's 500th Post!", "TMW's 500th Post!", None),
        ("INTERVIEW WITH THE WEREWOLF (1994)", "INTERVIEW WITH THE WEREWOLF", 1994),
        ("The Review: a short history of criticism", "The Review: a short history of criticism", None),
        ("x" * 5000, "x" * 5000, None),
    ],
)
def test_a_title_that_says_nothing_leaves_the_question_open(title: str, film: str, year: int | None) -> None:
    reading = read_title(title)
    assert reading.kind is None
    assert (reading.film, reading.year, reading.festival) == (film, year, None)


@pytest.mark.parametrize(
    "title",
    [
        "New Release Review - RED TIDE - The Lantern",
        "New Release Review - RED TIDE | The Lantern",
        "The Lantern | New Release Review - RED TIDE",
        "The Lantern: New Release Review - RED TIDE",
        "The Lantern New Release Review - RED TIDE",
        "the lantern new Release Review - RED TIDE | THE LANTERN",
    ],
)
def test_the_sites_name_is_taken_off_both_ends(title: str) -> None:
    reading = read_title(title, site_names=("", "The Lantern"))
    assert (reading.strand or "").endswith("ew Release Review")
    assert not (reading.strand or "").lower().startswith("the lantern")
    assert reading.film == "RED TIDE"


def test_a_film_that_is_called_like_the_site_keeps_its_name() -> None:
    assert read_title("New Release Review - THE LANTERN", site_names=("The Lantern",)).film == "THE LANTERN"
    assert read_title("The Lantern Ascends", site_names=("The Lantern",)).film == "The Lantern Ascends"


def test_who_stars_is_read_from_a_headline() -> None:
    reading = read_title("Review: 'The Quietest Man in Ohio,' starring Ann Roe, Bo Lind and Cy Marr")
    assert reading.cast == ("Ann Roe", "Bo Lind", "Cy Marr")


def test_a_book_keeps_its_author() -> None:
    reading = read_title("Book Review – Lanterns by Max Pont")
    assert (reading.kind, reading.film, reading.reviewer) == (BOOK, "Lanterns by Max Pont", None)


def test_two_ratings_in_a_title_are_nobodys() -> None:
    assert read_title("Dear Mr. Jones 7/10 and Harbour – 8.5/10.").rating is None


def test_an_editors_rule_is_tried_before_the_blogs_grammar() -> None:
    rules = compile_title_rules([r"^(?P<strand>Kino-Kritik): (?P<film>.+?)(?: \((?P<year>\d{4})\))?$"])
    ours, theirs = (
        read_title("Kino-Kritik: Rote Flut (2024)", rules),
        read_title("Cannes 2017 Review - LOVEWORN", rules),
    )
    assert (ours.kind, ours.strand, ours.film, ours.year) == (Kind.REVIEW, "Kino-Kritik", "Rote Flut", 2024)
    assert theirs.film == "LOVEWORN"


def test_a_rule_may_name_a_film_alone_and_keeps_the_festival_of_its_strand() -> None:
    assert read_title("Rote Flut, 2024", compile_title_rules([r"^(?P<film>.+), (?P<year>\d{4})$"])).strand is None
    rules = compile_title_rules([r"^(?P<strand>\w+ \d{4}) \* (?P<film>.+)$"])
    assert read_title("Berlinale 2024 * Rote Flut", rules).festival == Festival(name="Berlinale", year=2024)


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("(?P<film>.+", "no regular expression"),
        ("(.+)", "no group named film"),
        ("(?P<film>.+) (?P<director>.+)", "group director"),
        ("(?P<film>" + "(" * 2000 + ")", "no regular expression"),
    ],
)
def test_a_rule_that_cannot_work_is_refused_in_words(pattern: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        compile_title_rules([pattern])


def test_a_rule_without_end_is_given_up_and_the_grammar_answers() -> None:
    rules = compile_title_rules([r"^(?P<film>(?:\w+\s?)+)+#$"])
    started = time.process_time()
    reading = read_title("Cannes 2017 Review - " + "LOVEWORN " * 20, rules)
    assert time.process_time() - started < 1
    assert reading.festival == Festival(name="Cannes", year=2017)


@given(st.text(max_size=400))
def test_any_title_is_read(title: str) -> None:
    reading = read_title(title, BLOG_RULES, site_names=("The Lantern",))
    assert reading.film or not title.split() or reading.kind is None


@pytest.mark.parametrize(
    "unit", ["(2020) ", "Review - ", "★ ", "- ", "| ", "[", "Fest: ", "'", "a ", "1/5 ", "new trailer "]
)
def test_hostile_titles_take_no_time(unit: str) -> None:
    started = time.process_time()
    for length in (299, 5000):
        read_title((unit * 5000)[:length])
    assert time.process_time() - started < 0.5

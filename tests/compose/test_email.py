"""What an issue's letter says: subject, preheader, the two parts, and what never gets into them."""

from __future__ import annotations

import difflib
import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syndicate.compose import letter
from syndicate.compose.cards import clean, safe_url, shorten
from syndicate.compose.email import render_email
from syndicate.compose.environment import environment
from syndicate.compose.model import Masthead, Section, Selection, WayOut
from syndicate.compose.words import ENGLISH, GERMAN, Words, stars
from syndicate.errors import TemplateError
from syndicate.reviews.model import Film, Image, Kind, Rating, Review
from tests.compose.letters import BARE, FULL, ISSUE, LEAD, MAIL, MASTHEAD, WEB, issue_of, published, rendered, still

APPROVED = Path(__file__).parent.parent / "data" / "approved"


@pytest.mark.parametrize("part", ["html", "text"])
def test_the_letter_is_as_it_was_approved(part: str) -> None:
    """Look at the change in a browser, then approve it: SYNDICATE_APPROVE=1 pytest tests/compose/test_email.py."""
    got = getattr(letter.fill(rendered(), [WEB, MAIL]), part)
    path = APPROVED / f"issue.{'txt' if part == 'text' else part}"
    if os.environ.get("SYNDICATE_APPROVE"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(got, encoding="utf-8")
    approved = path.read_text(encoding="utf-8")
    diff = difflib.unified_diff(approved.splitlines(), got.splitlines(), "approved", "rendered", lineterm="", n=1)
    assert got == approved, "\n".join(diff)


def test_rendering_twice_gives_the_same_letter() -> None:
    assert rendered() == rendered()


@pytest.mark.parametrize(
    ("films", "subject"),
    [
        pytest.param(["Night Ferry"], "Night Ferry, reviewed (issue 34)", id="one"),
        pytest.param(["Night Ferry", "Tin Moon"], "Night Ferry and Tin Moon (issue 34)", id="two"),
        pytest.param(["Night Ferry", "Tin Moon", "A", "B"], "Night Ferry, Tin Moon and 2 more (issue 34)", id="many"),
        pytest.param(
            ["Night Ferry", "The Long and Winding Title of a Second Film, Part Two", "C"],
            "Night Ferry and 2 more (issue 34)",
            id="second title too long for a phone",
        ),
    ],
)
def test_the_subject_leads_with_the_lead_film(films: list[str], subject: str) -> None:
    reviews = [published(i, replace(BARE, film=Film(title=film))) for i, film in enumerate(films)]
    assert rendered(issue_of(*reviews)).subject == subject


def test_the_subject_of_an_endless_title_is_cut_at_150_characters() -> None:
    subject = rendered(issue_of(published(1, replace(BARE, film=Film(title="very " * 80))))).subject
    assert len(subject) <= 150
    assert subject.endswith("very…")


def test_a_configured_subject_has_the_first_review_as_lead_though_none_is_set_apart() -> None:
    issue = Selection(lead=None, sections=(Section(title=None, reviews=(published(1, BARE), published(2, FULL))),))
    assert rendered(issue, subject="{{ lead.film }} and more").subject == f"{BARE.film.title} and more"


def test_an_issue_without_reviews_has_our_subject_for_the_configured_one_speaks_of_films() -> None:
    nothing = Selection(lead=None, sections=())
    assert rendered(nothing, subject="{{ lead.film }} and more").subject == rendered(nothing).subject


def test_the_configured_subject_knows_lead_reviews_site_and_issue() -> None:
    source = "{{ site }} {{ issue }}: {{ lead.film }} ({{ lead.year }}) + {{ reviews|length - 1 }}"
    assert rendered(subject=source).subject == "The Lantern 34: GLASSHOUSE SUMMER (2026) + 5"


def test_a_subject_that_comes_out_empty_falls_back_to_our_wording() -> None:
    assert rendered(subject="{% if more > 99 %}x{% endif %}").subject.startswith("GLASSHOUSE SUMMER")


def test_an_unknown_name_in_the_subject_is_told_with_the_nearest_known_one() -> None:
    with pytest.raises(TemplateError) as caught:
        rendered(subject="{{ review[0].film }}")
    assert caught.value.where == "config.yaml, subject"
    assert caught.value.hint == 'did you mean "reviews"?'


def test_titles_that_run_leftward_keep_their_order_in_an_english_sentence() -> None:
    listed = Words(language="en", timezone="UTC").names(["شارع البحر", "שלום לאורחים", "Salt"])
    assert listed == "شارع البحر\u200e, שלום לאורחים\u200e and Salt"
    films = [published(at, replace(BARE, film=Film(title=title))) for at, title in enumerate(("شارع", "שלום", "Salt"))]
    assert rendered(issue_of(*films)).subject.startswith("شارع\u200e, שלום\u200e and 1 more")


def test_an_issue_of_one_review_does_not_list_it_twice() -> None:
    letter_ = rendered(issue_of(LEAD))
    assert "In this issue" not in letter_.html + letter_.text
    assert "padding-bottom:20px" in letter_.html, "the picture would touch the rule above it"
    assert "In this issue" in rendered().html


@pytest.mark.parametrize(
    "review",
    [
        pytest.param(FULL, id="full"),
        pytest.param(BARE, id="nothing but a title"),
        pytest.param(replace(BARE, standfirst="Short."), id="short standfirst"),
        pytest.param(replace(BARE, excerpt="word " * 90), id="long excerpt"),
    ],
)
@pytest.mark.parametrize("count", [1, 3])
def test_the_preheader_has_30_to_140_characters_and_is_not_the_subject(review: Review, count: int) -> None:
    letter_ = rendered(issue_of(*[published(i, review) for i in range(count)]))
    assert 30 <= len(letter_.preheader) <= 140
    assert letter_.preheader not in letter_.subject
    assert letter_.subject not in letter_.preheader


def test_the_preheader_begins_with_the_leads_standfirst() -> None:
    assert rendered().preheader.startswith("A botanist comes home and finds her orch")


HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=y>{{ 7*7 }}{% raw %} --> ]]> <!--[if mso]> " + letter.READERS


@pytest.mark.parametrize(
    "review",
    [
        pytest.param(replace(FULL, strand=HOSTILE), id="strand"),
        pytest.param(replace(FULL, standfirst=HOSTILE), id="standfirst"),
        pytest.param(replace(FULL, excerpt=HOSTILE), id="excerpt"),
    ],
)
def test_hostile_text_stays_text(review: Review) -> None:
    calm = rendered(issue_of(LEAD))
    nasty = rendered(issue_of(replace(LEAD, review=review)))
    assert "<script" not in nasty.html
    assert "{{ 7*7 }}" in nasty.html
    for sign in ("<img", "<!--", "<p"):
        assert nasty.html.count(sign) == calm.html.count(sign)


def test_hostile_titles_names_and_alts_stay_text() -> None:
    review = replace(FULL, film=Film(title=HOSTILE), reviewers=(HOSTILE,), cast=(HOSTILE, HOSTILE))
    nasty = rendered(issue_of(published(1, review, image=still(1, HOSTILE))))
    assert nasty.html.count("<img") == 1
    assert "<script" not in nasty.html
    assert "\n" not in nasty.subject


def test_a_text_cannot_forge_a_slot() -> None:
    mark = letter.way_out_mark(0)
    forged = replace(FULL, excerpt=f"Click {mark} or {mark[:9]}{mark}{mark[9:]}")
    assert rendered(issue_of(replace(LEAD, review=forged))).html.count(letter.RESERVED) == rendered(
        issue_of(LEAD)
    ).html.count(letter.RESERVED)


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        pytest.param("https://a.example/x?a=1&b=2#c", "https://a.example/x?a=1&b=2#c", id="as it is"),
        pytest.param("https://a.example/é x", "https://a.example/%C3%A9%20x", id="foreign letters and blanks"),
        pytest.param("javascript:alert(1)", None, id="javascript"),
        pytest.param("data:text/html,x", None, id="data"),
        pytest.param("//a.example/x", None, id="no scheme"),
        pytest.param("https://[::1", None, id="malformed"),
        pytest.param("java\nscript:alert(1)", None, id="broken scheme"),
    ],
)
def test_only_web_addresses_become_links(url: str, safe: str | None) -> None:
    assert safe_url(url) == safe


def test_a_review_with_an_unusable_link_leads_to_the_site() -> None:
    html = rendered(issue_of(replace(LEAD, link="javascript:alert(1)"))).html
    assert "javascript:" not in html


def test_a_picture_that_is_no_web_address_is_left_out() -> None:
    html = rendered(issue_of(replace(LEAD, image=Image(url="data:image/png;base64,xxxx")))).html
    assert "<img" not in html


def test_the_text_part_says_what_the_html_says() -> None:
    letter_ = letter.fill(rendered(), [WEB, MAIL])
    for review in ISSUE.reviews:
        assert review.link in letter_.text
    for said in ("4.5 out of 5", "B+", "8 out of 10", "Mira Talvane", "And 4 more reviews", "Galway", WEB, MAIL):
        assert said in letter_.text
        assert said.replace("&", "&amp;") in letter_.html


def test_no_line_of_the_text_part_is_longer_than_78_but_an_address() -> None:
    long = replace(FULL, film=Film(title="Endless " * 30), cast=tuple(f"Person Number {i}" for i in range(40)))
    text = letter.fill(rendered(issue_of(published(1, long), LEAD)), [WEB, "https://x.example/" + "t" * 120]).text
    assert [line for line in text.splitlines() if len(line) > 78 and "://" not in line] == []


def test_the_parts_name_only_the_ways_out_there_are() -> None:
    only_mail = letter.fill(rendered(masthead=replace(MASTHEAD, ways_out=(WayOut(url=MAIL),))), [MAIL])
    assert "Unsubscribe by email" in only_mail.html
    assert "on the web" not in only_mail.html + only_mail.text


def test_a_digest_named_as_its_site_is_not_named_twice() -> None:
    letter_ = rendered(masthead=replace(MASTHEAD, digest_name=MASTHEAD.site_name))
    assert "because you subscribed to The Lantern.<" in letter_.html
    assert letter_.text.startswith("The Lantern\nIssue 34")


def test_the_leads_excerpt_is_whole_and_the_others_end_at_a_sentence() -> None:
    long = replace(FULL, excerpt="It begins with a lamp and a long look at the sea, and then a door. " * 5)
    text = " ".join(rendered(issue_of(published(1, long), published(2, long))).text.split())
    assert text.count("It begins with a lamp") == 5 + 3


def test_without_a_way_out_no_unsubscribe_link_is_shown() -> None:
    letter_ = letter.fill(rendered(masthead=replace(MASTHEAD, ways_out=())), [])
    assert "nsubscribe" not in letter_.html + letter_.text


def test_a_posting_address_gets_no_way_out_of_ours() -> None:
    posting = letter.fill(rendered(), [WEB, MAIL], posting=True)
    for part in (posting.html, posting.text):
        assert "nsubscribe" not in part
        assert "leave that list" in " ".join(part.split())


def test_no_trace_of_slots_and_fences_is_left_in_what_a_reader_sees() -> None:
    for posting in (True, False):
        seen = letter.fill(rendered(), posting=posting)
        assert letter.RESERVED not in seen.html + seen.text


@pytest.mark.parametrize(
    ("rating", "shown", "said"),
    [
        pytest.param(Rating(value=3.5, maximum=5), "★★★½☆", "3.5 out of 5", id="half star"),
        pytest.param(Rating(value=4, maximum=4), "★★★★", "4 out of 4", id="four of four"),
        pytest.param(Rating(value=0, maximum=5), "☆☆☆☆☆", "0 out of 5", id="none"),
        pytest.param(Rating(value=3.7, maximum=5), "", "3.7 out of 5", id="never rounded"),
        pytest.param(Rating(value=8, maximum=10), "", "8 out of 10", id="out of ten"),
        pytest.param(Rating(value=85, maximum=100), "", "85 out of 100", id="percent"),
        pytest.param(Rating(letter="B+"), "", "B+", id="letter"),
        pytest.param(Rating(value=9, maximum=5), "", "9 out of 5", id="nonsense stays as written"),
    ],
)
def test_ratings_are_shown_and_said(rating: Rating, shown: str, said: str) -> None:
    assert stars(rating) == shown
    assert Words(language="en", timezone="UTC").rating(rating) == said


@pytest.mark.parametrize(
    ("language", "date", "names", "rating"),
    [
        pytest.param("en", "Friday, 20 November 2026", "A, B and C", "3.5 out of 5", id="en"),
        pytest.param("en-US", "Friday, November 20, 2026", "A, B, and C", "3.5 out of 5", id="en-US"),
        pytest.param("de", "Freitag, 20. November 2026", "A, B und C", "3,5 von 5", id="de"),
        pytest.param("fi", "perjantai 20. marraskuuta 2026", "A, B and C", "3,5 out of 5", id="no words of ours"),
        pytest.param("xx-nonsense", "Friday, 20 November 2026", "A, B and C", "3.5 out of 5", id="unknown"),
    ],
)
def test_values_are_written_as_the_language_writes_them(language: str, date: str, names: str, rating: str) -> None:
    words = Words(language=language, timezone="Europe/Dublin")
    assert words.date(MASTHEAD.date) == date
    assert words.names(["A", "B", "C"]) == names
    assert words.rating(Rating(value=3.5, maximum=5)) == rating


def test_the_date_is_the_sites_day_not_utcs() -> None:
    late = replace(MASTHEAD, date=MASTHEAD.date.replace(hour=23), timezone="Asia/Tokyo")
    assert "Saturday, 21 November 2026" in rendered(masthead=late).html


def test_every_language_has_every_sentence_with_the_same_places() -> None:
    def places(sentence: str) -> set[str]:
        return {part.split("}")[0] for part in sentence.split("{")[1:]}

    assert GERMAN.keys() == ENGLISH.keys()
    assert [key for key in ENGLISH if places(GERMAN[key]) != places(ENGLISH[key])] == []


def test_a_german_site_gets_a_german_letter() -> None:
    letter_ = rendered(masthead=replace(MASTHEAD, language="de"))
    assert 'lang="de"' in letter_.html
    assert "Die Kritik zu GLASSHOUSE SUMMER lesen" in letter_.html
    assert letter_.subject.endswith("(Ausgabe 34)")


def test_english_sentences_on_a_site_of_another_language_are_marked_as_english() -> None:
    html = rendered(masthead=replace(MASTHEAD, language="he")).html
    assert '<html lang="he" dir="rtl"' in html
    assert '<p class="credit" lang="en" dir="ltr"' in html


def test_a_film_title_in_another_script_says_its_language() -> None:
    assert '<span lang="ko">밤의 정원</span>' in rendered().html


@pytest.mark.parametrize(
    ("selection", "kept"),
    [
        pytest.param(Selection(lead=LEAD, sections=()), 1, id="one review"),
        pytest.param(Selection(lead=None, sections=(Section(title=None, reviews=(LEAD, LEAD)),)), 2, id="no lead"),
        pytest.param(Selection(lead=None, sections=(Section(title="Empty", reviews=()),)), 0, id="empty section"),
        pytest.param(issue_of(*[LEAD] * 25), 25, id="25 reviews"),
    ],
)
def test_every_shape_of_issue_renders(selection: Selection, kept: int) -> None:
    assert rendered(selection).html.count("<h2") == kept


def test_twelve_full_reviews_stay_well_below_where_gmail_cuts() -> None:
    html = rendered(issue_of(*[replace(LEAD, id=i) for i in range(12)])).html
    assert len(html.encode()) < 80_000


def test_the_editors_folder_wins_file_by_file(tmp_path: Path) -> None:
    (tmp_path / "email").mkdir()
    (tmp_path / "email" / "style.css").write_text(".name { color: #123456; }")
    html = render_email(ISSUE, MASTHEAD, templates=environment([tmp_path]), subject=None).html
    assert 'style="color:#123456"' in html


def editors_template(folder: Path, text: str, name: str = "issue.html") -> None:
    (folder / "email").mkdir(exist_ok=True)
    (folder / "email" / name).write_text(text)


@pytest.mark.parametrize(
    ("source", "line", "hint"),
    [
        pytest.param("a\nb\n{{ led.film }}", 3, 'did you mean "lead"?', id="unknown name"),
        pytest.param("a\n{% if lead %}", 2, None, id="unclosed block"),
        pytest.param("a\n\n{{ lead.film / 2 }}", 3, None, id="type error"),
        pytest.param("{{ ''.__class__.__mro__ }}", 1, None, id="reaching for Python"),
    ],
)
def test_a_template_fault_names_file_and_line(tmp_path: Path, source: str, line: int, hint: str | None) -> None:
    editors_template(tmp_path, source)
    with pytest.raises(TemplateError) as caught:
        render_email(ISSUE, MASTHEAD, templates=environment([tmp_path]), subject=None)
    assert caught.value.where == f"{tmp_path}/email/issue.html:{line}"
    if hint:
        assert caught.value.hint == hint


def test_a_template_that_loses_a_way_out_is_refused(tmp_path: Path) -> None:
    editors_template(tmp_path, "<html><body><p>{{ ways_out[0].url }}</p></body></html>")
    with pytest.raises(TemplateError, match="does not show the way out"):
        render_email(ISSUE, MASTHEAD, templates=environment([tmp_path]), subject=None)


def test_a_slot_that_inlining_would_lose_is_refused(tmp_path: Path) -> None:
    ways = "{% for way in ways_out %}{{ way.url }}{% endfor %}"
    editors_template(tmp_path, f"<html><head></head><body><p>{ways}</p></body></html><!-- {ways}")
    with pytest.raises(TemplateError, match="lost a way out"):
        render_email(ISSUE, MASTHEAD, templates=environment([tmp_path]), subject=None)


@given(st.text(max_size=80))
def test_clean_text_is_one_line_without_controls(text: str) -> None:
    cleaned = clean(text)
    assert cleaned == clean(cleaned)
    assert len(cleaned.splitlines()) <= 1
    cleaned.encode()


def test_clean_text_drops_what_turns_a_sentence_around() -> None:
    assert clean("a\u202eb\x00c\u2028d\ud800\ufffee  f") == "abc de f"


@given(st.text(max_size=400), st.integers(5, 150))
def test_shortened_text_fits(text: str, limit: int) -> None:
    assert len(shorten(text, limit)) <= limit


TEXTS = st.text(max_size=60)


@settings(max_examples=25, deadline=None)
@given(title=TEXTS, strand=TEXTS, excerpt=TEXTS, person=TEXTS, alt=TEXTS, kind=st.sampled_from(Kind))
def test_any_text_of_the_world_renders(
    title: str, strand: str, excerpt: str, person: str, alt: str, kind: Kind
) -> None:
    review = replace(FULL, film=Film(title=title), strand=strand, excerpt=excerpt, directors=(person,))
    letter_ = rendered(issue_of(published(1, review, kind=kind, image=still(1, alt))))
    assert letter_.html.count(letter.way_out_mark(0)) == 2
    assert 0 < len(letter_.subject) <= 150


def test_masthead_texts_are_cleaned_too() -> None:
    nasty: Masthead = replace(MASTHEAD, site_name="<b>The\nLantern", postal=None, digest_name="&\u2028")
    html = rendered(masthead=nasty).html
    assert "&lt;b&gt;The Lantern" in html

"""The studio in a real browser: it shows every view, follows every save, keeps what is typed, and keeps nobody out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import FrameLocator, Page, Route, ViewportSize, expect

from syndicate.compose.choices import Choices
from syndicate.pipeline import tick
from tests.browser.axe import violations_in
from tests.browser.conftest import served
from tests.web.studio.places import FRIDAY_AT_NINE, TOKEN, Place, make_place

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

WIDE, NARROW = ViewportSize(width=1440, height=1000), ViewportSize(width=360, height=780)
WIDTHS = [360, 600, 768, 1024, 1280, 1920]
LEAD = "The Last Ferry to Inishgall"


@dataclass(frozen=True)
class Open:
    """A studio that is served, and a page of it."""

    page: Page
    place: Place
    address: str

    def go(self, query: str = "", *, writing: bool = True) -> Page:
        """Open the page, with the right to write or without."""
        token = f"&token={TOKEN}" if writing else ""
        self.page.goto(f"{self.address}/?{query}{token}")
        return self.page

    def kept(self) -> Choices:
        """Return what the installation keeps of the editor's choices."""
        with self.place.opened() as app:
            return app.choices.of("weekly").choices

    def choose(self, choices: Choices) -> None:
        """Let somebody else choose."""
        with self.place.opened() as app:
            revision = app.choices.of("weekly").revision
            assert app.choices.keep("weekly", choices, revision=revision, now=self.place.clock.now())


@contextmanager
def opened(page: Page, place: Place) -> Iterator[Open]:
    page.set_viewport_size(WIDE)
    with served(place) as address:
        yield Open(page, place, address)
        page.goto("about:blank")  # Or it would ask on after its server ended.


@pytest.fixture
def studio(page: Page, tmp_path: Path) -> Iterator[Open]:
    """Return a studio of six reviews, the next issue on Friday; no test may leave an error in its console."""
    with opened(page, make_place(tmp_path)) as it:
        yield it


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Return an installation that no test changes."""
    return make_place(tmp_path_factory.mktemp("still"))


@pytest.fixture
def looking(page: Page, still: Place) -> Iterator[Open]:
    """Return a studio over it."""
    with opened(page, still) as it:
        yield it


def letter(page: Page, screen: str = "desktop") -> FrameLocator:
    return page.frame_locator(f".{screen} iframe:not(.coming)")


def choose(page: Page, what: str) -> None:
    """Choose a switch by its words, as a hand on a mouse does."""
    page.locator("#switches label", has_text=re.compile(f"^{what}$")).click()


def films(page: Page) -> list[str]:
    """Return what the issue carries, as its rows stand."""
    return page.locator("#lists .lead .film, #lists .movable .film").all_inner_texts()


def saved(page: Page) -> None:
    expect(page.locator("#saved")).to_have_text("Saved")


def own_template(place: Place, name: str, text: str) -> None:
    path = place.folder / "templates" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


# ---- What is seen


def test_the_letter_stands_wide_and_on_a_phone_beside_each_other(looking: Open) -> None:
    page = looking.go()
    for screen in ("desktop", "phone"):
        expect(letter(page, screen).get_by_role("heading", name=LEAD)).to_be_visible()
    assert letter(page).locator("html").evaluate("e => e.clientWidth") >= 640
    assert letter(page, "phone").locator("html").evaluate("e => [e.clientWidth, e.scrollWidth]") == [360, 360]
    for picture in letter(page).locator("img").all():
        expect(picture).to_have_js_property("complete", True)
        assert int(picture.evaluate("e => e.naturalWidth")) > 100


def test_each_view_is_a_switch_away(looking: Open) -> None:
    page = looking.go()
    choose(page, "Text")
    expect(page.get_by_role("region", name="The text part")).to_contain_text(LEAD)
    expect(page.locator(".desktop")).to_be_hidden()
    choose(page, "HTML")
    expect(page.get_by_role("region", name="The letter’s HTML")).to_contain_text("<!doctype html>", ignore_case=True)
    choose(page, "Message")
    expect(page.get_by_role("region", name="The whole message")).to_contain_text("To: A Reader <reader@example.org>")
    choose(page, "Phone")
    expect(page.locator(".phone")).to_be_visible()
    expect(page.locator(".desktop")).to_be_hidden()


@pytest.mark.parametrize("system", ["light", "dark"])
def test_the_letter_is_dark_or_light_as_asked_whatever_the_system_says(
    looking: Open, system: Literal["light", "dark"]
) -> None:
    looking.page.emulate_media(color_scheme=system)
    page = looking.go()
    sheet = letter(page).locator("body")
    light = str(sheet.evaluate("e => getComputedStyle(e).backgroundColor"))
    choose(page, "Dark")
    expect(letter(page).locator("body")).not_to_have_css("background-color", light)
    dark = str(letter(page).locator("body").evaluate("e => getComputedStyle(e).backgroundColor"))
    assert sum(map(int, re.findall(r"\d+", dark)[:3])) < 150 < 500 < sum(map(int, re.findall(r"\d+", light)[:3]))


def test_without_pictures_the_letter_still_speaks(looking: Open) -> None:
    page = looking.go()
    choose(page, "None")
    expect(letter(page).locator("img[src]")).to_have_count(0)
    expect(letter(page).get_by_role("link", name=f"Read the review of {LEAD}").first).to_be_visible()


def test_each_program_cuts_the_line_in_its_own_way(looking: Open) -> None:
    page = looking.go()
    for name in ("Gmail, desktop", "Gmail, phone", "Apple Mail, iPhone", "Outlook, desktop"):
        expect(page.get_by_role("group", name=name)).to_contain_text("The Lantern")
    expect(page.get_by_role("group", name="Gmail, desktop").locator(".subject")).to_have_text(
        f"{LEAD} and 5 more (issue 1)"
    )
    expect(page.get_by_role("group", name="Gmail, phone").locator(".subject")).to_contain_text("…")


def test_the_size_is_a_bar_against_gmails_limit(looking: Open) -> None:
    meter = looking.go().get_by_role("meter", name="Size")
    assert 10_000 < int(meter.get_attribute("aria-valuenow") or 0) < 80_000
    assert meter.get_attribute("aria-valuemax") == "102000"


def test_every_post_says_why_and_can_be_found(looking: Open) -> None:
    page = looking.go()
    expect(page.locator("#posts-part")).to_contain_text("In issue 1 of weekly, the lead: newest first.")
    page.get_by_label("Find a post").fill("inishgall")
    expect(page.locator(".entries > li:visible")).to_have_count(1)


def test_a_warned_status_stands_open_and_folds(looking: Open) -> None:
    page = looking.go()
    warned = page.locator("details.warned").first
    expect(warned.locator(".words")).to_be_visible()
    warned.locator("summary").first.click()
    expect(warned.locator(".words")).to_be_hidden()
    expect(page.locator(".coming .count").first).to_contain_text("of 500")
    expect(page.get_by_text("Alt text:").first).to_be_visible()


def test_a_past_issue_is_shown_as_it_was_sent_and_cannot_be_edited(studio: Open) -> None:
    studio.place.move_to(FRIDAY_AT_NINE)
    with studio.place.opened() as app:
        tick(app)
    page = studio.go()
    expect(page.get_by_text("Nothing new.")).to_be_visible()
    page.get_by_text("Past issues").click()
    page.get_by_role("link", name="weekly 1").click()
    expect(page.get_by_role("heading", name="Weekly, issue 1")).to_be_visible()
    expect(letter(page).get_by_role("heading", name=LEAD)).to_be_visible()
    expect(page.locator("#editor")).to_have_count(0)


def test_a_what_if_date_shows_what_would_be_and_edits_nothing(looking: Open) -> None:
    page = looking.go()
    page.get_by_label("As it would be on").fill("2027-03-05T09:00")
    page.get_by_role("button", name="Look").click()
    expect(page.get_by_text("As it would be on Fri 5 Mar 2027, 09:00")).to_be_visible()
    expect(page.locator("#posts-part")).to_contain_text("older than max_age, 45d")
    expect(page.locator("#subject")).to_have_attribute("readonly", "")
    page.get_by_role("link", name="Back to now").click()
    expect(page.locator("#subject")).not_to_have_attribute("readonly", "")
    assert TOKEN in page.url


def test_without_the_token_nothing_can_be_edited_and_the_page_says_how(looking: Open) -> None:
    page = looking.go(writing=False)
    expect(page.locator("#read-only")).to_contain_text("syndicate preview printed")
    expect(page.locator("#subject")).to_have_attribute("readonly", "")
    expect(page.locator("#editor button")).to_have_count(0)


def test_hostile_words_are_shown_as_words(studio: Open) -> None:
    evil = '</pre></textarea><script>window.hurt=1</script><img src=x onerror="window.hurt=1">"\'[note](javascript:1)'
    with studio.place.opened() as app:
        app.entries.edit(1, {"film": evil, "excerpt": evil, "alt": evil, "cw": evil})
    studio.choose(Choices(subject=evil[:140], preheader=evil[:120], note=evil))
    page = studio.go()
    expect(page.locator("#lists .lead .film")).to_contain_text("<script>window.hurt=1</script>")
    expect(page.locator("#note")).to_have_value(evil)
    expect(letter(page).locator("body")).to_contain_text("window.hurt=1")
    assert page.evaluate("window.hurt") is None
    assert page.locator("a[href^='javascript:']").count() == 0


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_scrolls_sideways(looking: Open, width: int) -> None:
    looking.page.set_viewport_size({"width": width, "height": 900})
    page = looking.go()
    for view in ("Desktop", "Phone", "Text", "HTML", "Message"):
        choose(page, view)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, view


def test_what_was_chosen_stays_chosen_after_a_reload(looking: Open) -> None:
    page = looking.go()
    for choice in ("Phone", "Dark", "None"):
        choose(page, choice)
    page.reload()
    for choice in ("view-phone", "colours-dark", "pictures-none"):
        expect(page.locator(f"#{choice}")).to_be_checked()
    expect(letter(page, "phone").locator("img[src]")).to_have_count(0)


# ---- What is found


BAD = '<p style="position:absolute">A letter without its wits <img src="https://images.lantern.example/2026/11/beekeeper.jpg"></p>'


def test_findings_stand_beside_their_place_and_are_marked_in_the_letter(studio: Open) -> None:
    source = (Path(__file__).parents[2] / "templates/email/issue.html").read_text(encoding="utf-8")
    own_template(studio.place, "email/issue.html", source.replace("</body>", f"{BAD}\n</body>"))
    studio.choose(Choices(subject="RE: READ THIS!!!", preheader="Short"))
    page = studio.go()
    page.locator("#found summary").click()
    page.locator("#found a", has_text="alt text").click()
    finding = page.locator("#letter-findings li", has_text="without alt text")
    expect(finding).to_be_focused()
    expect(finding.locator(".severity")).to_contain_text("error")
    expect(page.locator("#field-subject .findings li").first).to_be_visible()
    expect(page.locator("#field-preheader .findings li").first).to_contain_text("inboxes show 30 to 140")
    finding.get_by_role("button", name="Show in the letter").click()
    expect(letter(page).locator("[data-found]").first).to_be_visible()
    expect(letter(page).locator("[data-found]").first).to_contain_text("without its wits")
    finding.get_by_role("button", name="Show in the source").click()
    expect(page.locator("#source-html mark")).to_contain_text("without its wits")


def test_a_good_issue_says_that_nothing_was_found(looking: Open) -> None:
    expect(looking.go().locator("#tally")).to_contain_text("found nothing")


# ---- Live


def test_a_save_of_a_template_the_config_or_the_database_is_followed_without_losing_anything(studio: Open) -> None:
    page = studio.go()
    choose(page, "Dark")
    expect(letter(page).get_by_role("heading", name=LEAD)).to_be_visible()
    page.locator(".desktop[data-shown*='colours=dark']").wait_for()
    letter(page).locator("html").evaluate("e => e.ownerDocument.defaultView.scrollTo(0, 500)")
    page.evaluate("window.mine = document.querySelector('#find')")
    page.get_by_label("Find a post").fill("film")
    page.evaluate("scrollTo(0, 300)")
    source = (Path(__file__).parents[2] / "templates/email/issue.html").read_text(encoding="utf-8")
    own_template(studio.place, "email/issue.html", source.replace("</body>", "<p>Freshly saved</p></body>"))
    expect(letter(page).get_by_text("Freshly saved")).to_be_attached()
    assert letter(page).locator("html").evaluate("e => e.ownerDocument.defaultView.scrollY") == 500
    assert page.evaluate("[scrollY, document.activeElement === mine, mine.value]") == [300, True, "film"]
    expect(page.locator("#colours-dark")).to_be_checked()
    own_template(studio.place, "status/review.txt", "Fresh words {{ link }}\n")
    expect(page.locator("article .words", has_text="Fresh words").first).to_be_attached()
    studio.place.write(lambda text: text.replace("name: The Lantern", "name: The Beacon"))
    expect(page.get_by_role("heading", name="The Beacon studio")).to_be_visible()
    with studio.place.opened() as app:
        app.set_paused(True)
    expect(page.get_by_text("Paused: nothing leaves")).to_be_visible()


def test_a_template_that_breaks_leaves_the_last_good_letter_under_the_fault(studio: Open) -> None:
    page = studio.go()
    expect(letter(page).get_by_role("heading", name=LEAD)).to_be_visible()
    own_template(studio.place, "email/issue.html", "<p>{{ leed.film }}</p>")
    fault = page.locator("#issue-fault")
    expect(fault).to_contain_text("issue.html:1")
    expect(letter(page).get_by_role("heading", name=LEAD)).to_be_visible()
    (studio.place.folder / "templates/email/issue.html").unlink()
    expect(fault).to_have_count(0)
    expect(page.get_by_label("Subject")).to_be_visible()


def test_a_broken_config_is_told_above_what_was_shown_and_mended_under_the_editors_eyes(
    browser_page_alone: Page, tmp_path: Path
) -> None:
    with opened(browser_page_alone, make_place(tmp_path)) as studio:
        page = studio.go()
        expect(letter(page).get_by_role("heading", name=LEAD)).to_be_visible()
        studio.place.write(lambda text: text.replace("timezone: Europe/Dublin", "timezon: Europe/Dublin"))
        expect(page.locator("#fault")).to_contain_text("config.yaml line 1")
        expect(letter(page).get_by_role("heading", name=LEAD)).to_be_visible()
        studio.place.write()
        expect(page.locator("#fault")).to_be_hidden()
        studio.place.write(lambda text: text + "colour: red\n")
        studio.go()
        expect(page.get_by_role("alert")).to_contain_text("no such key")
        studio.place.write()
        expect(page.get_by_label("Subject")).to_be_visible()


def test_the_page_says_when_the_studio_has_ended(browser_page_alone: Page, tmp_path: Path) -> None:
    page = browser_page_alone
    with served(make_place(tmp_path)) as address:
        page.goto(address)
        expect(page.locator("#inboxes")).to_be_visible()
    expect(page.get_by_text("The studio has ended")).to_be_visible()


# ---- Editing


def test_words_are_saved_as_they_are_typed_and_the_preview_follows(studio: Open) -> None:
    page = studio.go()
    page.get_by_label("Subject").fill("A week of harbours")
    expect(page.get_by_role("group", name="Outlook").locator(".subject")).to_have_text("A week of harbours")
    page.get_by_label("Preheader").fill("Three films about the sea, and one about a stove that would not light")
    expect(page.locator("#preheader-count")).to_contain_text("69 characters")
    expect(page.get_by_role("group", name="Apple Mail").locator(".snippet")).to_contain_text(
        "Three films about the sea"
    )
    page.get_by_label("A note from you").fill("Bring a **coat**.")
    expect(letter(page).locator("strong", has_text="coat").first).to_be_visible()
    saved(page)
    kept = studio.kept()
    assert (kept.subject, kept.note) == ("A week of harbours", "Bring a **coat**.")
    page.locator("#reset-subject").click()
    expect(page.get_by_label("Subject")).to_have_value(f"{LEAD} and 5 more (issue 1)")
    assert studio.kept().subject is None


def test_reviews_are_reordered_by_the_keyboard_and_it_is_announced(studio: Open) -> None:
    page = studio.go()
    before = films(page)
    moved = page.locator(".movable").last.locator(".row").first
    film = moved.locator(".film").inner_text()
    moved.get_by_role("button", name=re.compile("^Move .* down$")).focus()
    page.keyboard.press("Enter")
    expect(page.locator("#announced")).to_contain_text("place 2 of")
    saved(page)
    assert page.evaluate("document.activeElement.dataset.act") == "down"
    after = films(page)
    assert after != before
    assert sorted(after) == sorted(before)
    expect(letter(page).locator("h2, h3").filter(has_text=film).first).to_be_attached()
    with studio.place.opened() as app:
        assert app.choices.of("weekly").choices.order


def test_reviews_are_dragged_into_another_place(studio: Open) -> None:
    page = studio.go()
    rows = page.locator(".movable").last.locator(".row")
    first, last = rows.first.locator(".film").inner_text(), rows.last
    rows.first.locator(".grip").scroll_into_view_if_needed()
    grip, box = rows.first.locator(".grip").bounding_box(), last.bounding_box()
    assert grip is not None
    assert box is not None
    page.mouse.move(grip["x"] + 5, grip["y"] + 5)
    page.mouse.down()
    page.mouse.move(grip["x"] + 5, box["y"] + box["height"] - 2, steps=6)
    page.mouse.up()
    expect(rows.last.locator(".film")).to_have_text(first)
    saved(page)
    expect(page.locator("#undo")).to_have_attribute("aria-disabled", "false")


def test_the_lead_is_chosen_and_given_back_to_the_rule(studio: Open) -> None:
    page = studio.go()
    film = page.locator(".movable .film").first.inner_text()
    page.get_by_role("button", name=f"Let {film} open the issue").click()
    expect(page.locator(".lead .film")).to_have_text(film)
    expect(page.locator("#group-lead .by").first).to_have_text("chosen by you")
    page.locator("#reset-lead").click()
    expect(page.locator(".lead .film")).to_have_text(LEAD)


def test_a_review_is_left_out_and_put_back(studio: Open) -> None:
    page = studio.go()
    page.get_by_role("button", name=f"Leave {LEAD} out of this issue").click()
    expect(page.locator("#group-out")).to_contain_text(LEAD)
    expect(letter(page).get_by_role("heading", name=LEAD)).to_have_count(0)
    expect(page.locator("#posts-part")).to_contain_text("Left out of issue 1 of weekly by you")
    page.get_by_role("button", name=f"Put back: {LEAD}").click()
    expect(page.locator(".lead .film")).to_have_text(LEAD)


def test_what_is_done_while_something_is_being_saved_is_saved_too(studio: Open) -> None:
    page = studio.go()
    saved(page)
    held: list[Route] = []
    page.route("**/choices", lambda route: route.continue_() if held else held.append(route))
    two = page.locator("#lists .movable .film").all_inner_texts()[:2]
    for film in two:
        page.get_by_role("button", name=f"Leave {film} out of this issue").click()
        page.wait_for_function("editor.busy !== null")
    held[0].continue_()
    for film in two:
        expect(page.locator("#group-out")).to_contain_text(film)
    assert len(studio.kept().left_out) == 2


def test_what_is_past_the_cap_is_brought_in_for_the_last(page: Page, tmp_path: Path) -> None:
    place = make_place(tmp_path, lambda text: text.replace("at: fri", "cap: 3, at: fri"))
    with opened(page, place) as studio:
        studio.go()
        before = films(page)
        page.locator("#group-waiting summary").click()
        film = page.locator("#group-waiting .film").last.inner_text()
        page.get_by_role("button", name=f"Bring in: {film}").click()
        expect(page.locator("#lists .lead, #lists .movable").filter(has_text=film)).to_be_visible()
        assert len(films(page)) == len(before) == 3
        assert film not in before


def test_undo_goes_back_step_by_step_and_back_to_the_rules_at_once(studio: Open) -> None:
    page = studio.go()
    page.get_by_label("Subject").fill("One")
    expect(page.get_by_role("group", name="Outlook").locator(".subject")).to_have_text("One")
    page.get_by_role("button", name=f"Leave {LEAD} out of this issue").click()
    expect(page.locator("#group-out")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#group-out")).to_have_count(0)
    expect(page.get_by_label("Subject")).to_have_value("One")
    page.get_by_role("button", name="Back to the rules").click()
    expect(page.get_by_label("Subject")).to_have_value(f"{LEAD} and 5 more (issue 1)")
    assert studio.kept() == Choices()


def test_words_that_cannot_be_are_told_at_their_field(browser_page_alone: Page, tmp_path: Path) -> None:
    with opened(browser_page_alone, make_place(tmp_path)) as studio:
        page = studio.go()
        page.evaluate("document.querySelector('#subject').removeAttribute('maxlength')")
        page.get_by_label("Subject").fill("x" * 151)
        expect(page.locator("#subject-error")).to_contain_text("at most 150")
        expect(page.get_by_label("Subject")).to_have_attribute("aria-invalid", "true")
        expect(page.locator("#saved")).to_contain_text("Not saved")
        page.get_by_label("Subject").fill("Short again")
        saved(page)
        expect(page.locator("#subject-error")).to_be_empty()


@pytest.mark.parametrize(("button", "wins"), [("Load what is there", "Theirs"), ("Save mine over it", "Mine")])
def test_a_change_from_elsewhere_is_a_conflict_that_the_editor_solves(
    browser_page_alone: Page, tmp_path: Path, button: str, wins: str
) -> None:
    with opened(browser_page_alone, make_place(tmp_path)) as studio:
        page = studio.go()
        saved(page)
        # Its news come late to this page, as they may over a slow line.
        page.route("**/?*", lambda route: route.abort())
        studio.choose(Choices(subject="Theirs"))
        page.get_by_label("Subject").fill("Mine")
        expect(page.get_by_role("alert").filter(has_text="Changed elsewhere")).to_be_visible()
        expect(page.get_by_label("Subject")).to_have_value("Mine")
        page.unroute("**/?*")
        page.get_by_role("button", name=button).click()
        expect(page.get_by_role("group", name="Outlook").locator(".subject")).to_have_text(wins)
        expect(page.get_by_label("Subject")).to_have_value(wins)
        expect(page.locator("#conflict")).to_be_hidden()
        assert studio.kept().subject == wins


def test_what_is_typed_stays_when_the_page_changes_under_it(browser_page_alone: Page, tmp_path: Path) -> None:
    with opened(browser_page_alone, make_place(tmp_path)) as studio:
        page = studio.go()
        saved(page)
        page.route("**/choices", lambda route: route.abort())
        page.get_by_label("A note from you").type("Half a sent")
        studio.place.write(lambda text: text.replace("name: The Lantern", "name: The Beacon"))
        expect(page.get_by_role("heading", name="The Beacon studio")).to_be_visible()
        expect(page.get_by_label("A note from you")).to_have_value("Half a sent")
        expect(page.get_by_label("A note from you")).to_be_focused()
        page.unroute("**/choices")
        page.keyboard.type("ence.")
        expect(letter(page).get_by_text("Half a sentence.").first).to_be_visible()


# ---- For everybody


def test_the_keyboard_reaches_every_switch_and_shows_where_it_is(looking: Open) -> None:
    page = looking.go()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="To the issue")).to_be_focused()
    page.locator("#view-both").focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    expect(page.locator("#view-text")).to_be_checked()
    expect(page.locator("#source-text")).to_be_visible()
    assert page.locator("label[for=view-text]").evaluate("e => getComputedStyle(e).outlineStyle") == "solid"


STATES = {
    "the next issue": "",
    "without the token": "no token",
    "another date": "at=2027-03-05T09:00",
    "to a list server": "for=list",
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "phone"])
@pytest.mark.parametrize("state", STATES, ids=list(STATES))
def test_axe_finds_nothing(looking: Open, state: str, size: ViewportSize, scheme: Literal["light", "dark"]) -> None:
    looking.page.emulate_media(color_scheme=scheme)
    looking.page.set_viewport_size(size)
    page = looking.go(STATES[state], writing=STATES[state] != "no token")
    page.locator("[data-shown]").first.wait_for()
    page.evaluate("document.querySelectorAll('details:not(.menu)').forEach(each => { each.open = true })")
    assert violations_in(page.main_frame) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_trouble_either(
    browser_page_alone: Page, tmp_path: Path, scheme: Literal["light", "dark"]
) -> None:
    page = browser_page_alone
    page.emulate_media(color_scheme=scheme)
    with opened(page, make_place(tmp_path)) as studio:
        studio.choose(Choices(subject="RE: READ THIS!!!", preheader="Short", left_out=frozenset({2})))
        studio.go()
        page.route("**/?*", lambda route: route.abort())
        studio.choose(Choices(subject="Theirs"))
        page.get_by_label("Subject").fill("Mine")
        expect(page.locator("#conflict")).to_be_visible()
        page.locator("#found summary").click()
        assert violations_in(page.main_frame) == []
        page.unroute("**/?*")
        own_template(studio.place, "email/issue.html", "<p>{{ leed.film }}</p>")
        expect(page.locator("#issue-fault")).to_be_visible()
        assert violations_in(page.main_frame) == []
        studio.place.write(lambda text: text.replace("timezone: Europe/Dublin", "timezon: Europe/Dublin"))
        studio.go()
        expect(page.get_by_role("alert")).to_be_visible()
        assert violations_in(page.main_frame) == []

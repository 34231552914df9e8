"""The preview in a real browser: it shows, it switches, it fits a phone, it reloads itself."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pytest
from playwright.sync_api import FrameLocator, Page, expect

from tests.browser.conftest import served
from tests.web.studio.places import Place, make_place

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

WIDTHS = [360, 600, 768, 1000, 1280, 1920]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Return an installation whose next issue is for Friday."""
    return make_place(tmp_path_factory.mktemp("browser"))


@pytest.fixture(scope="module")
def address(place: Place) -> Iterator[str]:
    """Return where its preview is served."""
    with served(place) as address:
        yield address


def letter(page: Page) -> FrameLocator:
    return page.frame_locator("iframe")


def choose(page: Page, what: str) -> None:
    """Choose a switch by its words, as a hand on a mouse does."""
    page.locator(".tools label", has_text=what).click()


def colour(page: Page, selector: str, property_: str) -> str:
    return str(letter(page).locator(selector).first.evaluate(f"e => getComputedStyle(e).{property_}"))


def test_the_page_shows_the_letter_its_pictures_and_the_statuses(page: Page, address: str) -> None:
    page.goto(address)
    expect(page.get_by_role("heading", name="The Lantern preview")).to_be_visible()
    expect(letter(page).get_by_role("heading", name="The Last Ferry to Inishgall")).to_be_visible()
    expect(page.get_by_role("article")).to_have_count(3)
    pictures = letter(page).locator("img")
    expect(pictures).to_have_count(6)
    for picture in pictures.all():
        expect(picture).to_have_js_property("complete", True)
        assert int(picture.evaluate("e => e.naturalWidth")) > 100


def test_every_badge_of_an_alt_text_can_be_read_in_the_fold_of_later_statuses_too(page: Page, address: str) -> None:
    page.goto(address)
    folded = page.locator("details.earlier .alt summary")
    expect(folded.first).to_be_attached()
    for badge in page.locator(".alt summary").all():
        assert badge.evaluate("e => getComputedStyle(e).color") == "rgb(255, 255, 255)"


def test_text_and_source_are_a_switch_away(page: Page, address: str) -> None:
    page.goto(address)
    choose(page, "Text")
    expect(page.get_by_label("The text part")).to_contain_text("In this issue: The Last Ferry to Inishgall")
    expect(page.locator("iframe")).to_be_hidden()
    choose(page, "Source")
    expect(page.get_by_label("The letter’s source")).to_contain_text("To: A Reader <reader@example.org>")
    choose(page, "Letter")
    expect(page.locator("iframe")).to_be_visible()


@pytest.mark.parametrize("system", ["light", "dark"])
def test_the_letter_is_dark_or_light_as_asked_whatever_the_system_says(page: Page, address: str, system: str) -> None:
    page.emulate_media(color_scheme="dark" if system == "dark" else "light")
    page.goto(address)
    expect(letter(page).locator(".sheet").first).to_be_visible()
    assert colour(page, ".sheet", "backgroundColor") == "rgb(255, 253, 248)"
    choose(page, "Dark")
    expect(page.locator("iframe")).to_have_attribute("src", "/view/weekly?for=reader&dark=1&pictures=1")
    expect(letter(page).locator(".sheet").first).not_to_have_css("background-color", "rgb(255, 253, 248)")
    assert sum(map(int, colour(page, ".sheet", "backgroundColor")[4:-1].split(","))) < 120


def test_without_pictures_the_letter_still_speaks(page: Page, address: str) -> None:
    page.goto(address)
    choose(page, "None")
    expect(page.locator("iframe")).to_have_attribute("src", "/view/weekly?for=reader&dark=0&pictures=0")
    expect(letter(page).locator("img[src]")).to_have_count(0)
    expect(
        letter(page).get_by_role("link", name="Read the review of The Last Ferry to Inishgall").first
    ).to_be_visible()


def test_a_phone_is_a_phone_wide(page: Page, address: str) -> None:
    page.goto(address)
    choose(page, "Phone")
    expect(page.locator("iframe")).to_have_js_property("clientWidth", 375)
    assert letter(page).locator("html").evaluate("e => e.scrollWidth <= e.clientWidth")


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_scrolls_sideways(page: Page, address: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(address)
    for view in ("Letter", "Text", "Source"):
        choose(page, view)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    choose(page, "Letter")
    choose(page, "Phone")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_what_was_chosen_stays_chosen_after_a_reload(page: Page, address: str) -> None:
    page.goto(address)
    for choice in ("Phone", "Dark", "None"):
        choose(page, choice)
    page.reload()
    for choice in ("phone", "dark", "off"):
        expect(page.locator(f".tools input[value={choice}]")).to_be_checked()
    expect(page.locator("iframe")).to_have_attribute("src", "/view/weekly?for=reader&dark=1&pictures=0")
    expect(letter(page).locator("img[src]")).to_have_count(0)
    expect(letter(page).get_by_role("heading", level=1)).to_be_visible()


def test_the_keyboard_reaches_every_switch_and_shows_where_it_is(page: Page, address: str) -> None:
    page.goto(address)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="To the issue")).to_be_focused()
    page.locator(".tools input[value=letter]").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".tools input[value=text]")).to_be_checked()
    expect(page.get_by_label("The text part")).to_be_visible()
    outline = page.locator("label[for=view-text]").evaluate("e => getComputedStyle(e).outlineStyle")
    assert outline == "solid"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "pane text"


def test_everything_that_can_be_asked_for_has_a_name(page: Page, address: str) -> None:
    page.goto(address)
    unnamed = page.evaluate(
        """() => [...document.querySelectorAll("a, input, iframe, img, summary, pre, fieldset")].filter(e => !(
            e.title || e.alt || e.getAttribute("aria-label") || e.textContent.trim()
            || (e.labels && e.labels.length)
            || (e.tagName === "IMG" && e.hasAttribute("alt")))).map(e => e.outerHTML)"""
    )
    assert unnamed == []
    levels = page.evaluate("() => [...document.querySelectorAll('h1,h2,h3,h4')].map(e => +e.tagName[1])")
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_a_warned_status_is_unfolded_for_the_editor_and_every_alt_text_is_read(page: Page, address: str) -> None:
    page.goto(address)
    first = page.locator(".coming li").first
    expect(first.get_by_text("Horror film", exact=True)).to_be_visible()
    expect(first.locator(".words")).to_be_visible()
    alts = [str(picture.get_attribute("alt")) for picture in page.locator(".coming img").all()]
    assert len(alts) == 6
    assert page.locator(".coming .aside").all_text_contents() == [f"Alt text: {alt}" for alt in alts]


@pytest.mark.parametrize("system", ["light", "dark"])
def test_small_grey_words_can_still_be_read(page: Page, address: str, system: str) -> None:
    page.emulate_media(color_scheme="dark" if system == "dark" else "light")
    page.goto(address)
    for selector in (
        ".quiet",
        ".pill.ready",
        ".pill.history",
        ".because",
        ".preheader",
        ".facts dt",
        ".handle",
        ".tag",
    ):
        found = page.locator(selector).first
        assert contrast(page, selector) >= 4.5, (selector, found.inner_text())


CONTRAST = """e => {
    const linear = part => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    const light = colour => {
        const [red, green, blue] = colour.match(/[\\d.]+/g).map(part => linear(part / 255));
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    let behind = e;
    while (getComputedStyle(behind).backgroundColor === "rgba(0, 0, 0, 0)") behind = behind.parentElement;
    const [one, two] = [light(getComputedStyle(e).color), light(getComputedStyle(behind).backgroundColor)];
    return (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05);
}"""


def contrast(page: Page, selector: str) -> float:
    """Return the contrast (WCAG 2.2, 1.4.3) of an element's words with the first background behind them."""
    return float(page.locator(selector).first.evaluate(CONTRAST))


def test_the_page_reloads_itself_when_a_template_the_config_or_the_database_changed(
    page: Page, tmp_path_factory: pytest.TempPathFactory
) -> None:
    place = make_place(tmp_path_factory.mktemp("reloads"))
    with served(place) as address:
        page.goto(address)
        choose(page, "Dark")
        own = place.folder / "templates" / "status" / "review.txt"
        own.parent.mkdir(parents=True)
        own.write_text("Fresh words {{ link }}\n", encoding="utf-8")
        expect(page.locator("article .words:visible", has_text="Fresh words").first).to_be_visible()
        expect(page.locator(".tools input[value=dark]")).to_be_checked()
        place.write(lambda text: text.replace("name: The Lantern", "name: The Beacon"))
        expect(page.get_by_role("heading", name="The Beacon preview")).to_be_visible()
        with place.opened() as app:
            app.set_paused(True)
        expect(page.get_by_text("Paused: nothing leaves")).to_be_visible()
        page.goto("about:blank")  # Or it would ask on after its server ended.


def test_the_page_says_when_the_preview_has_ended(
    browser_page_alone: Page, tmp_path_factory: pytest.TempPathFactory
) -> None:
    page = browser_page_alone
    with served(make_place(tmp_path_factory.mktemp("ends"))) as address:
        page.goto(address)
        expect(page.get_by_text("The preview has ended")).to_be_hidden()
    expect(page.get_by_text("The preview has ended")).to_be_visible()


def test_a_broken_config_is_read_on_the_page_and_mended_under_its_eyes(
    browser_page_alone: Page, tmp_path_factory: pytest.TempPathFactory
) -> None:
    page, place = browser_page_alone, make_place(tmp_path_factory.mktemp("faults"))
    with served(place) as address:
        page.goto(address)
        place.write(lambda text: text.replace("timezone: Europe/Dublin", "timezon: Europe/Dublin"))
        expect(page.get_by_role("alert")).to_contain_text("config.yaml line 1")
        expect(page.get_by_role("alert")).to_contain_text("timezone")
        place.write()
        expect(page.get_by_role("heading", name="The next issue")).to_be_visible()

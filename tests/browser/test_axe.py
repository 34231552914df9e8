"""Nobody is kept out: axe-core finds nothing in the readers' pages, the archive and the letter itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from syndicate.cli.serving import listening, served_beside
from syndicate.compose.archive_letter import public_page
from syndicate.web.readers.app import readers_app
from tests.browser.axe import violations
from tests.browser.test_readers import every_page, shown
from tests.compose.lint.letters import GOOD_ONES
from tests.compose.test_archive_letter import PARTS
from tests.pipeline.studio import studio
from tests.web.readers.test_archive import CHANGES, OWN, sent_twice

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

SCHEMES = pytest.mark.parametrize("scheme", ["light", "dark"])
WIDTHS = pytest.mark.parametrize("width", [360, 1280])
SEEDED = '<html><img src="data:,"><p style="color:#aaa;background:#fff">pale</p><a href="/x"></a></html>'
FRAME = """<!doctype html><html lang="en"><title>A mail program</title><main><h1>Inbox</h1>
<iframe title="A letter" style="width:100%;height:700px" srcdoc="{}"></iframe></main></html>"""


def test_axe_finds_what_is_wrong_in_a_page_and_in_its_frames(browser_page_alone: Page) -> None:
    page = browser_page_alone
    show(page, FRAME.format(escape(SEEDED)))
    page.frame_locator("iframe").get_by_text("pale").wait_for()
    found = {line.split()[0] for line in violations(page)}
    assert {"html-has-lang", "document-title", "image-alt", "color-contrast", "link-name"} <= found


@contextmanager
def seen(page: Page, scheme: Any, width: int) -> Iterator[Page]:
    """Give a page as wide as that, light or dark, that reaches no picture elsewhere."""
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 800})
    page.route(lambda url: "127.0.0.1" not in url, lambda route: route.abort())
    yield page


@SCHEMES
@WIDTHS
def test_the_readers_pages_keep_nobody_out(browser_page_alone: Page, tmp_path: Path, scheme: Any, width: int) -> None:
    with seen(browser_page_alone, scheme, width) as page, shown(tmp_path) as (here, place):
        for name, path in {**every_page(here), "wrong": "/confirm/nothing", "no page": "/nowhere"}.items():
            page.goto(place + path)
            assert violations(page) == [], name


def test_what_follows_a_press_keeps_nobody_out(browser_page_alone: Page, tmp_path: Path) -> None:
    page = browser_page_alone
    with shown(tmp_path) as (here, place):
        pages = every_page(here)
        for name, button in (("confirm", None), ("leave", "Unsubscribe"), ("preferences", None)):
            page.goto(place + pages[name])
            (page.get_by_role("button", name=button) if button else page.get_by_role("button").last).click()
            page.wait_for_load_state()
            assert violations(page) == [], name
        page.goto(f"{place}/subscribe")
        page.evaluate("document.querySelector('form').noValidate = true")
        page.get_by_role("textbox").fill("nobody at all")
        page.get_by_role("button", name="Subscribe").click()
        expect(page.get_by_role("alert")).to_be_visible()
        assert violations(page) == []


def show(page: Page, html: str) -> None:
    """Show HTML without waiting for pictures."""
    page.set_content(html, wait_until="domcontentloaded")


@contextmanager
def archived(folder: Path, *changes: tuple[str, str]) -> Iterator[str]:
    """Serve the archive of an installation that has sent two issues, or none, and give its address."""
    listener = listening("127.0.0.1:0", way_out="")
    place = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with studio(folder, *CHANGES, *changes, (OWN, place)) as site:
        sent_twice(site)
        with served_beside(readers_app(site.app), listener, ended=lambda: None):
            yield f"{place}/archive"


@SCHEMES
@WIDTHS
def test_the_archive_keeps_nobody_out(browser_page_alone: Page, tmp_path: Path, scheme: Any, width: int) -> None:
    with seen(browser_page_alone, scheme, width) as page, archived(tmp_path) as place:
        for path in ("", "/weekly/1", "/weekly/2", "/weekly/9"):
            page.goto(place + path)
            assert violations(page) == [], path


@SCHEMES
@WIDTHS
@pytest.mark.parametrize("name", list(GOOD_ONES))
def test_a_letter_keeps_nobody_out(browser_page_alone: Page, name: str, scheme: Any, width: int) -> None:
    with seen(browser_page_alone, scheme, width) as page:
        show(page, FRAME.format(escape(GOOD_ONES[name].email.html)))
        page.frame_locator("iframe").get_by_role("heading", level=1).wait_for()
        assert violations(page) == []


@SCHEMES
@WIDTHS
@pytest.mark.parametrize("name", ["an issue with sections", "25 reviews", "a single review"])
def test_a_letter_in_the_archive_keeps_nobody_out(browser_page_alone: Page, name: str, scheme: Any, width: int) -> None:
    with seen(browser_page_alone, scheme, width) as page:
        show(page, public_page(GOOD_ONES[name].email.html, replace(PARTS, bar="")))
        assert violations(page) == []

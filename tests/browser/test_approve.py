"""The page with one button in a real browser: without script, on a phone and wide, light and dark, by keyboard."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from syndicate.cli.serving import listening, served_beside
from syndicate.compose.model import IssueState
from syndicate.web.readers.app import readers_app
from tests.browser.axe import violations_in
from tests.journeys.test_readers import free_port
from tests.pipeline.studio import Studio, studio
from tests.pipeline.test_approval import APPROVAL, ASKED, TEMPLATES, at, begun, link_of
from tests.pipeline.test_lint import BAD, house_template

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

WIDTHS = pytest.mark.parametrize("width", [360, 1280])
SCHEMES = pytest.mark.parametrize("scheme", ["light", "dark"])


@contextmanager
def asked(folder: Path, *, flawed: bool = False) -> Iterator[tuple[Studio, str]]:
    """Serve an installation whose editor was asked, and give the address of the link in the mail."""
    place = f"127.0.0.1:{free_port()}"
    (folder / "own").mkdir()
    public = ("accounts:", f"web: {{public_url: 'http://{place}', public_listen: '{place}'}}\naccounts:")
    with studio(folder, APPROVAL, TEMPLATES, public) as site:
        begun(site)
        if flawed:
            house_template(site, BAD)
        at(site, ASKED)
        with (
            listening(place, way_out="") as listener,
            served_beside(readers_app(site.app), listener, ended=threading.Event().set),
        ):
            yield site, link_of(site)


@contextmanager
def phone(browser: Browser) -> Iterator[Page]:
    """Give a page of a phone on which no script runs."""
    context = browser.new_context(viewport={"width": 360, "height": 740}, java_script_enabled=False)
    yield context.new_page()
    context.close()


def test_an_editor_without_script_looks_presses_and_is_told_when_it_goes(browser: Browser, tmp_path: Path) -> None:
    with asked(tmp_path) as (site, link), phone(browser) as page:
        with page.expect_response(lambda answer: answer.url.startswith(f"{link}/")) as framed:
            page.goto(link)
        assert "THE LONG PIER" in framed.value.text()
        page.reload()
        assert site.issues()[-1].state is IssueState.DRAFT
        page.get_by_role("button", name="Approve this letter").click()
        expect(page.get_by_role("heading", name="Approved")).to_be_visible()
        expect(page.get_by_text("It goes out Friday 20 November, 09:00.")).to_be_visible()
        page.go_back()
        expect(page.get_by_role("heading", name="It is approved already")).to_be_visible()
        assert [each.state for each in site.issues()] == [IssueState.FROZEN]


def test_the_box_beside_the_errors_and_the_button_are_reached_by_keyboard(browser: Browser, tmp_path: Path) -> None:
    with asked(tmp_path, flawed=True) as (site, link), phone(browser) as page:
        page.goto(link)
        page.get_by_role("link", name="The Lantern", exact=True).focus()
        page.keyboard.press("Tab")
        expect(page.get_by_role("checkbox", name="Send it with 1 error")).to_be_focused()
        page.keyboard.press("Space")
        page.keyboard.press("Tab")
        expect(page.get_by_role("button", name="Approve this letter")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Approved")).to_be_visible()
        assert site.issues()[-1].state is IssueState.FROZEN


@SCHEMES
@WIDTHS
def test_the_page_keeps_nobody_out_and_is_no_wider_than_the_screen(
    browser_page_alone: Page, tmp_path: Path, scheme: Any, width: int
) -> None:
    page = browser_page_alone
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 800})
    with asked(tmp_path, flawed=True) as (_, link):
        page.goto(link)
        page.locator("summary").press("Enter")
        assert violations_in(page.main_frame) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        with page.expect_response(lambda answer: answer.request.method == "POST") as pressed:
            page.get_by_role("button").press("Enter")
        assert pressed.value.status == 409
        expect(page.get_by_text("Tick the box if it shall go as it is.")).to_be_visible()
        page.get_by_role("checkbox").check()
        page.get_by_role("button").press("Enter")
        expect(page.get_by_role("heading", name="Approved")).to_be_visible()
        assert violations_in(page.main_frame) == []

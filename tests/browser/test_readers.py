"""The readers' pages in a real browser without script, from a form in a blog to the last goodbye; and how they look."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from syndicate.audience.tokens import Purpose
from syndicate.cli.serving import listening, served_beside
from syndicate.pipeline.joining import JoinRequest, request_join
from tests.channels.smtp_server import ScriptedSmtp
from tests.journeys.site import Site
from tests.journeys.test_readers import make_site, next_mail, path_in, serving
from tests.web.readers.house import OWN, House, house

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

ADA = "ada@reader.example"
BLOG = """<!doctype html><html lang="en"><title>The blog</title>
<style>body {{ font: 20px/30px Verdana; color: #234 }}</style>
<main>Reviews.</main><aside style="width: 260px">{form}</aside></html>"""


@contextmanager
def blog(content: list[str]) -> Iterator[str]:
    """Serve a blog with what `content` holds when it is asked, and give its origin."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write("".join(content).encode())

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def plain(browser: Browser) -> Iterator[Page]:
    """Return a page of a phone on which no script runs."""
    context = browser.new_context(viewport={"width": 360, "height": 740}, java_script_enabled=False)
    yield context.new_page()
    context.close()


def state_of(site: Site, address: str) -> str:
    """Return where somebody stands on the list."""
    shown = site.json("subscribers", "list", "--list", "readers")
    return str(next(each["state"] for each in shown if each["address"] == address))


def test_a_reader_comes_from_the_blogs_sidebar_and_leaves_again_without_a_line_of_script(
    plain: Page, tmp_path: Path
) -> None:
    content: list[str] = []
    with ScriptedSmtp() as server, blog(content) as origin:
        site, place = make_site(tmp_path, server, origins=[origin])
        content.append(BLOG.format(form=site.run("lists", "form", "readers").stdout))
        with serving(site, place, "run"):
            plain.goto(origin)
            plain.get_by_label("Your email address").fill(ADA)
            plain.get_by_role("button", name="Subscribe").click()
            expect(plain.get_by_role("heading", name="Check your inbox")).to_be_visible()
            assert plain.url == f"{place}/sent"
            plain.goto(place + path_in(next_mail(server, ADA, 1), "confirm"))
            assert state_of(site, ADA) == "unconfirmed"
            plain.get_by_role("button", name="Yes, subscribe me").click()
            expect(plain.get_by_role("heading", name="You are subscribed")).to_be_visible()
            assert state_of(site, ADA) == "confirmed"
            plain.goto(place + path_in(next_mail(server, ADA, 2), "leave"))
            plain.get_by_role("link", name="Or choose which letters you get").click()
            expect(plain.get_by_label("Readers")).to_be_checked()
            plain.go_back()
            assert state_of(site, ADA) == "confirmed"
            plain.get_by_role("button", name="Unsubscribe").click()
            expect(plain.get_by_role("heading", name="You are unsubscribed")).to_be_visible()
            assert state_of(site, ADA) == "unsubscribed"
            assert plain.context.cookies() == []


def test_from_a_blog_that_nobody_named_it_takes_one_press_more_on_our_own_page(plain: Page, tmp_path: Path) -> None:
    content: list[str] = []
    with blog(content) as origin:
        site, place = make_site(tmp_path, None)
        content.append(BLOG.format(form=site.run("lists", "form", "readers").stdout))
        with serving(site, place, "web"):
            plain.goto(origin)
            plain.get_by_label("Your email address").fill(ADA)
            plain.get_by_role("button", name="Subscribe").click()
            expect(plain.get_by_role("alert")).to_contain_text("press the button once more")
            assert site.json("subscribers", "list", "--list", "readers") == []
            expect(plain.get_by_label("Your email address")).to_have_value(ADA)
            plain.wait_for_timeout(2500)  # our form must have been looked at for two seconds, on a clock that is real
            plain.get_by_role("button", name="Subscribe").click()
            expect(plain.get_by_role("heading", name="Check your inbox")).to_be_visible()
            assert state_of(site, ADA) == "unconfirmed"


SCRIPT = """async ([url, fields]) => {
  const headers = {"Content-Type": "application/json"}
  const answer = await fetch(url, {method: "POST", headers, body: JSON.stringify(fields)})
  return [answer.status, await answer.json()]
}"""


def test_a_script_of_the_blog_may_post_and_read_and_one_from_elsewhere_may_not(
    browser_page_alone: Page, tmp_path: Path
) -> None:
    page = browser_page_alone
    with blog(["<title>named</title>"]) as named, blog(["<title>elsewhere</title>"]) as elsewhere:
        site, place = make_site(tmp_path, None, origins=[named])
        with serving(site, place, "web"):
            fields = {"email": ADA, "list": "readers"}
            page.goto(named)
            status, said = page.evaluate(SCRIPT, [f"{place}/subscribe", fields])
            assert (status, said["ok"]) == (200, True)
            page.goto(elsewhere)
            told = page.evaluate(f"a => ({SCRIPT})(a).catch(e => String(e))", [f"{place}/subscribe", fields])
            assert "Failed to fetch" in told
        assert len(site.json("subscribers", "list", "--list", "readers")) == 1


# --- how they look ---


@contextmanager
def shown(folder: Path) -> Iterator[tuple[House, str]]:
    """Serve an installation with readers, and give its address."""
    listener = listening("127.0.0.1:0", way_out="")
    place = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with house(folder, (OWN, place)) as here, served_beside(here.asgi, listener, ended=lambda: None):
        yield here, place


def every_page(here: House) -> dict[str, str]:
    """Return a path to a page of every kind."""
    here.reader(ADA, "readers", "friends")
    asked = JoinRequest(address="bo@reader.example", lists=("readers",), came_from="the form", network="")
    request_join(here.app, asked)
    return {
        "subscribe": "/subscribe",
        "one list": "/subscribe/readers",
        "sent": "/sent",
        "confirm": f"/confirm/{here.token(Purpose.CONFIRM, 'bo@reader.example', 'readers')}",
        "leave": f"/leave/{here.token(Purpose.READER, ADA, 'readers')}",
        "unknown": "/leave/nothing",
        "preferences": f"/preferences/{here.token(Purpose.READER, ADA)}",
    }


LOOK = """() => {
  const seen = [...document.querySelectorAll("a, button, .choice, .field")]
  const inText = e => e.closest("[aria-hidden], p.said, p.small:not(:has(.tall))")
  const texts = [...document.querySelectorAll(":is(h1, p, a, label, small, legend, button, .field)")]
  const style = getComputedStyle(document.querySelector(".sheet"))
  return {
    wide: document.documentElement.scrollWidth,
    small: seen.filter(e => !inText(e) && e.getBoundingClientRect().height < 44).map(e => e.outerHTML),
    tiny: texts.filter(e => !inText(e) && parseFloat(getComputedStyle(e).fontSize) < 15).length,
    paper: style.backgroundColor,
  }
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 360, 600, 1280])
def test_every_page_fits_and_is_light_or_dark_as_the_system_is(
    page: Page, tmp_path: Path, width: int, scheme: Any
) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 800})
    with shown(tmp_path) as (here, place):
        for name, path in every_page(here).items():
            page.goto(place + path)
            look = page.evaluate(LOOK)
            assert look["wide"] <= width, name
            assert look["small"] == [], name
            assert look["tiny"] == 0, name
            assert look["paper"] == ("rgb(26, 24, 22)" if scheme == "dark" else "rgb(255, 253, 248)")


def test_the_keyboard_reaches_every_field_in_order_and_never_the_trap(page: Page, tmp_path: Path) -> None:
    with shown(tmp_path) as (_, place):
        page.goto(f"{place}/subscribe")
        reached = []
        for _ in range(6):
            page.keyboard.press("Tab")
            reached.append(page.evaluate("() => document.activeElement.name || document.activeElement.textContent"))
        assert reached == ["The Lantern", "list", "list", "email", "Subscribe", "Go to The Lantern"]
        page.get_by_role("button").focus()
        page.keyboard.press("Shift+Tab")
        assert page.evaluate("() => getComputedStyle(document.activeElement).outlineWidth") == "3px"


def test_a_screen_reader_hears_what_is_there_and_not_the_trap(page: Page, tmp_path: Path) -> None:
    with shown(tmp_path) as (_, place):
        page.goto(f"{place}/subscribe")
        expect(page.get_by_role("group", name="Which letters would you like?")).to_be_visible()
        expect(page.get_by_role("textbox")).to_have_count(1)
        expect(page.get_by_role("checkbox", name="Weekly readers Every Friday, the week's reviews.")).to_be_visible()
        page.goto(f"{place}/sent")
        expect(page.get_by_role("status")).to_contain_text("Check your inbox")


@pytest.mark.parametrize("width", [160, 260, 700])
def test_the_pasted_form_fits_its_sidebar_and_takes_the_blogs_own_look(page: Page, tmp_path: Path, width: int) -> None:
    site, _ = make_site(tmp_path, None)
    form = site.run("lists", "form", "readers").stdout
    page.set_content(BLOG.format(form=form).replace("260px", f"{width}px"))
    field = page.get_by_label("Your email address")
    box = field.bounding_box()
    assert box is not None
    assert box["width"] <= width
    assert box["height"] >= 44
    assert "Verdana" in str(field.evaluate("e => getComputedStyle(e).fontFamily"))
    expect(page.get_by_role("textbox")).to_have_count(1)

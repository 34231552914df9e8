"""A real browser, and a page of it that may ask nobody but this machine."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, sync_playwright
from starlette.applications import Starlette

from syndicate.web.studio.app import studio_app
from syndicate.web.studio.live import Live
from tests.browser.setup import HOW, find_chromium
from tests.web.studio.places import TOKEN, Place

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return a chromium; the test skips where there is none.

    For a module and no longer: while Playwright is open, this thread has an event loop that others stumble over.
    """
    path = find_chromium()
    if path is None:
        pytest.skip(HOW)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Return an empty page, 1280 × 1000. At its end it must have asked no other host and raised no error."""
    context = browser.new_context(
        viewport={"width": 1280, "height": 1000}, color_scheme="light", reduced_motion="reduce"
    )
    page = context.new_page()
    wrong: list[str] = []
    page.on("request", lambda request: None if _is_here(request.url) else wrong.append(f"asked {request.url}"))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    yield page
    context.close()
    assert not wrong


def _is_here(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in ("data", "blob", "about", "file") or parts.hostname == "127.0.0.1"


@contextmanager
def served(place: Place) -> Iterator[str]:
    """Serve the studio over a place on a free port, and give its address; who has TOKEN may write."""
    live = Live(place.config, environ={}, clock=place.clock)
    with _running(studio_app(live, token=TOKEN)) as port:
        yield f"http://127.0.0.1:{port}"
    live.close()


class _Server(uvicorn.Server):
    """Ends the streams of events with itself, as the command does."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.config.app.state.events.end()  # type: ignore[union-attr]
        await super().shutdown(sockets)


@contextmanager
def _running(app: Starlette) -> Iterator[int]:
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", lifespan="off", ws="none")
    server = _Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield _port(server, thread)
    finally:
        server.should_exit = True
        thread.join(10)


def _port(server: uvicorn.Server, thread: threading.Thread) -> int:
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        time.sleep(0.01)
    port: int = server.servers[0].sockets[0].getsockname()[1]
    return port


@pytest.fixture
def browser_page_alone(browser: Browser) -> Iterator[Page]:
    """Return a page that may meet errors: its server ends, or answers that it cannot look."""
    page = browser.new_page()
    yield page
    page.close()

"""An installation in a folder, on the sample feed, with a clock that a test moves, and the preview over it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
from starlette.applications import Starlette

from syndicate.app import App, open_app
from syndicate.audience.model import NewSubscriber
from syndicate.config import load_config
from syndicate.pipeline import announce, poll_due
from syndicate.web.studio.app import studio_app
from syndicate.web.studio.live import Live

THURSDAY = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
FRIDAY_AT_NINE = datetime(2026, 11, 27, 9, 0, 5, tzinfo=UTC)

CONFIG = """\
site: {name: The Lantern, url: https://lantern.example, language: en, timezone: Europe/Dublin, postal: "1 Quay, Cork"}
feeds:
  reviews: {url: "sample:lantern", backfill: 6}
mail:
  from: The Lantern <news@lantern.example>
  outbox: out/
  unsubscribe_mailto: goodbye@lantern.example
lists:
  readers: {name: Weekly readers}
  films: {address: films@lists.example}
digests:
  weekly: {lists: [readers, films], at: fri 09:00, sections: [{title: At home, strands: ["* [[]VOD]"]}]}
accounts:
  main:
    outbox: out/
    spacing: 30m
    content_warnings: [{label: horror, text: Horror film}]
    hashtags: {"*": FilmReview, drama: Drama, horror: Horror}
templates: templates
"""


TOKEN, HOST = "the-token-of-this-start", "127.0.0.1:8025"


@dataclass
class MovedClock:
    """A clock that stands still until it is moved."""

    moment: datetime = THURSDAY

    def now(self) -> datetime:
        """Return the moment."""
        return self.moment


@dataclass
class Place:
    """An installation in a folder."""

    folder: Path
    clock: MovedClock = field(default_factory=MovedClock)

    @property
    def config(self) -> Path:
        """Return its config.yaml."""
        return self.folder / "config.yaml"

    @contextmanager
    def opened(self) -> Iterator[App]:
        """Open it, as `syndicate run` would."""
        with open_app(load_config(self.config, {}), clock=self.clock) as app:
            yield app

    @contextmanager
    def previewed(self, *, token: str | None = TOKEN) -> Iterator[Browser]:
        """Open the studio over it."""
        live = Live(self.config, environ={}, clock=self.clock)
        try:
            yield Browser(studio_app(live, token=token), live)
        finally:
            live.close()

    def write(self, change: Callable[[str], str] = str) -> None:
        """Write config.yaml, changed."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.config.write_text(change(CONFIG), encoding="utf-8")

    def read_the_feed(self) -> None:
        """Take two readers in, read the sample, plan its statuses; nothing is published yet."""
        with self.opened() as app:
            app.first_run()
            people = [
                NewSubscriber(address="ada@readers.example", name="Ada"),
                NewSubscriber(address="bo@readers.example", name=""),
            ]
            list(app.audience.add(people, "readers", self.clock.now()))
            poll_due(app)
            announce(app)

    def move_to(self, moment: datetime) -> None:
        """Let the time be that."""
        self.clock.moment = moment

    def wait(self, span: timedelta) -> None:
        """Let time pass."""
        self.clock.moment += span


@dataclass(frozen=True)
class Browser:
    """Asks the preview in this process."""

    app: Starlette
    live: Live

    def get(self, path: str, *, host: str = HOST, method: str = "GET") -> httpx.Response:
        """Return the answer to a look."""
        return self.ask(method, path, {"Host": host})

    def post(self, path: str, values: object, **changes: str | None) -> httpx.Response:
        """Return the answer to what our page posts; `changes` are headers, with _ for -, and None for one less."""
        return self.ask("POST", path, headers(**changes), json.dumps(values).encode())

    def ask(self, method: str, path: str, headers: Mapping[str, str], content: bytes | None = None) -> httpx.Response:
        """Return the answer to one request."""

        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8025") as client:
                return await client.request(method, path, headers=headers, content=content)

        return asyncio.run(ask())


def headers(**changes: str | None) -> dict[str, str]:
    """Return what a browser sends along with what our own page posts, but for `changes`."""
    own: dict[str, str | None] = {
        "Host": HOST,
        "Origin": f"http://{HOST}",
        "Content-Type": "application/json",
        "X-Studio-Token": TOKEN,
    }
    own |= {name.replace("_", "-"): value for name, value in changes.items()}
    return {name: value for name, value in own.items() if value is not None}


def make_place(folder: Path, change: Callable[[str], str] = str) -> Place:
    """Return an installation that has read its feed and published nothing."""
    place = Place(folder)
    place.write(change)
    place.read_the_feed()
    return place

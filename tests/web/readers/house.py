"""An installation whose readers' pages are asked in this process, with a clock that a test moves."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
from sqlalchemy import select
from starlette.types import ASGIApp

from syndicate.app import App, open_app
from syndicate.audience.model import NewSubscriber, SubscriptionState
from syndicate.audience.tokens import Purpose, web_token
from syndicate.config import load_config
from syndicate.store.tables import deliveries, metadata
from syndicate.testing import FakeClock
from syndicate.web.readers.app import readers_app

NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
HOST, OWN, BLOG, BLOGSPOT = (
    "news.lantern.example",
    "https://news.lantern.example",
    "https://www.lantern.example",
    "https://lantern.blogspot.example",
)
CONFIG = """\
site:
  {name: The Lantern, url: "https://www.lantern.example/", timezone: Europe/Dublin, postal: "12 Quay, Galway",
   editor: ed@lantern.example}
feeds: {reviews: {url: "sample:lantern"}}
mail: {from: The Lantern <news@lantern.example>, unsubscribe_mailto: leave@lantern.example, outbox: out/}
lists:
  readers: {name: Weekly readers, about: "Every Friday, the week's reviews."}
  festival: {name: Festival notes, opt_in: single}
  friends: {name: Friends of the house, opt_in: closed}
  films: {address: films@lists.example}
digests:
  weekly: {lists: [readers, films], at: fri 09:00, name: The Friday letter}
  berlin: {lists: [festival], at: daily 18:00}
web:
  {public_url: "https://news.lantern.example", origins: ["https://lantern.blogspot.example"],
   per_network: 1000, per_address: 100}
"""


@dataclass
class House:
    """The installation, and a browser of its pages."""

    app: App
    clock: FakeClock
    asgi: ASGIApp

    def ask(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        peer: str = "127.0.0.1",
    ) -> httpx.Response:
        """Return the answer to one request."""

        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.asgi, client=(peer, 50000))
            async with httpx.AsyncClient(transport=transport, base_url=OWN) as client:
                return await client.request(method, path, headers=headers, content=content)

        return asyncio.run(ask())

    def get(self, path: str, **headers: str) -> httpx.Response:
        """Return the answer to a look."""
        return self.ask("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})

    def post(
        self, path: str, fields: Mapping[str, Any] | None = None, *, origin: str | None = OWN, **headers: str
    ) -> httpx.Response:
        """Return the answer to a form, sent as browsers send it."""
        sent = {"Content-Type": "application/x-www-form-urlencoded"} | ({"Origin": origin} if origin else {})
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        return self.ask("POST", path, headers=sent, content=urlencode(fields or {}, doseq=True).encode())

    def stamp(self, path: str = "/subscribe") -> str:
        """Return the stamp of our form, some seconds old."""
        stamp = stamp_in(self.get(path).text)
        self.clock.advance(timedelta(seconds=5))
        return stamp

    def join(self, address: str, *lists: str, origin: str = BLOG) -> httpx.Response:
        """Ask to be put on lists, as the form on the blog does."""
        return self.post("/subscribe", {"email": address, "list": lists or ("readers",)}, origin=origin)

    def reader(
        self, address: str, *lists: str, state: SubscriptionState = SubscriptionState.CONFIRMED
    ) -> tuple[int, str]:
        """Put a reader on lists; return their number and the token of their letters, which names these lists."""
        for name in lists:
            list(self.app.audience.add([NewSubscriber(address=address, name="", state=state)], name, self.clock.now()))
        number = self.app.audience.find(address).id
        return number, self.token(Purpose.READER, address, *lists)

    def token(self, purpose: Purpose, address: str, *lists: str) -> str:
        """Return a token for a reader."""
        number = self.app.audience.find(address).id
        issued = self.clock.now() if purpose is Purpose.CONFIRM else None
        return web_token(self.app.keyring, purpose, subscriber=number, address=address, lists=lists, issued=issued)

    def states(self, address: str) -> dict[str, str]:
        """Return where a reader's subscriptions stand."""
        number = self.app.audience.find(address).id
        return {each.list_name: each.state.value for each in self.app.audience.subscriptions_of(number)}

    def notices(self) -> list[tuple[str, str]]:
        """Return the notices that were planned: which, and for what lists."""
        with self.app.database.read() as connection:
            query = select(deliveries.c.notice, deliveries.c.list).where(deliveries.c.notice.is_not(None))
            return [(row.notice, row.list) for row in connection.execute(query.order_by(deliveries.c.id))]

    def dump(self) -> dict[str, list[tuple[Any, ...]]]:
        """Return every row of every table."""
        with self.app.database.read() as connection:
            return {
                table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
                for table in metadata.sorted_tables
            }


def stamp_in(html: str) -> str:
    """Return the stamp of a form."""
    found = re.search(r'name="stamp" value="([^"]+)"', html)
    assert found, html
    return unescape(found[1])


@contextmanager
def house(folder: Path, *changes: tuple[str, str], database_url: str | None = None) -> Iterator[House]:
    """Open an installation whose config differs from ours in these passages; each must be there."""
    text = CONFIG
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    if database_url:
        text += f"database: {database_url}\n"
    (folder / "config.yaml").write_text(text, encoding="utf-8")
    clock = FakeClock(NOON)
    with open_app(load_config(folder / "config.yaml", {}), clock=clock) as app:
        yield House(app, clock, readers_app(app))

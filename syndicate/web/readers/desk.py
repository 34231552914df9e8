"""What all routes share: the installation, the pages, and how an answer is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from syndicate.app import App
from syndicate.audience.model import OptIn
from syndicate.config.values import origin_of
from syndicate.errors import ConfigError
from syndicate.web.readers.forms import JSON, Fields, media_type, parse_fields
from syndicate.web.readers.gate import BODY, policy
from syndicate.web.readers.pages import Pages
from syndicate.web.readers.proxies import Network, client_of, networks

EMAIL, LIST, TRAP, STAMP = "email", "list", "homepage", "stamp"
"""The fields of a form to join."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenList:
    """A mailing list that readers may join on the web."""

    key: str
    title: str
    about: str | None
    opt_in: OptIn


@dataclass(frozen=True)
class Desk:
    """The installation behind the routes."""

    app: App
    pages: Pages
    public_url: str
    named: frozenset[str]
    """Origins of the sites whose forms may subscribe readers."""
    trusted: tuple[Network, ...]

    @property
    def own(self) -> str:
        """Return our own origin."""
        return origin_of(self.public_url)

    @property
    def host(self) -> str:
        """Return the host that readers reach us by."""
        return urlsplit(self.public_url).hostname or ""

    def open_lists(self) -> tuple[OpenList, ...]:
        """Return the lists that readers may join here, in the order of config.yaml."""
        return tuple(
            OpenList(key=key, title=each.name or key, about=each.about, opt_in=each.opt_in)
            for key, each in self.app.config.lists.items()
            if each.address is None and each.opt_in is not OptIn.CLOSED
        )

    def titles(self, lists: tuple[str, ...]) -> tuple[str, ...]:
        """Return the names of lists as readers know them; of a list that config.yaml has no more, its key."""
        config = self.app.config.lists
        return tuple((config[each].name if each in config else None) or each for each in lists)

    def client(self, request: Request) -> str:
        """Return the address of whoever asks, seen through our proxies; "" where it is not known."""
        peer = request.client.host if request.client else ""
        return client_of(peer, request.headers.getlist("x-forwarded-for"), self.trusted)

    def page(
        self,
        name: str,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        frames: bool = False,
        **values: object,
    ) -> Response:
        """Return a page as an answer, with the policy that allows its style and nothing else."""
        drawn = self.pages.draw(name, values)
        allowed = {"Content-Security-Policy": policy(drawn.style_hash, frames=frames)}
        return HTMLResponse(drawn.html, status, {**allowed, **(headers or {})})

    def refusal(self, request: Request, status: int, headers: Mapping[str, str] | None = None) -> Response:
        """Return the error page of a status, or the same as JSON where that is asked for."""
        if wants_json(request):
            said = self.pages.words(f"error.{status}.title")
            return JSONResponse({"ok": False, "message": said}, status, headers)
        return self.page("error", status=status, headers=headers, code=status)


def make_desk(app: App) -> Desk:
    """Return the desk of an installation. Raises ConfigError where web.public_url is missing."""
    web, site = app.config.web, app.config.site
    return Desk(
        app=app,
        pages=Pages(app),
        public_url=public_url_of(app.config.web.public_url),
        named=frozenset({origin_of(site.url), *web.origins}),
        trusted=networks(web.trusted_proxies),
    )


def public_url_of(url: str | None) -> str:
    """Return web.public_url. Raises ConfigError where it is missing."""
    if url is None:
        raise ConfigError(
            "config.yaml does not say where readers reach their pages",
            hint="set web.public_url to a host of its own: https://news.lantern.example (docs/readers-pages.md)",
        )
    return url


def fields_of(request: Request) -> Fields:
    """Return what a request's form holds. Raises BadForm."""
    return parse_fields(request.headers.get("content-type", ""), request.scope.get(BODY, b""))


def wants_json(request: Request) -> bool:
    """Return whether a script asks: it says so, it speaks JSON itself, or the browser says that it is one.

    A script could not read the page that a form is sent on to: that page is for no other site to read.
    """
    headers = request.headers
    says_so = JSON in headers.get("accept", "").lower() or headers.get("sec-fetch-mode") == "cors"
    return says_so or media_type(headers.get("content-type", "")) == JSON

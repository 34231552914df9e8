"""The routes of the readers' pages. Each is answered in a thread: the store is synchronous."""

from __future__ import annotations

from collections.abc import Callable

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Scope

from syndicate.app import App
from syndicate.compose.archive import FEED
from syndicate.web.health import Readiness, health_app
from syndicate.web.readers import approve, archive, joining, leaving
from syndicate.web.readers.archive_pages import PATH as ARCHIVE
from syndicate.web.readers.desk import Desk, make_desk
from syndicate.web.readers.gate import Gate

ROBOTS = "User-agent: *\nDisallow: /\n"
ROBOTS_WITH_ARCHIVE = "User-agent: *\nAllow: /archive\nDisallow: /\n"
"""What is one reader's is for no search engine; what is everybody's may be found."""
SAID = frozenset({400, 404, 405, 408, 413, 421, 429, 500})
"""The statuses that have a page of their own."""

Answer = Callable[[Desk, Request], Response]


def readers_app(app: App) -> ASGIApp:
    """Return the pages of an installation as an ASGI app. Raises ConfigError where web.public_url is missing."""
    desk = make_desk(app)
    robots = ROBOTS_WITH_ARCHIVE if app.config.web.archive else ROBOTS

    routes = [
        _route("/", desk, GET=joining.form),
        _route("/subscribe", desk, GET=joining.form, POST=joining.subscribe, OPTIONS=joining.preflight),
        _route("/subscribe/{name}", desk, GET=joining.form),
        _route(joining.SENT, desk, GET=joining.sent),
        _route(joining.JOINED, desk, GET=joining.joined),
        _route("/confirm/{token}", desk, GET=joining.confirmation, POST=joining.confirmed),
        _route("/leave/{token}", desk, GET=leaving.leaving, POST=leaving.left),
        _route("/preferences/{token}", desk, GET=leaving.choices, POST=leaving.chosen),
        _route(f"{approve.PATH}/{{token}}", desk, GET=approve.approval, POST=approve.approved),
        _route(f"{approve.PATH}/{{token}}/{{content}}", desk, GET=approve.letter),
        *(_archive(desk) if app.config.web.archive else ()),
        _route("/robots.txt", desk, GET=lambda _desk, _request: PlainTextResponse(robots)),
    ]

    def refuse(scope: Scope, status: int) -> Response:
        return desk.refusal(Request(scope), status)

    pages = Starlette(routes=routes, exception_handlers=_faults(desk))
    # A slash too many would be redirected to an address made of the request's own words.
    pages.router.redirect_slashes = False
    # Around all, and no middleware: the page of a fault is drawn outside of those, and has the safe headers too.
    watched = health_app(Readiness(app.config))
    return Gate(pages, watched=watched, host=desk.host, https=desk.public_url.startswith("https:"), refuse=refuse)


def _archive(desk: Desk) -> tuple[Route, ...]:
    return (
        _route(ARCHIVE, desk, GET=archive.index),
        _route(f"{ARCHIVE}/{FEED}", desk, GET=archive.feed),
        _route(f"{ARCHIVE}/{{digest}}/{{number}}", desk, GET=archive.issue),
    )


def _route(path: str, desk: Desk, **answers: Answer) -> Route:
    """Return a route whose answer depends on the method. HEAD is answered as GET."""

    async def endpoint(request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        return await run_in_threadpool(answers[method], desk, request)

    return Route(path, endpoint, methods=list(answers))


def _faults(desk: Desk) -> dict[int | type[Exception], Callable[[Request, Exception], Response]]:
    def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        status = error.status_code if error.status_code in SAID else 400
        return desk.refusal(request, status, error.headers)

    def failed(request: Request, _error: Exception) -> Response:
        return desk.refusal(request, 500)

    return {HTTPException: refused, Exception: failed}

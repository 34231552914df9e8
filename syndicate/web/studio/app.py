"""The studio's routes: the page, the letters in their exact bytes and as the frame shows them, the pictures, the news.

    GET  /?issue=weekly|weekly/3&for=list&at=2026-12-04T09:00&token=…     the page
    GET  /view/weekly?colours=dark&pictures=none&for=list&at=…            the letter in the frame
    GET  /issue/weekly.html|.txt|.eml?for=list&at=…                       its exact bytes
    GET  /picture/NAME   /studio.js   /version?at=…   /events?at=…   /open/TICKET
    POST /digests/weekly/choices   …/choices/clear                        editing.py

Everything is drawn by scene.py, and only when something changed. What is looked at is looked at through the same
functions that publish, and freezes nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import jinja2
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from syndicate.compose.environment import environment, load, render
from syndicate.web.studio.editing import editing_routes
from syndicate.web.studio.events import Events
from syndicate.web.studio.guard import Guard, Tickets, is_token
from syndicate.web.studio.letters import Bodies
from syndicate.web.studio.live import Live
from syndicate.web.studio.look import picture_name
from syndicate.web.studio.page import Asked, Served, body_of, page
from syndicate.web.studio.scene import Scene, Studio
from syndicate.web.studio.viewing import as_viewed

LETTER_POLICY = "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; "
"""Of a letter shown by itself or in the frame: no script, no form, and nothing from another host."""
READ_ONLY = "Look only: to write, open the address that syndicate preview printed, to its last letter."
ELSEWHERE = "Look only: web.listen lets others reach this page, so nothing is written through it."
FRAME_POLICY = LETTER_POLICY.replace("sandbox ", "sandbox allow-same-origin ", 1)
"""In the studio's frame: the page keeps the place to which it was scrolled. Nothing in it runs, so nothing is given."""
MOST_MARKED = 100
_MEDIA = {"html": "text/html", "txt": "text/plain", "eml": "message/rfc822"}


def studio_app(live: Live, *, host: str = "127.0.0.1", token: str | None = None) -> Starlette:
    """Return the studio as an ASGI app that answers for `host` and loopback only.

    Who knows `token` may write; without one nobody may. It closes nothing: `live` does. In its `state`: `studio`;
    `tickets`, for addresses that others may see; `events`, whose `end()`, called in the server's loop, ends streams.
    """
    studio, tickets = Studio(live), Tickets()
    events = Events(studio)
    # The page itself is ours alone: a broken template of the editor's must not take it down.
    pages = environment([])
    routes = [
        Route("/", _in_thread(lambda request: _page(studio, pages, token, request))),
        Route("/open/{ticket}", lambda request: _opened(tickets, token, request)),
        Route("/version", _in_thread(lambda request: PlainTextResponse(_scene(studio, request).version))),
        Route("/events", events.answer),
        Route("/favicon.ico", lambda _: Response(status_code=204)),
        Route("/studio.js", lambda _: _script(pages)),
        Route("/view/{name:path}", _in_thread(lambda request: _view(studio, request))),
        Route("/issue/{name:path}.{kind:str}", _in_thread(lambda request: _exact(studio, request))),
        Route("/picture/{name}", _in_thread(lambda request: _picture(studio, request))),
        *editing_routes(studio),
    ]
    app = Starlette(routes=routes, middleware=[Middleware(Guard, host=host, token=token)])
    app.state.studio, app.state.events, app.state.tickets = studio, events, tickets
    return app


def _in_thread(answer: Callable[[Request], Response]) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        return await run_in_threadpool(answer, request)

    return endpoint


def _scene(studio: Studio, request: Request) -> Scene:
    """Return the scene of the moment that a request asks for; a moment that is none is the present."""
    return studio.scene(studio.moment(request.query_params.get("at", "")))


def _page(studio: Studio, pages: jinja2.Environment, token: str | None, request: Request) -> Response:
    scene, query = _scene(studio, request), request.query_params
    given = token if is_token(query.get("token"), token) else None
    asked = Asked(
        posting=query.get("for") == "list",
        token=given,
        read_only=None if given else READ_ONLY if token else ELSEWHERE,
        at_text=query.get("at", "") if scene.at else "",
    )
    issue = studio.issue(scene, query.get("issue")) or studio.issue(scene, None)
    return _html(page(pages, scene, issue, Served(asked=asked), asked), status=200 if scene.look else 500)


def _opened(tickets: Tickets, token: str | None, request: Request) -> Response:
    """Answer a ticket with the page's own address, once."""
    if request.method != "GET" or not tickets.take(request.path_params["ticket"]):
        return PlainTextResponse("this was opened before; use the address that syndicate preview printed\n", 403)
    return RedirectResponse(f"/?token={token}" if token else "/", 303)


def _view(studio: Studio, request: Request) -> Response:
    """Answer with the letter as the frame shows it: ?colours=dark, ?pictures=none, ?for=list, ?marked=12,13 (lines)."""
    query, body = request.query_params, _asked(studio, request)
    if body is None:
        return _gone()
    address = None if query.get("pictures") == "none" else lambda url: f"/picture/{picture_name(url)}"
    lines = query.get("marked", "").split(",")[:MOST_MARKED]
    marked = [int(line) for line in lines if line.isascii() and line.isdecimal() and len(line) < 8]
    shown = as_viewed(body.html, dark=query.get("colours") == "dark", address=address, marked=marked)
    return _html(shown, policy=f"{FRAME_POLICY}img-src 'self'; frame-ancestors 'self'")


def _exact(studio: Studio, request: Request) -> Response:
    """Answer with the very bytes of a part: .html, .txt, .eml."""
    body, kind = _asked(studio, request), request.path_params["kind"]
    if body is None or kind not in _MEDIA:
        return _gone()
    headers = {"Content-Security-Policy": f"{LETTER_POLICY}frame-ancestors 'none'"}
    content = {"html": body.html.encode(), "txt": body.text.encode(), "eml": body.eml}[kind]
    return Response(content, media_type=_MEDIA[kind], headers=headers)


def _asked(studio: Studio, request: Request) -> Bodies | None:
    """Return the letter that a request names, or None."""
    issue = studio.issue(_scene(studio, request), request.path_params["name"])
    return body_of(issue, request.query_params.get("for") == "list")


def _picture(studio: Studio, request: Request) -> Response:
    found = studio.picture(request.path_params["name"])
    if found is None:
        return _gone()
    return Response(found[0], media_type=found[1], headers={"Cache-Control": "private, max-age=3600"})


def _script(pages: jinja2.Environment) -> Response:
    return Response(render(load(pages, "web/studio/studio.js"), {}), media_type="text/javascript")


def _html(text: str, *, status: int = 200, policy: str | None = None) -> Response:
    headers = {"Content-Security-Policy": policy} if policy else None
    return Response(text, status_code=status, media_type="text/html", headers=headers)


def _gone() -> Response:
    return PlainTextResponse("there is no such thing in the studio\n", 404)

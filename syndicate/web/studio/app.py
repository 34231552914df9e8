"""The preview's routes: one page, the letters in their exact bytes and as the frame shows them, the pictures.

Everything is drawn anew only when the stamp of live.py says that something changed; until then all is answered from
memory. Nothing here writes: the page looks through the same functions that publish, and they freeze nothing.
"""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from time import monotonic

import jinja2
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from syndicate.compose.environment import environment, load, render
from syndicate.config.load import ConfigFaults
from syndicate.config.source import dotted
from syndicate.errors import SyndicateError
from syndicate.feeds.pictures import PictureCache
from syndicate.web.studio.guard import Guard
from syndicate.web.studio.letters import Bodies
from syndicate.web.studio.live import Live, Marks, Stamp
from syndicate.web.studio.look import Look, ShownIssue, look_at, picture_name
from syndicate.web.studio.page import Asked, page_values
from syndicate.web.studio.viewing import as_viewed

LETTER_POLICY = "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; "
"""Of a letter shown by itself or in the frame: no script, no form, and nothing from another host."""
FRAME_POLICY = LETTER_POLICY.replace("sandbox ", "sandbox allow-same-origin ", 1)
"""In the studio's frame: the page keeps the place to which it was scrolled. Nothing in it runs, so nothing is given."""
MISSING_SECONDS = 300
"""How long a picture that could not be had is not asked for again."""
_MEDIA = {"html": "text/html", "txt": "text/plain", "eml": "message/rfc822"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What is shown until something changes: a look, or the fault that stands in its way."""

    key: Stamp | Marks
    version: str
    look: Look | None
    fault: SyndicateError | None
    pictures: PictureCache | None


class Preview:
    """The installation behind the routes, drawn anew only when it changed."""

    def __init__(self, live: Live) -> None:
        self.live = live
        self._lock = Lock()
        self._scene: Scene | None = None
        self._missing: dict[str, float] = {}

    def picture(self, name: str) -> tuple[bytes, str] | None:
        """Return a picture that is shown, and its media type: from the cache, or else fetched into it.

        Only the name of one that is shown is known here, so nobody can make us fetch an address of their own. One
        that is not to be had (None) is left alone for a while.
        """
        scene = self.scene()
        url = scene.look.pictures.get(name) if scene.look else None
        if url is None or scene.pictures is None or monotonic() < self._missing.get(name, 0):
            return None
        try:
            content, path = scene.pictures.load(url), scene.pictures.path_for(url)
        except (SyndicateError, OSError):
            self._missing[name] = monotonic() + MISSING_SECONDS
            return None
        kind = mimetypes.guess_type(path.name)[0] if path else None
        return content, kind or "application/octet-stream"

    def scene(self) -> Scene:
        """Return what is to be shown now; costs the look at a few files where nothing changed."""
        with self._lock:
            self._scene = self._current()
            return self._scene

    def _current(self) -> Scene:
        was = self._scene
        try:
            with self.live.look() as (app, stamp):
                if was and was.key == stamp:
                    return was
                look = look_at(app)
                return Scene(
                    key=stamp, version=_version(stamp.files, look), look=look, fault=None, pictures=app.pictures
                )
        except SyndicateError as fault:
            key = self.live.marks()
            return Scene(key=key, version=_version(key, str(fault)), look=None, fault=fault, pictures=None)


def studio_app(live: Live, *, host: str = "127.0.0.1") -> Starlette:
    """Return the preview as an ASGI app that answers for `host` and loopback only. It closes nothing: `live` does."""
    preview = Preview(live)
    # The page itself is ours alone: a broken template of the editor's must not take it down.
    pages = environment([])
    routes = [
        Route("/", _in_thread(lambda request: _page(preview, pages, request))),
        Route("/version", _in_thread(lambda _: PlainTextResponse(preview.scene().version))),
        Route("/favicon.ico", lambda _: Response(status_code=204)),
        Route("/studio.js", lambda _: _script(pages)),
        Route("/view/{name:path}", _in_thread(lambda request: _view(preview, request))),
        Route("/issue/{name:path}.{kind:str}", _in_thread(lambda request: _exact(preview, request))),
        Route("/picture/{name}", _in_thread(lambda request: _picture(preview, request))),
    ]
    return Starlette(routes=routes, middleware=[Middleware(Guard, host=host)])


def _in_thread(answer: Callable[[Request], Response]) -> Callable[[Request], object]:
    async def endpoint(request: Request) -> Response:
        return await run_in_threadpool(answer, request)

    return endpoint


def _page(preview: Preview, pages: jinja2.Environment, request: Request) -> Response:
    scene = preview.scene()
    if scene.look is None:
        assert scene.fault is not None
        shown = {"version": scene.version, "fault": scene.fault, "faults": _faults(scene.fault)}
        return _html(render(load(pages, "web/studio/fault.html"), shown), status=500)
    look = scene.look
    name = request.query_params.get("issue")
    issue = look.issue(name) or look.issue(None)
    asked = Asked(posting=request.query_params.get("for") == "list")
    values = page_values(look, issue, asked, version=scene.version)
    return _html(render(load(pages, "web/studio/page.html"), values))


def _view(preview: Preview, request: Request) -> Response:
    """Answer with the letter as the frame shows it: ?dark=1, ?pictures=0, ?for=list."""
    query = request.query_params
    body = _asked(preview, request)
    if body is None:
        return _gone()
    address = None if query.get("pictures") == "0" else lambda url: f"/picture/{picture_name(url)}"
    marked = [int(line) for line in query.get("marked", "").split(",") if line.isdecimal()]
    shown = as_viewed(body.html, dark=query.get("dark") == "1", address=address, marked=marked)
    return _html(shown, policy=f"{FRAME_POLICY}img-src 'self'; frame-ancestors 'self'")


def _exact(preview: Preview, request: Request) -> Response:
    """Answer with the very bytes of a part: .html, .txt, .eml."""
    body, kind = _asked(preview, request), request.path_params["kind"]
    if body is None or kind not in _MEDIA:
        return _gone()
    content = {"html": body.html.encode(), "txt": body.text.encode(), "eml": body.eml}[kind]
    headers = {"Content-Security-Policy": f"{LETTER_POLICY}frame-ancestors 'none'"}
    return Response(content, media_type=_MEDIA[kind], headers=headers)


def _asked(preview: Preview, request: Request) -> Bodies | None:
    """Return the letter that a request names, or None."""
    look = preview.scene().look
    issue = look.issue(request.path_params["name"]) if look else None
    return _body(issue, request.query_params.get("for") == "list")


def _body(issue: ShownIssue | None, posting: bool) -> Bodies | None:
    if issue is None:
        return None
    return issue.posting if posting else issue.readers


def _picture(preview: Preview, request: Request) -> Response:
    found = preview.picture(request.path_params["name"])
    if found is None:
        return _gone()
    return Response(found[0], media_type=found[1], headers={"Cache-Control": "private, max-age=3600"})


def _faults(fault: SyndicateError) -> list[tuple[str, str]]:
    """Return each fault as its place and its sentence."""
    if isinstance(fault, ConfigFaults):
        name = fault.path.name
        return [
            (f"{name} line {each.line}" if each.line else name, f"{dotted(each.keys)}: {each.what}".removeprefix(": "))
            for each in fault.faults
        ]
    return [(fault.where or "", fault.what)]


def _version(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode("utf-8", "surrogatepass")).hexdigest()[:24]


def _script(pages: jinja2.Environment) -> Response:
    return Response(render(load(pages, "web/studio/studio.js"), {}), media_type="text/javascript")


def _html(text: str, *, status: int = 200, policy: str | None = None) -> Response:
    headers = {"Content-Security-Policy": policy} if policy else None
    return Response(text, status_code=status, media_type="text/html", headers=headers)


def _gone() -> Response:
    return PlainTextResponse("there is no such thing in the preview\n", 404)

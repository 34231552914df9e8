"""Who may ask the preview: this machine, by its own name, and only to look.

The preview has no login, so it must not be reached by a page from elsewhere: a name that a stranger points at
127.0.0.1 (DNS rebinding) arrives with its own Host and is refused, and every other site is told nothing.
"""

from __future__ import annotations

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from syndicate.web.hosts import address_of, host_of, is_loopback

PAGE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "frame-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
"""Of everything but letters: nothing comes from another host, and no page may frame this one."""
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class Guard:
    """Lets through GET and HEAD with a Host of this machine, and writes the safe headers under every answer."""

    def __init__(self, app: ASGIApp, *, host: str) -> None:
        self._app = app
        self._host = host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        refusal = self._refusal(scope["method"], Headers(scope=scope).get("host", ""))
        await (refusal or self._app)(scope, receive, _with_headers(send))

    def _refusal(self, method: str, host: str) -> PlainTextResponse | None:
        if not may_ask(host, self._host):
            return PlainTextResponse("this is not the preview's address; use the one that it printed\n", 421)
        if method not in ("GET", "HEAD"):
            return PlainTextResponse("the preview only shows\n", 405, headers={"Allow": "GET, HEAD"})
        return None


def may_ask(host_header: str, listening: str) -> bool:
    """Return whether a request with this Host header may be answered.

    Loopback by any name, with any port (an ssh tunnel brings its own); else the host that we listen on. Listening
    on every address (0.0.0.0), any bare address will do: only a name can be pointed somewhere else.
    """
    host = host_of(host_header)
    if is_loopback(host) or host == host_of(listening):
        return True
    here, there = address_of(host_of(listening)), address_of(host)
    return here is not None and here.is_unspecified and there is not None


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.setdefault("Content-Security-Policy", PAGE_POLICY)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return sending

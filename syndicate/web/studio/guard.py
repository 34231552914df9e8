"""Who may ask the studio, and who may write: this machine, by its own name; to write, our own page with its token.

The studio has no login, so it must not be reached by a page from elsewhere: a name that a stranger points at
127.0.0.1 (DNS rebinding) arrives with its own Host and is refused, and every other site is told nothing. A page of
another site can post to loopback though it cannot read the answer; so what is posted counts only with our own Origin,
as JSON (which no form can send, and no script of another site without asking first), and with the token of this start.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from syndicate.web.hosts import address_of, host_of, is_loopback

_JSON = ("application/json", "application/json;charset=utf-8")
PAGE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "frame-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
"""Of everything but letters: nothing comes from another host, and no page may frame this one."""
PROOF_HEADER = "X-Studio-Token"
WRITTEN = "/digests/"
"""Under this everything is posted, and nothing else is."""
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why something is not written, and the status that says so."""

    status: int
    why: str


class Guard:
    """Lets through GET and HEAD with a Host of this machine, and POST from our own page; writes the safe headers."""

    def __init__(self, app: ASGIApp, *, host: str, token: str | None) -> None:
        self._app = app
        self._host = host
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        refusal = self._refusal(scope["method"], scope["path"], Headers(scope=scope))
        await (refusal or self._app)(scope, receive, _with_headers(send))

    def _refusal(self, method: str, path: str, headers: Headers) -> Response | None:
        if not may_ask(headers.get("host", ""), self._host):
            return PlainTextResponse("this is not the studio's address; use the one that it printed\n", 421)
        if method in ("GET", "HEAD"):
            return None
        if method != "POST" or not path.startswith(WRITTEN):
            return PlainTextResponse("there is nothing but to look at this\n", 405, headers={"Allow": "GET, HEAD"})
        refused = may_write(headers, self._token)
        return JSONResponse({"error": refused.why}, refused.status) if refused else None


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


def may_write(headers: Headers, token: str | None) -> Refusal | None:
    """Return why a POST is not let through, or None; `token` None where nothing may be written at all."""
    if token is None:
        return Refusal(status=403, why="nothing is written here, for others could reach this address")
    if not is_loopback(host_of(headers.get("host", ""))):
        return Refusal(status=403, why="only this machine itself may write")
    if headers.get("origin") != f"http://{headers.get('host', '')}":
        return Refusal(status=403, why="this did not come from the studio's own page")
    if headers.get("sec-fetch-site", "same-origin") != "same-origin":
        return Refusal(status=403, why="this did not come from the studio's own page")
    if not is_token(headers.get(PROOF_HEADER), token):
        return Refusal(
            status=403, why="the page is of an earlier start; open the address that syndicate preview printed last"
        )
    if headers.get("content-type", "").replace(" ", "").lower() not in _JSON:
        return Refusal(status=415, why="only application/json is read")
    return None


def is_token(given: str | None, token: str | None) -> bool:
    """Return whether a token is the one of this start, in a time that tells nothing of where it differs."""
    if given is None or token is None:
        return False
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), token.encode())


class Tickets:
    """Tickets that open the page with its token, each once: for where others may read them over one's shoulder."""

    def __init__(self) -> None:
        self._good: set[str] = set()

    def issue(self) -> str:
        """Return a new one."""
        ticket = secrets.token_urlsafe(24)
        self._good.add(ticket)
        return ticket

    def take(self, ticket: str) -> bool:
        """Return whether a ticket is good; it is not any more."""
        if ticket not in self._good:
            return False
        self._good.discard(ticket)
        return True


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.setdefault("Content-Security-Policy", PAGE_POLICY)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return sending

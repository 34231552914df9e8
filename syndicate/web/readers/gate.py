"""Before and after every page: which host, how long an address, how much of a body, for how long; and the safe headers.

No cookie is ever set or read, so no page needs a token against forged requests (asking.py says what is checked
instead), and no answer differs by who asks. Nothing here or behind it redirects to an address from a request.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from syndicate.web import health
from syndicate.web.hosts import address_of, host_of, is_loopback

MOST_BODY_BYTES = 64 * 1024
MOST_PATH_CHARS = 3000
"""A token may name many lists (audience/tokens.py)."""
BODY_SECONDS = 15
_YEAR_SECONDS = 31_536_000
BODY = "syndicate.body"
"""Where the scope holds the body: read whole, within its limits."""

Refuse = Callable[[Scope, int], Response]
"""Draws the error page of a status."""


class Gate:
    """Lets through what is meant for these pages and is of a sane size, its body read whole."""

    def __init__(self, app: ASGIApp, *, watched: ASGIApp, host: str, https: bool, refuse: Refuse) -> None:
        self._app, self._watched = app, watched
        self._host = host
        self._refuse = refuse
        self._headers = safe_headers(https=https)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        send = self._with_headers(send)
        asked_host = host_of(Headers(scope=scope).get("host", ""))
        if scope["path"] in health.PATHS and (asked_host == self._host or _is_machine(asked_host)):
            await self._watched(scope, receive, send)
            return
        status = _refusal(scope, asked_host == self._host)
        if status is None:
            status, scope[BODY] = await _read(receive)
        answer = await run_in_threadpool(self._refuse, scope, status) if status else self._app
        await answer(scope, receive, send)

    def _with_headers(self, send: Send) -> Send:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        return sending


def _is_machine(host: str) -> bool:
    """Return whether a machine is asked and no site: who watches many of them asks each by its address."""
    return is_loopback(host) or address_of(host) is not None


def safe_headers(*, https: bool) -> dict[str, str]:
    """Return the headers under every answer.

    Referrer-Policy is not no-referrer: with that, browsers send our own forms with `Origin: null`. A token in a
    path goes to no other site either way.
    """
    headers = {
        "Content-Security-Policy": policy(),
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
        "X-Robots-Tag": "noindex, nofollow",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cache-Control": "no-store",
    }
    return headers | ({"Strict-Transport-Security": f"max-age={_YEAR_SECONDS}"} if https else {})


def policy(style_hash: str = "", *, frames: bool = False) -> str:
    """Return the content policy of a page: its one style, pictures that stand in that style, forms to us alone.

    With `frames` it may show pages of ours in itself, which must let it.
    """
    frame = "frame-src 'self'; " if frames else ""
    style = f"style-src {style_hash}; img-src data:; " if style_hash else ""
    return f"default-src 'none'; {style}{frame}form-action 'self'; frame-ancestors 'none'; base-uri 'none'"


def _refusal(scope: Scope, is_our_host: bool) -> int | None:
    """Return the status that a request is refused with before its body is read, or None."""
    if not is_our_host:
        return 421
    if len(scope["path"]) > MOST_PATH_CHARS:
        return 404
    length = Headers(scope=scope).get("content-length", "0")
    if not (length.isascii() and length.isdigit()):
        return 400
    return 413 if len(length) > 12 or int(length) > MOST_BODY_BYTES else None


async def _read(receive: Receive) -> tuple[int | None, bytes]:
    """Return the body, or the status of what is wrong with it: too long, too slow, or its sender has gone."""
    body = b""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return 400, b""
                body += message.get("body", b"")
                if len(body) > MOST_BODY_BYTES:
                    return 413, b""
                if not message.get("more_body", False):
                    return None, body
    except TimeoutError:
        return 408, b""

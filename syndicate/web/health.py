"""Whether this process answers, and whether it could do its work: for proxies, containers and whoever watches.

    /healthz    the process answers. Nothing else is asked: a database that is down is mended by no restart of ours
    /readyz     the database answers, its tables and the queue's are current, and what has to beat here beats

What is wrong is one sentence of our own, 503, for anybody to see; what the database said of it goes to the log. An
answer holds for a second, and one look is taken at a time: however many ask, the database is asked once a second.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from time import monotonic

from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from syndicate.config import Config, EngineKind
from syndicate.log import event
from syndicate.store.database import Database
from syndicate.store.ready import why_not_ready

HEALTH, READY = "/healthz", "/readyz"
PATHS = frozenset({HEALTH, READY})
KEPT_SECONDS = 1.0


class Readiness:
    """Whether an installation's database, and this process, could do their work now."""

    def __init__(self, config: Config, work_fault: Callable[[], str | None] = lambda: None) -> None:
        self._config, self._work_fault = config, work_fault
        self._fault: str | None = None
        self._until = 0.0
        self._asking: asyncio.Future[None] | None = None

    async def fault(self) -> str | None:
        """Return what is wrong, in a sentence that anybody may see, at most a second old; None where nothing is."""
        if monotonic() >= self._until:
            if self._asking is None or self._asking.done():
                self._asking = asyncio.ensure_future(asyncio.to_thread(self._look))
            await asyncio.shield(self._asking)
        return self._fault

    def _look(self) -> None:
        found = why_not_ready(self._config.database_url, self._check_queue())
        fault, said = found or (self._work_fault(), None)
        if fault is not None and self._fault is None:
            event("not-ready", level=logging.WARNING, because=fault, said=said)
        elif fault is None and self._fault is not None:
            event("ready-again", level=logging.WARNING, after=self._fault)
        self._fault, self._until = fault, monotonic() + KEPT_SECONDS

    def _check_queue(self) -> Callable[[Database], None] | None:
        if self._config.engine is EngineKind.LOCAL:
            return None
        from syndicate.engine.schema import check

        return check


def health_app(readiness: Readiness) -> ASGIApp:
    """Return the two answers, to GET and HEAD of whoever reaches them, and nothing else."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await (await _answer(readiness, scope["method"], scope["path"]))(scope, receive, send)

    return answer


async def _answer(readiness: Readiness, method: str, path: str) -> Response:
    if path not in PATHS:
        return _said("there is nothing here but /healthz and /readyz", 404)
    if method not in ("GET", "HEAD"):
        return _said("it can only be looked at", 405, Allow="GET, HEAD")
    if path == HEALTH:
        return _said("ok")
    fault = await readiness.fault()
    return _said("ready") if fault is None else _said(fault, 503)


def _said(line: str, status: int = 200, **headers: str) -> Response:
    return PlainTextResponse(f"{line}\n", status, {"Cache-Control": "no-store", **headers})

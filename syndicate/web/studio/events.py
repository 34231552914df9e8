"""What changed, told as it happens: a stream of server-sent events to every page that is open.

One watcher for all of them, and none while nobody listens. It makes a stamp thirty times a second (the times of some
forty files), draws what a changed stamp asks for, and tells only those pages whose scene is another now.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from syndicate.web.studio.scene import Studio

LOOK_SECONDS, STILL_SECONDS = 0.03, 0.015
"""How often it is looked, and how long what changed must have stood still: most programs write a file in less."""
BREATH_SECONDS = 15.0
"""A line that is quiet this long gets a comment, so that one whose other end is gone is found."""
MOST_LISTENERS = 32


@dataclass(eq=False, slots=True)
class Listener:
    """A page that is open."""

    at: datetime | None
    version: str = ""
    news: asyncio.Queue[str | None] = field(default_factory=asyncio.Queue)
    """Versions; None: it is over."""

    def tell(self, version: str) -> None:
        """Put a version in the queue, unless the page has it."""
        if version != self.version:
            self.version = version
            self.news.put_nowait(version)


class Events:
    """All pages that are open, and the watcher."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._listeners: set[Listener] = set()
        self._watcher: asyncio.Task[None] | None = None
        self._ended = False

    @property
    def open_pages(self) -> int:
        """Return how many listen."""
        return len(self._listeners)

    async def answer(self, request: Request) -> Response:
        """Answer GET /events?at=: `event: version` at once, and again whenever the scene is another one."""
        if request.method == "HEAD":
            return Response(media_type="text/event-stream")
        if self._ended or len(self._listeners) >= MOST_LISTENERS:
            return PlainTextResponse("too many pages listen\n", 503)
        text = request.query_params.get("at", "")
        at = await run_in_threadpool(self._studio.moment, text) if text else None
        return StreamingResponse(self._stream(Listener(at)), media_type="text/event-stream")

    def end(self) -> None:
        """End every stream, so that the server may end. To be called in the server's loop."""
        self._ended = True
        for listener in self._listeners:
            listener.news.put_nowait(None)
        self._rest()

    async def _stream(self, listener: Listener) -> AsyncIterator[str]:
        if len(self._listeners) >= MOST_LISTENERS:  # Many asked at one moment, before the first of them listened.
            return
        self._listeners.add(listener)
        try:
            if self._watcher is None or self._watcher.done():
                self._watcher = asyncio.create_task(self._watch())
                self._watcher.add_done_callback(self._over)
            await self._draw(listener)
            while not self._ended:
                try:
                    async with asyncio.timeout(BREATH_SECONDS):
                        version = await listener.news.get()
                except TimeoutError:
                    yield ": still here\n\n"
                    continue
                if version is None:
                    break
                yield f"event: version\ndata: {version}\n\n"
        finally:
            self._listeners.discard(listener)
            if not self._listeners:
                self._rest()

    def _over(self, watcher: asyncio.Task[None]) -> None:
        """Let every page ask again where the watcher met a fault of ours: asking starts another."""
        if not watcher.cancelled() and watcher.exception():
            for listener in self._listeners:
                listener.news.put_nowait(None)

    def _rest(self) -> None:
        if self._watcher:
            self._watcher.cancel()
            self._watcher = None

    async def _watch(self) -> None:
        seen = None
        while True:
            mark = await run_in_threadpool(self._studio.mark)
            if mark != seen:
                await asyncio.sleep(STILL_SECONDS)
                if mark != await run_in_threadpool(self._studio.mark):
                    continue
                seen = mark
                await self._tell()
            await asyncio.sleep(LOOK_SECONDS)

    async def _tell(self) -> None:
        """Draw each moment that somebody looks at, and tell whoever shows another scene of it."""
        for listener in tuple(self._listeners):
            await self._draw(listener)

    async def _draw(self, listener: Listener) -> None:
        scene = await run_in_threadpool(self._studio.scene, listener.at)
        listener.tell(scene.version)

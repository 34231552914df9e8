"""Serving pages from the command line: the place to listen on, and a server that ends when it is told to."""

from __future__ import annotations

import errno
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from threading import Thread
from typing import TYPE_CHECKING

from syndicate.errors import ConfigError

if TYPE_CHECKING:
    import asyncio

    import uvicorn
    from starlette.types import ASGIApp

KEEP_ALIVE_SECONDS, END_SECONDS = 5, 2
HEAD_SECONDS = 10.0
"""Whoever has not asked for anything after this long, or after twice as long on a line that is kept, is hung up on."""
MOST_CONNECTIONS = 500
MOST_HEADER_BYTES = 16 * 1024


def checked(listen: str, option: str = "--listen") -> str:
    """Return what --listen, or another option of the kind, says: "host:port". Raises ConfigError."""
    from syndicate.config.values import check_listen

    try:
        return check_listen(listen)
    except ValueError as error:
        raise ConfigError(str(error), where=option) from error


def listening(place: str, *, way_out: str) -> socket.socket:
    """Return a listening socket. Raises ConfigError where the place is taken or not ours, with the way out of it."""
    from syndicate.web.hosts import host_of

    host, port = host_of(place), int(place.rpartition(":")[2])
    try:
        family, kind, protocol, _, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(where)
            listener.listen()
        except OSError:
            listener.close()
            raise
    except OSError as error:
        raise _refused(place, error, way_out) from error
    return listener


def address_of(place: str, listener: socket.socket) -> str:
    """Return the address of a place that is listened on, with the port that was given: http://127.0.0.1:8026/."""
    host = place.rpartition(":")[0].strip("[]")
    return f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}/"


def serve(app: ASGIApp, listener: socket.socket, *, at_end: Callable[[], object] = lambda: None) -> None:
    """Serve until Ctrl-C or SIGTERM, each of which is a clean end.

    `at_end` is called then, in the server's loop, to end answers that would go on for ever.
    """
    server = _server(app, at_end)
    before = {each: signal.signal(each, server.handle_exit) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        server.run(sockets=[listener])
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


@contextmanager
def served_beside(
    app: ASGIApp, listener: socket.socket, *, ended: Callable[[], object], at_end: Callable[[], object] = lambda: None
) -> Iterator[None]:
    """Serve in a thread until the block is left; `ended` is called there should the server end by itself.

    `at_end` as `serve` has it. A fault of the server is raised when the block is left.
    """
    server = _server(app, at_end)
    faults: list[BaseException] = []

    def run() -> None:
        try:
            server.run(sockets=[listener])
        except BaseException as fault:  # noqa: BLE001 (raised in the thread that can tell it to a person)
            faults.append(fault)
        finally:
            ended()

    thread = Thread(target=run, name="readers' pages", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(2 * END_SECONDS + KEEP_ALIVE_SECONDS)
    if faults:
        raise faults[0]


def _refused(place: str, error: OSError, way_out: str) -> ConfigError:
    if error.errno == errno.EADDRINUSE:
        return ConfigError("something else is served there already", where=place, hint=way_out)
    return ConfigError(f"cannot be listened on: {error.strerror or error}", where=place, hint=way_out)


def _server(app: ASGIApp, at_end: Callable[[], object] = lambda: None) -> uvicorn.Server:
    """Return a server that leaves signals to us, believes no header about who asks, and bounds what it holds."""
    import uvicorn
    from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

    class Patient(H11Protocol):
        """Ends lines on which nobody asks to the end: uvicorn would hold them, and with enough of them nobody else."""

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self.loop.call_later(HEAD_SECONDS, self._look, None)

        def _look(self, last: RequestResponseCycle | None) -> None:
            if self.transport.is_closing():
                return
            is_idle = self.cycle is None or self.cycle.response_complete
            if is_idle and self.cycle is last:
                self.transport.close()
            else:
                self.loop.call_later(HEAD_SECONDS, self._look, self.cycle)

    class Server(uvicorn.Server):
        """Raises no signal again at its end, as uvicorn's own does: being told to end is no failure."""

        def capture_signals(self) -> nullcontext[None]:  # type: ignore[override]
            return nullcontext()

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            at_end()
            await super().shutdown(sockets)

    config = uvicorn.Config(
        app,
        http=Patient,
        log_level="warning",
        access_log=False,
        lifespan="off",
        ws="none",
        server_header=False,
        proxy_headers=False,
        limit_concurrency=MOST_CONNECTIONS,
        h11_max_incomplete_event_size=MOST_HEADER_BYTES,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=END_SECONDS,
    )
    return Server(config)

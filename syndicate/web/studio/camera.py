"""Pictures of pages, taken by a browser without a window that reaches no network, runs no script and keeps nothing.

It is spoken to over two pipes (the DevTools protocol), so no port is opened; it ends with us, or when time is up.
"""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import signal
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

from syndicate.errors import UnreachableError

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge", "brave")
FLAGS = (
    "--headless=new",
    "--remote-debugging-pipe",
    "--disable-gpu",
    "--hide-scrollbars",
    "--mute-audio",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-extensions",
    "--disable-sync",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--password-store=basic",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--proxy-server=127.0.0.1:1",
)
PATIENCE_SECONDS = 60.0
MOST_PIXELS = 16_000
"""As high as a picture may be; browsers draw no higher ones."""
_SAID, _ASKED = 4, 3
"""Where the browser writes, and reads; the protocol fixes both."""
_SPARE = 10
"""Descriptors from here on are none of those."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """A page, and how it is looked at."""

    page: Path
    width: int
    scale: int = 1
    is_phone: bool = False


def find_browser(environ: Mapping[str, str]) -> str | None:
    """Return the path of a browser: the one that CHROMIUM names, else one on the PATH; None where there is none."""
    if os.name != "posix":
        return None
    named = environ.get("CHROMIUM")
    return next((path for name in ((named, *NAMES) if named else NAMES) if (path := shutil.which(name))), None)


def photograph(browser: str, shots: Sequence[Shot], *, patience: float = PATIENCE_SECONDS) -> tuple[bytes, ...]:
    """Return a PNG of each page, whole, in order. Raises UnreachableError where the browser does not do it in time."""
    until = monotonic() + patience
    with (
        tempfile.TemporaryDirectory(prefix="syndicate-browser-", ignore_cleanup_errors=True) as profile,
        _running(browser, Path(profile), until) as line,
    ):
        line.open_page()
        return tuple(_taken(line, shot) for shot in shots)


def _taken(line: _Line, shot: Shot) -> bytes:
    metrics = {"width": shot.width, "height": 800, "deviceScaleFactor": shot.scale, "mobile": shot.is_phone}
    line.ask("Emulation.setDeviceMetricsOverride", metrics)
    line.ask("Page.navigate", {"url": shot.page.resolve().as_uri()})
    line.await_event("Page.loadEventFired")
    size = line.ask("Page.getLayoutMetrics")["cssContentSize"]
    height = min(int(size["height"]), MOST_PIXELS // shot.scale)
    clip = {"x": 0, "y": 0, "width": shot.width, "height": max(1, height), "scale": 1}
    told = line.ask("Page.captureScreenshot", {"format": "png", "clip": clip, "captureBeyondViewport": True})
    return base64.b64decode(told["data"])


@dataclass
class _Line:
    """The pipes to a browser."""

    asked: int
    said: int
    until: float
    session: str | None = None
    _buffer: bytearray = field(default_factory=bytearray)
    _number: int = 0
    _events: list[str] = field(default_factory=list)

    def open_page(self) -> None:
        """Open an empty page that is offline and runs no script."""
        target = self.ask("Target.createTarget", {"url": "about:blank"})["targetId"]
        self.session = self.ask("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
        self.ask("Page.enable")
        self.ask("Network.enable")
        offline = {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0}
        self.ask("Network.emulateNetworkConditions", offline)
        self.ask("Emulation.setScriptExecutionDisabled", {"value": True})

    def ask(self, method: str, parameters: Mapping[str, object] | None = None) -> dict[str, Any]:
        """Return what the browser answers to a command."""
        self._number += 1
        command = {"id": self._number, "method": method, "params": parameters or {}}
        self._say(json.dumps(command | ({"sessionId": self.session} if self.session else {})).encode() + b"\0")
        while True:
            heard = self._hear()
            if heard.get("id") == self._number:
                if "error" in heard:
                    raise _broken(str(heard["error"].get("message", method)))
                result: dict[str, Any] = heard["result"]
                return result

    def await_event(self, method: str) -> None:
        """Wait until an event has come since the last one of its kind was awaited."""
        while method not in self._events:
            self._hear()
        self._events.remove(method)

    def _say(self, message: bytes) -> None:
        try:
            while message:
                message = message[os.write(self.asked, message) :]
        except OSError as error:
            raise _broken("it ended") from error

    def _hear(self) -> dict[str, Any]:
        """Return the next message; an event's name is kept."""
        while b"\0" not in self._buffer:
            left = self.until - monotonic()
            if left <= 0 or not select.select([self.said], [], [], left)[0]:
                raise _broken("it takes too long")
            chunk = os.read(self.said, 1 << 16)
            if not chunk:
                raise _broken("it ended")
            self._buffer += chunk
        message, _, rest = bytes(self._buffer).partition(b"\0")
        self._buffer = bytearray(rest)
        heard: dict[str, Any] = json.loads(message)
        if "method" in heard:
            self._events.append(heard["method"])
        return heard


@contextmanager
def _running(browser: str, profile: Path, until: float) -> Iterator[_Line]:
    to_read, asked = _pipe()
    said, to_write = _pipe()
    try:
        process = _spawned(browser, profile, to_read, to_write)
    except OSError as error:
        for each in (asked, said):
            os.close(each)
        raise _broken(error.strerror or "it does not start") from error
    finally:
        os.close(to_read)
        os.close(to_write)
    try:
        yield _Line(asked, said, until)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process, signal.SIGKILL)
        os.waitpid(process, 0)
        os.close(asked)
        os.close(said)


def _spawned(browser: str, profile: Path, to_read: int, to_write: int) -> int:
    """Start the browser in a group of its own; return its process number."""
    # Its sandbox does not work for root, which a container often is; no script runs in what is shown.
    root = ("--no-sandbox",) if os.geteuid() == 0 else ()
    words = [browser, *FLAGS, *root, f"--user-data-dir={profile}", "about:blank"]
    null = ((os.POSIX_SPAWN_OPEN, each, os.devnull, os.O_RDWR, 0) for each in (0, 1, 2))
    ends = ((os.POSIX_SPAWN_DUP2, to_read, _ASKED), (os.POSIX_SPAWN_DUP2, to_write, _SAID))
    return os.posix_spawn(browser, words, os.environ, file_actions=[*null, *ends], setsid=True)


def _pipe() -> tuple[int, int]:
    """Return the reading and the writing end of a pipe, neither of which is 3 or 4."""
    import fcntl  # Not on Windows, where `find_browser` finds none.

    ends = os.pipe()
    spare = tuple(fcntl.fcntl(each, fcntl.F_DUPFD_CLOEXEC, _SPARE) for each in ends)
    for each in ends:
        os.close(each)
    return spare[0], spare[1]


def _broken(why: str) -> UnreachableError:
    return UnreachableError(f"the browser took no pictures: {why}")

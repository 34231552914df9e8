"""A progress bar on stderr where work is long and a person is looking; silence otherwise."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from syndicate.delivery.model import DeliveryState

QUIET_SECONDS = 0.5


class Bars:
    """Bars for what moves, a line each; Rich is loaded only once something takes its time on a terminal."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._shown = sys.stderr.isatty()
        self._progress: Any = None
        self._tasks: dict[str, Any] = {}
        self._done: dict[str, int] = {}

    def step(self, what: str, _state: DeliveryState | None = None) -> None:
        """Count one more of something."""
        self.reach(what, self._done.get(what, 0) + 1)

    def reach(self, what: str, done: int, total: int | None = None) -> None:
        """Tell how far something is, and where it ends, if that is known."""
        self._done[what] = done
        if self._shown and (self._progress or time.monotonic() - self._began > QUIET_SECONDS):
            self._draw(what, total)

    def _draw(self, what: str, total: int | None) -> None:
        if self._progress is None:
            self._progress = _progress()
            self._progress.start()
        if what not in self._tasks:
            self._tasks[what] = self._progress.add_task(what, total=total)
        self._progress.update(self._tasks[what], completed=self._done[what], total=total)

    def __enter__(self) -> Bars:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._progress is not None:
            self._progress.stop()


def _progress() -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    # Its own escape sequences must arrive, so it draws past the stream that shows those of others.
    return Progress(*columns, console=Console(file=sys.__stderr__), transient=True)

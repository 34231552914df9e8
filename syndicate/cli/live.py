"""What is drawn on a terminal while work is long: a line each, over and over. Rich, so load it late."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator

from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from syndicate.cli.sendings import Piece, Sending, Standing
from syndicate.cli.terminal import tame

LEAST_BAR, MOST_BAR, BAR_STEP = 8, 40, 8
"""A bar's length goes by steps, so that it does not twitch with each figure that grows."""
REDRAWS = 8
"""A second: a relay that has stopped must show, though nothing is told any more."""


class Screen:
    """The lines that are drawn: sendings, and anything else that is counted."""

    def __init__(self, now: Callable[[], float], console: Console | None = None) -> None:
        # Its own escape sequences must arrive, so it draws past the stream that shows those of others.
        self._console = console or Console(file=sys.__stderr__)
        self._now = now
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._counts = Progress(*columns, console=self._console)
        self._tasks: dict[str, TaskID] = {}
        self.sendings: list[Sending] = []
        self._live = Live(
            get_renderable=self.picture,
            console=self._console,
            transient=True,
            refresh_per_second=REDRAWS,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def start(self) -> None:
        """Begin to draw."""
        self._live.start(refresh=True)

    def stop(self) -> None:
        """Take the lines away."""
        self._live.stop()

    def count(self, what: str, done: int, total: int | None) -> None:
        """Draw how far something is that is no sending."""
        if what not in self._tasks:
            self._tasks[what] = self._counts.add_task(tame(what), total=total)
        self._counts.update(self._tasks[what], completed=done, total=total)

    def picture(self) -> RenderableType:
        """Return what the screen shows now."""
        now, width = self._now(), self._console.width
        sendings = [each for sending in list(self.sendings) for each in lines(sending.standing(now), width)]
        return Group(*sendings, *([self._counts.get_renderable()] if self._tasks else []))


def lines(standing: Standing, width: int) -> Iterator[RenderableType]:
    """Yield a sending as one line, or as two where the terminal is narrow: nothing that went wrong is left out."""
    name = Text(tame(standing.what), style="bold")
    share = [] if standing.share is None else [(f"{standing.share:4.0%}", "")]
    speeds, tallies = list(standing.speeds()), list(standing.tallies())
    whole = _told([*share, *tallies, *speeds])
    if cell_len(name.plain) + 2 + cell_len(whole.plain) <= width:
        yield _row(name, standing, whole, width)
        return
    yield _row(name, standing, _told([*share, *speeds]), width)
    yield Text("  ").append_text(_told(tallies))


def _row(name: Text, standing: Standing, told: Text, width: int) -> RenderableType:
    row = Table.grid(padding=(0, 2, 0, 0))
    row.add_column(no_wrap=True, overflow="ellipsis")
    spare = min(MOST_BAR, width - cell_len(name.plain) - cell_len(told.plain) - 4) // BAR_STEP * BAR_STEP
    bar: Iterable[RenderableType] = ()
    if standing.share is not None and spare >= LEAST_BAR:
        bar = (ProgressBar(total=1.0, completed=standing.share, width=spare, complete_style="green"),)
        row.add_column(width=spare)
    row.add_column(no_wrap=True, overflow="ellipsis")
    row.add_row(name, *bar, told)
    return row


def _told(pieces: Iterable[Piece]) -> Text:
    return Text("  ", no_wrap=True, overflow="ellipsis").join(Text(text, style=style) for text, style in pieces)

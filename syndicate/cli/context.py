"""What the commands share: opening the installation, and printing views as tables or JSON."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from syndicate.audience.addresses import harmless

if TYPE_CHECKING:
    from syndicate.app import App
    from syndicate.config import Config

ROW = click.IntRange(1, 2**63 - 1)
"""A row's number, as a database can hold it."""
as_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def load(context: click.Context) -> Config:
    """Return the config that the root options name; all its faults at once otherwise."""
    from syndicate.config import load_config

    return load_config(context.obj.config_path, os.environ)


@contextmanager
def opened(context: click.Context) -> Iterator[App]:
    """Open the installation for one command."""
    from syndicate.app import open_app

    with open_app(load(context)) as app:
        yield app


@contextmanager
def ended_by_signals(app: App) -> Iterator[None]:
    """Let Ctrl-C and SIGTERM ask for a clean end; a second Ctrl-C ends at once."""

    def ask(_number: int, _frame: object) -> None:
        if app.stop.is_set():
            raise KeyboardInterrupt
        app.stop.set()

    before = {each: signal.signal(each, ask) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def print_json(value: object) -> None:
    """Print a value as JSON: times in UTC with a Z, durations in seconds, dataclasses as objects."""
    click.echo(json_text(value))


def json_text(value: object) -> str:
    """Return a value as `print_json` prints it."""
    plain = _plain(value)
    text = json.dumps(plain, ensure_ascii=False, indent=2)
    # What a terminal would obey, wherever it came from, is escaped; JSON says the same with and without.
    return text if harmless(text.replace("\n", " ")) == text.replace("\n", " ") else json.dumps(plain, indent=2)


def print_table(heads: Sequence[str], rows: Sequence[Sequence[object]], *, none: str) -> None:
    """Print rows under their heads, or one sentence where there are none. Long texts are cut on a terminal only."""
    if not rows:
        click.echo(none)
        return
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [max(len(each[at]) for each in (list(heads), *cells)) for at in range(len(heads))]
    for line in (list(heads), *cells):
        click.echo("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())


def when(moment: datetime | None, app: App | None = None) -> str:
    """Return an instant for a person: in the site's zone where the app is given, else in UTC; "-" for none."""
    if moment is None:
        return "-"
    if app is None:
        return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    return f"{moment.astimezone(app.config.site.zone):%a %d %b %Y %H:%M}"


def cut(text: str | None, most: int) -> str:
    """Return text in at most so many characters."""
    shown = harmless(" ".join((text or "").split()))
    return shown if len(shown) <= most else f"{shown[: most - 1]}…"


def _cell(value: object) -> str:
    """Return a value on one line: a line break in it would begin a row that is none."""
    return "-" if value is None else harmless(" ".join(str(value).split()))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    if isinstance(value, timedelta):
        return value.total_seconds()
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value))
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(each) for each in value]
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)

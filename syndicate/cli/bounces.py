"""`syndicate bounces`: what comes back, and what is made of it."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from syndicate.cli.context import cut, print_table

if TYPE_CHECKING:
    from syndicate.returns.model import Returned


@click.group(name="bounces")
def command() -> None:
    """Read the mail that comes back."""


@command.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--jsonl", is_flag=True, help="Print one JSON object a line, a line a file.")
@click.pass_context
def read(context: click.Context, files: tuple[str, ...], jsonl: bool) -> None:
    """Tell what each message says about whom: files with one message each, or - for stdin. It touches no state."""
    from syndicate.returns.read import read_returned

    unread, rows = 0, []
    for file in files:
        content = _content(file)
        if content is None:
            unread += 1
        elif jsonl:
            click.echo(json.dumps(_told(file, read_returned(content)), ensure_ascii=False))
        else:
            rows.append(_row(file, read_returned(content)))
    if not jsonl:
        print_table(["file", "kind", "recipients", "status", "why"], rows, none="nothing was read")
    context.exit(1 if unread else 0)


def _content(file: str) -> bytes | None:
    """Return the beginning of a file, as much as is ever looked at; None where it cannot be read, which is told."""
    from syndicate.returns.mime import MOST_BYTES

    try:
        if file == "-":
            return sys.stdin.buffer.read(MOST_BYTES)
        with open(file, "rb") as stream:
            return stream.read(MOST_BYTES)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        click.echo(f"{_printable(file)}: cannot be read: {why}", err=True)
        return None


def _told(file: str, returned: Returned) -> dict[str, object]:
    """Return what `--jsonl` says of a message; what only our own tokens prove is for the pipeline."""
    facts = asdict(returned)
    names = ("kind", "recipients", "status", "diagnostic", "why")
    return {"file": _printable(file), **{name: facts[name] for name in names}}


def _row(file: str, returned: Returned) -> list[object]:
    named = ", ".join(returned.recipients[:3]) + (", …" if len(returned.recipients) > 3 else "")
    return [_printable(file), returned.kind, named or None, returned.status, cut(returned.why, 80)]


def _printable(file: str) -> str:
    """Return a file's name as text: one that is not UTF-8 with its bytes escaped, so that JSON can hold it."""
    return file.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")

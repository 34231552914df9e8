"""`syndicate bounces`: what comes back, and what is made of it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from syndicate.cli.context import as_json_option, cut, opened, print_json, print_table

if TYPE_CHECKING:
    from syndicate.mailbox.model import Message
    from syndicate.pipeline.returns import Applied
    from syndicate.returns.model import Action, Returned

MOST_TOLD = 50
RELAYS = ("ses", "mailgun", "brevo", "postmark")


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


@command.command()
@click.option("--dry-run", is_flag=True, help="Say what would happen; change nothing and move nothing.")
@as_json_option
@click.pass_context
def poll(context: click.Context, dry_run: bool, as_json: bool) -> None:
    """Read the return mailbox, and do what each message asks for: suppress, count, unsubscribe, or keep it for you."""
    from syndicate.cli.progress import Bars
    from syndicate.pipeline.mailbox import poll_mailbox

    messages: list[dict[str, object]] = []
    with opened(context) as app, Bars() as bars:

        def seen(message: Message, applied: Applied) -> None:
            bars.step("messages")
            if as_json or len(messages) < MOST_TOLD:
                messages.append({"id": message.id, "size": message.size, **asdict(applied)})

        looked = poll_mailbox(app, dry_run=dry_run, seen=seen)
    counted = {"read": looked.read, "again": looked.again, "kinds": looked.kinds, "actions": looked.actions}
    if as_json:
        print_json({"dry_run": dry_run, **counted, "aside": looked.aside, "messages": messages})
        return
    if messages:
        rows = [[each["kind"], each["action"], each["address"], cut(_why(each), 100)] for each in messages]
        print_table(["kind", "action", "reader", "why"], rows, none="")
        if looked.read > len(messages):
            click.echo(f"and {looked.read - len(messages)} more; --json names them all", err=True)
    click.echo(_account("message", looked.read, looked.again, looked.actions, dry_run), err=True)
    if looked.aside:
        click.echo(f"{looked.aside} wait for you in the folder syndicate-aside", err=True)
        click.echo("  read them in your mail program, then empty it; if one asks to leave: ", nl=False, err=True)
        click.echo("syndicate subscribers remove ADDRESS", err=True)


def _why(message: Mapping[str, object]) -> str:
    """Return why a message was taken for what it is; and, where that would change a reader, why it did not."""
    proves_nothing = message["action"] == "aside" and message["kind"] != "other" and not message["address"]
    return f"{message['why']}{'; nothing proves whom it is about' if proves_nothing else ''}"


@command.command(name="import")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--from", "relay", type=click.Choice(RELAYS), help="Whose export it is; else it is seen by its keys.")
@click.option("--dry-run", is_flag=True, help="Say what would happen, and change nothing.")
@as_json_option
@click.pass_context
def import_(context: click.Context, file: Path, relay: str | None, dry_run: bool, as_json: bool) -> None:
    """Take over what a relay noted: its export of bounces, complaints and suppressions, JSON or CSV."""
    from syndicate.cli.progress import Bars
    from syndicate.pipeline.relay_export import import_returns
    from syndicate.returns.exports import read_export
    from syndicate.returns.relays import Relay

    with opened(context) as app, _text_lines(file) as lines, Bars() as bars:
        found = read_export(lines, Relay(relay) if relay else None)
        done = import_returns(app, found, dry_run=dry_run, progress=lambda _: bars.step("batches of 500 rows"))
    if as_json:
        print_json({"dry_run": dry_run, **asdict(done)})
    else:
        for each in done.not_understood[:MOST_TOLD]:
            click.echo(f"{file} {each.where}: {each.why}", err=True)
        if len(done.not_understood) > MOST_TOLD:
            click.echo(f"and {len(done.not_understood) - MOST_TOLD} more; --json names them all", err=True)
        click.echo(_account("row", done.read, done.again, done.actions, dry_run), err=True)
    context.exit(1 if done.not_understood else 0)


def _account(what: str, read: int, again: int, actions: Mapping[Action, int], dry_run: bool) -> str:
    head = f"{read} {what}{'s' * (read != 1)} read{' (a dry run: nothing changed)' if dry_run else ''}"
    parts = [f"{count} {action}" for action, count in sorted(actions.items())]
    return ", ".join([head, *parts, *([f"{again} known before"] if again else [])])


@contextmanager
def _text_lines(file: Path) -> Iterator[Iterable[str]]:
    """Open an export as text: UTF-8, or UTF-16 where its mark says so. What is neither shows in its line's refusal."""
    import codecs
    import io

    from syndicate.errors import AudienceError

    try:
        stream = sys.stdin.buffer if str(file) == "-" else file.open("rb")
    except OSError as error:
        raise AudienceError(f"cannot be read: {error.strerror}", where=str(file)) from error
    with io.BufferedReader(cast("io.RawIOBase", stream)) as binary:
        is_utf16 = binary.peek(2)[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
        yield io.TextIOWrapper(binary, encoding="utf-16" if is_utf16 else "utf-8", errors="replace")

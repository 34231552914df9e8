"""`syndicate subscribers`: keep the people of the lists."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from syndicate.cli.context import as_json_option, opened, print_json, print_table, when

if TYPE_CHECKING:
    from syndicate.app import App
    from syndicate.audience.csvio import Refused
    from syndicate.audience.model import ImportReport, NewSubscriber

MOST_TOLD, PAGE = 50, 500
list_option = click.option("--list", "list_name", help="The mailing list; not needed where there is only one.")


@click.group(name="subscribers")
def command() -> None:
    """Keep the people of the lists."""


@command.command()
@click.argument("address")
@click.option("--name", default="", help="The reader's name.")
@list_option
@click.pass_context
def add(context: click.Context, address: str, name: str, list_name: str | None) -> None:
    """Put an address on a list, confirmed: you have this reader's consent. Someone who left comes back."""
    from syndicate.audience.addresses import parse_address, parse_name
    from syndicate.audience.model import NewSubscriber

    with opened(context) as app:
        chosen = list_of(app, list_name)
        person = NewSubscriber(address=parse_address(address), name=parse_name(name))
        report = next(app.audience.add([person], chosen, app.clock.now()))
        was_on = report.already and app.audience.lists_of(app.audience.find(person.address).id, [chosen])
        if not was_on:  # new, or out, or never confirmed: whichever it was, it is a line of this reader's history
            app.audience.resubscribe(person.address, chosen, app.clock.now(), how="syndicate subscribers add")
        suppression = app.audience.suppression(person.address)
    click.echo(f"{person.address} {'was' if was_on else 'is now'} on the list {chosen}", err=True)
    if suppression:
        click.echo(
            f"but is suppressed ({suppression.reason}); to mail it again: "
            f"syndicate subscribers suppress {person.address} --undo",
            err=True,
        )


@command.command()
@click.argument("address")
@list_option
@click.pass_context
def remove(context: click.Context, address: str, list_name: str | None) -> None:
    """Take an address off a list, or without --list off every list. It takes effect at once."""
    with opened(context) as app:
        chosen = list_of(app, list_name) if list_name else None
        ended = app.audience.unsubscribe(address, chosen, app.clock.now(), how="syndicate subscribers remove")
    click.echo(f"{address}: {ended} subscription{'s' * (ended != 1)} ended", err=True)


@command.command()
@click.argument("address")
@click.option("--undo", is_flag=True, help="Take the suppression back.")
@click.pass_context
def suppress(context: click.Context, address: str, undo: bool) -> None:
    """Never mail an address again, on any list, known or not."""
    from syndicate.audience.addresses import parse_address
    from syndicate.audience.model import SuppressionReason

    plain, how = parse_address(address), "syndicate subscribers suppress"
    with opened(context) as app:
        if not undo:
            app.audience.suppress(plain, SuppressionReason.MANUAL, app.clock.now(), how=how)
        elif not app.audience.unsuppress(plain, app.clock.now(), how=f"{how} --undo"):
            click.echo(f"{plain} was not suppressed", err=True)
            return
    click.echo(f"{plain} is {'no longer ' if undo else ''}suppressed", err=True)


@command.command(name="import")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@list_option
@click.option("--dry-run", is_flag=True, help="Say what would happen, and change nothing.")
@as_json_option
@click.pass_context
def import_(context: click.Context, file: Path, list_name: str | None, dry_run: bool, as_json: bool) -> None:
    """Put the people of a CSV on a list, confirmed. A line that cannot be taken is named and stops no other."""
    from syndicate.audience.csvio import parse_subscribers

    refused: list[Refused] = []
    with opened(context) as app, _lines(file) as lines:
        chosen = list_of(app, list_name)
        people = _taken(parse_subscribers(lines), refused)
        report = _import(app, people, chosen, dry_run)
    if as_json:
        print_json(
            {
                "list": chosen,
                "dry_run": dry_run,
                "added": report.added,
                "already": report.already,
                "kept_out": report.kept_out,
                "refused": [{"line": each.line, "why": each.why} for each in refused],
            }
        )
    else:
        for each in refused[:MOST_TOLD]:
            click.echo(f"{file} line {each.line}: {each.why}", err=True)
        if len(refused) > MOST_TOLD:
            click.echo(f"and {len(refused) - MOST_TOLD} more lines; --json names them all", err=True)
        click.echo(_told(report, chosen, len(refused), dry_run), err=True)
    context.exit(1 if refused else 0)


@command.command()
@list_option
@click.option("--all", "everyone", is_flag=True, help="Those who left or never confirmed too.")
@click.pass_context
def export(context: click.Context, list_name: str | None, everyone: bool) -> None:
    """Write a list as CSV to stdout; `import` takes it back."""
    from syndicate.audience.csvio import write_subscribers
    from syndicate.audience.model import SubscriptionState

    with opened(context) as app:
        members = app.audience.members(list_of(app, list_name), state=None if everyone else SubscriptionState.CONFIRMED)
        for line in write_subscribers(members):
            sys.stdout.write(line)


@command.command(name="list")
@list_option
@as_json_option
@click.pass_context
def list_(context: click.Context, list_name: str | None, as_json: bool) -> None:
    """List the people of a list, with the state of each."""
    with opened(context) as app:
        members = list(_members(app, list_of(app, list_name)))
    if as_json:
        print_json(members)
    else:
        rows = [[each["address"], each["name"], each["state"], each["suppressed"]] for each in members]
        print_table(["address", "name", "state", "suppressed"], rows, none="nobody is on this list")


@command.command()
@click.argument("address")
@as_json_option
@click.pass_context
def show(context: click.Context, address: str, as_json: bool) -> None:
    """Show an address: its lists, its suppression, and what went to it."""
    with opened(context) as app:
        person = app.audience.find(address)
        links = app.audience.subscriptions_of(person.id)
        suppression = app.audience.suppression(person.address)
        got = app.deliveries.listed(subscriber=person.id)
        if as_json:
            print_json(
                {
                    "address": person.address,
                    "name": person.name,
                    "added": person.added,
                    "subscriptions": links,
                    "suppression": suppression,
                    "deliveries": got,
                }
            )
            return
        click.echo(f"{person.address}  {person.name}\nadded {when(person.added, app)}")
        for link in links:
            click.echo(f"{link.list_name}: {link.state} since {when(link.since, app)}")
        if suppression:
            click.echo(f"suppressed since {when(suppression.since, app)}: {suppression.reason}")
        rows = [[each.issue_id, each.state, when(each.tried, app), each.reply] for each in got]
        print_table(["issue", "state", "tried", "reply"], rows, none="nothing was sent to it yet")


def list_of(app: App, name: str | None) -> str:
    """Return a list of our own subscribers by name; the only one where none is named."""
    from syndicate.errors import AudienceError

    own = [key for key, each in app.config.lists.items() if each.address is None]
    if name is None and len(own) == 1:
        return own[0]
    if name in own:
        return name
    if name in app.config.lists:
        raise AudienceError(f'the list "{name}" is a posting address; its server owns its members')
    there = ", ".join(own) or "none"
    if name is None:
        raise AudienceError(f"which list? config.yaml has: {there}", hint="--list NAME")
    raise AudienceError(f'config.yaml has no list "{name}"; it has: {there}', hint="--list NAME")


def _members(app: App, list_name: str) -> Iterator[dict[str, object]]:
    """Yield the people of a list as they are shown, asking by pages who is suppressed."""
    from syndicate.audience.addresses import address_key

    people = app.audience.members(list_name)
    while page := list(islice(people, PAGE)):
        suppressed = app.audience.suppressed([person.address for person, _ in page])
        for person, link in page:
            yield {
                "address": person.address,
                "name": person.name,
                "state": link.state,
                "since": link.since,
                "suppressed": suppressed.get(address_key(person.address)),
            }


@contextmanager
def _lines(file: Path) -> Iterator[Iterable[str]]:
    """Open a CSV as text: UTF-8, or UTF-16 where its mark says so. What is neither is told by its line."""
    import codecs
    import io

    from syndicate.errors import AudienceError

    try:
        stream = sys.stdin.buffer if str(file) == "-" else file.open("rb")
    except OSError as error:
        raise AudienceError(f"cannot be read: {error.strerror}", where=str(file)) from error
    with io.BufferedReader(cast("io.RawIOBase", stream)) as binary:
        is_utf16 = binary.peek(2)[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
        encoding, errors = ("utf-16", "replace") if is_utf16 else ("utf-8", "surrogateescape")
        yield io.TextIOWrapper(binary, encoding=encoding, errors=errors)


def _taken(parsed: Iterator[NewSubscriber | Refused], refused: list[Refused]) -> Iterator[NewSubscriber]:
    from syndicate.audience.csvio import Refused

    for each in parsed:
        if isinstance(each, Refused):
            refused.append(each)
        else:
            yield each


def _import(app: App, people: Iterator[NewSubscriber], list_name: str, dry_run: bool) -> ImportReport:
    from syndicate.audience.model import ImportReport
    from syndicate.cli.progress import Bars

    last = ImportReport(added=0, already=0, kept_out=0)
    with Bars() as bars:
        for report in app.audience.add(people, list_name, app.clock.now(), dry_run=dry_run):
            bars.step("batches of 500 readers")
            last = report
    return last


def _told(report: ImportReport, list_name: str, refused: int, dry_run: bool) -> str:
    head = "would be " if dry_run else ""
    parts = [f"{report.added} {head}added to {list_name}", f"{report.already} there already"]
    if report.kept_out:
        parts.append(f"{report.kept_out} left before and stay out")
    if refused:
        parts.append(f"{refused} {'line' if refused == 1 else 'lines'} refused")
    return ", ".join(parts)

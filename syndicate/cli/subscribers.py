"""`syndicate subscribers`: keep the people of the lists."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

import click

from syndicate.cli.context import as_json_option, opened, print_json, print_table
from syndicate.cli.subscribers_forget import forget
from syndicate.cli.subscribers_import import import_
from syndicate.cli.subscribers_list import list_of, list_option
from syndicate.cli.subscribers_show import show

if TYPE_CHECKING:
    from syndicate.app import App

PAGE = 500


@click.group(name="subscribers")
def command() -> None:
    """Keep the people of the lists."""


for each in (import_, show, forget):
    command.add_command(each)


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
        _check_not_forgotten(app, person.address)
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
        elif not app.audience.unsuppress(plain, app.clock.now(), how=f"{how} --undo", keyring=app.keyring):
            click.echo(f"{plain} was not suppressed", err=True)
            return
    click.echo(f"{plain} is {'no longer ' if undo else ''}suppressed", err=True)


@command.command()
@list_option
@click.option("--all", "everyone", is_flag=True, help="Those who are not mailed too, and every suppressed address.")
@click.pass_context
def export(context: click.Context, list_name: str | None, everyone: bool) -> None:
    """Write a list as CSV to stdout; `import` takes it back."""
    from syndicate.audience.csvio import write_subscribers
    from syndicate.audience.model import SubscriptionState

    with opened(context) as app:
        state = None if everyone else SubscriptionState.CONFIRMED
        for line in write_subscribers(app.audience.with_suppressions(list_of(app, list_name), state=state)):
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


def _check_not_forgotten(app: App, address: str) -> None:
    """Raise AudienceError for somebody who asked to be erased: to take them in again is a decision of its own."""
    from syndicate.audience.model import SuppressionReason
    from syndicate.errors import AudienceError

    there = app.audience.suppression(address, keyring=app.keyring)
    if there and there.reason is SuppressionReason.FORGOTTEN:
        raise AudienceError(
            f"{address} asked to be forgotten, and is not taken in again",
            hint=f"if this reader wants to come back: syndicate subscribers suppress {address} --undo",
        )


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

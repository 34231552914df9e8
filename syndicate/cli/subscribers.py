"""`syndicate subscribers`: keep the people of the lists."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from syndicate.cli.context import as_json_option, opened, print_json, print_table, when
from syndicate.cli.subscribers_forget import forget
from syndicate.cli.subscribers_import import import_
from syndicate.cli.subscribers_list import list_of, list_option
from syndicate.cli.subscribers_show import show

if TYPE_CHECKING:
    from syndicate.app import App
    from syndicate.audience.model import SubscriptionState

PAGE = 500
STATES = ("confirmed", "unconfirmed", "unsubscribed")


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
    told = (
        f"{ended} subscription{'s' * (ended != 1)} ended" if ended else "was on no list that could end; nothing changed"
    )
    click.echo(f"{address}: {told}", err=True)


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
@click.option("--state", type=click.Choice(STATES), help="Only those who stand so.")
@click.option("--within", help="Only those who came to stand so in this time: 7d.")
@as_json_option
@click.pass_context
def list_(context: click.Context, list_name: str | None, state: str | None, within: str | None, as_json: bool) -> None:
    """List the people of a list, with the state of each and since when."""
    from syndicate.audience.model import SubscriptionState

    with opened(context) as app:
        since = app.clock.now() - _duration(within) if within else None
        chosen = SubscriptionState(state) if state else None
        members = list(_members(app, list_of(app, list_name), chosen, since))
        shown = [
            [each["address"], each["name"], each["state"], when(each["since"], app), each["suppressed"]]
            for each in members
        ]
    if as_json:
        print_json(members)
    else:
        none = "nobody on this list stands so" if state or within else "nobody is on this list"
        print_table(["address", "name", "state", "since", "suppressed"], shown, none=none)


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


def _duration(text: str) -> timedelta:
    """Return the time that an option says. Raises UsageError for what is none."""
    from syndicate.config.measures import parse_duration

    try:
        return parse_duration(text)
    except ValueError as error:
        raise click.UsageError(str(error)) from error


def _members(
    app: App, list_name: str, state: SubscriptionState | None, since: datetime | None
) -> Iterator[dict[str, Any]]:
    """Yield the people of a list as they are shown, asking by pages who is suppressed."""
    from syndicate.audience.addresses import address_key

    people = (each for each in app.audience.members(list_name, state=state) if since is None or each[1].since >= since)
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

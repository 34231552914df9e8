"""`syndicate relays`: through which servers letters go, how much each was given, and which of them rests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import click

from syndicate.cli.context import as_json_option, cut, opened, print_json, print_table, when

if TYPE_CHECKING:
    from syndicate.app import App
    from syndicate.config import Relay


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    """A relay as it is printed."""

    relay: str
    host: str
    connections: int
    rate: float | None
    given: int
    """Letters in the last 24 hours; counted only where there is a quota."""
    per_day: int | None
    goes_on: datetime | None
    """When its quota has room again; None where it has some, or there is none."""
    rests_until: datetime | None
    because: str | None

    def stands(self, app: App) -> str:
        if self.rests_until:
            return f"rests until {when(self.rests_until, app)}: {cut(self.because, 60)}"
        return f"quota used up, goes on {when(self.goes_on, app)}" if self.goes_on else "open"


@click.group(name="relays")
def command() -> None:
    """See the servers that take our letters, and end a rest."""


@command.command(name="list")
@as_json_option
@click.pass_context
def list_(context: click.Context, as_json: bool) -> None:
    """List the relays in the order in which they are tried: what each was given, its limits, and how it stands."""
    with opened(context) as app:
        found = [_shown(app, name, relay) for name, relay in _route(app).items()]
        if as_json:
            print_json(found)
            return
        rows = [
            [
                each.relay,
                each.host,
                each.connections,
                each.rate or "-",
                f"{each.given} of {each.per_day}" if each.per_day else "-",
                each.stands(app),
            ]
            for each in found
        ]
    heads = ["relay", "host", "connections", "a second", "last 24 h", "stands"]
    print_table(heads, rows, none="config.yaml has no relay: letters are written into the outbox, if there is mail")


@command.command()
@click.argument("name")
@click.pass_context
def resume(context: click.Context, name: str) -> None:
    """End a relay's rest now; letters go by it at the next beat of `syndicate run`."""
    from syndicate.errors import NotFoundError

    with opened(context) as app:
        if name not in _route(app):
            there = ", ".join(_route(app)) or "none"
            raise NotFoundError(f'config.yaml has no relay "{name}"; it has: {there}', hint="syndicate relays list")
        was_resting = app.relays.rests(name, app.clock.now())
        app.relays.resume(name)
    said = "rests no more; letters go by it at the next beat of `syndicate run`" if was_resting else "does not rest"
    click.echo(f"the relay {name} {said}", err=True)


def _route(app: App) -> dict[str, Relay]:
    return dict(app.config.mail.route) if app.config.mail else {}


def _shown(app: App, name: str, relay: Relay) -> _Shown:
    from syndicate.delivery.manners import goes_on

    now = app.clock.now()
    hours, rest = app.relays.hours(name, now), app.relays.rest_of(name)
    at, is_resting = goes_on(relay.rules, hours, now), rest is not None and now < rest.until
    return _Shown(
        relay=name,
        host=f"{relay.host}:{relay.port}",
        connections=relay.connections,
        rate=relay.rate,
        given=sum(hours.values()),
        per_day=relay.per_day,
        goes_on=at if at > now else None,
        rests_until=rest.until if rest and is_resting else None,
        because=rest.because if rest and is_resting else None,
    )

"""`syndicate lists`: the mailing lists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from syndicate.cli.context import as_json_option, opened, print_json, print_table

if TYPE_CHECKING:
    from syndicate.app import App


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    """A list as it is printed."""

    list: str
    name: str | None
    address: str | None
    people: dict[str, int]
    digests: tuple[str, ...]

    @property
    def people_told(self) -> str:
        if self.address:
            return "its server knows"
        return ", ".join(f"{number} {state}" for state, number in self.people.items()) or "nobody yet"


@click.group(name="lists")
def command() -> None:
    """See the mailing lists."""


@command.command(name="list")
@as_json_option
@click.pass_context
def list_(context: click.Context, as_json: bool) -> None:
    """List the mailing lists, with how many people each has, and the digests that go to it."""
    with opened(context) as app:
        found = [_shown(app, key) for key in app.config.lists]
    if as_json:
        print_json(found)
        return
    rows = [[each.list, each.name, each.people_told, ", ".join(each.digests) or "-"] for each in found]
    print_table(["list", "name", "people", "digests"], rows, none="config.yaml has no lists")


@command.command()
@click.argument("name")
@as_json_option
@click.pass_context
def show(context: click.Context, name: str, as_json: bool) -> None:
    """Show one mailing list."""
    from syndicate.errors import NotFoundError

    with opened(context) as app:
        if name not in app.config.lists:
            there = ", ".join(app.config.lists) or "none"
            raise NotFoundError(f'config.yaml has no list "{name}"; it has: {there}')
        found = _shown(app, name)
    if as_json:
        print_json(found)
        return
    click.echo(f"{found.list}: {found.name or found.list}{f', {found.address}' if found.address else ''}")
    click.echo(f"people   {found.people_told}\ndigests  {', '.join(found.digests) or '-'}")


def _shown(app: App, key: str) -> _Shown:
    return _Shown(
        list=key,
        name=app.config.lists[key].name,
        address=app.config.lists[key].address,
        people={state.value: number for state, number in app.audience.count(key).items()},
        digests=tuple(name for name, digest in app.config.digests.items() if key in digest.lists),
    )

"""`syndicate lists`: the mailing lists."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from syndicate.cli.context import as_json_option, load, opened, print_json, print_table

if TYPE_CHECKING:
    from syndicate.app import App
    from syndicate.config import Config


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    """A list as it is printed."""

    list: str
    name: str | None
    address: str | None
    people: dict[str, int]
    suppressed: int
    """How many of the confirmed are not mailed all the same."""
    digests: tuple[str, ...]

    @property
    def people_told(self) -> str:
        if self.address:
            return "its server knows"
        told = [f"{number} {state}" for state, number in self.people.items()]
        if self.suppressed:
            told.append(f"{self.suppressed} of the confirmed suppressed")
        return ", ".join(told) or "nobody yet"


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


@command.command()
@click.argument("name")
@click.pass_context
def form(context: click.Context, name: str) -> None:
    """Print a form for your blog, with which readers join a list. It needs no script."""
    from syndicate.web.readers.paste import paste_form

    config = load(context)
    click.echo(paste_form(config, name))
    for line in _where_to_paste(config):
        click.echo(line, err=True)


def _where_to_paste(config: Config) -> Iterator[str]:
    """Yield what to do with a form, and from which sites it works."""
    from syndicate.config.values import origin_of

    origins = list(dict.fromkeys([origin_of(config.site.url), *config.web.origins]))
    yield "Blogger: Layout, Add a Gadget, HTML/JavaScript; paste it as the content. Elsewhere: into any page, as HTML."
    yield f"it works from {', '.join(origins)}, by site.url and web.origins in config.yaml"
    if not any(each.endswith(".blogspot.com") for each in origins):
        yield (
            "if the blog can be read at an address of blogspot.com too, or with and without www., name those in "
            "web.origins; from elsewhere readers are asked for one more press, on our own page"
        )


def _shown(app: App, key: str) -> _Shown:
    return _Shown(
        list=key,
        name=app.config.lists[key].name,
        address=app.config.lists[key].address,
        people={state.value: number for state, number in app.audience.count(key).items()},
        suppressed=app.audience.count_suppressed(key),
        digests=tuple(name for name, digest in app.config.digests.items() if key in digest.lists),
    )

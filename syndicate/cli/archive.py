"""`syndicate archive`: the issues that were sent, as a static site for everybody."""

from __future__ import annotations

from pathlib import Path

import click

from syndicate.cli.context import as_json_option, opened, print_json


@click.group(name="archive")
def command() -> None:
    """Write the issues that were sent as a static site."""


@command.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option("--url", metavar="URL", help="Where it will be read; else /archive of web.public_url.")
@as_json_option
@click.pass_context
def build(context: click.Context, folder: Path, url: str | None, as_json: bool) -> None:
    """Write an index, a page for each issue, and a feed. A second build writes only what has changed."""
    from syndicate.cli.story import counted
    from syndicate.web.readers.archive_files import build as build_files

    with opened(context) as app:
        built = build_files(app, folder, url)
    if as_json:
        print_json(built)
        return
    for path in built.written:
        click.echo(folder / path)
    removed = f", {len(built.removed)} removed" if built.removed else ""
    done = f"{counted(len(built.written), 'file', 'files')} written, {len(built.unchanged)} unchanged{removed}"
    click.echo(f"{done}; to be read at {built.url}", err=True)

"""`syndicate store`: back the database up, or accept a restored one."""

from __future__ import annotations

from pathlib import Path

import click

from syndicate.cli.context import opened


@click.group(name="store")
def command() -> None:
    """Back the database up, or accept a restored one."""


@command.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.pass_context
def backup(context: click.Context, file: Path) -> None:
    """Copy an SQLite database, whole, while it is in use. For PostgreSQL use pg_dump."""
    from syndicate.store.backup import back_up

    with opened(context) as app:
        size = back_up(app.database, file)
    click.echo(
        f"wrote {file}, {size:,} bytes. To go back to it: stop syndicate, put it in the database's place, and "
        "then: syndicate store accept-restore",
        err=True,
    )


@command.command(name="accept-restore")
@click.pass_context
def accept_restore(context: click.Context) -> None:
    """Let a restored database send again. What may have gone out since the backup waits for you."""
    from syndicate.cli.story import counted
    from syndicate.pipeline import accept_restore as accept
    from syndicate.pipeline import looks_restored

    with opened(context) as app:
        if not looks_restored(app):
            click.echo("nothing to accept: this database knows of everything that was sent", err=True)
            return
        held = accept(app)
        feeds = " ".join(app.config.feeds)
    click.echo("accepted: sending goes on", err=True)
    if held:
        doubts = counted(held, "delivery", "deliveries")
        click.echo(f"in doubt, and waiting for you: {doubts}; syndicate deliveries list --state in_doubt", err=True)
    click.echo(
        f"new entries are held until you have looked: syndicate feeds accept NAME --as-history|--as-new ({feeds})",
        err=True,
    )

"""`syndicate store`: back the database up, accept a restored one, or give the installation a new key."""

from __future__ import annotations

from pathlib import Path

import click

from syndicate.cli.context import opened


@click.group(name="store")
def command() -> None:
    """Back the database up, accept a restored one, or sign with a new key."""


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


@command.command(name="new-key")
@click.pass_context
def new_key(context: click.Context) -> None:
    """Sign links and bounce addresses with a new key from now on. Those that went out go on working."""
    from syndicate.store.keyfile import add_key

    with opened(context) as app:
        path = app.config.resolve(app.config.secret_key_file)
        app.keyring  # noqa: B018 (makes the first key where there is none)
        count = add_key(path)
    click.echo(f"{path} has a new key, the first of {count}; it signs from now on", err=True)
    click.echo("links in letters that went out go on working, since the old keys stay in the file: keep them", err=True)
    click.echo("restart `syndicate run` and `syndicate web`, which do not know the new key yet", err=True)

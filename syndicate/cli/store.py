"""`syndicate store`: copy the database, back it up, accept a restored one, or give the installation a new key."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from syndicate.cli.context import as_json_option, load, opened, print_json, print_table
from syndicate.errors import ConfigError

if TYPE_CHECKING:
    from syndicate.config import Config
    from syndicate.store.copying import CopiedTable, End
    from syndicate.store.database import Database


@click.group(name="store")
def command() -> None:
    """Copy the database or back it up, accept a restored one, or sign with a new key."""


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


@command.command(name="copy")
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
@click.option("--dry-run", is_flag=True, help="Tell what would be copied, and whether anything stands in the way.")
@as_json_option
@click.pass_context
def copy_command(context: click.Context, source: str, target: str, dry_run: bool, as_json: bool) -> None:
    """Copy all of one database into an empty one, and compare them row by row. Nothing may be sent meanwhile.

    FROM and TO are addresses as in config.yaml: sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME.
    """
    from syndicate.app import SystemClock
    from syndicate.store.copying import open_source, refuse_occupied, rows_of

    config, now = load(context), SystemClock().now()
    source, target = _address(config, "FROM", source), _address(config, "TO", target)
    if source == target:
        raise ConfigError("FROM and TO are the same database")
    with open_source(source) as opened_source:
        end = _end(config, opened_source)
        if dry_run:
            refuse_occupied(target)
            tables = rows_of(end, now)
        else:
            tables = _copied(config, end, target)
    if as_json:
        print_json(tables)
    else:
        print_table(["table", "rows"], [[each.table, f"{each.rows:,}"] for each in tables], none="there are no tables")
    _tell_copy(config, tables, dry_run=dry_run)


def _copied(config: Config, source: End, target: str) -> tuple[CopiedTable, ...]:
    from syndicate.app import SystemClock
    from syndicate.cli.progress import Bars
    from syndicate.store.copying import copy, open_target

    with open_target(target) as opened_target, Bars() as bars:
        try:
            return copy(source, _end(config, opened_target), SystemClock().now(), bars.reach)
        except KeyboardInterrupt:
            click.echo("ended before its time: nothing was copied, and all is as it was", err=True)
            raise


def _tell_copy(config: Config, tables: Sequence[CopiedTable], *, dry_run: bool) -> None:
    rows = f"{sum(each.rows for each in tables):,} rows in {len(tables)} tables"
    if dry_run:
        click.echo(f"would copy {rows}; nothing stands in the way, and nothing was changed", err=True)
        return
    click.echo(f"copied {rows}; both were read again and are alike", err=True)
    click.echo(f"next: name the copy as `database` in {config.path}, and start again what you stopped", err=True)
    click.echo("the old database is as it was, but nothing is sent from it any more", err=True)


def _address(config: Config, which: str, written: str) -> str:
    """Return an address as config.yaml would have it. What is wrong is told without it: it may hold a password."""
    from importlib.util import find_spec

    from syndicate.config.values import check_database

    try:
        address = config.database_at(check_database(written))
    except ValueError as error:
        raise ConfigError(f"{which} {error}") from None
    if address.startswith("postgresql") and find_spec("psycopg") is None:
        raise ConfigError(f"{which}: PostgreSQL needs psycopg", hint="pip install 'syndicate[cluster]'")
    return address


def _end(config: Config, database: Database) -> End:
    from syndicate.app import generation_file
    from syndicate.config import EngineKind
    from syndicate.store.copying import End
    from syndicate.store.generation import Generation

    is_shared = config.engine is EngineKind.CLUSTER and not database.is_sqlite
    return End(database=database, generation=Generation(generation_file(config, database), is_shared=is_shared))


@command.command(name="accept-restore")
@click.pass_context
def accept_restore(context: click.Context) -> None:
    """Let a database send again that was restored, or copied elsewhere. What may have gone out waits for you."""
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

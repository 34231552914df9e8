"""`syndicate config`: is config.yaml right, and what holds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from syndicate.cli.context import as_json_option, load, print_json

if TYPE_CHECKING:
    from syndicate.config import Config
    from syndicate.config.load import ConfigFaults


@click.group(name="config")
def command() -> None:
    """Check config.yaml, or show what holds."""


@command.command()
@as_json_option
@click.pass_context
def check(context: click.Context, as_json: bool) -> None:
    """Tell every mistake in config.yaml at once, each with its line."""
    from syndicate.config.checks import config_warnings
    from syndicate.config.load import ConfigFaults

    path: Path = context.obj.config_path
    try:
        config = load(context)
    except ConfigFaults as faults:
        _tell_faults(faults, as_json)
        context.exit(faults.exit_code)
    warnings = config_warnings(config)
    if as_json:
        print_json({"path": str(path), "good": True, "faults": [], "warnings": warnings})
        return
    for warning in warnings:
        click.echo(f"warning: {warning}", err=True)
    click.echo("\n  ".join([f"{path} is good:", *plans(config)]))


@command.command()
@as_json_option
@click.pass_context
def show(context: click.Context, as_json: bool) -> None:
    """Show every value that holds, defaults included; secrets are masked."""
    shown = load(context).shown()
    if as_json:
        print_json(shown)
        return
    from syndicate.config.source import write_tree

    click.echo(write_tree(shown), nl=False)


def _tell_faults(faults: ConfigFaults, as_json: bool) -> None:
    if as_json:
        from syndicate.config.source import dotted

        found = [{"line": fault.line, "key": dotted(fault.keys), "what": fault.what} for fault in faults.faults]
        print_json({"path": str(faults.path), "good": False, "faults": found, "warnings": []})
        return
    count = len(faults.faults)
    click.echo(str(faults), err=True)
    click.echo(f"{faults.path} has {count} {'mistake' if count == 1 else 'mistakes'}", err=True)


def plans(config: Config) -> Iterator[str]:
    """Yield what will happen under this configuration, a sentence each."""
    from syndicate.config.measures import format_duration

    for name, feed in config.feeds.items():
        backfill = f"; its first poll announces {feed.backfill}" if feed.backfill else ""
        yield f"the feed {name} is read every {format_duration(feed.every)}{backfill}"
    for name, digest in config.digests.items():
        lists = ", ".join(digest.lists) or "nobody"
        times = f"{digest.at} {config.site.timezone}" if digest.at else "a letter for each review"
        yield f"the digest {name} goes to {lists}, {times}, {_mail_goes(config)}"
    for name, account in config.accounts.items():
        place = f"are posted to {account.instance}" if account.instance else f"are written into {account.outbox}"
        yield f"the statuses of {name} {place}, {account.visibility}"
    yield from _readers(config)


def _readers(config: Config) -> Iterator[str]:
    """Yield where readers join and leave, and what is done with what comes back, as far as there is any of it."""
    from syndicate.config.measures import format_duration

    if config.web.public_url:
        yield f"readers join and leave at {config.web.public_url}, served at {config.web.public_listen}"
    mail = config.mail
    if mail and mail.mailbox:
        box = mail.mailbox
        where = f"{box.imap.user} at {box.imap.host}" if box.imap else f"the Maildir {box.maildir}"
        yield f"what comes back is read from {where}, every {format_duration(box.every)}"


def _mail_goes(config: Config) -> str:
    if config.mail and config.mail.route:
        return f"through {', then '.join(f'{relay.host}:{relay.port}' for relay in config.mail.route.values())}"
    return f"written into {config.mail.outbox}" if config.mail else "nowhere"

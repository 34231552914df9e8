"""`syndicate accounts`: whether each account can post."""

from __future__ import annotations

import click

from syndicate.cli.context import as_json_option, opened, print_json


@click.group(name="accounts")
def command() -> None:
    """Check the Mastodon accounts."""


@command.command()
@click.argument("name", required=False)
@as_json_option
@click.pass_context
def check(context: click.Context, name: str | None, as_json: bool) -> None:
    """Tell, for each account, whose token it is, what the token may do, and what the instance takes."""
    from syndicate.channels.mastodon import AccountReport
    from syndicate.errors import NotFoundError, SyndicateError

    reports: dict[str, object] = {}
    good = True
    with opened(context) as app:
        if name and name not in app.config.accounts:
            raise NotFoundError(
                f'config.yaml has no account "{name}"; it has: {", ".join(app.config.accounts) or "none"}'
            )
        for account in [name] if name else app.config.accounts:
            if app.config.accounts[account].instance is None:
                reports[account] = f"writes into {app.config.accounts[account].outbox}; nothing to check"
                continue
            try:
                report = app.mastodon(account).check()
                reports[account], good = report, good and report.ok
            except SyndicateError as error:
                reports[account], good = str(error), False
    if as_json:
        print_json(reports)
    else:
        for account, told in reports.items():
            lines = told.lines() if isinstance(told, AccountReport) else (f"{account}: {told}",)
            click.echo("\n".join(lines))
    context.exit(0 if good else 1)

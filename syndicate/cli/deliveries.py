"""`syndicate deliveries`: what goes to whom, and what a person decides about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from syndicate.cli.context import ROW, as_json_option, cut, opened, print_json, print_table, when

if TYPE_CHECKING:
    from syndicate.app import App
    from syndicate.delivery.model import DeliveryState
    from syndicate.store.deliveries import StoredDelivery

STATES = (
    "planned",
    "sending",
    "sent",
    "deferred",
    "failed",
    "in_doubt",
    "suppressed",
    "cancelled",
    "bounced",
    "complained",
)


@click.group(name="deliveries")
def command() -> None:
    """See, retry and resolve what goes to whom."""


@command.command(name="list")
@click.option("--state", "states", type=click.Choice(STATES), multiple=True, help="Only those that stand so.")
@click.option("--issue", type=ROW, help="Only this issue's (its id, as in `issues list`).")
@click.option("--after", type=click.IntRange(0, ROW.max), default=0, help="Go on after this delivery.")
@click.option("--limit", type=click.IntRange(1, 1_000_000), default=100, show_default=True, help="At most so many.")
@as_json_option
@click.pass_context
def list_(
    context: click.Context, states: tuple[str, ...], issue: int | None, after: int, limit: int, as_json: bool
) -> None:
    """List deliveries, each with its state and what the server last said."""
    from syndicate.delivery.model import DeliveryState

    with opened(context) as app:
        chosen = tuple(DeliveryState(state) for state in states)
        found = app.deliveries.listed(states=chosen, issue=issue, after=after, limit=limit)
        if as_json:
            print_json(found)
            return
        rows = [
            [
                each.id,
                _message(each),
                each.recipient,
                each.state,
                each.attempts,
                when(each.tried or each.due, app),
                cut(each.reply, 60),
            ]
            for each in found
        ]
    print_table(["id", "message", "to", "state", "tries", "when", "reply"], rows, none="no such delivery")
    if len(found) == limit:
        click.echo(f"there may be more: --after {found[-1].id}", err=True)


@command.command()
@click.argument("numbers", type=ROW, nargs=-1, metavar="[ID]...")
@click.option("--issue", type=ROW, help="Every failed delivery of this issue, but to readers who are suppressed.")
@click.option("--reply", default="", metavar="TEXT", help="With --issue: only where the server's words hold this.")
@click.option("--dry-run", is_flag=True, help="With --issue: count them, and change nothing.")
@click.pass_context
def retry(context: click.Context, numbers: tuple[int, ...], issue: int | None, reply: str, dry_run: bool) -> None:
    """Plan again what failed or is in doubt: under the same Message-ID, looked for first where it is a status."""
    from syndicate.delivery.model import DeliveryState
    from syndicate.errors import ConfigError

    if bool(numbers) == (issue is not None):
        raise ConfigError("retry what?", hint="syndicate deliveries retry ID, or --issue ID for all that failed")
    if numbers and (reply or dry_run):
        raise ConfigError("--reply and --dry-run go with --issue", hint="syndicate deliveries retry --issue ID")
    with opened(context) as app:
        if issue is not None:
            _retry_issue(app, issue, reply, dry_run)
            return
        for number in numbers:
            resolve_to(app, number, DeliveryState.PLANNED)
    click.echo(f"{len(numbers)} planned again; they go at the next beat of `syndicate run`", err=True)


def _retry_issue(app: App, issue: int, reply: str, dry_run: bool) -> None:
    from syndicate.errors import ConfigError

    try:
        done = app.deliveries.retry(app.issues.get(issue).id, app.clock.now(), reply=reply, dry_run=dry_run)
    except ValueError as error:
        raise ConfigError(f"issue {issue}: {error}", hint="syndicate issues list") from error
    told = "would be planned again" if dry_run else "planned again; they go at the next beat of `syndicate run`"
    click.echo(f"{done.planned} {told}", err=True)
    if done.suppressed:
        click.echo(f"{done.suppressed} stay failed: their readers are suppressed", err=True)


@command.command()
@click.argument("numbers", type=ROW, nargs=-1, required=True, metavar="ID...")
@click.option(
    "--as",
    "state",
    type=click.Choice(["sent", "failed", "cancelled", "planned"]),
    required=True,
    help="What you found out: it went, it did not, it shall not, or it shall go again.",
)
@click.pass_context
def resolve(context: click.Context, numbers: tuple[int, ...], state: str) -> None:
    """Decide about deliveries in doubt."""
    from syndicate.delivery.model import DeliveryState

    with opened(context) as app:
        for number in numbers:
            resolve_to(app, number, DeliveryState(state))
            click.echo(f"delivery {number} is {state} now", err=True)


def _message(row: StoredDelivery) -> str:
    if row.notice is not None:
        return f"notice: {row.notice}"
    return f"issue {row.issue_id}" if row.issue_id else f"status {row.status_id}"


def resolve_to(app: App, number: int, state: DeliveryState) -> None:
    """Take one step by hand."""
    from syndicate.errors import ConfigError

    try:
        app.deliveries.resolve(number, state, app.clock.now())
    except ValueError as error:
        raise ConfigError(f"delivery {number}: {error}", hint="syndicate deliveries list") from error

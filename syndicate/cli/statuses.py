"""`syndicate statuses` and `syndicate accounts`: what is posted, and whether it can be."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

from syndicate.cli.context import ROW, as_json_option, cut, opened, print_json, print_table, when

if TYPE_CHECKING:
    from syndicate.store.statuses import StoredStatus


@click.group(name="statuses")
def command() -> None:
    """See, retry and measure statuses."""


@command.command(name="list")
@click.option("--account", help="Only this account's.")
@click.option("--limit", type=click.IntRange(1, 1_000_000), default=50, show_default=True, help="At most so many.")
@as_json_option
@click.pass_context
def list_(context: click.Context, account: str | None, limit: int, as_json: bool) -> None:
    """List statuses, newest first, with what became of each."""
    with opened(context) as app:
        found = app.statuses.listed(account=account, limit=limit)
        if as_json:
            print_json(found)
            return
        rows = [
            [
                each.id,
                each.account,
                each.state,
                when(each.tried or each.due, app),
                _told(each),
                cut(app.entries.get(each.entry_id).title, 50),
            ]
            for each in found
        ]
    print_table(["id", "account", "state", "when", "", "review"], rows, none="no status was planned yet")


@command.command()
@click.argument("number", type=ROW, metavar="ID")
@as_json_option
@click.pass_context
def show(context: click.Context, number: int, as_json: bool) -> None:
    """Show a status as it was, or would be, posted."""
    from syndicate.compose.length import measure as length_of
    from syndicate.pipeline.posts import compose, limits_of

    with opened(context) as app:
        status = app.statuses.get(number)
        limits = limits_of(app, status.account)
        review = app.entries.get(status.entry_id).published_review()
        content = status.content or compose(app, review, status.account, limits)
        length = length_of(content.text, content.spoiler, limits)
        if as_json:
            print_json({"status": status, "content": content, "length": length, "max": limits.max_chars})
            return
    if content.spoiler:
        click.echo(f"CW: {content.spoiler}\n")
    click.echo(content.text)
    if content.image:
        click.echo(f"\npicture: {content.image.url}\nalt: {content.image.alt}")
    click.echo(f"\n{length} of {limits.max_chars} characters, {content.visibility}, {status.state}", err=True)
    click.echo(_told(status), err=True)


@command.command()
@click.argument("number", type=ROW, metavar="ID")
@click.pass_context
def retry(context: click.Context, number: int) -> None:
    """Post a status again that failed or is in doubt. It is looked for on the account first."""
    from syndicate.cli.deliveries import resolve_to
    from syndicate.delivery.model import DeliveryState

    with opened(context) as app:
        resolve_to(app, int(app.statuses.get(number).key), DeliveryState.PLANNED)
    click.echo(f"status {number} is planned again; it goes at the next beat of `syndicate run`", err=True)


@command.command()
@click.argument("text", required=False)
@click.option("--spoiler", default="", help="The content warning, which counts too.")
@click.option("--jsonl", is_flag=True, help='Read {"text", "spoiler"} a line from stdin, print {"length"} a line.')
@as_json_option
def measure(text: str | None, spoiler: str, jsonl: bool, as_json: bool) -> None:
    """Tell how long a status is as Mastodon counts it. The text is the argument, or stdin."""
    from syndicate.compose.length import status_length

    if jsonl:
        for number, line in enumerate(sys.stdin, start=1):
            if line.strip():
                click.echo(json.dumps({"length": status_length(*_measured(line, number))}))
        return
    length = status_length(sys.stdin.read() if text in (None, "-") else text or "", spoiler)
    click.echo(json.dumps({"length": length}) if as_json else str(length))


def _measured(line: str, number: int) -> tuple[str, str]:
    from syndicate.errors import ConfigError

    try:
        asked = json.loads(line)
        return str(asked["text"]), str(asked.get("spoiler") or "")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(
            'is not {"text": "…", "spoiler": "…"}', where=f"stdin line {number}", hint="one JSON object a line"
        ) from error


def _told(status: StoredStatus) -> str:
    return status.remote_url or cut(status.reply, 60) or ("waits" if status.due else "-")

"""`syndicate issues`: build, preview, send and stop issues (what became of one: issues_show.py)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from syndicate.cli.context import (
    ROW,
    as_json_option,
    cut,
    ended_by_signals,
    opened,
    print_json,
    print_table,
    when,
)
from syndicate.cli.issues_approve import approve
from syndicate.cli.issues_lint import draft_of, lint, nothing_words, sample_of, tell_errors
from syndicate.cli.issues_show import film_of, prove, show, summary_of
from syndicate.cli.terminal import write_bytes

if TYPE_CHECKING:
    from syndicate.app import App
    from syndicate.pipeline import Draft
    from syndicate.store.issues import StoredIssue


@click.group(name="issues")
def command() -> None:
    """Build, preview, send and stop issues."""


command.add_command(lint)
command.add_command(show)
command.add_command(approve)
command.add_command(prove)
digest_argument = click.argument("digest", required=False)


@command.command()
@digest_argument
@as_json_option
@click.pass_context
def build(context: click.Context, digest: str | None, as_json: bool) -> None:
    """Tell what the next issue would carry. Nothing is stored or sent; it may be asked again and again."""
    with opened(context) as app:
        made = draft_of(app, digest)
        if as_json:
            print_json(_draft_summary(made))
            return
        click.echo(f"issue {made.number} of {made.digest}, {when(made.period, app)}: {made.email.subject}")
        if made.selection.lead:
            click.echo(f"\nlead\n  {film_of(made.selection.lead)}")
        for section in made.selection.sections:
            click.echo(f"\n{section.title or 'and'}")
            for review in section.reviews:
                click.echo(f"  {film_of(review)}")
        if made.selection.more:
            click.echo(f"\nand {made.selection.more} more, which wait for the next issue")
        if not made.selection.reviews:
            click.echo(nothing_words(app, made.digest))


@command.command()
@digest_argument
@click.option("--html", "kind", flag_value="html", help="The HTML part.")
@click.option("--text", "kind", flag_value="text", default="text", help="The text part (this is the default).")
@click.option("--eml", "kind", flag_value="eml", help="The whole letter to an example reader.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write it to a file instead of stdout.")
@as_json_option
@click.pass_context
def preview(context: click.Context, digest: str | None, kind: str, out: Path | None, as_json: bool) -> None:
    """Print the next issue as it would be sent, with an example reader's slots. Nothing is stored or sent."""
    from syndicate.pipeline.examples import example_letter, filled

    with opened(context) as app:
        made = sample_of(app, draft_of(app, digest))
        shown = filled(app, made.email)
        content = example_letter(app, made).content if kind == "eml" else getattr(shown, kind).encode()
    if as_json:
        print_json({**_draft_summary(made), "html": shown.html, "text": shown.text})
    elif out:
        out.write_bytes(content)
        click.echo(f"wrote {out}, {len(content):,} bytes", err=True)
    else:
        write_bytes(content)


@command.command()
@digest_argument
@click.option(
    "--test", "test_address", metavar="ADDRESS", help="Send the draft to one address only; nothing is frozen."
)
@click.option("--dry-run", is_flag=True, help="Tell what would be sent, and to how many.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--anyway", is_flag=True, help="Send it though the lint finds an error.")
@as_json_option
@click.pass_context
def send(
    context: click.Context,
    digest: str | None,
    test_address: str | None,
    dry_run: bool,
    yes: bool,
    anyway: bool,
    as_json: bool,
) -> None:
    """Freeze the next issue now, whatever the hour, and send it."""
    from syndicate.cli.progress import Bars
    from syndicate.cli.story import tell_issue, tell_open, tell_tally, tell_waiting
    from syndicate.delivery.account import Bucket
    from syndicate.engine import engine_of
    from syndicate.pipeline import publish
    from syndicate.pipeline.examples import send_test
    from syndicate.store.account import account_of

    with opened(context) as app:
        if test_address is not None:
            click.echo(f"{test_address}: {send_test(app, draft_of(app, digest), test_address)}", err=True)
            return
        made = draft_of(app, digest, by_hand=True)
        click.echo(
            f"issue {made.number} of {made.digest}: {made.email.subject}\n  to {_audience(app, made.digest)}", err=True
        )
        if dry_run or not made.selection.reviews:
            click.echo("nothing was sent" if made.selection.reviews else "nothing new: nothing to send", err=True)
            for line in tell_open(app, made.digest):
                click.echo(line, err=True)
            return
        tell_errors(app, made, may_be_sent=anyway)
        if not yes:
            click.confirm("send it now?", abort=True, err=True)
        with ended_by_signals(app):
            published = publish(app, made.digest, anyway=anyway)
            with Bars() as bars:
                delivered = engine_of(app.config).deliver(app, bars.sending)
        account = account_of(app.database, published.issue) if published.issue else None
        waiting = tell_waiting(app) if account and Bucket.TO_GO in account.buckets else None
    if as_json:
        print_json({"published": published, "letters": dict(delivered.letters)})
    click.echo(tell_issue(published), err=True)
    click.echo(account.sentence() if account else tell_tally("letters", delivered.letters), err=True)
    if any(state != "sent" for state in delivered.letters):
        click.echo(f"  why, and what comes next: syndicate issues show {published.issue}", err=True)
    for fault in delivered.faults:
        click.echo(f"stopped: {fault}", err=True)
    if waiting and not delivered.faults:
        click.echo(waiting, err=True)
    context.exit(1 if delivered.has_failures or delivered.faults or app.stop.is_set() else 0)


@command.command()
@click.argument("number", type=ROW, metavar="ID")
@click.pass_context
def stop(context: click.Context, number: int) -> None:
    """Stop an issue: what has not left stays here, and its reviews go into the next one (every: review: into none)."""
    from syndicate.compose.model import IssueState
    from syndicate.delivery.model import DeliveryState
    from syndicate.errors import ConfigError

    with opened(context) as app:
        issue = app.issues.get(number)
        if issue.state is IssueState.DRAFT:
            raise ConfigError(f"issue {number} waits for approval: unless it is approved, it does not go")
        if issue.state not in (IssueState.FROZEN, IssueState.SENDING):
            raise ConfigError(f"issue {number} is {issue.state}; only one that is frozen or being sent can be stopped")
        doubted = app.deliveries.counts(number).get(DeliveryState.IN_DOUBT, 0)
        stopped = app.issues.cancel(number, app.clock.now())
    told = f"issue {number} is cancelled; {stopped - doubted} letters did not leave"
    click.echo(f"{told}, {doubted} were in doubt and may have" if doubted else told, err=True)


@command.command(name="list")
@click.option("--limit", type=click.IntRange(1, 1_000_000), default=30, show_default=True, help="At most so many.")
@as_json_option
@click.pass_context
def list_(context: click.Context, limit: int, as_json: bool) -> None:
    """List issues, newest first, the skipped ones too."""
    with opened(context) as app:
        waiting = app.approvals.waiting()
        found = app.issues.listed(limit=limit)
        if as_json:
            print_json([summary_of(app, each) for each in found])
            return
        rows = [
            [
                each.id,
                each.digest,
                each.number,
                when(each.period, app),
                _state_of(app, each),
                cut(each.email.subject if each.email else each.reason, 60),
            ]
            for each in found
        ]
    print_table(["id", "digest", "issue", "for", "state", ""], rows, none="no issue yet; see: syndicate issues build")
    for each in waiting:
        click.echo(f"{each.digest} waits for your approval: syndicate issues approve {each.id}", err=True)


def _state_of(app: App, issue: StoredIssue) -> str:
    from syndicate.compose.model import IssueState

    if issue.state is IssueState.DRAFT:
        return "waits for you"
    return "approved" if issue.state is IssueState.FROZEN and issue.period > app.clock.now() else issue.state.value


def _draft_summary(made: Draft) -> dict[str, Any]:
    return {
        "digest": made.digest,
        "number": made.number,
        "period": made.period,
        "subject": made.email.subject,
        "preheader": made.email.preheader,
        "lead": film_of(made.selection.lead) if made.selection.lead else None,
        "sections": [
            {"title": each.title, "films": [film_of(review) for review in each.reviews]}
            for each in made.selection.sections
        ],
        "more": made.selection.more,
        "inputs": made.inputs_hash,
        "templates": made.templates_hash,
    }


def _audience(app: App, digest: str) -> str:
    from syndicate.audience.model import SubscriptionState

    told = []
    for name in app.config.digests[digest].lists:
        address = app.config.lists[name].address
        told.append(f"{name}: {address or app.audience.count(name).get(SubscriptionState.CONFIRMED, 0)}")
    return ", ".join(told) or "nobody: the digest has no lists"

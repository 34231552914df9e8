"""`syndicate issues approve`: let an issue that waits for a person go out at its hour."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from syndicate.cli.context import ROW, as_json_option, opened, print_json, when

if TYPE_CHECKING:
    from syndicate.app import App
    from syndicate.errors import SyndicateError
    from syndicate.pipeline.approval import Approved
    from syndicate.store.issues import StoredIssue


@click.command()
@click.argument("number", type=ROW, metavar="ID")
@click.option("--letter", metavar="HASH", help="Approve only this very letter, as the mail that asked you names it.")
@click.option("--anyway", is_flag=True, help="Approve it though the lint finds an error.")
@as_json_option
@click.pass_context
def approve(context: click.Context, number: int, letter: str | None, anyway: bool, as_json: bool) -> None:
    """Approve an issue that waits for you: it goes out at its hour, exactly as it was shown."""
    from syndicate.pipeline.approval import Answer, approve
    from syndicate.pipeline.lint import errors, line_of

    with opened(context) as app:
        done = approve(app, number, shown=letter, anyway=anyway)
        if done.answer not in (Answer.APPROVED, Answer.ALREADY):
            raise _refusal(number, done)
        for found in errors(done.findings) if done.answer is Answer.APPROVED else ():
            click.echo(f"{line_of(found)} (approved anyway)", err=True)
        assert done.issue is not None
        told = _told(app, done.answer is Answer.APPROVED, done.issue)
        if as_json:
            print_json({"answer": done.answer, "id": number, **_summary(done.issue)})
        click.echo(told, err=True)


def _told(app: App, is_new: bool, issue: StoredIssue) -> str:
    from syndicate.compose.model import IssueState
    from syndicate.pipeline.asking import audience_of

    subject = issue.email.subject if issue.email else ""
    head = f"issue {issue.number} of {issue.digest} {'is approved' if is_new else 'was approved before'}: “{subject}”"
    if issue.state is not IssueState.FROZEN:
        return f"{head}; it is {issue.state}"
    is_ahead = issue.period > app.clock.now()
    leaves = f"leaves {when(issue.period, app)}" if is_ahead else "leaves at the next beat of `syndicate run`"
    return f"{head}\n  to {audience_of(app, issue)}; it {leaves}"


def _summary(issue: StoredIssue) -> dict[str, object]:
    return {
        "digest": issue.digest,
        "number": issue.number,
        "state": issue.state,
        "period": issue.period,
        "subject": issue.email.subject if issue.email else None,
    }


def _refusal(number: int, done: Approved) -> SyndicateError:
    """Return why nothing was approved, and what to do."""
    from syndicate.errors import ConfigError, LintError
    from syndicate.pipeline.approval import Answer
    from syndicate.pipeline.asking import command_of
    from syndicate.pipeline.lint import errors, line_of

    issue = done.issue
    if issue is None:
        return ConfigError(f"nothing is left of issue {number}: its reviews are gone", hint="syndicate issues list")
    if done.answer is Answer.CHANGED:
        return ConfigError(
            f"issue {number} is another letter than the one that you were shown",
            hint=f"look at it: syndicate issues show {number} --text; then: {command_of(issue)}",
        )
    if done.answer is Answer.FLAWED:
        lines = "\n".join(f"  {line_of(each)}" for each in errors(done.findings))
        hint = f"mend them; as it is: syndicate issues approve {number} --anyway"
        return LintError(f"issue {number} has errors:\n{lines}", hint=hint)
    reason = f", {issue.reason}" if issue.reason else ""
    return ConfigError(
        f"issue {number} is {issue.state}{reason}: there is nothing to approve",
        hint=f"its reviews wait for the next one; to send them now: syndicate issues send {issue.digest}",
    )

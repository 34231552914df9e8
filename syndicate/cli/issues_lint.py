"""`syndicate issues lint`: what is wrong with the next issue, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from syndicate.cli.context import as_json_option, opened, print_json

if TYPE_CHECKING:
    from syndicate.app import App
    from syndicate.pipeline import Draft


@click.command()
@click.argument("digest", required=False)
@as_json_option
@click.pass_context
def lint(context: click.Context, digest: str | None, as_json: bool) -> None:
    """Tell what mail programs, filters and readers would find wrong with the next issue. Exits with 1 on an error."""
    from syndicate.compose.lint import Severity
    from syndicate.pipeline.lint import line_of, lint_draft

    with opened(context) as app:
        if app.config.mail:
            _ = app.keyring  # Who asks is told where it cannot be read: half of the checks need the bytes.
        made = sample_of(app, draft_of(app, digest))
        findings = lint_draft(app, made) if made.selection.reviews else ()
    counts = {each.value: sum(found.severity is each for found in findings) for each in Severity}
    if as_json:
        print_json({"digest": made.digest, "number": made.number, "counts": counts, "findings": findings})
    else:
        for found in findings:
            click.echo(line_of(found))
    if not made.selection.reviews:
        click.echo(nothing_words(app, made.digest), err=True)
        return
    told = ", ".join(f"{count} {name}{'' if count == 1 else 's'}" for name, count in counts.items())
    click.echo(f"issue {made.number} of {made.digest}: {told}", err=True)
    context.exit(1 if counts[Severity.ERROR] else 0)


def tell_errors(app: App, made: Draft, *, may_be_sent: bool) -> None:
    """Tell of a draft's errors on stderr. Raises LintError for them, unless it may be sent so."""
    from syndicate.pipeline.lint import check, errors, line_of, lint_draft

    if not may_be_sent:
        check(app, made)
        return
    for found in errors(lint_draft(app, made)):
        click.echo(f"{line_of(found)} (sent anyway)", err=True)


def draft_of(app: App, digest: str | None, *, by_hand: bool = False) -> Draft:
    """Return the next issue of a digest, of the only one where none is named; `by_hand`: as it would be sent now."""
    from syndicate.errors import ConfigError
    from syndicate.pipeline import draft
    from syndicate.pipeline.approval import next_issue

    if digest is None and len(app.config.digests) != 1:
        there = ", ".join(app.config.digests) or "none"
        raise ConfigError(f"which digest? config.yaml has: {there}", hint="name it after the command")
    name = digest or next(iter(app.config.digests))
    return draft(app, name) if by_hand else next_issue(app, name)


def sample_of(app: App, made: Draft) -> Draft:
    """Return a draft to look at: where nothing waits for a letter of its own, that of the newest review, and say so."""
    from syndicate.pipeline.draft import sample

    newest = sample(app, made.digest) if app.config.digests[made.digest].every and not made.selection.reviews else None
    if newest is None:
        return made
    click.echo(f"{nothing_words(app, made.digest)}; this is how the newest one looks", err=True)
    return newest


def nothing_words(app: App, digest: str) -> str:
    """Return what there is to say of a next issue that carries nothing."""
    if app.config.digests[digest].every:
        return "nothing waits: the next review that is announced gets a letter of its own"
    return "nothing new: this issue would be skipped"

"""`syndicate issues show` and `prove`: what became of an issue's letters, and whether that is so."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from dataclasses import asdict
from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any

import click

from syndicate.cli.context import ROW, as_json_option, cut, opened, print_json, when

if TYPE_CHECKING:
    from syndicate.app import App
    from syndicate.delivery.account import Account, Reason, Times
    from syndicate.store.issues import StoredIssue
    from syndicate.store.proof import Checked, Proof

MOST_CHARS = 100
"""How long a server's words may be; --json has them whole."""


@click.command()
@click.argument("number", type=ROW, metavar="ID")
@click.option("--text", is_flag=True, help="Print its letter's text, as a reader gets it.")
@as_json_option
@click.pass_context
def show(context: click.Context, number: int, text: bool, as_json: bool) -> None:
    """Show an issue: what it carries, and the account of its letters."""
    from syndicate.store.account import account_of, reasons_of, times_of

    with opened(context) as app:
        issue = app.issues.get(number)
        if text:
            click.echo(_letter_of(issue))
            return
        summary = summary_of(app, issue)
        account, times = account_of(app.database, number), times_of(app.database, number)
        reasons = reasons_of(app.database, number)
        if as_json:
            print_json({**summary, "account": account_json(account), "times": times, "reasons": reasons})
            return
        for line in (*_head(app, issue, summary), *_account(app, issue, account, times), *_why(issue, reasons)):
            click.echo(line)


@click.command()
@click.argument("number", type=ROW, metavar="ID")
@as_json_option
@click.pass_context
def prove(context: click.Context, number: int, as_json: bool) -> None:
    """Count an issue's letters row by row, and check what must always be true of them. Changes nothing."""
    from syndicate.cli.progress import Bars
    from syndicate.store import proof

    with opened(context) as app:
        issue = app.issues.get(number)
        total = sum(app.deliveries.counts(number).values())
        with Bars() as bars:
            made = proof.prove(
                app.database, issue.id, progress=lambda done: bars.reach("letters read", done, total or None)
            )
    if as_json:
        account = account_json(made.account)
        rules = [{**asdict(each), "holds": each.holds} for each in made.checked]
        print_json({"id": number, "holds": made.holds, "account": account, "rules": rules})
    else:
        for line in (made.account.sentence(), *_rules(number, made), *_on_wires(made)):
            click.echo(line)
    context.exit(0 if made.holds else 1)


def _letter_of(issue: StoredIssue) -> str:
    from syndicate.errors import NotFoundError
    from syndicate.pipeline.asking import shown

    letter = shown(issue)
    if letter is None:
        raise NotFoundError(f"issue {issue.id} has no letter: it is {issue.state}", hint="syndicate issues list")
    return letter.text


def account_json(account: Account) -> dict[str, Any]:
    """Return an account for --json: each state by its own name, and what a person would reckon."""
    from syndicate.delivery.model import DeliveryState

    buckets = {bucket.replace(" ", "_"): number for bucket, number in account.buckets.items()}
    came_back = {
        state.value: account.states.get(state, 0) for state in (DeliveryState.BOUNCED, DeliveryState.COMPLAINED)
    }
    return {"candidates": account.candidates, **buckets, "adds_up": account.adds_up, "of_the_sent": came_back}


def summary_of(app: App, issue: StoredIssue) -> dict[str, Any]:
    """Return an issue for --json."""
    return {
        "id": issue.id,
        "digest": issue.digest,
        "number": issue.number,
        "period": issue.period,
        "state": issue.state,
        "reason": issue.reason,
        "subject": issue.email.subject if issue.email else None,
        "asked": issue.asked,
        "frozen": issue.frozen,
        "finished": issue.finished,
        "films": [film_of(review) for review in app.issues.reviews_of(issue.id)],
        "letters": {state.value: count for state, count in app.deliveries.counts(issue.id).items()},
    }


def film_of(review: Any) -> str:
    """Return a review's film, with its year where that is known."""
    film = review.review.film
    return f"{film.title} ({film.year})" if film.year else str(film.title)


def _head(app: App, issue: StoredIssue, summary: dict[str, Any]) -> Iterator[str]:
    head = f"issue {issue.number} of {issue.digest}" if issue.number else f"{issue.digest}"
    yield f"{head}, for {when(issue.period, app)}: {issue.state}{f', {issue.reason}' if issue.reason else ''}"
    if issue.email:
        yield f"{issue.email.subject}\n"
    for film in summary["films"]:
        yield f"  {film}"
    yield from _waits(app, issue)


def _waits(app: App, issue: StoredIssue) -> Iterator[str]:
    """Yield since when a draft waits for a person, and what lets it go."""
    from syndicate.compose.model import IssueState
    from syndicate.pipeline.asking import audience_of, command_of

    if issue.state is IssueState.FROZEN and issue.period > app.clock.now():
        yield f"\napproved; it leaves {when(issue.period, app)}"
    if issue.state is not IssueState.DRAFT:
        return
    since = (
        f"waits for approval since {when(issue.asked, app)}" if issue.asked else "waits for approval; nobody was asked"
    )
    yield f"\n{since}\n  it goes to {audience_of(app, issue)}, if you approve it"
    yield f"  read it: syndicate issues show {issue.id} --text\n  approve it: {command_of(issue)}"


def _account(app: App, issue: StoredIssue, account: Account, times: Times) -> Iterator[str]:
    """Yield the account and what of it a person must know; nothing for an issue that was never frozen."""
    from syndicate.delivery.model import DeliveryState

    if issue.frozen is None:
        return
    yield f"\n{account.sentence()}"
    if (flaw := account.flaw()) is not None:
        yield f"  {flaw}: syndicate issues prove {issue.id}"
    bounced, complained = (account.states.get(state, 0) for state in (DeliveryState.BOUNCED, DeliveryState.COMPLAINED))
    if bounced or complained:
        yield f"  of the sent, {bounced:,} came back since, and {complained:,} were called spam"
    if times.first and times.last:
        yield f"  first tried {when(times.first, app)}, last {when(times.last, app)}{_pace(times)}"
    if times.next_try:
        yield f"  the next one is tried {when(times.next_try, app)}"
    if times.held:
        yield f"  in doubt, and waiting for you: {times.held:,} (syndicate deliveries resolve ID --as sent)"


def _pace(times: Times) -> str:
    from syndicate.cli.sendings import pace

    if times.pace is None or times.pace.per_second is None:
        return ""
    return f"; nine in ten within {in_words(times.pace.took)}, {pace(times.pace.per_second)}"


def _why(issue: StoredIssue, reasons: tuple[Reason, ...]) -> Iterator[str]:
    for state, why in groupby(reasons, key=lambda each: each.state):
        yield f"\n{state.replace('_', ' ')}: syndicate deliveries list --issue {issue.id} --state {state}"
        for each in why:
            yield f"  {each.letters:>7,}  {cut(each.text, MOST_CHARS)}"


def _rules(number: int, made: Proof) -> Iterator[str]:
    for each in made.checked:
        if each.holds:
            yield f"  ✓ {each.says}"
            continue
        yield f"  ✗ {each.says}: {each.broken:,} {'does' if each.broken == 1 else 'do'} not"
        yield from _offenders(number, each)


def _offenders(number: int, checked: Checked) -> Iterator[str]:
    for each in checked.offenders:
        yield f"      syndicate deliveries list --issue {number} --after {each - 1} --limit 1"


def _on_wires(made: Proof) -> Iterator[str]:
    for owner in made.senders:
        host, _, rest = owner.partition(":")
        process = rest.partition(":")[0]
        if host == socket.gethostname() and process.isdigit() and not _lives(int(process)):
            yield f"  process {process} died with letters on a wire: the next `syndicate run` puts them in doubt"
        else:
            yield f"  process {process} on {host} has letters on a wire now"


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def in_words(span: timedelta) -> str:
    """Return how long something took: "6 min 40 s", "3 h 5 min"."""
    seconds = round(span.total_seconds())
    sizes = [(seconds // 3600, "h"), (seconds // 60 % 60, "min"), (seconds % 60, "s")]
    told = [f"{number} {unit}" for number, unit in sizes if number]
    return " ".join(told[:2]) or "0 s"

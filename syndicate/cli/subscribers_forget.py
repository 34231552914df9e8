"""`syndicate subscribers forget`: hand over everything held about a person, or erase it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from syndicate.cli.context import json_text, opened

if TYPE_CHECKING:
    from syndicate.app import App
    from syndicate.store.people import Erased, Person

TO_STDOUT = "-"


@click.command()
@click.argument("address")
@click.option(
    "--export",
    "export_to",
    is_flag=False,
    flag_value=TO_STDOUT,
    metavar="[FILE|-]",
    help="Write all that is held as JSON, and erase nothing.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_context
def forget(context: click.Context, address: str, export_to: str | None, yes: bool) -> None:
    """Erase all that is held about a person, but for an HMAC by which the address stays unmailed."""
    from syndicate.store.people import person_of

    with opened(context) as app:
        person = person_of(app.database, app.keyring, address.strip())
        if export_to is not None:
            _export(person, export_to)
            return
        click.echo(_held(person), err=True)
        if not yes:
            click.confirm(f"erase it all, for good, and never mail {person.address} again?", abort=True, err=True)
        _erase(app, person.address)


def _export(person: Person, target: str) -> None:
    """Write everything that is held about a person, for them to read."""
    from syndicate.errors import AudienceError

    text = json_text(person)
    if target == TO_STDOUT:
        click.echo(text)
        return
    try:
        Path(target).write_text(f"{text}\n", encoding="utf-8")
    except OSError as error:
        raise AudienceError(f"cannot be written: {error.strerror}", where=target) from error
    click.echo(f"wrote {target}; nothing was erased", err=True)


def _held(person: Person) -> str:
    """Return in a line what is held."""
    from syndicate.cli.story import counted

    if not person.is_known:
        return f"nothing is held about {person.address}; it would only be marked as not to be mailed"
    if person.is_forgotten and not person.subscriber:
        return f"{person.address} was forgotten already: nothing but an HMAC is held"
    parts = (
        counted(len(person.subscriptions), "subscription", "subscriptions"),
        counted(len(person.deliveries), "letter", "letters"),
        counted(len(person.history), "line of history", "lines of history"),
        counted(len(person.returned), "returned mail", "returned mails"),
    )
    return f"held about {person.address}: {', '.join(parts)}"


def _erase(app: App, address: str) -> None:
    from syndicate.cli.story import counted
    from syndicate.pipeline.forget import forget as erase

    erased = erase(app, address)
    click.echo(f"{address} is forgotten{_stopped(erased)}", err=True)
    letters = counted(erased.letters, "letter", "letters")
    if erased.letters:
        click.echo(f"the account of {letters} stays, and names nobody", err=True)
    if app.database.is_sqlite and not erased.file_rewritten:
        click.echo(
            "the database file could not be written anew, since another process holds it or the disk is full; old "
            "bytes may still stand in it: the same command again, while nothing else runs",
            err=True,
        )
    click.echo(_elsewhere(app), err=True)


def _stopped(erased: Erased) -> str:
    from syndicate.cli.story import counted

    return f"; {counted(erased.stopped, 'letter', 'letters')} will not go out" if erased.stopped else ""


def _elsewhere(app: App) -> str:
    """Return where a person may still stand that this command does not reach."""
    places = ["backups", "your relay's log", "the return mailbox"]
    if app.config.mail and app.config.mail.outbox:
        places.insert(0, str(app.config.mail.outbox))
    if not app.database.is_sqlite:
        places.insert(0, "the server's own log and dead rows (VACUUM)")
    return f"not reached from here: {', '.join(places)}"

"""`syndicate subscribers show`: the whole story of an address."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import click

from syndicate.audience.addresses import harmless
from syndicate.cli.context import as_json_option, cut, opened, print_json, when

if TYPE_CHECKING:
    from syndicate.app import App
    from syndicate.audience.model import Happening
    from syndicate.store.people import CameBack, Got, Person

NOTICES = {
    "confirm": "the mail that asks “was it you?”",
    "already": "the mail “you are subscribed already”",
    "welcome": "the welcome",
}
MOST_CHARS = 100
"""How long a server's words may be; --json has them whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailed:
    """Whether an address is mailed by a list now, and why not."""

    list: str
    mailed: bool
    because: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a story."""

    at: datetime | None
    text: str


@click.command()
@click.argument("address")
@as_json_option
@click.pass_context
def show(context: click.Context, address: str, as_json: bool) -> None:
    """Tell the whole story of an address: whether it is mailed, and all that became of it."""
    from syndicate.errors import NotFoundError
    from syndicate.store.people import person_of

    with opened(context) as app:
        person = person_of(app.database, app.keyring, address.strip())
        if not person.is_known:
            raise NotFoundError(
                f"nothing is known of {address}", hint="syndicate subscribers list, or look for a slip of the pen"
            )
        if as_json:
            print_json(_plain(app, person))
            return
        for line in _told(app, person):
            click.echo(line)


def verdicts(app: App, person: Person) -> tuple[Mailed, ...]:
    """Return what the policy says of each list that the person is, or was, on."""
    from syndicate.audience.model import RecipientFacts
    from syndicate.audience.policy import Suppressed, may_receive

    reason = person.suppression.reason if person.suppression else None
    found = []
    for link in person.subscriptions:
        verdict = may_receive(RecipientFacts(subscriptions=(link.state,), suppression=reason))
        because = verdict.reason if isinstance(verdict, Suppressed) else None
        if because is None and link.list_name not in app.config.lists:
            because = "config.yaml has no such list any more"
        found.append(Mailed(list=link.list_name, mailed=because is None, because=because))
    return tuple(found)


def story(person: Person) -> tuple[Line, ...]:
    """Return all that became of a person, the oldest first; what has no time yet comes last."""
    lines = [
        *_joined(person),
        *(Line(at=each.at, text=_happening(each)) for each in person.history if not _is_told(each, person)),
        *(Line(at=each.tried or each.due, text=_letter(each)) for each in person.deliveries),
        *(Line(at=each.at, text=_came_back(each)) for each in person.returned),
        *_suppressed(person),
    ]
    timed = [(line.at, line) for line in lines if line.at is not None]
    return (
        *(line for _, line in sorted(timed, key=lambda each: each[0])),
        *(line for line in lines if line.at is None),
    )


def _told(app: App, person: Person) -> Iterator[str]:
    name = f"  {person.subscriber.name}" if person.subscriber and person.subscriber.name else ""
    yield f"{person.address}{name}"
    yield ""
    yield from _standing(app, person)
    lines = story(person)
    if lines:
        yield ""
    for line in lines:
        yield f"  {when(line.at, app):<21}  {harmless(line.text)}"


def _standing(app: App, person: Person) -> Iterator[str]:
    """Yield whether the address is mailed: a line for each list, or one for all."""
    if person.is_forgotten and not person.subscriber:
        yield "not mailed, because this person was forgotten: the address is held only as an HMAC"
        return
    found = verdicts(app, person)
    if not found:
        reason = f"address suppressed: {person.suppression.reason}" if person.suppression else "on no list"
        yield f"not mailed, because {reason}"
    width = max((len(each.list) for each in found), default=0)
    for each in found:
        verdict = "mailed: yes" if each.mailed else f"not mailed, because {each.because}"
        yield f"{each.list:<{width}}  {verdict}"


def _joined(person: Person) -> Iterator[Line]:
    """Yield the beginning, and the subscriptions of which no line of history tells."""
    if person.subscriber is None:
        return
    added = person.subscriber.added
    yield Line(at=added, text="first known here")
    told = {(each.list_name, each.at) for each in person.history}
    for link in person.subscriptions:
        if (link.list_name, link.since) not in told:
            before = ", as the file tells that was imported" if link.since < added else ""
            yield Line(at=link.since, text=f"{link.list_name}: {link.state}{before}")


def _suppressed(person: Person) -> Iterator[Line]:
    """Yield the suppression where the history does not have it."""
    there = person.suppression
    if there and not any(each.what == "suppressed" for each in person.history):
        yield Line(at=there.since, text="forgotten" if person.is_forgotten else f"suppressed: {there.reason}")


def _is_told(happening: Happening, person: Person) -> bool:
    """Return whether a mail that came back at that moment tells it already: that it bounced, and what was done."""
    returned = [each for each in person.returned if each.at == happening.at]
    if happening.what == "suppressed":
        return any(each.action == "suppressed" for each in returned)
    return happening.what in ("bounced", "complained") and bool(returned)


def _happening(happening: Happening) -> str:
    where = f"{happening.list_name}: " if happening.list_name else ""
    return f"{where}{happening.what}{f' ({happening.note})' if happening.note else ''}"


def _letter(got: Got) -> str:
    if got.notice:
        what = f"{got.list_name}: " if got.list_name else ""
        what += NOTICES.get(got.notice, got.notice)
    else:
        title = f" “{cut(got.subject, 60)}”" if got.subject else ""
        what = f"issue {got.number} of {got.digest}{title}"
    attempts = f" at attempt {got.attempts}" if got.attempts > 1 else ""
    reply = f" ({cut(got.reply, MOST_CHARS)})" if got.reply else ""
    return f"{what}: {got.state.replace('_', ' ')}{attempts}{reply}"


def _came_back(mail: CameBack) -> str:
    status = f" {mail.status}" if mail.status else ""
    words = f": {cut(mail.diagnostic or mail.why, MOST_CHARS)}"
    done = "" if mail.action == "nothing" else f"; {mail.action}"
    return f"came back, {mail.kind}{status}{words}{done}"


def _plain(app: App, person: Person) -> dict[str, object]:
    """Return a person as data."""
    return {
        "address": person.address,
        "name": person.subscriber.name if person.subscriber else None,
        "added": person.subscriber.added if person.subscriber else None,
        "forgotten": person.is_forgotten,
        "mailed": verdicts(app, person),
        "subscriptions": person.subscriptions,
        "suppression": person.suppression,
        "history": person.history,
        "deliveries": person.deliveries,
        "returned": person.returned,
        "story": story(person),
    }

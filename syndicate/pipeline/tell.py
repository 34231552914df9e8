"""Alerts: one log line and one mail when something needs the editor, one when it is well again."""

from __future__ import annotations

import logging
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from syndicate.app import App
from syndicate.compose.letter import message_id
from syndicate.config import Mail
from syndicate.delivery.model import DeliveryKey, Letter, Sent
from syndicate.errors import SyndicateError
from syndicate.log import event
from syndicate.store.incidents import Incident


def alert(app: App, incident: str, text: str) -> None:
    """Open an incident, unless it is open: the log has it at once, `tell` mails it."""
    if app.incidents.open(incident, text, app.clock.now()):
        event("alert", level=logging.ERROR, incident=incident, text=text)


def alert_anew(app: App, incident: str, text: str) -> None:
    """Open an incident, also where it is open for another cause (its first line differs): it has happened again."""
    first = text.splitlines()[0]
    for each in app.incidents.open_ones():
        if each.name == incident and each.text.splitlines()[0] != first:
            app.incidents.close(incident, app.clock.now())
    alert(app, incident, text)


def recovered(app: App, incident: str) -> None:
    """Close an incident, if it is open; `tell` mails that it is over, also where it kept its own mail from going."""
    if app.incidents.close(incident, app.clock.now()):
        event("recovered", level=logging.WARNING, incident=incident)


def tell(app: App) -> int:
    """Mail what the editor has not been told; return how many mails went.

    A mail that cannot be sent (the relay itself may be the incident) is tried again at the next call.
    """
    mail, notify = app.config.mail, app.config.notify
    untold = app.incidents.untold(app.clock.now())
    if not untold or mail is None or notify is None:
        return 0
    return sum(_tell_one(app, mail, notify, incident) for incident in untold)


def _tell_one(app: App, mail: Mail, notify: str, incident: Incident) -> bool:
    try:
        letter = _letter(app, mail, notify, incident)
    except SyndicateError as error:
        event("alert-not-mailed", level=logging.WARNING, incident=incident.name, because=error.what)
        return False
    is_told = hand_over(app, letter, incident.name)
    if is_told:
        app.incidents.told(incident, app.clock.now())
    return is_told


def hand_over(app: App, letter: Letter, incident: str) -> bool:
    """Return whether any relay, or the outbox, took a mail to the editor; the log says why one did not."""
    return any(_is_taken(app, relay, letter, incident) for relay in app.relays_to_try() or (None,))


def _is_taken(app: App, relay: str | None, letter: Letter, incident: str) -> bool:
    """Return whether a relay, or the outbox, took the mail: the incident may be that the first one does not."""
    because: object
    try:
        outcomes = [outcome for _, outcome in app.mail_channel(relay).send([letter])]
        if any(isinstance(outcome, Sent) for outcome in outcomes):
            return True
        because = outcomes
    except SyndicateError as error:
        because = error.what
    event("alert-not-mailed", level=logging.WARNING, incident=incident, relay=relay, because=because)
    return False


def _letter(app: App, mail: Mail, notify: str, incident: Incident) -> Letter:
    first_line = incident.text.splitlines()[0]
    message = EmailMessage(policy=SMTP)
    message["From"] = mail.sender
    message["To"] = notify
    message["Subject"] = f"[{app.config.site.name}] {'well again: ' if incident.closed else ''}{first_line}"[:150]
    message["Date"] = format_datetime(incident.closed or incident.opened)
    message["Auto-Submitted"] = "auto-generated"
    number = message_id(
        app.secret,
        incident.name,
        f"{incident.opened}:{incident.closed}",
        mail.sender_address.rpartition("@")[2],
    )
    message["Message-ID"] = number
    end = f"It is over since {incident.closed:%Y-%m-%d %H:%M} UTC.\n\n" if incident.closed else ""
    message.set_content(
        f"{end}{incident.text}\n\nSince {incident.opened:%Y-%m-%d %H:%M} UTC. Incident: {incident.name}\n"
    )
    return Letter(
        key=DeliveryKey(0),
        message_id=number,
        sender=mail.bounces_to(),
        recipient=notify,
        content=message.as_bytes(),
    )

"""The return mailbox is read: every message is applied and then moved out of the way, whatever it says."""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from syndicate.app import App
from syndicate.config import Mailbox, mailbox_password
from syndicate.errors import ConfigError, SyndicateError, UnreachableError
from syndicate.log import event
from syndicate.mailbox.model import ASIDE, Message, ReturnMailbox
from syndicate.pipeline.returns import POLICY_INCIDENT, Applied, apply
from syndicate.pipeline.tell import alert, recovered
from syndicate.returns.model import Action, ReturnKind
from syndicate.returns.read import read_returned
from syndicate.store.database import get_value, set_value
from syndicate.store.returned import last_of

LOOKED, READ = "mailbox_looked", "mailbox_read"
"""The small values that hold when we last looked, and when that last went well."""
PATIENCE = timedelta(hours=1)
"""How long the mailbox may be out of reach before the editor is told."""
MOST_OF_A_BEAT = timedelta(minutes=1)
"""How long a beat reads the mailbox: whoever floods it must not keep letters from going. The next beat reads on."""
POLICY_QUIET = timedelta(days=8)
"""After so long without a further one, refusals by policy are over: longer than a weekly issue's turn."""
UNREADABLE, WAITING = "return mailbox", "mail aside"


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What one look into the return mailbox came to."""

    read: int = 0
    again: int = 0
    """Read before, and only moved now: a crash came between."""
    kinds: Counter[ReturnKind] = field(default_factory=Counter)
    actions: Counter[Action] = field(default_factory=Counter)
    aside: int = 0
    """How many messages wait for the editor, these among them."""
    is_cut: bool = False
    """Its time was over before the mailbox's end."""
    fault: SyndicateError | None = None
    """Why the mailbox could not be read, or not to its end."""


def returns_due(app: App) -> Looked | None:
    """Look into the return mailbox where its time has come; None where it has not, or there is none.

    A fault is told to the editor once, and again when it is over: at once where a person must act, after an hour where
    the server may come back by itself.
    """
    mailbox = app.config.mail.mailbox if app.config.mail else None
    if mailbox is None or not _is_due(app, mailbox):
        return None
    try:
        looked = poll_mailbox(app, until=app.clock.now() + MOST_OF_A_BEAT)
    except SyndicateError as error:
        _tell_of_fault(app, error)
        return Looked(fault=error)
    recovered(app, UNREADABLE)
    if looked.is_cut:
        _remember(app, LOOKED, None)
    return looked


def poll_mailbox(
    app: App,
    *,
    dry_run: bool = False,
    until: datetime | None = None,
    seen: Callable[[Message, Applied], None] = lambda *_: None,
) -> Looked:
    """Read the return mailbox to its end and apply what is there; with a dry run, change and move nothing.

    At `until` it stops: at least one message was read by then, and what is left is read the next time.

    Raises ConfigError where there is no mailbox, ChannelError where it cannot be read; what was applied by then holds.
    """
    kinds, actions, again, is_cut = Counter[ReturnKind](), Counter[Action](), 0, False
    with _opened(app) as mailbox:
        for message in mailbox.messages():
            is_cut = bool(until and kinds and app.clock.now() >= until)
            if is_cut or app.stop.is_set():
                break
            applied = _one(app, mailbox, message, dry_run)
            kinds[applied.kind] += 1
            actions[applied.action] += 1
            again += applied.again
            seen(message, applied)
        aside = mailbox.aside() + (actions[Action.ASIDE] if dry_run else 0)
    if not dry_run:
        _remember(app, READ, app.clock.now())
        _tell_of_aside(app, aside)
        _close_policy(app)
    return Looked(read=kinds.total(), again=again, kinds=kinds, actions=actions, aside=aside, is_cut=is_cut)


def _one(app: App, mailbox: ReturnMailbox, message: Message, dry_run: bool) -> Applied:
    """Apply a message, and only then move it: what is read twice changes nothing, what is moved unread is lost."""
    applied = apply(app, read_returned(message.head), message_key(message), dry_run=dry_run)
    if not dry_run:
        mailbox.settle(message.id, aside=applied.action is Action.ASIDE)
    return applied


def message_key(message: Message) -> str:
    """Return what tells messages apart: of what was read and the size of the whole. No id: servers give new ones."""
    return f"mail:{hashlib.sha256(message.head).hexdigest()}:{message.size}"


@contextmanager
def _opened(app: App) -> Iterator[ReturnMailbox]:
    mailbox = app.config.mail.mailbox if app.config.mail else None
    if mailbox is None:
        raise ConfigError(
            "config.yaml names no return mailbox", hint="add mail.mailbox with imap or maildir; docs/returned-mail.md"
        )
    if mailbox.imap is None:
        from syndicate.mailbox.maildir import MaildirMailbox

        yield MaildirMailbox(app.config.resolve(mailbox.maildir or "Maildir"))
        return
    from syndicate.mailbox.imap import Account, ImapMailbox

    imap = mailbox.imap
    account = Account(
        host=imap.host,
        port=imap.port,
        security=imap.security.value,
        user=imap.user,
        password=mailbox_password(app.config),
        folder=imap.folder,
        timeout=imap.timeout,
    )
    with ImapMailbox(account) as opened:
        yield opened


def _is_due(app: App, mailbox: Mailbox) -> bool:
    """Return whether it is time to look, and remember that we do."""
    last = _when(app, LOOKED)
    if last is not None and last <= app.clock.now() < last + mailbox.every:
        return False
    _remember(app, LOOKED, app.clock.now())
    return True


def _tell_of_fault(app: App, error: SyndicateError) -> None:
    last = _when(app, READ)
    if isinstance(error, UnreachableError) and last and app.clock.now() < last + PATIENCE:
        event("mailbox-unreachable", level=logging.WARNING, because=error.what)
    else:
        alert(app, UNREADABLE, f"the return mailbox cannot be read: {error}")


def _tell_of_aside(app: App, aside: int) -> None:
    if not aside:
        recovered(app, WAITING)
        return
    are = "messages wait" if aside > 1 else "message waits"
    alert(
        app,
        WAITING,
        f"{aside} {are} for you in the folder {ASIDE} of the return mailbox\n\n"
        "They are of people who wrote themselves, or came back and were not understood, or prove nothing; so they "
        "changed nothing. Read them, and move or delete them. Until the folder is empty no other mail tells of it.",
    )


def _close_policy(app: App) -> None:
    """Close what was told of refusals by policy once none came for longer than an issue's turn."""
    for incident in app.incidents.open_ones():
        if not incident.name.startswith(POLICY_INCIDENT):
            continue
        cause = incident.name.removeprefix(POLICY_INCIDENT)
        with app.database.read() as connection:
            last = last_of(connection, ReturnKind.POLICY, cause if cause[0].isdigit() else None)
        if app.clock.now() - max(last or incident.opened, incident.opened) > POLICY_QUIET:
            recovered(app, incident.name)


def _when(app: App, name: str) -> datetime | None:
    with app.database.read() as connection:
        known = get_value(connection, name)
    return datetime.fromisoformat(known) if known else None


def _remember(app: App, name: str, moment: datetime | None) -> None:
    with app.database.write() as connection:
        set_value(connection, name, moment.isoformat() if moment else None)

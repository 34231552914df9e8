"""What comes back is applied: each message once, to the reader whom something of ours in it proves, and to nobody else.

apply               a message of the return mailbox (pipeline/mailbox.py reads it)
refused_at_sending  a refusal while a letter was handed over, which proves itself
import_returns      a relay's own account, which the editor vouches for
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from syndicate.app import App
from syndicate.audience.addresses import address_key
from syndicate.audience.model import Subscriber, SuppressionReason, What
from syndicate.compose.letter import message_id
from syndicate.delivery.model import DeliveryKey, DeliveryState
from syndicate.delivery.retry import Step
from syndicate.log import event
from syndicate.pipeline.tell import alert
from syndicate.returns.decide import SOFT_BOUNCES_AGE, decide, weigh
from syndicate.returns.model import Action, Returned, ReturnKind
from syndicate.returns.status import kind_of_reply, refined_status
from syndicate.store import returned as rows
from syndicate.store.deliveries import move
from syndicate.store.history import happened
from syndicate.store.joining import leave, leave_letter
from syndicate.store.proving import Proven, proven, reader_of
from syndicate.store.suppressing import suppress

POLICY_INCIDENT = "refused by policy:"
MOST_POLICIES = 5
"""So many causes are told apart at a time. A reader can send reports of any cause, and each would be a mail."""
_S = DeliveryState


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What was made of a message."""

    kind: ReturnKind
    action: Action
    address: str | None = None
    """Whom it is proven to be about."""
    again: bool = False
    """It was read before; nothing was done this time."""
    why: str = ""


def apply(app: App, returned: Returned, key: str, *, dry_run: bool = False) -> Applied:
    """Do what a message that came back asks for, once; `key` tells messages apart.

    Its row and all that it changes are committed together, so a message that is read again, after a crash before it
    was moved away, changes nothing more. An alert follows the commit, and is made up for when it is read again.
    """
    with app.database.write() as connection:
        applied = _once(connection, returned, key, app.clock.now(), lambda: _prove(app, connection, returned))
        if dry_run:
            connection.rollback()
    if not dry_run:
        _tell(app, applied, returned)
    return applied


def refused_at_sending(app: App, key: DeliveryKey, reply: str) -> Applied | None:
    """Do what a server's final refusal of a letter asks for; None where it went to no reader of ours.

    Call it once the ledger has recorded the delivery as failed. `reply` is what the server said.
    """
    words = " ".join(reply.split())[:500]
    status = refined_status(None, words)
    said = Returned(kind=kind_of_reply(reply), status=status, diagnostic=words, why="refused when it was handed over")
    row = f"refused:{key}:{hashlib.sha256(reply.encode('utf-8', 'replace')).hexdigest()[:32]}"
    with app.database.write() as connection:
        reader = reader_of(connection, key)
        if reader is None:
            return None
        whom = Proven(reader=reader, delivery=key)
        applied = _once(connection, said, row, app.clock.now(), lambda: whom)
    _tell(app, applied, said)
    return applied


def _once(
    connection: Connection, returned: Returned, key: str, now: datetime, whom: Callable[[], Proven | None]
) -> Applied:
    """Remember a message and act upon it, or return what was made of it before."""
    number = rows.remember(
        connection,
        key,
        returned.kind,
        now,
        status=returned.status,
        diagnostic=returned.diagnostic,
        why=returned.why,
    )
    if number is None:
        known = rows.recall(connection, key)
        action = known.action if known else Action.NOTHING
        return Applied(kind=returned.kind, action=action, again=True, why=returned.why)
    found = whom()
    action = _act(connection, number, returned, found, now)
    rows.conclude(connection, number, action)
    address = found.reader.address if found else None
    return Applied(kind=returned.kind, action=action, address=address, why=returned.why)


def _act(connection: Connection, number: int, returned: Returned, whom: Proven | None, now: datetime) -> Action:
    if whom is None:
        return decide(returned.kind, is_proven=False)
    reader = whom.reader
    rows.attribute(connection, number, reader.address, whom.delivery)
    named = {address_key(each) for each in returned.recipients}
    kind = weigh(returned.kind, forwarded=bool(named) and address_key(reader.address) not in named)
    action = decide(kind, is_proven=True, soft_bounces=_soft_bounces(connection, number, kind, reader, now))
    if whom.delivery is not None:
        _move(connection, whom.delivery, kind, returned.diagnostic or returned.status or returned.why)
    _change_reader(connection, whom, kind, action, _told(returned), now)
    return action


def _soft_bounces(connection: Connection, number: int, kind: ReturnKind, reader: Subscriber, now: datetime) -> int:
    """Return how many soft bounces a reader has of late, this one counted; 0 where this is none."""
    if kind is not ReturnKind.SOFT:
        return 0
    rows.conclude(connection, number, Action.COUNTED)
    return rows.soft_bounces(connection, reader.address, now - SOFT_BOUNCES_AGE)


def _move(connection: Connection, delivery: int, kind: ReturnKind, reply: str) -> None:
    """Take the delivery where the ledger's graph lets it go. That something came back settles a doubt: it was sent."""
    if kind is ReturnKind.HARD:
        move(connection, delivery, Step(state=_S.BOUNCED, due=None, reply=reply))
        return
    was_sent = Step(state=_S.SENT, due=None, reply="something came back, so it was sent")
    move(connection, delivery, was_sent, since=_S.IN_DOUBT)
    if kind is ReturnKind.COMPLAINT:
        move(connection, delivery, Step(state=_S.COMPLAINED, due=None, reply=reply))


def _change_reader(
    connection: Connection, whom: Proven, kind: ReturnKind, action: Action, note: str, now: datetime
) -> None:
    reader = whom.reader
    if kind in (ReturnKind.HARD, ReturnKind.SOFT):
        happened(connection, reader.address, What.BOUNCED, now, note=f"{kind}: {note}")
    elif kind is ReturnKind.COMPLAINT:
        happened(connection, reader.address, What.COMPLAINED, now, note=note)
        leave(connection, reader, None, "a complaint", now)
    elif action is Action.UNSUBSCRIBED:
        leave_letter(connection, reader, whom.lists, "by mail", now)
    if action is Action.SUPPRESSED:
        suppress(connection, reader.address, REASONS[kind], now, note=note)


REASONS = {
    ReturnKind.HARD: SuppressionReason.HARD_BOUNCE,
    ReturnKind.SOFT: SuppressionReason.SOFT_BOUNCES,
    ReturnKind.COMPLAINT: SuppressionReason.COMPLAINT,
}


def _prove(app: App, connection: Connection, returned: Returned) -> Proven | None:
    mail = app.config.mail
    domain = mail.sender_address.rpartition("@")[2] if mail else ""
    return proven(
        connection,
        app.keyring,
        lambda sent, address: message_id(app.secret, sent, address, domain),
        verp_tokens=returned.verp_tokens,
        web_tokens=returned.web_tokens,
        message_ids=returned.message_ids,
        recipients=returned.recipients,
    )


def _told(returned: Returned) -> str:
    return returned.diagnostic or returned.status or returned.why


def _cause(app: App, cause: str) -> str:
    """Return by what name a refusal is told: its status, or with many others while those of many are open."""
    named = {each.name for each in app.incidents.open_ones() if each.name.startswith(POLICY_INCIDENT)}
    return cause if f"{POLICY_INCIDENT}{cause}" in named or len(named) < MOST_POLICIES else "many causes"


def _tell(app: App, applied: Applied, returned: Returned) -> None:
    if applied.action is Action.ALERTED:
        cause = _cause(app, returned.status or "no status code")
        alert(
            app,
            f"{POLICY_INCIDENT}{cause}",
            f"letters are refused because of us ({cause})\n\n"
            f"A receiver says: {_told(returned)}\n\n"
            "It is not the reader, who stays on the list. What it means, and what to do: docs/returned-mail.md",
        )
    if not applied.again:
        event("returned", kind=applied.kind, action=applied.action, why=applied.why)

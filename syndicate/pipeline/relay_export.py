"""A relay's export is applied: the editor vouches for it, so it needs no proof, and counts for strangers too."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from sqlalchemy import Connection, select

from syndicate.app import App
from syndicate.audience.addresses import address_key
from syndicate.audience.model import Subscriber, SuppressionReason, What
from syndicate.returns.decide import SOFT_BOUNCES_AGE, decide
from syndicate.returns.model import Action, ReturnKind
from syndicate.returns.statements import NotUnderstood, Reported
from syndicate.store import returned
from syndicate.store.history import happened
from syndicate.store.joining import leave
from syndicate.store.suppressing import forgotten_among, suppress_all
from syndicate.store.tables import subscribers

BATCH = 500
HOW = "the relay's export"
_REASONS = {
    ReturnKind.HARD: SuppressionReason.HARD_BOUNCE,
    ReturnKind.SOFT: SuppressionReason.SOFT_BOUNCES,
    ReturnKind.COMPLAINT: SuppressionReason.COMPLAINT,
}
_OF_STRANGERS = frozenset({ReturnKind.HARD, ReturnKind.COMPLAINT, ReturnKind.UNSUBSCRIBE})
"""What is kept of an address that is on no list, so that no later import brings it in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an import of an export did, or with a dry run would have done."""

    read: int
    again: int
    """Statements that an earlier import brought; they did nothing this time, and a release since then holds."""
    kinds: Counter[ReturnKind]
    actions: Counter[Action]
    not_understood: tuple[NotUnderstood, ...]


def import_returns(
    app: App,
    found: Iterable[Reported | NotUnderstood],
    *,
    dry_run: bool = False,
    progress: Callable[[int], None] = lambda _: None,
) -> Imported:
    """Apply what an export says, each statement once; a batch of 500 is committed together.

    A hard bounce or a complaint suppresses the address, known or not. Who left there leaves every list here, and a
    stranger who did is suppressed on request. Soft bounces count by their dates; refusals by policy change nothing.
    """
    kinds, actions, again = Counter[ReturnKind](), Counter[Action](), 0
    unknown: list[NotUnderstood] = []
    for batch in _batches(found):
        told = [each for each in batch if isinstance(each, Reported)]
        unknown += [each for each in batch if isinstance(each, NotUnderstood)]
        done = _apply(app, told, dry_run)
        again += done.count(None)
        kinds.update(each.kind for each in told)
        actions.update(each for each in done if each is not None)
        progress(len(batch))
    return Imported(read=kinds.total(), again=again, kinds=kinds, actions=actions, not_understood=tuple(unknown))


def _batches(found: Iterable[Reported | NotUnderstood]) -> Iterator[list[Reported | NotUnderstood]]:
    rest = iter(found)
    while batch := list(islice(rest, BATCH)):
        yield batch


def _apply(app: App, told: Sequence[Reported], dry_run: bool) -> list[Action | None]:
    """Return what was done for each statement; None where it was known.

    Who was forgotten is suppressed already, under a name that does not show the address, and it stays so.
    """
    with app.database.write() as connection:
        readers = _readers(connection, told)
        strangers = {each.address for each in told if address_key(each.address) not in readers}
        forgotten = forgotten_among(connection, app.keyring, strangers)
        kept = [each for each in told if address_key(each.address) not in forgotten]
        done = _act(connection, {_key(each): each for each in kept}, readers, app.clock.now())
        if dry_run:
            connection.rollback()
    nothing: list[Action | None] = [Action.NOTHING] * (len(told) - len(kept))
    known: list[Action | None] = [None] * (len(kept) - len(done))
    return [*done, *known, *nothing]


def _act(
    connection: Connection, told: Mapping[str, Reported], readers: Mapping[str, Subscriber], now: datetime
) -> list[Action]:
    """Remember statements and carry out those that are new, in a handful of statements however many they are."""
    rows = [_row(key, each, readers.get(address_key(each.address)), now) for key, each in told.items()]
    numbers = returned.remember_all(connection, rows)
    done: list[Action] = []
    notes: dict[SuppressionReason, dict[str, str]] = {}
    for key, each in told.items():
        if key not in numbers:
            continue
        reader = readers.get(address_key(each.address))
        action = _counted(connection, numbers[key], each, reader, now)
        if reader is not None and action is not Action.NOTHING:
            _change(connection, each, reader, now)
        if action is Action.SUPPRESSED:
            reason = _REASONS.get(each.kind, SuppressionReason.REQUEST)
            notes.setdefault(reason, {})[each.address] = _note(each)
        done.append(action)
    for reason, addresses in notes.items():
        suppress_all(connection, addresses, reason, now)
    return done


def _row(key: str, told: Reported, reader: Subscriber | None, now: datetime) -> dict[str, object]:
    action = _action(told.kind, reader)
    return {
        "key": key,
        "at": min(told.at or now, now),
        "kind": told.kind,
        "action": action,
        "address_key": address_key(told.address) if action is not Action.NOTHING else None,
        "status": told.status,
        "diagnostic": told.diagnostic,
        "why": f"{HOW}: {told.why}",
    }


def _counted(connection: Connection, number: int, told: Reported, reader: Subscriber | None, now: datetime) -> Action:
    """Return what is to be done, once the soft bounces of a reader are counted, this one too."""
    if reader is None or told.kind is not ReturnKind.SOFT:
        return _action(told.kind, reader)
    counted = returned.soft_bounces(connection, reader.address, now - SOFT_BOUNCES_AGE)
    action = decide(told.kind, is_proven=True, soft_bounces=counted)
    returned.conclude(connection, number, action)
    return action


def _readers(connection: Connection, told: Sequence[Reported]) -> dict[str, Subscriber]:
    """Return those of the addresses that are readers here, by key. Locked in one order, as leaving locks them."""
    keys = {address_key(each.address) for each in told}
    query = select(subscribers).where(subscribers.c.address_key.in_(keys)).order_by(subscribers.c.id).with_for_update()
    return {
        row.address_key: Subscriber(id=row.id, address=row.address, name=row.name, added=row.added)
        for row in connection.execute(query)
    }


def _action(kind: ReturnKind, reader: Subscriber | None) -> Action:
    """Return what a statement asks for, before soft bounces are counted. Policy alerts nobody: the editor reads it."""
    if kind in (ReturnKind.POLICY, ReturnKind.OTHER) or (reader is None and kind not in _OF_STRANGERS):
        return Action.NOTHING
    if reader is None and kind is ReturnKind.UNSUBSCRIBE:
        return Action.SUPPRESSED
    return decide(kind, is_proven=True)


def _change(connection: Connection, told: Reported, reader: Subscriber, now: datetime) -> None:
    if told.kind in (ReturnKind.HARD, ReturnKind.SOFT):
        happened(connection, reader.address, What.BOUNCED, now, note=_note(told))
    else:
        leave(connection, reader, None, _note(told), now)


def _note(told: Reported) -> str:
    return f"{HOW}: {told.diagnostic or told.status or told.why}"


def _key(told: Reported) -> str:
    """Return what tells statements apart: what is said of whom, and when it happened."""
    text = f"{address_key(told.address)}|{told.kind}|{told.at and told.at.isoformat()}|{told.why}"
    return f"export:{hashlib.sha256(text.encode()).hexdigest()}"

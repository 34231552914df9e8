"""The suppression of an address in the caller's transaction, with its line of history."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from syndicate.audience.addresses import address_key
from syndicate.audience.model import SuppressionReason, What
from syndicate.audience.tokens import Keyring, forgotten_keys
from syndicate.store.history import happened
from syndicate.store.tables import history, suppressions

BOUNCES = (SuppressionReason.HARD_BOUNCE, SuppressionReason.SOFT_BOUNCES)


def suppress(connection: Connection, address: str, reason: SuppressionReason, now: datetime, *, note: str = "") -> bool:
    """Never mail an address again; False where it was suppressed before.

    The first reason stays, but that a complaint outweighs a bounce (a mailbox may be mended, a complaint is a person's
    word), and every other reason a request, which the reader's own newer word lifts.
    """
    return bool(suppress_all(connection, {address: note}, reason, now))


def outweighing(row: Any, reason: SuppressionReason) -> Any:
    """Return an INSERT into `suppressions` that takes the place of a weaker reason, and else leaves what is there."""
    weaker = {SuppressionReason.REQUEST} - {reason}
    if reason is SuppressionReason.COMPLAINT:
        weaker |= {*BOUNCES}
    if not weaker:
        return row.on_conflict_do_nothing()
    return row.on_conflict_do_update(
        index_elements=["address_key"],
        set_={"reason": row.excluded.reason, "since": row.excluded.since, "note": row.excluded.note},
        where=or_(*(suppressions.c.reason == each for each in sorted(weaker))),  # IN knows no executemany
    )


def lift_request(connection: Connection, address: str, now: datetime, note: str) -> bool:
    """Take back that an address is not mailed because its reader asked so; False where that was not the reason."""
    gone = delete(suppressions).where(
        suppressions.c.address_key == address_key(address), suppressions.c.reason == SuppressionReason.REQUEST
    )
    if not connection.execute(gone).rowcount:
        return False
    happened(connection, address, What.RELEASED, now, note=note)
    return True


def requested_since(connection: Connection, address: str) -> datetime | None:
    """Return since when an address is not mailed because its reader asked so; None where that is not the reason."""
    query = select(suppressions.c.since).where(
        suppressions.c.address_key == address_key(address), suppressions.c.reason == SuppressionReason.REQUEST
    )
    since: datetime | None = connection.execute(query).scalar()
    return since


def suppress_all(
    connection: Connection, notes: Mapping[str, str], reason: SuppressionReason, now: datetime
) -> frozenset[str]:
    """Suppress many addresses, each with its note, for one reason; return whose reason is new, by key (address_key)."""
    told = {address_key(address): note for address, note in notes.items()}
    if not told:
        return frozenset()
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    row = insert(suppressions)
    kept = outweighing(row, reason)
    rows = [
        {"address_key": key, "reason": reason, "since": now, "note": note or None} for key, note in sorted(told.items())
    ]
    new = frozenset(connection.execute(kept.returning(suppressions.c.address_key), rows).scalars())
    lines = [
        {
            "address_key": key,
            "at": now,
            "what": What.SUPPRESSED,
            "note": (f"{reason}, {note}" if note else reason)[:500],
        }
        for key, note in told.items()
        if key in new
    ]
    if lines:
        connection.execute(history.insert(), lines)
    return new


def forgotten_among(connection: Connection, keyring: Keyring, addresses: Collection[str]) -> frozenset[str]:
    """Return which of these addresses were erased on request, by key (address_key)."""
    kept = select(suppressions.c.address_key).where(suppressions.c.reason == SuppressionReason.FORGOTTEN)
    if connection.execute(kept.limit(1)).first() is None:
        return frozenset()
    hidden = {name: address_key(each) for each in addresses for name in forgotten_keys(keyring, each)}
    found = connection.execute(kept.where(suppressions.c.address_key.in_(hidden))).scalars()
    return frozenset(hidden[name] for name in found)

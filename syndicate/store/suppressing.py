"""The suppression of an address in the caller's transaction, with its line of history."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from syndicate.audience.addresses import address_key
from syndicate.audience.model import SuppressionReason, What
from syndicate.audience.tokens import Keyring, forgotten_keys
from syndicate.store.history import happened
from syndicate.store.tables import suppressions

BOUNCES = (SuppressionReason.HARD_BOUNCE, SuppressionReason.SOFT_BOUNCES)


def suppress(connection: Connection, address: str, reason: SuppressionReason, now: datetime, *, note: str = "") -> bool:
    """Never mail an address again; False where it was suppressed before.

    The first reason stays, but that a complaint outweighs a bounce: a mailbox may be mended, a complaint is a person's
    word.
    """
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    row = insert(suppressions).values(address_key=address_key(address), reason=reason, since=now, note=note or None)
    if reason is SuppressionReason.COMPLAINT:
        kept = row.on_conflict_do_update(
            index_elements=["address_key"],
            set_={"reason": reason, "since": now, "note": note or None},
            where=suppressions.c.reason.in_(BOUNCES),
        )
    else:
        kept = row.on_conflict_do_nothing()
    is_new = connection.execute(kept.returning(suppressions.c.address_key)).first() is not None
    if is_new:
        happened(connection, address, What.SUPPRESSED, now, note=f"{reason}, {note}" if note else reason)
    return is_new


def forgotten_among(connection: Connection, keyring: Keyring, addresses: Collection[str]) -> frozenset[str]:
    """Return which of these addresses were erased on request, by key (address_key)."""
    kept = select(suppressions.c.address_key).where(suppressions.c.reason == SuppressionReason.FORGOTTEN)
    if connection.execute(kept.limit(1)).first() is None:
        return frozenset()
    hidden = {name: address_key(each) for each in addresses for name in forgotten_keys(keyring, each)}
    found = connection.execute(kept.where(suppressions.c.address_key.in_(hidden))).scalars()
    return frozenset(hidden[name] for name in found)

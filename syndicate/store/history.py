"""The history of an address: a line for whatever became of it, but for being imported."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, insert, select

from syndicate.audience.addresses import address_key
from syndicate.audience.model import Happening, What
from syndicate.store.tables import history


def happened(
    connection: Connection, address: str, what: What, now: datetime, *, list_name: str | None = None, note: str = ""
) -> None:
    """Write a line of an address's history, in the caller's transaction."""
    connection.execute(
        insert(history).values(
            address_key=address_key(address), at=now, what=what, list=list_name, note=note[:500] or None
        )
    )


def history_of(connection: Connection, address: str) -> tuple[Happening, ...]:
    """Return an address's history, the oldest line first."""
    query = select(history).where(history.c.address_key == address_key(address)).order_by(history.c.at, history.c.id)
    return tuple(
        Happening(at=row.at, what=What(row.what), list_name=row.list, note=row.note)
        for row in connection.execute(query)
    )

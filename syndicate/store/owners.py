"""The workers that send besides each other: each is an owner, seen again and again, and dead once it was not.

    enter ──► beat, beat, … ──► leave            an owner's life, by the database's clock, so that no two clocks matter
                 └─ not seen for a lease ──► bury: it has ended, and what it had on its wires is in doubt

An owner that ended claims and records nothing any more (ledger_sql.py asks): its name is its fencing token, never
used twice. PostgreSQL alone: with SQLite there is one sender, which a file's lock makes sure of.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete, exists, func, insert, select, update

from syndicate.delivery.model import DeliveryState
from syndicate.store.database import Database
from syndicate.store.tables import deliveries, owners

KEPT = timedelta(days=7)
"""How long an owner that ended is remembered: far longer than any process stands still and then goes on."""


class OwnerStore:
    """The rows of `owners`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def enter(self, name: str) -> None:
        """Begin to be an owner."""
        with self._database.write() as connection:
            connection.execute(insert(owners).values(name=name, seen=func.now()))

    def beat(self, name: str) -> bool:
        """Be seen; False where the owner was taken for dead, and must not go on."""
        living = (owners.c.name == name, owners.c.ended.is_(None))
        with self._database.write() as connection:
            return connection.execute(update(owners).where(*living).values(seen=func.now())).rowcount == 1

    def leave(self, name: str) -> None:
        """End in peace."""
        with self._database.write() as connection:
            connection.execute(update(owners).where(owners.c.name == name).values(ended=func.now()))

    def living(self) -> tuple[str, ...]:
        """Return the owners that have not ended, by name."""
        query = select(owners.c.name).where(owners.c.ended.is_(None)).order_by(owners.c.name)
        with self._database.read() as connection:
            return tuple(connection.execute(query).scalars())

    def bury(self, lease: timedelta) -> int:
        """End every owner that was not seen for a lease, and put in doubt what no living one is sending.

        Returns how many deliveries are in doubt by that. In one transaction: whoever is ended here can neither claim
        nor record any more.
        """
        gone = (owners.c.ended.is_(None), owners.c.seen < func.now() - lease)
        has_living = exists().where(owners.c.name == deliveries.c.owner, owners.c.ended.is_(None))
        with self._database.write() as connection:
            connection.execute(update(owners).where(*gone).values(ended=func.now()))
            connection.execute(delete(owners).where(owners.c.ended < func.now() - KEPT))
            return connection.execute(
                update(deliveries)
                .where(deliveries.c.state == DeliveryState.SENDING, ~has_living)
                .values(
                    state=DeliveryState.IN_DOUBT,
                    due=func.now(),
                    doubts=deliveries.c.doubts + 1,
                    owner=None,
                    lease=None,
                    reply="the worker died while this was on the wire",
                )
            ).rowcount

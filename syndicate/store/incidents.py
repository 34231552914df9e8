"""What the editor was told: one mail an incident, one on recovery."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update

from syndicate.store.database import Database, insert_if_absent
from syndicate.store.tables import incidents

STILL_NEWS = timedelta(days=7)
"""How long after its end an incident that could not be mailed while it lasted (the relay was it) is still told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """Something that needs, or needed, the editor."""

    name: str
    text: str
    opened: datetime
    closed: datetime | None


class IncidentStore:
    """The rows of `incidents`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def open(self, name: str, text: str, now: datetime) -> bool:
        """Open an incident; False where it is open already."""
        fresh = {"opened": now, "text": text, "told": None, "closed": None, "told_closed": None}
        row = insert_if_absent(self._database, incidents).values(name=name, **fresh)
        with self._database.write() as connection:
            again = row.on_conflict_do_update(
                index_elements=["name"], set_=fresh, where=incidents.c.closed.is_not(None)
            )
            return connection.execute(again.returning(incidents.c.name)).scalar() is not None

    def close(self, name: str, now: datetime) -> bool:
        """Close an incident; False where none of that name is open."""
        with self._database.write() as connection:
            return (
                connection.execute(
                    update(incidents).where(incidents.c.name == name, incidents.c.closed.is_(None)).values(closed=now)
                ).rowcount
                == 1
            )

    def untold(self, now: datetime) -> tuple[Incident, ...]:
        """Return what the editor has not been told: openings, and recoveries, of what was told or is still news."""
        opened = incidents.c.told.is_(None) & incidents.c.closed.is_(None)
        of_note = incidents.c.told.is_not(None) | (incidents.c.closed > now - STILL_NEWS)
        recovered = incidents.c.closed.is_not(None) & incidents.c.told_closed.is_(None) & of_note
        with self._database.read() as connection:
            rows = connection.execute(select(incidents).where(opened | recovered).order_by(incidents.c.opened))
            return tuple(Incident(name=row.name, text=row.text, opened=row.opened, closed=row.closed) for row in rows)

    def told(self, incident: Incident, now: datetime) -> None:
        """Remember that the editor was told."""
        values = {"told_closed": now} if incident.closed else {"told": now}
        with self._database.write() as connection:
            connection.execute(update(incidents).where(incidents.c.name == incident.name).values(values))

    def open_ones(self) -> tuple[Incident, ...]:
        """Return what is open now, oldest first."""
        with self._database.read() as connection:
            rows = connection.execute(
                select(incidents).where(incidents.c.closed.is_(None)).order_by(incidents.c.opened)
            )
            return tuple(Incident(name=row.name, text=row.text, opened=row.opened, closed=None) for row in rows)

"""What the editor chose for the next issue of each digest, kept until that issue is frozen."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from syndicate.compose.choices import Choices
from syndicate.store.database import Database, insert_if_absent
from syndicate.store.tables import choices

_MOST_REVISIONS = 2**31 - 1
"""A database server counts no further; nobody has looked at one that is beyond it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What is chosen, and its revision: 0 where nothing ever was."""

    choices: Choices = field(default_factory=Choices)
    revision: int = 0


class ChoiceStore:
    """The rows of `choices`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, digest: str) -> Kept:
        """Return what is chosen for the digest's next issue."""
        with self._database.read() as connection:
            row = connection.execute(select(choices).where(choices.c.digest == digest)).first()
        return Kept(choices=_choices(row.chosen), revision=row.revision) if row else Kept()

    def keep(self, digest: str, chosen: Choices, *, revision: int, now: datetime) -> bool:
        """Keep what was chosen by someone who looked at `revision`; the new one is one higher.

        Returns False, and changes nothing, where it was changed meanwhile (by another page, or by the issue's going).
        """
        if revision >= _MOST_REVISIONS:
            return False
        values = {"chosen": _values(chosen), "revision": revision + 1, "changed": now}
        with self._database.write() as connection:
            if revision == 0:
                row = insert_if_absent(self._database, choices).values(digest=digest, **values)
                return connection.execute(row.on_conflict_do_nothing().returning(choices.c.digest)).scalar() is not None
            same = (choices.c.digest == digest, choices.c.revision == revision)
            return connection.execute(update(choices).where(*same).values(values)).rowcount == 1


def is_at(connection: Connection, digest: str, revision: int) -> bool:
    """Return whether the editor chose nothing since a revision. All lock the issue first, and then this."""
    query = select(choices.c.revision).where(choices.c.digest == digest).with_for_update()
    return (connection.execute(query).scalar() or 0) == revision


def use_up(connection: Connection, digest: str, now: datetime) -> None:
    """Forget what was chosen, in the transaction that freezes the issue; a page that shows it still is told."""
    used = {"chosen": _values(Choices()), "revision": choices.c.revision + 1, "changed": now}
    connection.execute(update(choices).where(choices.c.digest == digest).values(used))


def _values(chosen: Choices) -> dict[str, Any]:
    return {
        "subject": chosen.subject,
        "preheader": chosen.preheader,
        "note": chosen.note,
        "lead": chosen.lead,
        "order": list(chosen.order),
        "left_out": sorted(chosen.left_out),
    }


def _choices(values: dict[str, Any]) -> Choices:
    return Choices(
        subject=values["subject"],
        preheader=values["preheader"],
        note=values["note"],
        lead=values["lead"],
        order=tuple(values["order"]),
        left_out=frozenset(values["left_out"]),
    )

"""Statuses: one for each review and account, with what was, or will be, posted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, func, insert, select, update

from syndicate.compose.model import StatusContent
from syndicate.delivery.model import DeliveryKey, DeliveryState
from syndicate.errors import NotFoundError
from syndicate.protocols import ALONE, Job, Queue, Task
from syndicate.reviews.admission import EntryState
from syndicate.reviews.model import Image
from syndicate.store.database import Database, insert_if_absent
from syndicate.store.deliveries import WAITING
from syndicate.store.entries import StoredEntry, newest_first, stored_entry
from syndicate.store.tables import deliveries, entries, statuses

TOUCHED = (DeliveryState.SENT, DeliveryState.SENDING, DeliveryState.IN_DOUBT)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredStatus:
    """A status with its delivery."""

    id: int
    key: DeliveryKey
    entry_id: int
    account: str
    planned: datetime
    content: StatusContent | None
    """What was composed at the first attempt; None before it."""
    state: DeliveryState
    due: datetime | None
    attempts: int
    first_tried: datetime | None
    tried: datetime | None
    reply: str | None
    remote_url: str | None


class StatusStore:
    """The rows of `statuses`, each beside its one delivery."""

    def __init__(self, database: Database, queue: Queue = ALONE) -> None:
        self._database, self._queue = database, queue

    def unplanned(self, account: str, feeds: Sequence[str]) -> tuple[StoredEntry, ...]:
        """Return the announced reviews that have no status for an account yet, oldest first."""
        planned = select(statuses.c.link_key).where(statuses.c.account == account)
        query = (
            select(entries)
            .where(entries.c.state == EntryState.READY, entries.c.feed.in_(feeds))
            .where(entries.c.link_key.not_in(planned))
            .order_by(*newest_first())
        )
        with self._database.read() as connection:
            return tuple(reversed([stored_entry(row) for row in connection.execute(query)]))

    def plan(self, entry: StoredEntry, account: str, *, state: DeliveryState, reply: str | None, now: datetime) -> bool:
        """Plan a status and its delivery in one transaction; False where the review has one already."""
        values = {"entry_id": entry.id, "account": account, "link_key": entry.link_key, "planned": now}
        with self._database.write() as connection:
            row = insert_if_absent(self._database, statuses).values(values)
            taken = connection.execute(row.on_conflict_do_nothing().returning(statuses.c.id)).scalar()
            if taken is None:
                return False
            due = now if state is DeliveryState.PLANNED else None
            connection.execute(insert(deliveries).values(status_id=taken, state=state, due=due, reply=reply))
            if due is not None:
                self._queue.defer([Job(task=Task.STATUSES, of=account)], connection)
        return True

    def waiting(self, account: str) -> tuple[StoredStatus, ...]:
        """Return what is still to be posted for an account, in the order in which it goes.

        A review that an editor holds is passed over until it is released.
        """
        query = _rows().where(
            statuses.c.account == account,
            deliveries.c.state.in_(WAITING),
            entries.c.state == EntryState.READY,
        )
        return self._select(query.order_by(deliveries.c.due, statuses.c.id))

    def last_touched(self, account: str) -> datetime | None:
        """Return when a status of the account last went out, or may have."""
        query = (
            select(func.max(deliveries.c.tried))
            .join(statuses, statuses.c.id == deliveries.c.status_id)
            .where(statuses.c.account == account, deliveries.c.state.in_(TOUCHED))
        )
        with self._database.read() as connection:
            last: datetime | None = connection.execute(query).scalar()
        return last

    def freeze(self, number: int, content: StatusContent) -> None:
        """Store what is about to be posted, so that every attempt posts the same."""
        with self._database.write() as connection:
            connection.execute(update(statuses).where(statuses.c.id == number).values(content=asdict(content)))

    def cancel(self, key: DeliveryKey, reason: str) -> None:
        """Give up a status that was never posted."""
        with self._database.write() as connection:
            connection.execute(
                update(deliveries)
                .where(deliveries.c.id == key, deliveries.c.state.in_(WAITING))
                .values(state=DeliveryState.CANCELLED, due=None, reply=reason)
            )

    def get(self, number: int) -> StoredStatus:
        """Return a status by its number; NotFoundError where there is none."""
        found = self._select(_rows().where(statuses.c.id == number))
        if not found:
            raise NotFoundError(f"there is no status {number}", hint="syndicate statuses list")
        return found[0]

    def of_delivery(self, key: DeliveryKey) -> StoredStatus:
        """Return the status of a delivery."""
        return self._select(_rows().where(deliveries.c.id == key))[0]

    def listed(
        self, *, account: str | None = None, entry: int | None = None, limit: int | None = None
    ) -> tuple[StoredStatus, ...]:
        """Return statuses, newest first."""
        query = _rows().order_by(statuses.c.id.desc()).limit(limit)
        if account:
            query = query.where(statuses.c.account == account)
        if entry is not None:
            query = query.where(statuses.c.entry_id == entry)
        return self._select(query)

    def _select(self, query: Select[Any]) -> tuple[StoredStatus, ...]:
        with self._database.read() as connection:
            return tuple(_status(row) for row in connection.execute(query))


def _rows() -> Select[Any]:
    return (
        select(statuses, deliveries.c.id.label("key"), *(deliveries.c[name] for name in _OF_DELIVERY))
        .join(deliveries, deliveries.c.status_id == statuses.c.id)
        .join(entries, entries.c.id == statuses.c.entry_id)
    )


_OF_DELIVERY = ("state", "due", "attempts", "first_tried", "tried", "reply", "remote_url")


def _status(row: Row[Any]) -> StoredStatus:
    got = row._mapping
    return StoredStatus(
        id=got["id"],
        key=DeliveryKey(got["key"]),
        entry_id=got["entry_id"],
        account=got["account"],
        planned=got["planned"],
        content=_content(got["content"]),
        state=DeliveryState(got["state"]),
        **{name: got[name] for name in _OF_DELIVERY if name != "state"},
    )


def _content(stored: dict[str, Any] | None) -> StatusContent | None:
    if stored is None:
        return None
    image = stored["image"]
    return StatusContent(**{**stored, "image": Image(**image) if image else None})

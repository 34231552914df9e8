"""Deliveries for an editor's eyes and decisions: where each stands, the account of an issue, and steps taken by hand.

The other half, claiming and recording, is the ledger's (ledger.py), for the one process that may send.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, case, exists, func, null, select, true, update

from syndicate.audience.model import Notice
from syndicate.compose.model import IssueState
from syndicate.delivery.model import STEPS, DeliveryState
from syndicate.delivery.retry import Step
from syndicate.errors import NotFoundError
from syndicate.store.database import Database
from syndicate.store.tables import deliveries, issues, statuses, subscribers, suppressions

WAITING = (DeliveryState.PLANNED, DeliveryState.DEFERRED)
_S = DeliveryState

STOPPED: Mapping[str, Any] = {
    "state": DeliveryState.CANCELLED,
    "due": None,
    "reply": case(
        (deliveries.c.state == DeliveryState.IN_DOUBT, "the issue was stopped; this was in doubt, so it may have left"),
        else_="the issue was stopped",
    ),
}
"""What becomes of a letter that waits, or is in doubt, when its issue is stopped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDelivery:
    """A row of the ledger for an editor's eyes."""

    id: int
    issue_id: int | None
    status_id: int | None
    notice: Notice | None
    """Which letter about the reader's own subscription it is; then it has neither issue nor status."""
    recipient: str
    """A reader's address, or the name of a list with a posting address, or an account."""
    state: DeliveryState
    due: datetime | None
    attempts: int
    doubts: int
    first_tried: datetime | None
    tried: datetime | None
    reply: str | None
    remote_id: str | None
    remote_url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Retried:
    """What planning an issue's failed deliveries again came to."""

    planned: int
    suppressed: int
    """Failed too, but their readers are suppressed: they stay as they are."""


class DeliveryStore:
    """The rows of `deliveries`, to be looked at and decided on."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def oldest_notice(self, now: datetime) -> datetime | None:
        """Return since when the oldest notice that may be sent now has waited; None where there is none."""
        query = select(func.min(func.coalesce(deliveries.c.first_tried, deliveries.c.due))).where(
            deliveries.c.notice.is_not(None), deliveries.c.state.in_(WAITING), deliveries.c.due <= now
        )
        with self._database.read() as connection:
            oldest: datetime | None = connection.execute(query).scalar()
        return oldest

    def resolve(self, number: int, state: DeliveryState, now: datetime) -> StoredDelivery:
        """Let a person decide: any step that the graph allows from where the delivery stands, but on a wire.

        Raises NotFoundError for an unknown number, ValueError (in words fit for an editor) for any other step.
        """
        row = self.get(number)
        if row.state is _S.SENDING:
            raise ValueError("it is on a wire now; what becomes of it will be recorded")
        if state is _S.SENDING or state not in STEPS[row.state]:
            raise ValueError(f"a delivery that is {row.state} cannot become {state}")
        due = now if state is _S.PLANNED else None
        with self._database.write() as connection:
            if state is _S.PLANNED and _is_stopped(connection, row.issue_id):
                raise ValueError("its issue was stopped; its reviews are in the next one")
            # What failed and never was in doubt was surely not taken: it begins anew, with all its patience.
            is_fresh = row.state is _S.FAILED and row.doubts == 0
            extra = {"attempts": 0, "first_tried": None} if is_fresh else None
            step = Step(state=state, due=due, reply=f"{state} by hand")
            if not move(connection, number, step, since=row.state, extra=extra):
                raise ValueError("it has just changed; look again")
            if state is _S.PLANNED and row.issue_id is not None:
                _open_again(connection, row.issue_id)
        return self.get(number)

    def retry(self, issue: int, now: datetime, *, reply: str = "", dry_run: bool = False) -> Retried:
        """Plan again what failed of an issue, all of it or where the server's words hold `reply` (in any case).

        One statement; whose reader is suppressed is never among them. An issue that was sent is being sent again. A
        dry run changes nothing and counts the same. Raises ValueError where the issue was stopped.
        """
        said = deliveries.c.reply.icontains(reply, autoescape=True) if reply else true()
        failed = and_(deliveries.c.issue_id == issue, deliveries.c.state == _S.FAILED, said)
        with self._database.write() as connection:
            if _is_stopped(connection, issue):
                raise ValueError("it was stopped; its reviews are in the next one")
            all_failed = connection.execute(select(func.count()).select_from(deliveries).where(failed)).scalar_one()
            is_fresh = deliveries.c.doubts == 0  # as in `resolve`: it was surely not taken, and begins anew
            planned = connection.execute(
                update(deliveries)
                .where(failed, ~_is_suppressed())
                .values(
                    state=_S.PLANNED,
                    due=now,
                    reply="planned by hand",
                    attempts=case((is_fresh, 0), else_=deliveries.c.attempts),
                    first_tried=case((is_fresh, null()), else_=deliveries.c.first_tried),
                )
            ).rowcount
            if planned:
                _open_again(connection, issue)
            if dry_run:
                connection.rollback()
        return Retried(planned=planned, suppressed=all_failed - planned)

    def next_due(self, issue: int) -> datetime | None:
        """Return when the next letter of an issue may be tried, or None where nothing waits by itself."""
        query = select(func.min(deliveries.c.due)).where(
            deliveries.c.issue_id == issue, deliveries.c.state.in_((*WAITING, _S.SENDING, _S.IN_DOUBT))
        )
        with self._database.read() as connection:
            due: datetime | None = connection.execute(query).scalar()
        return due

    def counts(self, issue: int) -> dict[DeliveryState, int]:
        """Return how many deliveries of an issue stand where: the account of `issues show`."""
        query = (
            select(deliveries.c.state, func.count()).where(deliveries.c.issue_id == issue).group_by(deliveries.c.state)
        )
        with self._database.read() as connection:
            return {DeliveryState(state): number for state, number in connection.execute(query)}

    def waiting(self, issue: int) -> int:
        """Return how many deliveries of an issue may still change by themselves."""
        return sum(number for state, number in self.counts(issue).items() if state in (*WAITING, _S.SENDING))

    def get(self, number: int) -> StoredDelivery:
        """Return a delivery by its number; NotFoundError where there is none."""
        with self._database.read() as connection:
            row = connection.execute(_delivery_rows().where(deliveries.c.id == number)).one_or_none()
        if row is None:
            raise NotFoundError(f"there is no delivery {number}", hint="syndicate deliveries list")
        return _delivery(row)

    def listed(
        self,
        *,
        states: Sequence[DeliveryState] = (),
        issue: int | None = None,
        subscriber: int | None = None,
        after: int = 0,
        limit: int = 500,
    ) -> tuple[StoredDelivery, ...]:
        """Return a page of deliveries in the order of their numbers; `after` is the last number of the page before."""
        query = _delivery_rows().where(deliveries.c.id > after).order_by(deliveries.c.id).limit(limit)
        if states:
            query = query.where(deliveries.c.state.in_(states))
        if issue is not None:
            query = query.where(deliveries.c.issue_id == issue)
        if subscriber is not None:
            query = query.where(deliveries.c.subscriber_id == subscriber)
        with self._database.read() as connection:
            return tuple(_delivery(row) for row in connection.execute(query))


def _is_suppressed() -> ColumnElement[bool]:
    """Return the condition that a delivery's reader is suppressed; posting addresses have none."""
    return exists().where(
        subscribers.c.id == deliveries.c.subscriber_id, suppressions.c.address_key == subscribers.c.address_key
    )


def _is_stopped(connection: Connection, issue: int | None) -> bool:
    """Return whether an issue was stopped; its row is locked, so that it is not while we plan a letter of it."""
    state = connection.execute(select(issues.c.state).where(issues.c.id == issue).with_for_update()).scalar()
    return state == IssueState.CANCELLED


def _open_again(connection: Connection, issue: int) -> None:
    sent = update(issues).where(issues.c.id == issue, issues.c.state == IssueState.SENT)
    connection.execute(sent.values(state=IssueState.SENDING, finished=None))


def move(
    connection: Connection,
    key: int,
    step: Step,
    *,
    since: DeliveryState | None = None,
    held_by: str | None = None,
    extra: Mapping[str, object] | None = None,
) -> bool:
    """Take one step of the graph; False where the row does not stand (`since`: still) where the step may begin."""
    sources = [since] if since else [state for state, steps in STEPS.items() if step.state in steps]
    statement = update(deliveries).where(deliveries.c.id == key, deliveries.c.state.in_(sources))
    if held_by is not None:
        statement = statement.where(deliveries.c.owner == held_by)
    values = {"state": step.state, "due": step.due, "reply": step.reply, **(extra or {})}
    return connection.execute(statement.values(values)).rowcount == 1


def _delivery_rows() -> Select[Any]:
    recipient = func.coalesce(subscribers.c.address, deliveries.c.list, statuses.c.account).label("recipient")
    return (
        select(deliveries, recipient)
        .outerjoin(subscribers, subscribers.c.id == deliveries.c.subscriber_id)
        .outerjoin(statuses, statuses.c.id == deliveries.c.status_id)
    )


def _delivery(row: Row[Any]) -> StoredDelivery:
    got = row._mapping
    return StoredDelivery(
        id=got["id"],
        issue_id=got["issue_id"],
        status_id=got["status_id"],
        notice=Notice(got["notice"]) if got["notice"] else None,
        recipient=got["recipient"],
        state=DeliveryState(got["state"]),
        due=got["due"],
        attempts=got["attempts"],
        doubts=got["doubts"],
        first_tried=got["first_tried"],
        tried=got["tried"],
        reply=got["reply"],
        remote_id=got["remote_id"],
        remote_url=got["remote_url"],
    )

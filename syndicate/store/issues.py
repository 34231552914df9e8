"""Issues: drafts, what was frozen, and which reviews each one carries."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    delete,
    exists,
    func,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from syndicate.compose.model import IssueState, PublishedReview, RenderedEmail
from syndicate.delivery.model import DeliveryState
from syndicate.errors import NotFoundError
from syndicate.protocols import ALONE, Queue
from syndicate.reviews.admission import EntryState
from syndicate.store.choices import is_at
from syndicate.store.database import Database, insert_if_absent
from syndicate.store.deliveries import STOPPED, WAITING
from syndicate.store.entries import newest_first, stored_entry
from syndicate.store.freezing import CARRYING, Freeze, are_carried, frozen_values, is_waiting, plan_frozen
from syndicate.store.ledger_sql import ALL, Span
from syndicate.store.tables import deliveries, entries, issue_reviews, issues

LETTER_COLUMNS = ("subject", "preheader", "html", "text", "lists", "inputs_hash", "templates_hash", "ways_out")
"""What a skipped issue has not."""
_BEFORE = {
    IssueState.SENDING: (IssueState.FROZEN, IssueState.SENT),
    IssueState.SENT: (IssueState.FROZEN, IssueState.SENDING),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueHead:
    """An issue that was frozen, without its letter."""

    id: int
    digest: str
    number: int
    state: IssueState
    frozen: datetime
    subject: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredIssue:
    """A row of `issues`."""

    id: int
    digest: str
    number: int | None
    """Counted per digest from 1 at freezing; None for drafts and skipped periods."""
    period: datetime
    state: IssueState
    reason: str | None
    created: datetime
    frozen: datetime | None
    finished: datetime | None
    asked: datetime | None
    """When the editor was asked to approve it; None where nobody was."""
    email: RenderedEmail | None
    lists: tuple[str, ...]
    inputs_hash: str | None
    templates_hash: str | None
    ways_out: tuple[str, ...]
    """How a reader leaves, as the letter says it; frozen, since the config may change before the last letter goes."""


class IssueStore:
    """The rows of `issues` and `issue_reviews`."""

    def __init__(self, database: Database, queue: Queue = ALONE) -> None:
        self._database, self._queue = database, queue

    def candidates(
        self, digest: str, feeds: Sequence[str], among: Collection[int] | None = None
    ) -> tuple[tuple[PublishedReview, str], ...]:
        """Return each announced review that no issue of the digest has carried, newest first, with its link key.

        A review that two feeds carry comes once. With `among`, only those are looked at.
        """
        carried = (
            select(issue_reviews.c.link_key)
            .join(issues, issues.c.id == issue_reviews.c.issue_id)
            .where(issues.c.digest == digest, issues.c.state.in_(CARRYING))
        )
        query = (
            select(entries)
            .where(entries.c.state == EntryState.READY, entries.c.feed.in_(feeds))
            .where(entries.c.link_key.not_in(carried))
            .order_by(*newest_first())
        )
        if among is not None:
            query = query.where(entries.c.id.in_(among))
        found: dict[str, PublishedReview] = {}
        with self._database.read() as connection:
            for row in connection.execute(query):
                entry = stored_entry(row)
                found.setdefault(entry.link_key, entry.published_review())
        return tuple((review, key) for key, review in found.items())

    def stopped(self, digest: str) -> dict[str, datetime]:
        """Return the link keys of reviews whose issue a person stopped, and when the last time was."""
        query = (
            select(issue_reviews.c.link_key, func.max(issues.c.finished).label("finished"))
            .join(issues, issues.c.id == issue_reviews.c.issue_id)
            .where(issues.c.digest == digest, issues.c.state == IssueState.CANCELLED)
            .group_by(issue_reviews.c.link_key)
        )
        with self._database.read() as connection:
            return {row.link_key: row.finished for row in connection.execute(query)}

    def next_number(self, digest: str) -> int:
        """Return the number that the digest's next issue will bear."""
        with self._database.read() as connection:
            last = connection.execute(select(func.max(issues.c.number)).where(issues.c.digest == digest)).scalar()
        return int(last or 0) + 1

    def of_period(self, digest: str, period: datetime) -> StoredIssue | None:
        """Return the issue of a period, drafts included, or None."""
        found = self._select(select(issues).where(issues.c.digest == digest, issues.c.period == period))
        return found[0] if found else None

    def freeze(self, issue: Freeze, now: datetime, *, revision: int | None = None) -> int | None:
        """Freeze an issue and plan its deliveries, in one transaction; return its row's number.

        Returns None, and changes nothing, where the period already has an issue, or another issue of the digest
        was frozen since this one was drafted: its number is taken, or its reviews are. Another clock was first.
        So too where the editor has chosen something since `revision`, by which it was drafted.
        """
        with self._database.write() as connection:
            taken = None if are_carried(connection, issue) else self._row_for(connection, issue, now)
            if taken is None:
                return None
            if revision is not None and not is_at(connection, issue.digest, revision):
                connection.rollback()
                return None
            plan_frozen(connection, self._database, self._queue, taken, issue, now=now, due=now)
            return taken

    def _row_for(self, connection: Connection, issue: Freeze, now: datetime) -> int | None:
        """Return the row that becomes this issue: the draft that waits for approval, else a new one; None: neither."""
        values = frozen_values(issue, now)
        try:
            with connection.begin_nested():
                waiting = update(issues).where(*is_waiting(issue.digest, issue.period)).values(values)
                taken = connection.execute(waiting.returning(issues.c.id)).scalar()
        except IntegrityError:  # Another process has just taken the number.
            return None
        if taken is None:
            row = insert_if_absent(self._database, issues).values(values).on_conflict_do_nothing()
            taken = connection.execute(row.returning(issues.c.id)).scalar()
        return None if taken is None else int(taken)

    def skip(self, digest: str, period: datetime, reason: str, now: datetime) -> bool:
        """Record that a period has no issue; False where it already has one.

        A draft that waits for approval becomes the skipped one: nothing of it stays but that it was asked for.
        """
        skipped = {"state": IssueState.SKIPPED, "reason": reason, "finished": now}
        with self._database.write() as connection:
            waiting = update(issues).where(*is_waiting(digest, period))
            values = {**skipped, **dict.fromkeys(LETTER_COLUMNS, null())}
            draft = connection.execute(waiting.values(values).returning(issues.c.id)).scalar()
            if draft is not None:
                connection.execute(delete(issue_reviews).where(issue_reviews.c.issue_id == draft))
                return True
            row = insert_if_absent(self._database, issues).values(digest=digest, period=period, created=now, **skipped)
            return connection.execute(row.on_conflict_do_nothing().returning(issues.c.id)).scalar() is not None

    def move(self, number: int, state: IssueState, *, now: datetime) -> bool:
        """Let a frozen issue be sending, then sent (and sending once more, where a letter is planned again).

        Returns False, and changes nothing, for any other step: an issue that was stopped meanwhile stays so, and one
        of which anything may still move by itself is not sent yet, whoever planned it at this very moment.
        """
        is_end = state is IssueState.SENT
        with self._database.write() as connection:
            # Locked, so that whoever plans a letter of it waits, and then finds it sent and opens it again.
            connection.execute(select(issues.c.id).where(issues.c.id == number).with_for_update())
            moved = update(issues).where(issues.c.id == number, issues.c.state.in_(_BEFORE.get(state, ())))
            if is_end:
                moved = moved.where(~exists().where(deliveries.c.issue_id == number, _may_move()))
            return connection.execute(moved.values(state=state, finished=now if is_end else None)).rowcount == 1

    def cancel(self, number: int, now: datetime) -> int:
        """Cancel an issue that is frozen or being sent: what has not left stays here, its reviews go back.

        Returns how many letters were stopped; those on a wire at this moment are not among them.
        """
        open_states = (IssueState.FROZEN, IssueState.SENDING)
        with self._database.write() as connection:
            cancelled = connection.execute(
                update(issues)
                .where(issues.c.id == number, issues.c.state.in_(open_states))
                .values(state=IssueState.CANCELLED, finished=now, reason="stopped by hand")
            ).rowcount
            if not cancelled:
                return 0
            return connection.execute(
                update(deliveries)
                .where(
                    deliveries.c.issue_id == number,
                    deliveries.c.state.in_((DeliveryState.PLANNED, DeliveryState.DEFERRED, DeliveryState.IN_DOUBT)),
                )
                .values(STOPPED)
            ).rowcount

    def get(self, number: int) -> StoredIssue:
        """Return an issue by its row's number; NotFoundError where there is none."""
        found = self._select(select(issues).where(issues.c.id == number))
        if not found:
            raise NotFoundError(f"there is no issue {number}", hint="syndicate issues list")
        return found[0]

    def listed(self, *, states: Sequence[IssueState] = (), limit: int | None = None) -> tuple[StoredIssue, ...]:
        """Return issues, newest first."""
        query: Select[Any] = select(issues).order_by(issues.c.period.desc(), issues.c.id.desc()).limit(limit)
        return self._select(query.where(issues.c.state.in_(states)) if states else query)

    def heads(self) -> tuple[IssueHead, ...]:
        """Return every issue that keeps its reviews, newest first; letters are large, and none is read for this."""
        columns = (issues.c[name] for name in ("id", "digest", "number", "state", "frozen", "subject"))
        query = select(*columns).where(issues.c.state.in_(CARRYING), issues.c.number.is_not(None))
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(issues.c.period.desc(), issues.c.id.desc()))
            return tuple(
                IssueHead(**{**row._mapping, "state": IssueState(row.state), "subject": row.subject or ""})
                for row in rows
            )

    def reviews_of(self, number: int) -> tuple[PublishedReview, ...]:
        """Return what an issue carries, in reading order, as it is understood today."""
        query = (
            select(entries)
            .join(issue_reviews, issue_reviews.c.entry_id == entries.c.id)
            .where(issue_reviews.c.issue_id == number, issue_reviews.c.position >= 0)
            .order_by(issue_reviews.c.position)
        )
        with self._database.read() as connection:
            return tuple(stored_entry(row).published_review() for row in connection.execute(query))

    def issues_of_review(self, entry_id: int) -> tuple[StoredIssue, ...]:
        """Return the issues that carry, or carried, a review; a draft that waits for approval carries none yet."""
        join = issue_reviews.c.issue_id == issues.c.id
        held = (issue_reviews.c.entry_id == entry_id, issues.c.state != IssueState.DRAFT)
        return self._select(select(issues).join(issue_reviews, join).where(*held).order_by(issues.c.id))

    def to_deliver(self, now: datetime) -> tuple[StoredIssue, ...]:
        """Return the issues whose letters may leave now, the oldest first.

        One that was approved ahead of its hour is not among them before that; one that was sent by hand is.
        """
        has_due = exists().where(deliveries.c.issue_id == issues.c.id, deliveries.c.due <= now)
        begins = and_(issues.c.state == IssueState.FROZEN, or_(issues.c.period <= now, has_due))
        query = select(issues).where(or_(issues.c.state == IssueState.SENDING, begins))
        return self._select(query.order_by(issues.c.id))

    def spans_due(self, number: int, now: datetime, shard: int | None) -> tuple[Span, ...]:
        """Return the spans of rows in which letters of an issue may leave now, each of `shard` rows at most.

        Spans begin at multiples of `shard`, so that who asks again is told the same ones. With None it is one span.
        """
        if shard is None:
            return (ALL,)
        share = (deliveries.c.id - 1) / shard if self._database.is_sqlite else func.div(deliveries.c.id - 1, shard)
        query = (
            select(share)
            .where(deliveries.c.issue_id == number, deliveries.c.state.in_(WAITING), deliveries.c.due <= now)
            .distinct()
        )
        with self._database.read() as connection:
            shares = sorted(int(each) for each in connection.execute(query).scalars())
        return tuple((each * shard, (each + 1) * shard) for each in shares)

    def _select(self, query: Select[Any]) -> tuple[StoredIssue, ...]:
        with self._database.read() as connection:
            return tuple(issue_of(row) for row in connection.execute(query))


def _may_move() -> ColumnElement[bool]:
    """Return whether a delivery may still change by itself: in doubt without a time, it waits for a person."""
    moving = (DeliveryState.PLANNED, DeliveryState.DEFERRED, DeliveryState.SENDING)
    return or_(
        deliveries.c.state.in_(moving),
        and_(deliveries.c.state == DeliveryState.IN_DOUBT, deliveries.c.due.is_not(None)),
    )


def issue_of(row: Row[Any]) -> StoredIssue:
    """Return a row of `issues` as a value."""
    got = row._mapping
    email = None
    if got["html"] is not None:
        email = RenderedEmail(subject=got["subject"], preheader=got["preheader"], html=got["html"], text=got["text"])
    return StoredIssue(
        id=got["id"],
        digest=got["digest"],
        number=got["number"],
        period=got["period"],
        state=IssueState(got["state"]),
        reason=got["reason"],
        created=got["created"],
        frozen=got["frozen"],
        finished=got["finished"],
        asked=got["asked"],
        email=email,
        lists=tuple(got["lists"] or ()),
        inputs_hash=got["inputs_hash"],
        templates_hash=got["templates_hash"],
        ways_out=tuple(got["ways_out"] or ()),
    )

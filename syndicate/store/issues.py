"""Issues: drafts, what was frozen, and which reviews each one carries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    exists,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    update,
)

from syndicate.audience.model import SubscriptionState
from syndicate.compose.model import IssueState, PublishedReview, RenderedEmail, Selection
from syndicate.delivery.model import DeliveryState
from syndicate.errors import NotFoundError
from syndicate.reviews.admission import EntryState
from syndicate.store.choices import use_up
from syndicate.store.database import Database, insert_if_absent
from syndicate.store.deliveries import STOPPED
from syndicate.store.entries import newest_first, stored_entry
from syndicate.store.tables import deliveries, entries, issue_reviews, issues, subscriptions

CARRYING = (IssueState.FROZEN, IssueState.SENDING, IssueState.SENT)
"""The states in which an issue keeps its reviews from the next; a cancelled one gives them back."""
_BEFORE = {
    IssueState.SENDING: (IssueState.FROZEN, IssueState.SENT),
    IssueState.SENT: (IssueState.FROZEN, IssueState.SENDING),
}


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Freeze:
    """All that is stored when an issue is frozen; from then on nothing of it changes."""

    digest: str
    period: datetime
    number: int
    email: RenderedEmail
    selection: Selection
    link_keys: Mapping[int, str]
    """The canonical link of each chosen review, by its number."""
    subscriber_lists: tuple[str, ...]
    posting_lists: tuple[str, ...]
    inputs_hash: str
    templates_hash: str
    ways_out: tuple[str, ...]


class IssueStore:
    """The rows of `issues` and `issue_reviews`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def candidates(self, digest: str, feeds: Sequence[str]) -> tuple[tuple[PublishedReview, str], ...]:
        """Return each announced review that no issue of the digest has carried, newest first, with its link key.

        A review that two feeds carry comes once.
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
        found: dict[str, PublishedReview] = {}
        with self._database.read() as connection:
            for row in connection.execute(query):
                entry = stored_entry(row)
                found.setdefault(entry.link_key, entry.published_review())
        return tuple((review, key) for key, review in found.items())

    def next_number(self, digest: str) -> int:
        """Return the number that the digest's next issue will bear."""
        with self._database.read() as connection:
            last = connection.execute(select(func.max(issues.c.number)).where(issues.c.digest == digest)).scalar()
        return int(last or 0) + 1

    def of_period(self, digest: str, period: datetime) -> StoredIssue | None:
        """Return the issue of a period, drafts included, or None."""
        found = self._select(select(issues).where(issues.c.digest == digest, issues.c.period == period))
        return found[0] if found else None

    def freeze(self, issue: Freeze, now: datetime) -> int | None:
        """Freeze an issue and plan its deliveries, in one transaction; return its row's number.

        Returns None, and changes nothing, where the period already has an issue, or another issue of the digest
        was frozen since this one was drafted: its number is taken, or its reviews are. Another clock was first.
        """
        with self._database.write() as connection:
            if _are_carried(connection, issue):
                return None
            row = insert_if_absent(self._database, issues).values(_frozen_values(issue, now))
            taken = connection.execute(row.on_conflict_do_nothing().returning(issues.c.id)).scalar()
            if taken is None:
                return None
            for position, (section, review) in enumerate(_sectioned(issue.selection)):
                connection.execute(
                    insert(issue_reviews).values(
                        issue_id=taken,
                        entry_id=review.id,
                        link_key=issue.link_keys[review.id],
                        position=position,
                        section=section,
                    )
                )
            planned = plan_deliveries(
                connection, self._database, taken, issue.subscriber_lists, issue.posting_lists, now
            )
            connection.execute(update(issues).where(issues.c.id == taken).values(candidates=planned))
            use_up(connection, issue.digest, now)
        return int(taken)

    def skip(self, digest: str, period: datetime, reason: str, now: datetime) -> bool:
        """Record that a period has no issue; False where it already has one."""
        values = {"digest": digest, "period": period, "state": IssueState.SKIPPED, "reason": reason}
        with self._database.write() as connection:
            row = insert_if_absent(self._database, issues).values(**values, created=now, finished=now)
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

    def reviews_of(self, number: int) -> tuple[PublishedReview, ...]:
        """Return what an issue carries, in reading order, as it is understood today."""
        query = (
            select(entries)
            .join(issue_reviews, issue_reviews.c.entry_id == entries.c.id)
            .where(issue_reviews.c.issue_id == number)
            .order_by(issue_reviews.c.position)
        )
        with self._database.read() as connection:
            return tuple(stored_entry(row).published_review() for row in connection.execute(query))

    def issues_of_review(self, entry_id: int) -> tuple[StoredIssue, ...]:
        """Return the issues that carry a review."""
        join = issue_reviews.c.issue_id == issues.c.id
        return self._select(
            select(issues).join(issue_reviews, join).where(issue_reviews.c.entry_id == entry_id).order_by(issues.c.id)
        )

    def _select(self, query: Select[Any]) -> tuple[StoredIssue, ...]:
        with self._database.read() as connection:
            return tuple(_issue(row) for row in connection.execute(query))


def plan_deliveries(
    connection: Connection,
    database: Database,
    issue: int,
    subscriber_lists: Sequence[str],
    posting_lists: Sequence[str],
    now: datetime,
) -> int:
    """Plan a delivery for each confirmed subscriber, once though on two lists, and for each posting address.

    Returns how many were planned. One set-based statement, safe to run twice: a row that is there stays as it is.
    Nothing else is decided here; the policy is asked when a delivery is claimed.
    """
    # SQLite needs the WHERE to tell the upsert's ON from a join's: https://sqlite.org/lang_upsert.html §2.2.
    readers = (
        select(
            literal(issue),
            subscriptions.c.subscriber_id,
            literal(DeliveryState.PLANNED.value),
            literal(now, type_=deliveries.c.due.type),
        )
        .where(
            subscriptions.c.list.in_(subscriber_lists),
            subscriptions.c.state == SubscriptionState.CONFIRMED,
        )
        .distinct()
    )
    statement = insert_if_absent(database, deliveries).from_select(
        ["issue_id", "subscriber_id", "state", "due"], readers
    )
    # Else psycopg's count of an INSERT is thrown away, and reads -1.
    counting = {"preserve_rowcount": True}
    planned = connection.execute(statement.on_conflict_do_nothing(), execution_options=counting).rowcount
    for name in posting_lists:
        row = insert_if_absent(database, deliveries).values(
            issue_id=issue, subscriber_id=null(), list=name, state=DeliveryState.PLANNED, due=now
        )
        planned += connection.execute(row.on_conflict_do_nothing(), execution_options=counting).rowcount
    return planned


def _may_move() -> ColumnElement[bool]:
    """Return whether a delivery may still change by itself: in doubt without a time, it waits for a person."""
    moving = (DeliveryState.PLANNED, DeliveryState.DEFERRED, DeliveryState.SENDING)
    return or_(
        deliveries.c.state.in_(moving),
        and_(deliveries.c.state == DeliveryState.IN_DOUBT, deliveries.c.due.is_not(None)),
    )


def _are_carried(connection: Connection, issue: Freeze) -> bool:
    """Return whether another issue of the digest carries one of these reviews."""
    keys = [issue.link_keys[review.id] for review in issue.selection.reviews]
    query = (
        select(issue_reviews.c.entry_id)
        .join(issues, issues.c.id == issue_reviews.c.issue_id)
        .where(issues.c.digest == issue.digest, issues.c.state.in_(CARRYING), issue_reviews.c.link_key.in_(keys))
    )
    return connection.execute(query.limit(1)).first() is not None


def _frozen_values(issue: Freeze, now: datetime) -> dict[str, object]:
    return {
        "digest": issue.digest,
        "number": issue.number,
        "period": issue.period,
        "state": IssueState.FROZEN,
        "created": now,
        "frozen": now,
        "subject": issue.email.subject,
        "preheader": issue.email.preheader,
        "html": issue.email.html,
        "text": issue.email.text,
        "lists": [*issue.subscriber_lists, *issue.posting_lists],
        "inputs_hash": issue.inputs_hash,
        "templates_hash": issue.templates_hash,
        "ways_out": list(issue.ways_out),
    }


def _sectioned(selection: Selection) -> list[tuple[str | None, PublishedReview]]:
    lead = [("lead", selection.lead)] if selection.lead else []
    return [*lead, *((section.title, review) for section in selection.sections for review in section.reviews)]


def _issue(row: Row[Any]) -> StoredIssue:
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

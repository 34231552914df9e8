"""Freezing: what is written when an issue becomes final, within the transaction of whoever freezes or approves it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, func, insert, literal, null, select, update

from syndicate.audience.model import SubscriptionState
from syndicate.compose.model import IssueState, PublishedReview, RenderedEmail, Selection
from syndicate.delivery.model import DeliveryState
from syndicate.protocols import Job, Queue, Task
from syndicate.store.choices import use_up
from syndicate.store.database import Database, insert_if_absent
from syndicate.store.tables import deliveries, issue_reviews, issues, subscriptions

CARRYING = (IssueState.FROZEN, IssueState.SENDING, IssueState.SENT)
"""The states in which an issue keeps its reviews from the next; a cancelled one gives them back."""


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


def is_waiting(digest: str, period: datetime) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions of a period's draft that waits for approval."""
    return (issues.c.digest == digest, issues.c.period == period, issues.c.state == IssueState.DRAFT)


def are_carried(connection: Connection, issue: Freeze) -> bool:
    """Return whether another issue of the digest carries one of these reviews."""
    keys = [issue.link_keys[review.id] for review in issue.selection.reviews]
    query = (
        select(issue_reviews.c.entry_id)
        .join(issues, issues.c.id == issue_reviews.c.issue_id)
        .where(issues.c.digest == issue.digest, issues.c.state.in_(CARRYING), issue_reviews.c.link_key.in_(keys))
    )
    return connection.execute(query.limit(1)).first() is not None


def frozen_values(issue: Freeze, now: datetime) -> dict[str, object]:
    """Return the columns of an issue that is frozen now."""
    return {
        **letter_values(issue),
        "number": issue.number,
        "state": IssueState.FROZEN,
        "reason": None,
        "created": now,
        "frozen": now,
    }


def letter_values(issue: Freeze) -> dict[str, object]:
    """Return the columns of an issue that say what its letter is, and for when."""
    return {
        "digest": issue.digest,
        "period": issue.period,
        "subject": issue.email.subject,
        "preheader": issue.email.preheader,
        "html": issue.email.html,
        "text": issue.email.text,
        "lists": [*issue.subscriber_lists, *issue.posting_lists],
        "inputs_hash": issue.inputs_hash,
        "templates_hash": issue.templates_hash,
        "ways_out": list(issue.ways_out),
    }


def plan_frozen(
    connection: Connection, database: Database, queue: Queue, taken: int, issue: Freeze, *, now: datetime, due: datetime
) -> None:
    """Let a row that was just frozen carry its reviews, plan its letters for `due`, and use the choices up.

    The work on them is left in the queue, in the same transaction.
    """
    carry(connection, taken, issue)
    planned = plan_deliveries(connection, database, taken, issue.subscriber_lists, issue.posting_lists, due)
    connection.execute(update(issues).where(issues.c.id == taken).values(candidates=planned))
    use_up(connection, issue.digest, now)
    queue.defer(_shares(connection, taken, queue.shard, due), connection)


def _shares(connection: Connection, issue: int, shard: int | None, due: datetime) -> list[Job]:
    """Return the jobs of an issue's letters, as `IssueStore.spans_due` would; its rows stand beside each other."""
    if shard is None:
        return []
    numbers = select(func.min(deliveries.c.id), func.max(deliveries.c.id)).where(deliveries.c.issue_id == issue)
    first, last = connection.execute(numbers).one()
    if first is None:
        return []
    spans = ((each * shard, (each + 1) * shard) for each in range((first - 1) // shard, (last - 1) // shard + 1))
    return [Job(task=Task.LETTERS, of=str(issue), span=span, due=due) for span in spans]


def carry(connection: Connection, taken: int, issue: Freeze) -> None:
    """Let a row carry the reviews of an issue, in reading order, and no others."""
    connection.execute(delete(issue_reviews).where(issue_reviews.c.issue_id == taken))
    rows = [
        {
            "issue_id": taken,
            "entry_id": review.id,
            "link_key": issue.link_keys[review.id],
            "position": position,
            "section": section,
        }
        for position, (section, review) in enumerate(_sectioned(issue.selection))
    ]
    if rows:
        connection.execute(insert(issue_reviews), rows)


def _sectioned(selection: Selection) -> list[tuple[str | None, PublishedReview]]:
    lead = [("lead", selection.lead)] if selection.lead else []
    return [*lead, *((section.title, review) for section in selection.sections for review in section.reviews)]

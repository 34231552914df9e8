"""Notices in the ledger: letters to one reader about their own subscription. Deliveries without an issue."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from syndicate.audience.model import Notice
from syndicate.compose.model import IssueState
from syndicate.delivery.model import DeliveryState
from syndicate.store.deliveries import WAITING
from syndicate.store.tables import deliveries, issues


def lists_of_notice(names: str) -> tuple[str, ...]:
    """Return the lists that a notice is about, from its column: "weekly+monthly"."""
    return tuple(names.split("+")) if names else ()


def key_of_notice(number: int, first_tried: datetime) -> str:
    """Return what names a notice's letter: of a request that expired nothing stays, and its number is used again."""
    return f"notice:{number}:{int(first_tried.timestamp())}"


def plan_notice(connection: Connection, subscriber: int, lists: tuple[str, ...], notice: Notice, now: datetime) -> bool:
    """Plan a notice about these lists, in the caller's transaction; False where the same one waits already."""
    names = "+".join(sorted(lists))
    waits = select(deliveries.c.id).where(
        deliveries.c.subscriber_id == subscriber,
        deliveries.c.list == names,
        deliveries.c.notice == notice,
        deliveries.c.state.in_((*WAITING, DeliveryState.SENDING)),
    )
    if connection.execute(waits).first() is not None:
        return False
    connection.execute(
        insert(deliveries).values(
            subscriber_id=subscriber, list=names, notice=notice, state=DeliveryState.PLANNED, due=now
        )
    )
    return True


def plan_latest_issue(connection: Connection, subscriber: int, list_name: str, now: datetime) -> int | None:
    """Plan the latest issue that went to a list for one reader more; return its number in the store.

    None where there is no such issue, or the reader has a delivery of it already. A sent issue is being sent again.
    """
    gone = select(issues.c.id, issues.c.lists).where(issues.c.state.in_((IssueState.SENDING, IssueState.SENT)))
    rows = connection.execute(gone.order_by(issues.c.frozen.desc(), issues.c.id.desc()).limit(50))
    issue: int | None = next((row.id for row in rows if list_name in (row.lists or ())), None)
    has_one = select(deliveries.c.id).where(deliveries.c.issue_id == issue, deliveries.c.subscriber_id == subscriber)
    if issue is None or connection.execute(has_one).first() is not None:
        return None
    connection.execute(
        insert(deliveries).values(issue_id=issue, subscriber_id=subscriber, state=DeliveryState.PLANNED, due=now)
    )
    connection.execute(update(issues).where(issues.c.id == issue).values(candidates=issues.c.candidates + 1))
    sent = update(issues).where(issues.c.id == issue, issues.c.state == IssueState.SENT)
    connection.execute(sent.values(state=IssueState.SENDING, finished=None))
    return issue

"""Notices in the ledger: letters to one reader about their own subscription. Deliveries without an issue."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, insert, select

from syndicate.audience.model import Notice
from syndicate.delivery.model import DeliveryState
from syndicate.store.deliveries import WAITING
from syndicate.store.tables import deliveries


def lists_of_notice(names: str) -> tuple[str, ...]:
    """Return the lists that a notice is about, from its column: "weekly+monthly"."""
    return tuple(names.split("+")) if names else ()


def plan_notice(connection: Connection, subscriber: int, lists: tuple[str, ...], notice: Notice, now: datetime) -> bool:
    """Plan a notice about these lists in the caller's transaction; False where the same one waits for that reader already."""
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

"""The account of an issue as its rows give it: where its letters stand, when they were tried, why some did not go."""

from __future__ import annotations

from collections import Counter
from typing import Any

from sqlalchemy import Connection, func, select, true

from syndicate.delivery.account import Account, Pace, Reason, Times, reason_of
from syndicate.delivery.model import DeliveryState
from syndicate.store.database import Database
from syndicate.store.tables import deliveries, issues

MOST_REASONS = 1000
"""So many causes are told apart; a server that says something else to everybody fills no memory."""
_OTHERS = "other reasons"
_S = DeliveryState


def account_of(database: Database, issue: int) -> Account:
    """Return the account of an issue; of an unknown one all is 0."""
    with database.read() as connection:
        # One statement, so one moment: a newcomer's letter and its candidate are both in it, or neither is.
        planned = select(issues.c.candidates).where(issues.c.id == issue).scalar_subquery()
        counted = (
            select(deliveries.c.state, func.count().label("letters"))
            .where(deliveries.c.issue_id == issue)
            .group_by(deliveries.c.state)
            .subquery()
        )
        one = select(planned.label("candidates")).subquery()
        query = select(one.c.candidates, counted.c.state, counted.c.letters).select_from(one.outerjoin(counted, true()))
        rows = connection.execute(query).all()
    states = {DeliveryState(row.state): int(row.letters) for row in rows if row.state is not None}
    return Account(candidates=int(rows[0].candidates or 0), states=states)


def times_of(database: Database, issue: int) -> Times:
    """Return when the letters of an issue were tried, and when the next one is."""
    here = deliveries.c.issue_id == issue
    tried = select(func.min(deliveries.c.first_tried), func.max(deliveries.c.tried)).where(here)
    again = (here, deliveries.c.state.in_((_S.DEFERRED, _S.IN_DOUBT)))
    held = select(func.count()).where(here, deliveries.c.state == _S.IN_DOUBT, deliveries.c.due.is_(None))
    with database.read() as connection:
        first, last = connection.execute(tried).one()
        return Times(
            first=first,
            last=last,
            next_try=connection.execute(select(func.min(deliveries.c.due)).where(*again)).scalar(),
            held=int(connection.execute(held).scalar_one()),
            pace=_pace(connection, issue),
        )


def reasons_of(database: Database, issue: int, *, most: int = 5) -> tuple[Reason, ...]:
    """Return why letters failed, are deferred, in doubt or suppressed: of each state the `most` frequent reasons."""
    states = (_S.FAILED, _S.DEFERRED, _S.IN_DOUBT, _S.SUPPRESSED)
    found: dict[DeliveryState, Counter[str]] = {state: Counter() for state in states}
    query = (
        select(deliveries.c.state, deliveries.c.reply, func.count())
        .where(deliveries.c.issue_id == issue, deliveries.c.state.in_(states))
        .group_by(deliveries.c.state, deliveries.c.reply)
        .execution_options(yield_per=1000)
    )
    with database.read() as connection:
        for state, reply, letters in connection.execute(query):
            known, text = found[DeliveryState(state)], reason_of(reply)
            known[text if text in known or len(known) < MOST_REASONS else _OTHERS] += letters
    return tuple(
        Reason(state=state, text=text, letters=letters)
        for state, texts in found.items()
        for text, letters in texts.most_common(most)
    )


def _pace(connection: Connection, issue: int) -> Pace | None:
    at_once: tuple[Any, ...] = (
        deliveries.c.issue_id == issue,
        deliveries.c.state.in_((_S.SENT, _S.BOUNCED, _S.COMPLAINED)),
        deliveries.c.attempts == 1,
    )
    first, letters = connection.execute(select(func.min(deliveries.c.tried), func.count()).where(*at_once)).one()
    if first is None:
        return None
    most = -(-9 * letters // 10)
    ordered = select(deliveries.c.tried).where(*at_once).order_by(deliveries.c.tried)
    last = connection.execute(ordered.offset(most - 1).limit(1)).scalar_one()
    return Pace(letters=most, took=last - first)

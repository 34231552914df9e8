"""What a crash, a channel that gave up, or a stopped issue leaves behind, and what becomes of it.

recover          sending of a dead owner → in_doubt
settle_doubts    in_doubt → planned, where policy says so and its time has come
doubt_all        whatever is not finished → in_doubt, after a restore
give_back        sending → planned, for what surely never was on a wire
cancel_stopped   what came back from a wire after its issue was stopped → cancelled
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, case, null, or_, select, update

from syndicate.compose.model import IssueState
from syndicate.delivery.model import DeliveryKey, DeliveryState
from syndicate.store.database import Database
from syndicate.store.deliveries import STOPPED, WAITING, DeliveryStore
from syndicate.store.tables import deliveries, issues

_S = DeliveryState


class Settling(DeliveryStore):
    """The rows of `deliveries` that nobody is sending just now, for one owner: a process that may send."""

    def __init__(self, database: Database, owner: str) -> None:
        super().__init__(database)
        self.owner = owner

    def recover(self, now: datetime) -> int:
        """Put what a dead owner had on a wire in doubt; return how many. Call it only as the one sender."""
        with self._database.write() as connection:
            return connection.execute(
                update(deliveries)
                .where(deliveries.c.state == _S.SENDING, deliveries.c.owner.is_distinct_from(self.owner))
                .values(
                    state=_S.IN_DOUBT,
                    due=now,
                    doubts=deliveries.c.doubts + 1,
                    owner=None,
                    lease=None,
                    reply="the sender died while this was on the wire",
                )
            ).rowcount

    def settle_doubts(self, now: datetime, *, letters: bool, most: int) -> int:
        """Let what is in doubt go again where policy says so; return how many.

        Statuses always may: the channel looks for them first. `letters`: mail goes again under its first
        Message-ID. What was in doubt more than `most` times waits for a person (due is None).
        """
        in_doubt = (deliveries.c.state == _S.IN_DOUBT, deliveries.c.due <= now)
        held = deliveries.c.doubts > most
        if not letters:
            held = or_(held, deliveries.c.issue_id.is_not(None))
        with self._database.write() as connection:
            connection.execute(update(deliveries).where(*in_doubt, held).values(due=None))
            return connection.execute(update(deliveries).where(*in_doubt).values(state=_S.PLANNED, due=now)).rowcount

    def doubt_all(self, connection: Connection) -> int:
        """Hold whatever is not finished for a person, in the caller's transaction; return how many."""
        return connection.execute(
            update(deliveries)
            .where(deliveries.c.state.in_((*WAITING, _S.SENDING, _S.IN_DOUBT)))
            .values(
                state=_S.IN_DOUBT,
                due=None,
                owner=None,
                lease=None,
                reply="the database was restored from a backup; this may have gone out after it was made",
            )
        ).rowcount

    def give_back(self, keys: Sequence[DeliveryKey], now: datetime) -> int:
        """Plan again what was claimed and surely never on a wire; the attempt does not count."""
        with self._database.write() as connection:
            return connection.execute(
                update(deliveries)
                .where(
                    deliveries.c.id.in_(keys),
                    deliveries.c.state == _S.SENDING,
                    deliveries.c.owner == self.owner,
                )
                .values(
                    state=_S.PLANNED,
                    due=now,
                    owner=None,
                    lease=None,
                    attempts=deliveries.c.attempts - 1,
                    first_tried=case((deliveries.c.attempts <= 1, null()), else_=deliveries.c.first_tried),
                    reply="the channel gave up before this was on the wire",
                )
            ).rowcount

    def cancel_stopped(self) -> int:
        """Cancel what came back from a wire after its issue was stopped; return how many."""
        stopped = select(issues.c.id).where(issues.c.state == IssueState.CANCELLED)
        with self._database.write() as connection:
            return connection.execute(
                update(deliveries)
                .where(deliveries.c.state.in_((*WAITING, _S.IN_DOUBT)), deliveries.c.issue_id.in_(stopped))
                .values(STOPPED)
            ).rowcount

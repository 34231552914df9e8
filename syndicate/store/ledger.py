"""The ledger: a row per message and recipient. Intent is committed before the bytes leave, outcomes as they come.

claim_letter, claim_notice, claim_status   planned | deferred → sending (or suppressed), committed on return
record                       sending → what came of it
give_back                    sending → planned, for what surely never was on a wire
recover                      sending of a dead owner → in_doubt
settle_doubts                in_doubt → planned, where policy says so and its time has come
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, bindparam, case, func, null, or_, select, update

from syndicate.audience.model import Notice, RecipientFacts, SubscriptionState, SuppressionReason
from syndicate.audience.policy import Suppressed, Verdict
from syndicate.compose.model import IssueState
from syndicate.delivery.model import DeliveryKey, DeliveryState
from syndicate.delivery.retry import Step
from syndicate.store.database import Database
from syndicate.store.deliveries import WAITING, DeliveryStore, move
from syndicate.store.generation import Generation
from syndicate.store.tables import deliveries, issues, subscribers, subscriptions, suppressions

LEASE = timedelta(minutes=15)
_S = DeliveryState


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedLetter:
    """A delivery of an issue that is ours to send now."""

    key: DeliveryKey
    subscriber_id: int | None
    address: str | None
    """None for a posting address: config knows it by the list's name."""
    name: str
    list_name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What `retry.next_step` needs to know of the attempt that a row is in."""

    attempts: int
    first_tried: datetime


class Ledger(DeliveryStore):
    """The rows of `deliveries`, for one owner: a process that holds the right to send."""

    def __init__(self, database: Database, generation: Generation, owner: str) -> None:
        super().__init__(database)
        self._generation = generation
        self.owner = owner

    def check_generation(self) -> None:
        """Raise StoreError where the database was restored from a backup, or its number cannot be kept.

        Whether the file can be written shows here, before anything is claimed, and not once a letter is.
        """
        with self._database.read() as connection:
            number = self._generation.check(connection)
        self._generation.keep(number)

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

    def claim_letter(
        self, issue: int, lists: Sequence[str], now: datetime, judge: Callable[[RecipientFacts], Verdict]
    ) -> ClaimedLetter | None:
        """Claim the next letter of an issue that may be sent, or return None where none is due.

        The policy is asked of what the database says in this very transaction; who may not be mailed is
        recorded as suppressed on the way. On return `sending` is committed.
        """
        facts = {"issue": issue, "lists": list(lists)}
        row = self._claim(_FIRST_LETTER, facts, now, lambda row: judge(_facts(row)) if row.subscriber_id else None)
        return _claimed_letter(row) if row is not None else None

    def claim_notice(
        self, now: datetime, judge: Callable[[Notice, RecipientFacts], Verdict]
    ) -> tuple[Notice, ClaimedLetter] | None:
        """Claim the next notice that may be sent, as `claim_letter` does; its `list_name` holds "a+b" for two lists."""
        row = self._claim(_FIRST_NOTICE, {}, now, lambda row: judge(Notice(row.notice), _facts(row)))
        return (Notice(row.notice), _claimed_letter(row)) if row is not None else None

    def oldest_notice(self, now: datetime) -> datetime | None:
        """Return since when the oldest notice that may be sent now has waited; None where there is none."""
        query = select(func.min(func.coalesce(deliveries.c.first_tried, deliveries.c.due))).where(
            deliveries.c.notice.is_not(None), deliveries.c.state.in_(WAITING), deliveries.c.due <= now
        )
        with self._database.read() as connection:
            oldest: datetime | None = connection.execute(query).scalar()
        return oldest

    def _claim(
        self,
        query: Select[Any],
        facts: Mapping[str, object],
        now: datetime,
        judge: Callable[[Row[Any]], Verdict | None],
    ) -> Row[Any] | None:
        with self._database.write() as connection:
            while (row := _next_letter(connection, query, facts, now)) is not None:
                verdict = judge(row)
                if isinstance(verdict, Suppressed):
                    move(connection, row.id, Step(state=_S.SUPPRESSED, due=None, reply=verdict.reason))
                elif (number := self._take(connection, row.id, now)) is not None:
                    break
            else:
                return None
        self._generation.keep(number)
        return row

    def claim_status(self, key: DeliveryKey, now: datetime) -> bool:
        """Claim a status that is planned or deferred; False where it no longer is. On return it is committed."""
        with self._database.write() as connection:
            number = self._take(connection, key, now)
        if number is None:
            return False
        self._generation.keep(number)
        return True

    def attempt(self, key: DeliveryKey) -> Attempt:
        """Return the attempt that a claimed row is in."""
        columns = (deliveries.c.attempts, deliveries.c.first_tried)
        with self._database.read() as connection:
            row = connection.execute(select(*columns).where(deliveries.c.id == key)).one()
        return Attempt(attempts=row.attempts, first_tried=row.first_tried)

    def record(
        self, key: DeliveryKey, step: Step, *, remote_id: str | None = None, remote_url: str | None = None
    ) -> bool:
        """Commit what came of a claimed delivery; False where it is no longer ours (another owner took over)."""
        extra: dict[str, object] = {"owner": None, "lease": None}
        if step.state is _S.IN_DOUBT:
            extra["doubts"] = deliveries.c.doubts + 1
        if remote_id is not None:
            extra |= {"remote_id": remote_id, "remote_url": remote_url}
        with self._database.write() as connection:
            return move(connection, key, step, held_by=self.owner, extra=extra)

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
                .values(state=_S.CANCELLED, due=None, reply="the issue was stopped")
            ).rowcount

    def _take(self, connection: Connection, key: int, now: datetime) -> int | None:
        """Record a row as ours and on its way; None where it does not wait any more (stopped, or another's)."""
        taken = connection.execute(
            update(deliveries)
            .where(deliveries.c.id == key, deliveries.c.state.in_(WAITING))
            .values(
                state=_S.SENDING,
                owner=self.owner,
                lease=now + LEASE,
                due=None,
                attempts=deliveries.c.attempts + 1,
                first_tried=func.coalesce(deliveries.c.first_tried, now),
                tried=now,
            )
        ).rowcount
        return self._generation.bump(connection) if taken else None


def _claimed_letter(row: Row[Any]) -> ClaimedLetter:
    return ClaimedLetter(
        key=DeliveryKey(row.id),
        subscriber_id=row.subscriber_id,
        address=row.address,
        name=row.name or "",
        list_name=row.list,
    )


def _first_due(wanted: ColumnElement[bool], on_lists: ColumnElement[bool]) -> Select[Any]:
    """Return the query for the first row of a `state` that is due `now`, with what the policy must know of its reader.

    `on_lists` says which subscriptions count for a row.
    """
    states = (
        select(func.aggregate_strings(subscriptions.c.state, ","))
        .where(subscriptions.c.subscriber_id == deliveries.c.subscriber_id, on_lists)
        .correlate(deliveries)
        .scalar_subquery()
    )
    return (
        select(
            deliveries.c.id,
            deliveries.c.subscriber_id,
            deliveries.c.list,
            deliveries.c.notice,
            subscribers.c.address,
            subscribers.c.name,
            suppressions.c.reason,
            states.label("states"),
        )
        .outerjoin(subscribers, subscribers.c.id == deliveries.c.subscriber_id)
        .outerjoin(suppressions, suppressions.c.address_key == subscribers.c.address_key)
        .where(wanted, deliveries.c.state == bindparam("state"), deliveries.c.due <= bindparam("now"))
        .order_by(deliveries.c.id)
        .limit(1)
        # PostgreSQL: whoever else claims passes this row over. (SQLite has one writer, and leaves the clause out.)
        .with_for_update(of=deliveries, skip_locked=True)
    )


# Made once: building them anew would cost a good part of what sending a letter does.
_FIRST_LETTER = _first_due(
    deliveries.c.issue_id == bindparam("issue"), subscriptions.c.list.in_(bindparam("lists", expanding=True))
)
_FIRST_NOTICE = _first_due(
    deliveries.c.notice.is_not(None), ("+" + deliveries.c.list + "+").contains("+" + subscriptions.c.list + "+")
)


def _next_letter(
    connection: Connection, query: Select[Any], facts: Mapping[str, object], now: datetime
) -> Row[Any] | None:
    """Return the next letter that is due; a question for each state, since only so the index gives it at once."""
    rows = (connection.execute(query, {**facts, "state": state, "now": now}).first() for state in WAITING)
    return next((row for row in rows if row is not None), None)


def _facts(row: Row[Any]) -> RecipientFacts:
    return RecipientFacts(
        subscriptions=tuple(SubscriptionState(state) for state in row.states.split(",")) if row.states else (),
        suppression=SuppressionReason(row.reason) if row.reason else None,
    )

"""The ledger: a row per message and recipient. Intent is committed before the bytes leave, outcomes as they come.

claim_letter, claim_status   planned | deferred → sending (or suppressed, cancelled), committed on return
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

from sqlalchemy import Connection, Row, Select, case, func, null, or_, select, update

from syndicate.audience.model import RecipientFacts, SubscriptionState, SuppressionReason
from syndicate.audience.policy import Suppressed, Verdict
from syndicate.compose.model import IssueState
from syndicate.delivery.model import STEPS, DeliveryKey, DeliveryState
from syndicate.delivery.retry import Step
from syndicate.errors import NotFoundError
from syndicate.store.database import Database
from syndicate.store.generation import Generation
from syndicate.store.tables import deliveries, issues, statuses, subscribers, subscriptions, suppressions

LEASE = timedelta(minutes=15)
WAITING = (DeliveryState.PLANNED, DeliveryState.DEFERRED)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDelivery:
    """A row of the ledger for an editor's eyes."""

    id: int
    issue_id: int | None
    status_id: int | None
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


class Ledger:
    """The rows of `deliveries`, for one owner: a process that holds the right to send."""

    def __init__(self, database: Database, generation: Generation, owner: str) -> None:
        self._database = database
        self._generation = generation
        self.owner = owner

    def check_generation(self) -> None:
        """Raise StoreError where the database was restored from a backup."""
        with self._database.read() as connection:
            self._generation.check(connection)

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
        with self._database.write() as connection:
            while (row := _next_letter(connection, issue, now)) is not None:
                verdict = judge(_facts(connection, row, lists)) if row.subscriber_id else None
                if isinstance(verdict, Suppressed):
                    _move(connection, row.id, Step(state=_S.SUPPRESSED, due=None, reply=verdict.reason))
                elif (number := self._take(connection, row.id, now)) is not None:
                    break
            else:
                return None
        self._generation.keep(number)
        return ClaimedLetter(
            key=DeliveryKey(row.id),
            subscriber_id=row.subscriber_id,
            address=row.address,
            name=row.name or "",
            list_name=row.list,
        )

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
            return _move(connection, key, step, held_by=self.owner, extra=extra)

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
            if not _move(connection, number, step, since=row.state, extra=extra):
                raise ValueError("it has just changed; look again")
        return self.get(number)

    def cancel_stopped(self) -> int:
        """Cancel what came back from a wire after its issue was stopped; return how many."""
        stopped = select(issues.c.id).where(issues.c.state == IssueState.CANCELLED)
        with self._database.write() as connection:
            return connection.execute(
                update(deliveries)
                .where(deliveries.c.state.in_((*WAITING, _S.IN_DOUBT)), deliveries.c.issue_id.in_(stopped))
                .values(state=_S.CANCELLED, due=None, reply="the issue was stopped")
            ).rowcount

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

    def is_finished(self, issue: int) -> bool:
        """Return whether nothing of an issue will move by itself any more."""
        return self.waiting(issue) == 0 and self.next_due(issue) is None

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


def _next_letter(connection: Connection, issue: int, now: datetime) -> Row[Any] | None:
    """Return the next letter that is due; a question for each state, since only so the index gives it at once."""
    rows = (connection.execute(_first_due(issue, state, now)).first() for state in WAITING)
    return next((row for row in rows if row is not None), None)


def _first_due(issue: int, state: DeliveryState, now: datetime) -> Select[Any]:
    return (
        select(
            deliveries.c.id,
            deliveries.c.subscriber_id,
            deliveries.c.list,
            subscribers.c.address,
            subscribers.c.name,
            suppressions.c.reason,
        )
        .outerjoin(subscribers, subscribers.c.id == deliveries.c.subscriber_id)
        .outerjoin(suppressions, suppressions.c.address_key == subscribers.c.address_key)
        .where(deliveries.c.issue_id == issue, deliveries.c.state == state, deliveries.c.due <= now)
        .order_by(deliveries.c.id)
        .limit(1)
        # PostgreSQL: whoever else claims passes this row over. (SQLite has one writer, and leaves the clause out.)
        .with_for_update(of=deliveries, skip_locked=True)
    )


def _facts(connection: Connection, row: Row[Any], lists: Sequence[str]) -> RecipientFacts:
    states = connection.execute(
        select(subscriptions.c.state).where(
            subscriptions.c.subscriber_id == row.subscriber_id, subscriptions.c.list.in_(lists)
        )
    ).scalars()
    return RecipientFacts(
        subscriptions=tuple(SubscriptionState(state) for state in states),
        suppression=SuppressionReason(row.reason) if row.reason else None,
    )


def _is_stopped(connection: Connection, issue: int | None) -> bool:
    state = connection.execute(select(issues.c.state).where(issues.c.id == issue)).scalar()
    return state == IssueState.CANCELLED


def _move(
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

"""The ledger: a row per message and recipient. Intent is committed before the bytes leave, outcomes as they come.

exchange         outcomes in, claims out, in one commit: sending → what came of it;
                 planned | deferred → sending (or suppressed). The hot path of a send
claim_status     planned | deferred → sending, for a status
record           one outcome alone

The statements of `exchange` go to the driver as they stand in ledger_sql.py, for SQLite and PostgreSQL; everything else
that happens to a delivery (settling.py, deliveries.py) is rare, and is written in SQLAlchemy's words.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, select, update

from syndicate.audience.model import Notice, RecipientFacts, SubscriptionState, SuppressionReason
from syndicate.audience.policy import Suppressed, Verdict
from syndicate.delivery.model import STEPS, DeliveryKey, DeliveryState, Sent
from syndicate.delivery.retry import Concluded, Step
from syndicate.errors import StoreError
from syndicate.store.database import Database
from syndicate.store.deliveries import WAITING
from syndicate.store.generation import Generation
from syndicate.store.ledger_sql import ALL, Due, Postgres, Span, Sqlite, Writing, Written
from syndicate.store.settling import Settling
from syndicate.store.tables import deliveries

LEASE = timedelta(minutes=15)
_NEVER = datetime.min.replace(tzinfo=UTC)
"""Nothing is claimed, so nothing is dated."""
_S = DeliveryState


class Attempt(NamedTuple):
    """What `retry.next_step` needs to know of the attempt that a row is in."""

    attempts: int
    first_tried: datetime


class ClaimedLetter(NamedTuple):
    """A delivery of an issue, or a notice, that is ours to send now."""

    key: DeliveryKey
    subscriber_id: int | None
    address: str | None
    """None for a posting address: config knows it by the list's name."""
    name: str
    list_name: str | None
    """The list of a posting address, the lists of a notice ("a+b"), or the reader's own first list of the issue's."""
    notice: Notice | None
    attempt: Attempt


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What is wanted of the ledger: up to `most` letters of an issue, or with `issue` None notices, due `now`.

    `judge` is the policy; it is asked of what the database says in the very transaction that claims.
    """

    issue: int | None
    lists: Sequence[str] = ()
    judge: Callable[[Notice | None, RecipientFacts], Verdict]
    most: int
    now: datetime
    relay: str | None = None
    """Whose count for the day the letters go to, where it has a quota."""
    span: Span = ALL
    """Of which rows: a worker's share of an issue."""


class Exchanged(NamedTuple):
    """What an exchange did: which outcomes were ours to record, and what is ours to send now."""

    recorded: frozenset[DeliveryKey]
    letters: tuple[ClaimedLetter, ...]


class Ledger(Settling):
    """The rows of `deliveries`, for one owner: a process that holds the right to send."""

    def __init__(
        self, database: Database, generation: Generation, owner: str, holds: Callable[[], bool] = lambda: True
    ) -> None:
        super().__init__(database, owner)
        self.holds = holds
        """Whether what was claimed is still the owner's own; a sender alone never doubts it."""
        self._generation = generation
        self._sql = Sqlite() if database.is_sqlite else Postgres()
        self._after: dict[tuple[int | None, int], int] = {}
        """The last number claimed, of each issue (or the notices) and span: the next is sought behind it first."""

    def check_generation(self) -> None:
        """Raise StoreError where the database was restored from a backup, or its number cannot be kept.

        Whether the file can be written shows here, before anything is claimed, and not once a letter is.
        """
        with self._database.read() as connection:
            number = self._generation.check(connection)
        self._generation.keep(number)

    def exchange(self, done: Sequence[Concluded], claim: Claim | None = None) -> Exchanged:
        """Record what came of these deliveries and claim what is wanted, in one transaction, committed on return.

        An outcome whose delivery is no longer ours (another owner took over) is left out of `recorded`. Whom the
        policy lets have no letter is recorded as suppressed on the way. No letters: none is due, or all is paused.
        """
        recorded = frozenset[DeliveryKey]()
        for each in done:
            if each.step.state not in STEPS[_S.SENDING]:
                raise ValueError(f"a delivery that is being sent cannot become {each.step.state}")
        while True:
            with self._database.driver_write(claims=claim is not None) as driver:
                rows = self._due(driver, claim) if claim else []
                letters, suppressed = _judged(rows, claim) if claim else ([], [])
                written = self._write(driver, done, letters, suppressed, claim)
                if letters and not written.taken and self._sql.has_ended(driver, self.owner):
                    raise taken_for_dead()
            recorded |= {DeliveryKey(key) for key in written.recorded}
            if written.generation is not None:
                self._generation.keep(written.generation)
            ours = tuple(each for each in letters if each.key in written.taken)
            if ours or not rows:
                return Exchanged(recorded, ours)
            done = ()

    def claim_letters(
        self, issue: int, lists: Sequence[str], now: datetime, judge: Callable[[RecipientFacts], Verdict], most: int = 1
    ) -> tuple[ClaimedLetter, ...]:
        """Claim up to `most` letters of an issue that may be sent now."""
        claim = Claim(issue=issue, lists=lists, judge=lambda _, facts: judge(facts), most=most, now=now)
        return self.exchange((), claim).letters

    def record(
        self, key: DeliveryKey, step: Step, *, remote_id: str | None = None, remote_url: str | None = None
    ) -> bool:
        """Commit what came of a claimed delivery; False where it is no longer ours (another owner took over)."""
        taken = Sent(reply=step.reply, remote_id=remote_id, remote_url=remote_url) if remote_id else None
        return bool(self.exchange([Concluded(key, step, taken)]).recorded)

    def has_notice(self, now: datetime) -> bool:
        """Return whether a notice is due: quicker asked than a claim of one."""
        with self._database.driver() as driver:
            return self._sql.has_notice(driver, now)

    def claim_status(self, key: DeliveryKey, now: datetime) -> Attempt | None:
        """Claim a status that is planned or deferred; None where it no longer is. On return it is committed."""
        with self._database.driver() as driver:
            driver.execute("SELECT 1")  # PostgreSQL: it breaks where the right to send was lost.
        with self._database.write() as connection:
            attempt = self._take(connection, key, now)
            number = self._generation.bump(connection) if attempt else None
        if number is not None:
            self._generation.keep(number)
        return attempt

    def _take(self, connection: Connection, key: int, now: datetime) -> Attempt | None:
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
        if not taken:
            return None
        columns = select(deliveries.c.attempts, deliveries.c.first_tried).where(deliveries.c.id == key)
        row = connection.execute(columns).one()
        return Attempt(attempts=row.attempts, first_tried=row.first_tried)

    def _due(self, driver: Any, claim: Claim) -> list[Due]:
        """Return the next rows that are due: behind the last one claimed, else from the start, else those put off.

        Behind the last one, since PostgreSQL would else walk past every row that was claimed before.
        """
        first, last = claim.span
        of = (claim.issue, first)
        after = self._after.get(of, first)
        rows = self._sql.due(driver, claim.issue, _S.PLANNED, (after, last), claim.now, claim.most)
        if not rows and after > first:
            rows = self._sql.due(driver, claim.issue, _S.PLANNED, claim.span, claim.now, claim.most)
        if rows:
            self._after[of] = rows[-1].id
            return rows
        return self._sql.due(driver, claim.issue, _S.DEFERRED, claim.span, claim.now, claim.most)

    def _write(
        self,
        driver: Any,
        done: Sequence[Concluded],
        letters: Sequence[ClaimedLetter],
        suppressed: Sequence[tuple[int, str]],
        claim: Claim | None,
    ) -> Written:
        now = claim.now if claim else _NEVER
        return self._sql.write(
            driver,
            Writing(
                owner=self.owner,
                done=done,
                taken=[each.key for each in letters],
                suppressed=suppressed,
                now=now,
                lease=now + LEASE,
                relay=claim.relay if claim else None,
            ),
        )


def taken_for_dead() -> StoreError:
    """Return what a worker is told that was not heard of for a lease."""
    return StoreError(
        "this worker was not heard of for too long, and others were given its letters; it begins no more of them",
        hint="nothing is lost; was the machine asleep, or the database out of reach?",
    )


def _judged(rows: Sequence[Due], claim: Claim) -> tuple[list[ClaimedLetter], list[tuple[int, str]]]:
    """Return those that may be mailed, and the others with the reason."""
    letters, suppressed, wanted = [], [], tuple(claim.lists)
    for row in rows:
        notice = Notice(row.notice) if row.notice else None
        lists = tuple(row.list.split("+")) if notice and row.list else wanted
        facts, own = _facts(row.states or "", row.reason, lists)
        verdict = claim.judge(notice, facts) if row.subscriber_id is not None else None
        if isinstance(verdict, Suppressed):
            suppressed.append((row.id, verdict.reason))
        else:
            letters.append(_letter(row, notice, row.list or own, claim.now))
    return letters, suppressed


def _letter(row: Due, notice: Notice | None, list_name: str | None, now: datetime) -> ClaimedLetter:
    return ClaimedLetter(
        DeliveryKey(row.id),
        row.subscriber_id,
        row.address,
        row.name or "",
        list_name,
        notice,
        Attempt(row.attempts + 1, row.first_tried or now),
    )


@lru_cache(maxsize=1000)
def _facts(states: str, reason: str | None, lists: tuple[str, ...]) -> tuple[RecipientFacts, str | None]:
    """Return what the policy must know, and the first of the lists that the reader is on. Most readers are alike."""
    known = dict(each.split("=") for each in states.split(",")) if states else {}
    facts = RecipientFacts(
        subscriptions=tuple(SubscriptionState(known[name]) for name in lists if name in known),
        suppression=SuppressionReason(reason) if reason else None,
    )
    return facts, next((name for name in lists if known.get(name) == SubscriptionState.CONFIRMED), None)

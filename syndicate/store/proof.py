"""The proof of an issue's account: every row of it read, one by one, and held against the rules (delivery/proof.py)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, func, literal, or_, select

from syndicate.compose.model import IssueState
from syndicate.delivery.account import Account
from syndicate.delivery.model import DeliveryState
from syndicate.delivery.proof import SAYS, Rule, Traits, broken_by
from syndicate.store.database import Database
from syndicate.store.tables import deliveries, issues, subscribers

PAGE = 5000
MOST_OFFENDERS = 5
"""So many are named for a rule; the others are counted."""
BY_HAND = "% by hand"
CAME_BACK = "something came back, so it was sent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What became of one rule."""

    rule: Rule
    says: str
    broken: int
    """How many break it."""
    offenders: tuple[int, ...]
    """The first of them, by their numbers in the ledger."""

    @property
    def holds(self) -> bool:
        """Return whether nothing breaks it."""
        return self.broken == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """The account as it was counted row by row, and what became of each rule."""

    account: Account
    checked: tuple[Checked, ...]
    senders: tuple[str, ...]
    """Who has letters of it on a wire now: host:process:since."""

    @property
    def holds(self) -> bool:
        """Return whether the account adds up and no rule is broken."""
        return all(each.holds for each in self.checked)


class _Found:
    """What breaks which rule: counted, and the first few kept."""

    def __init__(self) -> None:
        self.broken: Counter[Rule] = Counter()
        self.offenders: dict[Rule, list[int]] = {rule: [] for rule in Rule}

    def add(self, rule: Rule, number: int) -> None:
        self.broken[rule] += 1
        if len(self.offenders[rule]) < MOST_OFFENDERS:
            self.offenders[rule].append(number)


def prove(
    database: Database, issue: int, *, progress: Callable[[int], None] = lambda _: None, page: int = PAGE
) -> Proof:
    """Read every letter of an issue, in one snapshot and in constant memory; `progress` is told how many were read.

    Raises StoreError where the database cannot be read. Nothing is changed, and no sender waits for it.
    """
    found = _Found()
    with _snapshot(database) as connection:
        about = select(issues.c.candidates, issues.c.state).where(issues.c.id == issue)
        row = connection.execute(about).one_or_none()
        candidates, is_sent = (row.candidates, row.state == IssueState.SENT) if row else (0, False)
        states = _read(connection, _rows(issue, is_sent=is_sent).execution_options(yield_per=page), found, progress)
        for number in connection.execute(_twice(issue)).scalars():
            found.add(Rule.ONCE, number)
        senders = tuple(connection.execute(_senders(issue)).scalars())
    known = {DeliveryState(state): count for state, count in states.items() if state in frozenset(DeliveryState)}
    account = Account(candidates=candidates, states=known)
    found.broken[Rule.SUM] += abs(account.candidates - states.total())
    return Proof(account=account, checked=_checked(found), senders=senders)


def _checked(found: _Found) -> tuple[Checked, ...]:
    return tuple(
        Checked(rule=rule, says=SAYS[rule], broken=found.broken[rule], offenders=tuple(found.offenders[rule]))
        for rule in Rule
    )


def _read(connection: Connection, query: Select[Any], found: _Found, progress: Callable[[int], None]) -> Counter[str]:
    """Hold each row against the rules; return how many stand where."""
    kinds: Counter[tuple[Any, ...]] = Counter()
    sound: set[tuple[Any, ...]] = set()
    done = 0
    for page in connection.execute(query).partitions():
        done += len(page)
        _weigh(page, kinds, sound, found)
        progress(done)
    states: Counter[str] = Counter()
    for traits, count in kinds.items():
        states[traits[0]] += count
    return states


def _weigh(page: Sequence[Any], kinds: Counter[tuple[Any, ...]], sound: set[tuple[Any, ...]], found: _Found) -> None:
    for number, *rest in page:
        traits = tuple(rest)
        kinds[traits] += 1
        if traits in sound:
            continue
        broken = broken_by(Traits._make(traits))
        if not broken:
            sound.add(traits)
        for rule in broken:
            found.add(rule, number)


def _rows(issue: int, *, is_sent: bool) -> Select[Any]:
    """Return the query of a row's number and its traits, in the order of delivery/proof.py: Traits."""
    row = deliveries.c
    return select(
        row.id,
        row.state,
        row.due.is_not(None),
        row.owner.is_not(None),
        row.attempts > 0,
        row.first_tried.is_not(None),
        row.reply.is_not(None),
        func.coalesce(or_(row.reply.like(BY_HAND), row.reply == CAME_BACK), False),
        row.subscriber_id.is_(None) & row.list.is_(None),
        literal(is_sent),
    ).where(row.issue_id == issue)


def _twice(issue: int) -> Select[Any]:
    """Return the query of each letter whose reader's address, or whose list, has had one already."""
    key = func.coalesce(subscribers.c.address_key, "list:" + deliveries.c.list)
    place = func.row_number().over(partition_by=key, order_by=deliveries.c.id).label("place")
    ranked = (
        select(deliveries.c.id, place)
        .outerjoin(subscribers, subscribers.c.id == deliveries.c.subscriber_id)
        .where(deliveries.c.issue_id == issue, key.is_not(None))
        .subquery()
    )
    return select(ranked.c.id).where(ranked.c.place > 1)


def _senders(issue: int) -> Select[Any]:
    on_a_wire = (deliveries.c.issue_id == issue, deliveries.c.state == DeliveryState.SENDING)
    return select(deliveries.c.owner).where(*on_a_wire, deliveries.c.owner.is_not(None)).distinct()


@contextmanager
def _snapshot(database: Database) -> Iterator[Connection]:
    """Give a connection whose statements all see the same moment, as SQLite's do by themselves."""
    with database.read() as connection:
        if not database.is_sqlite:
            connection.execution_options(isolation_level="REPEATABLE READ")
        yield connection

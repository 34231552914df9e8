"""Drafts that wait for a person: stored as they were shown, asked for once, approved once.

A waiting draft is a row of `issues` in the state draft. Its rows of `issue_reviews` keep what was known when it was
made: what it would carry stands at its position, and what the cap or the editor passed over stands below 0. None of
them is carried: all stay candidates of whichever issue is frozen first.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from syndicate.audience.model import SubscriptionState
from syndicate.compose.model import IssueState, RenderedEmail
from syndicate.protocols import ALONE, Queue
from syndicate.store.choices import is_at
from syndicate.store.database import Database, get_value, insert_if_absent, set_value
from syndicate.store.freezing import Freeze, are_carried, carry, frozen_values, letter_values, plan_frozen
from syndicate.store.issues import StoredIssue, issue_of
from syndicate.store.tables import issue_reviews, issues, subscriptions

CHANGED = "changed since it was asked for"
"""Why a draft is asked for once more."""
LEASE = timedelta(minutes=15)
"""After so long, a process that was asking the editor is taken for dead, and another one asks."""


def content_hash(email: RenderedEmail, lists: Sequence[str], ways_out: Sequence[str]) -> str:
    """Return 16 hex digits that stand for a letter as it is shown: its words, its lists, and how a reader leaves."""
    said = [email.subject, email.preheader, email.html, email.text, list(lists), list(ways_out)]
    return hashlib.sha256(json.dumps(said).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def content_of(issue: StoredIssue) -> str | None:
    """Return the hash of a stored issue's letter; None where it has none (a skipped period)."""
    return content_hash(issue.email, issue.lists, issue.ways_out) if issue.email else None


def content_to_be(issue: Freeze) -> str:
    """Return the hash that an issue's letter will have once it is stored."""
    return content_hash(issue.email, (*issue.subscriber_lists, *issue.posting_lists), issue.ways_out)


class ApprovalStore:
    """The rows of `issues` in the state draft."""

    def __init__(self, database: Database, queue: Queue = ALONE) -> None:
        self._database, self._queue = database, queue

    def waiting(self, digest: str | None = None) -> tuple[StoredIssue, ...]:
        """Return the drafts that wait for approval, of one digest or of all, the oldest period first."""
        query = select(issues).where(issues.c.state == IssueState.DRAFT).order_by(issues.c.period, issues.c.id)
        with self._database.read() as connection:
            rows = connection.execute(query.where(issues.c.digest == digest) if digest else query)
            return tuple(issue_of(row) for row in rows)

    def known(self, number: int) -> frozenset[int]:
        """Return the reviews that were candidates when a draft was made; what came later is for the next issue."""
        query = select(issue_reviews.c.entry_id).where(issue_reviews.c.issue_id == number)
        with self._database.read() as connection:
            return frozenset(connection.execute(query).scalars())

    def keep(self, issue: Freeze, known: Mapping[int, str], now: datetime) -> StoredIssue | None:
        """Keep a draft for its period, in place of an earlier one there; None where the period has an issue.

        `known` are all candidates with their link keys. Another letter than the one that was kept has not been asked
        for yet; the same one, kept by another process, stays as it is.
        """
        with self._database.write() as connection:
            row = insert_if_absent(self._database, issues).values(
                **letter_values(issue), state=IssueState.DRAFT, created=now
            )
            connection.execute(row.on_conflict_do_nothing())
            query = select(issues).where(issues.c.digest == issue.digest, issues.c.period == issue.period)
            there = connection.execute(query.with_for_update()).first()
            if there is None or there.state != IssueState.DRAFT:
                return None
            values = dict(letter_values(issue))
            if content_of(issue_of(there)) != content_to_be(issue):
                values |= {"asked": None, "reason": CHANGED if there.asked or there.reason else None}
            connection.execute(update(issues).where(issues.c.id == there.id).values(values))
            carry(connection, there.id, issue)
            _pass_over(connection, there.id, issue, known)
            return issue_of(connection.execute(query).one())

    def drop(self, number: int) -> None:
        """Forget a draft that nothing is left of."""
        with self._database.write() as connection:
            is_draft = (issues.c.id == number, issues.c.state == IssueState.DRAFT)
            if connection.execute(select(issues.c.id).where(*is_draft).with_for_update()).scalar() is None:
                return
            connection.execute(delete(issue_reviews).where(issue_reviews.c.issue_id == number))
            connection.execute(delete(issues).where(*is_draft))
            set_value(connection, _key(number), None)

    def begin_asking(self, number: int, content: str, now: datetime) -> bool:
        """Take the right to ask the editor for a draft; False where it was asked for, or another process is at it."""
        with self._database.write() as connection:
            there = _draft(connection, number, content)
            since = get_value(connection, _key(number))
            if there is None or there.asked or (since and abs(now - datetime.fromisoformat(since)) < LEASE):
                return False
            set_value(connection, _key(number), now.isoformat())
        return True

    def end_asking(self, number: int, content: str, now: datetime | None) -> None:
        """Remember when the editor was asked; None: the mail was not taken, and the next beat asks again."""
        with self._database.write() as connection:
            if now is not None and _draft(connection, number, content) is not None:
                connection.execute(update(issues).where(issues.c.id == number).values(asked=now))
            set_value(connection, _key(number), None)

    def approve(self, number: int, issue: Freeze, *, revision: int, now: datetime) -> bool:
        """Freeze a draft exactly as it stands, and plan its letters for its hour, in one transaction.

        `issue` is the same letter drafted anew, `revision` that of the choices it was drafted by. Returns False, and
        changes nothing, where the draft is another by now, or no draft any more; where a review of it was carried, its
        number taken, or something else chosen meanwhile.
        """
        try:
            with self._database.write() as connection:
                there = _draft(connection, number, content_to_be(issue))
                if there is None or are_carried(connection, issue) or not _is_next(connection, issue):
                    return False
                values = {**frozen_values(issue, now), "created": there.created}
                connection.execute(update(issues).where(issues.c.id == number).values(values))
                if not is_at(connection, issue.digest, revision):
                    connection.rollback()
                    return False
                plan_frozen(connection, self._database, self._queue, number, issue, now=now, due=max(now, there.period))
                set_value(connection, _key(number), None)
        except IntegrityError:  # Another issue of the digest took the number at this very moment.
            return False
        return True

    def readers(self, lists: Sequence[str]) -> int:
        """Return how many confirmed readers lists have; who is on two counts once."""
        query = select(func.count(subscriptions.c.subscriber_id.distinct())).where(
            subscriptions.c.list.in_(lists), subscriptions.c.state == SubscriptionState.CONFIRMED
        )
        with self._database.read() as connection:
            return int(connection.execute(query).scalar_one())


def _key(number: int) -> str:
    return f"asking:{number}"


def _draft(connection: Connection, number: int, content: str) -> StoredIssue | None:
    """Return a draft, locked, if it is one still, and its letter is this one."""
    query = select(issues).where(issues.c.id == number, issues.c.state == IssueState.DRAFT).with_for_update()
    row = connection.execute(query).first()
    there = issue_of(row) if row else None
    return there if there and content_of(there) == content else None


def _is_next(connection: Connection, issue: Freeze) -> bool:
    """Return whether the number that stands in the letter is the digest's next."""
    last = connection.execute(select(func.max(issues.c.number)).where(issues.c.digest == issue.digest)).scalar()
    return issue.number == int(last or 0) + 1


def _pass_over(connection: Connection, number: int, issue: Freeze, known: Mapping[int, str]) -> None:
    chosen = {review.id for review in issue.selection.reviews}
    rows = [
        {"issue_id": number, "entry_id": entry, "link_key": key, "position": -1 - at}
        for at, (entry, key) in enumerate(known.items())
        if entry not in chosen
    ]
    if rows:
        connection.execute(insert(issue_reviews), rows)

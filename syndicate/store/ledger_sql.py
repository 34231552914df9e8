"""The statements of the ledger's hot path, as the drivers take them: one class for SQLite, one for PostgreSQL.

They run inside `Database.driver_write`. Answers that are functions are asked for once the transaction is over:
PostgreSQL is given a whole group of statements in one round trip (pipeline mode) and answers them together.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from syndicate.delivery.model import DeliveryKey, DeliveryState
from syndicate.delivery.retry import Step


class Due(NamedTuple):
    """A row that may be claimed, with what the policy must know of its reader."""

    id: int
    subscriber_id: int | None
    list: str | None
    notice: str | None
    attempts: int
    first_tried: datetime | None
    address: str | None
    name: str | None
    reason: str | None
    """Why the address is suppressed."""
    states: str | None
    """The reader's subscriptions: "weekly=confirmed,friends=unsubscribed"."""


class Done(NamedTuple):
    """What came of a delivery that was claimed."""

    key: DeliveryKey
    step: Step
    remote_id: str | None = None
    remote_url: str | None = None


_DUE = """
    SELECT d.id, d.subscriber_id, d.list, d.notice, d.attempts, d.first_tried, s.address, s.name, x.reason,
           (SELECT {joined}(u.list || '=' || u.state, ',') FROM subscriptions u WHERE u.subscriber_id = d.subscriber_id)
    FROM deliveries d
    LEFT JOIN subscribers s ON s.id = d.subscriber_id
    LEFT JOIN suppressions x ON x.address_key = s.address_key
    WHERE d.state = :state AND {whose} AND d.id > :behind AND d.due <= :now
      AND NOT EXISTS (SELECT 1 FROM meta WHERE key = 'paused')
    ORDER BY d.id LIMIT :most {locked}
"""
_OF_ISSUE, _NOTICES = "d.issue_id = :issue", "d.issue_id IS NULL AND d.notice IS NOT NULL"
_TAKE = """
    UPDATE deliveries SET state = 'sending', owner = :owner, lease = :lease, due = NULL, attempts = attempts + 1,
           first_tried = COALESCE(first_tried, :now), tried = :now
    WHERE {which}
"""
_SUPPRESS = "UPDATE deliveries SET state = 'suppressed', due = NULL, reply = :reply WHERE id = :key"
_COUNT = """
    INSERT INTO relay_hours (relay, hour, letters) VALUES (:relay, :hour, :letters)
    ON CONFLICT (relay, hour) DO UPDATE SET letters = relay_hours.letters + :letters
"""
_BUMP = """
    INSERT INTO meta (key, value) VALUES ('generation', '1')
    ON CONFLICT (key) DO UPDATE SET value = CAST(CAST(meta.value AS BIGINT) + 1 AS TEXT) RETURNING value
"""


class Sqlite:
    """For sqlite3. Times are stored as SQLAlchemy stores them: naive, in UTC, as text."""

    _DUE_OF_ISSUE = _DUE.format(joined="group_concat", whose=_OF_ISSUE, locked="")
    _DUE_NOTICES = _DUE.format(joined="group_concat", whose=_NOTICES, locked="")
    _TAKE = _TAKE.format(which="id = :key")
    _RECORD = """
        UPDATE deliveries SET state = ?, due = ?, reply = ?, doubts = doubts + ?, owner = NULL, lease = NULL,
               remote_id = COALESCE(?, remote_id), remote_url = COALESCE(?, remote_url)
        WHERE id = ? AND state = 'sending' AND owner = ?
    """

    def record(self, driver: Any, done: Sequence[Done], owner: str) -> Callable[[], Sequence[int]]:
        """Write outcomes; the answer is whose were still the owner's."""
        ours = [each.key for each in done if driver.execute(self._RECORD, (*_values(each, _stored), owner)).rowcount]
        return lambda: ours

    def due(self, driver: Any, issue: int | None, state: str, behind: int, now: datetime, most: int) -> list[Due]:
        """Return the next rows of an issue (None: the notices) that are due."""
        facts = {"issue": issue, "state": state, "behind": behind, "now": _stored(now), "most": most}
        if issue is None:
            del facts["issue"]
        rows = driver.execute(self._DUE_NOTICES if issue is None else self._DUE_OF_ISSUE, facts)
        return [_read(Due._make(row)) for row in rows]

    def take(self, driver: Any, keys: Sequence[int], owner: str, now: datetime, lease: datetime) -> None:
        """Write rows that `due` returned in this transaction as sending."""
        facts = {"owner": owner, "now": _stored(now), "lease": _stored(lease)}
        driver.executemany(self._TAKE, [{**facts, "key": key} for key in keys])

    def suppress(self, driver: Any, rows: Sequence[tuple[int, str]]) -> None:
        """Write rows that `due` returned in this transaction as suppressed, with the reason."""
        driver.executemany(_SUPPRESS, [{"key": key, "reply": reply} for key, reply in rows])

    def count(self, driver: Any, relay: str, now: datetime, letters: int) -> None:
        """Add to what a relay was given in this hour."""
        driver.execute(_COUNT, {"relay": relay, "hour": _stored(_hour(now)), "letters": letters})

    def bump(self, driver: Any) -> Callable[[], int]:
        """Raise the generation; the answer is its new number."""
        (number,) = driver.execute(_BUMP).fetchone()
        return lambda: int(number)


class Postgres:
    """For psycopg. Whoever else claims at the same time passes over what we hold (SKIP LOCKED).

    "IS NOT DISTINCT FROM" is "=" that no index serves: the rows are found by their key, and not by way of the dead
    index entries of all that were `sending` before.
    """

    _DUE_OF_ISSUE, _DUE_NOTICES, _TAKE, _SUPPRESS, _COUNT = (
        re.sub(r":(\w+)", r"%(\1)s", sql)
        for sql in (
            _DUE.format(joined="string_agg", whose=_OF_ISSUE, locked="FOR UPDATE OF d SKIP LOCKED"),
            _DUE.format(joined="string_agg", whose=_NOTICES, locked="FOR UPDATE OF d SKIP LOCKED"),
            _TAKE.format(which="id = ANY(:keys)"),
            _SUPPRESS,
            _COUNT,
        )
    )
    _RECORD = """
        UPDATE deliveries d
        SET state = r.state, due = r.due, reply = r.reply, doubts = d.doubts + r.doubts, owner = NULL, lease = NULL,
            remote_id = COALESCE(r.remote_id, d.remote_id), remote_url = COALESCE(r.remote_url, d.remote_url)
        FROM unnest(%s::text[], %s::timestamptz[], %s::text[], %s::int[], %s::text[], %s::text[], %s::bigint[])
             AS r(state, due, reply, doubts, remote_id, remote_url, key)
        WHERE d.id = r.key AND d.state IS NOT DISTINCT FROM 'sending' AND d.owner = %s
        RETURNING d.id
    """

    def record(self, driver: Any, done: Sequence[Done], owner: str) -> Callable[[], Sequence[int]]:
        """Write outcomes; the answer is whose were still the owner's."""
        if not done:
            return lambda: ()
        columns = zip(*(_values(each, _as_it_is) for each in done), strict=True)
        rows = driver.execute(self._RECORD, (*map(list, columns), owner))
        return lambda: [key for (key,) in rows]

    def due(self, driver: Any, issue: int | None, state: str, behind: int, now: datetime, most: int) -> list[Due]:
        """Return the next rows of an issue (None: the notices) that are due, locked."""
        facts = {"issue": issue, "state": state, "behind": behind, "now": now, "most": most}
        rows = driver.execute(self._DUE_NOTICES if issue is None else self._DUE_OF_ISSUE, facts)
        return [Due._make(row) for row in rows]

    def take(self, driver: Any, keys: Sequence[int], owner: str, now: datetime, lease: datetime) -> None:
        """Write rows that `due` returned in this transaction as sending."""
        driver.execute(self._TAKE, {"keys": list(keys), "owner": owner, "now": now, "lease": lease})

    def suppress(self, driver: Any, rows: Sequence[tuple[int, str]]) -> None:
        """Write rows that `due` returned in this transaction as suppressed, with the reason."""
        driver.cursor().executemany(self._SUPPRESS, [{"key": key, "reply": reply} for key, reply in rows])

    def count(self, driver: Any, relay: str, now: datetime, letters: int) -> None:
        """Add to what a relay was given in this hour."""
        driver.execute(self._COUNT, {"relay": relay, "hour": _hour(now), "letters": letters})

    def bump(self, driver: Any) -> Callable[[], int]:
        """Raise the generation; the answer is its new number."""
        rows = driver.execute(_BUMP)
        return lambda: int(rows.fetchone()[0])


def _values(done: Done, stored: Callable[[datetime], object]) -> tuple[object, ...]:
    step, due = done.step, done.step.due
    doubts = int(step.state is DeliveryState.IN_DOUBT)
    return (step.state, stored(due) if due else None, step.reply, doubts, done.remote_id, done.remote_url, done.key)


def _as_it_is(moment: datetime) -> datetime:
    return moment


def _stored(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")


def _read(row: Due) -> Due:
    if row.first_tried is None:
        return row
    return row._replace(first_tried=datetime.fromisoformat(str(row.first_tried)).replace(tzinfo=UTC))


def _hour(now: datetime) -> datetime:
    return now.replace(minute=0, second=0, microsecond=0)

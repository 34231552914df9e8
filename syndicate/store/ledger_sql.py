"""The statements of the ledger's hot path, as the drivers take them: one class for SQLite, one for PostgreSQL.

`due` looks for what may be claimed, `write` writes all that an exchange changes. With SQLite both stand in one
transaction of `Database.driver_write`. PostgreSQL is asked two things only, since each is a journey: what is due, and
then one statement that writes everything or nothing, and takes only what still waits.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Any, NamedTuple

from syndicate.delivery.model import DeliveryState
from syndicate.delivery.retry import Concluded

Span = tuple[int, int]
"""Rows by their numbers: behind the first, up to and with the second."""
ALL: Span = (0, 2**63 - 1)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """All that one exchange writes."""

    owner: str
    done: Sequence[Concluded] = ()
    taken: Sequence[int] = ()
    """Rows that `due` returned, which become `sending`."""
    suppressed: Sequence[tuple[int, str]] = ()
    """Rows that `due` returned and the policy did not let pass, with the reason."""
    now: datetime
    lease: datetime
    relay: str | None = None
    """Whose count for this hour the taken letters go to."""


class Written(NamedTuple):
    """What was written: which of `done` were still the owner's, which rows are taken, and the generation since."""

    recorded: frozenset[int]
    taken: frozenset[int]
    generation: int | None


_DUE = """
    SELECT d.id, d.subscriber_id, d.list, d.notice, d.attempts, d.first_tried, s.address, s.name, x.reason,
           (SELECT {joined}(u.list || '=' || u.state, ',') FROM subscriptions u WHERE u.subscriber_id = d.subscriber_id)
    FROM deliveries d
    LEFT JOIN subscribers s ON s.id = d.subscriber_id
    LEFT JOIN suppressions x ON x.address_key = s.address_key
    WHERE d.state = :state AND {whose} AND d.id > :behind AND d.id <= :upto AND d.due <= :now
      AND NOT EXISTS (SELECT 1 FROM meta WHERE key = 'paused')
    ORDER BY d.id LIMIT :most
"""
_ANY_NOTICE = """
    SELECT 1 FROM deliveries
    WHERE state IN ('planned', 'deferred') AND issue_id IS NULL AND notice IS NOT NULL AND due <= :now LIMIT 1
"""
_OF_ISSUE, _NOTICES = "d.issue_id = :issue", "d.issue_id IS NULL AND d.notice IS NOT NULL"
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

    _DUE_OF_ISSUE = _DUE.format(joined="group_concat", whose=_OF_ISSUE)
    _DUE_NOTICES = _DUE.format(joined="group_concat", whose=_NOTICES)
    TAKE = """
        UPDATE deliveries SET state = 'sending', owner = ?, lease = ?, due = NULL, attempts = attempts + 1,
               first_tried = COALESCE(first_tried, ?), tried = ?
        WHERE id IN ({keys})
    """
    _SUPPRESS = "UPDATE deliveries SET state = 'suppressed', due = NULL, reply = ? WHERE id = ?"
    _RECORD = """
        UPDATE deliveries SET state = ?, due = ?, reply = ?, doubts = doubts + ?, owner = NULL, lease = NULL,
               remote_id = COALESCE(?, remote_id), remote_url = COALESCE(?, remote_url)
        WHERE id = ? AND state = 'sending' AND owner = ?
    """

    def due(self, driver: Any, issue: int | None, state: str, span: Span, now: datetime, most: int) -> list[Due]:
        """Return the next rows of an issue (None: the notices) that are due."""
        facts = {"state": state, "behind": span[0], "upto": span[1], "now": _stored(now), "most": most}
        if issue is None:
            rows = driver.execute(self._DUE_NOTICES, facts)
        else:
            rows = driver.execute(self._DUE_OF_ISSUE, {**facts, "issue": issue})
        return [Due._make(row) if row[_FIRST_TRIED] is None else _read(row) for row in rows]

    def has_notice(self, driver: Any, now: datetime) -> bool:
        """Return whether a notice is due."""
        return driver.execute(_ANY_NOTICE, {"now": _stored(now)}).fetchone() is not None

    def has_ended(self, _driver: Any, _owner: str) -> bool:
        """Return whether an owner was taken for dead; here there is one sender at a time."""
        return False

    def write(self, driver: Any, writing: Writing) -> Written:
        """Write it, in the transaction in which `due` looked."""
        recorded = self._record(driver, writing.done, writing.owner) if writing.done else []
        if writing.suppressed:
            driver.executemany(self._SUPPRESS, [(reason, key) for key, reason in writing.suppressed])
        generation = self._take(driver, writing) if writing.taken else None
        return Written(frozenset(recorded), frozenset(writing.taken), generation)

    def _record(self, driver: Any, done: Sequence[Concluded], owner: str) -> Sequence[int]:
        ours: list[int] = []

        def rows() -> Iterator[tuple[object, ...]]:
            for each in done:
                before = driver.total_changes
                yield (*_values(each, _stored), owner)
                if driver.total_changes > before:
                    ours.append(each.key)

        driver.executemany(self._RECORD, rows())
        return ours

    def _take(self, driver: Any, writing: Writing) -> int:
        owner, now, lease = writing.owner, _stored(writing.now), _stored(writing.lease)
        driver.execute(_take(len(writing.taken)), (owner, lease, now, now, *writing.taken))
        if writing.relay is not None:
            hour = _stored(_hour(writing.now))
            driver.execute(_COUNT, {"relay": writing.relay, "hour": hour, "letters": len(writing.taken)})
        (number,) = driver.execute(_BUMP).fetchone()
        return int(number)


@lru_cache(maxsize=1000)
def _take(count: int) -> str:
    return Sqlite.TAKE.format(keys=",".join("?" * count))


def _named(sql: str) -> str:
    """Return a statement with its parameters as psycopg writes them."""
    return re.sub(r":(\w+)", r"%(\1)s", sql)


class Postgres:
    """For psycopg, in autocommit.

    "IS NOT DISTINCT FROM" is "=" that no index serves: the rows are found by their key, and not by way of the dead
    index entries of all that were `sending` before. Their keys stand beside the outcomes for the planner's sake: it
    takes JSON for a hundred rows, and would read the whole table.
    """

    _DUE_OF_ISSUE = _named(_DUE.format(joined="string_agg", whose=_OF_ISSUE))
    _ANY_NOTICE = _named(_ANY_NOTICE)
    _DUE_NOTICES = _named(_DUE.format(joined="string_agg", whose=_NOTICES))
    _WAITS = "(state IS NOT DISTINCT FROM 'planned' OR state IS NOT DISTINCT FROM 'deferred')"
    _LIVES = "NOT EXISTS (SELECT 1 FROM owners WHERE name = :owner AND ended IS NOT NULL)"
    """Of several workers, one that was taken for dead claims nothing any more; a sender alone has no row there."""
    PARTS: Mapping[str, str] = {
        "recorded": """
            UPDATE deliveries d SET state = r.state, due = r.due, reply = r.reply, doubts = d.doubts + r.doubts,
                   owner = NULL, lease = NULL, remote_id = COALESCE(r.remote_id, d.remote_id),
                   remote_url = COALESCE(r.remote_url, d.remote_url)
            FROM json_to_recordset(CAST(:done AS json))
                 AS r(state text, due timestamptz, reply text, doubts int, remote_id text, remote_url text, key bigint)
            WHERE d.id = ANY(CAST(:keys AS bigint[])) AND d.id = r.key
              AND d.state IS NOT DISTINCT FROM 'sending' AND d.owner = :owner
            RETURNING d.id""",
        "suppressed": f"""
            UPDATE deliveries d SET state = 'suppressed', due = NULL, reply = r.reply
            FROM json_to_recordset(CAST(:suppressed AS json)) AS r(key bigint, reply text)
            WHERE d.id = ANY(CAST(:out AS bigint[])) AND d.id = r.key AND {_WAITS} RETURNING d.id""",  # noqa: S608
        "taken": f"""
            UPDATE deliveries SET state = 'sending', owner = :owner, lease = :lease, due = NULL,
                   attempts = attempts + 1, first_tried = COALESCE(first_tried, :now), tried = :now
            WHERE id = ANY(CAST(:taken AS bigint[])) AND {_WAITS} AND {_LIVES} RETURNING id""",  # noqa: S608
        "generation": _BUMP,
        "counted": f"{_COUNT} RETURNING letters",
    }

    def due(self, driver: Any, issue: int | None, state: str, span: Span, now: datetime, most: int) -> list[Due]:
        """Return the next rows of an issue (None: the notices) that are due."""
        facts = {"issue": issue, "state": state, "behind": span[0], "upto": span[1], "now": now, "most": most}
        rows = driver.execute(self._DUE_NOTICES if issue is None else self._DUE_OF_ISSUE, facts)
        return [Due._make(row) for row in rows]

    def has_notice(self, driver: Any, now: datetime) -> bool:
        """Return whether a notice is due."""
        return driver.execute(self._ANY_NOTICE, {"now": now}).fetchone() is not None

    def has_ended(self, driver: Any, owner: str) -> bool:
        """Return whether an owner was taken for dead."""
        ended = "SELECT 1 FROM owners WHERE name = %(owner)s AND ended IS NOT NULL"
        return driver.execute(ended, {"owner": owner}).fetchone() is not None

    def write(self, driver: Any, writing: Writing) -> Written:
        """Write it, in one statement; what another process took or stopped meanwhile is not `taken`."""
        parts: list[str] = []
        facts: dict[str, object] = {"owner": writing.owner}
        if writing.done:
            parts.append("recorded")
            facts["keys"] = _array(each.key for each in writing.done)
            facts["done"] = _json(_DONE, (_values(each, datetime.isoformat) for each in writing.done))
        if writing.suppressed:
            parts.append("suppressed")
            facts["out"] = _array(key for key, _ in writing.suppressed)
            facts["suppressed"] = _json(_SUPPRESSED, writing.suppressed)
        if writing.taken:
            parts += ["taken", "generation"]
            facts |= {"taken": _array(writing.taken), "now": writing.now, "lease": writing.lease}
        if writing.taken and writing.relay is not None:
            parts.append("counted")
            facts |= {"relay": writing.relay, "hour": _hour(writing.now), "letters": len(writing.taken)}
        if not parts:
            return Written(frozenset(), frozenset(), None)
        recorded, taken, generation = driver.execute(_together(tuple(parts)), facts).fetchone()
        return Written(frozenset(recorded or ()), frozenset(taken or ()), int(generation) if generation else None)


@cache
def _together(parts: tuple[str, ...]) -> str:
    """Return one statement of several, which tells the keys that each changed."""
    named = ", ".join(f"{name} AS ({Postgres.PARTS[name]})" for name in parts)
    told = (f"({query})" if name in parts else "NULL" for name, query in _TOLD.items())
    return _named(f"WITH {named} SELECT {', '.join(told)}")


_TOLD = {
    "recorded": "SELECT array_agg(id) FROM recorded",
    "taken": "SELECT array_agg(id) FROM taken",
    "generation": "SELECT value FROM generation",
}
_DONE = ("state", "due", "reply", "doubts", "remote_id", "remote_url", "key")
"""What `_values` gives, as PostgreSQL's statement names it."""
_SUPPRESSED = ("key", "reply")


def _array(keys: Iterable[int]) -> str:
    return f"{{{','.join(map(str, keys))}}}"


def _json(names: Sequence[str], rows: Iterable[tuple[object, ...]]) -> str:
    """Return rows as one parameter: quicker made, and read, than an array for each column."""
    return json.dumps([dict(zip(names, row, strict=True)) for row in rows])


def _values(done: Concluded, stored: Callable[[datetime], str]) -> tuple[object, ...]:
    step, due = done.step, done.step.due
    doubts = int(step.state is DeliveryState.IN_DOUBT)
    return (step.state, stored(due) if due else None, step.reply, doubts, *done.remote, done.key)


def _stored(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")


_FIRST_TRIED = Due._fields.index("first_tried")


def _read(row: Sequence[Any]) -> Due:
    moment = datetime.fromisoformat(row[_FIRST_TRIED]).replace(tzinfo=UTC)
    return Due._make(row)._replace(first_tried=moment)


def _hour(now: datetime) -> datetime:
    return now.replace(minute=0, second=0, microsecond=0)

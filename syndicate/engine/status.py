"""How the cluster is: which tasks wait or are being done, and who lives."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from syndicate.store.database import Database
from syndicate.store.owners import OwnerStore

_TASKS = """
    SELECT args->>'task' AS name, count(*) FILTER (WHERE status = 'todo') AS waiting,
           count(*) FILTER (WHERE status = 'doing') AS doing,
           min(at) FILTER (WHERE status = 'todo') AS oldest
    FROM procrastinate_jobs jobs
    LEFT JOIN LATERAL (SELECT min(at) AS at FROM procrastinate_events WHERE job_id = jobs.id) events ON true
    WHERE status IN ('todo', 'doing') GROUP BY 1 ORDER BY 1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskStatus:
    """The jobs of one task."""

    name: str
    waiting: int
    doing: int
    oldest: datetime | None
    """Since when the oldest that waits has been there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterStatus:
    """The cluster at one moment."""

    tasks: tuple[TaskStatus, ...]
    workers: int
    senders: tuple[str, ...]
    """Who holds the right to send, by owner."""


def cluster_status(database: Database) -> ClusterStatus:
    """Return how the cluster is now."""
    with database.read() as connection:
        tasks = tuple(TaskStatus(**row._mapping) for row in connection.execute(text(_TASKS)))
        workers = int(connection.execute(text("SELECT count(*) FROM procrastinate_workers")).scalar_one())
    return ClusterStatus(tasks=tasks, workers=workers, senders=OwnerStore(database).living())

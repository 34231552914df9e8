"""The queue that workers share: jobs in Procrastinate's table, on the PostgreSQL that holds the ledger.

What waits under a name is not left twice (queueing lock); what is being done under it is not begun beside it (lock).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import procrastinate
from procrastinate.exceptions import AlreadyEnqueued
from sqlalchemy import Connection

from syndicate.protocols import Job, Task
from syndicate.store.database import Database

TASK = "syndicate.do"
"""The one task of the queue: a job's name and facts are its arguments."""
FIRST: Mapping[Task, int] = {Task.HOUSEKEEPING: 10, Task.NOTICES: 5, Task.MAILBOX: 3, Task.STATUSES: 2}
"""What must not wait behind a long issue, by Procrastinate's priority; 0 for the others."""


class ClusterQueue:
    """Leaves jobs in Procrastinate's table (`protocols.Queue`)."""

    def __init__(self, database: Database, shard: int) -> None:
        self.shard: int | None = shard
        self._database = database
        connector = procrastinate.SyncPsycopgConnector()
        self._app = procrastinate.App(connector=connector)
        self._task = self._app.task(name=TASK, pass_context=False)(_never)

    def defer(self, jobs: Sequence[Job], connection: Connection | None = None) -> None:
        """Leave each job that does not wait already; all of them with `connection`, in its transaction."""
        if connection is None:
            with self._database.write() as own:
                self.defer(jobs, own)
            return
        driver = connection.connection.driver_connection
        for job in jobs:
            # A lock that is taken would break the whole transaction.
            with connection.begin_nested() as point:
                try:
                    self._deferrer(job, driver).defer(**arguments(job))
                except AlreadyEnqueued:
                    point.rollback()

    def _deferrer(self, job: Job, driver: Any) -> Any:
        return self._task.configure(
            lock=job.key,
            queueing_lock=job.key,
            priority=FIRST.get(job.task, 0),
            schedule_at=job.due,
            connection=driver,
        )


def _never(**_: object) -> None:
    raise RuntimeError("jobs are done by workers")


def arguments(job: Job) -> dict[str, object]:
    """Return a job as JSON's values."""
    return {"task": job.task.value, "of": job.of, "span": list(job.span) if job.span else None}


def job_of(task: str, of: str, span: Sequence[int] | None) -> Job:
    """Return the job that `arguments` was made of."""
    return Job(task=Task(task), of=of, span=(span[0], span[1]) if span else None)

"""A worker: a process that takes jobs from the queue and does them, each thread with an installation of its own.

What a worker was doing when it died is no longer any job's: `_forget_stalled` ends it, and the next beat of a clock
leaves what is due still. A database that goes away ends no worker: it ends what it was doing, and then asks until it is
answered, as a clock does.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, suppress
from datetime import timedelta
from threading import Lock, local

import procrastinate
import psycopg
from procrastinate.exceptions import AppNotOpen, ConnectorException
from procrastinate.jobs import Status
from sqlalchemy.engine import URL

from syndicate.app import App
from syndicate.engine import work
from syndicate.engine.queue import TASK, job_of
from syndicate.errors import StoreError
from syndicate.log import event

OpenApp = Callable[[], AbstractContextManager[App]]
FETCH_SECONDS = 1.0
"""How often jobs are asked for that nobody announced: those whose time has come."""
AGAIN_SECONDS = 2.0
"""How long a database that was lost is left alone before it is asked again."""
ANSWER_SECONDS = 10.0
"""How long it may take to connect."""
_LOST = (ConnectorException, AppNotOpen, psycopg.OperationalError)
_LIBRARIES = ("procrastinate", "psycopg.pool", "asyncio")


class Worker:
    """One process of the cluster: takes jobs, `concurrency` of them at a time."""

    def __init__(
        self,
        url: URL,
        open_app: OpenApp,
        *,
        concurrency: int,
        lease: timedelta,
        reached: Callable[[], None] = lambda: None,
    ) -> None:
        self._url, self._open_app, self._lease, self._concurrency = url, open_app, lease, concurrency
        self._reached = reached
        """Called whenever the queue has answered: twice in a lease while all is well."""
        self._own = local()
        self._opened = ExitStack()
        self._apps: list[App] = []
        self._opening = Lock()
        self._is_ending = False

    async def run(self, *, wait: bool = True) -> None:
        """Take jobs until a signal (or, without `wait`, until none is left); what was begun is finished.

        Raises StoreError without `wait`, where the database does not answer.
        """
        _hear_libraries()
        working = asyncio.create_task(self._work(wait))
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, self._end, working)
        with self._opened, suppress(asyncio.CancelledError):  # That is how it ends.
            await working

    async def _work(self, wait: bool) -> None:
        """Take jobs over one connection after the other."""
        while True:
            because = await self._over_one_connection(wait)
            if self._is_ending or (not wait and because is None):
                return
            if not wait:
                where = self._url.render_as_string(hide_password=True)
                raise StoreError(f"the queue cannot be reached: {because}", where=where, hint="run it again")
            event("queue-lost", level=logging.WARNING, because=because or "it was cut off")
            await asyncio.sleep(AGAIN_SECONDS)

    async def _over_one_connection(self, wait: bool) -> str | None:
        """Take jobs for as long as the queue is there, end what was begun, and return what the driver said."""
        connector = procrastinate.PsycopgConnector(
            conninfo=conninfo(self._url), min_size=1, max_size=self._concurrency + 3, timeout=ANSWER_SECONDS
        )
        queue = procrastinate.App(connector=connector)
        queue.task(name=TASK)(self._do)
        try:
            await queue.open_async()
            await self._forget_stalled(queue)
            await self._take(queue, wait)
        except _LOST as error:
            return str(error.__cause__ or error).partition("\n")[0]
        finally:
            await queue.close_async()
        return None

    async def _take(self, queue: procrastinate.App, wait: bool) -> None:
        ended = asyncio.Event()
        tidying = asyncio.create_task(self._tidy(queue, ended))
        try:
            await queue.run_worker_async(
                concurrency=self._concurrency,
                wait=wait,
                delete_jobs="always",
                install_signal_handlers=False,
                fetch_job_polling_interval=FETCH_SECONDS,
                update_heartbeat_interval=self._lease.total_seconds() / 6,
                stalled_worker_timeout=self._lease.total_seconds(),
            )
        finally:
            ended.set()
            await tidying

    async def _tidy(self, queue: procrastinate.App, ended: asyncio.Event) -> None:
        """Forget what died, now and then. Told to end, not cancelled: a driver may take that for a lost connection."""
        while not ended.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(ended.wait(), self._lease.total_seconds() / 2)
            with suppress(*_LOST):  # It shows where jobs are taken, too.
                await self._forget_stalled(queue)

    async def _forget_stalled(self, queue: procrastinate.App) -> None:
        """End the jobs of workers that died."""
        manager = queue.job_manager
        for job in await manager.get_stalled_jobs(seconds_since_heartbeat=self._lease.total_seconds()):
            event("job-forgotten", level=logging.WARNING, job=job.lock, because="its worker died")
            await manager.finish_job(job, status=Status.FAILED, delete_job=True)
        self._reached()

    def _end(self, working: asyncio.Task[None]) -> None:
        """Claim nothing more; what is on a wire is finished, and then the process ends."""
        if self._is_ending:
            return
        self._is_ending = True
        for app in self._apps:
            app.stop.set()
        working.cancel()

    def _do(self, task: str, of: str, span: list[int] | None) -> None:
        work.do(self._own_app(), job_of(task, of, span), self._lease)

    def _own_app(self) -> App:
        """Return the installation as this thread holds it open: the ledger's connection is for one thread."""
        app: App | None = getattr(self._own, "app", None)
        if app is None:
            with self._opening:
                app = self._own.app = self._opened.enter_context(self._open_app())
                self._apps.append(app)
            if self._is_ending:
                app.stop.set()
        return app


class _Heard(logging.Handler):
    """What our libraries log, as lines of ours: a lost connection is told once by us, anything else with its place."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        is_known = record.levelno < logging.ERROR or error is None or isinstance(error, _LOST)
        event(
            "library-says",
            level=logging.DEBUG if is_known else record.levelno,
            by=record.name,
            because=record.getMessage() if is_known else f"{type(error).__name__}: {error}",
            at=None if is_known else _place_of(error),
        )


def _hear_libraries() -> None:
    for name in _LIBRARIES:
        logger = logging.getLogger(name)
        logger.handlers[:] = [_Heard()]
        logger.propagate = False


def _place_of(error: BaseException | None) -> str | None:
    """Return the file and line in which an error was raised."""
    frames = traceback.extract_tb(error.__traceback__) if error else None
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else None


def conninfo(url: URL) -> str:
    """Return a database's address as libpq takes it."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)

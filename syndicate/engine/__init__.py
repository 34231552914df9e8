"""Who does the work: this process alone, or many workers that share a PostgreSQL.

    local.py     a beat does what is due, here and now
    cluster.py   a beat leaves what is due as jobs, and workers take them (the queue is Procrastinate's)
    work.py      what is due, and how one job of it is done: the pipeline's functions by name
    queue.py     where jobs are left, in the transaction that plans what they are for
    worker.py    a process that takes jobs
    schema.py    Procrastinate's own tables, applied by us and checked against the version that is installed
    status.py    how many jobs wait, and who lives

Jobs may be done twice, late, or never: the ledger decides what is sent, and the next beat finds what is due still.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from syndicate.app import App
    from syndicate.config import Config
    from syndicate.pipeline.deliver import Delivered, Progress
    from syndicate.pipeline.tick import Tick


class Engine(Protocol):
    """Has the work done. The pipeline does not know which one it has."""

    is_shared: bool
    """Others do the work: what a beat came to is theirs to tell."""

    def check(self, app: App) -> None:
        """Raise StoreError where it cannot work yet, with the command that mends it."""

    def beat(self, app: App, progress: Progress) -> Tick | None:
        """Have what is due done, of everything; return what was done, None where others do it."""

    def deliver(self, app: App, progress: Progress) -> Delivered:
        """Have what is due delivered, and return when it is, or when `app.stop` is set."""


def engine_of(config: Config) -> Engine:
    """Return the engine that config.yaml names."""
    from syndicate.config import EngineKind

    if config.engine is EngineKind.LOCAL:
        from syndicate.engine.local import LocalEngine

        return LocalEngine()
    from syndicate.engine.cluster import ClusterEngine

    return ClusterEngine()


def check_parts(config: Config) -> None:
    """Raise ConfigError where a cluster is asked for, and its database cannot be shared or its parts are missing."""
    from importlib.util import find_spec

    from syndicate.config import EngineKind
    from syndicate.errors import ConfigError

    if config.engine is EngineKind.LOCAL:
        return
    where = config.line("engine")
    if config.database_url.startswith("sqlite"):
        raise ConfigError(
            "workers share a PostgreSQL; with SQLite there is one sender",
            where=where,
            hint="set database to postgresql+psycopg://…, and copy what is there: syndicate store copy",
        )
    if find_spec("procrastinate") is None:
        raise ConfigError(
            "the cluster's parts are not installed",
            where=where,
            hint="pip install 'syndicate[cluster]', or set engine: local",
        )

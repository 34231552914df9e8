"""`syndicate cluster`: the queue's tables, and how the workers are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from syndicate.cli.context import as_json_option, opened, print_json, print_table, when
from syndicate.errors import ConfigError

if TYPE_CHECKING:
    from syndicate.config import Config


@click.group(name="cluster")
def command() -> None:
    """Look after the queue that workers share."""


@command.command()
@click.pass_context
def migrate(context: click.Context) -> None:
    """Make the queue's tables in the database, or bring them to the version of Procrastinate that is installed."""
    with opened(context) as app:
        cluster_config(app.config)
        from syndicate.engine.schema import migrate as bring_up

        names = bring_up(app.database)
    click.echo(f"applied {', '.join(names)}" if names else "the queue's tables are current", err=True)


@command.command()
@as_json_option
@click.pass_context
def status(context: click.Context, as_json: bool) -> None:
    """Tell which workers live, what they do, and what waits."""
    with opened(context) as app:
        cluster_config(app.config)
        from syndicate.engine.schema import check
        from syndicate.engine.status import cluster_status

        check(app.database)
        found = cluster_status(app.database)
        if as_json:
            print_json(found)
            return
        rows = [
            [each.name, each.waiting, each.doing, when(each.oldest, app) if each.oldest else ""] for each in found.tasks
        ]
        print_table(["task", "waiting", "doing", "oldest"], rows, none="nothing waits, and nothing is being done")
        click.echo(f"{found.workers} workers live; {len(found.senders)} send at this moment", err=True)


def cluster_config(config: Config) -> Config:
    """Return a config whose engine is the cluster; ConfigError, with what to write, for any other."""
    from syndicate.config import EngineKind
    from syndicate.engine import check_parts

    if config.engine is EngineKind.CLUSTER:
        check_parts(config)
        return config
    raise ConfigError(
        f"the engine is {config.engine}: one process does all the work, and there is nothing to share",
        where=config.line("engine") or str(config.path),
        hint="set engine: cluster and a PostgreSQL as database; docs/scaling.md tells how to move",
    )

"""`syndicate worker`: take jobs of the cluster and do them, until a signal."""

from __future__ import annotations

import asyncio
import os

import click

from syndicate.cli.watched import Pulse, health_option, watched


@click.command(name="worker")
@click.option(
    "--concurrency", type=click.IntRange(1, 32), default=1, show_default=True, help="Jobs that it does at a time."
)
@click.option("--once", is_flag=True, help="Do what waits now, and end.")
@health_option
@click.pass_context
def command(context: click.Context, concurrency: int, once: bool, health: str | None) -> None:
    """Take jobs of the cluster and do them: poll, publish, send, post. Any number may run, on any machine."""
    from syndicate.app import open_app
    from syndicate.cli.cluster import cluster_config
    from syndicate.config import load_config
    from syndicate.store.opening import open_database

    config = cluster_config(load_config(context.obj.config_path, os.environ))
    # Not before: where these parts are not installed, it has just been said how to get them.
    from syndicate.engine.schema import check
    from syndicate.engine.worker import Worker

    with open_database(config.database_url) as database:
        check(database)
        url = database.url
    lease = config.cluster.lease
    pulse = Pulse("the worker has not reached its queue", lease)
    worker = Worker(url, lambda: open_app(config), concurrency=concurrency, lease=lease, reached=pulse.beat)
    click.echo("working; Ctrl-C ends it", err=True)
    with watched(None if once else health, config, pulse):
        asyncio.run(worker.run(wait=not once))
    click.echo("ended; what was on a wire is recorded", err=True)

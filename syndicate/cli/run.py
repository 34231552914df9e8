"""`syndicate run`, `pause`, `resume`: the clock and the work."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import click

from syndicate.cli.context import ended_by_signals, opened, when
from syndicate.cli.story import ENDED_EARLY
from syndicate.cli.watched import Pulse, health_option, watched
from syndicate.errors import SyndicateError
from syndicate.log import event

if TYPE_CHECKING:
    from syndicate.app import App
    from syndicate.pipeline import Tick

BEAT_SECONDS = 20
MOST_BETWEEN_BEATS = timedelta(seconds=3 * BEAT_SECONDS)
LOOK_SECONDS = 0.5
"""How soon what should not wait for the next beat (a reader's confirmation) is noticed."""


@click.command(name="run")
@click.option("--once", is_flag=True, help="Do what is due now, and end.")
@health_option
@click.pass_context
def command(context: click.Context, once: bool, health: str | None) -> None:
    """Poll, announce, publish and deliver what is due: now (--once), or whenever it is due."""
    from syndicate.engine import engine_of

    with opened(context) as app, ended_by_signals(app):
        engine = engine_of(app.config)
        engine.check(app)
        if once:
            result = _one_beat(app)
            if app.stop.is_set():
                click.echo(ENDED_EARLY, err=True)
            context.exit(0 if (result is None or result.is_whole) and not app.stop.is_set() else 1)
        working = Lock()
        # One process that does it all may send for hours in one beat; a beat that leaves jobs is done in a moment.
        most = max(MOST_BETWEEN_BEATS, app.config.cluster.lease)
        pulse = Pulse(
            "no beat of the clock has ended well", most, is_busy=lambda: working.locked() and not engine.is_shared
        )
        with _readers_pages(app), watched(health, app.config, pulse):
            _run(app, working, pulse)


@click.command(name="pause")
@click.pass_context
def pause(context: click.Context) -> None:
    """Let nothing leave: no letter, no status. Polling goes on; `syndicate resume` ends it."""
    with opened(context) as app:
        app.set_paused(True)
    click.echo("paused: nothing leaves until `syndicate resume`", err=True)


@click.command(name="resume")
@click.pass_context
def resume(context: click.Context) -> None:
    """Let things leave again."""
    with opened(context) as app:
        app.set_paused(False)
    click.echo("resumed: what is due leaves at the next beat of `syndicate run`", err=True)


def _one_beat(app: App) -> Tick | None:
    from syndicate.cli.progress import Bars
    from syndicate.cli.story import tell_tick
    from syndicate.engine import engine_of

    bars = Bars()
    with bars:
        result = engine_of(app.config).beat(app, bars.sending)
    if result is None:
        click.echo("what is due is left to the workers: syndicate cluster status", err=True)
        return None
    for line in tell_tick(app, result):
        click.echo(line, err=True)
    _show_outbox(app)
    return result


def _show_outbox(app: App) -> None:
    for page in _write_pages(app):
        click.echo(f"look at {page}")


@contextmanager
def _readers_pages(app: App) -> Iterator[None]:
    """Serve the readers' pages beside the work, where config.yaml says where readers reach them."""
    web = app.config.web
    if web.public_url is None:
        yield
        return
    from syndicate.cli.serving import address_of, listening, served_beside
    from syndicate.web.readers.app import readers_app

    way_out = "end what runs there (a `syndicate web`?), or set web.public_listen in config.yaml"
    with listening(web.public_listen, way_out=way_out) as listener:
        place = address_of(web.public_listen, listener)
        click.echo(f"readers' pages: {web.public_url}, served here at {place}", err=True)
        with served_beside(readers_app(app), listener, ended=app.stop.set):
            yield


def _run(app: App, working: Lock, pulse: Pulse) -> None:
    """Beat until a signal ends it. The clock holds no truth: each beat computes what is due from config and store."""
    from apscheduler.schedulers.background import BackgroundScheduler

    from syndicate.schedule import next_period

    for name, digest in app.config.digests.items():
        zone, now = app.config.site.zone, app.clock.now()
        then = when(next_period(digest.at, zone, now), app) if digest.at else "with the next review that is announced"
        click.echo(f"{name}: next {then}", err=True)
    click.echo("running; Ctrl-C ends it", err=True)
    scheduler = BackgroundScheduler(timezone="UTC")
    scheduler.add_job(
        lambda: _beat(app, working, pulse),
        "interval",
        seconds=BEAT_SECONDS,
        coalesce=True,
        max_instances=1,
        misfire_grace_time=None,
        next_run_time=app.clock.now(),
        id="beat",
    )
    scheduler.start()
    try:
        while not app.stop.wait(LOOK_SECONDS):
            if app.wake.is_set() and not working.locked():
                scheduler.modify_job("beat", next_run_time=app.clock.now())
    finally:
        scheduler.shutdown(wait=True)
    click.echo("ended; what was on a wire is recorded", err=True)


def _beat(app: App, working: Lock, pulse: Pulse) -> None:
    """Do what is due; a fault of ours ends the run, for a beat that fails unseen would be worse.

    What can be explained (a database locked for too long, a disk that is full) is told, and the next beat tries again.
    What is planned while it works sets `wake` again, and the next beat follows at once.
    """
    from syndicate.cli.progress import EachMinute, log_progress
    from syndicate.engine import engine_of

    try:
        with working:
            app.wake.clear()
            if engine_of(app.config).beat(app, EachMinute(log_progress).sending):
                _write_pages(app)
        pulse.beat()
    except SyndicateError as error:
        event("beat-failed", level=logging.ERROR, because=error.what, where=error.where)
    except BaseException:
        app.stop.set()
        raise


def _write_pages(app: App) -> list[Path]:
    """Write the viewing page of each outbox that holds something, and return where they are."""
    from syndicate.channels.outbox_page import write_page

    folders = [folder for folder in app.outbox_folders() if folder.is_dir()]
    return [write_page(folder, app.pictures.path_for, app.templates) for folder in folders]

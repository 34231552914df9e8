"""`syndicate preview`: the next issue and the next statuses, served here until Ctrl-C, or written as files."""

from __future__ import annotations

import os
import secrets
import webbrowser
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import click

from syndicate.cli.context import as_json_option, opened, print_json
from syndicate.errors import ConfigError

if TYPE_CHECKING:
    from syndicate.web.studio.stills import Written

DEFAULT = "127.0.0.1:8025"


@click.command(name="preview")
@click.option("--listen", metavar="HOST:PORT", help="Where to serve it; else web.listen, else 127.0.0.1:8025.")
@click.option("--open", "open_browser", is_flag=True, help="Open it in the browser.")
@click.option(
    "--out", metavar="DIR", type=click.Path(path_type=Path, file_okay=False), help="Write it as files instead."
)
@click.option("--digest", metavar="NAME", help="With --out: this digest alone.")
@click.option("--at", metavar="WHEN", help="With --out: as it would be then, such as 2026-12-04T09:00.")
@as_json_option
@click.pass_context
def command(
    context: click.Context,
    listen: str | None,
    open_browser: bool,
    out: Path | None,
    digest: str | None,
    at: str | None,
    as_json: bool,
) -> None:
    """Serve the next issue and the next statuses on this machine, or write them as files. It sends nothing."""
    if out is None:
        if digest or at or as_json:
            raise click.UsageError("--digest, --at and --json go with --out; the page itself asks for the rest")
        _serve(context, listen, open_browser)
        return
    if listen or open_browser:
        raise click.UsageError("--out writes files and serves nothing: leave --listen and --open out")
    _write(context, out, digest, at, as_json)


def _serve(context: click.Context, listen: str | None, open_browser: bool) -> None:
    from syndicate.cli.serving import address_of, listening, serve
    from syndicate.web.hosts import host_of, is_loopback
    from syndicate.web.studio.app import studio_app
    from syndicate.web.studio.live import Live

    place = _place(context, listen)
    token = secrets.token_urlsafe(24) if is_loopback(host_of(place)) else None
    live = Live(context.obj.config_path)
    host = place.rpartition(":")[0]
    way_out = f"end what runs there (another preview?), or take any free port: syndicate preview --listen {host}:0"
    with listening(place, way_out=way_out) as listener:
        app, address = studio_app(live, host=place, token=token), address_of(place, listener)
        click.echo(f"{address}?token={token}" if token else address)
        click.echo(f"the studio is served there, live{_rights(token)}; Ctrl-C ends it", err=True)
        # The first look loads what draws it: it may as well begin before anybody asks.
        Thread(target=app.state.studio.scene, daemon=True).start()
        if open_browser:
            # Some browsers keep this call until they are closed. Others on this machine may read what it is called
            # with, so it gets a ticket that is good once.
            ticket = app.state.tickets.issue()
            Thread(target=webbrowser.open, args=(f"{address}open/{ticket}",), daemon=True).start()
        try:
            serve(app, listener, at_end=app.state.events.end)
        finally:
            live.close()


def _rights(token: str | None) -> str:
    return "; keep the address to yourself, for it may write" if token else ", to look at only"


def _write(context: click.Context, out: Path, digest: str | None, at: str | None, as_json: bool) -> None:
    from syndicate.cli.story import counted
    from syndicate.web.studio.stills import write_stills

    def say(line: str) -> None:
        click.echo(line, err=True)

    with opened(context) as app:
        written: Written = write_stills(app, out, digest=digest, at=at, say=say)
    if as_json:
        print_json(written)
    else:
        for path in written.files:
            click.echo(out / path)
    for fault in written.faults:
        say(f"{fault}; its page says so")
    say(f"{counted(len(written.files), 'file', 'files')} written; open {out / 'index.html'}")
    if written.faults:
        context.exit(1)


def _place(context: click.Context, listen: str | None) -> str:
    """Return where to listen. A config with faults is shown by the page itself, so it only costs its `web.listen`."""
    from syndicate.cli.serving import checked
    from syndicate.config import load_config
    from syndicate.config.load import ConfigFaults

    try:
        configured = load_config(context.obj.config_path, os.environ).web.listen
    except ConfigFaults as faults:
        click.echo(f"{faults}\nthe page shows this too, and goes on once it is mended", err=True)
        configured = DEFAULT
    place = checked(listen) if listen else configured
    _check_host(place, configured)
    return place


def _check_host(place: str, configured: str) -> None:
    """Refuse to be reached from elsewhere, unless config.yaml says so: the studio has no login."""
    from syndicate.web.hosts import host_of, is_loopback

    host = host_of(place)
    if is_loopback(host) or host == host_of(configured):
        return
    raise ConfigError(
        f"the studio has no login, so it is not served on {host}, where others could reach it",
        where="--listen",
        hint=f"leave it on this machine, and look from yours: ssh -L 8025:{DEFAULT} THIS-MACHINE "
        f"(or, on a network that you trust, set web.listen in config.yaml)",
    )

"""`syndicate preview`: the next issue and the next statuses, served on this machine until Ctrl-C."""

from __future__ import annotations

import os
import webbrowser
from threading import Thread

import click

from syndicate.errors import ConfigError

DEFAULT = "127.0.0.1:8025"


@click.command(name="preview")
@click.option("--listen", metavar="HOST:PORT", help="Where to serve it; else web.listen, else 127.0.0.1:8025.")
@click.option("--open", "open_browser", is_flag=True, help="Open it in the browser.")
@click.pass_context
def command(context: click.Context, listen: str | None, open_browser: bool) -> None:
    """Serve the next issue and the next statuses on this machine. It sends nothing and changes nothing."""
    from syndicate.cli.serving import address_of, listening, serve
    from syndicate.web.studio.app import studio_app
    from syndicate.web.studio.live import Live

    place = _place(context, listen)
    live = Live(context.obj.config_path)
    host = place.rpartition(":")[0]
    way_out = f"end what runs there (another preview?), or take any free port: syndicate preview --listen {host}:0"
    with listening(place, way_out=way_out) as listener:
        address = address_of(place, listener)
        click.echo(address)
        click.echo("the preview is served there; it reloads itself; Ctrl-C ends it", err=True)
        if open_browser:
            # Some browsers keep this call until they are closed.
            Thread(target=webbrowser.open, args=(address,), daemon=True).start()
        try:
            serve(studio_app(live, host=place), listener)
        finally:
            live.close()


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
    """Refuse to be reached from elsewhere, unless config.yaml says so: the preview has no login."""
    from syndicate.web.hosts import host_of, is_loopback

    host = host_of(place)
    if is_loopback(host) or host == host_of(configured):
        return
    raise ConfigError(
        f"the preview has no login, so it is not served on {host}, where others could reach it",
        where="--listen",
        hint=f"leave it on this machine, and look from yours: ssh -L 8025:{DEFAULT} THIS-MACHINE "
        f"(or, on a network that you trust, set web.listen in config.yaml)",
    )

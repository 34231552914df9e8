"""`syndicate preview`: the next issue and the next statuses, served on this machine until Ctrl-C."""

from __future__ import annotations

import errno
import os
import signal
import socket
import webbrowser
from contextlib import nullcontext
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
    from syndicate.web.app import preview_app
    from syndicate.web.live import Live

    place = _place(context, listen)
    host = place.rpartition(":")[0].strip("[]")
    live = Live(context.obj.config_path)
    with _listening(place) as listener:
        address = f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}/"
        click.echo(address)
        click.echo("the preview is served there; it reloads itself; Ctrl-C ends it", err=True)
        if open_browser:
            # Some browsers keep this call until they are closed.
            Thread(target=webbrowser.open, args=(address,), daemon=True).start()
        try:
            _serve(preview_app(live, host=place), listener)
        finally:
            live.close()


def _place(context: click.Context, listen: str | None) -> str:
    """Return where to listen. A config with faults is shown by the page itself, so it only costs its `web.listen`."""
    from syndicate.config import load_config
    from syndicate.config.load import ConfigFaults

    try:
        configured = load_config(context.obj.config_path, os.environ).web.listen
    except ConfigFaults as faults:
        click.echo(f"{faults}\nthe page shows this too, and goes on once it is mended", err=True)
        configured = DEFAULT
    place = _checked(listen) if listen else configured
    _check_host(place, configured)
    return place


def _checked(listen: str) -> str:
    from syndicate.config.values import check_listen

    try:
        return check_listen(listen)
    except ValueError as error:
        raise ConfigError(str(error), where="--listen") from error


def _check_host(place: str, configured: str) -> None:
    """Refuse to be reached from elsewhere, unless config.yaml says so: the preview has no login."""
    from syndicate.web.guard import host_of, is_loopback

    host = host_of(place)
    if is_loopback(host) or host == host_of(configured):
        return
    raise ConfigError(
        f"the preview has no login, so it is not served on {host}, where others could reach it",
        where="--listen",
        hint=f"leave it on this machine, and look from yours: ssh -L 8025:{DEFAULT} THIS-MACHINE "
        f"(or, on a network that you trust, set web.listen in config.yaml)",
    )


def _listening(place: str) -> socket.socket:
    """Return a listening socket. Raises ConfigError where the place is taken or not ours."""
    from syndicate.web.guard import host_of

    host, port = host_of(place), int(place.rpartition(":")[2])
    try:
        family, kind, protocol, _, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(where)
            listener.listen()
        except OSError:
            listener.close()
            raise
    except OSError as error:
        raise _refused(place, error) from error
    return listener


def _refused(place: str, error: OSError) -> ConfigError:
    host = place.rpartition(":")[0]
    if error.errno == errno.EADDRINUSE:
        hint = f"end what runs there (another preview?), or take any free port: syndicate preview --listen {host}:0"
        return ConfigError("something else is served there already", where=place, hint=hint)
    hint = f"syndicate preview --listen {DEFAULT}"
    return ConfigError(f"cannot be listened on: {error.strerror or error}", where=place, hint=hint)


def _serve(app: object, listener: socket.socket) -> None:
    """Serve until Ctrl-C or SIGTERM, each of which is a clean end."""
    import uvicorn

    class Server(uvicorn.Server):
        """Raises no signal again at its end, as uvicorn's own does: being told to end is no failure."""

        def capture_signals(self) -> nullcontext[None]:  # type: ignore[override]
            return nullcontext()

    config = uvicorn.Config(
        app,  # type: ignore[arg-type]
        log_level="warning",
        access_log=False,
        lifespan="off",
        ws="none",
        server_header=False,
        timeout_graceful_shutdown=2,
    )
    server = Server(config)
    before = {each: signal.signal(each, server.handle_exit) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        server.run(sockets=[listener])
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)

"""`syndicate web`: the readers' pages alone, for a machine on which another `syndicate run` does the work."""

from __future__ import annotations

import click

from syndicate.cli.context import opened


@click.command(name="web")
@click.option("--listen", metavar="HOST:PORT", help="Where to serve them; else web.public_listen, else 127.0.0.1:8026.")
@click.pass_context
def command(context: click.Context, listen: str | None) -> None:
    """Serve the readers' pages until Ctrl-C: subscribe, confirm, unsubscribe, preferences."""
    from syndicate.cli.serving import address_of, checked, listening, serve
    from syndicate.web.readers.app import readers_app

    with opened(context) as app:
        pages = readers_app(app)
        place = checked(listen) if listen else app.config.web.public_listen
        with listening(place, way_out="syndicate web --listen 127.0.0.1:0, which takes any free port") as listener:
            click.echo(address_of(place, listener))
            click.echo(
                f"readers reach these pages at {app.config.web.public_url}; `syndicate run` sends the mails that they "
                "ask for; Ctrl-C ends it",
                err=True,
            )
            serve(pages, listener)

"""Which mailing list a command is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from syndicate.app import App

list_option = click.option("--list", "list_name", help="The mailing list; not needed where there is only one.")


def list_of(app: App, name: str | None) -> str:
    """Return a list of our own subscribers by name; the only one where none is named."""
    from syndicate.errors import AudienceError

    own = [key for key, each in app.config.lists.items() if each.address is None]
    if name is None and len(own) == 1:
        return own[0]
    if name in own:
        return name
    if name in app.config.lists:
        raise AudienceError(f'the list "{name}" is a posting address; its server owns its members')
    there = ", ".join(own) or "none"
    if name is None:
        raise AudienceError(f"which list? config.yaml has: {there}", hint="--list NAME")
    raise AudienceError(f'config.yaml has no list "{name}"; it has: {there}', hint="--list NAME")

"""The form that is pasted into a blog: plain HTML that posts to our pages, with the list in it."""

from __future__ import annotations

from syndicate.audience.model import OptIn
from syndicate.compose.environment import environment, load, render
from syndicate.compose.words import Words
from syndicate.config import Config
from syndicate.errors import ConfigError, NotFoundError
from syndicate.web.readers.desk import public_url_of


def paste_form(config: Config, name: str) -> str:
    """Return the HTML of a list's form, in the site's language.

    Raises NotFoundError for a list that config.yaml does not have, ConfigError where web.public_url is missing or
    the list is not joined on the web.
    """
    if name not in config.lists:
        there = ", ".join(config.lists) or "none"
        raise NotFoundError(f'config.yaml has no list "{name}"; it has: {there}')
    url, found, where = public_url_of(config.web.public_url), config.lists[name], config.line("lists", name)
    if found.address is not None:
        hint = "readers join it where its own server says"
        raise ConfigError(f'the list "{name}" belongs to a list server at {found.address}', where=where, hint=hint)
    if found.opt_in is OptIn.CLOSED:
        hint = "set its opt_in to double, or add people with: syndicate subscribers add"
        raise ConfigError(f'the list "{name}" is closed: nobody joins it on the web', where=where, hint=hint)
    words = Words(language=config.site.language, timezone=config.site.timezone)
    env = environment([config.resolve(config.templates)] if config.templates else [])
    context = {
        "t": words,
        "language": words.language if words.known else "en",
        "direction": words.direction if words.known else "ltr",
        "public_url": url,
        "list": {"key": name, "title": found.name or name, "about": found.about},
    }
    return render(load(env, "web/readers/paste.html"), context).strip()

"""The pages, drawn: the editor's templates file by file before ours, and ours alone where theirs are broken.

A reader must be able to leave whatever an editor's template does: one that is missing a brace is told to the editor
as an incident, and the page is drawn from our own until it is mended.
"""

from __future__ import annotations

import base64
import hashlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock

import jinja2
from markupsafe import Markup

from syndicate.app import App
from syndicate.compose.environment import environment, load, render
from syndicate.compose.words import Words
from syndicate.config import Config
from syndicate.errors import SyndicateError, TemplateError
from syndicate.log import event

INCIDENT = "readers' pages: "
_STYLES = ("style.css", "theme.css")


@dataclass(frozen=True, slots=True)
class Page:
    """A page, and what its policy must allow: the one style that stands in it, by its hash (CSP 3 §2.3.1)."""

    html: str
    style_hash: str


class Pages:
    """Draws the readers' pages."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._own = app.templates
        self._ours = environment([])
        self._lock = Lock()
        self._broken = {each.name for each in app.incidents.open_ones() if each.name.startswith(INCIDENT)}
        site = app.config.site
        self.words = Words(language=site.language, timezone=site.timezone)

    def draw(self, name: str, values: Mapping[str, object]) -> Page:
        """Return a page by the name of its template in web/readers/. Never raises for an editor's template."""
        context = {**frame(self._app.config, self.words), **values}
        try:
            page = drawn(self._own, name, context)
        except Exception as fault:  # noqa: BLE001 (whatever an editor's template does, a reader can leave)
            self._tell_broken(name, fault)
            return drawn(self._ours, name, context)
        self._tell_mended(name)
        return page

    def _tell_broken(self, name: str, fault: Exception) -> None:
        with self._lock:
            if _incident(name) in self._broken:
                return
            self._broken.add(_incident(name))
        event("readers.template", level=logging.ERROR, page=name, fault=str(fault))
        text = f"The page {name} does not render, so readers see ours instead.\n{fault}"
        self._keep(lambda: self._app.incidents.open(_incident(name), text, self._app.clock.now()))

    def _tell_mended(self, name: str) -> None:
        with self._lock:
            if _incident(name) not in self._broken:
                return
            self._broken.discard(_incident(name))
        self._keep(lambda: self._app.incidents.close(_incident(name), self._app.clock.now()))

    def _keep(self, tell: Callable[[], bool]) -> None:
        """Tell it to the store. Where that fails too, the page is worth more than the alert."""
        try:
            tell()
        except SyndicateError as fault:
            event("readers.alert", level=logging.ERROR, fault=str(fault))


def frame(config: Config, words: Words) -> Mapping[str, object]:
    """Return what every page knows. Where we have no words in the site's language, the page is in English."""
    site = config.site
    return {
        "t": words,
        "language": words.language if words.known else "en",
        "direction": words.direction if words.known else "ltr",
        "site": site.name,
        "site_url": site.url,
        "editor": site.editor,
        "postal": site.postal,
        "theme": config.theme.drawn(),
    }


def _incident(name: str) -> str:
    return f"{INCIDENT}{name}"


def drawn(env: jinja2.Environment, name: str, context: Mapping[str, object]) -> Page:
    """Return a page by the name of its template in web/readers/. Raises TemplateError."""
    style = "".join(render(load(env, f"web/readers/{each}"), context) for each in _STYLES)
    if "</style" in style.lower():
        raise TemplateError("the style ends itself", where="web/readers/theme.css", hint="no </style> in a style")
    html = render(load(env, f"web/readers/{name}.html"), {**context, "style": Markup(style)})  # noqa: S704 (a template's)
    digest = hashlib.sha256(style.encode()).digest()
    return Page(html=html, style_hash=f"'sha256-{base64.b64encode(digest).decode()}'")

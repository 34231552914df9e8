"""The archive's pages, drawn: the same for the readers' app and for a folder of files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from syndicate.compose.archive import FEED, ArchivedIssue, Place, atom_feed, bar_values, index_values, neighbours
from syndicate.compose.archive_letter import PageParts, public_page
from syndicate.compose.words import Words
from syndicate.config import Config
from syndicate.web.readers.pages import Page

PATH = "/archive"
Draw = Callable[[str, Mapping[str, object]], Page]
"""Draws a template of web/readers/ by its name."""


def index_page(config: Config, issues: Sequence[ArchivedIssue], place: Place, draw: Draw) -> Page:
    """Return the list of all issues."""
    names = {key: digest.name or config.site.name for key, digest in config.digests.items()}
    return draw("archive", index_values(issues, place, names, config.site.timezone))


def issue_page(
    config: Config, issue: ArchivedIssue, issues: Sequence[ArchivedIssue], letter: str, place: Place, draw: Draw
) -> str:
    """Return an issue's page: its letter under a bar, with nothing of any reader in it."""
    words = Words(language=config.site.language, timezone=config.site.timezone)
    bar = draw("archive_bar", bar_values(issue, place, neighbours(issue, issues)))
    parts = PageParts(
        title=f"{issue.subject} · {config.site.name}",
        description=issue.preheader,
        language=config.site.language,
        canonical=place.page(issue),
        feed=place.link(FEED, above="../../"),
        bar=bar.html,
        subscribe=place.subscribe,
        subscribe_words=words("join.button"),
    )
    return public_page(letter, parts)


def feed_of(config: Config, issues: Sequence[ArchivedIssue], place: Place) -> bytes:
    """Return the feed of issues."""
    return atom_feed(issues, place, language=config.site.language)


def served_place(config: Config, public_url: str) -> Place:
    """Return the place of the archive that we serve."""
    return _place(config, f"{public_url.rstrip('/')}{PATH}")


def files_place(config: Config, url: str | None) -> Place:
    """Return the place of an archive of files: at an address of its own, or a copy of what we serve."""
    if url is None and config.web.public_url:
        return replace(served_place(config, config.web.public_url), is_static=True)
    return replace(_place(config, url or ""), is_static=True, has_folders=True)


def _place(config: Config, url: str) -> Place:
    public, site = config.web.public_url, config.site
    joining = f"{public.rstrip('/')}/subscribe" if public else None
    return Place(url=url.rstrip("/"), site_name=site.name, site_url=site.url, subscribe=joining)

"""The archive as files: `syndicate archive build DIR`, into a folder that is known again (web/own_folder.py).

A file that has its bytes already is not touched, so that what copies the folder to a server copies only what is new.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from syndicate.app import App
from syndicate.compose.archive import FEED, INDEX, Place
from syndicate.compose.words import Words
from syndicate.config.privacy import private_digests
from syndicate.errors import ConfigError
from syndicate.store.archive import ArchiveStore
from syndicate.web.own_folder import OwnFolder
from syndicate.web.readers.archive_pages import feed_of, files_place, index_page, issue_page
from syndicate.web.readers.pages import Page, drawn, frame

LIST = ".syndicate-archive.json"
_OURS = re.compile(r"index\.html|feed\.xml|[a-z0-9][a-z0-9-]*/[1-9][0-9]*/index\.html")


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """What a build did, by paths within the folder."""

    folder: str
    url: str
    written: tuple[str, ...]
    unchanged: tuple[str, ...]
    removed: tuple[str, ...]


def build(app: App, folder: Path, url: str | None) -> Built:
    """Write the archive into a folder, for the address at which it will be read.

    Raises ConfigError where that address is not known, or the folder cannot be written or is somebody else's.
    """
    place = _place(app, url)
    wrote = OwnFolder(folder=folder, list_name=LIST, ours=_OURS).write(dict(_files(app, place)))
    return Built(
        folder=str(folder),
        url=place.index,
        written=wrote.written,
        unchanged=wrote.unchanged,
        removed=wrote.removed,
    )


def _place(app: App, url: str | None) -> Place:
    place = files_place(app.config, url)
    if not re.fullmatch(r"https?://[^\s/?#]+(/[^\s?#]*)?", place.url):
        raise ConfigError(
            f'"{url}" is no address of a site' if url else "nothing says at which address the archive will be read",
            hint="syndicate archive build DIR --url https://www.lantern.example/letters",
        )
    return place


def _files(app: App, place: Place) -> Iterator[tuple[str, bytes]]:
    """Yield each file of the archive: its path in the folder, and its bytes."""
    config, store = app.config, ArchiveStore(app.database)
    issues = store.issues(private_digests(config))
    known = frame(config, Words(language=config.site.language, timezone=config.site.timezone))

    def draw(name: str, values: Mapping[str, object]) -> Page:
        return drawn(app.templates, name, {**known, **values})

    yield INDEX, index_page(config, issues, place, draw).html.encode()
    yield FEED, feed_of(config, issues, place)
    for issue in issues:
        page = issue_page(config, issue, issues, store.letter(issue), place, draw)
        yield f"{issue.key}/{INDEX}", page.encode()

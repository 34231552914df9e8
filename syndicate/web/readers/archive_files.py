"""The archive as files: `syndicate archive build DIR`. What it writes it knows again by a list that it keeps there.

Nothing is overwritten or removed that is not on that list, and a file that has its bytes already is not touched, so
that what copies the folder to a server copies only what is new.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from syndicate.app import App
from syndicate.channels.outbox_files import write_whole
from syndicate.compose.archive import FEED, INDEX, Place
from syndicate.compose.words import Words
from syndicate.config.privacy import private_digests
from syndicate.errors import ConfigError
from syndicate.store.archive import ArchiveStore
from syndicate.web.readers.archive_pages import feed_of, files_place, index_page, issue_page
from syndicate.web.readers.pages import Page, drawn, frame

LIST = ".syndicate-archive.json"
_OURS = re.compile(r"index\.html|feed\.xml|[a-z0-9][a-z0-9-]*/[1-9][0-9]*/index\.html")
"""Nothing else is believed of a list: it may have been written by anybody."""


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
    try:
        known = _known(folder)
        files = dict(_files(app, place))
        _check_free(folder, set(files) - known)
        return _write(folder, place.index, files, known)
    except OSError as error:
        raise ConfigError(
            f"the archive cannot be written: {error.strerror or error}",
            where=str(error.filename or folder),
            hint="free some space, mend the folder's permissions, or name another folder",
        ) from error


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


def _known(folder: Path) -> set[str]:
    """Return what an earlier build wrote. Raises ConfigError where the folder has things in it and no list of ours."""
    try:
        listed = json.loads((folder / LIST).read_text(encoding="utf-8"))["files"]
        return {path for path in listed if isinstance(path, str) and _OURS.fullmatch(path)}
    except FileNotFoundError:
        if folder.exists() and any(not each.name.startswith(LIST) for each in folder.iterdir()):
            raise _strange(folder, "the folder is not empty, and no archive of ours") from None
        return set()
    except (ValueError, TypeError, KeyError):
        raise _strange(folder / LIST, "the list of what an earlier build wrote cannot be read") from None


def _check_free(folder: Path, fresh: set[str]) -> None:
    """Raise ConfigError where a file would be overwritten that is not ours."""
    for path in sorted(fresh):
        if (folder / path).exists():
            raise _strange(folder / path, "there is a file of this name, and it is none of ours")


def _strange(where: Path, what: str) -> ConfigError:
    return ConfigError(what, where=str(where), hint="name an empty folder, or one that does not exist yet")


def _write(folder: Path, url: str, files: Mapping[str, bytes], known: set[str]) -> Built:
    """Write what differs. The list comes first and says more than is there: a build that is cut off can go on."""
    _keep_list(folder, known | set(files))
    written = tuple(path for path in sorted(files) if _put(folder / path, files[path]))
    removed = tuple(path for path in sorted(known - set(files)) if _remove(folder, path))
    _keep_list(folder, set(files))
    unchanged = tuple(path for path in sorted(files) if path not in written)
    return Built(folder=str(folder), url=url, written=written, unchanged=unchanged, removed=removed)


def _keep_list(folder: Path, files: set[str]) -> None:
    _put(folder / LIST, (json.dumps({"files": sorted(files)}, indent=1) + "\n").encode())


def _put(path: Path, content: bytes) -> bool:
    """Write a file whole where it has other bytes or is not there; return whether it had to be."""
    if path.is_file() and path.read_bytes() == content:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, content)
    return True


def _remove(folder: Path, path: str) -> bool:
    """Remove a page of an issue that is in the archive no more, and the folders that it leaves empty."""
    file = folder / path
    if not file.is_file():
        return False
    file.unlink()
    for above in (file.parent, file.parent.parent):
        if above != folder and not any(above.iterdir()):
            above.rmdir()
    return True

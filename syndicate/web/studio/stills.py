"""`syndicate preview --out DIR`: the studio as files. The page, each letter's exact bytes, statuses, findings, PNGs.

    index.html  page.DIGEST.next.html  page.DIGEST.3.html       the page, to look at only; studio.js beside it
    DIGEST/next/letter.html .txt .eml   DIGEST/3/…  …/list/…    the exact bytes; list/: as a list server gets them
    DIGEST/next/view.light.on.html …                            the letter in the frame: colours, pictures
    DIGEST/next/findings.json   desktop.light.png  desktop.dark.png  phone.light.png
    statuses.json   statuses/ACCOUNT.ENTRY.html   pictures/

All addresses are relative, and none leads to another host but a reader's own links.
"""

from __future__ import annotations

import json
import mimetypes
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import jinja2

from syndicate.app import App
from syndicate.compose.environment import environment, load, render
from syndicate.errors import ConfigError, SyndicateError
from syndicate.pipeline.draft import digest_of
from syndicate.web.own_folder import OwnFolder
from syndicate.web.studio.camera import Shot, find_browser, photograph
from syndicate.web.studio.letters import Bodies
from syndicate.web.studio.look import Look, ShownIssue, past_issue, picture_name
from syndicate.web.studio.page import Asked, Named, page
from syndicate.web.studio.scene import Scene, drawn, moment_of
from syndicate.web.studio.statuses import ShownStatus
from syndicate.web.studio.viewing import as_viewed, pictures_of

LIST = ".syndicate-preview.json"
MOST_PAST = 12
"""So many of the newest frozen issues are written beside the next ones."""
SHOTS: Mapping[str, tuple[str, int, int, bool]] = {
    "desktop.light": ("light", 800, 1, False),
    "desktop.dark": ("dark", 800, 1, False),
    "phone.light": ("light", 360, 2, True),
}
"""Of each next issue: colours, width in CSS pixels, scale, whether it is a phone."""
_FRAMES = tuple((colours, pictures) for colours in ("light", "dark") for pictures in ("on", "none"))
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' file: data:"
_OURS = re.compile(
    r"index\.html|studio\.js|statuses\.json|page\.[\w-]+\.(next|\d+)(\.list)?\.html|pictures/[0-9a-f]{32}\.\w+"
    r"|statuses/[\w-]+\.\d+\.html|[\w-]+/(next|\d+)/(list/)?[a-z.]+\.(html|txt|eml|json|png)"
)
_PICTURE = re.compile(r"/picture/([0-9a-f]{32})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What was written, by paths within the folder."""

    folder: str
    files: tuple[str, ...]
    faults: tuple[str, ...]
    """What does not render; its page says more."""
    has_pictures: bool
    """Whether a browser was at hand that took PNGs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """Addresses that name files beside the page."""

    is_static: bool = True
    script: str = "studio.js"

    def link(self, issue: Named, posting: bool = False) -> str:
        """Return the page that shows an issue."""
        return quote(_page_name(issue, posting))

    def letter(self, issue: Named, kind: str, posting: bool = False) -> str:
        """Return the file of a part's exact bytes."""
        return quote(f"{_place(issue, posting)}/letter.{kind}")

    def frame(self, issue: Named, posting: bool = False) -> str:
        """Return the pattern of the frame's files."""
        return f"{quote(_place(issue, posting))}/view.{{colours}}.{{pictures}}.html"


def write_stills(app: App, folder: Path, *, digest: str | None, at: str | None, say: Callable[[str], None]) -> Written:
    """Write the studio as files into a folder that is ours, new or empty; `say` is told what is being done.

    Raises ConfigError where the folder is not ours or `at` is no moment, NotFoundError for an unknown digest.
    """
    if digest is not None:
        digest_of(app, digest)
    own = OwnFolder(folder=folder, list_name=LIST, ours=_OURS)
    own.check()
    say("drawing the issues and the statuses")
    scene = drawn(app, at=_moment(app, at))
    assert scene.look is not None
    scene = replace(scene, look=_narrowed(scene.look, digest))
    files = dict(_files(app, scene))
    own.write(files)
    shots = _shots(folder, scene, say)
    if shots:
        own.write(files | shots)
    faults = tuple(f"the next issue of {each.digest}: {each.fault}" for each in _issues(scene) if each.fault)
    return Written(folder=str(folder), files=tuple(sorted({*files, *shots})), faults=faults, has_pictures=bool(shots))


def _moment(app: App, at: str | None) -> datetime | None:
    moment = moment_of(at, app.config.site.zone) if at is not None else None
    if at is not None and moment is None:
        raise ConfigError(f'"{at}" is no moment', where="--at", hint="--at 2026-12-04T09:00")
    return moment


def _narrowed(look: Look, digest: str | None) -> Look:
    """Return a look with the issues that are written: of one digest or of all, and the newest of the past."""
    issues = tuple(each for each in look.issues if digest in (None, each.digest))
    past = tuple(each for each in look.past if digest in (None, each.digest))
    return replace(look, issues=issues, past=past[:MOST_PAST])


def _issues(scene: Scene) -> tuple[ShownIssue, ...]:
    return scene.look.issues if scene.look else ()


def _files(app: App, scene: Scene) -> Iterator[tuple[str, bytes]]:
    """Yield each file but the PNGs: its path in the folder, and its bytes."""
    look, pages = scene.look, environment([])
    assert look is not None
    found = (past_issue(app, each.digest, each.number) for each in look.past)
    issues = (*look.issues, *(each for each in found if each))
    pictures = _Pictures(scene, issues)
    yield "studio.js", render(load(pages, "web/studio/studio.js"), {}).encode()
    first = look.issue(None)
    yield "index.html", _page(pages, scene, first, False, pictures)
    for issue in issues:
        for posting in (False, True) if issue.posting else (False,):
            yield _page_name(issue, posting), _page(pages, scene, issue, posting, pictures)
            yield from _letter_files(issue, posting, pictures)
        if issue.is_next:
            yield f"{_place(issue, False)}/findings.json", _json(_findings(issue))
    yield from _status_files(pages, look, pictures)
    yield from pictures.files()


def _page(
    pages: jinja2.Environment, scene: Scene, issue: ShownIssue | None, posting: bool, pictures: _Pictures
) -> bytes:
    at_text = scene.at.isoformat(timespec="minutes") if scene.at else ""
    text = page(pages, scene, issue, Filed(), Asked(posting=posting, at_text=at_text))
    return _PICTURE.sub(lambda found: pictures.path(found[1]) or "", text).encode()


def _letter_files(issue: ShownIssue, posting: bool, pictures: _Pictures) -> Iterator[tuple[str, bytes]]:
    body = issue.posting if posting else issue.readers
    if body is None:
        return
    place = _place(issue, posting)
    up = "../" * len(Path(place).parts)
    yield f"{place}/letter.html", body.html.encode()
    yield f"{place}/letter.txt", body.text.encode()
    yield f"{place}/letter.eml", body.eml
    for colours, shown in _FRAMES:
        yield f"{place}/view.{colours}.{shown}.html", _viewed(body, colours, shown, up, pictures)


def _viewed(body: Bodies, colours: str, shown: str, up: str, pictures: _Pictures) -> bytes:
    def address(url: str) -> str:
        return f"{up}{path}" if (path := pictures.path(picture_name(url))) else ""

    text = as_viewed(body.html, dark=colours == "dark", address=address if shown == "on" else None)
    policy = f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    return re.sub(r"<head\b[^>]*>", lambda head: head[0] + policy, text, count=1, flags=re.IGNORECASE).encode()


class _Pictures:
    """The pictures that are shown, from the cache or else fetched into it; one that is not to be had is left out."""

    def __init__(self, scene: Scene, issues: Sequence[ShownIssue]) -> None:
        bodies = (body for issue in issues for body in (issue.readers, issue.posting) if body)
        known = {picture_name(url): url for body in bodies for url in pictures_of(body.html)}
        self._urls = {**known, **(scene.look.pictures if scene.look else {})}
        self._cache = scene.pictures
        self._files: dict[str, tuple[str, bytes] | None] = {}

    def path(self, name: str) -> str | None:
        """Return a picture's path in the folder, or None."""
        if name not in self._files:
            self._files[name] = self._loaded(name)
        found = self._files[name]
        return found[0] if found else None

    def files(self) -> Iterator[tuple[str, bytes]]:
        """Yield each picture that was asked for."""
        return (found for found in self._files.values() if found)

    def _loaded(self, name: str) -> tuple[str, bytes] | None:
        url = self._urls.get(name)
        if url is None or self._cache is None:
            return None
        try:
            content, path = self._cache.load(url), self._cache.path_for(url)
        except (SyndicateError, OSError):
            return None
        kind = mimetypes.guess_type(path.name)[0] if path else None
        return f"pictures/{name}{mimetypes.guess_extension(kind or '') or '.bin'}", content


def _status_files(pages: jinja2.Environment, look: Look, pictures: _Pictures) -> Iterator[tuple[str, bytes]]:
    told = []
    for account in look.accounts:
        for status in (*account.next, *account.last):
            name = f"statuses/{account.name}.{status.entry_id}.html"
            told.append(_told(account.name, status))
            if status.card:
                image = _PICTURE.search(status.card.image or "")
                path = pictures.path(image[1]) if image else None
                card = replace(status.card, image=f"../{path}" if path else None)
                yield name, render(load(pages, "web/outbox_status.html"), {"card": card}).encode()
    yield "statuses.json", _json(told)


def _told(account: str, status: ShownStatus) -> Mapping[str, object]:
    content, image = status.content, status.content.image if status.content else None
    return {
        "account": account,
        "review": status.entry_id,
        "state": str(status.state),
        "at": _utc(status.when.at) if status.when.at else None,
        "text": content.text if content else None,
        "spoiler": content.spoiler if content else None,
        "language": content.language if content else None,
        "image": {"url": image.url, "alt": image.alt} if image else None,
        "length": status.length,
        "limit": status.limit,
        "fault": status.fault,
    }


def _findings(issue: ShownIssue) -> Mapping[str, object]:
    found = issue.findings.all if issue.findings else ()
    return {
        "digest": issue.digest,
        "number": issue.number,
        "at": _utc(issue.at),
        "subject": issue.subject,
        "fault": str(issue.fault) if issue.fault else None,
        "findings": [
            {
                "number": each.number,
                "name": each.name,
                "severity": str(each.severity),
                "where": each.where,
                "lines": list(each.lines),
                "why": each.why,
                "how": each.how,
            }
            for each in found
        ],
    }


def _shots(folder: Path, scene: Scene, say: Callable[[str], None]) -> dict[str, bytes]:
    """Return PNGs of each next issue; none, and why, where no browser takes them."""
    issues = [each for each in _issues(scene) if each.readers]
    if not issues:
        return {}
    browser = find_browser(os.environ)
    if browser is None:
        say("no browser is at hand, so there are no PNGs; CHROMIUM=/path/to/chromium names one")
        return {}
    wanted = {
        f"{_place(issue, False)}/{name}.png": Shot(
            page=folder / _place(issue, False) / f"view.{colours}.on.html", width=width, scale=scale, is_phone=is_phone
        )
        for issue in issues
        for name, (colours, width, scale, is_phone) in SHOTS.items()
    }
    say(f"taking {len(wanted)} pictures of the letters with {Path(browser).name}")
    try:
        return dict(zip(wanted, photograph(browser, tuple(wanted.values())), strict=True))
    except SyndicateError as error:
        say(f"{error}; the rest is written")
        return {}


def _place(issue: Named, posting: bool) -> str:
    """Return the folder of an issue's files: "weekly/next", "weekly/3", "weekly/next/list"."""
    digest, _, number = issue.name.partition("/")
    return f"{digest}/{number or 'next'}{'/list' if posting else ''}"


def _page_name(issue: Named, posting: bool) -> str:
    return f"page.{_place(issue, posting).replace('/', '.')}.html"


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _json(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode("utf-8", "replace")

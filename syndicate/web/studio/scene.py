"""What is shown until something changes: drawn once, answered from memory, and never from a file that is half saved.

A scene is of one moment: this one, or a what-if date. An editor's program empties a file before it fills it again; so a
fault counts only once the files have stood still for a moment, and until then whoever asks is kept waiting.
"""

from __future__ import annotations

import hashlib
import mimetypes
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from threading import RLock
from time import monotonic, sleep

from syndicate.app import App
from syndicate.compose.choices import Choices
from syndicate.errors import SyndicateError
from syndicate.feeds.pictures import PictureCache
from syndicate.pipeline.choose import choose
from syndicate.web.studio.live import Live, Marks, Stamp
from syndicate.web.studio.look import Look, ShownIssue, look_at, past_issue, picture_name
from syndicate.web.studio.memory import Memory
from syndicate.web.studio.viewing import pictures_of

MISSING_SECONDS = 300
"""How long a picture that could not be had is not asked for again."""
SETTLE_SECONDS, MOST_WAITS = 0.12, 5
MOST_MOMENTS = 6
"""So many what-if dates are kept beside the present."""
YEARS = range(2000, 2100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A look, or the fault that stands in its way."""

    key: Stamp | Marks
    version: str
    look: Look | None
    fault: SyndicateError | None
    pictures: PictureCache | None
    at: datetime | None
    past: dict[str, ShownIssue | None] = field(default_factory=dict)
    """Issues that are older than those of the look, once they were asked for."""

    @property
    def is_faulty(self) -> bool:
        """Return whether anything does not render."""
        return self.look is None or any(issue.fault for issue in self.look.issues)


class Studio:
    """The installation behind the routes, drawn anew only when it changed."""

    def __init__(self, live: Live, *, wait: Callable[[float], object] = sleep) -> None:
        self.live = live
        self._wait = wait
        self._lock = RLock()
        self._scenes: OrderedDict[datetime | None, Scene] = OrderedDict()
        self._missing: dict[str, float] = {}
        self._memory = Memory()

    def scene(self, at: datetime | None = None) -> Scene:
        """Return what is to be shown now, as it stands or as it would at `at`; cheap where nothing changed."""
        with self._lock:
            scene = self._settled(at)
            self._scenes[at] = scene
            self._scenes.move_to_end(at)
            self._forget()
            return scene

    def mark(self) -> Stamp | Marks:
        """Return what differs when a scene may; nothing is drawn for it."""
        try:
            with self.live.look() as (_, stamp):
                return stamp
        except SyndicateError:
            return self.live.marks()

    def moment(self, text: str) -> datetime | None:
        """Return the moment of "2026-12-04T09:00", in the site's zone; None where it is none."""
        try:
            with self.live.look() as (app, _):
                return moment_of(text, app.config.site.zone)
        except SyndicateError:
            return None

    def issue(self, scene: Scene, name: str | None) -> ShownIssue | None:
        """Return an issue of a scene by its name, "weekly" or any frozen one, "weekly/3"; without a name, the first."""
        if scene.look is None:
            return None
        found = scene.look.issue(name)
        if found is None and name is not None:
            with self._lock:
                if name not in scene.past:
                    scene.past[name] = self._past(name)
                found = scene.past[name]
        return found

    def choose(self, digest: str, choices: Choices, revision: int) -> int | None:
        """Keep an editor's choices, as pipeline/choose.py does, and raise what it raises."""
        with self.live.look() as (app, _):
            return choose(app, digest, choices, revision)

    def picture(self, name: str) -> tuple[bytes, str] | None:
        """Return a picture that is shown, and its media type: from the cache, or else fetched into it.

        Only the name of one that is shown is known here, so nobody can make us fetch an address of their own. One
        that is not to be had (None) is left alone for a while.
        """
        known = self._known(name)
        if known is None or monotonic() < self._missing.get(name, 0):
            return None
        url, pictures = known
        try:
            content, path = pictures.load(url), pictures.path_for(url)
        except (SyndicateError, OSError):
            self._missing[name] = monotonic() + MISSING_SECONDS
            return None
        kind = mimetypes.guess_type(path.name)[0] if path else None
        return content, kind or "application/octet-stream"

    def _known(self, name: str) -> tuple[str, PictureCache] | None:
        with self._lock:
            self.scene()
            scenes = tuple(self._scenes.values())
        for scene in scenes:
            url = _pictures(scene).get(name)
            if url is not None and scene.pictures is not None:
                return url, scene.pictures
        return None

    def _past(self, name: str) -> ShownIssue | None:
        digest, _, number = name.rpartition("/")
        if not (digest and number.isascii() and number.isdecimal() and len(number) < 10):
            return None
        try:
            with self.live.look() as (app, _):
                return past_issue(app, digest, int(number))
        except SyndicateError:
            return None

    def _settled(self, at: datetime | None) -> Scene:
        was = self._scenes.get(at)
        scene = self._current(at, was)
        for _ in range(MOST_WAITS):
            if scene is was or not scene.is_faulty:
                break
            self._wait(SETTLE_SECONDS)
            was, scene = scene, self._current(at, scene)
        return scene

    def _current(self, at: datetime | None, was: Scene | None) -> Scene:
        try:
            with self.live.look() as (app, stamp):
                if was and was.key == stamp:
                    return was
                return drawn(app, stamp, at, self._memory.under(stamp.config))
        except SyndicateError as fault:
            key = self.live.marks()
            if was and was.key == key:
                return was
            version = _version(key, str(fault))
            return Scene(key=key, version=version, look=None, fault=fault, pictures=None, at=at)

    def _forget(self) -> None:
        dated = [at for at in self._scenes if at is not None]
        for at in dated[:-MOST_MOMENTS]:
            del self._scenes[at]


def drawn(app: App, key: Stamp | Marks = (), at: datetime | None = None, memory: Memory | None = None) -> Scene:
    """Return the scene of an installation; `key` says of when it is, `memory` what was made under the same config."""
    look = look_at(app, at=at, memory=memory)
    version = _version(key.files if isinstance(key, Stamp) else key, at, look)
    return Scene(key=key, version=version, look=look, fault=None, pictures=app.pictures, at=at)


def _pictures(scene: Scene) -> Mapping[str, str]:
    """Return every picture that a scene shows, by its name."""
    own = scene.look.pictures if scene.look else {}
    bodies = (body for issue in scene.past.values() if issue for body in (issue.readers, issue.posting) if body)
    return {**{picture_name(url): url for body in bodies for url in pictures_of(body.html)}, **own}


def moment_of(text: str, zone: tzinfo) -> datetime | None:
    """Return the moment of "2026-12-04T09:00", in that zone unless it names another; None where it is none."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    if moment.year not in YEARS:
        return None
    return moment.replace(tzinfo=zone) if moment.tzinfo is None else moment


def _version(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode("utf-8", "surrogatepass")).hexdigest()[:24]

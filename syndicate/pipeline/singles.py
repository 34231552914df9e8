"""Digests with `every: review`: which reviews wait for a letter of their own.

Such a digest begins with the next review that is announced after it stood in config.yaml for the first time (with
`first_issue: now`, with those that were announced already): nobody gets a letter for each review of a month because a
line was added to a file. What was there before is kept by its link, as a set. A digest that is gone from the file for
a while begins anew, and so does each where a restored backup was accepted: what left since is not known.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from syndicate.app import App
from syndicate.compose.model import PublishedReview
from syndicate.config import Digest, FirstIssue
from syndicate.pipeline.due import has_been_read, restored_at
from syndicate.store.database import get_value, set_value, values_named

_BEGUN = "begun:"
"""Small values: `begun:NAME` holds when the digest NAME began, and what was there before."""

Found = tuple[tuple[PublishedReview, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Begun:
    at: datetime
    before: frozenset[str]
    """What had been announced already, by canonical link: a second feed may bring the same review later."""


def begin(app: App) -> None:
    """Let each such digest that is new in config.yaml, or was restored, begin; forget those that are gone from it.

    None begins before a feed of it was read: at a first run, what is asked for as backfill was there before.
    """
    with app.database.read() as connection:
        begun = {key.removeprefix(_BEGUN): _read(text) for key, text in values_named(connection, _BEGUN).items()}
    changes = dict(_changes(app, begun))
    if not changes:
        return
    with app.database.write() as connection:
        for name, text in changes.items():
            set_value(connection, _BEGUN + name, text)


def candidates(app: App, name: str, digest: Digest, among: Collection[int] | None = None) -> Found:
    """Return the reviews that wait for their letter, newest first, each with its link key.

    None from before the digest began, and none whose letter was stopped: it would go again at the next beat. A person
    who holds such a review and releases it asks for its letter.
    """
    with app.database.read() as connection:
        text = get_value(connection, _BEGUN + name)
    if text is None:
        return ()
    begun, stopped = _read(text), app.issues.stopped(name)

    def waits(review: PublishedReview, key: str) -> bool:
        ended = [begun.at] if key in begun.before else []
        ended += [stopped[key]] if key in stopped else []
        return all(review.counts_from > end for end in ended)

    return tuple(each for each in _announced(app, name, digest, among) if waits(*each))


def free_instant(app: App, name: str) -> datetime:
    """Return this moment, or the first one after it for which the digest has no issue: letters are frozen in a row."""
    instant = app.clock.now()
    while app.issues.of_period(name, instant) is not None:
        instant += timedelta(microseconds=1)
    return instant


def _changes(app: App, begun: Mapping[str, _Begun]) -> Iterator[tuple[str, str | None]]:
    """Yield what has to be written of each digest: its beginning, or None to forget it."""
    each = {name: digest for name, digest in app.config.digests.items() if digest.every}
    yield from ((name, None) for name in begun if name not in each)
    restored = restored_at(app)
    for name, digest in each.items():
        is_old = name in begun and restored is not None and begun[name].at < restored
        if (name not in begun or is_old) and has_been_read(app, digest):
            everything = digest.first_issue is FirstIssue.NOW and not is_old
            there = () if everything else _announced(app, name, digest, None)
            at = app.clock.now().isoformat()
            yield name, json.dumps({"at": at, "before": sorted(key for _, key in there)})


def _announced(app: App, name: str, digest: Digest, among: Collection[int] | None) -> Found:
    return app.issues.candidates(name, digest.feeds or tuple(app.config.feeds), among)


def _read(text: str) -> _Begun:
    found = json.loads(text)
    return _Begun(at=datetime.fromisoformat(found["at"]), before=frozenset(found["before"]))

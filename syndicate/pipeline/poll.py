"""poll: fetch a feed, record what is new or changed, announce what has settled. A bad feed changes nothing."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from syndicate.app import App
from syndicate.config import FeedConfig
from syndicate.errors import FeedError, NotFoundError
from syndicate.feeds.identity import (
    MAX_PAGES,
    breaks_novelty,
    content_hash,
    entry_keys,
    shared_identities,
    wants_next_page,
)
from syndicate.feeds.model import Entry, Feed, Fetched, NotModified, Validators
from syndicate.feeds.parse import parse_feed
from syndicate.log import event
from syndicate.pipeline.tell import alert, recovered
from syndicate.reviews.admission import Admission, EntryState, IncludeRule, admit, readmit, unwanted_because
from syndicate.reviews.extract import read_entry
from syndicate.reviews.titles import BLOG_RULES, TitleRules, compile_title_rules
from syndicate.store.entries import Known, Seen
from syndicate.store.feeds import FeedHealth, FeedHold

READY = Admission(state=EntryState.READY)
FAILING_TOO_LONG = timedelta(days=1)
EARLY = timedelta(seconds=1)
"""A poll that comes a breath before its time is on time: clocks and schedulers jitter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Polled:
    """What a poll of one feed did."""

    feed: str
    entries: int = 0
    new: int = 0
    changed: int = 0
    announced: int = 0
    unchanged: bool = False
    """The feed was as it was: nothing was parsed."""
    first_run: bool = False
    held: str | None = None
    error: str | None = None
    warnings: tuple[str, ...] = ()


def feeds_due(app: App) -> tuple[str, ...]:
    """Return the feeds whose time has come."""
    now = app.clock.now()
    due = []
    for name, feed in app.config.feeds.items():
        health = app.feeds.health(name, app.config.feed_source(name))
        # A poll of tomorrow was made while the clock was wrong; waiting for it would keep the feed unread till then.
        if health.tried is None or health.tried > now or now - health.tried >= feed.every - EARLY:
            due.append(name)
    return tuple(due)


def poll_due(app: App) -> tuple[Polled, ...]:
    """Poll every feed whose time has come."""
    return tuple(poll(app, name) for name in feeds_due(app))


def poll(app: App, name: str, *, backfill: int | None = None) -> Polled:
    """Poll one feed now; with `backfill`, announce the newest so many of its history too.

    Never raises for what the feed did: a failure is in the report, and no state but the feed's health moves.
    """
    feed = app.config.feeds.get(name)
    if feed is None:
        raise NotFoundError(f'config.yaml has no feed "{name}"', hint="syndicate feeds list")
    app.first_run()
    health = app.feeds.health(name, app.config.feed_source(name))
    try:
        polled = _poll(app, feed, health, backfill)
    except FeedError as error:
        return _failed(app, health, error)
    recovered(app, f"feed-failing:{name}")
    event(
        "poll",
        feed=name,
        entries=polled.entries,
        new=polled.new,
        changed=polled.changed,
        announced=polled.announced,
        unchanged=polled.unchanged or None,
    )
    return polled


def _poll(app: App, feed: FeedConfig, health: FeedHealth, backfill: int | None) -> Polled:
    now = app.clock.now()
    wanted = feed.backfill if health.parsed is None and backfill is None else (backfill or 0)
    fetched = app.fetcher.fetch(health.url, health.validators)
    if isinstance(fetched, NotModified):
        app.entries.record_unchanged(health.name, url=health.url, validators=fetched.validators, now=now)
        polled = Polled(feed=health.name, unchanged=True, held=health.held)
    else:
        polled = _read(app, feed, health, fetched, wanted, now)
    _fill_sample_pictures(app, health.url)
    asked = 0 if polled.first_run else _backfill(app, feed, health.name, wanted, now)
    settled = app.entries.settle(health.name, now - feed.settle)
    return replace(polled, announced=polled.announced + asked + len(settled))


def _read(app: App, feed: FeedConfig, health: FeedHealth, fetched: Fetched, wanted: int, now: datetime) -> Polled:
    document = parse_feed(fetched.body, url=fetched.url, content_type=fetched.content_type)
    is_first = health.parsed is None
    if not document.entries:
        return _nothing_yet(app, health, is_first, now)
    pages, missed = _pages(app, document, health, wanted if is_first else 0)
    placed = _placed(app, health.name, tuple(entry for page in pages for entry in page.entries))
    held = health.held or _judge(app, health, placed, is_first)
    site_names = (app.config.site.name, document.title)
    seen = _seen(placed, feed, site_names, is_first=is_first, is_flood=held is not None)
    if is_first:
        seen = _with_backfill(seen, include_rule(feed), wanted, now)
    new = app.entries.record_poll(
        health.name,
        url=health.url,
        title=document.title,
        validators=fetched.validators,
        seen=seen,
        present={each.known.id: each.new_keys for each in placed if each.known},
        held=held,
        now=now,
    )
    if fetched.moved_to:
        event("feed-moved", level=logging.WARNING, feed=health.name, to=fetched.moved_to)
    return Polled(
        feed=health.name,
        entries=len(placed),
        new=len(new),
        changed=0 if is_first else len(seen) - len(new),
        announced=sum(each.admission == READY for each in seen) if new else 0,
        first_run=is_first,
        held=held,
        warnings=(*document.warnings, *missed),
    )


def _nothing_yet(app: App, health: FeedHealth, is_first: bool, now: datetime) -> Polled:
    """An empty feed is no first run: it may be a fault of the site, and then its archive would be news tomorrow."""
    if not is_first:
        raise FeedError("the feed has no entries, though it had some before", where=health.url)
    app.feeds.record_empty(health.name, health.url, now)
    return Polled(feed=health.name, warnings=("the feed has no entries yet; its first run is still to come",))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Placed:
    """An entry of the document beside what we know of it."""

    entry: Entry
    keys: tuple[str, ...]
    hash: str
    place: int
    known: Known | None
    new_keys: tuple[str, ...]
    """Those of its identities that we have not seen before."""


def _pages(app: App, document: Feed, health: FeedHealth, wanted: int) -> tuple[list[Feed], tuple[str, ...]]:
    """Follow rel=next after a gap, until a page holds something known; on a first run, until `wanted` are there.

    Returns the pages, and a warning where one could not be had and was passed over.
    """
    pages = [document]
    while _goes_on(app, pages, health, wanted):
        try:
            fetched = app.fetcher.fetch(pages[-1].next or "", Validators())
            if isinstance(fetched, NotModified):
                break
            pages.append(parse_feed(fetched.body, url=fetched.url, content_type=fetched.content_type))
        except FeedError as error:
            if not _may_miss_a_page(app, health):
                raise
            return pages, (f"an older page of the feed could not be read, so its posts were not seen: {error.what}",)
    return pages, ()


def _may_miss_a_page(app: App, health: FeedHealth) -> bool:
    """Return whether to go on without an older page: on a first run, or once the feed has failed for a day by it.

    Until then the whole poll fails and is tried again, so that a gap is not closed over entries nobody saw.
    """
    since = health.failing_since
    return health.parsed is None or (since is not None and app.clock.now() - since >= FAILING_TOO_LONG)


def _goes_on(app: App, pages: Sequence[Feed], health: FeedHealth, wanted: int) -> bool:
    last = pages[-1]
    before = {key for page in pages[:-1] for keys in _keys(page.entries) for key in keys}
    keys = {key for keys in _keys(last.entries) for key in keys}
    if health.parsed is None:
        missing = sum(len(page.entries) for page in pages) < wanted
        return last.next is not None and missing and bool(keys - before) and len(pages) < MAX_PAGES
    return wants_next_page(
        last.next,
        anything_known=True,
        known_on_page=len(app.entries.known(health.name, keys)),
        new_on_page=len(keys - before),
        pages_read=len(pages),
    )


def _keys(entries: Sequence[Entry]) -> list[tuple[str, ...]]:
    shared = shared_identities(entries)
    return [entry_keys(entry, shared) for entry in entries]


def _placed(app: App, feed: str, entries: Sequence[Entry]) -> list[_Placed]:
    """Return each entry once, in the feed's order, with what we know of it; pages may overlap.

    An entry without any identity (no guid, no link, no title) cannot be told from another and is passed over.
    """
    keyed = [(entry, keys) for entry, keys in zip(entries, _keys(entries), strict=True) if keys]
    known = app.entries.known(feed, {key for _, keys in keyed for key in keys})
    placed: list[_Placed] = []
    taken: set[str] = set()
    rows: set[int] = set()
    for place, (entry, keys) in enumerate(keyed):
        row = next((known[key] for key in keys if key in known), None)
        if taken.intersection(keys) or (row and row.id in rows):
            continue
        taken.update(keys)
        rows.update({row.id} if row else ())
        fresh = tuple(key for key in keys if key not in known)
        placed.append(_Placed(entry=entry, keys=keys, hash=content_hash(entry), place=place, known=row, new_keys=fresh))
    return placed


def _judge(app: App, health: FeedHealth, placed: Sequence[_Placed], is_first: bool) -> FeedHold | None:
    """Open the novelty breaker where many old entries are suddenly new, and tell the editor."""
    unknown = [each.entry for each in placed if each.known is None]
    newest = app.entries.newest_known(health.name)
    if is_first or not breaks_novelty(unknown, known_in_document=len(placed) - len(unknown), newest_known=newest):
        return None
    alert(
        app,
        f"novelty:{health.name}",
        f"{len(unknown)} entries of the feed {health.name} are new to us, though older ones than we know; "
        "nothing of it is announced\n\nHas the site moved, or its feed been rebuilt? Look at `syndicate reviews list "
        f"--feed {health.name}`, then: syndicate feeds accept {health.name} --as-history (or --as-new)",
    )
    return FeedHold.NOVELTY


def _seen(
    placed: Sequence[_Placed], feed: FeedConfig, site_names: tuple[str, ...], *, is_first: bool, is_flood: bool
) -> list[Seen]:
    """Understand what is new or changed, and only that."""
    titles, rule = title_rules(feed), include_rule(feed)
    seen = []
    for each in placed:
        if each.known and each.known.content_hash == each.hash:
            continue
        reading = read_entry(each.entry, titles=titles, site_names=site_names)
        labels = each.entry.labels
        if each.known:
            admission = readmit(each.known.admission, reading, labels, rule)
        else:
            admission = admit(reading, labels, rule, is_history=is_first, is_flood=is_flood)
        seen.append(
            Seen(
                entry=each.entry,
                keys=each.keys,
                link_key=next((key for key in each.keys if key.startswith("link:")), each.keys[0]),
                content_hash=each.hash,
                place=each.place,
                reading=reading,
                admission=admission,
                known_as=each.known.id if each.known else None,
            )
        )
    return seen


def _with_backfill(seen: Sequence[Seen], rule: IncludeRule, wanted: int, now: datetime) -> list[Seen]:
    """Announce the newest of a first run at once: recorded and announced in one transaction, by one process."""
    fitting = [each for each in seen if unwanted_because(each.reading, each.entry.labels, rule) is None]
    newest = sorted(fitting, key=lambda each: (now - (each.entry.published or now), each.place))[:wanted]
    chosen = {each.keys for each in newest}
    return [replace(each, admission=READY) if each.keys in chosen else each for each in seen]


def _backfill(app: App, feed: FeedConfig, name: str, wanted: int, now: datetime) -> int:
    """Announce the newest history that the feed's rule wants, as many as were asked for."""
    if wanted <= 0:
        return 0
    rule = include_rule(feed)
    history = app.entries.listed(feed=name, state=EntryState.HISTORY)
    chosen = [each.id for each in history if unwanted_because(each.reading, each.labels, rule) is None][:wanted]
    app.entries.backfill(name, chosen, now)
    return len(chosen)


def _failed(app: App, health: FeedHealth, error: FeedError) -> Polled:
    now = app.clock.now()
    since = app.feeds.record_failure(health.name, health.url, error.what, now)
    event(
        "poll-failed", level=logging.WARNING, feed=health.name, since=f"{since:%Y-%m-%dT%H:%M:%SZ}", because=error.what
    )
    if now - since >= FAILING_TOO_LONG:
        alert(app, f"feed-failing:{health.name}", f"the feed {health.name} has failed for a day: {error}")
    return Polled(feed=health.name, error=str(error))


def _fill_sample_pictures(app: App, url: str) -> None:
    """Put the sample's pictures into the cache, so that they show without a network."""
    if url.startswith("sample:"):
        from syndicate.sample import pictures

        for address, content in pictures():
            app.pictures.keep(address, content)


def include_rule(feed: FeedConfig) -> IncludeRule:
    """Return which posts of a feed are wanted, as a plain value."""
    return IncludeRule(
        kinds=frozenset(feed.include.kinds), labels=frozenset(label.lower() for label in feed.include.labels)
    )


def title_rules(feed: FeedConfig) -> TitleRules:
    """Return how a feed's titles are read: its own patterns, else the blog's."""
    return compile_title_rules(feed.titles) if feed.titles else BLOG_RULES

"""Entries: the set of what was seen, what was understood of it, and what the editor made of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, case, func, insert, select, update

from syndicate.compose.model import PublishedReview
from syndicate.errors import NotFoundError
from syndicate.feeds.model import Entry, Validators
from syndicate.reviews.admission import Admission, EntryState, Hold
from syndicate.reviews.edits import apply_edits
from syndicate.reviews.extract import as_review
from syndicate.reviews.model import Reading
from syndicate.reviews.record import from_json, to_json
from syndicate.store.database import Database, insert_if_absent
from syndicate.store.feeds import ensure_feed, record_success
from syndicate.store.tables import entries, entry_keys, feeds


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a poll needs to know of an entry that was seen before."""

    id: int
    content_hash: str
    admission: Admission


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """An entry of a document that is new, or whose content changed, understood and judged."""

    entry: Entry
    keys: tuple[str, ...]
    """Its identities, as feeds/identity.py gives them."""
    link_key: str
    """What names it across feeds and channels: its canonical link, else its first identity.

    That of the first sight stays: what was announced under it is known by it, wherever the post moves.
    """
    content_hash: str
    place: int
    """Its place in the document; the feed's order breaks a tie between equal dates."""
    reading: Reading
    admission: Admission
    known_as: int | None = None
    """The row that it changes, or None for a new one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEntry:
    """A row for an editor's eyes."""

    id: int
    feed: str
    guid: str | None
    link: str | None
    link_key: str
    title: str
    labels: tuple[str, ...]
    published: datetime | None
    first_seen: datetime
    unchanged_since: datetime
    counts_from: datetime
    state: EntryState
    reason: str | None
    reading: Reading
    edits: Mapping[str, str]

    def published_review(self) -> PublishedReview:
        """Return it as the messages speak of it, with the editor's edits laid over."""
        review = self.reading.review or as_review(self.reading, self.title)
        review, image = apply_edits(review, self.reading.image, self.edits)
        return PublishedReview(
            id=self.id,
            feed=self.feed,
            link=self.link or "",
            kind=self.reading.kind,
            title=self.title,
            review=review,
            image=image,
            labels=self.labels,
            published=self.published,
            counts_from=self.counts_from,
            content_warning=self.edits.get("cw"),
        )


class EntryStore:
    """The rows of `entries`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def known(self, feed: str, keys: Collection[str]) -> dict[str, Known]:
        """Return which of these identities were seen in the feed before."""
        columns = (entry_keys.c.key, entries.c.id, entries.c.content_hash, entries.c.state, entries.c.reason)
        found: dict[str, Known] = {}
        with self._database.read() as connection:
            for some in _pages(sorted(keys)):
                query = (
                    select(*columns)
                    .join(entries, entries.c.id == entry_keys.c.entry_id)
                    .where(entry_keys.c.feed == feed, entry_keys.c.key.in_(some))
                )
                for key, id_, content_hash, state, reason in connection.execute(query):
                    admission = Admission(state=EntryState(state), reason=reason)
                    found[key] = Known(id=id_, content_hash=content_hash, admission=admission)
        return found

    def newest_known(self, feed: str) -> datetime | None:
        """Return the date of the newest entry of a feed; when it was first seen where the feed gives no dates."""
        # A date in the future (a slip, a scheduled post) must not make all that follows look old.
        dated = case((entries.c.published > entries.c.first_seen, entries.c.first_seen), else_=entries.c.published)
        columns = (func.max(dated), func.max(entries.c.first_seen))
        with self._database.read() as connection:
            published, seen = connection.execute(select(*columns).where(entries.c.feed == feed)).one()
        newest: datetime | None = published or seen
        return newest

    def record_poll(
        self,
        feed: str,
        *,
        url: str,
        title: str,
        validators: Validators,
        seen: Sequence[Seen],
        present: Mapping[int, Collection[str]],
        held: str | None,
        now: datetime,
    ) -> tuple[int, ...]:
        """Record a document in one transaction: what is new, what changed, what is still there.

        `present` holds what was known already: an entry's number, and the identities by which it was not known
        yet (a changed guid), by which it is known from now on. Returns the numbers of the new entries, in the
        order of `seen`. Where another process recorded the same document since, none of it is new.
        """
        with self._database.write() as connection:
            ensure_feed(connection, self._database, feed, url)
            # One poll of a feed at a time: what the other recorded is seen below. (SQLite has one writer anyhow.)
            connection.execute(select(feeds.c.name).where(feeds.c.name == feed).with_for_update())
            for known, keys in present.items():
                self._name(connection, feed, keys, known)
            new = tuple(number for each in seen if (number := self._record(connection, feed, each, now)) is not None)
            touched = [*present, *new, *(each.known_as for each in seen if each.known_as)]
            for some in _pages(sorted(set(touched))):
                connection.execute(update(entries).where(entries.c.id.in_(some)).values(last_seen=now))
            record_success(connection, feed, url=url, validators=validators, now=now, parsed=True, title=title)
            if held:
                connection.execute(update(feeds).where(feeds.c.name == feed).values(held=held))
        return new

    def record_unchanged(self, feed: str, *, url: str, validators: Validators, now: datetime) -> None:
        """Record that the feed is as it was: what its last document held was seen unchanged again."""
        with self._database.write() as connection:
            parsed = select(feeds.c.parsed).where(feeds.c.name == feed).scalar_subquery()
            connection.execute(
                update(entries)
                .where(entries.c.feed == feed, entries.c.state == EntryState.HELD, entries.c.last_seen >= parsed)
                .values(last_seen=now)
            )
            ensure_feed(connection, self._database, feed, url)
            connection.execute(update(feeds).where(feeds.c.name == feed).values(parsed=now))
            record_success(connection, feed, url=url, validators=validators, now=now, parsed=False, title=None)

    def settle(self, feed: str, unchanged_before: datetime) -> tuple[int, ...]:
        """Announce what has stayed unchanged for long enough and was there at the last look; return which."""
        parsed = select(feeds.c.parsed).where(feeds.c.name == feed).scalar_subquery()
        settled = (
            entries.c.feed == feed,
            entries.c.state == EntryState.HELD,
            entries.c.reason == Hold.UNSETTLED,
            entries.c.unchanged_since <= unchanged_before,
            entries.c.last_seen >= parsed,
        )
        with self._database.write() as connection:
            ids = tuple(connection.execute(select(entries.c.id).where(*settled)).scalars())
            if ids:
                connection.execute(
                    update(entries).where(entries.c.id.in_(ids)).values(state=EntryState.READY, reason=None)
                )
        return ids

    def backfill(self, feed: str, ids: Sequence[int], now: datetime) -> None:
        """Announce history that a person asked for; its age counts from now."""
        with self._database.write() as connection:
            _announce(connection, [entries.c.feed == feed, entries.c.id.in_(ids)], now)

    def accept(self, feed: str, *, as_new: bool, newer_than: datetime | None, now: datetime) -> tuple[int, int]:
        """Close the novelty breaker of a feed; return how many went to history and how many are announced.

        As history, what is dated after the newest entry known before the flood is still announced: it is news.
        """
        held = (entries.c.feed == feed, entries.c.state == EntryState.HELD, entries.c.reason == Hold.NOVELTY)
        with self._database.write() as connection:
            rows = connection.execute(select(entries.c.id, entries.c.published).where(*held)).all()
            news = [row.id for row in rows if as_new or _is_newer(row.published, newer_than)]
            old = [row.id for row in rows if row.id not in set(news)]
            if old:
                connection.execute(
                    update(entries).where(entries.c.id.in_(old)).values(state=EntryState.HISTORY, reason=None)
                )
            if news:
                _announce(connection, [entries.c.id.in_(news)], now)
            connection.execute(update(feeds).where(feeds.c.name == feed).values(held=None))
        return len(old), len(news)

    def newest_before_flood(self, feed: str) -> datetime | None:
        """Return the date of the newest entry that the breaker does not hold."""
        query = select(func.max(entries.c.published)).where(
            entries.c.feed == feed, func.coalesce(entries.c.reason, "") != Hold.NOVELTY
        )
        with self._database.read() as connection:
            newest: datetime | None = connection.execute(query).scalar()
        return newest

    def hold(self, number: int) -> StoredEntry:
        """Leave an entry out until it is released; returns it as it now is."""
        return self._set(number, {"state": EntryState.HELD, "reason": Hold.LEFT_OUT})

    def release(self, number: int, now: datetime) -> StoredEntry:
        """Announce an entry whatever held it; its age counts from now."""
        return self._set(number, {"state": EntryState.READY, "reason": None, "counts_from": now})

    def edit(self, number: int, edits: Mapping[str, str]) -> StoredEntry:
        """Lay edits over an entry, beside those that are there."""
        merged = {**self.get(number).edits, **edits}
        return self._set(number, {"edits": merged})

    def get(self, number: int) -> StoredEntry:
        """Return an entry by its number; NotFoundError where there is none."""
        with self._database.read() as connection:
            row = connection.execute(select(entries).where(entries.c.id == number)).one_or_none()
        if row is None:
            raise NotFoundError(f"there is no review {number}", hint="syndicate reviews list")
        return stored_entry(row)

    def many(self, numbers: Iterable[int]) -> dict[int, StoredEntry]:
        """Return entries by their numbers, those that there are."""
        wanted, found = tuple(numbers), dict[int, StoredEntry]()
        with self._database.read() as connection:
            for start in range(0, len(wanted), 500):
                query = select(entries).where(entries.c.id.in_(wanted[start : start + 500]))
                found.update((row.id, stored_entry(row)) for row in connection.execute(query))
        return found

    def listed(
        self, *, feed: str | None = None, state: EntryState | None = None, limit: int | None = None
    ) -> tuple[StoredEntry, ...]:
        """Return entries, newest first."""
        query: Select[Any] = select(entries).order_by(*newest_first())
        if feed:
            query = query.where(entries.c.feed == feed)
        if state:
            query = query.where(entries.c.state == state)
        with self._database.read() as connection:
            return tuple(stored_entry(row) for row in connection.execute(query.limit(limit)))

    def _set(self, number: int, values: Mapping[str, object]) -> StoredEntry:
        with self._database.write() as connection:
            connection.execute(update(entries).where(entries.c.id == number).values(values))
        return self.get(number)

    def _record(self, connection: Connection, feed: str, seen: Seen, now: datetime) -> int | None:
        """Write one entry; return its number where it is new."""
        values = _values(seen)
        number: int | None = seen.known_as
        if number is None and (taken := _recorded_since(connection, feed, seen)) is not None:
            # Where it stands is the other poll's to say; the text is the one that was read last.
            read = {name: value for name, value in values.items() if name not in ("state", "reason")}
            connection.execute(
                update(entries).where(entries.c.id == taken).values({**read, "unchanged_since": now, "last_seen": now})
            )
            self._name(connection, feed, seen.keys, taken)
            return None
        if number is None:
            published = seen.entry.published
            is_asked_for = seen.admission.state is EntryState.READY  # Else it would settle, or be history, first.
            fresh = {
                "feed": feed,
                "first_seen": now,
                "last_seen": now,
                "unchanged_since": now,
                "link_key": seen.link_key,
                "counts_from": now if is_asked_for or not published else min(published, now),
                "place": seen.place,
                "edits": {},
            }
            row = insert(entries).values({**values, **fresh}).returning(entries.c.id)
            number = int(connection.execute(row).scalar_one())
        else:
            since = {"unchanged_since": now} if _says_otherwise(connection, number, values) else {}
            connection.execute(update(entries).where(entries.c.id == number).values({**values, **since}))
        self._name(connection, feed, seen.keys, number)
        return number if seen.known_as is None else None

    def _name(self, connection: Connection, feed: str, keys: Collection[str], number: int) -> None:
        """Know an entry by these identities too; one that names another entry stays with it."""
        for key in keys:
            row = insert_if_absent(self._database, entry_keys).values(feed=feed, key=key, entry_id=number)
            connection.execute(row.on_conflict_do_nothing())


def _says_otherwise(connection: Connection, number: int, values: Mapping[str, object]) -> bool:
    """Return whether an edit changes anything that we would publish.

    Some sites change their markup at every reading (a nonce, a count of comments); were that an edit, such a
    post would never settle.
    """
    said = ("title", "link", "labels", "reading")
    row = connection.execute(select(*(entries.c[name] for name in said)).where(entries.c.id == number)).one()
    return any(row._mapping[name] != values[name] for name in said)


def _recorded_since(connection: Connection, feed: str, seen: Seen) -> int | None:
    """Return the entry that another process made of this one after we looked, or None."""
    query = select(entry_keys.c.entry_id).where(entry_keys.c.feed == feed, entry_keys.c.key.in_(seen.keys))
    number: int | None = connection.execute(query.limit(1)).scalar()
    return number


def newest_first() -> tuple[Any, ...]:
    """Return the order of entries: by date, the undated by when they were first seen, then as the feed had them."""
    return (
        func.coalesce(entries.c.published, entries.c.first_seen).desc(),
        entries.c.place,
        entries.c.id.desc(),
    )


def stored_entry(row: Row[Any]) -> StoredEntry:
    """Return a row of `entries` as a value."""
    got = row._mapping
    return StoredEntry(
        id=got["id"],
        feed=got["feed"],
        guid=got["guid"],
        link=got["link"],
        link_key=got["link_key"],
        title=got["title"],
        labels=tuple(got["labels"]),
        published=got["published"],
        first_seen=got["first_seen"],
        unchanged_since=got["unchanged_since"],
        counts_from=got["counts_from"],
        state=EntryState(got["state"]),
        reason=got["reason"],
        reading=from_json(got["reading"]),
        edits=got["edits"],
    )


def _values(seen: Seen) -> dict[str, object]:
    entry = seen.entry
    return {
        "guid": entry.guid,
        "link": entry.link,
        "title": entry.title,
        "labels": list(entry.labels),
        "content_hash": seen.content_hash,
        "published": entry.published,
        "updated": entry.updated,
        "state": seen.admission.state,
        "reason": seen.admission.reason,
        "reading": to_json(seen.reading),
    }


def _announce(connection: Connection, where: Sequence[Any], now: datetime) -> None:
    connection.execute(update(entries).where(*where).values(state=EntryState.READY, reason=None, counts_from=now))


def _is_newer(published: datetime | None, than: datetime | None) -> bool:
    return published is not None and (than is None or published > than)


def _pages(values: Iterable[Any], size: int = 400) -> Iterable[list[Any]]:
    """Yield the values in runs that fit any database's limit on parameters."""
    rest = list(values)
    return (rest[start : start + size] for start in range(0, len(rest), size))

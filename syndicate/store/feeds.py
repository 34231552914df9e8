"""The health of each feed: what a conditional request sends back, since when it fails, whether it is held."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, Row, select, update

from syndicate.compose.model import IssueState
from syndicate.feeds.model import Validators
from syndicate.reviews.admission import EntryState, Hold
from syndicate.store.database import Database, insert_if_absent
from syndicate.store.tables import entries, feeds, issue_reviews, issues


class FeedHold(StrEnum):
    """Why nothing of a feed is announced until a person has looked."""

    NOVELTY = "novelty"
    RESTORED = "restored"


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedHealth:
    """What we remember of a feed between two polls."""

    name: str
    url: str
    title: str | None = None
    validators: Validators = field(default_factory=Validators)
    tried: datetime | None = None
    succeeded: datetime | None = None
    parsed: datetime | None = None
    """When a document of it was last read; None: its first run is still to come."""
    failing_since: datetime | None = None
    error: str | None = None
    held: FeedHold | None = None


class FeedStore:
    """The rows of `feeds`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def health(self, name: str, url: str) -> FeedHealth:
        """Return what is remembered of a feed; a new address starts without validators."""
        with self._database.read() as connection:
            row = connection.execute(select(feeds).where(feeds.c.name == name)).one_or_none()
        if row is None:
            return FeedHealth(name=name, url=url)
        health = _health(row)
        if health.url != url:
            return FeedHealth(name=name, url=url, parsed=health.parsed, held=health.held, title=health.title)
        return health

    def record_failure(self, name: str, url: str, error: str, now: datetime) -> datetime:
        """Remember that a poll failed, and return since when the feed has been failing. Nothing else moves."""
        with self._database.write() as connection:
            ensure_feed(connection, self._database, name, url)
            since = connection.execute(select(feeds.c.failing_since).where(feeds.c.name == name)).scalar()
            connection.execute(
                update(feeds).where(feeds.c.name == name).values(tried=now, failing_since=since or now, error=error)
            )
        return since or now

    def record_empty(self, name: str, url: str, now: datetime) -> None:
        """Remember that a feed was there and empty; it still has its first run to come."""
        with self._database.write() as connection:
            ensure_feed(connection, self._database, name, url)
            none = Validators()
            record_success(connection, name, url=url, validators=none, now=now, parsed=False, title=None)

    def hold_all(self, connection: Connection, reason: FeedHold) -> None:
        """Hold every feed, and what has not settled or was in no issue yet (after a restore).

        It is done within the caller's transaction. What waited for an issue may have been in one that the
        database has forgotten.
        """
        unsettled = (entries.c.state == EntryState.HELD) & (entries.c.reason == Hold.UNSETTLED)
        carried = (
            select(issue_reviews.c.entry_id)
            .join(issues, issues.c.id == issue_reviews.c.issue_id)
            .where(issues.c.state != IssueState.DRAFT)
        )
        waiting = (entries.c.state == EntryState.READY) & entries.c.id.not_in(carried)
        connection.execute(
            update(entries).where(unsettled | waiting).values(state=EntryState.HELD, reason=Hold.NOVELTY)
        )
        connection.execute(
            update(feeds)
            .where(feeds.c.parsed.is_not(None))
            .values(held=reason, body_hash=None, etag=None, last_modified=None)
        )


def ensure_feed(connection: Connection, database: Database, name: str, url: str) -> None:
    """Make the row of a feed where there is none."""
    connection.execute(insert_if_absent(database, feeds).values(name=name, url=url).on_conflict_do_nothing())


def record_success(
    connection: Connection,
    name: str,
    *,
    url: str,
    validators: Validators,
    now: datetime,
    parsed: bool,
    title: str | None,
) -> None:
    """Remember a good poll; `parsed` where a document was read, not merely found unchanged."""
    values: dict[str, object] = {
        "url": url,
        "etag": validators.etag,
        "last_modified": validators.last_modified,
        "body_hash": validators.body_hash,
        "tried": now,
        "succeeded": now,
        "failing_since": None,
        "error": None,
    }
    if parsed:
        values |= {"parsed": now, "title": title}
    connection.execute(update(feeds).where(feeds.c.name == name).values(values))


def _health(row: Row[tuple[object, ...]]) -> FeedHealth:
    got = row._mapping
    return FeedHealth(
        name=got["name"],
        url=got["url"],
        title=got["title"],
        validators=Validators(etag=got["etag"], last_modified=got["last_modified"], body_hash=got["body_hash"]),
        tried=got["tried"],
        succeeded=got["succeeded"],
        parsed=got["parsed"],
        failing_since=got["failing_since"],
        error=got["error"],
        held=FeedHold(got["held"]) if got["held"] else None,
    )

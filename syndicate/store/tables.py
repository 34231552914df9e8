"""The schema, one for SQLite and PostgreSQL. `migrations/` makes it, and a test holds that both agree.

feeds ─< entries ─< entry_keys            what was seen, and by which identities it is known again
issues ─< issue_reviews >─ entries        which review an issue carries
choices                                   what the editor chose for the next issue of a digest
statuses >─ entries                       one status a review and account
subscribers ─< subscriptions              people and lists;  suppressions by address
deliveries >─ issues | statuses           the ledger: a row per message and recipient (an issue, a notice, a status)
history                                   what became of an address: asked, confirmed, left, bounced; by address
returned >─ deliveries                    the mail that came back, each once, and what was done about it
limits                                    how often something was asked for in an hour, by a key that tells nobody
relays, relay_hours, relay_paces          which relay rests and why; how many letters each was given in which hour, and
                                          when its rate has room again for all who share it
owners                                    the workers that may send besides each other, and when each was seen last
incidents, meta                           what the editor was told; small single values
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class UtcDateTime(TypeDecorator[datetime]):
    """An instant. Aware UTC outside; SQLite, which knows no zones, holds it naive and in UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a naive datetime: it has no meaning here."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive datetime {value} given to the store")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Return it aware, in UTC, whatever the session's zone."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


# SQLite numbers rows by itself only where the key's type is INTEGER; a million readers a week want 64 bits elsewhere.
_Id = BigInteger().with_variant(Integer, "sqlite")


def _key(name: str = "id") -> Column[Any]:
    return Column(name, _Id, primary_key=True, autoincrement=True)


meta = Table("meta", metadata, Column("key", String, primary_key=True), Column("value", Text, nullable=False))

feeds = Table(
    "feeds",
    metadata,
    Column("name", String, primary_key=True),
    Column("url", Text, nullable=False),
    Column("title", Text),
    Column("etag", Text),
    Column("last_modified", Text),
    Column("body_hash", String),
    Column("tried", UtcDateTime),
    Column("succeeded", UtcDateTime),
    Column("parsed", UtcDateTime),
    Column("failing_since", UtcDateTime),
    Column("error", Text),
    Column("held", String),
)

entries = Table(
    "entries",
    metadata,
    _key(),
    Column("feed", String, ForeignKey("feeds.name"), nullable=False),
    Column("guid", Text),
    Column("link", Text),
    Column("link_key", Text),
    Column("title", Text, nullable=False),
    Column("labels", JSON, nullable=False),
    Column("content_hash", String, nullable=False),
    Column("published", UtcDateTime),
    Column("updated", UtcDateTime),
    Column("first_seen", UtcDateTime, nullable=False),
    Column("last_seen", UtcDateTime, nullable=False),
    Column("unchanged_since", UtcDateTime, nullable=False),
    Column("counts_from", UtcDateTime, nullable=False),
    Column("place", Integer, nullable=False),
    Column("state", String, nullable=False),
    Column("reason", Text),
    Column("reading", Text, nullable=False),
    Column("edits", JSON, nullable=False),
    Index(None, "feed", "state"),
    Index(None, "link_key"),
)

entry_keys = Table(
    "entry_keys",
    metadata,
    Column("feed", String, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("entry_id", _Id, ForeignKey("entries.id"), nullable=False),
)

subscribers = Table(
    "subscribers",
    metadata,
    _key(),
    Column("address", Text, nullable=False),
    Column("address_key", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("added", UtcDateTime, nullable=False),
)

subscriptions = Table(
    "subscriptions",
    metadata,
    Column("subscriber_id", _Id, ForeignKey("subscribers.id"), primary_key=True),
    Column("list", String, primary_key=True),
    Column("state", String, nullable=False),
    Column("since", UtcDateTime, nullable=False),
    Index(None, "list", "state", "subscriber_id"),
)

suppressions = Table(
    "suppressions",
    metadata,
    Column("address_key", Text, primary_key=True),
    Column("reason", String, nullable=False),
    Column("since", UtcDateTime, nullable=False),
    Column("note", Text),
)

issues = Table(
    "issues",
    metadata,
    _key(),
    Column("digest", String, nullable=False),
    Column("number", Integer),
    Column("period", UtcDateTime, nullable=False),
    Column("state", String, nullable=False),
    Column("reason", Text),
    Column("created", UtcDateTime, nullable=False),
    Column("frozen", UtcDateTime),
    Column("finished", UtcDateTime),
    Column("subject", Text),
    Column("preheader", Text),
    Column("html", Text),
    Column("text", Text),
    Column("lists", JSON),
    Column("inputs_hash", String),
    Column("templates_hash", String),
    Column("ways_out", JSON),
    Column("candidates", Integer, nullable=False, server_default="0"),
    Column("asked", UtcDateTime),
    UniqueConstraint("digest", "period"),
    UniqueConstraint("digest", "number"),
)

issue_reviews = Table(
    "issue_reviews",
    metadata,
    Column("issue_id", _Id, ForeignKey("issues.id"), primary_key=True),
    Column("entry_id", _Id, ForeignKey("entries.id"), primary_key=True),
    Column("link_key", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("section", Text),
    Index(None, "link_key"),
)

choices = Table(
    "choices",
    metadata,
    Column("digest", String, primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("chosen", JSON, nullable=False),
    Column("changed", UtcDateTime, nullable=False),
)

statuses = Table(
    "statuses",
    metadata,
    _key(),
    Column("entry_id", _Id, ForeignKey("entries.id"), nullable=False),
    Column("account", String, nullable=False),
    Column("link_key", Text, nullable=False),
    Column("planned", UtcDateTime, nullable=False),
    Column("content", JSON),
    UniqueConstraint("account", "link_key"),
    Index(None, "entry_id"),
)

deliveries = Table(
    "deliveries",
    metadata,
    _key(),
    Column("issue_id", _Id, ForeignKey("issues.id")),
    Column("status_id", _Id, ForeignKey("statuses.id"), unique=True),
    Column("subscriber_id", _Id, ForeignKey("subscribers.id")),
    Column("list", String),
    Column("notice", String),
    Column("state", String, nullable=False),
    Column("due", UtcDateTime),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("doubts", Integer, nullable=False, server_default="0"),
    Column("owner", String),
    Column("lease", UtcDateTime),
    Column("first_tried", UtcDateTime),
    Column("tried", UtcDateTime),
    Column("reply", Text),
    Column("remote_id", Text),
    Column("remote_url", Text),
    UniqueConstraint("issue_id", "subscriber_id"),
    UniqueConstraint("issue_id", "list"),
    Index(None, "state", "issue_id", "id"),
    Index(None, "subscriber_id"),
)

history = Table(
    "history",
    metadata,
    _key(),
    Column("address_key", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("what", String, nullable=False),
    Column("list", String),
    Column("note", Text),
    Index(None, "address_key"),
)

returned = Table(
    "returned",
    metadata,
    _key(),
    Column("key", String, nullable=False, unique=True),
    Column("at", UtcDateTime, nullable=False),
    Column("kind", String, nullable=False),
    Column("action", String, nullable=False),
    Column("address_key", Text),
    Column("delivery_id", _Id, ForeignKey("deliveries.id")),
    Column("status", String),
    Column("diagnostic", Text),
    Column("why", Text, nullable=False),
    Index(None, "address_key"),
)

limits = Table(
    "limits",
    metadata,
    Column("key", String, primary_key=True),
    Column("hour", UtcDateTime, primary_key=True),
    Column("count", Integer, nullable=False),
)

relays = Table(
    "relays",
    metadata,
    Column("name", String, primary_key=True),
    Column("paused_until", UtcDateTime),
    Column("because", Text),
)

relay_hours = Table(
    "relay_hours",
    metadata,
    Column("relay", String, primary_key=True),
    Column("hour", UtcDateTime, primary_key=True),
    Column("letters", Integer, nullable=False),
)

relay_paces = Table(
    "relay_paces",
    metadata,
    Column("relay", String, primary_key=True),
    Column("full_at", UtcDateTime, nullable=False),
)

owners = Table(
    "owners",
    metadata,
    Column("name", String, primary_key=True),
    Column("seen", UtcDateTime, nullable=False),
    Column("ended", UtcDateTime),
)

incidents = Table(
    "incidents",
    metadata,
    Column("name", String, primary_key=True),
    Column("opened", UtcDateTime, nullable=False),
    Column("text", Text, nullable=False),
    Column("told", UtcDateTime),
    Column("closed", UtcDateTime),
    Column("told_closed", UtcDateTime),
)

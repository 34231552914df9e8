"""config.yaml and the environment → a frozen `Config`, with every fault in one report.

The schema below is the one list of keys: each has a type, a default, and a line of help that
`docs/configuration.md` and the file that `syndicate init` writes repeat (a test compares them).
Durations are written 90s, 15m, 24h, 7d; sizes 20MB; hours "fri 09:00". Secrets are never written here: a
`…_env` key names the variable, a `…_file` key the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from syndicate.delivery.model import InDoubtRule
from syndicate.reviews.model import Kind
from syndicate.schedule import Slot


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class Site(_Part):
    name: str
    url: str
    language: str = "en"
    timezone: str = "UTC"
    postal: str | None = None
    editor: str | None = None


class Include(_Part):
    kinds: tuple[Kind, ...] = (Kind.REVIEW,)
    labels: tuple[str, ...] = ()
    """Empty: any label."""


class FeedConfig(_Part):
    url: str
    every: timedelta = timedelta(minutes=15)
    backfill: int = 0
    settle: timedelta = timedelta(minutes=10)
    titles: tuple[str, ...] = ()
    include: Include = Include()


class Security(StrEnum):
    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


class Relay(_Part):
    host: str
    port: int = 587
    security: Security = Security.STARTTLS
    user: str | None = None
    password_env: str | None = None
    password_file: Path | None = None
    timeout: timedelta = timedelta(seconds=60)


class Mail(_Part):
    sender: str = Field(alias="from")
    relay: Relay | None = None
    outbox: Path | None = None
    unsubscribe_mailto: str | None = None
    return_path: str | None = None
    reply_to: str | None = None
    in_doubt: InDoubtRule = InDoubtRule.RETRY


class ListConfig(_Part):
    name: str | None = None
    address: str | None = None
    """Set: one posting address of a list server, which owns its members."""


class FirstIssue(StrEnum):
    NEXT = "next"
    NOW = "now"


class LeadRule(StrEnum):
    NEWEST = "newest"
    RATING = "rating"
    NONE = "none"


class SectionConfig(_Part):
    title: str
    strands: tuple[str, ...]


class Digest(_Part):
    lists: tuple[str, ...]
    feeds: tuple[str, ...] = ()
    """Empty: every feed."""
    at: Slot
    name: str | None = None
    max_lateness: timedelta = timedelta(hours=24)
    max_age: timedelta = timedelta(days=45)
    cap: int = 12
    first_issue: FirstIssue = FirstIssue.NEXT
    sections: tuple[SectionConfig, ...] = ()
    lead: LeadRule = LeadRule.NEWEST
    subject: str | None = None


class Warning_(_Part):
    label: str | None = None
    word: str | None = None
    text: str


class Account(_Part):
    instance: str | None = None
    token_env: str | None = None
    token_file: Path | None = None
    outbox: Path | None = None
    feeds: tuple[str, ...] = ()
    template: str = "review"
    spacing: timedelta | None = None
    """None: 30 minutes on an instance, none in an outbox."""
    max_age: timedelta = timedelta(days=7)
    visibility: str = "public"
    hashtags: Mapping[str, str] = {}
    content_warnings: tuple[Warning_, ...] = ()


class Web(_Part):
    listen: str = "127.0.0.1:8025"
    public_url: str | None = None


class Http(_Part):
    allow_private: bool = False
    timeout: timedelta = timedelta(seconds=20)
    max_bytes: int = 20_000_000


class Config(_Part):
    site: Site
    database: str = "sqlite:///syndicate.db"
    feeds: Mapping[str, FeedConfig]
    mail: Mail | None = None
    lists: Mapping[str, ListConfig] = {}
    digests: Mapping[str, Digest] = {}
    accounts: Mapping[str, Account] = {}
    notify: str | None = None
    secret_key_file: Path = Path("syndicate.key")
    templates: Path | None = None
    cache: Path = Path("cache")
    web: Web = Web()
    http: Http = Http()
    path: Path = Field(default=Path("config.yaml"), exclude=True)
    """Where it was read from; relative paths in it are resolved against its folder."""

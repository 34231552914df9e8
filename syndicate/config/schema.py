"""The one list of keys: what config.yaml may hold. Each key has a type, a default, and a line of help.

`docs/configuration.md` and the file that `syndicate init` writes repeat the help (tests compare them). What
holds between keys is in checks.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import Field, PrivateAttr

from syndicate.audience.model import OptIn, Welcome
from syndicate.compose.select import LeadRule
from syndicate.config.kinds import (
    Address,
    Database,
    Duration,
    FeedSource,
    File,
    Hashtags,
    Hour,
    Instance,
    Language,
    Lead,
    Line,
    Listen,
    Network,
    Origin,
    Part,
    PublicUrl,
    Size,
    Slug,
    Template,
    Text,
    Title,
    Url,
    Variable,
    Zone,
)
from syndicate.config.mail import Mail
from syndicate.config.theme import Theme
from syndicate.reviews.model import Kind
from syndicate.schedule import Slot


class Site(Part):
    name: Line = Field(description="The site's name, as readers know it.")
    url: Url = Field(description="The site's address.")
    language: Language = Field(default="en", description="The language of dates, numbers and statuses: en, de, pt-BR.")
    timezone: Zone = Field(default="UTC", description="The time zone (IANA name) of every hour in this file.")
    postal: Text | None = Field(
        default=None,
        description="Who sends this and from where; stands at the foot of each letter. A relay needs it.",
    )
    editor: Address | None = Field(default=None, description="The editor's address, for readers' questions.")

    @property
    def zone(self) -> ZoneInfo:
        """Return the time zone itself."""
        return ZoneInfo(self.timezone)


class Include(Part):
    kinds: tuple[Kind, ...] = Field(
        default=(Kind.REVIEW,),
        min_length=1,
        description="Kinds of post to carry: review, tv-review, book-review, other.",
    )
    labels: tuple[Line, ...] = Field(default=(), description="Carry only posts with one of these labels; empty: any.")


class FeedConfig(Part):
    url: FeedSource = Field(description="The feed's address; or the path of a file, or sample:lantern.")
    every: Duration = Field(
        default=timedelta(minutes=15), ge=timedelta(seconds=1), description="How often it is asked."
    )
    backfill: int = Field(
        default=0,
        ge=0,
        le=1000,
        description="How many of its newest posts the first poll announces; the rest is history.",
    )
    settle: Duration = Field(
        default=timedelta(minutes=10),
        description="How long a post must stand unchanged before it is announced.",
    )
    titles: tuple[Title, ...] = Field(
        default=(),
        description="Title rules, tried in order: regular expressions with groups strand, film, year.",
    )
    include: Include = Field(default=Include(), description="Which posts are carried.")


class ListConfig(Part):
    name: Line | None = Field(default=None, description="What readers call what it brings: The weekly letter.")
    address: Address | None = Field(
        default=None,
        description="The posting address of a list server that owns its members; without it they are ours.",
    )
    about: Line | None = Field(default=None, description="One sentence for the pages on which readers join.")
    opt_in: OptIn = Field(
        default=OptIn.DOUBLE, description="How readers join on the web: double (a mail asks), single, or closed."
    )
    welcome: Welcome = Field(
        default=Welcome.LETTER, description="What a new reader gets: letter, issue (both), or none."
    )


class FirstIssue(StrEnum):
    """When a digest begins: at its next hour, or at the first run."""

    NEXT = "next"
    NOW = "now"


class Every(StrEnum):
    """What gets an issue of its own, where a digest has no hour."""

    REVIEW = "review"


class Approval(StrEnum):
    """Whether an issue goes out by itself, or a person looks first."""

    NONE = "none"
    REQUIRED = "required"


class SectionConfig(Part):
    title: Line = Field(description="The section's heading.")
    strands: tuple[Line, ...] = Field(min_length=1, description="Strands that belong in it; * stands for any text.")


class Digest(Part):
    lists: tuple[str, ...] = Field(default=(), description="The mailing lists that it goes to.")
    feeds: tuple[str, ...] = Field(default=(), description="The feeds that it draws on; empty: all.")
    at: Hour | None = Field(
        default=None, description="Its hour in the site's time zone: fri 09:00, or daily 18:30; either this or every."
    )
    every: Every | None = Field(
        default=None, description="review: a letter for each review as it is announced, instead of an hour."
    )
    name: Line | None = Field(default=None, description="Its name in the masthead; without it, the site's.")
    max_lateness: Duration = Field(
        default=timedelta(hours=24),
        gt=timedelta(0),
        description="How late a missed hour is made up; later, it is skipped.",
    )
    max_age: Duration = Field(default=timedelta(days=45), gt=timedelta(0), description="Older reviews are left out.")
    cap: int = Field(
        default=12, ge=1, le=200, description="Reviews in an issue at most; the rest is named as and N more."
    )
    first_issue: FirstIssue = Field(
        default=FirstIssue.NEXT, description="The first issue: at the next hour (of every: the next review), or now."
    )
    sections: tuple[SectionConfig, ...] = Field(
        default=(), description="Headed sections by strand, in order; what fits none stands last."
    )
    lead: Lead = Field(default=LeadRule.NEWEST, description="The review that opens it: newest, rating, or none.")
    approval: Approval = Field(
        default=Approval.NONE, description="none, or required: an issue waits until a person approves it."
    )
    approval_ahead: Duration = Field(
        default=timedelta(hours=3), description="How long before its hour a person is asked to approve it."
    )
    subject: Template | None = Field(
        default=None, description="The subject line, a Jinja2 template; without it, by the lead."
    )

    @property
    def hour(self) -> Slot:
        """Return its hour. Raises ValueError for one that has none: each review gets a letter of its own."""
        if self.at is None:
            raise ValueError("a digest with every: review has no hour")
        return self.at


class ContentWarning(Part):
    label: Line | None = Field(default=None, description="Posts with this label get the warning.")
    word: Line | None = Field(default=None, description="Posts whose text has this word get it.")
    text: Line = Field(description="The warning that readers see above the hidden text.")


class Account(Part):
    instance: Instance | None = Field(default=None, description="The Mastodon server; either this or outbox.")
    token_env: Variable | None = Field(default=None, description="The variable that holds the access token.")
    token_file: File | None = Field(default=None, description="Or the file that holds it.")
    outbox: File | None = Field(default=None, description="Write the statuses into this folder and post nothing.")
    feeds: tuple[str, ...] = Field(default=(), description="The feeds that it posts; empty: all.")
    template: Slug = Field(default="review", description="The template of a status: templates/status/NAME.txt.")
    spacing: Duration | None = Field(
        default=None,
        description="Time between two statuses; without it 30m on an instance, none in an outbox.",
    )
    max_age: Duration = Field(default=timedelta(days=7), gt=timedelta(0), description="Older reviews are not posted.")
    visibility: Literal["public", "unlisted", "private", "direct"] = Field(
        default="public", description="public, unlisted, private or direct."
    )
    hashtags: Mapping[str, Hashtags] = Field(
        default={}, description='Label: its hashtags, commas between. "*" is for every status; other labels give none.'
    )
    content_warnings: tuple[ContentWarning, ...] = Field(
        default=(), description="Which posts are hidden behind a warning."
    )


class Web(Part):
    listen: Listen = Field(default="127.0.0.1:8025", description="Where the preview is served.")
    public_url: PublicUrl | None = Field(
        default=None, description="Where readers reach their pages: https://news.lantern.example, a host of its own."
    )
    public_listen: Listen = Field(
        default="127.0.0.1:8026", description="Where the readers' pages are served, behind a proxy that has the https."
    )
    archive: bool = Field(default=False, description="Show the issues that were sent to everybody, with the pages.")
    trusted_proxies: tuple[Network, ...] = Field(
        default=("127.0.0.1", "::1"), description="Whose X-Forwarded-For is believed: addresses or networks."
    )
    origins: tuple[Origin, ...] = Field(
        default=(),
        description="Sites whose forms may subscribe readers, beside site.url: https://www.lantern.example, and so on.",
    )
    per_address: int = Field(default=3, ge=1, description="Requests to join in an hour for one address.")
    per_network: int = Field(default=20, ge=1, description="Requests to join in an hour from one network.")
    per_hour: int = Field(default=500, ge=1, description="Requests to join in an hour from all the world.")
    confirm_within: Duration = Field(
        default=timedelta(days=7), ge=timedelta(hours=1), description="How long a request to join may be confirmed."
    )


class Http(Part):
    allow_private: bool = Field(default=False, description="Let feeds and pictures come from private addresses.")
    timeout: Duration = Field(
        default=timedelta(seconds=20), gt=timedelta(0), description="How long to wait for a server."
    )
    max_bytes: Size = Field(default=20_000_000, description="The largest feed that is read.")


class EngineKind(StrEnum):
    """Who does the work."""

    LOCAL = "local"
    CLUSTER = "cluster"


class Cluster(Part):
    lease: Duration = Field(
        default=timedelta(seconds=60),
        ge=timedelta(seconds=2),
        description="A worker that is not heard of for so long is taken for dead; what it was sending is in doubt.",
    )
    shard: int = Field(default=5000, ge=10, description="Letters in a worker's share of an issue at most.")


class Config(Part):
    site: Site = Field(description="The site whose reviews are carried.")
    database: Database = Field(
        default="sqlite:///syndicate.db",
        description="The memory: sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME.",
    )
    engine: EngineKind = Field(
        default=EngineKind.LOCAL,
        description="local: one process does it all. cluster: any number of syndicate worker share it, by PostgreSQL.",
    )
    cluster: Cluster = Field(default=Cluster(), description="How workers share it.")
    feeds: Mapping[Slug, FeedConfig] = Field(min_length=1, description="The feeds, each by a name of your own.")
    mail: Mail | None = Field(default=None, description="How letters are sent.")
    lists: Mapping[Slug, ListConfig] = Field(default={}, description="The mailing lists, by name.")
    digests: Mapping[Slug, Digest] = Field(default={}, description="The recurring issues, by name.")
    accounts: Mapping[Slug, Account] = Field(default={}, description="The Mastodon accounts, by a name of your own.")
    notify: Address | None = Field(default=None, description="Who is told by mail when something is wrong.")
    secret_key_file: File = Field(default=Path("syndicate.key"), description="The key of links; made on the first run.")
    templates: File | None = Field(default=None, description="A folder whose templates replace ours, file by file.")
    theme: Theme = Field(default=Theme(), description="The colours of letters and readers' pages, and a logo.")
    cache: File = Field(default=Path("cache"), description="Where pictures for the preview are kept.")
    web: Web = Field(default=Web(), description="The preview, and the readers' pages.")
    http: Http = Field(default=Http(), description="How feeds and pictures are fetched.")
    path: Path = Field(default=Path("config.yaml"), exclude=True)
    """Where it was read from; relative paths in it are resolved against its folder. Not a key of the file."""
    _environ: Mapping[str, str] = PrivateAttr(default_factory=dict)
    _marks: Mapping[tuple[str | int, ...], int] = PrivateAttr(default_factory=dict)

    def resolve(self, path: Path | str) -> Path:
        """Return a path of this file as an absolute one: relative to the file's folder, ~ is the home."""
        return self.path.absolute().parent / Path(path).expanduser()

    @property
    def environ(self) -> Mapping[str, str]:
        """Return the environment that secrets are asked from."""
        return self._environ

    @property
    def database_url(self) -> str:
        """Return the database's address; an sqlite file is absolute in it."""
        return self.database_at(self.database)

    def database_at(self, address: str) -> str:
        """Return the address of any database as this file would have it; an sqlite file is absolute in it."""
        if not address.startswith("sqlite:///"):
            return address
        file, mark, query = address.removeprefix("sqlite:///").partition("?")
        return f"sqlite:///{self.resolve(Path(file))}{mark}{query}"

    def feed_source(self, name: str) -> str:
        """Return what the feed of that name is read from; the path of a file is absolute."""
        source = self.feeds[name].url
        if source.startswith(("http:", "https:", "sample:")):
            return source
        return str(self.resolve(Path(source)))

    def shown(self) -> dict[str, object]:
        """Return what holds, defaults included, as it would be written; what may be a secret is masked."""
        return self.model_dump(mode="json", by_alias=True)

    def line(self, *keys: str | int) -> str:
        """Return the place of a key to point at: "config.yaml line 14", or the file alone where it has no line."""
        mark = self._marks.get(keys) if keys else None
        return f"{self.path} line {mark}" if mark else str(self.path)

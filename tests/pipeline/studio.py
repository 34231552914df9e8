"""An installation in a folder, with a clock that stands still and a web that holds what a test puts there."""

from __future__ import annotations

import email.policy
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.parser import BytesParser
from html import escape
from pathlib import Path
from typing import Any

from syndicate.app import App, open_app
from syndicate.audience.model import NewSubscriber
from syndicate.compose.model import IssueState
from syndicate.config import load_config
from syndicate.errors import FeedError
from syndicate.pipeline import Tick, tick
from syndicate.store.issues import StoredIssue
from syndicate.testing import FakeClock, FakeFetcher

WEDNESDAY = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)
FRIDAY = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
MINUTE, HOUR, DAY, WEEK = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1), timedelta(days=7)
URL = "https://lantern.example/feed"
EDITOR = "ed@lantern.example"
CONFIG = """\
site: {name: The Lantern, url: "https://lantern.example", timezone: Europe/Dublin, postal: "12 Quay Lane, Galway"}
database: sqlite:///syndicate.db
feeds:
  reviews: {url: "https://lantern.example/feed", every: 15m, settle: 10m, backfill: 0}
mail:
  from: The Lantern <news@lantern.example>
  unsubscribe_mailto: leave@lantern.example
  outbox: out/
lists:
  readers: {name: Weekly readers}
  friends: {name: Friends of the house}
digests:
  weekly: {lists: [readers, friends], at: fri 09:00, max_lateness: 24h, cap: 12, first_issue: next}
accounts:
  main: {outbox: out/, spacing: 30m, max_age: 7d}
notify: ed@lantern.example
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A post of the site, as its feed tells it."""

    name: str
    published: datetime = WEDNESDAY - DAY
    guid: str = ""
    link: str = ""
    title: str = ""
    body: str = "The tide comes in, and nobody moves. It is the best shot of the year, and the film knows it."

    def item(self) -> str:
        """Return it as an item of RSS 2.0."""
        link = self.link or f"https://lantern.example/2026/11/{self.name}.html"
        title = self.title or f"New Release Review - {self.name.upper().replace('-', ' ')}"
        return (
            f'<item><guid isPermaLink="false">{escape(self.guid or f"tag:lantern.example,2026:{self.name}")}</guid>'
            f"<link>{escape(link)}</link><title>{escape(title)}</title>"
            f"<pubDate>{self.published:%a, %d %b %Y %H:%M:%S +0000}</pubDate>"
            f"<description>{escape(f'<p>{self.body}</p>')}</description></item>"
        )


def rss(*posts: Post) -> bytes:
    """Return a feed of these posts, in this order."""
    items = "".join(post.item() for post in posts)
    head = "<title>The Lantern</title><link>https://lantern.example</link><description>Films</description>"
    return f'<?xml version="1.0"?><rss version="2.0"><channel>{head}{items}</channel></rss>'.encode()


def archive(count: int, *, newest: datetime = WEDNESDAY - DAY) -> list[Post]:
    """Return so many posts, newest first, a day apart."""
    return [Post(name=f"film-{number}", published=newest - number * DAY) for number in range(count)]


class Studio:
    """The installation, and what came out of it."""

    def __init__(self, app: App, clock: FakeClock, web: FakeFetcher, folder: Path) -> None:
        self.app, self.clock, self.web, self.folder = app, clock, web, folder

    def feed(self, *posts: Post) -> None:
        """Let the site's feed hold these posts from now on."""
        self.web.put(URL, rss(*posts))

    def feed_fails(self, what: str = "no whole answer within 20 s") -> None:
        """Let the site's feed fail from now on."""
        self.web.put(URL, FeedError(what, where=URL))

    def readers(self, *names: str, list_name: str = "readers") -> None:
        """Put readers on a list."""
        fresh = [NewSubscriber(address=f"{name}@reader.example", name=name.title()) for name in names]
        list(self.app.audience.add(fresh, list_name, self.clock.now()))

    def tick(self) -> Tick:
        """Do what is due now."""
        return tick(self.app)

    def live(self, span: timedelta, step: timedelta = 15 * MINUTE) -> list[Tick]:
        """Let time pass with a beat at each step."""
        until, ticks = self.clock.now() + span, []
        while self.clock.now() + step <= until:
            self.clock.advance(step)
            ticks.append(self.tick())
        self.clock.set(until)
        return ticks

    def begin(self, *posts: Post) -> None:
        """Run for the first time, on a feed that holds these posts."""
        self.feed(*posts)
        self.tick()

    def mails(self) -> list[EmailMessage]:
        """Return every mail in the outbox, in the order of their files."""
        parser = BytesParser(_class=EmailMessage, policy=email.policy.default)
        return [parser.parsebytes(path.read_bytes()) for path in sorted((self.folder / "out/mail/new").glob("*.eml"))]

    def letters(self) -> list[str]:
        """Return the address of each letter to a reader."""
        return sorted(str(mail["To"].addresses[0].addr_spec) for mail in self.mails() if mail["To"] != EDITOR)

    def alerts(self) -> list[str]:
        """Return the subject of each mail to the editor, the oldest first."""
        told = [mail for mail in self.mails() if mail["To"] == EDITOR]
        return [str(mail["Subject"]) for mail in sorted(told, key=lambda mail: mail["Date"].datetime)]

    def statuses(self) -> list[dict[str, Any]]:
        """Return every status in the outbox, in the order in which they were planned."""
        paths = sorted((self.folder / "out/statuses/main").glob("*.json"))
        return [json.loads(path.read_text(encoding="utf-8")) for path in paths]

    def posted(self) -> list[str]:
        """Return the film of each status, by the name of its post."""
        return [status["link"].rsplit("/", 1)[1].removesuffix(".html") for status in self.statuses()]

    def issues(self, *states: IssueState) -> list[StoredIssue]:
        """Return the issues, oldest first."""
        return list(reversed(self.app.issues.listed(states=states)))

    def films(self, issue: StoredIssue) -> list[str]:
        """Return what an issue carries, by the names of the posts."""
        return [each.link.rsplit("/", 1)[1].removesuffix(".html") for each in self.app.issues.reviews_of(issue.id)]


@contextmanager
def studio(folder: Path, *changes: tuple[str, str], start: datetime = WEDNESDAY) -> Iterator[Studio]:
    """Open an installation whose config differs from ours in these passages; each must be there."""
    text = CONFIG
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    path = folder / "config.yaml"
    path.write_text(text, encoding="utf-8")
    clock, web = FakeClock(start), FakeFetcher()
    with open_app(load_config(path, {}), clock=clock, fetcher=web) as app:
        yield Studio(app, clock, web, folder)


@contextmanager
def again(before: Studio) -> Iterator[Studio]:
    """Open the same installation anew, as another process would."""
    with open_app(before.app.config, clock=before.clock, fetcher=before.web) as app:
        yield Studio(app, before.clock, before.web, before.folder)


def edited(post: Post, **changes: Any) -> Post:
    """Return a post after an edit."""
    return replace(post, **changes)

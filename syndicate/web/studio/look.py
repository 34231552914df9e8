"""The installation as it stands now → one frozen `Look`, from which the page is drawn. It only reads."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo

from syndicate.app import App
from syndicate.audience.model import SubscriptionState
from syndicate.compose.model import IssueState, RenderedEmail
from syndicate.config import config_warnings
from syndicate.errors import StoreError, SyndicateError, TemplateError
from syndicate.pipeline import Draft, draft
from syndicate.schedule import next_period
from syndicate.store.issues import CARRYING, StoredIssue
from syndicate.web.studio.entries import ShownEntry, shown_entries
from syndicate.web.studio.letters import Bodies, Printed, bodies, is_posting
from syndicate.web.studio.statuses import ShownAccount, shown_accounts
from syndicate.web.studio.viewing import pictures_of

GMAIL_LIMIT_BYTES, GMAIL_NEAR_BYTES = 102_000, 80_000
"""Gmail cuts a letter's HTML at about 102 kB, and with it the way out (docs/deliverability.md)."""

SEARCHED_ISSUES = 8
"""How many of the newest issues, for each digest, are looked through: a daily one has seven beside a weekly one's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownIssue:
    """An issue: the next one of a digest, or the last that was frozen."""

    digest: str
    number: int
    is_next: bool
    state: str
    """In a word or two: "next", "going out", "sent"."""
    at: datetime
    """When it goes; when it was frozen."""
    sender: tuple[str, str]
    """From: name and address."""
    subject: str
    preheader: str
    reviews: int
    more: int
    goes_to: tuple[str, ...]
    """A few words for each mailing list."""
    readers: Bodies | None
    """As our own readers get it; None where it does not render."""
    posting: Bodies | None
    """As a list server gets it; None where the digest has none."""
    fault: SyndicateError | None = None

    @property
    def name(self) -> str:
        """Return how the address bar names it: "weekly" for the next, "weekly/3" for a frozen one."""
        return self.digest if self.is_next else f"{self.digest}/{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """All that the page shows."""

    site: str
    zone: tzinfo
    issues: tuple[ShownIssue, ...]
    """Of each digest the next one, then the last frozen one."""
    accounts: tuple[ShownAccount, ...]
    entries: tuple[ShownEntry, ...]
    notices: tuple[str, ...]
    """What the editor should know before all else; mostly empty."""
    pictures: Mapping[str, str]
    """Name → address of every picture that is shown; nothing else is ever fetched."""

    def issue(self, name: str | None) -> ShownIssue | None:
        """Return an issue by its name; without one, the first that has something to read."""
        if name is not None:
            return next((each for each in self.issues if each.name == name), None)
        full = (each for each in self.issues if each.reviews or each.fault)
        return next(full, self.issues[0] if self.issues else None)


def look_at(app: App, *, at: datetime | None = None) -> Look:
    """Return everything as it is now; `at` another moment, the next issues as they would be then.

    Raises StoreError where the database cannot be read.
    """
    pictures: dict[str, str] = {}

    def address(url: str) -> str:
        pictures[picture_name(url)] = url
        return f"/picture/{picture_name(url)}"

    drafts = {name: _drafted(app, name, at) for name in app.config.digests}
    issues = tuple(issue for name, made in drafts.items() for issue in _issues(app, name, made))
    for issue in issues:
        for body in (issue.readers, issue.posting):
            for url in pictures_of(body.html) if body else ():
                address(url)
    good = {name: made for name, made in drafts.items() if isinstance(made, Draft)}
    return Look(
        site=app.config.site.name,
        zone=app.config.site.zone,
        issues=issues,
        accounts=shown_accounts(app, address),
        entries=shown_entries(app, good),
        notices=tuple(_notices(app)),
        pictures=pictures,
    )


def picture_name(url: str) -> str:
    """Return the name under which a picture is shown."""
    return hashlib.sha256(url.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def past_issue(app: App, digest: str, number: int) -> ShownIssue | None:
    """Return a frozen issue, however old; None where there is none of that number, or it was cancelled."""
    known = (each.id for each in app.issues.heads() if (each.digest, each.number) == (digest, number))
    found = app.issues.get(row) if (row := next(known, None)) is not None else None
    return _frozen(app, found, found.email) if found and found.email else None


def _drafted(app: App, name: str, at: datetime | None) -> Draft | TemplateError:
    try:
        return draft(app, name, now=at)
    except TemplateError as fault:
        return fault


def _issues(app: App, name: str, made: Draft | TemplateError) -> Iterator[ShownIssue]:
    yield _faulty(app, name, made) if isinstance(made, TemplateError) else _next(app, made)
    newest = app.issues.listed(states=CARRYING, limit=SEARCHED_ISSUES * len(app.config.digests))
    last = next((each for each in newest if each.digest == name), None)
    if last is not None and last.email is not None:
        yield _frozen(app, last, last.email)


def _next(app: App, made: Draft) -> ShownIssue:
    printed = Printed(
        digest=made.digest,
        number=made.number,
        lists=app.config.digests[made.digest].lists,
        email=made.email,
        ways_out=tuple(way.url for way in made.masthead.ways_out),
        date=made.period,
    )
    reviews = len(made.selection.reviews)
    state = "next" if reviews else "nothing new"
    return _shown(app, printed, is_next=True, state=state, reviews=reviews, more=made.selection.more)


def _frozen(app: App, issue: StoredIssue, email: RenderedEmail) -> ShownIssue:
    printed = Printed(
        digest=issue.digest,
        number=issue.number or 0,
        lists=issue.lists,
        email=email,
        ways_out=issue.ways_out,
        date=issue.frozen or issue.created,
    )
    state = "sent" if issue.state is IssueState.SENT else "going out"
    return _shown(app, printed, is_next=False, state=state, reviews=len(app.issues.reviews_of(issue.id)))


def _shown(app: App, printed: Printed, *, is_next: bool, state: str, reviews: int, more: int = 0) -> ShownIssue:
    has_posting = any(is_posting(app, name) for name in printed.lists)
    return ShownIssue(
        digest=printed.digest,
        number=printed.number,
        is_next=is_next,
        state=state,
        at=printed.date,
        sender=_sender(app),
        subject=printed.email.subject,
        preheader=printed.email.preheader,
        reviews=reviews,
        more=more,
        goes_to=tuple(_audience(app, name) for name in printed.lists),
        readers=bodies(app, printed, posting=False),
        posting=bodies(app, printed, posting=True) if has_posting else None,
    )


def _faulty(app: App, name: str, fault: TemplateError) -> ShownIssue:
    return ShownIssue(
        digest=name,
        number=app.issues.next_number(name),
        is_next=True,
        state="does not render",
        at=next_period(app.config.digests[name].at, app.config.site.zone, app.clock.now()),
        sender=_sender(app),
        subject="",
        preheader="",
        reviews=0,
        more=0,
        goes_to=(),
        readers=None,
        posting=None,
        fault=fault,
    )


def _sender(app: App) -> tuple[str, str]:
    mail = app.config.mail
    return (mail.sender_name or mail.sender_address, mail.sender_address) if mail else (app.config.site.name, "")


def _audience(app: App, name: str) -> str:
    """Return a list in words: "Weekly readers, 1,204 readers", "films@lists.example"."""
    known = app.config.lists.get(name)
    title = (known.name if known else None) or name
    if known and known.address:
        return f"{title}, {known.address}"
    readers = sum(number for state, number in app.audience.count(name).items() if state is SubscriptionState.CONFIRMED)
    return f"{title}, {readers:,} {'reader' if readers == 1 else 'readers'}"


def _notices(app: App) -> Iterator[str]:
    yield from _restored(app)
    if app.paused():
        yield "Paused: nothing leaves until you type syndicate resume."
    for name in app.config.feeds:
        health = app.feeds.health(name, app.config.feed_source(name))
        if health.held:
            yield f"Feed {name} is held ({health.held}): look below, then type syndicate feeds accept {name}."
        if health.failing_since:
            yield f"Feed {name} has been failing since {health.failing_since:%d %B, %H:%M} UTC: {health.error}"
        if health.parsed is None:
            yield f"Feed {name} has not been read yet: syndicate poll {name}."
    yield from (incident.text.splitlines()[0] for incident in app.incidents.open_ones())
    yield from config_warnings(app.config)


def _restored(app: App) -> Iterator[str]:
    """Yield why nothing would be sent from a database that looks like a restored backup."""
    try:
        with app.database.read() as connection:
            app.generation.check(connection)
    except StoreError as fault:
        yield f"{fault.what[:1].upper()}{fault.what[1:]}. Then: syndicate store accept-restore."

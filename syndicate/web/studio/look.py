"""The installation as it stands, or would on another date → one frozen `Look`, from which the page is drawn.

It only reads. Issues that were frozen are many and large: the look has their heads, and `past_issue` draws one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo

from syndicate.app import App
from syndicate.audience.model import SubscriptionState
from syndicate.compose.cards import safe_url
from syndicate.compose.model import IssueState, RenderedEmail
from syndicate.config import config_warnings
from syndicate.config.schema import Approval
from syndicate.delivery.plan import in_words
from syndicate.errors import StoreError, SyndicateError, TemplateError
from syndicate.pipeline import Draft, draft
from syndicate.pipeline.approval import next_issue
from syndicate.pipeline.examples import filled
from syndicate.pipeline.lint import lint_draft
from syndicate.schedule import next_period
from syndicate.store.issues import IssueHead, StoredIssue
from syndicate.web.studio.arranging import Arrangement, arranged
from syndicate.web.studio.entries import ShownEntry, film_of, next_places, short, shown_entries
from syndicate.web.studio.findings import ShownFindings, shown_findings
from syndicate.web.studio.inbox import InboxLine, inbox_lines
from syndicate.web.studio.letters import Bodies, Printed, bodies, is_posting, with_a_key
from syndicate.web.studio.memory import Memory
from syndicate.web.studio.statuses import ShownAccount, shown_accounts
from syndicate.web.studio.viewing import pictures_of

GMAIL_LIMIT_BYTES, GMAIL_NEAR_BYTES = 102_000, 80_000
"""Gmail cuts a letter's HTML at about 102 kB, and with it the way out (docs/deliverability.md)."""

_STATES = {IssueState.FROZEN: "frozen", IssueState.SENDING: "going out", IssueState.SENT: "sent"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownIssue:
    """An issue: the next one of a digest, or one that was frozen."""

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
    inbox: tuple[InboxLine, ...] = ()
    findings: ShownFindings | None = None
    """None where it was not looked for: the issue is frozen, or does not render."""
    arrangement: Arrangement | None = None
    """What may still be changed; None where nothing may."""
    approval: str | None = None
    """What its digest's approval asks of a person; None where it asks nothing."""
    fault: SyndicateError | None = None

    @property
    def name(self) -> str:
        """Return how the address bar names it: "weekly" for the next, "weekly/3" for a frozen one."""
        return self.digest if self.is_next else f"{self.digest}/{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PastIssue:
    """An issue that was frozen, without its letter."""

    digest: str
    number: int
    state: str
    at: datetime
    subject: str

    @property
    def name(self) -> str:
        """Return how the address bar names it."""
        return f"{self.digest}/{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """All that the page shows."""

    site: str
    zone: tzinfo
    issues: tuple[ShownIssue, ...]
    """The next one of each digest."""
    past: tuple[PastIssue, ...]
    """Every issue that was frozen, newest first."""
    accounts: tuple[ShownAccount, ...]
    entries: tuple[ShownEntry, ...]
    notices: tuple[str, ...]
    """What the editor should know before all else; mostly empty."""
    pictures: Mapping[str, str]
    """Name → address of every picture that is shown; nothing else is ever fetched."""
    as_of: datetime | None = None
    """The date for which all this is worked out; None: as it is now."""

    def issue(self, name: str | None) -> ShownIssue | None:
        """Return a next issue by its name; without one, the first that has something to read."""
        if name is not None:
            return next((each for each in self.issues if each.name == name), None)
        full = (each for each in self.issues if each.reviews or each.fault)
        return next(full, self.issues[0] if self.issues else None)


def look_at(app: App, *, at: datetime | None = None, memory: Memory | None = None) -> Look:
    """Return everything as it is now, or as it would be at another time with what is known today.

    `memory` is for who looks again: it must be that of the app's config and templates as they stand. Raises
    StoreError where the database cannot be read.
    """
    now, memory = at or app.clock.now(), memory or Memory()
    pictures: dict[str, str] = {}
    address = _address_into(pictures)
    drafts = {name: _drafted(app, name, at) for name in app.config.digests}
    issues = tuple(
        _faulty(app, name, made, now) if isinstance(made, TemplateError) else _next(app, made, memory)
        for name, made in drafts.items()
    )
    for issue in issues:
        _collect(issue, address)
    accounts = shown_accounts(app, address, now, memory)
    good = tuple(made for made in drafts.values() if isinstance(made, Draft))
    return Look(
        site=app.config.site.name,
        zone=app.config.site.zone,
        issues=issues,
        past=tuple(_head(each) for each in app.issues.heads()),
        accounts=accounts,
        entries=shown_entries(app, good, accounts),
        notices=tuple(_notices(app)),
        pictures=pictures,
        as_of=at,
    )


def past_issue(app: App, digest: str, number: int) -> ShownIssue | None:
    """Return a frozen issue, however old; None where there is none of that number, or it was cancelled."""
    known = (each.id for each in app.issues.heads() if (each.digest, each.number) == (digest, number))
    found = app.issues.get(row) if (row := next(known, None)) is not None else None
    return _frozen(app, found, found.email) if found and found.email else None


def _head(head: IssueHead) -> PastIssue:
    return PastIssue(
        digest=head.digest, number=head.number, state=_STATES[head.state], at=head.frozen, subject=head.subject
    )


def picture_name(url: str) -> str:
    """Return the name under which a picture is shown."""
    return hashlib.sha256(url.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _address_into(pictures: dict[str, str]) -> Callable[[str], str]:
    def address(url: str) -> str:
        pictures[picture_name(url)] = url
        return f"/picture/{picture_name(url)}"

    return address


def _collect(issue: ShownIssue, address: Callable[[str], str]) -> None:
    for body in (issue.readers, issue.posting):
        for url in pictures_of(body.html) if body else ():
            address(url)


def _drafted(app: App, name: str, at: datetime | None) -> Draft | TemplateError:
    try:
        return draft(app, name, now=at) if at else next_issue(app, name)
    except TemplateError as fault:
        return fault


def _next(app: App, made: Draft, memory: Memory) -> ShownIssue:
    digest = app.config.digests[made.digest]
    printed = Printed(
        digest=made.digest,
        number=made.number,
        lists=digest.lists,
        email=made.email,
        ways_out=tuple(way.url for way in made.masthead.ways_out),
        date=made.period,
    )
    reviews = len(made.selection.reviews)
    made_of = ("lint", made.digest, made.inputs_hash, made.templates_hash)
    return _shown(
        app,
        printed,
        is_next=True,
        state="next" if reviews else "nothing new",
        reviews=reviews,
        more=made.selection.more,
        findings=memory.recall(made_of, lambda: _findings(app, made)) if reviews else None,
        arrangement=arranged(made, next_places(app, made), cap=digest.cap),
        approval=_approval(app, made),
    )


def _frozen(app: App, issue: StoredIssue, email: RenderedEmail) -> ShownIssue:
    printed = Printed(
        digest=issue.digest,
        number=issue.number or 0,
        lists=issue.lists,
        email=email,
        ways_out=issue.ways_out,
        date=issue.frozen or issue.created,
    )
    return _shown(app, printed, is_next=False, state=_STATES[issue.state], reviews=len(app.issues.reviews_of(issue.id)))


def _shown(
    app: App,
    printed: Printed,
    *,
    is_next: bool,
    state: str,
    reviews: int,
    more: int = 0,
    findings: ShownFindings | None = None,
    arrangement: Arrangement | None = None,
    approval: str | None = None,
) -> ShownIssue:
    has_posting = any(is_posting(app, name) for name in printed.lists)
    sender, email = _sender(app), printed.email
    return ShownIssue(
        digest=printed.digest,
        number=printed.number,
        is_next=is_next,
        state=state,
        at=printed.date,
        sender=sender,
        subject=email.subject,
        preheader=email.preheader,
        reviews=reviews,
        more=more,
        goes_to=tuple(_audience(app, name) for name in printed.lists),
        readers=bodies(app, printed, posting=False),
        posting=bodies(app, printed, posting=True) if has_posting else None,
        inbox=inbox_lines(sender=sender[0], subject=email.subject, preheader=email.preheader),
        findings=findings,
        arrangement=arrangement,
        approval=approval,
    )


def _faulty(app: App, name: str, fault: TemplateError, now: datetime) -> ShownIssue:
    return ShownIssue(
        digest=name,
        number=app.issues.next_number(name),
        is_next=True,
        state="does not render",
        at=next_period(hour, app.config.site.zone, now) if (hour := app.config.digests[name].at) else now,
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


def _findings(app: App, made: Draft) -> ShownFindings | None:
    """Return what the lint says of a draft; None where it cannot be asked, which the page says elsewhere."""
    try:
        found = lint_draft(with_a_key(app), made)
    except SyndicateError:
        return None
    films = {safe_url(each.link) or "": film_of(each) for each in made.selection.reviews}
    return shown_findings(found, html=filled(app, made.email).html, films=films)


def _approval(app: App, made: Draft) -> str | None:
    """Return where the approval of an issue stands, in a sentence."""
    if app.config.digests[made.digest].approval is not Approval.REQUIRED:
        return None
    row = app.issues.of_period(made.digest, made.period)
    if row is not None and row.asked is not None:
        asked = short(row.asked.astimezone(app.config.site.zone))
        return f"It waits for approval, asked for on {asked}: syndicate issues approve {row.id}"
    ahead = in_words(app.config.digests[made.digest].approval_ahead)
    return f"It goes only once a person has approved it; they are asked {ahead} before its hour."


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

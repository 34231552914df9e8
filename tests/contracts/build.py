"""Rows of an invented film site, put into a store the way the pipeline puts them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import TypeVar

from syndicate.audience.model import NewSubscriber
from syndicate.compose.model import PublishedReview, RenderedEmail, Section, Selection
from syndicate.delivery.model import DeliveryState
from syndicate.feeds.identity import canonical_link, content_hash
from syndicate.feeds.model import Entry, RawHtml, Validators
from syndicate.reviews.admission import Admission, EntryState, Hold
from syndicate.reviews.model import Film, Kind, Reading, Review
from syndicate.store.audience import AudienceStore
from syndicate.store.database import Database
from syndicate.store.entries import EntryStore, Seen
from syndicate.store.freezing import Freeze
from syndicate.store.issues import IssueStore
from syndicate.store.opening import open_database
from syndicate.store.statuses import StatusStore

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
URL = "https://lantern.example/feed"
READY = Admission(state=EntryState.READY)
HISTORY = Admission(state=EntryState.HISTORY)
UNSETTLED = Admission(state=EntryState.HELD, reason=Hold.UNSETTLED)
EMAIL = RenderedEmail(subject="The Long Pier", preheader="and more", html="<p>The Long Pier</p>", text="The Long Pier")
WAYS_OUT = ("mailto:leave@lantern.example?subject=unsubscribe",)
Result = TypeVar("Result")


def entry(name: str, *, published: datetime | None = NOW, body: str = "A pier, at length.") -> Entry:
    """Return an entry whose guid and link are made of a name."""
    return Entry(
        guid=f"tag:{name}",
        link=f"https://lantern.example/{name}.html",
        title=f"New Release Review - {name.upper()}",
        content=RawHtml(body),
        summary=RawHtml(""),
        published=published,
        updated=None,
        labels=("Cinema",),
    )


def seen(
    name: str,
    admission: Admission = READY,
    *,
    published: datetime | None = NOW,
    known_as: int | None = None,
    body: str = "A pier, at length.",
) -> Seen:
    """Return an entry understood and judged."""
    said = entry(name, published=published, body=body)
    link_key = f"link:{canonical_link(said.link or '')}"
    review = Review(film=Film(title=name.upper(), year=2026), strand="New Release Review", excerpt=body)
    return Seen(
        entry=said,
        keys=(f"guid:{said.guid}", link_key),
        link_key=link_key,
        content_hash=content_hash(said),
        place=0,
        reading=Reading(kind=Kind.REVIEW, why="the title", review=review),
        admission=admission,
        known_as=known_as,
    )


def record(
    database: Database,
    *rows: Seen,
    feed: str = "reviews",
    now: datetime = NOW,
    present: Iterable[int] = (),
    held: str | None = None,
) -> tuple[int, ...]:
    """Record a document that holds these entries."""
    return EntryStore(database).record_poll(
        feed,
        url=URL,
        title="The Lantern",
        validators=Validators(etag='"1"', body_hash="abc"),
        seen=rows,
        present=dict.fromkeys(present, ()),
        held=held,
        now=now,
    )


def people(database: Database, list_name: str, *names: str, now: datetime = NOW) -> None:
    """Put people on a list, all confirmed."""
    added = [NewSubscriber(address=f"{name}@reader.example", name=name.title()) for name in names]
    assert list(AudienceStore(database).add(added, list_name, now))


def drafted(
    database: Database,
    *,
    digest: str = "weekly",
    period: datetime = NOW,
    number: int | None = None,
    lists: Sequence[str] = ("readers",),
    posting: Sequence[str] = (),
) -> Freeze:
    """Return an issue of all that waits for one."""
    issues = IssueStore(database)
    found = issues.candidates(digest, ["reviews", "notes"])
    chosen: tuple[PublishedReview, ...] = tuple(review for review, _ in found)
    return Freeze(
        digest=digest,
        period=period,
        number=number or issues.next_number(digest),
        email=EMAIL,
        selection=Selection(lead=chosen[0] if chosen else None, sections=(Section(title=None, reviews=chosen[1:]),)),
        link_keys={review.id: key for review, key in found},
        subscriber_lists=tuple(lists),
        posting_lists=tuple(posting),
        ways_out=WAYS_OUT,
        inputs_hash="inputs",
        templates_hash="templates",
    )


def frozen(database: Database, *names: str, posting: Sequence[str] = ()) -> int:
    """Return an issue with one review, frozen, planned for these readers."""
    record(database, seen("pier"))
    if names:
        people(database, "readers", *names)
    number = IssueStore(database).freeze(drafted(database, posting=posting), NOW)
    assert number is not None
    return number


def planned_status(database: Database, name: str = "pier", *, account: str = "main", now: datetime = NOW) -> int:
    """Return the delivery of a status that is planned."""
    (number,) = record(database, seen(name))
    statuses = StatusStore(database)
    assert statuses.plan(EntryStore(database).get(number), account, state=DeliveryState.PLANNED, reply=None, now=now)
    return int(statuses.listed(entry=number)[0].key)


def at_once(url: str, *works: Callable[[Database], Result]) -> list[Result]:
    """Return what each work gives, each on a connection and thread of its own, all begun at the same moment."""
    start = Barrier(len(works))

    def run(work: Callable[[Database], Result]) -> Result:
        with open_database(url) as database:
            start.wait(timeout=20)
            return work(database)

    with ThreadPoolExecutor(len(works)) as pool:
        return [each.result(timeout=60) for each in [pool.submit(run, work) for work in works]]

"""The promises that no other test keeps alone, each from one end of the pipeline to the other (docs/promises.md)."""

from __future__ import annotations

import gc
import json
import tracemalloc
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from syndicate.app import App, open_app
from syndicate.audience.model import NewSubscriber, SubscriptionState, SuppressionReason
from syndicate.compose.model import IssueState
from syndicate.config import load_config
from syndicate.delivery.deliver import deliver as deliver_through
from syndicate.delivery.model import DeliveryKey, DeliveryState, Letter, Outcome, RetryPolicy, Sent
from syndicate.errors import FeedError
from syndicate.pipeline import deliver, poll, publish, publish_due, tick
from syndicate.pipeline.letters import IssueLetters
from syndicate.reviews.admission import EntryState
from syndicate.schedule import due_period, next_period, occurrence, parse_slot
from syndicate.testing import FakeClock, FakeFetcher
from tests.channels.smtp_server import Action, Moment, ScriptedSmtp, Step

FEED = "https://promise.example/feed"
WEDNESDAY = datetime(2026, 11, 18, 12, tzinfo=UTC)
FRIDAY_AT_NINE = datetime(2026, 11, 20, 9, tzinfo=UTC)
FILMS = ("The Salt Ledger", "A Door in Kilrush", "Seven Lamps", "Windfall Season", "The Quiet Signal")


def feed(films: Iterable[str], *, newest: datetime = WEDNESDAY) -> bytes:
    """Return a feed whose first film is the newest, a day before the next."""
    items = "".join(
        f"<item><guid>{film}</guid><link>https://promise.example/{film.replace(' ', '-').lower()}</link>"
        f"<title>New Release Review - {film.upper()}</title>"
        f"<pubDate>{newest - timedelta(days=age):%d %b %Y %H:%M:%S} GMT</pubDate>"
        "<description>Directed by: Orla Finch. Starring: Tom Averill. A harbour town waits for a boat.</description>"
        "</item>"
        for age, film in enumerate(films)
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>The Promise</title>'
        f"<link>https://promise.example</link><description>Films</description>{items}</channel></rss>"
    ).encode()


@dataclass
class Desk:
    """An installation whose clock and web a test holds."""

    folder: Path
    clock: FakeClock
    web: FakeFetcher

    def configure(self, **changes: object) -> None:
        """Write config.yaml."""
        config = {
            "site": {"name": "The Promise", "url": "https://promise.example", "postal": "1 Quay, Cork"},
            "feeds": {"reviews": {"url": FEED, "settle": "0s", "every": "1m", "backfill": 3}},
            "mail": {
                "from": "The Promise <news@promise.example>",
                "outbox": "out",
                "unsubscribe_mailto": "leave@promise.example",
            },
            "lists": {"readers": {"name": "Readers"}},
            "digests": {"weekly": {"lists": ["readers"], "at": "fri 09:00", "max_lateness": "24h"}},
            "accounts": {"main": {"outbox": "out"}},
            **changes,
        }
        (self.folder / "config.yaml").write_text(json.dumps(config), encoding="utf-8")  # JSON is YAML

    @contextmanager
    def opened(self) -> Iterator[App]:
        """Open it, as a process of its own would."""
        config = load_config(self.folder / "config.yaml", {})
        with open_app(config, clock=self.clock, fetcher=self.web) as app:
            yield app


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    made = Desk(tmp_path, FakeClock(WEDNESDAY), FakeFetcher({FEED: feed(FILMS)}))
    made.configure()
    return made


def subscribe(app: App, count: int, state: SubscriptionState = SubscriptionState.CONFIRMED) -> None:
    people = (NewSubscriber(address=f"{state}{number}@r.example", name="", state=state) for number in range(count))
    list(app.audience.add(people, "readers", app.clock.now()))


# --- 3. nobody is mailed who should not be ---


def test_a_reader_who_leaves_in_the_midst_of_a_sending_gets_no_letter(desk: Desk) -> None:
    def leave(moment: Moment) -> Action | None:
        if moment.step is Step.DATA and moment.letter == 2:
            with desk.opened() as another:
                another.audience.unsubscribe("confirmed3@r.example", None, desk.clock.now())
                another.audience.suppress("confirmed4@r.example", SuppressionReason.COMPLAINT, desk.clock.now())
        return None

    with ScriptedSmtp(on_step=leave) as server:
        relay = {"host": server.host, "port": server.port, "security": "none"}
        sender = {"from": "news@promise.example", "relay": relay, "unsubscribe_mailto": "leave@promise.example"}
        desk.configure(mail=sender, accounts={})
        with desk.opened() as app:
            subscribe(app, 6)
            poll(app, "reviews")
            issue = publish(app, "weekly").issue
            assert issue
            deliver(app)
            counts = app.ledger("reader").counts(issue)
        server.wait_closed()
    assert sorted(message.recipients[0] for message in server.messages) == [
        f"confirmed{number}@r.example" for number in (0, 1, 2, 5)
    ]
    assert counts == {DeliveryState.SENT: 4, DeliveryState.SUPPRESSED: 2}


def test_only_a_confirmed_reader_whose_address_is_not_suppressed_is_mailed(desk: Desk) -> None:
    with desk.opened() as app:
        for state in SubscriptionState:
            subscribe(app, 2, state)
        for reason, number in zip(SuppressionReason, range(10, 14), strict=True):
            person = NewSubscriber(address=f"confirmed{number}@r.example", name="")
            list(app.audience.add([person], "readers", app.clock.now()))
            app.audience.suppress(person.address, reason, app.clock.now())
        poll(app, "reviews")
        publish(app, "weekly")
        delivered = deliver(app)
        sent = {each.recipient for each in app.ledger("reader").listed(states=[DeliveryState.SENT]) if each.issue_id}
    assert sent == {"confirmed0@r.example", "confirmed1@r.example"}
    assert delivered.letters[DeliveryState.SENT] == 2


def test_someone_who_left_stays_out_through_an_import(desk: Desk) -> None:
    with desk.opened() as app:
        subscribe(app, 2)
        app.audience.unsubscribe("confirmed0@r.example", "readers", app.clock.now())
        subscribe(app, 2)
        poll(app, "reviews")
        publish(app, "weekly")
        assert deliver(app).letters == Counter({DeliveryState.SENT: 1})


# --- 5. a bad feed changes nothing ---

WHOLE = feed(FILMS)
BAD: dict[str, bytes | FeedError] = {
    "failed": FeedError("no answer in time"),
    "empty": b"",
    "without entries": feed(()),
    "a web page": b"<!doctype html><html><head><title>Be right back</title></head><body>Down</body></html>",
    "cut off": WHOLE[: len(WHOLE) // 2],
    "an entity": WHOLE.replace(b"<rss", b'<!DOCTYPE rss [<!ENTITY a "boom">]><rss', 1),
}


def standing(app: App) -> object:
    """Return all that a feed may move."""
    return (app.entries.listed(), app.statuses.listed(), app.issues.listed(), app.ledger("reader").listed())


@pytest.mark.parametrize("body", BAD.values(), ids=BAD)
def test_a_bad_feed_changes_nothing_but_its_health(desk: Desk, body: bytes | FeedError) -> None:
    with desk.opened() as app:
        subscribe(app, 1)
        tick(app)
        before = standing(app)
        assert app.entries.listed()
        desk.web.put(FEED, body)
        desk.clock.advance(timedelta(minutes=5))
        result = tick(app)
        assert result.polled[0].error
        assert standing(app) == before
        assert app.feeds.health("reviews", FEED).failing_since == desk.clock.now()

        desk.web.put(FEED, feed(("One More Harbour", *FILMS), newest=WEDNESDAY + timedelta(days=1)))
        for _ in range(2):
            desk.clock.advance(timedelta(minutes=5))
            healed = tick(app)
        assert healed.polled[0].error is None
        assert app.feeds.health("reviews", FEED).failing_since is None
        assert app.statuses.listed()[0].entry_id == len(FILMS) + 1, "what is new since is announced"
        assert len(app.statuses.listed()) == 4, "and nothing else"


# --- 6. a first run is quiet ---


def test_a_first_run_announces_nothing_and_backfill_what_was_asked_for(desk: Desk) -> None:
    desk.configure(feeds={"reviews": {"url": FEED, "settle": "0s", "every": "1m"}})
    with desk.opened() as app:
        subscribe(app, 1)
        for _ in range(3):
            result = tick(app)
            assert (result.announced, result.published, result.delivered.letters) == (0, (), Counter())
            desk.clock.advance(timedelta(minutes=5))
        assert {each.state for each in app.entries.listed()} == {EntryState.HISTORY}
        poll(app, "reviews", backfill=2)
        announced = [each.title for each in app.entries.listed(state=EntryState.READY)]
    assert announced == [f"New Release Review - {film.upper()}" for film in FILMS[:2]]


def test_no_issue_is_made_up_for_a_time_before_the_first_run(desk: Desk) -> None:
    desk.clock.set(FRIDAY_AT_NINE + timedelta(minutes=1))
    with desk.opened() as app:
        tick(app)
        assert app.issues.listed() == ()
        desk.clock.set(FRIDAY_AT_NINE + timedelta(days=7))
        tick(app)
        assert [each.period for each in app.issues.listed()] == [desk.clock.now()]


# --- 7. a missed hour is made up ---


@pytest.mark.parametrize(
    ("late", "state"),
    [
        (timedelta(0), IssueState.SENT),
        (timedelta(hours=23, minutes=59), IssueState.SENT),
        (timedelta(hours=24), IssueState.SENT),
        (timedelta(hours=24, seconds=1), IssueState.SKIPPED),
        (timedelta(days=6), IssueState.SKIPPED),
    ],
    ids=str,
)
def test_a_missed_hour_is_made_up_within_its_lateness_and_skipped_loudly_after_it(
    desk: Desk, late: timedelta, state: IssueState
) -> None:
    with desk.opened() as app:
        subscribe(app, 1)
        tick(app)
        desk.clock.set(FRIDAY_AT_NINE + late)
        tick(app)
        tick(app)
        (issue,) = app.issues.listed()
        assert (issue.period, issue.state) == (FRIDAY_AT_NINE, state)
        told = [each.text for each in app.incidents.open_ones()]
        assert len(told) == (state is IssueState.SKIPPED)
        if state is IssueState.SKIPPED:
            desk.clock.set(FRIDAY_AT_NINE + timedelta(days=7))
            (published,) = publish_due(app)
            assert published.reviews == 3, "its reviews wait for the next"


def test_an_hour_that_the_clocks_drop_or_double_happens_once() -> None:
    dublin = ZoneInfo("Europe/Dublin")
    at_half_past_one = parse_slot("sun 01:30")
    dropped, doubled = datetime(2026, 3, 29, tzinfo=UTC).date(), datetime(2026, 10, 25, tzinfo=UTC).date()
    assert occurrence(at_half_past_one, dropped, dublin) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert occurrence(at_half_past_one, doubled, dublin) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    for around in (datetime(2026, 3, 28, 12, tzinfo=UTC), datetime(2026, 10, 24, 12, tzinfo=UTC)):
        first = next_period(at_half_past_one, dublin, around)
        assert next_period(at_half_past_one, dublin, first) - first >= timedelta(days=6, hours=23)
        due = due_period(
            at_half_past_one,
            dublin,
            now=first + timedelta(hours=2),
            baseline=around,
            first_now=False,
            max_lateness=timedelta(hours=24),
        )
        assert due is not None
        assert (due.period, due.late) == (first, False)


# --- 10. memory does not grow with readers ---


class Scales:
    """A channel that takes every letter, keeps none, and weighs the process at some of them."""

    name = "scales"

    def __init__(self, *moments: int) -> None:
        self._moments = moments
        self.weights: list[int] = []
        """Bytes in use when each of the moments came."""
        self.largest = 0
        """Bytes of the largest letter."""

    def send(self, messages: Iterable[Letter]) -> Iterator[tuple[DeliveryKey, Outcome]]:
        """Yield Sent for each letter."""
        for number, letter in enumerate(messages, start=1):
            self.largest = max(self.largest, len(letter.content))
            if number in self._moments:
                gc.collect()  # What only waits to be thrown away is not held.
                self.weights.append(tracemalloc.get_traced_memory()[0])
            yield letter.key, Sent(reply="250 taken")


def test_memory_does_not_grow_with_readers(desk: Desk) -> None:
    scales = Scales(50, 250)
    with desk.opened() as app:
        subscribe(app, 250)
        poll(app, "reviews")
        published = publish(app, "weekly")
        assert published.issue
        assert app.config.mail
        claims = IssueLetters(app, app.ledger("test"), app.config.mail, app.issues.get(published.issue))
        tracemalloc.start()
        try:
            tally = deliver_through(
                claims, scales, clock=app.clock, policy=RetryPolicy(), stopping=lambda: False, progress=lambda _: None
            )
        finally:
            tracemalloc.stop()
    assert tally == Counter({DeliveryState.SENT: 250})
    early, late = scales.weights
    assert late - early < scales.largest, "200 letters later, and not one letter more is held"

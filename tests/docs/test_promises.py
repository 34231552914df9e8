"""The promises that no other test keeps alone (docs/promises.md): readers who leave in the midst, and memory."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Iterable, Iterator
from pathlib import Path

from syndicate.app import App
from syndicate.audience.model import NewSubscriber, SubscriptionState, SuppressionReason
from syndicate.delivery.deliver import deliver as deliver_through
from syndicate.delivery.model import DeliveryKey, DeliveryState, Letter, Outcome, RetryPolicy, Sent
from syndicate.pipeline import deliver, poll, publish
from syndicate.pipeline.letters import IssueLetters
from syndicate.store.issues import StoredIssue
from tests.channels.smtp_server import Action, Moment, ScriptedSmtp, Step
from tests.pipeline.studio import Studio, again, archive, studio

BACKFILL = ("backfill: 0", "backfill: 3")


def people(count: int, state: SubscriptionState = SubscriptionState.CONFIRMED) -> list[NewSubscriber]:
    """Return so many readers, who bear the name of their state."""
    return [NewSubscriber(address=f"{state}{number}@r.example", name="", state=state) for number in range(count)]


def join(app: App, readers: Iterable[NewSubscriber]) -> None:
    list(app.audience.add(readers, "readers", app.clock.now()))


def published_issue(lantern: Studio) -> StoredIssue:
    """Return an issue of the feed's newest reviews, frozen and planned."""
    lantern.feed(*archive(5))
    poll(lantern.app, "reviews")
    number = publish(lantern.app, "weekly").issue
    assert number
    return lantern.app.issues.get(number)


# --- 3. nobody is mailed who should not be ---


def test_a_reader_who_leaves_in_the_midst_of_a_sending_gets_no_letter(tmp_path: Path) -> None:
    opened: list[Studio] = []

    def leave(moment: Moment) -> Action | None:
        if moment.step is Step.DATA and moment.letter == 2:
            with again(opened[0]) as another:
                another.app.audience.unsubscribe("confirmed3@r.example", None, another.clock.now())
                another.app.audience.suppress("confirmed4@r.example", SuppressionReason.COMPLAINT, another.clock.now())
        return None

    with ScriptedSmtp(on_step=leave) as server:
        relay = f"relay: {{host: {server.host}, port: {server.port}, security: none}}"
        with studio(tmp_path, BACKFILL, ("  outbox: out/\nlists", f"  {relay}\nlists")) as lantern:
            opened.append(lantern)
            join(lantern.app, people(6))
            issue = published_issue(lantern)
            deliver(lantern.app)
            counts = lantern.app.deliveries.counts(issue.id)
        server.wait_closed()
    assert sorted(message.recipients[0] for message in server.messages) == [
        f"confirmed{number}@r.example" for number in (0, 1, 2, 5)
    ]
    assert counts == {DeliveryState.SENT: 4, DeliveryState.SUPPRESSED: 2}


def test_only_a_confirmed_reader_whose_address_is_not_suppressed_is_mailed(tmp_path: Path) -> None:
    with studio(tmp_path, BACKFILL) as lantern:
        for state in SubscriptionState:
            join(lantern.app, people(2, state))
        for reason in SuppressionReason:
            join(lantern.app, [NewSubscriber(address=f"{reason}@r.example", name="")])
            lantern.app.audience.suppress(f"{reason}@r.example", reason, lantern.clock.now())
        published_issue(lantern)
        deliver(lantern.app)
        assert lantern.letters() == ["confirmed0@r.example", "confirmed1@r.example"]


def test_someone_who_left_stays_out_through_an_import(tmp_path: Path) -> None:
    with studio(tmp_path, BACKFILL) as lantern:
        join(lantern.app, people(2))
        lantern.app.audience.unsubscribe("confirmed0@r.example", "readers", lantern.clock.now())
        join(lantern.app, people(2))
        published_issue(lantern)
        deliver(lantern.app)
        assert lantern.letters() == ["confirmed1@r.example"]


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


def test_memory_does_not_grow_with_readers(tmp_path: Path) -> None:
    scales = Scales(50, 250)
    with studio(tmp_path, BACKFILL) as lantern:
        join(lantern.app, people(250))
        issue, mail = published_issue(lantern), lantern.app.config.mail
        assert mail
        claims = IssueLetters(lantern.app, lantern.app.ledger("test"), mail, issue)
        tracemalloc.start()
        try:
            tally = deliver_through(
                claims,
                scales,
                clock=lantern.clock,
                policy=RetryPolicy(),
                stopping=lambda: False,
                progress=lambda _: None,
            )
        finally:
            tracemalloc.stop()
    assert tally == {DeliveryState.SENT: 250}
    early, late = scales.weights
    assert late - early < scales.largest, "200 letters later, and not one letter more is held"

"""Any order of claims, outcomes, deaths, goodbyes and stops: nothing is lost, and nothing goes twice undoubted."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from datetime import timedelta
from functools import cache
from itertools import count
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
)

from syndicate.audience.model import SuppressionReason
from syndicate.audience.policy import may_receive
from syndicate.delivery.model import (
    STEPS,
    Deferred,
    DeliveryKey,
    DeliveryState,
    InDoubt,
    Outcome,
    Refused,
    RetryPolicy,
    Sent,
)
from syndicate.delivery.retry import Step, next_step
from syndicate.store.audience import AudienceStore
from syndicate.store.freezing import plan_deliveries
from syndicate.store.generation import Generation
from syndicate.store.issues import IssueStore
from syndicate.store.ledger import Ledger
from syndicate.store.opening import open_database
from tests.contracts.build import NOW, frozen

S = DeliveryState
NAMES = ("ada", "bo", "cy")
ENDS = {S.SENT, S.FAILED, S.SUPPRESSED, S.CANCELLED, S.IN_DOUBT}
OUTCOMES: tuple[Outcome, ...] = (
    Sent(reply="250"),
    Deferred(reason="greylisted"),
    Refused(reason="no such user"),
    InDoubt(reason="the line died"),
)
names = st.sampled_from(NAMES)


@cache
def template() -> Path:
    """Return a database that holds one frozen issue, planned for three readers."""
    path = Path(tempfile.mkdtemp(prefix="syndicate-crash-")) / "template.db"
    atexit.register(shutil.rmtree, path.parent, ignore_errors=True)
    with open_database(f"sqlite:///{path}") as database:
        frozen(database, *NAMES)
    return path


class Crashes(RuleBasedStateMachine):
    """One issue, one sender at a time that may die at any moment, and readers who come and go."""

    on_wire: Bundle[DeliveryKey] = Bundle("on_wire")

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(dir=template().parent))
        shutil.copyfile(template(), self.folder / "syndicate.db")
        self.database = open_database(f"sqlite:///{self.folder / 'syndicate.db'}")
        self.generation = Generation(self.folder / "generation")
        self.audience, self.issues = AudienceStore(self.database), IssueStore(self.database)
        self.owners, self.now, self.issue = count(1), NOW, 1
        self.confirmed, self.suppressed = set(NAMES), set[str]()
        self.may_go_again: dict[DeliveryKey, bool] = {}
        """Of each letter that was ever handed to the channel: whether it came back, or is doubted."""
        self.states: dict[int, DeliveryState] = {}

    @initialize()
    def begin(self) -> None:
        self.ledger = Ledger(self.database, self.generation, f"owner-{next(self.owners)}")
        self.states = self.seen()

    def seen(self) -> dict[int, DeliveryState]:
        """Return where every delivery stands."""
        return {each.id: each.state for each in self.ledger.listed()}

    def expect_steps(self) -> None:
        """Hold what changed since the last look against the graph."""
        after = self.seen()
        assert after.keys() == self.states.keys(), "a delivery was lost or added"
        for key, state in after.items():
            before = self.states[key]
            assert state is before or state in STEPS[before], f"{before} → {state}"
        self.states = after

    @rule(target=on_wire)
    def claim(self) -> DeliveryKey | MultipleResults[DeliveryKey]:
        letters = self.ledger.claim_letters(self.issue, ["readers"], self.now, may_receive)
        self.expect_claims()
        if not letters:
            return multiple()
        (letter,) = letters
        name = (letter.address or "").partition("@")[0]
        assert name in self.confirmed - self.suppressed, f"{name} may not be mailed"
        assert self.may_go_again.get(letter.key, True), f"{letter.key} goes twice without a doubt"
        self.may_go_again[letter.key] = False
        return letter.key

    def expect_claims(self) -> None:
        """A claim moves one letter to `sending`, and on its way those who may not be mailed to `suppressed`."""
        before, self.states = self.states, self.seen()
        moved = [state for key, state in self.states.items() if state is not before[key]]
        assert moved.count(S.SENDING) <= 1
        assert set(moved) <= {S.SENDING, S.SUPPRESSED}

    @rule(key=consumes(on_wire), outcome=st.sampled_from(OUTCOMES))
    def record(self, key: DeliveryKey, outcome: Outcome) -> None:
        if self.states[key] is not S.SENDING:  # Its sender has died since: nobody is there to record anything.
            return
        row = self.ledger.get(key)
        step = next_step(
            outcome,
            attempts=row.attempts,
            first_tried=row.first_tried or NOW,
            now=self.now,
            policy=RetryPolicy(patience=timedelta(hours=1)),
        )
        assert self.ledger.record(key, step)
        assert not self.ledger.record(key, step), "an outcome is recorded twice"
        self.may_go_again[key] = step.state in (S.DEFERRED, S.IN_DOUBT)
        self.expect_steps()

    @rule(key=consumes(on_wire))
    def channel_gives_up_before_the_wire(self, key: DeliveryKey) -> None:
        if self.ledger.give_back([key], self.now):
            self.may_go_again[key] = True
        self.expect_steps()

    @rule()
    def sender_dies_and_another_comes(self) -> None:
        self.ledger = Ledger(self.database, self.generation, f"owner-{next(self.owners)}")
        doubted = [key for key, state in self.states.items() if state is S.SENDING]
        assert self.ledger.recover(self.now) == len(doubted)
        self.may_go_again |= {DeliveryKey(key): True for key in doubted}
        self.expect_steps()

    @rule(letters=st.booleans())
    def doubts_are_settled(self, letters: bool) -> None:
        self.ledger.settle_doubts(self.now, letters=letters, most=3)
        self.expect_steps()

    @rule(minutes=st.integers(min_value=1, max_value=90))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule()
    def planned_again(self) -> None:
        with self.database.write() as connection:
            plan_deliveries(connection, self.database, self.issue, ["readers"], [], self.now)
        assert self.seen() == self.states

    @rule(name=names)
    def leaves(self, name: str) -> None:
        self.audience.unsubscribe(f"{name}@reader.example", "readers", self.now)
        self.confirmed.discard(name)

    @rule(name=names)
    def comes_back(self, name: str) -> None:
        self.audience.resubscribe(f"{name}@reader.example", "readers", self.now)
        self.confirmed.add(name)

    @rule(name=names, reason=st.sampled_from(list(SuppressionReason)))
    def is_suppressed(self, name: str, reason: SuppressionReason) -> None:
        self.audience.suppress(f"{name.upper()}@reader.example", reason, self.now)
        self.suppressed.add(name)

    @rule(name=names)
    def is_unsuppressed(self, name: str) -> None:
        self.audience.unsuppress(f"{name}@reader.example", self.now)
        self.suppressed.discard(name)

    @rule()
    def issue_is_stopped(self) -> None:
        self.issues.cancel(self.issue, self.now)
        self.expect_steps()

    @invariant()
    def the_account_adds_up(self) -> None:
        assert sum(self.ledger.counts(self.issue).values()) == len(NAMES)

    def teardown(self) -> None:
        """Let the work go on to its end: everything has one, and an issue with nothing left is finished."""
        try:
            self.sender_dies_and_another_comes()
            for _ in range(10):
                self.now += timedelta(hours=7)
                self.ledger.cancel_stopped()
                self.ledger.settle_doubts(self.now, letters=True, most=3)
                self.states = self.seen()
                while isinstance(key := self.claim(), int):
                    self.ledger.record(DeliveryKey(key), next_step_sent())
                    self.states = self.seen()
            assert set(self.seen().values()) <= ENDS
            assert self.ledger.next_due(self.issue) is None
        finally:
            self.database.close()
            shutil.rmtree(self.folder, ignore_errors=True)


def next_step_sent() -> Step:
    """Return the step of a letter that was taken."""
    return next_step(Sent(reply="250"), attempts=1, first_tried=NOW, now=NOW, policy=RetryPolicy())


Crashes.TestCase.settings = settings(
    max_examples=20, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)


AnyOrderOfDeathsLosesNothingAndSendsNothingTwiceUndoubted = Crashes.TestCase

"""The account and its proof, over rows that the ledger itself wrote: whatever happened to them, it holds."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import Connection, delete, func, select, update

from syndicate.audience.model import SuppressionReason
from syndicate.audience.policy import may_receive
from syndicate.audience.tokens import Keyring
from syndicate.compose.model import IssueState
from syndicate.delivery.account import Bucket
from syndicate.delivery.model import (
    Deferred,
    DeliveryKey,
    DeliveryState,
    InDoubt,
    Outcome,
    Refused,
    RetryPolicy,
    Sent,
)
from syndicate.delivery.proof import Rule
from syndicate.delivery.retry import Concluded, Step, next_step
from syndicate.errors import AudienceError, NotFoundError
from syndicate.pipeline import returns
from syndicate.returns.model import ReturnKind
from syndicate.store.account import account_of, reasons_of, times_of
from syndicate.store.audience import AudienceStore
from syndicate.store.database import Database
from syndicate.store.deliveries import move
from syndicate.store.generation import Generation
from syndicate.store.issues import IssueStore
from syndicate.store.ledger import ClaimedLetter, Ledger
from syndicate.store.notices import plan_latest_issue
from syndicate.store.opening import open_database
from syndicate.store.people import forget
from syndicate.store.proof import MOST_OFFENDERS, prove
from syndicate.store.tables import deliveries, issues
from tests.contracts.build import HOUR, NOW, frozen, people

S = DeliveryState
LISTS = ("readers",)
KEYS = Keyring(keys=(b"k" * 32,))
POLICY = RetryPolicy(patience=timedelta(hours=3))


@pytest.fixture
def ledger(database: Database, generation: Generation) -> Ledger:
    return Ledger(database, generation, "host:1:a")


def conclude(ledger: Ledger, letter: ClaimedLetter, state: DeliveryState, reply: str = "so it was") -> None:
    """Record what came of a letter."""
    due = NOW + HOUR if state in (S.DEFERRED, S.IN_DOUBT) else None
    assert ledger.record(letter.key, Step(state=state, due=due, reply=reply))


def broken(database: Database, issue: int) -> dict[Rule, int]:
    """Return how many letters break which rule."""
    return {each.rule: each.broken for each in prove(database, issue).checked if not each.holds}


def test_every_letter_is_in_one_bucket_and_the_candidates_are_as_many(ledger: Ledger, database: Database) -> None:
    issue = frozen(database, "ada", "bo", "cy", "di", "eve", "flo", posting=["films"])
    AudienceStore(database).unsubscribe("flo@reader.example", None, NOW)
    letters = ledger.claim_letters(issue, LISTS, NOW, may_receive, 5)
    for letter, state in zip(letters, (S.SENT, S.SENT, S.DEFERRED, S.FAILED, S.IN_DOUBT), strict=True):
        conclude(ledger, letter, state)
    with database.write() as connection:
        assert move(connection, letters[0].key, Step(state=S.BOUNCED, due=None, reply="550 no such user"))
    account = account_of(database, issue)
    assert account.candidates == 7
    assert account.sentence() == (
        "7 candidates = 2 sent + 1 deferred + 1 failed + 0 suppressed + 1 in doubt + 2 still to go"
    )
    while ledger.claim_letters(issue, LISTS, NOW, may_receive):
        pass
    assert account_of(database, issue).buckets[Bucket.SUPPRESSED] == 1
    assert prove(database, issue).account == account_of(database, issue)
    assert broken(database, issue) == {}


def test_a_newcomer_is_one_candidate_more(ledger: Ledger, database: Database) -> None:
    issue = frozen(database, "ada")
    assert IssueStore(database).move(issue, IssueState.SENDING, now=NOW)
    conclude(ledger, ledger.claim_letters(issue, LISTS, NOW, may_receive)[0], S.SENT)
    people(database, "readers", "zoe")
    with database.write() as connection:
        newcomer = AudienceStore(database).find("zoe@reader.example").id
        assert plan_latest_issue(connection, newcomer, "readers", NOW) == issue
    assert account_of(database, issue).sentence().startswith("2 candidates = 1 sent + ")
    assert broken(database, issue) == {}


def test_an_issue_that_is_not_there_has_an_account_of_nothing(database: Database) -> None:
    assert (account_of(database, 7).candidates, account_of(database, 7).rows) == (0, 0)
    assert prove(database, 7).holds


def test_the_times_are_of_the_letters_that_were_tried(ledger: Ledger, database: Database) -> None:
    issue = frozen(database, *(f"reader-{number}" for number in range(21)))
    for second in range(20):
        (letter,) = ledger.claim_letters(issue, LISTS, NOW + timedelta(seconds=second), may_receive)
        conclude(ledger, letter, S.SENT)
    (late,) = ledger.claim_letters(issue, LISTS, NOW + 9 * HOUR, may_receive)
    conclude(ledger, late, S.DEFERRED)
    times = times_of(database, issue)
    assert (times.first, times.last, times.next_try, times.held) == (NOW, NOW + 9 * HOUR, NOW + HOUR, 0)
    assert times.pace is not None
    assert (times.pace.letters, times.pace.took) == (18, timedelta(seconds=17))


def test_refusals_are_told_by_reason_the_most_frequent_first(ledger: Ledger, database: Database) -> None:
    issue = frozen(database, *(f"reader-{number}" for number in range(6)))
    for number, letter in enumerate(ledger.claim_letters(issue, LISTS, NOW, may_receive, 6)):
        words = "552 too big" if number == 0 else f"550 5.1.1 <{letter.address}>: no such user"
        conclude(ledger, letter, S.DEFERRED if number == 5 else S.FAILED, words)
    told = [(each.state, each.text, each.letters) for each in reasons_of(database, issue)]
    assert told == [
        (S.FAILED, "550 5.1.1 …: no such user", 4),
        (S.FAILED, "552 too big", 1),
        (S.DEFERRED, "550 5.1.1 …: no such user", 1),
    ]
    assert len(reasons_of(database, issue, most=1)) == 2


def take_one(connection: Connection, issue: int) -> None:
    """Lose a row."""
    last = select(func.max(deliveries.c.id)).where(deliveries.c.issue_id == issue).scalar_subquery()
    connection.execute(delete(deliveries).where(deliveries.c.id == last))


def spoil(**values: object) -> Callable[[Connection, int], None]:
    """Return what writes these values into every row of an issue."""

    def write(connection: Connection, issue: int) -> None:
        connection.execute(update(deliveries).where(deliveries.c.issue_id == issue).values(**values))

    return write


@pytest.mark.parametrize(
    ("harm", "rules"),
    [
        pytest.param(take_one, {Rule.SUM: 1}, id="a-row-is-lost"),
        pytest.param(spoil(issue_id=None), {Rule.SUM: 8}, id="rows-belong-to-no-issue"),
        pytest.param(spoil(state="posted"), {Rule.SUM: 8}, id="a-state-that-is-none"),
        pytest.param(spoil(reply=None), {Rule.SETTLED: 8}, id="sent-without-an-answer"),
        pytest.param(spoil(attempts=0, first_tried=None), {Rule.SETTLED: 8}, id="sent-without-a-try"),
        pytest.param(spoil(owner="host:1:a"), {Rule.WIRE: 8}, id="sent-and-owned"),
        pytest.param(spoil(state="planned"), {Rule.HOUR: 8, Rule.OVER: 8}, id="waits-for-ever"),
        pytest.param(spoil(due=NOW), {Rule.HOUR: 8}, id="sent-and-due"),
        pytest.param(spoil(first_tried=None), {Rule.TRIES: 8}, id="tried-at-no-hour"),
        pytest.param(
            spoil(state="planned", due=NOW, subscriber_id=None), {Rule.NOBODY: 8, Rule.OVER: 8}, id="to-nobody"
        ),
        pytest.param(spoil(state="deferred", due=NOW), {Rule.OVER: 8}, id="deferred-in-a-sent-issue"),
    ],
)
def test_a_row_that_was_harmed_is_found_and_named(
    ledger: Ledger, database: Database, harm: Callable[[Connection, int], None], rules: dict[Rule, int]
) -> None:
    issue = frozen(database, *(f"reader-{number}" for number in range(8)))
    for letter in ledger.claim_letters(issue, LISTS, NOW, may_receive, 8):
        conclude(ledger, letter, S.SENT)
    assert IssueStore(database).move(issue, IssueState.SENT, now=NOW)
    assert broken(database, issue) == {}
    with database.write() as connection:
        harm(connection, issue)
    assert broken(database, issue) == rules
    assert not prove(database, issue).holds
    for each in prove(database, issue).checked:
        assert len(each.offenders) <= min(each.broken, MOST_OFFENDERS)


def test_a_reader_who_has_two_letters_is_found_where_the_database_let_it_happen(database: Database) -> None:
    issue = frozen(database, "ada", "bo", posting=["films"])
    constraint = "uq_deliveries_issue_id_subscriber_id"
    with database.write() as connection:
        if database.is_sqlite:
            made = connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE name = 'deliveries'").scalar_one()
            loose = made.replace("TABLE deliveries", "TABLE loose").replace(f"CONSTRAINT {constraint} UNIQUE", "CHECK")
            connection.exec_driver_sql(loose.replace("CHECK (issue_id, subscriber_id)", "CHECK (1)"))
            connection.exec_driver_sql("INSERT INTO loose SELECT * FROM deliveries")
            connection.exec_driver_sql("DROP TABLE deliveries")
            connection.exec_driver_sql("ALTER TABLE loose RENAME TO deliveries")
        else:
            connection.exec_driver_sql(f"ALTER TABLE deliveries DROP CONSTRAINT {constraint}")
        connection.execute(update(deliveries).where(deliveries.c.subscriber_id.is_not(None)).values(subscriber_id=1))
    assert broken(database, issue) == {Rule.ONCE: 1}


def test_a_candidate_too_many_is_no_sum(database: Database) -> None:
    issue = frozen(database, "ada")
    with database.write() as connection:
        connection.execute(update(issues).values(candidates=issues.c.candidates + 2))
    assert broken(database, issue) == {Rule.SUM: 2}
    assert "2 missing" in (account_of(database, issue).flaw() or "")


def test_who_has_letters_on_a_wire_is_named(ledger: Ledger, database: Database) -> None:
    issue = frozen(database, "ada", "bo")
    ledger.claim_letters(issue, LISTS, NOW, may_receive, 2)
    assert prove(database, issue).senders == ("host:1:a",)


def test_all_is_read_page_by_page(database: Database) -> None:
    issue = frozen(database, *(f"reader-{number}" for number in range(12)))
    read: list[int] = []
    prove(database, issue, page=5, progress=read.append)
    assert read == [5, 10, 12]


OUTCOMES: tuple[Outcome, ...] = (
    Sent(reply="250 2.0.0 queued"),
    Deferred(reason="450 4.2.0 later"),
    Refused(reason="550 5.1.1 no such user"),
    InDoubt(reason="the line broke"),
)
NAMES = ("ada", "bo", "cy", "di", "eve")
somebody = st.sampled_from(NAMES).map("{}@reader.example".format)


class Ledgers(RuleBasedStateMachine):
    """Whatever can happen to the letters of an issue, by crash, by hand, by a reader's wish, in any order."""

    template: Path | None = None

    @initialize()
    def freeze(self) -> None:
        """Begin with an issue to four readers and a posting address."""
        self.folder = Path(tempfile.mkdtemp(prefix="syndicate-account-"))
        path = self.folder / "syndicate.db"
        if Ledgers.template is not None:
            shutil.copyfile(Ledgers.template, path)
        self.database = open_database(f"sqlite:///{path}")
        self.now, self.lives, self.out = NOW, 0, list[ClaimedLetter]()
        self.issues, self.audience = IssueStore(self.database), AudienceStore(self.database)
        self.issue = frozen(self.database, *NAMES[:4], posting=["films"])
        self.issues.move(self.issue, IssueState.SENDING, now=self.now)
        self.start()

    def teardown(self) -> None:
        """Close the database."""
        if hasattr(self, "folder"):
            self.database.close()
            shutil.rmtree(self.folder)

    @rule(letters=st.booleans())
    def start(self, *, letters: bool = True) -> None:
        """A sender starts, after a crash if another had letters on its wires; it settles what is left behind."""
        self.lives += 1
        self.out.clear()
        self.ledger = Ledger(self.database, Generation(self.folder / "generation"), f"host:{self.lives}:a")
        self.ledger.recover(self.now)
        self.ledger.cancel_stopped()
        self.ledger.settle_doubts(self.now, letters=letters, most=1)

    @rule(done=st.integers(0, 3), most=st.integers(1, 3), outcome=st.sampled_from(OUTCOMES))
    def exchange(self, done: int, most: int, outcome: Outcome) -> None:
        """What came of some letters is recorded, and others are claimed."""
        self._exchange(done, most, outcome)

    @rule(outcome=st.sampled_from(OUTCOMES))
    def send_all(self, outcome: Outcome) -> None:
        """The sender goes on until nothing is due, and looks whether the issue is over."""
        self._exchange(0, 3, outcome)
        while self.out:
            self._exchange(2, 2, outcome)
        self.issues.move(self.issue, IssueState.SENT, now=self.now)

    @rule(some=st.integers(1, 3))
    def give_back(self, some: int) -> None:
        """The channel gives up on letters that never were on a wire."""
        back, self.out = self.out[:some], self.out[some:]
        self.ledger.give_back([each.key for each in back], self.now)

    @rule(hours=st.integers(1, 4))
    def wait(self, hours: int) -> None:
        """Time passes."""
        self.now += hours * HOUR

    @rule(turn=st.integers(0, 3))
    def stop(self, turn: int) -> None:
        """The editor stops the issue, once in a while: nothing much happens to it afterwards."""
        if turn == 1:
            self.issues.cancel(self.issue, self.now)

    @precondition(lambda self: self.ledger.listed(issue=self.issue, states=[S.IN_DOUBT, S.FAILED]))
    @rule(data=st.data(), state=st.sampled_from([S.SENT, S.FAILED, S.CANCELLED, S.PLANNED]))
    def decide(self, data: st.DataObject, state: DeliveryState) -> None:
        """A person decides about a letter."""
        open_ones = self.ledger.listed(issue=self.issue, states=[S.IN_DOUBT, S.FAILED])
        number = data.draw(st.sampled_from([each.id for each in open_ones]))
        with suppress(ValueError):
            self.ledger.resolve(number, state, self.now)

    @rule(data=st.data(), kind=st.sampled_from([ReturnKind.HARD, ReturnKind.SOFT, ReturnKind.COMPLAINT]))
    def comes_back(self, data: st.DataObject, kind: ReturnKind) -> None:
        """Something comes back of a letter."""
        number = data.draw(st.sampled_from([each.id for each in self.ledger.listed(issue=self.issue)]))
        with self.database.write() as connection:
            returns._move(connection, number, kind, "what a server or a provider said")

    @rule(who=somebody, barred=st.booleans())
    def leave(self, who: str, *, barred: bool) -> None:
        """A reader goes, or must not be mailed any more."""
        if barred:
            self.audience.suppress(who, SuppressionReason.MANUAL, self.now)
            return
        with suppress(NotFoundError):
            self.audience.unsubscribe(who, None, self.now)

    @rule(who=somebody)
    def forget(self, who: str) -> None:
        """A reader is forgotten, unless a letter to them is on a wire."""
        with suppress(AudienceError):
            forget(self.database, KEYS, who, self.now)

    @rule(who=st.sampled_from(NAMES))
    def join(self, who: str) -> None:
        """A reader comes (again), and gets the latest issue."""
        people(self.database, "readers", who, now=self.now)
        reader = self.audience.find(f"{who}@reader.example").id
        with self.database.write() as connection:
            plan_latest_issue(connection, reader, "readers", self.now)

    @rule(turn=st.integers(0, 3))
    def restore(self, turn: int) -> None:
        """A backup was restored, and accepted: once in a while, for then all of it waits for a person."""
        if turn != 1:
            return
        with self.database.write() as connection:
            self.ledger.doubt_all(connection)
        self.start()

    @invariant()
    def it_holds(self) -> None:
        """Hold the rows against the rules."""
        if hasattr(self, "issue"):
            proof = prove(self.database, self.issue)
            assert [each for each in proof.checked if not each.holds] == []
            assert proof.account == account_of(self.database, self.issue)

    def _exchange(self, done: int, most: int, outcome: Outcome) -> None:
        came, self.out = self.out[:done], self.out[done:]
        self.ledger.exchange([self._done(each, outcome) for each in came])
        if self.issues.get(self.issue).state is IssueState.SENDING:
            self.out += self.ledger.claim_letters(self.issue, LISTS, self.now, may_receive, most)

    def _done(self, letter: ClaimedLetter, outcome: Outcome) -> Concluded:
        tried = letter.attempt
        step = next_step(outcome, attempts=tried.attempts, first_tried=tried.first_tried, now=self.now, policy=POLICY)
        return Concluded(key=DeliveryKey(letter.key), step=step)


@pytest.fixture(scope="module", autouse=True)
def _template(_sqlite_template: Path) -> None:
    Ledgers.template = _sqlite_template


TestLedgers = Ledgers.TestCase
TestLedgers.settings = settings(
    max_examples=20, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)

"""Ledger: intent is committed before the bytes leave, only steps of the graph are taken, nothing is claimed twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from syndicate.audience.model import RecipientFacts, SubscriptionState, SuppressionReason
from syndicate.audience.policy import Allowed, Verdict, may_receive
from syndicate.compose.model import IssueState
from syndicate.delivery.model import STEPS, DeliveryKey, DeliveryState
from syndicate.delivery.retry import Step
from syndicate.errors import NotFoundError
from syndicate.store.audience import AudienceStore
from syndicate.store.database import Database
from syndicate.store.generation import Generation
from syndicate.store.issues import IssueStore
from syndicate.store.ledger import Attempt, ClaimedLetter, Ledger
from tests.contracts.build import HOUR, NOW, at_once, frozen, people, planned_status

S = DeliveryState
LISTS = ("readers",)


def anyone(_facts: RecipientFacts) -> Verdict:
    """Let everyone be mailed."""
    return Allowed()


def step(state: DeliveryState, due: datetime | None = None, reply: str = "so it was") -> Step:
    """Return a step to a state."""
    return Step(state=state, due=due, reply=reply)


def claim(ledger: Ledger, issue: int, now: datetime = NOW) -> ClaimedLetter:
    """Return the next letter, which must be there."""
    (claimed,) = ledger.claim_letters(issue, LISTS, now, may_receive)
    return claimed


@pytest.fixture
def ledger(database: Database, generation: Generation) -> Ledger:
    return Ledger(database, generation, "host:1:a")


def test_a_claim_is_committed_as_sending_before_it_is_handed_out(ledger: Ledger, database: Database) -> None:
    issue = frozen(database, "ada")
    claimed = claim(ledger, issue)
    assert (claimed.address, claimed.name, claimed.list_name) == ("ada@reader.example", "Ada", "readers")
    row = ledger.get(claimed.key)
    assert (row.state, row.attempts, row.first_tried, row.tried) == (S.SENDING, 1, NOW, NOW)


def test_letters_are_claimed_once_each_in_their_order(ledger: Ledger, database: Database) -> None:
    issue = frozen(database, "ada", "bo", "cy")
    keys = [claim(ledger, issue).key for _ in range(3)]
    assert keys == sorted(set(keys))
    assert ledger.claim_letters(issue, LISTS, NOW, may_receive) == ()


def test_a_posting_address_is_claimed_by_its_lists_name_and_asks_no_policy(ledger: Ledger, database: Database) -> None:
    issue = frozen(database, posting=["films"])
    claimed = claim(ledger, issue)
    assert (claimed.subscriber_id, claimed.address, claimed.list_name) == (None, None, "films")


@pytest.mark.parametrize(
    ("leave", "reason"),
    [
        pytest.param(
            lambda audience: audience.unsubscribe("bo@reader.example", None, NOW), "unsubscribed", id="unsubscribed"
        ),
        pytest.param(
            lambda audience: audience.suppress("BO@reader.example", SuppressionReason.COMPLAINT, NOW),
            "address suppressed: complaint",
            id="complained",
        ),
        pytest.param(
            lambda audience: audience.suppress("bo@reader.example", SuppressionReason.HARD_BOUNCE, NOW),
            "address suppressed: hard-bounce",
            id="bounced",
        ),
    ],
)
def test_who_left_after_the_planning_is_suppressed_at_the_claim_with_the_reason(
    ledger: Ledger, database: Database, leave: Callable[[AudienceStore], object], reason: str
) -> None:
    issue = frozen(database, "ada", "bo", "cy")
    leave(AudienceStore(database))
    claimed = [claim(ledger, issue).address for _ in range(2)]
    assert claimed == ["ada@reader.example", "cy@reader.example"]
    (out,) = ledger.listed(states=[S.SUPPRESSED])
    assert (out.recipient, out.reply) == ("bo@reader.example", reason)


def test_who_left_while_a_letter_was_deferred_does_not_get_the_next_attempt(ledger: Ledger, database: Database) -> None:
    issue = frozen(database, "ada")
    ledger.record(claim(ledger, issue).key, step(S.DEFERRED, NOW))
    AudienceStore(database).unsubscribe("ada@reader.example", "readers", NOW)
    assert ledger.claim_letters(issue, LISTS, NOW, may_receive) == ()
    assert ledger.counts(issue) == {S.SUPPRESSED: 1}


def test_the_policy_is_told_what_the_database_says_of_the_digests_lists_only(
    ledger: Ledger, database: Database
) -> None:
    issue = frozen(database, "ada")
    people(database, "friends", "ada")
    AudienceStore(database).unsubscribe("ada@reader.example", "readers", NOW)
    asked: list[RecipientFacts] = []

    def judge(facts: RecipientFacts) -> Verdict:
        asked.append(facts)
        return may_receive(facts)

    assert ledger.claim_letters(issue, LISTS, NOW, judge) == ()
    assert asked == [RecipientFacts(subscriptions=(SubscriptionState.UNSUBSCRIBED,), suppression=None)]


def test_a_deferred_letter_waits_for_its_time(ledger: Ledger, database: Database) -> None:
    issue = frozen(database, "ada")
    key = claim(ledger, issue).key
    assert ledger.record(key, step(S.DEFERRED, NOW + HOUR, "greylisted"))
    assert ledger.claim_letters(issue, LISTS, NOW, may_receive) == ()
    assert ledger.next_due(issue) == NOW + HOUR
    again = claim(ledger, issue, NOW + HOUR)
    assert (again.key, again.attempt) == (key, Attempt(attempts=2, first_tried=NOW))


def test_an_outcome_is_recorded_with_what_the_server_said(ledger: Ledger, database: Database) -> None:
    key = DeliveryKey(planned_status(database))
    assert ledger.claim_status(key, NOW)
    assert ledger.record(key, step(S.SENT, reply="ok"), remote_id="114", remote_url="https://mastodon.example/@l/114")
    row = ledger.get(key)
    assert (row.state, row.due, row.reply, row.remote_id, row.recipient) == (S.SENT, None, "ok", "114", "main")


def test_a_status_is_claimed_once(ledger: Ledger, database: Database) -> None:
    key = DeliveryKey(planned_status(database))
    assert ledger.claim_status(key, NOW)
    assert not ledger.claim_status(key, NOW)


def test_only_the_owner_records_an_outcome(ledger: Ledger, database: Database, generation: Generation) -> None:
    key = claim(ledger, frozen(database, "ada")).key
    heir = Ledger(database, generation, "host:2:b")
    assert heir.recover(NOW + HOUR) == 1
    assert not ledger.record(key, step(S.SENT))
    assert ledger.get(key).state is S.IN_DOUBT


def test_what_a_dead_owner_had_on_a_wire_is_in_doubt_and_counted(
    ledger: Ledger, database: Database, generation: Generation
) -> None:
    issue = frozen(database, "ada", "bo")
    key = claim(ledger, issue).key
    heir = Ledger(database, generation, "host:2:b")
    assert heir.recover(NOW + HOUR) == 1
    assert heir.recover(NOW + HOUR) == 0
    row = heir.get(key)
    assert (row.state, row.doubts, row.due) == (S.IN_DOUBT, 1, NOW + HOUR)
    assert heir.counts(issue) == {S.IN_DOUBT: 1, S.PLANNED: 1}


def test_a_living_owner_does_not_doubt_itself(ledger: Ledger, database: Database) -> None:
    claim(ledger, frozen(database, "ada"))
    assert ledger.recover(NOW + HOUR) == 0


def test_mail_in_doubt_goes_again_by_itself_until_it_was_doubted_too_often(
    ledger: Ledger, database: Database, generation: Generation
) -> None:
    issue = frozen(database, "ada")
    for life in range(1, 5):
        owner = Ledger(database, generation, f"host:{life}")
        key = claim(owner, issue).key
        heir = Ledger(database, generation, f"heir:{life}")
        heir.recover(NOW)
        assert heir.settle_doubts(NOW, letters=True, most=3) == (1 if life <= 3 else 0)
    row = ledger.get(key)
    assert (row.state, row.due, row.doubts) == (S.IN_DOUBT, None, 4)
    assert (ledger.waiting(issue), ledger.next_due(issue)) == (0, None)


def test_mail_in_doubt_is_held_for_a_person_where_the_editor_says_so_but_statuses_go_on(
    ledger: Ledger, database: Database, generation: Generation
) -> None:
    letter = claim(ledger, frozen(database, "ada")).key
    status = DeliveryKey(planned_status(database, "quay"))
    ledger.claim_status(status, NOW)
    heir = Ledger(database, generation, "heir")
    heir.recover(NOW)
    assert heir.settle_doubts(NOW, letters=False, most=3) == 1
    assert (heir.get(letter).state, heir.get(letter).due) == (S.IN_DOUBT, None)
    assert heir.get(status).state is S.PLANNED


def test_doubt_waits_for_its_time(ledger: Ledger, database: Database) -> None:
    key = claim(ledger, frozen(database, "ada")).key
    ledger.record(key, step(S.IN_DOUBT, NOW + HOUR))
    assert ledger.settle_doubts(NOW, letters=True, most=3) == 0
    assert ledger.settle_doubts(NOW + HOUR, letters=True, most=3) == 1


def test_what_surely_never_was_on_a_wire_is_planned_again_and_counts_no_attempt(
    ledger: Ledger, database: Database
) -> None:
    issue = frozen(database, "ada", "bo")
    key = claim(ledger, issue).key
    assert ledger.give_back([key], NOW) == 1
    row = ledger.get(key)
    assert (row.state, row.attempts, row.first_tried) == (S.PLANNED, 0, None)
    assert ledger.give_back([key], NOW) == 0


def test_what_comes_back_after_its_issue_was_stopped_is_cancelled(ledger: Ledger, database: Database) -> None:
    issue = frozen(database, "ada", "bo", "cy")
    deferred, doubted, given = (claim(ledger, issue).key for _ in range(3))
    IssueStore(database).cancel(issue, NOW)
    ledger.record(deferred, step(S.DEFERRED, NOW + HOUR))
    ledger.record(doubted, step(S.IN_DOUBT, NOW + HOUR))
    ledger.give_back([given], NOW)
    assert ledger.cancel_stopped() == 3
    assert ledger.counts(issue) == {S.CANCELLED: 3}


def test_a_person_decides_along_the_graph(ledger: Ledger, database: Database) -> None:
    key = claim(ledger, frozen(database, "ada")).key
    ledger.record(key, step(S.FAILED, reply="550 no such user"))
    planned = ledger.resolve(key, S.PLANNED, NOW + HOUR)
    assert (planned.state, planned.due, planned.reply) == (S.PLANNED, NOW + HOUR, "planned by hand")


@pytest.mark.parametrize("before", list(S))
def test_a_person_takes_no_step_that_the_graph_does_not_know_and_none_on_a_wire(
    ledger: Ledger, database: Database, before: DeliveryState
) -> None:
    key = planned_status(database)
    for after in S:
        with database.write() as connection:
            connection.exec_driver_sql(f"UPDATE deliveries SET state = '{before}' WHERE id = {key}")
        if after in STEPS[before] and S.SENDING not in (before, after):
            assert ledger.resolve(key, after, NOW).state is after
        else:
            with pytest.raises(ValueError, match=r"cannot become|on a wire"):
                ledger.resolve(key, after, NOW)
            assert ledger.get(key).state is before


def test_an_issue_is_not_sent_while_anything_of_it_may_move_by_itself(ledger: Ledger, database: Database) -> None:
    issue, issues = frozen(database, "ada", "bo"), IssueStore(database)
    issues.move(issue, IssueState.SENDING, now=NOW)
    ada, bo = (claim(ledger, issue).key for _ in range(2))
    assert not issues.move(issue, IssueState.SENT, now=NOW), "both are being sent"
    ledger.record(ada, step(S.DEFERRED, NOW + HOUR))
    ledger.record(bo, step(S.IN_DOUBT))
    assert not issues.move(issue, IssueState.SENT, now=NOW), "one waits for its next attempt"
    ledger.record(claim(ledger, issue, NOW + HOUR).key, step(S.SENT))
    assert issues.move(issue, IssueState.SENT, now=NOW), "a doubt without a time waits for a person"


def test_a_letter_planned_by_hand_opens_its_issue_again(ledger: Ledger, database: Database) -> None:
    issue, issues = frozen(database, "ada"), IssueStore(database)
    key = claim(ledger, issue).key
    ledger.record(key, step(S.FAILED))
    issues.move(issue, IssueState.SENDING, now=NOW)
    assert issues.move(issue, IssueState.SENT, now=NOW)
    ledger.resolve(key, S.PLANNED, NOW)
    assert issues.get(issue).state is IssueState.SENDING


def test_a_letter_of_a_stopped_issue_is_not_planned_again(ledger: Ledger, database: Database) -> None:
    issue = frozen(database, "ada")
    key = claim(ledger, issue).key
    ledger.record(key, step(S.FAILED))
    IssueStore(database).cancel(issue, NOW)
    with pytest.raises(ValueError, match="issue was stopped"):
        ledger.resolve(key, S.PLANNED, NOW)


def test_the_account_of_an_issue_adds_up_at_every_moment(ledger: Ledger, database: Database) -> None:
    issue = frozen(database, "ada", "bo", "cy", posting=["films"])
    ledger.record(claim(ledger, issue).key, step(S.SENT))
    claim(ledger, issue)
    assert ledger.counts(issue) == {S.SENT: 1, S.SENDING: 1, S.PLANNED: 2}
    assert ledger.waiting(issue) == 3


def test_deliveries_are_listed_by_pages_in_the_order_of_their_numbers(ledger: Ledger, database: Database) -> None:
    issue = frozen(database, "ada", "bo", "cy")
    first = ledger.listed(issue=issue, limit=2)
    rest = ledger.listed(issue=issue, after=first[-1].id)
    assert [each.recipient for each in (*first, *rest)] == [f"{name}@reader.example" for name in ("ada", "bo", "cy")]
    ada = AudienceStore(database).find("ada@reader.example")
    assert [each.id for each in ledger.listed(subscriber=ada.id)] == [first[0].id]


def test_a_number_that_is_no_delivery_is_not_found(ledger: Ledger) -> None:
    with pytest.raises(NotFoundError, match="no delivery 7"):
        ledger.get(7)


def test_two_claimers_at_once_never_get_the_same_letter(database_url: str, generation: Generation) -> None:
    readers = 30
    with Database(database_url) as database:
        issue = frozen(database, *(f"reader{number}" for number in range(readers)))

    def drain(owner: str) -> Callable[[Database], list[int]]:
        def work(database: Database) -> list[int]:
            ledger, keys = Ledger(database, Generation(generation.file), owner), []
            while claimed := ledger.claim_letters(issue, LISTS, NOW, anyone, most=2):
                keys += [int(each.key) for each in claimed]
            return keys

        return work

    claimed = at_once(database_url, drain("a"), drain("b"), drain("c"))
    times = Counter(key for keys in claimed for key in keys)
    assert len(times) == readers
    assert set(times.values()) == {1}


def test_a_letter_is_not_claimed_while_another_transaction_stops_its_issue(
    database_url: str, generation: Generation
) -> None:
    with Database(database_url) as database:
        issue = frozen(database, *(f"reader{number}" for number in range(20)))

    def drain(database: Database) -> int:
        ledger, count = Ledger(database, generation, "a"), 0
        while claimed := ledger.claim_letters(issue, LISTS, NOW, anyone):
            count += len(claimed)
        return count

    def stop(database: Database) -> int:
        return IssueStore(database).cancel(issue, NOW + timedelta(seconds=1))

    claimed, stopped = at_once(database_url, drain, stop)
    assert claimed + stopped == 20
    with Database(database_url) as database:
        counts = Ledger(database, generation, "a").counts(issue)
    assert (counts.get(S.SENDING, 0), counts.get(S.CANCELLED, 0)) == (claimed, stopped)

"""IssueStore: an issue is frozen once, carries its reviews alone, and gives them back when it is stopped."""

from __future__ import annotations

from datetime import timedelta

import pytest

from syndicate.audience.policy import may_receive
from syndicate.compose.model import IssueState
from syndicate.delivery.model import DeliveryState
from syndicate.delivery.retry import Step
from syndicate.errors import NotFoundError
from syndicate.store.audience import AudienceStore
from syndicate.store.database import Database
from syndicate.store.freezing import plan_deliveries
from syndicate.store.generation import Generation
from syndicate.store.issues import IssueStore
from syndicate.store.ledger import Ledger
from tests.contracts.build import EMAIL, HISTORY, HOUR, NOW, WAYS_OUT, at_once, drafted, frozen, people, record, seen

WEEK = timedelta(days=7)


def recipients(database: Database, issue: int, generation: Generation) -> list[str]:
    """Return who an issue is planned for."""
    return [each.recipient for each in Ledger(database, generation, "reader").listed(issue=issue)]


def test_a_frozen_issue_comes_back_as_it_was_frozen(database: Database) -> None:
    number = frozen(database, "ada", posting=["films"])
    issue = IssueStore(database).get(number)
    assert (issue.digest, issue.number, issue.period, issue.state) == ("weekly", 1, NOW, IssueState.FROZEN)
    assert (issue.email, issue.lists, issue.ways_out) == (EMAIL, ("readers", "films"), WAYS_OUT)
    assert (issue.inputs_hash, issue.templates_hash, issue.frozen) == ("inputs", "templates", NOW)
    assert IssueStore(database).of_period("weekly", NOW) == issue


def test_candidates_are_what_is_announced_newest_first_and_in_no_issue_yet(database: Database) -> None:
    issues = IssueStore(database)
    record(database, seen("pier", published=NOW - HOUR), seen("quay"), seen("old", HISTORY))
    assert [review.title for review, _ in issues.candidates("weekly", ["reviews"])] == [
        "New Release Review - QUAY",
        "New Release Review - PIER",
    ]
    issues.freeze(drafted(database), NOW)
    assert issues.candidates("weekly", ["reviews"]) == ()


def test_each_digest_carries_a_review_of_its_own(database: Database) -> None:
    record(database, seen("pier"))
    issues = IssueStore(database)
    issues.freeze(drafted(database), NOW)
    assert len(issues.candidates("monthly", ["reviews"])) == 1


def test_a_review_that_two_feeds_carry_is_a_candidate_once_and_is_carried_once(database: Database) -> None:
    record(database, seen("pier"))
    record(database, seen("pier"), feed="notes")
    issues = IssueStore(database)
    assert len(issues.candidates("weekly", ["reviews", "notes"])) == 1
    issues.freeze(drafted(database), NOW)
    assert issues.candidates("weekly", ["reviews", "notes"]) == ()


def test_a_period_has_one_issue_however_often_it_is_frozen(database: Database) -> None:
    number = frozen(database, "ada")
    record(database, seen("quay"))
    assert IssueStore(database).freeze(drafted(database), NOW + HOUR) is None
    assert [issue.id for issue in IssueStore(database).listed()] == [number]


def test_many_clocks_that_fire_at_once_freeze_one_issue(database_url: str, generation: Generation) -> None:
    with Database(database_url) as database:
        record(database, seen("pier"))
        people(database, "readers", "ada", "bo", "cy")
        issue = drafted(database)
    numbers = at_once(database_url, *[lambda database: IssueStore(database).freeze(issue, NOW)] * 4)
    taken = [number for number in numbers if number is not None]
    assert len(taken) == 1
    with Database(database_url) as database:
        assert len(recipients(database, taken[0], generation)) == 3


def test_of_two_drafts_of_one_moment_for_two_periods_one_is_frozen(database: Database) -> None:
    record(database, seen("pier"))
    by_clock, by_hand = drafted(database), drafted(database, period=NOW + timedelta(minutes=1))
    issues = IssueStore(database)
    assert issues.freeze(by_clock, NOW) is not None
    assert issues.freeze(by_hand, NOW) is None
    assert issues.of_period("weekly", by_hand.period) is None


def test_a_stale_draft_whose_reviews_another_issue_took_is_not_frozen(database: Database) -> None:
    record(database, seen("pier"))
    stale = drafted(database, period=NOW + WEEK, number=2)
    issues = IssueStore(database)
    issues.freeze(drafted(database), NOW)
    assert issues.freeze(stale, NOW) is None


def test_issues_are_numbered_from_one_in_each_digest(database: Database) -> None:
    frozen(database)
    record(database, seen("quay"))
    issues = IssueStore(database)
    issues.skip("weekly", NOW + WEEK, "nothing new", NOW)
    assert (issues.next_number("weekly"), issues.next_number("monthly")) == (2, 1)


def test_a_skipped_period_stays_skipped_and_leaves_its_reviews(database: Database) -> None:
    issues = IssueStore(database)
    assert issues.skip("weekly", NOW, "too late", NOW)
    assert not issues.skip("weekly", NOW, "nothing new", NOW)
    record(database, seen("pier"))
    assert issues.freeze(drafted(database), NOW) is None
    assert len(issues.candidates("weekly", ["reviews"])) == 1
    skipped = issues.of_period("weekly", NOW)
    assert skipped is not None
    assert (skipped.state, skipped.reason, skipped.number, skipped.email) == (
        IssueState.SKIPPED,
        "too late",
        None,
        None,
    )


def test_each_confirmed_reader_is_planned_once_though_on_two_lists(database: Database, generation: Generation) -> None:
    people(database, "readers", "ada", "bo")
    people(database, "friends", "ada", "cy")
    AudienceStore(database).unsubscribe("bo@reader.example", "readers", NOW)
    record(database, seen("pier"))
    number = IssueStore(database).freeze(drafted(database, lists=["readers", "friends"], posting=["films"]), NOW)
    assert number is not None
    assert sorted(recipients(database, number, generation)) == ["ada@reader.example", "cy@reader.example", "films"]


def test_planning_twice_plans_once(database: Database, generation: Generation) -> None:
    number = frozen(database, "ada", "bo", posting=["films"])
    before = Ledger(database, generation, "reader").listed()
    for _ in range(2):
        with database.write() as connection:
            plan_deliveries(connection, database, number, ["readers"], ["films"], NOW + HOUR)
    assert Ledger(database, generation, "reader").listed() == before


def test_two_plannings_at_once_plan_once(database_url: str, generation: Generation) -> None:
    with Database(database_url) as database:
        number = frozen(database)
        people(database, "readers", *(f"reader{count}" for count in range(40)))

    def plan(database: Database) -> None:
        with database.write() as connection:
            plan_deliveries(connection, database, number, ["readers"], ["films"], NOW)

    at_once(database_url, plan, plan, plan)
    with Database(database_url) as database:
        assert len(recipients(database, number, generation)) == 41


def test_a_stopped_issue_keeps_its_letters_and_gives_its_reviews_back(
    database: Database, generation: Generation
) -> None:
    number = frozen(database, "ada", "bo")
    issues = IssueStore(database)
    assert issues.cancel(number, NOW + HOUR) == 2
    assert issues.get(number).state is IssueState.CANCELLED
    assert Ledger(database, generation, "reader").counts(number) == {DeliveryState.CANCELLED: 2}
    assert len(issues.candidates("weekly", ["reviews"])) == 1
    assert issues.freeze(drafted(database, period=NOW + WEEK), NOW + WEEK) is not None


def test_a_stopped_letter_that_was_in_doubt_says_that_it_may_have_left(
    database: Database, generation: Generation
) -> None:
    number, ledger = frozen(database, "ada", "bo"), Ledger(database, generation, "sender")
    (ada,) = ledger.claim_letters(number, ["readers"], NOW, may_receive)
    assert ledger.record(ada.key, Step(state=DeliveryState.IN_DOUBT, due=NOW, reply="the line broke"))
    IssueStore(database).cancel(number, NOW)
    stopped = {row.id: row.reply or "" for row in ledger.listed(issue=number)}
    assert {key: "may have left" in reply for key, reply in stopped.items()} == {key: key == ada.key for key in stopped}
    assert len(stopped) == 2


def test_an_issue_that_was_stopped_is_never_sending_or_sent_again(database: Database) -> None:
    number = frozen(database, "ada")
    issues = IssueStore(database)
    assert issues.move(number, IssueState.SENDING, now=NOW)
    issues.cancel(number, NOW)
    assert not issues.move(number, IssueState.SENT, now=NOW + HOUR)
    assert not issues.move(number, IssueState.SENDING, now=NOW + HOUR)
    assert issues.get(number).state is IssueState.CANCELLED


def test_an_issue_that_was_sent_is_not_stopped(database: Database) -> None:
    number = frozen(database)
    issues = IssueStore(database)
    issues.move(number, IssueState.SENT, now=NOW)
    assert issues.cancel(number, NOW + HOUR) == 0
    assert issues.get(number).state is IssueState.SENT
    assert issues.candidates("weekly", ["reviews"]) == ()


def test_a_sent_issue_is_sending_again_where_a_letter_is_planned_again(database: Database) -> None:
    number = frozen(database)
    issues = IssueStore(database)
    assert issues.move(number, IssueState.SENT, now=NOW)
    assert issues.get(number).finished == NOW
    assert issues.move(number, IssueState.SENDING, now=NOW + HOUR)
    assert issues.get(number).finished is None


def test_an_issue_knows_its_reviews_in_reading_order_and_a_review_its_issues(database: Database) -> None:
    numbers = record(database, seen("pier", published=NOW - HOUR), seen("quay"))
    issue = IssueStore(database).freeze(drafted(database), NOW)
    assert issue is not None
    assert [review.id for review in IssueStore(database).reviews_of(issue)] == list(reversed(numbers))
    assert [each.id for each in IssueStore(database).issues_of_review(numbers[0])] == [issue]


def test_issues_are_listed_newest_first_and_by_state(database: Database) -> None:
    number = frozen(database)
    issues = IssueStore(database)
    issues.skip("weekly", NOW + WEEK, "nothing new", NOW)
    assert [each.period for each in issues.listed()] == [NOW + WEEK, NOW]
    assert [each.id for each in issues.listed(states=[IssueState.FROZEN])] == [number]
    assert len(issues.listed(limit=1)) == 1


def test_a_number_that_is_no_issue_is_not_found(database: Database) -> None:
    with pytest.raises(NotFoundError, match="no issue 7"):
        IssueStore(database).get(7)

"""ApprovalStore: a draft is kept as it was shown, asked for once, and approved once, whoever else is at it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from syndicate.compose.choices import Choices
from syndicate.compose.model import IssueState
from syndicate.store.approvals import CHANGED, LEASE, ApprovalStore, content_of, content_to_be
from syndicate.store.choices import ChoiceStore
from syndicate.store.database import Database
from syndicate.store.deliveries import DeliveryStore
from syndicate.store.freezing import Freeze
from syndicate.store.generation import Generation
from syndicate.store.issues import IssueStore, StoredIssue
from syndicate.store.ledger import Ledger
from tests.contracts.build import EMAIL, HOUR, NOW, at_once, drafted, people, record, seen

FRIDAY = NOW + 3 * HOUR
"""The hour of what is kept three hours before."""


def kept(database: Database, *, issue: Freeze | None = None) -> tuple[StoredIssue, Freeze]:
    """Return a draft that is kept, of one review for two readers, and what it was kept as."""
    if issue is None:
        record(database, seen("pier"))
        people(database, "readers", "ada", "bo")
        issue = drafted(database, period=FRIDAY)
    stored = ApprovalStore(database).keep(issue, issue.link_keys, NOW)
    assert stored is not None
    return stored, issue


def content(stored: StoredIssue) -> str:
    """Return the hash of a stored letter, which there is."""
    found = content_of(stored)
    assert found is not None
    return found


def test_a_draft_is_kept_as_it_was_shown_and_carries_nothing(database: Database) -> None:
    stored, issue = kept(database)
    assert (stored.state, stored.number, stored.period, stored.asked) == (IssueState.DRAFT, None, FRIDAY, None)
    assert (stored.email, stored.lists, stored.ways_out) == (issue.email, issue.subscriber_lists, issue.ways_out)
    assert content_of(stored) == content_to_be(issue)
    issues = IssueStore(database)
    assert len(issues.candidates("weekly", ["reviews"])) == 1
    assert issues.next_number("weekly") == 1
    (review,) = issues.reviews_of(stored.id)
    assert issues.issues_of_review(review.id) == ()
    assert ApprovalStore(database).waiting() == ApprovalStore(database).waiting("weekly") == (stored,)
    assert ApprovalStore(database).waiting("monthly") == ()


def test_what_is_passed_over_is_known_and_not_carried(database: Database) -> None:
    record(database, seen("pier"), seen("quay"))
    whole = drafted(database, period=FRIDAY)
    one = replace(whole, selection=replace(whole.selection, sections=()))
    stored, _ = kept(database, issue=one)
    assert len(IssueStore(database).reviews_of(stored.id)) == 1
    assert ApprovalStore(database).known(stored.id) == set(whole.link_keys)
    again, _ = kept(database, issue=whole)
    assert len(IssueStore(database).reviews_of(again.id)) == 2


def test_the_same_letter_kept_again_stays_asked_for_and_another_is_asked_anew(database: Database) -> None:
    stored, issue = kept(database)
    store = ApprovalStore(database)
    store.end_asking(stored.id, content(stored), NOW)
    assert kept(database, issue=issue)[0].asked == NOW
    other, _ = kept(database, issue=replace(issue, email=replace(EMAIL, subject="The Longer Pier")))
    assert (other.id, other.asked, other.reason) == (stored.id, None, CHANGED)


def test_a_period_that_has_its_issue_keeps_no_draft(database: Database) -> None:
    record(database, seen("pier"))
    issue = drafted(database, period=FRIDAY)
    assert IssueStore(database).freeze(issue, NOW) is not None
    assert ApprovalStore(database).keep(issue, issue.link_keys, NOW) is None


def test_the_editor_is_asked_by_one_process_and_by_another_once_that_one_is_dead(database: Database) -> None:
    stored, _ = kept(database)
    store, shown = ApprovalStore(database), content(stored)
    assert store.begin_asking(stored.id, shown, NOW)
    assert not store.begin_asking(stored.id, shown, NOW + LEASE - timedelta(seconds=1))
    assert store.begin_asking(stored.id, shown, NOW + LEASE)
    store.end_asking(stored.id, shown, None)
    assert store.begin_asking(stored.id, shown, NOW + LEASE)
    store.end_asking(stored.id, shown, NOW + LEASE)
    assert not store.begin_asking(stored.id, shown, NOW + 2 * LEASE)
    assert store.waiting()[0].asked == NOW + LEASE


def test_a_mail_about_an_older_letter_does_not_count_for_the_newer(database: Database) -> None:
    stored, issue = kept(database)
    store, shown = ApprovalStore(database), content(stored)
    assert store.begin_asking(stored.id, shown, NOW)
    kept(database, issue=replace(issue, email=replace(EMAIL, subject="The Longer Pier")))
    store.end_asking(stored.id, shown, NOW)
    assert store.waiting()[0].asked is None
    assert not store.begin_asking(stored.id, shown, NOW)


def test_many_processes_at_once_keep_one_draft_and_one_of_them_asks(database: Database, database_url: str) -> None:
    _, issue = kept(database)

    def beat(there: Database) -> bool:
        store = ApprovalStore(there)
        stored = store.keep(issue, issue.link_keys, NOW)
        return stored is not None and store.begin_asking(stored.id, content(stored), NOW)

    assert sorted(at_once(database_url, *[beat] * 4)) == [False, False, False, True]
    assert len(ApprovalStore(database).waiting()) == 1


def test_an_approved_draft_is_frozen_as_it_stood_with_letters_for_its_hour(
    database: Database, generation: Generation
) -> None:
    stored, issue = kept(database)
    assert ApprovalStore(database).approve(stored.id, issue, revision=0, now=NOW + HOUR)
    done = IssueStore(database).get(stored.id)
    assert (done.state, done.number, done.frozen, done.created) == (IssueState.FROZEN, 1, NOW + HOUR, NOW)
    assert (done.email, content_of(done), done.reason) == (stored.email, content_of(stored), None)
    assert IssueStore(database).candidates("weekly", ["reviews"]) == ()
    ledger = Ledger(database, generation, "reader")
    assert [each.recipient for each in ledger.listed(issue=stored.id)] == ["ada@reader.example", "bo@reader.example"]
    assert {each.due for each in ledger.listed(issue=stored.id)} == {FRIDAY}
    issues = IssueStore(database)
    assert (issues.to_deliver(FRIDAY - timedelta(seconds=1)), issues.to_deliver(FRIDAY)) == ((), (done,))


def test_one_approved_after_its_hour_is_due_at_once(database: Database) -> None:
    stored, issue = kept(database)
    assert ApprovalStore(database).approve(stored.id, issue, revision=0, now=FRIDAY + HOUR)
    (due,) = {each.due for each in DeliveryStore(database).listed(issue=stored.id)}
    assert due == FRIDAY + HOUR


def test_an_issue_sent_by_hand_before_its_hour_is_delivered_at_once(database: Database) -> None:
    _, issue = kept(database)
    assert IssueStore(database).freeze(issue, NOW) is not None
    assert len(IssueStore(database).to_deliver(NOW)) == 1


def test_approving_again_changes_nothing(database: Database) -> None:
    stored, issue = kept(database)
    store = ApprovalStore(database)
    assert store.approve(stored.id, issue, revision=0, now=NOW)
    assert not store.approve(stored.id, issue, revision=0, now=NOW + HOUR)
    assert IssueStore(database).get(stored.id).frozen == NOW


def _other_letter(database: Database, issue: Freeze) -> None:
    kept(database, issue=replace(issue, email=replace(EMAIL, text="another")))


def _chosen(database: Database, _issue: Freeze) -> None:
    assert ChoiceStore(database).keep("weekly", Choices(subject="Piers"), revision=0, now=NOW)


def _carried(database: Database, issue: Freeze) -> None:
    assert IssueStore(database).freeze(replace(issue, period=NOW), NOW) is not None


def _numbered(database: Database, _issue: Freeze) -> None:
    record(database, seen("quay"))
    fresh = drafted(database, period=NOW)
    only = tuple(each for each in fresh.selection.reviews if "QUAY" in each.title)
    selection = replace(fresh.selection, lead=only[0], sections=())
    assert IssueStore(database).freeze(replace(fresh, selection=selection), NOW) is not None


def _skipped(database: Database, _issue: Freeze) -> None:
    assert IssueStore(database).skip("weekly", FRIDAY, "not approved in time", NOW)


def _dropped(database: Database, _issue: Freeze) -> None:
    (there,) = ApprovalStore(database).waiting()
    ApprovalStore(database).drop(there.id)


@pytest.mark.parametrize(
    "meanwhile",
    [_other_letter, _chosen, _carried, _numbered, _skipped, _dropped],
    ids=lambda each: each.__name__.strip("_").replace("_", " "),
)
def test_what_is_not_as_it_was_shown_any_more_is_not_approved(
    database: Database, meanwhile: Callable[[Database, Freeze], None]
) -> None:
    stored, issue = kept(database)
    meanwhile(database, issue)
    before = IssueStore(database).listed()
    assert not ApprovalStore(database).approve(stored.id, issue, revision=0, now=NOW)
    assert IssueStore(database).listed() == before
    assert not DeliveryStore(database).listed(issue=stored.id)


def test_a_skipped_draft_keeps_nothing_and_its_reviews_stay(database: Database) -> None:
    stored, _ = kept(database)
    issues = IssueStore(database)
    assert issues.skip("weekly", FRIDAY, "not approved in time", FRIDAY)
    there = issues.get(stored.id)
    assert (there.state, there.reason, there.email, there.lists) == (
        IssueState.SKIPPED,
        "not approved in time",
        None,
        (),
    )
    assert (issues.reviews_of(stored.id), len(issues.candidates("weekly", ["reviews"]))) == ((), 1)


def test_freezing_by_hand_takes_the_draft_of_its_period_over(database: Database) -> None:
    stored, issue = kept(database)
    record(database, seen("quay"))
    fresh = drafted(database, period=FRIDAY)
    assert IssueStore(database).freeze(fresh, NOW) == stored.id
    assert len(IssueStore(database).reviews_of(stored.id)) == 2
    assert not ApprovalStore(database).approve(stored.id, issue, revision=0, now=NOW)


def test_who_is_on_two_lists_is_counted_once(database: Database) -> None:
    people(database, "readers", "ada", "bo")
    people(database, "friends", "bo", "cy")
    assert ApprovalStore(database).readers(("readers", "friends")) == 3
    assert ApprovalStore(database).readers(()) == 0


def test_page_command_and_hand_at_one_moment_make_one_issue(database: Database, database_url: str) -> None:
    stored, issue = kept(database)
    other = replace(issue, period=NOW)

    def approve(there: Database) -> bool:
        return ApprovalStore(there).approve(stored.id, issue, revision=0, now=NOW)

    def by_hand(there: Database) -> bool:
        return IssueStore(there).freeze(issue, NOW) is not None

    def another_period(there: Database) -> bool:
        return IssueStore(there).freeze(other, NOW) is not None

    works = [approve, by_hand, another_period, approve]
    assert sum(at_once(database_url, *works)) == 1
    carrying = [each for each in IssueStore(database).listed() if each.state is IssueState.FROZEN]
    assert [each.number for each in carrying] == [1]
    assert len(DeliveryStore(database).listed(issue=carrying[0].id)) == 2

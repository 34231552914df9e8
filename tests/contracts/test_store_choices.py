"""ChoiceStore: what the editor chose is kept for one issue, and two pages cannot overwrite each other unseen."""

from __future__ import annotations

from syndicate.compose.choices import Choices
from syndicate.store.choices import ChoiceStore, Kept
from syndicate.store.database import Database
from syndicate.store.issues import IssueStore
from tests.contracts.build import NOW, at_once, drafted, record, seen

CHOSEN = Choices(
    subject="Three quiet films",
    preheader="And a loud one.",
    note="Read *Pier* first.",
    lead=7,
    order=(9, 7),
    left_out=frozenset({4, 2}),
)


def test_what_was_chosen_comes_back_and_nothing_is_chosen_at_first(database: Database) -> None:
    kept = ChoiceStore(database)
    assert kept.of("weekly") == Kept(choices=Choices(), revision=0)
    assert kept.keep("weekly", CHOSEN, revision=0, now=NOW)
    assert kept.of("weekly") == Kept(choices=CHOSEN, revision=1)
    assert kept.of("monthly").revision == 0


def test_a_page_that_shows_an_older_choice_changes_nothing(database: Database) -> None:
    kept = ChoiceStore(database)
    assert kept.keep("weekly", CHOSEN, revision=0, now=NOW)
    assert not kept.keep("weekly", Choices(), revision=0, now=NOW)
    assert kept.keep("weekly", Choices(subject="Another"), revision=1, now=NOW)
    assert not kept.keep("weekly", CHOSEN, revision=1, now=NOW)
    assert kept.of("weekly") == Kept(choices=Choices(subject="Another"), revision=2)


def test_of_several_pages_at_once_one_is_kept(database: Database, database_url: str) -> None:
    def choose(there: Database) -> bool:
        return ChoiceStore(there).keep("weekly", CHOSEN, revision=0, now=NOW)

    assert sorted(at_once(database_url, *[choose] * 4)) == [False, False, False, True]


def test_freezing_the_issue_uses_the_choices_up(database: Database) -> None:
    record(database, seen("pier"))
    kept = ChoiceStore(database)
    kept.keep("weekly", CHOSEN, revision=0, now=NOW)
    kept.keep("monthly", CHOSEN, revision=0, now=NOW)
    assert IssueStore(database).freeze(drafted(database), NOW) is not None
    assert kept.of("weekly") == Kept(choices=Choices(), revision=2)
    assert kept.of("monthly") == Kept(choices=CHOSEN, revision=1)


def test_an_issue_is_not_frozen_by_choices_that_were_changed_since(database: Database) -> None:
    record(database, seen("pier"))
    kept, issues = ChoiceStore(database), IssueStore(database)
    kept.keep("weekly", CHOSEN, revision=0, now=NOW)
    assert issues.freeze(drafted(database), NOW, revision=0) is None
    assert (issues.listed(), kept.of("weekly")) == ((), Kept(choices=CHOSEN, revision=1))
    assert issues.freeze(drafted(database), NOW, revision=1) is not None


def test_a_page_that_shows_a_revision_that_never_was_is_told_so(database: Database) -> None:
    kept = ChoiceStore(database)
    kept.keep("weekly", CHOSEN, revision=0, now=NOW)
    assert not kept.keep("weekly", Choices(), revision=2**53 - 1, now=NOW)

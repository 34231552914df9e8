"""What the editor chose for an issue: drafted, frozen as it was drafted, and used up."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

from syndicate.compose.choices import Choices
from syndicate.compose.model import IssueState
from syndicate.compose.select import PassedOver
from syndicate.pipeline import draft, publish
from tests.pipeline.studio import DAY, FRIDAY, HOUR, MINUTE, WEDNESDAY, WEEK, Post, Studio, archive, studio

HISTORY = archive(3)
NEW = [Post(name=name, published=WEDNESDAY + HOUR / (1 + at)) for at, name in enumerate("cba")]


def announced(lantern: Studio) -> dict[str, int]:
    """Let three posts be announced; return their numbers by name."""
    lantern.begin(*HISTORY)
    lantern.readers("ada")
    lantern.feed(*NEW, *HISTORY)
    lantern.live(HOUR)
    made = draft(lantern.app, "weekly")
    return {each.link.rsplit("/", 1)[1].removesuffix(".html"): each.id for each in made.candidates}


def keep(lantern: Studio, choices: Choices) -> None:
    """Let the editor keep these choices."""
    revision = lantern.app.choices.of("weekly").revision
    assert lantern.app.choices.keep("weekly", choices, revision=revision, now=lantern.clock.now())


def test_a_draft_follows_the_choices_that_are_kept_and_says_which(lantern: Studio) -> None:
    ids = announced(lantern)
    choices = Choices(
        subject="Three in one", preheader="A word to begin with", lead=ids["a"], left_out=frozenset({ids["c"]})
    )
    keep(lantern, choices)
    made = draft(lantern.app, "weekly")
    assert (made.kept.revision, made.kept.choices) == (1, choices)
    assert [each.id for each in made.selection.reviews] == [ids["a"], ids["b"]]
    assert made.passed_over == {ids["c"]: PassedOver.LEFT_OUT}
    assert {each.id for each in made.candidates} == set(ids.values())
    assert (made.email.subject, made.email.preheader) == ("Three in one", "A word to begin with")


def test_choices_may_be_tried_and_are_not_kept(lantern: Studio) -> None:
    ids = announced(lantern)
    tried = draft(lantern.app, "weekly", choices=Choices(lead=ids["a"]))
    assert tried.selection.reviews[0].id == ids["a"]
    assert tried.inputs_hash != draft(lantern.app, "weekly").inputs_hash
    assert draft(lantern.app, "weekly").kept.revision == 0


def test_a_draft_is_made_for_another_day(lantern: Studio) -> None:
    announced(lantern)
    assert draft(lantern.app, "weekly").period == FRIDAY
    later = draft(lantern.app, "weekly", now=FRIDAY + 7 * WEEK)
    assert later.period == FRIDAY + 7 * WEEK
    assert set(later.passed_over.values()) == {PassedOver.TOO_OLD}


def test_what_is_frozen_is_what_was_drafted_and_what_was_left_out_is_in_the_next(lantern: Studio) -> None:
    ids = announced(lantern)
    keep(lantern, Choices(subject="Two of three", order=(ids["a"], ids["b"]), left_out=frozenset({ids["c"]})))
    made = draft(lantern.app, "weekly")
    published = publish(lantern.app, "weekly", period=FRIDAY)
    frozen = lantern.app.issues.get(published.issue or 0)
    assert frozen.email == made.email
    assert frozen.inputs_hash == made.inputs_hash
    assert lantern.films(frozen) == ["a", "b"]
    after = draft(lantern.app, "weekly")
    assert after.kept.choices == Choices()
    assert [each.id for each in after.selection.reviews] == [ids["c"]]


def test_what_is_chosen_while_the_issue_is_frozen_is_in_it_and_not_lost(
    lantern: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page has said "Saved" by then: the review that it left out must not go, nor the words be forgotten."""
    ids = announced(lantern)
    chosen = Choices(subject="Only two", left_out=frozenset({ids["c"]}))

    def choose_meanwhile(*_: object) -> None:
        monkeypatch.undo()
        keep(lantern, chosen)

    monkeypatch.setattr(import_module("syndicate.pipeline.publish"), "check", choose_meanwhile)
    published = publish(lantern.app, "weekly", period=FRIDAY)
    frozen = lantern.app.issues.get(published.issue or 0)
    assert (published.subject, lantern.films(frozen)) == ("Only two", ["a", "b"][::-1])
    assert lantern.app.choices.of("weekly").choices == Choices()


def test_an_issue_of_which_all_is_left_out_is_skipped_and_says_so(lantern: Studio) -> None:
    ids = announced(lantern)
    keep(lantern, Choices(left_out=frozenset(ids.values())))
    lantern.live(2 * DAY, HOUR)
    (issue,) = lantern.issues()
    assert issue.state is IssueState.SKIPPED
    assert issue.reason == "the editor left all of it out"
    assert set(draft(lantern.app, "weekly").candidates)


def test_a_choice_for_a_review_that_is_held_meanwhile_is_passed_over(tmp_path: Path) -> None:
    with studio(tmp_path) as lantern:
        ids = announced(lantern)
        keep(lantern, Choices(lead=ids["a"], order=(ids["a"], ids["b"])))
        lantern.app.entries.hold(ids["a"])
        assert [each.id for each in draft(lantern.app, "weekly").selection.reviews] == [ids["b"], ids["c"]]


def test_reviews_that_would_make_the_letter_too_long_are_in_the_next_issue(tmp_path: Path) -> None:
    with studio(tmp_path, ("cap: 12", "cap: 200")) as lantern:
        lantern.begin(*HISTORY)
        lantern.readers("ada")
        many = [Post(name=f"film-no-{number}", published=WEDNESDAY + number * MINUTE) for number in range(120, 0, -1)]
        lantern.feed(*many, *HISTORY)
        lantern.live(HOUR)
        made = draft(lantern.app, "weekly")
        waiting = [each for each, why in made.passed_over.items() if why is PassedOver.TO_FIT]
        assert len(waiting) == 120 - len(made.selection.reviews) == made.selection.more
        assert waiting
        publish(lantern.app, "weekly", period=FRIDAY)
        assert {each.id for each in draft(lantern.app, "weekly").selection.reviews} == set(waiting)

"""An issue that needs a person: shown by mail, sent at its hour if it was approved, skipped aloud if nobody did."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from syndicate.audience.tokens import read_approval_token
from syndicate.compose.choices import Choices
from syndicate.compose.model import IssueState
from syndicate.compose.select import PassedOver
from syndicate.config import Approval
from syndicate.config.schema import Every
from syndicate.errors import ConfigError, NotFoundError, TemplateError
from syndicate.pipeline import accept_restore, publish
from syndicate.pipeline.approval import Answer, approve, ask_due, next_issue
from syndicate.pipeline.draft import draft
from syndicate.pipeline.tell import hand_over
from syndicate.schedule import parse_slot
from syndicate.store.approvals import content_of
from syndicate.store.issues import StoredIssue
from syndicate.web.studio.look import look_at
from tests.pipeline.studio import (
    DAY,
    EDITOR,
    FRIDAY,
    HOUR,
    MINUTE,
    WEDNESDAY,
    WEEK,
    Post,
    Studio,
    again,
    archive,
    studio,
)
from tests.pipeline.test_lint import BAD, house_template

APPROVAL = ("first_issue: next}", "first_issue: next, approval: required, approval_ahead: 3h}")
PUBLIC = ("accounts:", "web: {public_url: 'https://news.lantern.example'}\naccounts:")
TEMPLATES = ("notify:", "templates: own\nnotify:")
ASKED = FRIDAY - 3 * HOUR
HISTORY = archive(3)
PIER = Post(name="the-long-pier", published=WEDNESDAY + HOUR)
QUAY = Post(name="quay", published=ASKED + HOUR)


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Studio]:
    """Return an installation with three readers and one review, an hour before it asks."""
    (tmp_path / "own").mkdir()
    with studio(tmp_path, APPROVAL, PUBLIC, TEMPLATES) as opened:
        yield begun(opened)


@pytest.fixture
def told(here: Studio) -> Studio:
    """Return the same, once the editor was asked."""
    here.clock.set(ASKED)
    here.tick()
    assert len(asked(here)) == 1
    return here


def begun(here: Studio) -> Studio:
    """Let a review be announced, and stop an hour before it is asked for."""
    here.readers("ada", "bo", "cy")
    here.begin(*HISTORY)
    here.feed(PIER, *HISTORY)
    here.live(HOUR)
    here.clock.set(ASKED - HOUR)
    return here


def waiting(here: Studio) -> StoredIssue:
    """Return the one draft that waits."""
    (found,) = here.app.approvals.waiting("weekly")
    return found


def asked(here: Studio) -> list[str]:
    """Return the subject of each mail that asks."""
    return [subject for subject in here.alerts() if "Approve:" in subject or "approve again:" in subject]


def at(here: Studio, moment: datetime) -> None:
    """Let the clock be at a moment, with one beat then."""
    here.clock.set(moment)
    here.tick()


def letter_of(here: Studio, at: int = -1) -> tuple[str, str]:
    """Return the HTML and the text of a mail that asks, of the newest one."""
    mails = [mail for mail in here.mails() if mail["To"] == EDITOR and "pprove" in str(mail["Subject"])]
    mails.sort(key=lambda mail: mail["Date"].datetime)
    html, text = mails[at].get_body(("html",)), mails[at].get_body(("plain",))
    assert html
    assert text
    return html.get_content(), text.get_content()


def link_of(here: Studio) -> str:
    """Return the address of the page in the newest mail that asks."""
    found = re.search(r"https?://\S+/approve/\S+", letter_of(here)[1])
    assert found
    return found[0]


# Asking


def test_without_an_editor_to_ask_it_is_a_fault_of_the_config(tmp_path: Path) -> None:
    with (
        pytest.raises(ConfigError, match="approval: needs notify"),
        studio(tmp_path, APPROVAL, ("notify: ed@lantern.example\n", "")),
    ):
        pass


def test_ahead_of_its_hour_the_letter_is_kept_and_shown_to_the_editor_once(here: Studio) -> None:
    here.live(HOUR - 15 * MINUTE)
    assert (here.app.approvals.waiting(), asked(here)) == ((), [])
    here.live(2 * HOUR)
    issue = waiting(here)
    assert (issue.state, issue.number, issue.period, issue.asked) == (IssueState.DRAFT, None, FRIDAY, ASKED)
    assert issue.email is not None
    assert asked(here) == [f"[The Lantern] Approve: {issue.email.subject}"]
    assert here.letters() == []


def test_the_mail_holds_the_letter_with_an_example_readers_way_out_and_both_ways_to_approve(told: Studio) -> None:
    issue, (html, text) = waiting(told), letter_of(told)
    command = f"syndicate issues approve {issue.id} --letter {content_of(issue)}"
    for body in (html, text):
        assert "THE LONG PIER" in body.upper()
        assert command in body
        assert "3 readers" in body
        assert "Friday 20 November, 09:00" in body
        assert "/leave/example" in body
    token = re.search(r"https://news\.lantern\.example/approve/([a-z0-9._+A-Z-]+)", text)
    assert token
    claim = read_approval_token(told.app.keyring, token[1])
    assert claim
    assert (claim.issue, claim.content, claim.until) == (issue.id, content_of(issue), FRIDAY + DAY)


def test_without_pages_the_mail_names_the_command_alone(tmp_path: Path) -> None:
    with studio(tmp_path, APPROVAL) as here:
        at(begun(here), ASKED)
        _, text = letter_of(here)
    assert "To approve it: syndicate issues approve 1" in text
    assert "http" not in text.partition("=====")[0]


def test_a_review_that_comes_while_there_is_nothing_yet_is_asked_for_until_the_hour(tmp_path: Path) -> None:
    with studio(tmp_path, APPROVAL) as here:
        here.begin(*HISTORY)
        at(here, ASKED)
        assert here.issues() == []
        here.feed(QUAY, *HISTORY)
        here.live(2 * HOUR)
        assert len(asked(here)) == 1


def test_an_hour_with_nothing_new_is_skipped_quietly(tmp_path: Path) -> None:
    with studio(tmp_path, APPROVAL) as here:
        here.begin(*HISTORY)
        at(here, FRIDAY)
        (issue,) = here.issues()
        assert (issue.state, issue.reason, here.alerts()) == (IssueState.SKIPPED, "nothing new", [])


def test_a_machine_that_was_off_asks_when_it_is_back(here: Studio) -> None:
    at(here, FRIDAY + 2 * HOUR)
    assert waiting(here).asked == FRIDAY + 2 * HOUR
    here.live(HOUR)
    assert len(asked(here)) == 1
    assert approve(here.app, waiting(here).id).answer is Answer.APPROVED
    here.tick()
    assert len(here.letters()) == 3


def test_the_mail_goes_again_until_a_relay_took_it(here: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("syndicate.pipeline.asking.hand_over", lambda *_: False)
    here.clock.set(ASKED)
    (published,) = here.tick().published
    assert published.error == "the mail that asks you to approve it was not taken"
    assert waiting(here).asked is None
    monkeypatch.undo()
    here.live(HOUR)
    assert len(asked(here)) == 1
    assert waiting(here).asked == ASKED + 15 * MINUTE


class _PowerCutError(BaseException):
    """Whatever ends a process without a word."""


@pytest.mark.parametrize("point", ["_letter", "hand_over"])
def test_a_crash_between_keeping_and_mailing_costs_no_mail(
    here: Studio, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    def cut(*_: object) -> None:
        raise _PowerCutError

    monkeypatch.setattr(f"syndicate.pipeline.asking.{point}", cut)
    monkeypatch.setattr("syndicate.store.approvals.ApprovalStore.end_asking", lambda *_: None)
    here.clock.set(ASKED)
    with pytest.raises(_PowerCutError):
        here.tick()
    monkeypatch.undo()
    with again(here) as restarted:
        restarted.live(HOUR)
        assert len(asked(restarted)) == 1
        assert [each.state for each in restarted.issues()] == [IssueState.DRAFT]


def test_two_beats_at_one_moment_ask_once(here: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    take = hand_over

    def beat_between(*arguments: Any) -> bool:
        monkeypatch.setattr("syndicate.pipeline.asking.hand_over", take)
        with again(here) as other:
            ask_due(other.app)
        return take(*arguments)

    monkeypatch.setattr("syndicate.pipeline.asking.hand_over", beat_between)
    at(here, ASKED)
    assert len(asked(here)) == 1


def test_a_letter_that_does_not_render_alerts_and_is_asked_for_once_it_is_mended(tmp_path: Path) -> None:
    own = tmp_path / "own/email"
    own.mkdir(parents=True)
    with studio(tmp_path, APPROVAL, TEMPLATES) as here:
        begun(here)
        (own / "issue.txt").write_text("{{ nonsense }}", encoding="utf-8")
        at(here, ASKED)
        assert here.app.approvals.waiting() == ()
        assert any("cannot be shown to you" in each for each in here.alerts())
        (own / "issue.txt").unlink()
        here.live(15 * MINUTE)
        assert len(asked(here)) == 1
        assert here.app.incidents.open_ones() == ()


# Approving


def test_what_is_approved_ahead_leaves_at_its_hour_and_not_before(told: Studio) -> None:
    shown = waiting(told)
    done = approve(told.app, shown.id)
    assert (done.answer, done.issue and done.issue.state) == (Answer.APPROVED, IssueState.FROZEN)
    told.live(3 * HOUR - MINUTE)
    assert (told.letters(), told.issues()[0].state) == ([], IssueState.FROZEN)
    at(told, FRIDAY)
    (issue,) = told.issues()
    assert told.letters() == ["ada@reader.example", "bo@reader.example", "cy@reader.example"]
    assert (issue.id, issue.state, issue.number) == (shown.id, IssueState.SENT, 1)
    assert (issue.email, issue.ways_out) == (shown.email, shown.ways_out)
    told.live(WEEK)
    assert len(told.letters()) == 3


def test_what_is_approved_after_its_hour_leaves_at_once(told: Studio) -> None:
    at(told, FRIDAY + 2 * HOUR)
    approve(told.app, waiting(told).id)
    told.tick()
    assert len(told.letters()) == 3
    assert len(asked(told)) == 1


def test_approving_twice_is_approving_once(told: Studio) -> None:
    number = waiting(told).id
    assert [approve(told.app, number).answer for _ in range(3)] == [Answer.APPROVED, Answer.ALREADY, Answer.ALREADY]
    at(told, FRIDAY)
    assert approve(told.app, number).answer is Answer.ALREADY
    assert len(told.letters()) == 3


def test_a_review_that_comes_after_asking_waits_for_the_next_issue(told: Studio) -> None:
    told.feed(QUAY, PIER, *HISTORY)
    told.live(2 * HOUR)
    assert [each.name for each in (QUAY,) if each.name in told.posted()] == ["quay"]
    approve(told.app, waiting(told).id)
    at(told, FRIDAY)
    (issue,) = told.issues()
    assert told.films(issue) == ["the-long-pier"]
    assert len(asked(told)) == 1
    at(told, ASKED + WEEK)
    assert told.films(waiting(told)) == ["quay"]


def test_what_the_cap_left_over_is_told_of_and_never_asked_anew(tmp_path: Path) -> None:
    with studio(tmp_path, APPROVAL, ("cap: 12", "cap: 2")) as here:
        here.begin(*HISTORY)
        here.feed(*(Post(name=f"new-{number}", published=WEDNESDAY + number * MINUTE) for number in range(5)), *HISTORY)
        here.live(HOUR)
        at(here, ASKED)
        here.live(2 * HOUR)
        assert len(asked(here)) == 1
        assert len(here.films(waiting(here))) == 2
        assert approve(here.app, waiting(here).id).answer is Answer.APPROVED


def _choose(here: Studio) -> None:
    here.app.choices.keep("weekly", Choices(subject="A pier, at length"), revision=0, now=here.clock.now())


def _edit(here: Studio) -> None:
    (number,) = (review.id for review in here.app.issues.reviews_of(waiting(here).id))
    here.app.entries.edit(number, {"film": "The Longest Pier"})


def _restart(here: Studio) -> None:
    """Let templates be looked up anew: a file that was not there before is seen by the next process."""
    here.app.__dict__.pop("templates", None)


def _template(here: Studio) -> None:
    own = here.folder / "own/email"
    own.mkdir(parents=True, exist_ok=True)
    shipped = (Path(__file__).parents[2] / "templates/email/issue.txt").read_text(encoding="utf-8")
    (own / "issue.txt").write_text(f"{shipped}\nUntil next week.\n", encoding="utf-8")
    _restart(here)


def _config(here: Studio) -> None:
    site = here.app.config.site.model_copy(update={"postal": "14 Quay Lane, Galway"})
    here.app.config = here.app.config.model_copy(update={"site": site})


def _lists(here: Studio) -> None:
    digest = here.app.config.digests["weekly"].model_copy(update={"lists": ("readers",)})
    here.app.config = here.app.config.model_copy(update={"digests": {"weekly": digest}})


CHANGES = {
    "the editor's choice": _choose,
    "an edit of the review": _edit,
    "a template": _template,
    "config.yaml": _config,
    "to whom it goes": _lists,
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_would_be_another_letter_now_is_kept_and_asked_anew_and_the_old_one_is_not_approved(
    told: Studio, change: Callable[[Studio], None]
) -> None:
    before = waiting(told)
    change(told)
    done = approve(told.app, before.id, shown=content_of(before))
    assert done.answer is Answer.CHANGED
    after = waiting(told)
    assert (after.id, after.state, after.asked) == (before.id, IssueState.DRAFT, None)
    assert content_of(after) != content_of(before)
    told.live(15 * MINUTE)
    assert asked(told)[-1].startswith("[The Lantern] Changed, approve again: ")
    assert len(asked(told)) == 2
    assert approve(told.app, after.id, shown=content_of(before)).answer is Answer.CHANGED
    assert approve(told.app, after.id, shown=content_of(after)).answer is Answer.APPROVED
    at(told, FRIDAY)
    assert told.issues()[0].email == after.email


def test_a_letter_whose_reviews_are_all_left_out_waits_no_more(told: Studio) -> None:
    before = waiting(told)
    (review,) = told.app.issues.reviews_of(before.id)
    told.app.choices.keep("weekly", Choices(left_out=frozenset({review.id})), revision=0, now=told.clock.now())
    assert approve(told.app, before.id).answer is Answer.GONE
    assert told.app.approvals.waiting() == ()
    with pytest.raises(NotFoundError):
        approve(told.app, before.id)


def test_errors_of_the_lint_are_told_and_approved_only_if_the_person_says_so(here: Studio) -> None:
    house_template(here, BAD)
    at(here, ASKED)
    number = waiting(here).id
    for body in letter_of(here):
        assert "1 error in it" in body
        assert "was left by a template" in body
    refused = approve(here.app, number)
    assert (refused.answer, [each.number for each in refused.findings][:1]) == (Answer.FLAWED, [10])
    assert waiting(here).id == number
    assert approve(here.app, number, anyway=True).answer is Answer.APPROVED
    at(here, FRIDAY)
    assert len(here.letters()) == 3


def test_a_letter_that_does_not_render_any_more_is_not_approved(told: Studio) -> None:
    (told.folder / "own/email").mkdir()
    (told.folder / "own/email/issue.txt").write_text("{{ nonsense }}", encoding="utf-8")
    _restart(told)
    with pytest.raises(TemplateError):
        approve(told.app, waiting(told).id)
    assert waiting(told).state is IssueState.DRAFT


# Late


def test_what_nobody_approves_in_time_is_skipped_aloud_and_its_reviews_stay(told: Studio) -> None:
    number = waiting(told).id
    told.live(3 * HOUR + DAY - 15 * MINUTE)
    assert waiting(told).id == number
    told.live(15 * MINUTE)
    (issue,) = told.issues()
    assert (issue.id, issue.state, issue.reason, issue.email) == (
        number,
        IssueState.SKIPPED,
        "not approved in time",
        None,
    )
    assert any("nobody approved it in time" in each for each in told.alerts())
    assert (told.letters(), approve(told.app, number).answer) == ([], Answer.GONE)
    at(told, ASKED + WEEK)
    assert told.films(waiting(told)) == ["the-long-pier"]


def test_approving_too_late_skips_it_at_once(told: Studio) -> None:
    number = waiting(told).id
    told.clock.set(FRIDAY + DAY + MINUTE)
    done = approve(told.app, number)
    assert (done.answer, done.issue and done.issue.state) == (Answer.GONE, IssueState.SKIPPED)


def test_one_letter_of_a_digest_waits_at_a_time(tmp_path: Path) -> None:
    with studio(tmp_path, APPROVAL, ("fri 09:00", "daily 09:00")) as here:
        begun(here)
        here.clock.set(WEDNESDAY + DAY - 6 * HOUR)
        here.live(2 * DAY)
        states = [each.state for each in here.issues()]
        assert states == [IssueState.SKIPPED, IssueState.SKIPPED, IssueState.DRAFT]
        assert len(asked(here)) == 3


# By hand


def test_sending_by_hand_takes_the_waiting_draft_over(told: Studio) -> None:
    number = waiting(told).id
    told.feed(QUAY, PIER, *HISTORY)
    told.live(2 * HOUR)
    published = publish(told.app, "weekly")
    assert published.issue == number
    told.tick()
    assert len(told.letters()) == 3
    (issue,) = told.issues()
    assert (issue.period, issue.state, told.films(issue)) == (FRIDAY, IssueState.SENT, ["quay", "the-long-pier"])
    told.live(DAY)
    assert len(told.issues()) == 1
    assert (len(asked(told)), len(told.letters())) == (1, 3)
    assert approve(told.app, number).answer is Answer.ALREADY


def test_a_digest_that_needs_no_approval_any_more_sends_what_waited(told: Studio) -> None:
    digests = {"weekly": told.app.config.digests["weekly"].model_copy(update={"approval": Approval.NONE})}
    told.app.config = told.app.config.model_copy(update={"digests": digests})
    at(told, FRIDAY)
    (issue,) = told.issues()
    assert (issue.state, len(told.letters())) == (IssueState.SENT, 3)


def test_the_next_issue_is_for_the_next_hour_once_this_one_is_approved(told: Studio) -> None:
    assert draft(told.app, "weekly").period == FRIDAY
    approve(told.app, waiting(told).id)
    assert draft(told.app, "weekly", among=()).period == FRIDAY + WEEK


def test_who_looks_while_an_issue_waits_sees_the_one_that_would_be_approved(told: Studio) -> None:
    before = waiting(told)
    told.feed(QUAY, PIER, *HISTORY)
    told.live(2 * HOUR)
    made = next_issue(told.app, "weekly")
    (quay,) = (each.id for each in made.candidates if each.link.endswith("quay.html"))
    assert (made.email, made.passed_over) == (before.email, {quay: PassedOver.AFTER_ASKING})
    (shown,) = look_at(told.app).issues
    assert shown.readers
    assert "quay" not in shown.readers.html
    _choose(told)
    assert next_issue(told.app, "weekly").email.subject == "A pier, at length"
    approve(told.app, before.id)
    assert approve(told.app, before.id).answer is Answer.APPROVED
    assert [each.id for each in next_issue(told.app, "weekly").selection.reviews] == [quay]


# When the ground moves


def _digest(here: Studio, **changes: object) -> None:
    """Let config.yaml say something else of the digest."""
    changed = here.app.config.digests["weekly"].model_copy(update=changes)
    here.app.config = here.app.config.model_copy(update={"digests": {"weekly": changed}})


NO_APPROVAL: dict[str, dict[str, object]] = {
    "the approval is gone, and the hour moved": {"approval": Approval.NONE, "at": parse_slot("mon 07:00")},
    "each review gets a letter now": {"approval": Approval.NONE, "at": None, "every": Every.REVIEW},
}


@pytest.mark.parametrize("changes", NO_APPROVAL.values(), ids=NO_APPROVAL)
def test_what_waits_in_a_digest_that_asks_nobody_any_more_waits_no_more(
    told: Studio, changes: dict[str, object]
) -> None:
    number = waiting(told).id
    _digest(told, **changes)
    told.live(15 * MINUTE)
    assert told.app.approvals.waiting() == ()
    with pytest.raises(NotFoundError):
        approve(told.app, number)


def test_a_link_is_pressed_before_the_next_beat_though_each_review_gets_a_letter_now(told: Studio) -> None:
    number = waiting(told).id
    _digest(told, **NO_APPROVAL["each review gets a letter now"])
    assert approve(told.app, number).answer is Answer.GONE
    told.live(DAY)
    assert told.letters() == []


def test_what_waited_when_a_backup_was_made_is_not_approved_by_its_old_mail(told: Studio) -> None:
    """It may have been approved, and have gone out, since: within its lateness the same link would send it twice."""
    number = waiting(told).id
    told.clock.set(FRIDAY + HOUR)
    accept_restore(told.app)
    assert approve(told.app, number).answer is Answer.GONE
    told.live(DAY)
    assert told.letters() == []


def test_a_clock_that_was_far_ahead_when_it_asked_does_not_keep_it_from_asking_again(told: Studio) -> None:
    """It died while it asked; the lease that it left is of a time that is far off."""
    _choose(told)
    approve(told.app, waiting(told).id)
    there = waiting(told)
    assert told.app.approvals.begin_asking(there.id, content_of(there) or "", ASKED + 400 * DAY)
    told.live(15 * MINUTE)
    assert len(asked(told)) == 2

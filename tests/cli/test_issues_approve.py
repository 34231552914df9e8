"""`issues approve` as an editor and a script read it, and what list, show, send and stop say of what waits."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from syndicate.app import SystemClock
from syndicate.cli import root
from syndicate.compose.choices import Choices
from syndicate.compose.model import IssueState
from syndicate.errors import SyndicateError
from syndicate.store.approvals import content_of
from tests.pipeline.studio import DAY, FRIDAY, Studio, studio
from tests.pipeline.test_approval import APPROVAL, ASKED, TEMPLATES, at, begun, waiting
from tests.pipeline.test_lint import BAD, house_template


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Studio]:
    """Return an installation whose editor was asked, and whose commands are run at that hour."""
    (tmp_path / "own").mkdir()
    with studio(tmp_path, APPROVAL, TEMPLATES) as opened:
        monkeypatch.setattr(SystemClock, "now", lambda _self: opened.clock.now())
        at(begun(opened), ASKED)
        yield opened


def told(site: Studio, *arguments: str, code: int = 0) -> Result:
    """Return what a command says; a fault that it explains is what it raises here."""
    result = CliRunner().invoke(root, ["-c", str(site.folder / "config.yaml"), *arguments])
    assert result.exit_code == code, result.output
    return result


def refused(site: Studio, *arguments: str) -> SyndicateError:
    """Return why a command does nothing."""
    result = told(site, *arguments, code=1)
    assert isinstance(result.exception, SyndicateError)
    assert result.exception.exit_code == 2
    return result.exception


def test_list_and_show_say_what_waits_since_when_and_what_lets_it_go(site: Studio) -> None:
    listed = told(site, "issues", "list")
    assert "waits for you" in listed.stdout
    assert "weekly waits for your approval: syndicate issues approve 1" in listed.stderr
    shown = told(site, "issues", "show", "1").stdout
    assert "waits for approval since Fri 20 Nov 2026 06:00" in shown
    assert "it goes to 3 readers, if you approve it" in shown
    assert f"approve it: syndicate issues approve 1 --letter {content_of(waiting(site))}" in shown
    assert json.loads(told(site, "issues", "show", "1", "--json").stdout)["asked"].startswith("2026-11-20T06:00")


def test_show_prints_the_letter_as_a_reader_gets_it(site: Studio) -> None:
    issue = waiting(site)
    assert issue.email
    text = told(site, "issues", "show", "1", "--text").stdout
    assert "THE LONG PIER" in text
    assert "syndicateslot" not in text


def test_it_is_approved_by_its_row_and_once(site: Studio) -> None:
    first = told(site, "issues", "approve", "1")
    assert first.stderr.startswith("issue 1 of weekly is approved: “")
    assert "to 3 readers; it leaves Fri 20 Nov 2026 09:00" in first.stderr
    assert "was approved before" in told(site, "issues", "approve", "1").stderr
    assert "approved; it leaves Fri 20 Nov 2026 09:00" in told(site, "issues", "show", "1").stdout
    assert "approved" in told(site, "issues", "list").stdout
    at(site, FRIDAY)
    assert "it is sent" in told(site, "issues", "approve", "1").stderr


def test_a_program_is_told_what_came_of_it(site: Studio) -> None:
    done = json.loads(told(site, "issues", "approve", "1", "--json").stdout)
    assert (done["answer"], done["id"], done["number"], done["state"]) == ("approved", 1, 1, "frozen")
    assert json.loads(told(site, "issues", "approve", "1", "--json").stdout)["answer"] == "already"


def test_another_letter_than_the_one_that_was_shown_is_not_approved(site: Studio) -> None:
    shown = content_of(waiting(site)) or ""
    site.app.choices.keep("weekly", Choices(subject="A pier, at length"), revision=0, now=site.clock.now())
    fault = refused(site, "issues", "approve", "1", "--letter", shown)
    assert "another letter than the one that you were shown" in fault.what
    assert f"syndicate issues approve 1 --letter {content_of(waiting(site))}" in (fault.hint or "")
    refused(site, "issues", "approve", "1", "--letter", shown)
    told(site, "issues", "approve", "1", "--letter", content_of(waiting(site)) or "")


def test_errors_are_told_and_let_through_by_anyway(site: Studio) -> None:
    house_template(site, BAD)
    refused(site, "issues", "approve", "1")  # Its letter is another now, and kept as that.
    assert '"*|" was left by a template' in refused(site, "issues", "approve", "1").what
    assert "(approved anyway)" in told(site, "issues", "approve", "1", "--anyway").stderr


def test_what_is_over_or_is_not_there_says_so(site: Studio) -> None:
    assert "there is no issue 9" in refused(site, "issues", "approve", "9").what
    site.clock.set(FRIDAY + DAY)
    fault = refused(site, "issues", "approve", "1")
    assert fault.what == "issue 1 is skipped, not approved in time: there is nothing to approve"
    assert "syndicate issues send weekly" in (fault.hint or "")


def test_what_waits_cannot_be_stopped_for_it_does_not_go(site: Studio) -> None:
    assert "unless it is approved, it does not go" in refused(site, "issues", "stop", "1").what


def test_sending_by_hand_is_an_approval_and_the_period_has_one_issue(site: Studio) -> None:
    told(site, "issues", "send", "weekly", "--yes")
    assert len(site.letters()) == 3
    (issue,) = site.issues()
    assert (issue.id, issue.state, issue.period) == (1, IssueState.SENT, FRIDAY)
    site.live(DAY)
    assert (len(site.issues()), len(site.letters())) == (1, 3)


def test_a_beat_tells_what_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with studio(tmp_path, APPROVAL) as site:
        monkeypatch.setattr(SystemClock, "now", lambda _self: site.clock.now())
        begun(site).clock.set(ASKED)
        monkeypatch.setattr("syndicate.app.http_fetcher", lambda _config: site.web)
        assert "it waits for you: syndicate issues approve 1" in told(site, "run", "--once").stderr

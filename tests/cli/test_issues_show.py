"""`issues show` and `issues prove`: the account as an editor reads it, and the exit code that a script reads."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import update

from syndicate.audience.policy import may_receive
from syndicate.cli import root
from syndicate.compose.model import IssueState
from syndicate.delivery.model import DeliveryState
from syndicate.delivery.retry import Step
from syndicate.pipeline import deliver, publish
from syndicate.store.deliveries import move
from syndicate.store.lock import sender_lock
from syndicate.store.tables import deliveries
from tests.pipeline.studio import DAY, FRIDAY, HOUR, MINUTE, WEDNESDAY, Post, Studio, studio

S = DeliveryState
OLD = Post(name="old", published=WEDNESDAY - 9 * DAY)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Studio]:
    """Return an installation whose first issue was frozen for five readers and stands with its sender."""
    with studio(tmp_path) as site:
        site.readers("ada", "bo", "cy", "di", "eve")
        site.begin(OLD)
        site.feed(Post(name="harbour"), OLD)
        site.live(HOUR)
        site.clock.set(FRIDAY)
        assert publish(site.app, "weekly", period=FRIDAY).issue == 1
        assert site.app.issues.move(1, IssueState.SENDING, now=FRIDAY)
        yield site


def told(site: Studio, *arguments: str, code: int = 0) -> Result:
    """Return what a command says of the installation."""
    result = CliRunner().invoke(root, ["-c", str(site.folder / "config.yaml"), *arguments])
    assert result.exit_code == code, result.output
    return result


def send(site: Studio, *states: DeliveryState, reply: str = "250 2.0.0 queued") -> None:
    """Let so many letters be claimed and come to these states."""
    now = site.clock.now()
    with sender_lock(site.app.database, now) as owner:
        ledger = site.app.ledger(owner)
        for letter, state in zip(
            ledger.claim_letters(1, ("readers", "friends"), now, may_receive, len(states)), states, strict=True
        ):
            if state is not S.SENDING:
                due = now + 5 * MINUTE if state in (S.DEFERRED, S.IN_DOUBT) else None
                assert ledger.record(letter.key, Step(state=state, due=due, reply=reply))


def test_the_account_stands_in_one_line_and_what_to_do_next_under_it(house: Studio) -> None:
    send(house, S.SENT, S.SENT)
    send(house, S.DEFERRED, S.FAILED, reply="450 4.7.0 <x@reader.example> too many letters")
    with house.app.database.write() as connection:
        move(connection, 2, Step(state=S.BOUNCED, due=None, reply="550 no such user"))
    lines = told(house, "issues", "show", "1").output.splitlines()
    assert "5 candidates = 2 sent + 1 deferred + 1 failed + 0 suppressed + 0 in doubt + 1 still to go" in lines
    assert "  of the sent, 1 came back since, and 0 were called spam" in lines
    assert "  the next one is tried Fri 20 Nov 2026 09:05" in lines
    assert "failed: syndicate deliveries list --issue 1 --state failed" in lines
    assert lines.count("        1  450 4.7.0 … too many letters") == 2


def test_the_same_is_there_for_a_program(house: Studio) -> None:
    send(house, S.SENT, S.SENT, S.IN_DOUBT)
    shown = json.loads(told(house, "issues", "show", "1", "--json").output)
    assert shown["account"] == {
        "candidates": 5,
        "sent": 2,
        "deferred": 0,
        "failed": 0,
        "suppressed": 0,
        "in_doubt": 1,
        "still_to_go": 2,
        "adds_up": True,
        "of_the_sent": {"bounced": 0, "complained": 0},
    }
    assert shown["letters"] == {"sent": 2, "in_doubt": 1, "planned": 2}
    assert shown["times"]["next_try"] == "2026-11-20T09:05:00Z"
    assert [each["letters"] for each in shown["reasons"]] == [1]


def test_a_stopped_issue_says_what_was_cancelled(house: Studio) -> None:
    send(house, S.SENT)
    told(house, "issues", "stop", "1")
    assert "0 in doubt + 4 cancelled" in told(house, "issues", "show", "1").output
    told(house, "issues", "prove", "1")


def test_an_issue_that_was_skipped_has_no_account(tmp_path: Path) -> None:
    with studio(tmp_path) as site:
        site.begin(OLD)
        site.clock.set(FRIDAY)
        site.tick()
        assert "candidates" not in told(site, "issues", "show", "1").output
        told(site, "issues", "prove", "1")


def test_what_is_proven_is_ticked_off_rule_by_rule(house: Studio) -> None:
    deliver(house.app)
    said = told(house, "issues", "prove", "1").output.splitlines()
    assert said[0] == "5 candidates = 5 sent + 0 deferred + 0 failed + 0 suppressed + 0 in doubt"
    assert all(line.startswith("  ✓ ") for line in said[1:])
    proven = json.loads(told(house, "issues", "prove", "1", "--json").output)
    assert proven["holds"]
    assert len(proven["rules"]) == len(said) - 1


def test_what_is_not_true_is_named_and_the_exit_code_says_so(house: Studio) -> None:
    send(house, S.SENT, S.SENT)
    with house.app.database.write() as connection:
        connection.execute(update(deliveries).where(deliveries.c.id == 2).values(reply=None))
        connection.execute(update(deliveries).where(deliveries.c.id == 5).values(issue_id=None))
    said = told(house, "issues", "prove", "1", code=1).output
    assert "5 candidates ≠ 2 sent" in said
    assert "  ✗ each candidate has one letter, in one state: 1 does not" in said
    assert "      syndicate deliveries list --issue 1 --after 1 --limit 1" in said
    named = told(house, "deliveries", "list", "--issue", "1", "--after", "1", "--limit", "1").output
    assert "ada@reader.example" in named
    shown = told(house, "issues", "show", "1").output
    assert "  this does not add up: the ledger holds 4 letters for it, 1 missing: syndicate issues prove 1" in shown
    proven = json.loads(told(house, "issues", "prove", "1", "--json", code=1).output)
    assert [each["rule"] for each in proven["rules"] if not each["holds"]] == ["sum", "settled"]


def test_what_is_on_a_wire_is_said_to_be(house: Studio) -> None:
    send(house, S.SENDING)
    said = told(house, "issues", "prove", "1").output
    assert "has letters on a wire now" in said


def test_an_unknown_issue_is_said_to_be_unknown(house: Studio) -> None:
    assert "there is no issue 9" in str(told(house, "issues", "prove", "9", code=1).exception)

"""`syndicate relays` and `deliveries retry --issue` as an editor meets them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import insert, update

from syndicate.app import App, open_app
from syndicate.audience.model import SuppressionReason
from syndicate.cli import root
from syndicate.compose.model import IssueState
from syndicate.config import load_config
from syndicate.delivery.manners import Rest
from syndicate.delivery.model import DeliveryState
from syndicate.errors import ConfigError, NotFoundError
from syndicate.store.tables import deliveries, relay_hours
from tests.contracts.build import NOW, frozen

CONFIG: dict[str, Any] = {
    "site": {"name": "The Bench", "url": "https://bench.example", "timezone": "Europe/Dublin"},
    "feeds": {"reviews": {"url": "feed.xml"}},
    "mail": {
        "from": "The Bench <news@bench.example>",
        "relays": {
            "main": {"host": "one.example", "per_day": 200, "connections": 4},
            "spare": {"host": "two.example", "port": 465, "security": "tls", "rate": 0.5},
        },
    },
}
FAR = datetime(2126, 1, 1, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a folder with a config.yaml."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yaml").write_text(json.dumps(CONFIG), encoding="utf-8")
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(root, list(arguments), catch_exceptions=False, standalone_mode=False)


def data() -> Any:
    return json.loads(run("relays", "list", "--json").stdout)


@contextmanager
def app() -> Iterator[App]:
    """Open the installation that the commands open."""
    with open_app(load_config(Path("config.yaml"), {})) as opened:
        yield opened


def give(letters: int) -> None:
    """Let the main relay have been given letters in this hour."""
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    with app() as opened, opened.database.write() as connection:
        connection.execute(insert(relay_hours).values(relay="main", hour=hour, letters=letters))


def test_the_relays_are_listed_in_their_order_with_their_limits() -> None:
    give(120)
    lines = [line.split() for line in run("relays", "list").stdout.splitlines()]
    assert lines[1] == ["main", "one.example:587", "4", "-", "120", "of", "200", "open"]
    assert lines[2] == ["spare", "two.example:465", "1", "0.5", "-", "open"]


def test_a_used_up_quota_says_when_it_goes_on() -> None:
    give(200)
    main, spare = data()
    assert (main["given"], main["per_day"], spare["goes_on"]) == (200, 200, None)
    wait = datetime.fromisoformat(main["goes_on"]) - datetime.now(UTC)
    assert timedelta(hours=24) < wait <= timedelta(hours=25)
    assert "quota used up, goes on" in run("relays", "list").stdout


def test_a_rest_is_shown_with_its_reason_and_ended_by_hand() -> None:
    with app() as opened:
        opened.relays.rest("main", Rest(until=FAR, because="550 5.7.1 \x1b[2J not from you"))
    told = run("relays", "list").stdout
    assert "rests until Tue 01 Jan 2126 12:00: 550 5.7.1" in told
    assert "\x1b" not in told
    assert data()[0]["rests_until"] == "2126-01-01T12:00:00Z"
    assert "rests no more" in run("relays", "resume", "main").stderr
    assert data()[0]["rests_until"] is None
    assert "does not rest" in run("relays", "resume", "main").stderr


def test_resuming_everything_ends_no_rest() -> None:
    with app() as opened:
        opened.relays.rest("main", Rest(until=FAR, because="550 no"))
    run("pause")
    run("resume")
    assert data()[0]["rests_until"] is not None


def test_a_relay_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(NotFoundError, match=r'config\.yaml has no relay "mian"; it has: main, spare'):
        run("relays", "resume", "mian")


def test_an_outbox_has_no_relays_to_list(folder: Path) -> None:
    outbox = {**CONFIG, "mail": {"from": "a@bench.example", "outbox": "out"}}
    (folder / "config.yaml").write_text(json.dumps(outbox), encoding="utf-8")
    assert "has no relay" in run("relays", "list").stdout
    assert data() == []


# --- deliveries retry --issue ---


@pytest.fixture
def issue() -> int:
    """An issue that was sent, and refused for three of three readers; one of them is suppressed since."""
    with app() as opened:
        number = frozen(opened.database, "ada", "bo", "cy")
        opened.issues.move(number, IssueState.SENDING, now=NOW)
        opened.issues.move(number, IssueState.SENT, now=NOW)
        refused = {"state": DeliveryState.FAILED, "due": None, "reply": "550 5.7.1 Not from you"}
        with opened.database.write() as connection:
            connection.execute(update(deliveries).where(deliveries.c.issue_id == number).values(refused))
        opened.audience.suppress("cy@reader.example", SuppressionReason.MANUAL, NOW)
    return number


def states(issue: int) -> list[str]:
    with app() as opened:
        return [row.state.value for row in opened.deliveries.listed(issue=issue)]


def test_what_failed_of_an_issue_goes_again_by_what_the_server_said(issue: int) -> None:
    told = run("deliveries", "retry", "--issue", str(issue), "--reply", "not FROM").stderr
    assert told.startswith("2 planned again; they go at the next beat")
    assert "1 stay failed: their readers are suppressed" in told
    assert states(issue) == ["planned", "planned", "failed"]


def test_a_dry_run_of_it_only_counts(issue: int) -> None:
    told = run("deliveries", "retry", "--issue", str(issue), "--dry-run").stderr
    assert told.startswith("2 would be planned again\n")
    assert states(issue) == ["failed"] * 3


@pytest.mark.parametrize(
    "arguments",
    [(), ("1", "--issue", "1"), ("1", "--reply", "x"), ("1", "--dry-run"), ("--reply", "x")],
    ids=["nothing", "both", "a number and a reply", "a number as a dry run", "a reply of no issue"],
)
def test_what_makes_no_sense_is_refused(arguments: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError):
        run("deliveries", "retry", *arguments)


def test_an_issue_that_is_not_there_or_was_stopped_is_refused() -> None:
    with pytest.raises(NotFoundError):
        run("deliveries", "retry", "--issue", "99")
    with app() as opened:
        number = frozen(opened.database, "ada")
        opened.issues.cancel(number, NOW)
    with pytest.raises(ConfigError, match=f"issue {number}: it was stopped"):
        run("deliveries", "retry", "--issue", str(number))

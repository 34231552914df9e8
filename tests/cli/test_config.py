"""`syndicate config check` and `show`: what is wrong, what will happen, what holds."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from syndicate.cli import root
from tests.config.good import ENVIRON, GOOD, spoiled


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A good config.yaml with its secrets set."""
    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)
    path = tmp_path / "config.yaml"
    path.write_text(GOOD)
    return path


def run(path: Path, *arguments: str) -> Result:
    return CliRunner().invoke(root, ["--config", str(path), "config", *arguments])


def test_a_good_config_says_what_will_happen(path: Path) -> None:
    result = run(path, "check")
    assert result.exit_code == 0
    assert result.stderr == ""
    assert result.stdout.splitlines() == [
        f"{path} is good:",
        "  the feed reviews is read every 15m",
        "  the digest weekly goes to readers, films, fri 09:00 Europe/Dublin, through smtp.example.org:587",
        "  the statuses of main are posted to https://mastodon.example, public",
    ]


def test_where_readers_join_and_what_comes_back_is_read_are_told_where_there_is_any_of_it(path: Path) -> None:
    text = GOOD.replace("mail:\n", "mail:\n  mailbox: {maildir: back/}\n  return_path: b+{token}@lantern.example\n", 1)
    path.write_text(text + "web: {public_url: 'https://news.lantern.example'}\n")
    result = run(path, "check")
    assert result.stdout.splitlines()[-2:] == [
        "  readers join and leave at https://news.lantern.example, served at 127.0.0.1:8026",
        "  what comes back is read from the Maildir back, every 5m",
    ]


def test_what_a_missing_password_would_stop_is_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BACK", raising=False)
    box = "  mailbox: {imap: {host: imap.example.org, user: b, password_env: BACK}}\n"
    path.write_text(GOOD.replace("mail:\n", f"mail:\n{box}  return_path: b+{{token}}@lantern.example\n", 1))
    assert "the variable BACK is not set here; nothing that comes back would be read" in run(path, "check").stderr


def test_every_mistake_is_told_and_counted(path: Path) -> None:
    path.write_text(spoiled("timezone:", "timezon:").replace("fri 09:00", "9:00"))
    result = run(path, "check")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert [line.partition(": ")[0] for line in result.stderr.splitlines()] == [
        f"{path} line 4",
        f"{path} line 22",
        f"{path} has 2 mistakes",
    ]


def test_mistakes_as_json_have_their_line_and_key(path: Path) -> None:
    path.write_text(spoiled("timezone:", "timezon:"))
    result = run(path, "check", "--json")
    told = json.loads(result.stdout)
    assert result.exit_code == 2
    assert told["good"] is False
    assert [(fault["line"], fault["key"]) for fault in told["faults"]] == [(4, "site.timezon")]


def test_a_warning_goes_to_stderr_and_stops_nothing(path: Path) -> None:
    path.write_text(spoiled("notify: ed@lantern.example\n", ""))
    result = run(path, "check")
    assert result.exit_code == 0
    assert result.stderr.startswith(f"warning: {path}: notify is missing")
    assert json.loads(run(path, "check", "--json").stdout)["warnings"]


def test_show_tells_defaults_and_masks_secrets(path: Path) -> None:
    path.write_text(f"{GOOD}database: postgresql://ed:hush@db.example/x\n")
    shown = json.loads(run(path, "show", "--json").stdout)
    assert shown["database"] == "postgresql+psycopg://ed:***@db.example/x"
    assert shown["digests"]["weekly"]["max_lateness"] == "24h"
    assert shown["mail"]["from"] == "The Lantern <news@lantern.example>"
    assert shown["mail"]["relay"]["password_env"] == "SMTP_PASSWORD"
    text = run(path, "show").stdout
    assert "max_lateness: 24h" in text
    assert "hush" not in text


def test_a_config_that_is_wrong_is_one_report_and_no_traceback(path: Path) -> None:
    path.write_text(spoiled("timezone:", "timezon:").replace("fri 09:00", "9:00"))
    command = [sys.executable, "-m", "syndicate", "--config", str(path), "config", "show"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "line 4" in done.stderr
    assert "line 22" in done.stderr

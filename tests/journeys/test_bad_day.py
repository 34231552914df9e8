"""A bad day for the machine: killed at any moment, a full or closed disk, files gone or garbled, secrets in logs."""

from __future__ import annotations

import json
import mailbox
import os
import random
import shutil
import subprocess
import sys
import time
from collections import Counter, deque
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes
from pathlib import Path

import pytest

from tests.channels.mastodon_double import MastodonDouble
from tests.channels.smtp_server import ScriptedSmtp
from tests.journeys.site import Site, kill

pytestmark = pytest.mark.journey
READERS = 6
ROUNDS = int(os.environ.get("SYNDICATE_KILLS", "6"))
"""How often a run is killed; SYNDICATE_KILLS=50 for a long evening."""


def killed_runs(site: Site, seed: int, rounds: int = ROUNDS) -> int:
    """Start the run so many times and kill it at a moment of chance; return how many were killed before their end."""
    chance, killed = random.Random(seed), 0
    for _ in range(rounds):
        process = site.start("run", "--once")
        time.sleep(chance.uniform(0.15, 1.6))  # a real process: there is no moment to wait for, any will do
        if process.poll() is None:
            kill(process)
            killed += 1
        out, err = process.communicate(timeout=60)
        assert "Traceback" not in err, err
        assert process.returncode in (-9, 0, 1), out + err
    return killed


def finished(site: Site) -> None:
    """Run until nothing is left to do; what was in doubt too often is decided by a person."""
    for _ in range(4):
        site.run("run", "--once", code=None)
        for held in site.json("deliveries", "list", "--state", "in_doubt"):
            site.run("deliveries", "resolve", str(held["id"]), "--as", "planned")
    assert "nothing is new" in site.run("run", "--once").stderr


@pytest.mark.parametrize(
    "fresh",
    [pytest.param(True, marks=pytest.mark.soak), False],
    ids=["from the first migration on", "from a list on"],
)
def test_killed_at_any_moment_the_outbox_ends_whole_and_each_thing_is_in_it_once(fresh: bool, tmp_path: Path) -> None:
    site = Site(tmp_path, accounts={"main": {"outbox": "out", "spacing": "0s"}})
    if not fresh:
        site.subscribe(READERS)
    killed = killed_runs(site, seed=3 if fresh else 5)
    assert killed
    if fresh:
        site.subscribe(READERS)
    finished(site)
    letters = [letter["To"] for letter in mailbox.Maildir(tmp_path / "out" / "mail", create=False)] if not fresh else []
    assert Counter(letters) == ({} if fresh else Counter(dict.fromkeys(letters, 1)))
    assert len(letters) == (0 if fresh else READERS)
    posted = [json.loads(path.read_text()) for path in (tmp_path / "out" / "statuses" / "main").glob("*.json")]
    assert len({each["link"] for each in posted}) == len(posted) == 3
    (issue,) = site.json("issues", "list")
    assert issue["state"] == "sent"


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.soak)])
def test_killed_at_any_moment_each_reader_gets_a_letter_and_a_second_only_under_its_first_name(
    seed: int, tmp_path: Path, database_url: str
) -> None:
    with ScriptedSmtp() as server:
        mail = {"relay": {"host": "127.0.0.1", "port": server.port, "security": "none"}}
        site = Site(tmp_path, mail=mail, database=database_url)
        site.subscribe(READERS)
        killed_runs(site, seed)
        doubts = sum(each["doubts"] for each in site.json("deliveries", "list"))
        finished(site)
        server.wait_closed()
        doubts = max(doubts, sum(each["doubts"] for each in site.json("deliveries", "list")))
        got: dict[str, list[str]] = {}
        for message in server.messages:
            got.setdefault(message.recipients[0], []).append(message_from_bytes(message.content)["Message-ID"])
        got.pop("editor@journey.example", None)
        assert len(got) == READERS, "somebody was lost"
        assert all(len(set(names)) == 1 for names in got.values()), "another Message-ID"
        assert sum(len(names) - 1 for names in got.values()) <= doubts, "a second letter that was not in doubt"
        assert site.json("issues", "show", "1")["letters"] == {"sent": READERS}


def obeying(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command that obeys the files' modes, which root alone does not."""
    mortal = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []
    command = [*mortal, sys.executable, "-m", "syndicate", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(
    ("closed", "code", "said"),
    [
        pytest.param("syndicate.db", 3, "readonly database", id="database"),
        pytest.param("cache", 0, "picture-not-kept", id="cache"),
        pytest.param("out", 1, "outbox cannot be written", id="outbox"),
        pytest.param("syndicate.key", 1, "key cannot be read", id="key"),
        pytest.param("syndicate.db.generation", 1, "let this user read", id="generation"),
        pytest.param("syndicate.db.lock", 1, "lock cannot be opened", id="lock"),
        pytest.param("config.yaml", 2, "not readable", id="config"),
    ],
)
def test_what_cannot_be_written_is_named_and_nothing_is_lost(closed: str, code: int, said: str, tmp_path: Path) -> None:
    assert obeying(tmp_path, "init", "--sample").returncode == 0
    assert obeying(tmp_path, "subscribers", "import", "readers.csv").returncode == 0
    path = tmp_path / closed
    if "." in closed:
        path.touch()
    else:
        path.mkdir()
    path.chmod(0o555 if path.is_dir() else 0o444 if closed == "syndicate.db" else 0)
    told = obeying(tmp_path, "run", "--once")
    assert told.returncode == code, told.stderr
    assert said in told.stderr
    assert "fault of ours" not in told.stderr
    for each in tmp_path.glob(f"{closed}*"):  # SQLite gives the files beside a database its own mode
        each.chmod(0o755 if each.is_dir() else 0o600)
    if path.name in ("syndicate.key", "syndicate.db.generation"):
        path.unlink()  # it was made empty, for this test
    assert obeying(tmp_path, "run", "--once").returncode == 0
    letters = mailbox.Maildir(tmp_path / "out" / "mail", create=False)
    assert len([letter for letter in letters if letter["List-Id"]]) == 8, "each reader once"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Return a folder on a disk of its own of three megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", folder], capture_output=True, check=False)
    if made.returncode:
        pytest.skip("a disk of its own needs root")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_full_disk_loses_nothing_and_says_so_and_more_space_ends_it(small_disk: Path) -> None:
    site = Site(small_disk, accounts={"main": {"outbox": "out", "spacing": "0s"}})
    site.subscribe(READERS)
    fill = small_disk / "fill"
    with fill.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"0" * 4096)
        except OSError:
            pass
    for spare in (0, 0, 8, 16, 24, 40, 80):
        os.truncate(fill, max(0, fill.stat().st_size - spare * 1024))
        told = site.run("run", "--once", code=None)
        assert told.returncode in (0, 1, 3), told.stderr
        assert "fault of ours" not in told.stderr
    fill.unlink()
    finished(site)
    recipients = [letter["To"] for letter in mailbox.Maildir(small_disk / "out" / "mail", create=False)]
    readers = [to for to in recipients if "editor" not in to]
    assert len(readers) == len(set(readers)) == READERS
    assert len(list((small_disk / "out" / "statuses" / "main").glob("*.json"))) == 3


def remove(path: Path) -> None:
    shutil.rmtree(path) if path.is_dir() else path.unlink()


@pytest.mark.parametrize("gone", ["out", "cache", "syndicate.key", "syndicate.db.lock"])
def test_a_file_that_is_gone_is_made_again_and_nothing_is_sent_again(gone: str, tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.subscribe(2)
    site.run("run", "--once")
    if (tmp_path / gone).exists():
        remove(tmp_path / gone)
    assert "nothing is new" in site.run("run", "--once").stderr
    assert site.json("issues", "show", "1")["letters"] == {"sent": 2}
    assert gone != "out" or not (tmp_path / "out" / "mail").exists()


@pytest.mark.parametrize("content", [None, b"", b"nonsense\n"], ids=["gone", "empty", "garbled"])
def test_a_generation_that_is_lost_stops_sending_until_a_person_accepts(content: bytes | None, tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.subscribe(2)
    site.run("run", "--once")
    path = tmp_path / "syndicate.db.generation"
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    assert "accept-restore" in site.run("run", "--once", code=1).stderr
    site.run("store", "accept-restore")
    site.run("run", "--once")


@pytest.mark.parametrize("content", [b"\0" * 5000, os.urandom(50_000), b"SQLite format 3\0" + b"x" * 9000])
def test_a_database_that_is_none_is_named_by_every_command(content: bytes, tmp_path: Path) -> None:
    site = Site(tmp_path)
    (tmp_path / "syndicate.db").write_bytes(content)
    for command in (("run", "--once"), ("poll",), ("reviews", "list"), ("store", "backup", "copy.db"), ("pause",)):
        told = site.run(*command, code=3)
        assert "syndicate.db" in told.stderr
        assert "backup" in told.stderr


def test_a_lock_of_a_dead_process_locks_nobody_out(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.subscribe(1)
    (tmp_path / "syndicate.db.lock").write_text("elsewhere:1:20260101T000000000000\n")
    site.run("run", "--once")
    assert site.json("issues", "show", "1")["letters"] == {"sent": 1}


SECRETS = {"RELAY": "hunter2-Ünter\\pass", "TOKEN": "tok-en-4711-abcdef"}


def test_no_secret_is_in_any_output_or_file(tmp_path: Path) -> None:
    with ScriptedSmtp() as server, MastodonDouble(now=lambda: datetime.now(UTC)) as instance:
        relay = {"host": "127.0.0.1", "port": server.port, "security": "none", "user": "me", "password_env": "RELAY"}
        account = {"instance": instance.url, "token_env": "TOKEN", "spacing": "0s"}
        site = Site(tmp_path, mail={"relay": relay}, accounts={"main": account}, environ=SECRETS)
        site.subscribe(2)
        told, styles = "", deque([("-vv",), ("-vv", "--log-format", "json")])
        for command in (
            ("run", "--once"),
            ("run", "--once"),
            ("accounts", "check"),
            ("accounts", "check", "--json"),
            ("config", "show"),
            ("config", "show", "--json"),
            ("config", "check"),
            ("deliveries", "list", "--json"),
            ("statuses", "list", "--json"),
            ("statuses", "show", "1"),
            ("issues", "send", "--test", "me@mail.example"),
            ("issues", "preview", "--eml"),
            ("feeds", "list", "--json"),
        ):
            styles.rotate()
            done = site.run(*styles[0], *command, code=None)
            told += done.stdout + done.stderr
        files = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert "event" in told
    for secret in SECRETS.values():
        assert secret not in told
        assert secret.encode() not in files

"""Moving from SQLite to PostgreSQL, by the real command line: nobody gets an issue again, and nobody is missed."""

from __future__ import annotations

import json
import mailbox
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Server
from tests.journeys.site import FILMS, Site

pytestmark = [pytest.mark.journey, pytest.mark.postgres, pytest.mark.soak]
HERE = "sqlite:///syndicate.db"
SECOND = ("THE LONG ISSUE TWO", *FILMS)


@pytest.fixture
def there(postgres: Server) -> Iterator[str]:
    name = "moved_house"
    yield postgres.make(name)
    postgres.drop(name)


def letters_in(folder: Path) -> Counter[tuple[str, str]]:
    """Return how often each reader got the letter of each subject."""
    found = mailbox.Maildir(folder / "out" / "mail", create=False)
    return Counter((str(mail["To"]), str(mail["Subject"])) for mail in found if "editor@" not in str(mail["To"]))


def change(site: Site, **keys: object) -> None:
    """Set keys of config.yaml."""
    path = site.folder / "config.yaml"
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), **keys}), encoding="utf-8")


def test_a_house_is_moved_between_two_issues(tmp_path: Path, there: str) -> None:
    site = Site(tmp_path, accounts={"main": {"outbox": "out"}})
    change(site, feeds={"reviews": {"url": "feed.xml", "backfill": 3, "settle": "0s"}})
    site.subscribe(5)
    site.run("run", "--once")
    first = letters_in(tmp_path)
    assert len(first) == 5
    statuses = len(site.json("statuses", "list"))

    dry = site.json("store", "copy", HERE, there, "--dry-run")
    done = site.run("store", "copy", HERE, there, "--json")
    assert json.loads(done.stdout) == dry
    assert {"table": "deliveries", "rows": 5 + statuses} in dry
    assert "read again and are alike" in done.stderr

    old = site.run("run", "--once", code=None)
    assert "was copied to" in old.stderr
    change(site, database=there)
    site.run("run", "--once")
    assert letters_in(tmp_path) == first
    assert len(site.json("statuses", "list")) == statuses
    site.subscribe(7)
    site.publish(SECOND)
    site.run("poll", "reviews")
    site.run("issues", "send", "weekly", "--yes")
    after = letters_in(tmp_path)
    assert sorted(Counter(address for address, _ in after).values()) == [1, 1, 2, 2, 2, 2, 2]
    assert set(after.values()) == {1}
    for number in ("1", "2"):
        site.run("issues", "prove", number)


def test_ctrl_c_in_the_midst_leaves_one_database_to_send_from(tmp_path: Path, there: str) -> None:
    site = Site(tmp_path)
    site.subscribe(3)
    slow = (
        "import signal, os, sys\n"
        "from syndicate.store import carrying\n"
        "load = carrying.load\n"
        "def interrupted(connection, table, found):\n"
        "    load(connection, table, found)\n"
        "    if table.name == 'subscriptions':\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n"
        "carrying.load = interrupted\n"
        "from syndicate.cli import main\n"
        "main(sys.argv[1:])\n"
    )
    command = [sys.executable, "-c", slow, "store", "copy", HERE, there]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 128 + signal.SIGINT, ended.stderr
    assert "nothing was copied" in ended.stderr
    assert "Traceback" not in ended.stderr
    site.run("run", "--once")
    assert len(letters_in(tmp_path)) == 3
    site.run("store", "copy", HERE, there)
    change(site, database=there)
    site.run("run", "--once")
    assert len(letters_in(tmp_path)) == 3


@pytest.mark.parametrize(
    ("source", "target", "told"),
    [
        (HERE, HERE, "the same database"),
        ("sqlite:///nowhere.db", HERE, "no database of syndicate's"),
        ("mysql://a:secret@b/c", HERE, "FROM must begin with"),
        (HERE, "postgres://a:secret@b/c", "TO write PostgreSQL as"),
        (HERE, "sqlite:///full.db", "not empty"),
    ],
    ids=["the same", "from nowhere", "no scheme of ours", "another scheme", "not empty"],
)
def test_what_cannot_be_copied_is_told_without_a_secret(tmp_path: Path, source: str, target: str, told: str) -> None:
    site = Site(tmp_path, database="sqlite:///full.db")
    site.subscribe(1)
    change(site, database=HERE)
    site.subscribe(1)
    done = site.run("store", "copy", source, target, code=2)
    assert told in done.stderr
    assert "secret" not in done.stderr
    assert not (tmp_path / "nowhere.db").exists()


def test_a_database_that_was_left_goes_on_where_a_person_says_so(tmp_path: Path, there: str) -> None:
    site = Site(tmp_path)
    site.subscribe(2)
    site.run("store", "copy", HERE, there)
    assert "accept-restore" in site.run("run", "--once", code=None).stderr
    assert not (tmp_path / "out" / "mail").exists() or letters_in(tmp_path) == Counter()
    site.run("store", "accept-restore")
    site.run("store", "accept-restore")
    assert "was copied to" not in site.run("run", "--once", code=None).stderr

"""Hostile text, hostile arguments and broken streams: the terminal obeys nobody, and every end has its exit code."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from syndicate.cli.terminal import tame
from tests.journeys.site import Site

pytestmark = pytest.mark.journey

SCREEN = "\x1b[2J\x1b]0;gotcha\x07"
TURNED = "\u202egnp\u2066"
C1 = "\x9b31m"
HOSTILE = f"NINE DOORS {SCREEN}{TURNED}{C1}\r\nBcc: everybody@journey.example"
RAW = (b"\x07", b"\x9b31", TURNED[0].encode(), TURNED[-1].encode(), C1.encode())


def hostile_site(folder: Path) -> Site:
    """Return an installation whose feed would move the cursor, turn the writing direction and add a header."""
    site = Site(folder, accounts={"main": {"outbox": "out"}})
    post = {
        "id": f"1{HOSTILE}",
        "url": "https://journey.example/2026/11/nine.html",
        "title": f"New Release Review - {HOSTILE}",
        "content_html": f"<p>{HOSTILE}</p><p>Directed by: {HOSTILE}</p><p>Starring: {HOSTILE}</p><p>It is good.</p>",
        "date_published": "2026-11-20T09:00:00Z",
        "tags": [HOSTILE],
    }
    feed = {"version": "https://jsonfeed.org/version/1.1", "title": HOSTILE, "items": [post]}
    (folder / "feed.xml").write_text(json.dumps(feed), encoding="utf-8")
    site.subscribe(1)
    site.run("run", "--once")
    return site


def on_a_terminal(site: Site, *arguments: str) -> bytes:
    """Return what a terminal is sent by a command, stdout and stderr together."""
    master, slave = pty.openpty()
    command = [sys.executable, "-m", "syndicate", *arguments]
    process = subprocess.Popen(command, cwd=site.folder, stdin=slave, stdout=slave, stderr=slave)
    os.close(slave)
    told = b""
    try:
        while chunk := os.read(master, 65536):
            told += chunk
    except OSError:
        pass  # Linux says EIO where the last writer is gone.
    os.close(master)
    process.wait(60)
    return told


@pytest.mark.parametrize(
    "arguments",
    [
        ("feeds", "read", "feed.xml"),
        ("feeds", "read", "feed.xml", "--json"),
        ("feeds", "list"),
        ("reviews", "list"),
        ("reviews", "list", "--json"),
        ("reviews", "show", "1"),
        ("reviews", "hold", "1"),
        ("issues", "build"),
        ("issues", "list"),
        ("issues", "show", "1"),
        ("issues", "preview"),
        ("statuses", "list"),
        ("statuses", "show", "1"),
        ("-vv", "poll", "reviews"),
        ("-vv", "--log-format", "json", "run", "--once"),
        ("subscribers", "show", HOSTILE),
        ("feeds", "read", HOSTILE),
        ("-c", HOSTILE, "poll"),
        (HOSTILE,),
    ],
    ids=lambda arguments: " ".join(arguments).encode("ascii", "replace").decode().replace("\x1b", "ESC")[:40],
)
def test_nothing_that_the_world_wrote_gives_a_terminal_an_order(arguments: tuple[str, ...], tmp_path: Path) -> None:
    site = hostile_site(tmp_path)
    told = on_a_terminal(site, *arguments)
    assert told.strip()
    assert b"\x1b" not in told, told
    assert not [order for order in RAW if order in told], told


def test_json_with_control_characters_is_still_json_and_says_what_was_there(tmp_path: Path) -> None:
    site = hostile_site(tmp_path)
    told = site.run("feeds", "read", "feed.xml", "--json")
    assert TURNED in json.loads(told.stdout)["entries"][0]["title"]
    assert TURNED not in told.stdout
    (listed,) = site.json("reviews", "list")
    assert TURNED in listed["title"]


def test_tamed_text_keeps_its_lines_and_its_letters() -> None:
    assert tame("Zoë\tő ★½ علی‌رضا 👩‍🚀\n") == "Zoë\tő ★½ علی‌رضا 👩‍🚀\n"
    assert tame("a\x1b[1mb\r\x9c\u2028") == "a\\u001b[1mb\\u000d\\u009c\\u2028"


@pytest.mark.parametrize("field", ["film", "alt", "cw", "excerpt"])
def test_an_edit_with_an_order_in_it_is_refused(field: str, tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.run("poll")
    refused = site.run("reviews", "edit", "1", f"--{field}", f"NINE DOORS {SCREEN}", code=2)
    assert "U+001B" in refused.stderr
    assert site.json("reviews", "show", "1")["edits"] == {}


def test_an_excerpt_may_have_lines_and_a_film_may_not(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.run("poll")
    site.run("reviews", "edit", "1", "--excerpt", "One line.\n\nAnother.")
    site.run("reviews", "edit", "1", "--film", "One line\nBcc: everybody@journey.example", code=2)


NUMBERS = ("0", "-1", "99999999999999999999999999", "1.5", "one", "", "\x1b[1m", "²")


@pytest.mark.parametrize("number", NUMBERS, ids=lambda number: number.replace("\x1b", "ESC") or "nothing")
def test_a_number_that_is_none_is_refused_by_every_command(number: str, tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.run("poll")
    for command in (
        ("reviews", "show"),
        ("issues", "show"),
        ("statuses", "retry"),
        ("deliveries", "resolve", "--as", "sent"),
        ("reviews", "edit", "--film", "NINE DOORS"),
    ):
        site.run(*command, "--", number, code=2)
    if number:
        site.run("reviews", "edit", "1", "--year", number, code=2)


def test_an_empty_address_for_a_test_letter_sends_no_issue(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.subscribe(2)
    site.run("poll")
    assert "is no email address" in site.run("issues", "send", "--yes", "--test", "", code=2).stderr
    assert not (tmp_path / "out").exists()


def shell(site: Site, line: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a line of bash in which $S is the command."""
    return subprocess.run(
        ["bash", "-c", f'S="{sys.executable} -m syndicate"; {line}'],
        cwd=site.folder,
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("line", "code"),
    [
        pytest.param("$S reviews list --json | head -c 1 >&2; exit ${PIPESTATUS[0]}", 0, id="a reader who leaves"),
        pytest.param("$S issues preview --html | true; exit ${PIPESTATUS[0]}", 0, id="a reader of bytes who leaves"),
        pytest.param("$S run --once 2>&1 >/dev/null | true; exit ${PIPESTATUS[0]}", 0, id="a story told to nobody"),
        pytest.param("$S reviews list >&-", 0, id="stdout closed"),
        pytest.param("$S run --once 2>&-", 0, id="stderr closed"),
        pytest.param("$S run --once <&- >&- 2>&-", 0, id="all closed"),
        pytest.param("$S statuses measure <&-", 0, id="stdin closed"),
        pytest.param("$S subscribers import - <&-", 2, id="stdin closed where a file is asked for"),
        pytest.param("$S -c other.yaml init <&-", 2, id="nobody to ask"),
        pytest.param("$S reviews list >/dev/full", 3, id="stdout on a full disk"),
        pytest.param("$S subscribers export >/dev/full", 3, id="an export onto a full disk"),
        pytest.param("$S run --once 2>/dev/full", 0, id="stderr on a full disk"),
        pytest.param("$S -c nowhere.yaml poll 2>/dev/full", 2, id="an error that nobody can be told"),
    ],
)
def test_a_broken_stream_breaks_no_work_and_no_exit_code(line: str, code: int, tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.subscribe(2)
    site.run("poll")
    done = shell(site, line)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    if "run" in line:
        assert site.json("issues", "show", "1")["letters"] == {"sent": 2}


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-16"])
def test_any_locale_shows_any_name(encoding: str, tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.run("subscribers", "add", "zoe@mail.example", "--name", "Zoë ★ Ő")
    for command in ("list", "list --json", "export"):
        done = shell(site, f"$S -vv subscribers {command}", PYTHONIOENCODING=encoding, LC_ALL="C", LANG="C")
        assert done.returncode == 0, done.stderr
        assert "Zoë ★ Ő" in done.stdout


FAULT = "import syndicate.cli.lists, syndicate.cli as cli; syndicate.cli.lists.opened = {broken}; cli.main()"


def broken(folder: Path, how: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `lists` with a fault planted into it."""
    command = [sys.executable, "-c", FAULT.format(broken=how), *arguments, "lists", "list"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)


def test_a_fault_of_ours_asks_to_be_reported_and_shows_its_traceback_when_asked(tmp_path: Path) -> None:
    quiet = broken(tmp_path, "None")
    assert (quiet.returncode, quiet.stdout) == (3, "")
    assert "fault of ours" in quiet.stderr
    assert "-vv" in quiet.stderr
    assert "Traceback" not in quiet.stderr
    told = broken(tmp_path, "None", "-vv")
    assert told.returncode == 3
    assert "Traceback" in told.stderr


def test_what_the_machine_refuses_is_told_with_its_place(tmp_path: Path) -> None:
    told = broken(tmp_path, "lambda context: open('/nowhere/at/all')")
    assert told.returncode == 3
    assert "/nowhere/at/all: No such file or directory" in told.stderr
    assert "fault of ours" not in told.stderr

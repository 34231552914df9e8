"""What a person sees of a sending while it goes: on a terminal of sixty columns, and where nobody looks."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.channels.smtp_server import Action, Moment, Say, ScriptedSmtp, Step
from tests.journeys.site import Site, kill

pytestmark = pytest.mark.journey
WIDTH, READERS = 60, 60
ESCAPE = re.compile(r"\x1b\[[0-?]*[A-Za-z]")
COLOUR = re.compile(r"\x1b\[[\d;]*3\d[\d;]*m")


class Slow:
    """A relay that takes its time with each letter until somebody has seen enough, and refuses the second."""

    def __init__(self) -> None:
        self.seen = threading.Event()

    def __call__(self, moment: Moment) -> Action | None:
        if moment.step is Step.DOT:
            self.seen.wait(0.1)
        if moment.step is Step.RCPT and moment.letter == 2:
            return Say("550 5.1.1 no such user")
        return None


def _without_a_width(environ: Mapping[str, str]) -> dict[str, str]:
    """Tests that run side by side are told of a width that is not this terminal's."""
    return {name: value for name, value in environ.items() if name not in ("COLUMNS", "LINES")}


def watched(site: Site, enough: Callable[[str], bool], slow: Slow, **environ: str) -> str:
    """Return what a terminal is sent by `run --once`; the relay hurries once what is shown is enough."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, WIDTH, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-m", "syndicate", "run", "--once"],
        cwd=site.folder,
        env={**_without_a_width(os.environ), "TERM": "xterm-256color", **environ},
        stdin=slave,
        stdout=slave,
        stderr=slave,
    )
    os.close(slave)
    told = b""
    try:
        while chunk := os.read(master, 65536):
            told += chunk
            if enough(told.decode("utf-8", "replace")):
                slow.seen.set()
    except OSError:
        pass  # Linux says EIO where the last writer is gone.
    os.close(master)
    assert process.wait(60) == 1
    return told.decode("utf-8", "replace")


def shows_all(told: str) -> bool:
    """Return whether rate, time left and what was refused were shown at one time or another."""
    return all(re.search(word, ESCAPE.sub("", told)) for word in (r"\d/s", "left", "1 failed"))


@pytest.mark.parametrize("environ", [{}, {"NO_COLOR": "1"}], ids=["in-colour", "NO_COLOR"])
def test_a_sending_is_seen_while_it_goes_and_leaves_only_its_account(tmp_path: Path, environ: dict[str, str]) -> None:
    slow = Slow()
    with ScriptedSmtp(on_step=slow) as server:
        relay = {"relay": {"host": "127.0.0.1", "port": server.port, "security": "none"}}
        site = Site(tmp_path, mail=relay)
        site.subscribe(READERS)
        told = watched(site, shows_all, slow, **environ)
    assert shows_all(told)
    assert bool(COLOUR.search(told)) is not bool(environ)
    lines = [ESCAPE.sub("", line).rstrip() for line in re.split(r"[\r\n]+", told)]
    drawn = [line for line in lines if "issue 1 of weekly  " in line or " sent  " in line]
    assert drawn
    assert max(map(len, drawn)) <= WIDTH
    assert lines[-2] == f"letters: {READERS - 1} sent, 1 failed", "what was drawn is gone, and the account stays"


def test_after_a_crash_the_account_is_proven_and_says_who_died_with_letters_on_a_wire(
    tmp_path: Path, database_url: str
) -> None:
    struck = threading.Event()

    def die_at_the_third(moment: Moment) -> Action | None:
        if moment.step is Step.DOT and moment.letter == 3 and not struck.is_set():
            struck.set()
            started.wait(10)
            kill(process)
            process.wait(10)
        return None

    started = threading.Event()
    with ScriptedSmtp(on_step=die_at_the_third) as server:
        relay = {"relay": {"host": "127.0.0.1", "port": server.port, "security": "none"}}
        site = Site(tmp_path, mail=relay, database=database_url)
        site.subscribe(5)
        process = site.start("run", "--once")
        started.set()
        process.communicate(timeout=60)
        dead = site.run("issues", "prove", "1").stdout
        assert "still to go" in dead
        assert f"process {process.pid} died with letters on a wire: the next `syndicate run` puts them in doubt" in dead
        site.run("run", "--once", code=None)
    proven = site.json("issues", "prove", "1")
    assert proven["holds"]
    account = proven["account"]
    assert account["candidates"] == 5 == account["sent"] + account["in_doubt"]


def test_where_nobody_looks_a_short_sending_draws_nothing(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.subscribe(3)
    done = site.run("run", "--once")
    assert "\x1b" not in done.stderr
    assert "/s" not in done.stderr
    assert "letters: 3 sent" in done.stderr

"""`syndicate preview`: it serves on this machine, says where, and ends cleanly."""

from __future__ import annotations

import http.client
import json
import os
import select
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from syndicate.cli import main
from tests.web.studio.places import Place, make_place

COMMAND = [sys.executable, "-m", "syndicate"]
WAIT_SECONDS = 30


@contextmanager
def running(
    place: Place, *options: str, before: tuple[str, ...] = (), listen: str = "127.0.0.1:0"
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run the command on a free port, and give the process with the address that it printed."""
    command = [*COMMAND, "-c", str(place.config), *before, "preview", "--listen", listen, *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process, process.stdout.readline().strip()
    finally:
        process.kill()
        process.communicate()


def answer(address: str) -> str:
    try:
        with urllib.request.urlopen(address, timeout=WAIT_SECONDS) as response:
            return str(response.read().decode())
    except urllib.error.HTTPError as refused:
        return str(refused.read().decode())


def exit_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[object, str]:
    """Return the exit code of the command line in this process, and what it said on stderr."""
    with pytest.raises(SystemExit) as ended:
        main([*arguments])
    return ended.value.code, capsys.readouterr().err


@pytest.mark.journey
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_it_prints_its_address_serves_there_and_ends_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    with running(make_place(tmp_path)) as (process, address):
        assert address.startswith("http://127.0.0.1:")
        assert "Weekly, issue 1" in answer(address)
        process.send_signal(number)
        _, story = process.communicate(timeout=WAIT_SECONDS)
        assert process.returncode == 0
        assert "Traceback" not in story


def post(address: str, values: dict[str, object], **headers: str) -> int:
    """Return the status with which the studio answers what a page of it posts."""
    parts = urlsplit(address)
    sent = {
        "Origin": f"http://{parts.netloc}",
        "Content-Type": "application/json",
        "X-Studio-Token": parts.query.partition("token=")[2],
    }
    with closing(http.client.HTTPConnection(parts.netloc, timeout=WAIT_SECONDS)) as line:
        line.request("POST", "/digests/weekly/choices/clear", json.dumps(values), sent | headers)
        return line.getresponse().status


@pytest.mark.journey
def test_the_address_that_it_prints_may_write_and_no_log_tells_it(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    tokens = set[str]()
    for start in range(2):
        with running(place, before=("-vv",)) as (process, address):
            token = address.partition("?token=")[2]
            assert len(token) >= 32
            assert f'content="{token}"' in answer(address)
            assert post(address, {"revision": start}) == 200
            assert post(address, {"revision": start}) == 409
            assert post(address, {"revision": 9}, **{"X-Studio-Token": "x" * len(token)}) == 403
            assert {post(address, {"revision": 9}, **{"X-Studio-Token": old}) for old in tokens} <= {403}
            process.send_signal(signal.SIGINT)
            told, story = process.communicate(timeout=WAIT_SECONDS)
            assert token not in told + story
            tokens.add(token)
    assert len(tokens) == 2, "each start has its own"


@pytest.mark.journey
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_a_page_that_is_open_does_not_hold_it(tmp_path: Path, number: signal.Signals) -> None:
    with running(make_place(tmp_path)) as (process, address):
        stream = urllib.request.urlopen(f"{address.partition('?')[0]}events", timeout=WAIT_SECONDS)
        with stream:
            assert stream.readline() == b"event: version\n"
            process.send_signal(number)
            stream.read()
            _, story = process.communicate(timeout=WAIT_SECONDS)
    assert process.returncode == 0
    assert "Traceback" not in story
    assert "Cancel" not in story


@pytest.mark.journey
def test_where_others_could_reach_it_nothing_is_written(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    with socket.create_server(("0.0.0.0", 0)) as free:
        listen = f"0.0.0.0:{free.getsockname()[1]}"
    place.write(lambda text: f"{text}web: {{listen: '{listen}'}}\n")
    with running(place, listen=listen) as (process, address):
        assert "token" not in address
        here = address.replace("0.0.0.0", "127.0.0.1")
        assert "others reach this page" in answer(here)
        assert post(here, {"revision": 0}) == 403
        process.send_signal(signal.SIGINT)
        _, story = process.communicate(timeout=WAIT_SECONDS)
        assert "to look at only" in story


@pytest.mark.journey
def test_it_opens_the_browser_where_asked_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place, browser, shown, closed = (
        make_place(tmp_path / "place"),
        *(tmp_path / each for each in ("b", "shown", "closed")),
    )
    os.mkfifo(shown)
    os.mkfifo(closed)
    browser.write_text(f'#!/bin/sh\nexec >/dev/null 2>&1\necho "$1" > {shown}\ncat {closed}\n')
    browser.chmod(0o755)
    monkeypatch.setenv("BROWSER", str(browser))
    told = os.open(shown, os.O_RDONLY | os.O_NONBLOCK)
    with running(place, "--open") as (_, address):
        assert "Weekly, issue 1" in answer(address), "it serves while the browser is open"
        assert select.select([told], [], [], WAIT_SECONDS)[0]
        opened, token = os.read(told, 1000).decode().strip(), address.partition("token=")[2]
        assert token not in opened, "others on this machine may read what a browser is called with"
        assert f'<meta name="studio-token" content="{token}">' in answer(opened)
        assert "opened before" in answer(opened), "good once"
        closed.write_text("")
    os.close(told)


@pytest.mark.journey
def test_a_faulty_config_is_served_as_its_faults_and_told_on_stderr(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    place.write(lambda text: text + "colour: red\n")
    with running(place) as (process, address):
        page = answer(address)
        assert "1 thing to mend" in page
        assert "colour" in page
        process.send_signal(signal.SIGINT)
        _, story = process.communicate(timeout=WAIT_SECONDS)
        assert "no such key" in story
        assert process.returncode == 0


def test_a_port_that_is_taken_is_said_with_a_way_out(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, story = exit_of(capsys, "-c", str(place.config), "preview", "--listen", f"127.0.0.1:{port}")
    assert code == 2
    assert f"127.0.0.1:{port}" in story
    assert "syndicate preview --listen 127.0.0.1:0" in story


@pytest.mark.parametrize("listen", ["0.0.0.0:8025", "192.168.1.7:8025", "[::]:8025", "studio.lan:8025"])
def test_it_is_not_served_to_others_unless_the_config_says_so(
    place: Place, capsys: pytest.CaptureFixture[str], listen: str
) -> None:
    code, story = exit_of(capsys, "-c", str(place.config), "preview", "--listen", listen)
    assert code == 2
    assert "no login" in story
    assert "ssh -L 8025:127.0.0.1:8025" in story


def test_the_config_may_say_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = Place(tmp_path)
    with socket.create_server(("0.0.0.0", 0)) as taken:
        listen = f"0.0.0.0:{taken.getsockname()[1]}"
        place.write(lambda text: f"{text}web: {{listen: '{listen}'}}\n")
        code, story = exit_of(capsys, "-c", str(place.config), "preview")
    assert code == 2
    assert "something else is served there already" in story, "it got as far as listening"


@pytest.mark.parametrize("listen", ["8025", "127.0.0.1:", "127.0.0.1:99999", ":8025", "two words:80"])
def test_a_place_that_is_none_is_refused(place: Place, capsys: pytest.CaptureFixture[str], listen: str) -> None:
    code, story = exit_of(capsys, "-c", str(place.config), "preview", "--listen", listen)
    assert code == 2
    assert "--listen" in story


def test_without_a_config_it_says_how_to_get_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, story = exit_of(capsys, "-c", str(tmp_path / "config.yaml"), "preview")
    assert code == 2
    assert "syndicate init" in story

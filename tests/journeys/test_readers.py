"""A reader's whole way, by the real command line and a real mail server: asked, confirmed, written to, gone."""

from __future__ import annotations

import contextlib
import email.policy
import http.client
import json
import re
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from syndicate.cli.run import BEAT_SECONDS
from tests.channels.smtp_server import ScriptedSmtp
from tests.journeys.site import Site

pytestmark = pytest.mark.journey

WAIT_SECONDS = 30
BLOG = "https://journey.example"
ADA = "ada@mail.example"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def make_site(folder: Path, server: ScriptedSmtp | None, **web: Any) -> tuple[Site, str]:
    """Return an installation whose readers' pages are on a port of their own, and their address."""
    mail = {"relay": {"host": "127.0.0.1", "port": server.port, "security": "none"}} if server else {"outbox": "out"}
    site = Site(folder, mail=mail)
    place = f"127.0.0.1:{free_port()}"
    path = folder / "config.yaml"
    config = json.loads(path.read_text(encoding="utf-8"))
    config["web"] = {"public_url": f"http://{place}", "public_listen": place, **web}
    path.write_text(json.dumps(config), encoding="utf-8")
    return site, f"http://{place}"


@contextmanager
def serving(site: Site, address: str, *command: str) -> Iterator[subprocess.Popen[str]]:
    """Run a command that serves the pages, and end it with Ctrl-C; it must end cleanly."""
    process = site.start(*command)
    try:
        wait_for(lambda: process.poll() is not None or is_up(address))
        yield process
        process.send_signal(signal.SIGINT)
        _, story = process.communicate(timeout=WAIT_SECONDS)
        assert process.returncode == 0, story
        assert "Traceback" not in story, story
    finally:
        process.kill()
        process.communicate()


def is_up(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/healthz", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def wait_for(true: Any, seconds: float = WAIT_SECONDS) -> None:
    """Return when it is so; at most half a minute."""
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.02)


def post(place: str, path: str, fields: dict[str, str], **headers: str) -> tuple[int, str]:
    """Return the status and the page, or where it sends us, that answer a form."""
    line = http.client.HTTPConnection(place.removeprefix("http://"), timeout=WAIT_SECONDS)
    headers = {"Content-Type": "application/x-www-form-urlencoded", **headers}
    line.request("POST", path, urlencode(fields), headers)
    answer = line.getresponse()
    text = answer.headers.get("Location") or answer.read().decode()
    line.close()
    return answer.status, text


def mails_to(server: ScriptedSmtp, address: str) -> list[EmailMessage]:
    """Return the mails that reached somebody, in their order."""
    parser = BytesParser(_class=EmailMessage, policy=email.policy.default)
    return [parser.parsebytes(each.content) for each in list(server.messages) if each.recipients == (address,)]


def next_mail(server: ScriptedSmtp, address: str, count: int) -> EmailMessage:
    """Return somebody's mail of that number, once it is there: a reader's question waits for no beat of the clock."""
    wait_for(lambda: len(mails_to(server, address)) >= count, 0.75 * BEAT_SECONDS)
    return mails_to(server, address)[count - 1]


def path_in(mail: EmailMessage, page: str) -> str:
    """Return the path of the link to one of our pages in the text part of a mail."""
    part = mail.get_body(("plain",))
    assert part is not None
    found = re.search(rf"https?://[^/\s]+(/{page}/\S+)", part.get_content())
    assert found, part.get_content()
    return found[1]


def spoken(place: str, request: str) -> tuple[str, str]:
    """Return the status line and the rest of an answer to these very bytes."""
    host, port = place.removeprefix("http://").split(":")
    said = b""
    # Who refuses a long line need not read its end, and may hang up on the rest.
    with contextlib.suppress(ConnectionError), socket.create_connection((host, int(port)), WAIT_SECONDS) as line:
        line.sendall(request.encode())
        while piece := line.recv(65536):
            said += piece
    status, _, rest = said.decode().partition("\r\n")
    return status, rest


def one_click(place: str, url: str, kind: str, body: str) -> tuple[str, str]:
    """Press a mail program's own button: the bytes that its servers send (RFC 8058 §3.2)."""
    parts = urlsplit(url)
    return spoken(
        place,
        f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: {kind}\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}",
    )


MULTIPART = '--7f\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--7f--\r\n'


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        pytest.param("application/x-www-form-urlencoded", "List-Unsubscribe=One-Click", id="as Gmail does"),
        pytest.param("multipart/form-data; boundary=7f", MULTIPART, id="multipart"),
    ],
)
def test_a_reader_asks_on_the_blog_confirms_by_mail_gets_the_issue_and_leaves_by_one_click(
    tmp_path: Path, kind: str, body: str
) -> None:
    with ScriptedSmtp() as server:
        site, place = make_site(tmp_path, server, public_url="https://news.journey.example")
        seen = {"Host": "news.journey.example", "X-Forwarded-For": "203.0.113.9"}
        with serving(site, place, "run"):
            asked = post(place, "/subscribe", {"email": ADA, "list": "readers"}, Origin=BLOG, **seen)
            assert asked == (303, "https://news.journey.example/sent")
            asking = next_mail(server, ADA, 1)
            assert asking["List-Unsubscribe"] is None
            assert "You are subscribed" in post(place, path_in(asking, "confirm"), {}, **seen)[1]
            welcome = next_mail(server, ADA, 2)
            assert welcome["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
            (link,) = re.findall(r"<(https[^>]+)>", welcome["List-Unsubscribe"])
            for _ in range(2):
                said, rest = one_click(place, link, kind, body)
                assert said == "HTTP/1.1 200 OK"
                assert "location:" not in rest.lower()
                assert "set-cookie:" not in rest.lower()
        (shown,) = site.json("subscribers", "list", "--list", "readers")
        assert shown["state"] == "unsubscribed"


def test_the_pages_alone_take_what_run_sends_later(tmp_path: Path) -> None:
    with ScriptedSmtp() as server:
        site, address = make_site(tmp_path, server)
        with serving(site, address, "web") as process:
            assert process.stdout is not None
            assert process.stdout.readline().strip() == f"{address}/"
            post(address, "/subscribe", {"email": ADA, "list": "readers"}, Origin=BLOG)
            assert server.messages == []
        site.run("run", "--once")
        assert path_in(next_mail(server, ADA, 1), "confirm")


def test_limits_hold_across_two_processes(tmp_path: Path) -> None:
    site, address = make_site(tmp_path, None, per_network=5)
    other = f"http://127.0.0.1:{free_port()}"
    with serving(site, address, "web"), serving(site, other, "web", "--listen", other.removeprefix("http://")):
        # Both answer for the host that readers know, by the port that a proxy chose.
        codes = [
            post(place, "/subscribe", {"email": f"reader{number}@mail.example", "list": "readers"}, Origin=BLOG)[0]
            for number, place in enumerate([address, other] * 4)
        ]
    assert codes == [303] * 5 + [429] * 3


@pytest.mark.parametrize("command", ["run", "web"])
def test_a_port_that_is_taken_is_said_before_anything_runs(tmp_path: Path, command: str) -> None:
    site, address = make_site(tmp_path, None)
    host, port = address.removeprefix("http://").split(":")
    with socket.create_server((host, int(port))):
        refused = site.run(command, code=2)
    assert f"{host}:{port}: something else is served there already" in refused.stderr
    assert "try: " in refused.stderr
    assert site.json("feeds", "list")[0]["tried"] is None


def test_without_a_public_address_there_are_no_pages_and_run_goes_on_without(tmp_path: Path) -> None:
    site = Site(tmp_path)
    assert "set web.public_url" in site.run("web", code=2).stderr
    assert "set web.public_url" in site.run("lists", "form", "readers", code=2).stderr
    assert "readers' pages" not in site.run("run", "--once").stderr


def test_hostile_lines_are_refused_and_the_pages_go_on(tmp_path: Path) -> None:
    site, address = make_site(tmp_path, None)
    host = address.removeprefix("http://")
    with serving(site, address, "web"):
        for request in (
            "GET / HTTP/1.1\r\n\r\n",
            f"GET /{'a' * 200_000} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n",
            f"GET / HTTP/1.1\r\nHost: {host}\r\nX: {'a' * 200_000}\r\nConnection: close\r\n\r\n",
            f"GET http://elsewhere.example/ HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n",
            f"GET //elsewhere.example/%2e%2e HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n",
            f"POST /leave/x HTTP/1.1\r\nHost: {host}\r\nContent-Length: -1\r\nConnection: close\r\n\r\n",
            "\x16\x03\x01\x02",
        ):
            status, rest = spoken(address, request + ("\r\n\r\n" if request[0] == "\x16" else ""))
            assert re.match(r"HTTP/1\.1 4\d\d |$", status), (request[:60], status)
            assert "location:" not in rest.lower()
        assert is_up(address)

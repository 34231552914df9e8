"""What stands before and after every page: hosts, sizes, headers, and the pages of what is refused."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from starlette.types import Message

from syndicate.web.readers import gate
from tests.web.readers.house import BLOG, HOST, OWN, House, house

PATHS = ["/", "/subscribe", "/subscribe/readers", "/sent", "/joined", "/confirm/x", "/leave/x", "/preferences/x"]


@pytest.mark.parametrize("path", [*PATHS, "/nowhere", "/robots.txt", "/healthz"])
def test_every_answer_has_the_safe_headers_and_no_cookie(here: House, path: str) -> None:
    headers = here.get(path, Cookie="a=b").headers
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    for part in ("form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"):
        assert part in policy
    assert headers["referrer-policy"] == "same-origin"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert headers["x-robots-tag"] == "noindex, nofollow"
    assert headers["strict-transport-security"] == "max-age=31536000"
    assert "set-cookie" not in headers


def test_without_https_no_browser_is_told_to_insist_on_it(tmp_path: Path) -> None:
    with house(tmp_path, (OWN, "http://127.0.0.1:8026")) as here:
        assert "strict-transport-security" not in here.get("/subscribe", Host="127.0.0.1:8026").headers


@pytest.mark.parametrize("path", PATHS)
def test_every_page_is_small_needs_no_script_and_asks_nobody_else(here: House, path: str) -> None:
    page = here.get(path)
    assert len(page.content) < 15_000
    for word in ("<script", "javascript:", "<img", '<link rel="stylesheet', "url(", "@import", " onclick"):
        assert word not in page.text
    assert '<html lang="en" dir="ltr">' in page.text


@pytest.mark.parametrize(
    "host", ["elsewhere.example", "", "127.0.0.1", f"{HOST}.elsewhere.example", f"{HOST}@x", "[::1"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_another_host_is_refused(here: House, host: str, method: str) -> None:
    before = here.dump()
    fields = b"email=ada@reader.example&list=readers"
    headers = {"Host": host, "Origin": BLOG, "Content-Type": "application/x-www-form-urlencoded"}
    answer = here.ask(method, "/subscribe", headers=headers, content=fields)
    assert (answer.status_code, here.dump()) == (421, before)


@pytest.mark.parametrize("host", [HOST, HOST.upper(), f"{HOST}:443"])
def test_our_host_is_ours_in_any_case_and_with_a_port(here: House, host: str) -> None:
    assert here.get("/subscribe", Host=host).status_code == 200


@pytest.mark.parametrize("host", ["127.0.0.1:8026", "localhost", HOST])
def test_a_proxy_may_ask_whether_we_are_well(here: House, host: str) -> None:
    assert here.get("/healthz", Host=host).text == "ok\n"


def test_elsewhere_nobody_may(here: House) -> None:
    assert here.get("/healthz", Host="elsewhere.example").status_code == 421


def test_robots_are_told_to_stay_out_and_there_is_no_archive_that_nobody_asked_for(here: House) -> None:
    assert here.get("/robots.txt").text == "User-agent: *\nDisallow: /\n"
    assert here.get("/archive").status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/subscribe/", 404),
        ("GET", "/leave", 404),
        ("GET", "/leave/a/b", 404),
        ("GET", "/" + "a" * 5000, 404),
        ("POST", "/", 405),
        ("PUT", "/subscribe", 405),
        ("DELETE", "/leave/x", 405),
        ("OPTIONS", "/leave/x", 405),
    ],
)
def test_what_is_refused_has_a_page_of_the_family(here: House, method: str, path: str, status: int) -> None:
    answer = here.ask(method, path)
    assert answer.status_code == status
    assert '<p class="name">' in answer.text
    assert "location" not in answer.headers
    assert ("allow" in answer.headers) == (status == 405)


def test_a_script_gets_what_is_refused_as_json(here: House) -> None:
    assert here.get("/nowhere", Accept="application/json").json() == {"ok": False, "message": "There is no such page"}


def test_a_body_that_is_too_long_is_refused_whether_it_says_so_or_not(here: House) -> None:
    path = f"/leave/{here.reader('ada@reader.example', 'readers')[1]}"
    before = here.dump()
    assert here.ask("POST", path, content=b"a" * 70_000).status_code == 413
    assert here.ask("POST", path, headers={"Content-Length": "70000"}, content=b"").status_code == 413
    assert here.ask("POST", path, headers={"Content-Length": "9" * 400}, content=b"").status_code == 413
    assert here.ask("POST", path, headers={"Content-Length": "many"}, content=b"").status_code == 400
    assert here.dump() == before


def spoken(here: House, *messages: Message | None, method: str = "POST", path: str = "/subscribe") -> list[Message]:
    """Return what is answered to a request whose body comes in these messages; None is silence."""
    rest = list(messages)
    said: list[Message] = []

    async def receive() -> Message:
        message = rest.pop(0)
        if message is None:
            await asyncio.Event().wait()
        assert message is not None
        return message

    async def send(message: Message) -> None:
        said.append(message)

    async def speak() -> None:
        headers = [(b"host", HOST.encode())]
        scope = {"type": "http", "method": method, "path": path, "query_string": b"", "headers": headers}
        await here.asgi(scope, receive, send)

    try:
        asyncio.run(speak())
    except ZeroDivisionError:  # a fault goes on to the server, which writes it to the log
        assert said[0]["status"] == 500
    return said


def test_a_body_in_pieces_is_counted_as_one(here: House) -> None:
    piece: Message = {"type": "http.request", "body": b"a" * 40_000, "more_body": True}
    assert spoken(here, piece, piece)[0]["status"] == 413


def test_a_sender_who_falls_silent_is_not_waited_for(here: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "BODY_SECONDS", 0.01)
    piece: Message = {"type": "http.request", "body": b"a", "more_body": True}
    assert spoken(here, piece, None)[0]["status"] == 408


def test_a_sender_who_hangs_up_is_no_fault(here: House) -> None:
    assert spoken(here, {"type": "http.disconnect"})[0]["status"] == 400


def test_a_fault_of_ours_is_a_page_too_with_the_same_headers(here: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("syndicate.web.readers.joining.look_at_confirm", lambda *_: 1 / 0)
    said = spoken(here, {"type": "http.request", "body": b""}, method="GET", path="/confirm/x")
    headers = {name.decode(): value.decode() for name, value in said[0]["headers"]}
    assert said[0]["status"] == 500
    assert headers["referrer-policy"] == "same-origin"
    assert b"Something went wrong on our side" in said[1]["body"]

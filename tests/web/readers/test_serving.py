"""Serving beside the work: it ends when the work ends, and a server that dies is not passed over in silence."""

from __future__ import annotations

import socket
import threading
import urllib.request

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from syndicate.cli import serving
from syndicate.cli.serving import address_of, listening, served_beside
from syndicate.errors import ConfigError


async def who(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with whom the server believes to be asking."""
    await PlainTextResponse(scope["client"][0])(scope, receive, send)


def test_it_serves_until_the_block_is_left_and_believes_no_header_about_who_asks() -> None:
    ended = threading.Event()
    with listening("127.0.0.1:0", way_out="") as listener:
        place = address_of("127.0.0.1:0", listener)
        with served_beside(who, listener, ended=ended.set):
            request = urllib.request.Request(place, headers={"X-Forwarded-For": "203.0.113.9"})
            with urllib.request.urlopen(request, timeout=30) as answer:
                assert answer.read() == b"127.0.0.1"
                assert "server" not in answer.headers
            assert not ended.is_set()
    assert ended.is_set()


@pytest.mark.parametrize(
    "said",
    [b"", b"GET / HTTP/1.1\r\nHost: a", b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /"],
    ids=["nothing", "half", "one, and half"],
)
def test_who_never_asks_to_the_end_is_hung_up_on(said: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "HEAD_SECONDS", 0.2)
    with (
        listening("127.0.0.1:0", way_out="") as listener,
        served_beside(who, listener, ended=lambda: None),
        socket.create_connection(listener.getsockname(), timeout=4) as line,
    ):
        line.sendall(said)
        while line.recv(65536):
            pass  # until it is closed; a line that stays open ends in TimeoutError


def test_a_server_that_cannot_go_on_ends_the_work_and_says_why() -> None:
    ended = threading.Event()
    listener = listening("127.0.0.1:0", way_out="")
    listener.close()
    with pytest.raises((OSError, ValueError)), served_beside(who, listener, ended=ended.set):
        assert ended.wait(30)


@pytest.mark.parametrize("place", ["203.0.113.1:80", "nobody.invalid:80"], ids=["not ours", "no such host"])
def test_a_place_that_cannot_be_listened_on_is_said(place: str) -> None:
    with pytest.raises(ConfigError, match="cannot be listened on") as refused:
        listening(place, way_out="take another")
    assert (refused.value.where, refused.value.hint) == (place, "take another")


def test_a_place_that_is_taken_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(ConfigError, match="served there already"):
        listening(f"127.0.0.1:{taken.getsockname()[1]}", way_out="end it")

"""The guard: nothing is asked of an address that is not public, however the request gets there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import httpcore
import pytest

from syndicate.errors import FeedError
from syndicate.feeds.fetch import HttpFetcher
from syndicate.feeds.model import Fetched
from syndicate.feeds.network import is_public
from tests.feeds.site import Site

PUBLIC = "93.184.215.14"


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.255.255.254", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254",
        "100.64.0.1", "100.127.255.254", "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.7", "203.0.113.7",
        "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
        "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12:3456::1", "fec0::1", "ff02::1", "2001:db8::1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1",
        "64:ff9b:1::1", "2002:7f00:1::", "2002:a00:1::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "100::1",
        "localhost", "", "1.2.3",
    ],
)  # fmt: skip
def test_what_is_not_on_the_public_internet_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", PUBLIC, "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"],
)
def test_what_is_on_the_public_internet_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "0x7f.1", "2130706433", "0177.0.0.1", "127.1", "[::1]", "[::ffff:127.0.0.1]", "0"],
)
def test_no_spelling_of_this_machine_gets_past_the_guard(site: Site, host: str) -> None:
    site.serve("/feed")
    with pytest.raises(FeedError):
        HttpFetcher().fetch(f"http://{host}:{site.port}/feed")
    assert site.requests == []


def test_the_refusal_names_the_address_and_the_way_out(site: Site) -> None:
    with pytest.raises(FeedError) as raised:
        HttpFetcher().fetch(site.url())
    assert "127.0.0.1" in str(raised.value)
    assert "http.allow_private" in str(raised.value)


@pytest.fixture
def connections(site: Site, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let the public address be the site on loopback; return the list of addresses that are connected to."""
    asked: list[str] = []
    real = httpcore.SyncBackend.connect_tcp

    def connect(
        backend: httpcore.SyncBackend,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        asked.append(host)
        if host == PUBLIC:
            host, port = "127.0.0.1", site.port
        return real(backend, host, port, timeout, local_address, socket_options)

    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", connect)
    return asked


@pytest.mark.parametrize(
    "target",
    ["http://127.0.0.1:{port}/secret", "http://inside.example:{port}/secret", "http://mixed.example:{port}/secret"],
)
def test_a_public_site_cannot_redirect_us_inside(site: Site, connections: list[str], target: str) -> None:
    hosts = {
        "blog.example": [PUBLIC],
        "inside.example": ["192.168.0.10"],
        "mixed.example": [PUBLIC, "127.0.0.1"],
        "127.0.0.1": ["127.0.0.1"],
    }
    site.serve("/feed", status=302, Location=target.format(port=site.port))
    site.serve("/secret", body=b"inside")
    with pytest.raises(FeedError, match="private or reserved"):
        HttpFetcher(resolver=lambda host, port: hosts[host]).fetch("http://blog.example/feed")
    assert [path for path, _ in site.requests] == ["/feed"]
    assert connections == [PUBLIC]


def test_a_name_that_changes_its_answer_is_asked_once_and_the_checked_address_is_used(
    site: Site, connections: list[str]
) -> None:
    answers = iter([[PUBLIC], ["127.0.0.1"], ["127.0.0.1"]])
    site.serve("/feed", body=b"public")
    fetched = HttpFetcher(resolver=lambda host, port: next(answers)).fetch("http://rebinding.example/feed")
    assert isinstance(fetched, Fetched)
    assert connections == [PUBLIC]
    assert site.requests[0][1]["Host"] == "rebinding.example"


def test_a_name_that_changes_its_answer_between_redirects_is_checked_again(site: Site, connections: list[str]) -> None:
    answers = iter([[PUBLIC], ["127.0.0.1"]])
    site.serve("/feed", status=302, Location="/again")
    with pytest.raises(FeedError, match="private or reserved"):
        HttpFetcher(resolver=lambda host, port: next(answers)).fetch("http://rebinding.example/feed")
    assert connections == [PUBLIC]


def test_the_next_address_is_tried_where_the_first_is_dead(site: Site) -> None:
    site.serve("/feed", body=b"alive")
    tried = HttpFetcher(allow_private=True, resolver=lambda host, port: ["127.255.255.1", "127.0.0.1"])
    fetched = tried.fetch(f"http://two.example:{site.port}/feed")
    assert isinstance(fetched, Fetched)


def test_a_host_without_an_address_cannot_be_reached() -> None:
    with pytest.raises(FeedError, match="cannot connect"):
        HttpFetcher(resolver=lambda host, port: []).fetch("http://empty.example/feed")

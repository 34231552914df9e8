"""Who asks, behind proxies: what a stranger writes into X-Forwarded-For is never believed."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.web.readers.proxies import client_of, networks
from tests.web.readers.house import BLOG, house

TRUSTED = networks(["127.0.0.1", "::1", "10.0.0.0/8"])


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.9", [], "203.0.113.9"),
        ("203.0.113.9", ["6.6.6.6"], "203.0.113.9"),
        ("127.0.0.1", ["203.0.113.9"], "203.0.113.9"),
        ("127.0.0.1", ["6.6.6.6, 203.0.113.9"], "203.0.113.9"),
        ("127.0.0.1", ["6.6.6.6", "203.0.113.9"], "203.0.113.9"),
        ("127.0.0.1", ["6.6.6.6, 203.0.113.9, 10.2.3.4"], "203.0.113.9"),
        ("::1", ["2001:db8::7"], "2001:db8::7"),
        ("::ffff:127.0.0.1", ["203.0.113.9"], "203.0.113.9"),
        ("127.0.0.1", ["[2001:db8::7]:4711"], "2001:db8::7"),
        ("127.0.0.1", ["203.0.113.9:4711"], "203.0.113.9"),
        ("127.0.0.1", ["203.0.113.9, unknown"], "127.0.0.1"),
        ("127.0.0.1", ["10.1.1.1, 10.1.1.2"], "10.1.1.1"),
        ("127.0.0.1", [""], "127.0.0.1"),
        ("127.0.0.1", [], "127.0.0.1"),
        ("", ["203.0.113.9"], ""),
    ],
    ids=[
        "no proxy",
        "no proxy, and a lie",
        "one proxy",
        "one proxy, and a lie",
        "two headers",
        "two proxies, and a lie",
        "IPv6",
        "IPv4 in the clothes of IPv6",
        "brackets and a port",
        "a port",
        "a hop that is no address",
        "proxies all the way",
        "an empty header",
        "a proxy that does not say",
        "a socket without an address",
    ],
)
def test_the_way_is_walked_from_our_side_and_past_trusted_proxies_only(
    peer: str, forwarded: list[str], client: str
) -> None:
    assert client_of(peer, forwarded, TRUSTED) == client


@given(st.lists(st.text(max_size=60), max_size=6), st.ip_addresses().filter(lambda each: not each.is_loopback))
def test_nothing_that_a_stranger_writes_changes_who_they_are(lies: list[str], peer: object) -> None:
    address = ipaddress.ip_address(str(peer))
    seen = getattr(address, "ipv4_mapped", None) or address
    strangers = networks(["127.0.0.1", "::1"])
    assert client_of(str(peer), lies, strangers) == str(seen)
    assert client_of("127.0.0.1", [*lies, str(peer)], strangers) == str(seen)


def test_readers_behind_our_proxy_are_counted_each_for_themselves(tmp_path: Path) -> None:
    with house(tmp_path, ("per_network: 1000", "per_network: 1")) as here:
        codes = [
            here.ask(
                "POST",
                "/subscribe",
                headers={
                    "Origin": BLOG,
                    "Content-Type": "application/x-www-form-urlencoded",
                    "X-Forwarded-For": forwarded,
                },
                content=f"email=reader{number}@reader.example&list=readers".encode(),
                peer=peer,
            ).status_code
            for number, (peer, forwarded) in enumerate(
                [
                    ("127.0.0.1", "203.0.113.9"),
                    ("127.0.0.1", "198.51.100.7"),
                    ("127.0.0.1", "1.1.1.1, 203.0.113.9"),
                    ("192.0.2.1", "8.8.8.8"),
                    ("192.0.2.1", "9.9.9.9"),
                ]
            )
        ]
        assert codes == [303, 303, 429, 303, 429]

"""Who asks, seen through the proxies in between. Pure: what a header says is believed only from whom we trust."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
MOST_HOPS = 20


def networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Return addresses and networks in CIDR, as config.yaml has them, as networks."""
    return tuple(ipaddress.ip_network(text) for text in texts)


def client_of(peer: str, forwarded_for: Sequence[str], trusted: Sequence[Network]) -> str:
    """Return the address of whoever asks: the first, from our side, that is no proxy of ours.

    `forwarded_for` are the values of X-Forwarded-For, in their order. Each proxy writes whom it saw at the end, so
    the way is walked from the right, and only past proxies that we trust: what stands further left was written by
    a stranger, who can write anything. A hop that is no address ends the walk; "" where the peer has none either.

        peer 127.0.0.1 (trusted), "6.6.6.6, 203.0.113.9" → 203.0.113.9
    """
    at = parse_hop(peer)
    if at is None:
        return ""
    hops = ",".join(forwarded_for).split(",")[-MOST_HOPS:]
    while hops and _is_trusted(at, trusted):
        before = parse_hop(hops.pop())
        if before is None:
            break
        at = before
    return str(at)


def parse_hop(text: str) -> Address | None:
    """Return the address of a hop; some proxies write a port behind it, and IPv6 in brackets."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        at = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return (at.ipv4_mapped or at) if isinstance(at, ipaddress.IPv6Address) else at


def _is_trusted(address: Address, trusted: Sequence[Network]) -> bool:
    return any(address.version == network.version and address in network for network in trusted)

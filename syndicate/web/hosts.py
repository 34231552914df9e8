"""Who a request says it asks, and whether that is this machine itself. Pure functions of the Host header."""

from __future__ import annotations

import ipaddress


def host_of(place: str) -> str:
    """Return the host of "host:port", lower-case and without brackets: "[::1]:8025" → "::1"."""
    if place.startswith("["):
        return place[1:].partition("]")[0].lower()
    return (place.rpartition(":")[0] if place.count(":") == 1 else place).lower()


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine to itself: localhost, 127.0.0.0/8, ::1."""
    address = address_of(host)
    return address.is_loopback if address else host == "localhost"


def address_of(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return a host as a bare address; None where it is a name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None

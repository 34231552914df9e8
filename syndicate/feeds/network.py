"""The wire under the fetcher: it connects only to addresses that it has checked, and only until a deadline.

A feed's address, a redirect, or a name server decides where a request goes; without a guard any of them
could send it to the router, the cloud's metadata service, or a database on this machine. The name is
resolved here, every address that it has is checked, and the connection goes to a checked address: a second,
different answer of the name server (DNS rebinding) is never asked for.
"""

from __future__ import annotations

import ipaddress
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import httpcore

from syndicate.errors import FeedError

Resolver = Callable[[str, int], Sequence[str]]
"""(host, port) → its addresses; OSError where it has none."""

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def is_public(address: str) -> bool:
    """Return whether an address belongs to the public internet.

    Loopback, private, link-local, shared (CGNAT), multicast and reserved ranges do not (IANA
    special-purpose registries), nor does an IPv6 address that stands for such an IPv4 one (mapped, NAT64,
    6to4) or tunnels to a stranger (Teredo).
    """
    try:
        ip = _unwrapped(ipaddress.ip_address(address))
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address) and (ip not in _GLOBAL_UNICAST or ip.teredo):
        return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved)


def _unwrapped(ip: _Address) -> _Address:
    """Return the IPv4 address inside of an IPv6 one, where there is one."""
    if isinstance(ip, ipaddress.IPv4Address):
        return ip
    if ip in _NAT64:
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour or ip


def resolve(host: str, port: int) -> Sequence[str]:
    """Return the addresses that the system's resolver gives for a host, each once, in its order."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(address[0]) for *_, address in found))


class Deadline:
    """A moment after which nothing is waited for any more."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self, limit: float | None = None) -> float:
        """Return the seconds left, at most `limit`; httpcore.ReadTimeout where none are."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("the time for the whole answer is over")
        return left if limit is None else min(left, limit)


class GuardedBackend(httpcore.NetworkBackend):
    """Opens connections for httpcore: resolved once, checked, and bound to a deadline."""

    def __init__(self, *, deadline: Deadline, allow_private: bool, resolver: Resolver) -> None:
        self._deadline = deadline
        self._allow_private = allow_private
        self._resolver = resolver
        self._wire = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Return a connection to the first address that answers; FeedError where one is not public."""
        addresses = self._checked(host, port)
        for tries_left, address in zip(range(len(addresses), 0, -1), addresses, strict=True):
            # A dead address may not use up the time of the next one.
            patience = self._deadline.left(timeout) / tries_left
            try:
                stream = self._wire.connect_tcp(address, port, patience, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if tries_left == 1:
                    raise
            else:
                return _TimedStream(stream, self._deadline)
        raise httpcore.ConnectError(f"the host {host} has no address")

    def _checked(self, host: str, port: int) -> Sequence[str]:
        addresses = self._resolved(host, port)
        private = [] if self._allow_private else [each for each in addresses if not is_public(each)]
        if private:
            raise FeedError(
                f"{host} is at {private[0]}, a private or reserved address, so nothing was asked of it",
                where=f"{host}:{port}",
                hint="if that is your own server, set http.allow_private: true in config.yaml",
            )
        return addresses

    def _resolved(self, host: str, port: int) -> Sequence[str]:
        """Return the addresses of a host, within the deadline: the system's resolver knows no timeout."""
        answers: queue.SimpleQueue[Sequence[str] | OSError | UnicodeError] = queue.SimpleQueue()

        def ask() -> None:
            try:
                answers.put(self._resolver(host, port))
            except (OSError, UnicodeError) as fault:
                answers.put(fault)

        threading.Thread(target=ask, daemon=True).start()
        try:
            answer = answers.get(timeout=self._deadline.left())
        except queue.Empty:
            raise httpcore.ConnectTimeout(f"nobody said where {host} is") from None
        if isinstance(answer, Exception):
            raise httpcore.ConnectError(f"the host {host} cannot be found ({answer})") from answer
        return answer


class _TimedStream(httpcore.NetworkStream):
    """A connection whose every wait ends at the deadline: a server that drips its bytes cannot hold us."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._deadline.left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        secured = self._stream.start_tls(ssl_context, server_hostname, self._deadline.left(timeout))
        return _TimedStream(secured, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)

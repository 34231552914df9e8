"""All of it to a relay at a distance: what a send makes of each round trip, and of nothing else."""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from io import BufferedReader
from pathlib import Path
from select import select
from statistics import median
from time import perf_counter

from benchmarks import mailing, postfix
from benchmarks.rows import Row

READERS = 4_000
BYTES = 5_000
ONE_WAY = 0.010
ROUNDS = 3
NOOPS = 50
GOAL = 0.9


def measure() -> list[Row]:
    """Return the row; the round trip is measured before each round and after it."""
    with ExitStack() as stack:
        port = stack.enter_context(delayed(stack.enter_context(postfix.sink())))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        app = stack.enter_context(mailing.opened(folder, readers=READERS, port=port))
        rounds, trips = [], round_trips(port)
        for _ in range(ROUNDS):
            rounds.append(mailing.sent(app, mailing.frozen(app, size_bytes=BYTES), READERS))
            trips += round_trips(port)
    rate, trip = median(rounds), median(trips)
    limit = mailing.CONNECTIONS / trip
    return [
        Row(
            f"all of it, {BYTES // 1000} KB, a relay {trip * 1000:.1f} ms away",
            rate,
            "letters/s",
            f"{mailing.CONNECTIONS} connections ÷ round trip, {limit:,.0f} letters/s",
            rate / limit,
            f"≥ {GOAL} ×",
            rate / limit >= GOAL,
        )
    ]


def round_trips(port: int) -> list[float]:
    """Return how long the answer to each of some NOOPs took, in seconds."""
    with socket.create_connection(("127.0.0.1", port)) as line, line.makefile("rb") as answers:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        answers.readline()
        return [_round_trip(line, answers) for _ in range(NOOPS)]


def _round_trip(line: socket.socket, answers: BufferedReader) -> float:
    began = perf_counter()
    line.sendall(b"NOOP\r\n")
    assert answers.readline().startswith(b"250")
    return perf_counter() - began


@contextmanager
def delayed(sink: int) -> Iterator[int]:
    """Run a way to a sink that takes its time, in a process of its own; yield its port."""
    with subprocess.Popen([sys.executable, __file__, str(sink)], stdout=subprocess.PIPE, text=True) as way:
        assert way.stdout is not None
        try:
            yield int(way.stdout.readline())
        finally:
            way.terminate()


def _forward(sink: int) -> None:
    """Pass every byte on ONE_WAY after it came, however many are on their way: a distance, and no bottleneck.

    One loop over plain sockets: a busier one would itself be most of what is measured.
    """
    others: dict[socket.socket, socket.socket] = {}
    under_way: deque[tuple[float, socket.socket, bytes]] = deque()
    with socket.create_server(("127.0.0.1", 0)) as door:
        print(door.getsockname()[1], flush=True)
        while True:
            patience = max(0.0, under_way[0][0] - perf_counter()) if under_way else None
            for spoke in select([door, *others], [], [], patience)[0]:
                if spoke is door:
                    _join(others, door.accept()[0], socket.create_connection(("127.0.0.1", sink)))
                else:
                    data = _heard(spoke)
                    under_way.append((perf_counter() + ONE_WAY, others[spoke], data))
                    if not data:
                        del others[spoke]
            while under_way and under_way[0][0] <= perf_counter():
                _arrive(*under_way.popleft()[1:])


def _join(others: dict[socket.socket, socket.socket], one: socket.socket, other: socket.socket) -> None:
    for each in (one, other):
        each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    others |= {one: other, other: one}


def _heard(line: socket.socket) -> bytes:
    try:
        return line.recv(1 << 18)
    except ConnectionError:
        return b""


def _arrive(line: socket.socket, data: bytes) -> None:
    with suppress(OSError):
        line.sendall(data) if data else line.shutdown(socket.SHUT_WR)


if __name__ == "__main__":
    _forward(int(sys.argv[1]))

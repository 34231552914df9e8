"""All of it to a relay at a distance: what a send makes of each round trip, and of nothing else."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from io import BufferedReader
from pathlib import Path
from statistics import median
from time import perf_counter

from benchmarks import mailing, postfix
from benchmarks.installation import freeze
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
        port = stack.enter_context(_delayed(stack.enter_context(postfix.sink())))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        app = stack.enter_context(mailing.opened(folder, readers=READERS, port=port))
        rounds, trips = [], _round_trips(port)
        for _ in range(ROUNDS):
            rounds.append(mailing.sent(app, freeze(app, size_bytes=BYTES), READERS))
            trips += _round_trips(port)
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


def _round_trips(port: int) -> list[float]:
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
def _delayed(sink: int) -> Iterator[int]:
    """Run the way to a sink that takes its time, in a process of its own; yield its port."""
    with subprocess.Popen([sys.executable, __file__, str(sink)], stdout=subprocess.PIPE, text=True) as way:
        assert way.stdout is not None
        try:
            yield int(way.stdout.readline())
        finally:
            way.terminate()


async def _serve(sink: int) -> None:
    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", sink)
        await asyncio.gather(_carry(reader, back), _carry(there, writer))

    server = await asyncio.start_server(forward, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass every byte on ONE_WAY after it came, however many are on their way: a distance, and no bottleneck."""
    loop = asyncio.get_running_loop()
    due: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

    async def arrive() -> None:
        while True:
            moment, data = await due.get()
            await asyncio.sleep(moment - loop.time())
            if not data:
                break
            writer.write(data)
        writer.close()

    arriving = asyncio.create_task(arrive())
    data = b"more"
    while data:
        try:
            data = await reader.read(1 << 18)
        except ConnectionError:
            data = b""
        due.put_nowait((loop.time() + ONE_WAY, data))
    await arriving


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))

"""A relay that writes down every letter before it answers for it, and misbehaves as it is told.

Run as a process of its own: `python benchmarks/sinks.py PORT RECORDS [MANNERS as JSON]`; it offers PIPELINING.
A line of RECORDS is one event, its fields parted by blanks, in the order in which things happened:

    begin                            the sink started (whatever was open before is closed)
    + 7            - 7               connection 7 was made; it ended
    taken ID READER                  written before the 250 is
    unsaid ID READER                 taken too, and the line dropped in place of the 250
    dropped ID READER                not taken, and the line dropped in place of an answer
    refused ID READER                not taken, 4yz; the ID is "-" where no text was said yet
    stalled - READER                 never answered

A line survives the death of any process, the sink's own too; it is not synced, for no power is cut here.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

_END = b"\r\n.\r\n"
_HEADER = b"Message-ID: "
_THANKS = b"250 2.0.0 taken\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """How often, of all letters, the sink does what; and after how many it waits for a word."""

    seed: int = 0
    refuses: float = 0
    """4yz, half of them to the recipient, half to the text."""
    stalls: float = 0
    """Says nothing any more in place of the answer to RCPT, until the other side hangs up."""
    dawdles: float = 0
    """Answers the final dot only after `dawdle_seconds`."""
    dawdle_seconds: float = 3
    drops_taken: float = 0
    """Drops the line in place of the 250, having taken the letter."""
    drops_untaken: float = 0
    """Drops the line in place of an answer to the final dot, and forgets the letter."""
    holds_after: int | None = None
    """After so many letters it answers nothing until the file RECORDS.go is there."""


class Sink(asyncio.Protocol):
    """One connection."""

    opened = 0
    letters = 0

    def __init__(self, records: int, manners: Manners, chance: random.Random, go: Path) -> None:
        self._records, self._manners, self._chance, self._go = records, manners, chance, go
        self._unread = bytearray()
        self._said: list[bytes] = []
        self._reader = b"-"
        self._in_text = False
        self._searched = 0
        self._silent = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        Sink.opened += 1
        self._number = str(Sink.opened).encode()
        self._note(b"+", self._number)
        transport.write(b"220 sink.example ESMTP\r\n")

    def connection_lost(self, _error: Exception | None) -> None:
        """Write down that nothing more will come of it."""
        self._silent = True
        self._note(b"-", self._number)

    def data_received(self, data: bytes) -> None:
        """Take whole lines, and text up to its final dot; what is begun waits for its rest."""
        self._unread += data
        while not self._silent and (self._text() if self._in_text else self._command()):
            pass
        self._speak()

    def _speak(self) -> None:
        if self._said and not self._transport.is_closing():
            self._transport.write(b"".join(self._said))
        self._said.clear()

    def _take(self, end: bytes) -> bytes | None:
        """Return what was read up to this end, the end too; None where it is not there yet."""
        at = self._unread.find(end, self._searched)
        if at < 0:
            self._searched = max(0, len(self._unread) - len(end))
            return None
        taken = bytes(self._unread[: at + len(end)])
        del self._unread[: len(taken)]
        self._searched = 0
        return taken

    def _command(self) -> bool:
        line = self._take(b"\r\n")
        if line is None:
            return False
        match line[:4].upper():
            case b"RCPT":
                self._recipient(line[line.index(b"<") + 1 : line.rindex(b">")])
            case b"DATA":
                self._in_text = self._reader != b"-"
                self._said.append(b"354 go on\r\n" if self._in_text else b"554 5.5.1 nobody to send it to\r\n")
            case b"EHLO":
                self._said.append(b"250-sink.example\r\n250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n250 PIPELINING\r\n")
            case b"QUIT":
                self._said.append(b"221 2.0.0 goodbye\r\n")
                self._speak()
                self._transport.close()
                self._silent = True
            case _:
                self._said.append(b"250 2.0.0 ok\r\n")
        return True

    def _recipient(self, reader: bytes) -> None:
        if self._happens(self._manners.stalls):
            self._note(b"stalled", b"-", reader)
            self._silent = True
        elif self._happens(self._manners.refuses / 2):
            self._note(b"refused", b"-", reader)
            self._said.append(b"450 4.2.1 come back later\r\n")
        else:
            self._reader = reader
            self._said.append(b"250 2.1.5 ok\r\n")

    def _text(self) -> bool:
        text = self._take(_END)
        if text is None:
            return False
        at = text.index(_HEADER) + len(_HEADER)
        self._letter(text[at : text.index(b"\r\n", at)], self._reader)
        self._reader, self._in_text = b"-", False
        return True

    def _letter(self, message_id: bytes, reader: bytes) -> None:
        """Write down what becomes of a letter, and only then say it."""
        Sink.letters += 1
        if self._happens(self._manners.refuses / 2):
            self._note(b"refused", message_id, reader)
            self._said.append(b"451 4.3.2 come back later\r\n")
        elif self._happens(self._manners.drops_untaken):
            self._note(b"dropped", message_id, reader)
            self._drop()
        elif self._happens(self._manners.drops_taken):
            self._note(b"unsaid", message_id, reader)
            self._drop()
        else:
            self._note(b"taken", message_id, reader)
            self._thank()

    def _drop(self) -> None:
        """Hang up; what was said of letters before still arrives."""
        self._speak()
        self._transport.close()
        self._silent = True

    def _thank(self) -> None:
        """Say 250, now or later; until then nothing more is heard, so that answers keep their order."""
        after = self._manners.holds_after
        if after is not None and Sink.letters > after and not self._go.exists():
            self._put_off(0.02)
        elif self._happens(self._manners.dawdles):
            self._put_off(self._manners.dawdle_seconds)
        else:
            self._said.append(_THANKS)

    def _put_off(self, seconds: float) -> None:
        self._speak()
        self._silent = True
        asyncio.get_running_loop().call_later(seconds, self._thank_late)

    def _thank_late(self) -> None:
        after = self._manners.holds_after
        if after is not None and not self._go.exists():
            self._put_off(0.02)
        elif not self._transport.is_closing():
            self._silent = False
            self._said.append(_THANKS)
            self.data_received(b"")

    def _happens(self, share: float) -> bool:
        return share > 0 and self._chance.random() < share

    def _note(self, *words: bytes) -> None:
        os.write(self._records, b" ".join(words) + b"\n")


class SinkProcess:
    """A sink that can be started, killed and started again on the same port, and the records of all its lives."""

    def __init__(self, folder: Path, manners: Manners | None = None) -> None:
        self.records, self.manners = folder / "records", manners or Manners()
        self.records.touch()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None
        self._lives = 0

    def start(self) -> None:
        """Start it, and wait until it listens."""
        self._lives += 1
        manners = asdict(replace(self.manners, seed=self.manners.seed + self._lives))
        words = [sys.executable, __file__, str(self.port), str(self.records), json.dumps(manners)]
        self._process = subprocess.Popen(words, stdout=subprocess.PIPE)
        assert self._process.stdout
        if not self._process.stdout.readline():
            raise RuntimeError(f"the sink does not start on port {self.port}")

    def kill(self) -> None:
        """Take it away as it stands."""
        if self._process:
            self._process.kill()
            self._process.wait()
            assert self._process.stdout
            self._process.stdout.close()
            self._process = None

    def behave(self, manners: Manners) -> None:
        """Start it anew with other manners."""
        self.kill()
        self.manners = manners
        self.start()

    def go(self) -> None:
        """Let it answer what it held back."""
        _go(self.records).touch()


@contextmanager
def sink(folder: Path, manners: Manners | None = None) -> Iterator[SinkProcess]:
    """Run a sink that writes to `records` in the folder."""
    process = SinkProcess(folder, manners)
    process.start()
    try:
        yield process
    finally:
        process.kill()


def _go(records: Path) -> Path:
    return records.with_name(f"{records.name}.go")


async def _serve(port: int, records: Path, manners: Manners) -> None:
    handle = os.open(records, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(handle, b"begin\n")
    chance = random.Random(manners.seed)
    server = await asyncio.get_running_loop().create_server(
        lambda: Sink(handle, manners, chance, _go(records)), "127.0.0.1", port, backlog=512
    )
    print("listening", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), Path(sys.argv[2]), Manners(**json.loads(sys.argv[3]))))

"""What a letter costs on the wire, no ledger behind it: beside Postfix's smtp-source, and in round trips."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median
from time import perf_counter

from benchmarks import postfix
from benchmarks.rows import Row
from syndicate.channels.smtp import SmtpChannel
from syndicate.delivery.model import DeliveryKey, Letter, Sent
from tests.channels.smtp_server import PIPELINING, ScriptedSmtp

LETTERS = 20_000
BYTES = 5_000
CONNECTIONS = 10
ROUNDS = 7
WIRE_GOAL = 1.5
COUNTED = 1_000
TURNS_GOAL = 1.1
_LINE = b"Seventy characters of what a film is like, and of who is in it. More.\r\n"


def measure() -> list[Row]:
    """Return the rows; ours and theirs take turns, so that a busy minute falls on both."""
    with postfix.sink() as port:
        pairs = [(_theirs(port), _ours(port)) for _ in range(ROUNDS)]
    theirs, ours = (median(side) for side in zip(*pairs, strict=True))
    turns = _turns() / COUNTED
    return [
        Row(
            f"the wire alone, {BYTES // 1000} KB, {CONNECTIONS} connections",
            ours,
            "letters/s",
            f"smtp-source -d, {theirs:,.0f} letters/s",
            ours / theirs,
            f"≥ {WIRE_GOAL} ×",
            ours / theirs >= WIRE_GOAL,
        ),
        Row(
            "round trips per letter, PIPELINING offered",
            turns,
            "",
            "4 step by step",
            None,
            f"≤ {TURNS_GOAL}",
            turns <= TURNS_GOAL,
        ),
    ]


def _theirs(port: int) -> float:
    return LETTERS / postfix.source(port, letters=LETTERS, size=BYTES, connections=CONNECTIONS)


def _ours(port: int) -> float:
    wire = SmtpChannel(host="127.0.0.1", port=port, security="none", connections=CONNECTIONS)
    began = perf_counter()
    taken = sum(isinstance(outcome, Sent) for _, outcome in wire.send(letters(LETTERS)))
    took = perf_counter() - began
    assert taken == LETTERS
    return LETTERS / took


def _turns() -> int:
    """Return how often the client spoke and then waited, the greeting and the goodbye included."""
    with ScriptedSmtp(extensions=PIPELINING) as server:
        wire = SmtpChannel(host=server.host, port=server.port, security="none")
        assert all(isinstance(outcome, Sent) for _, outcome in wire.send(letters(COUNTED)))
    assert len(server.messages) == COUNTED
    return server.turns


def letters(count: int) -> Iterator[Letter]:
    """Yield so many letters of 5 KB, each to a reader of its own, settled as the compiled ones are."""
    rest = b"Subject: This week at The Lantern\r\n\r\n" + _LINE * (BYTES // len(_LINE))
    for number in range(count):
        message_id = f"<{number}@lantern.example>"
        yield Letter(
            key=DeliveryKey(number),
            message_id=message_id,
            sender=f"bounce+{number}@lantern.example",
            recipient=f"reader{number}@example.org",
            content=b"Message-ID: %b\r\n%b" % (message_id.encode(), rest),
            is_settled=True,
        )

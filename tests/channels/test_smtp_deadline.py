"""How long an answer is waited for: from the first look after a line moved, whatever the other lines do meanwhile."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import timedelta

import pytest

from syndicate.channels.smtp.connect import Abilities, Line
from syndicate.channels.smtp.wire import Wire
from syndicate.delivery.model import DeliveryKey, Letter

LETTER = Letter(
    key=DeliveryKey(1),
    message_id="<1@lantern.example>",
    sender="bounce+1@lantern.example",
    recipient="ada@reader.example",
    content=b"Subject: x\r\n\r\nFirst.\r\n",
)


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        yield ours, theirs


def test_the_time_for_an_answer_runs_from_the_first_look_and_longer_for_the_final_dot(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    ours, relay = ends
    line = Line(sock=ours, abilities=Abilities(pipelining=True), unread=b"")
    wire = Wire(line, "the relay", timedelta(seconds=60), timedelta(seconds=600))
    assert wire.deadline(100.0) is None, "nobody owes anything yet"

    wire.begin(LETTER)
    assert [wire.deadline(now) for now in (200.0, 250.0)] == [260.0, 260.0]

    relay.send(b"250 ok\r\n")
    wire.ready()
    assert wire.deadline(255.0) == 315.0, "it said something"
    wire.ready()
    assert wire.deadline(300.0) == 315.0, "it said nothing more"

    relay.send(b"250 ok\r\n354 go ahead\r\n")
    wire.ready()
    wire.begin(None)
    assert wire.deadline(400.0) == 1000.0

    relay.send(b"250 taken\r\n")
    wire.ready()
    assert wire.deadline(500.0) is None

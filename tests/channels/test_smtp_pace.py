"""The wires keep to a pace: they wait as long as the source says, no longer, and nothing hangs or is lost by it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import chain, repeat

import pytest

from syndicate.channels.smtp import SmtpChannel
from syndicate.channels.smtp.pool import HELD_SECONDS
from syndicate.delivery.model import Letter, Sent
from tests.channels.smtp_server import DROP, PIPELINING, STEPPING, ScriptedSmtp, Step
from tests.channels.test_smtp import letter


class Paced:
    """A source of letters that holds back: it answers each question with the next of these waits, then with 0."""

    def __init__(self, count: int, waits: Iterator[float], asked: Callable[[], None] = lambda: None) -> None:
        self._letters = iter([letter(number) for number in range(1, count + 1)])
        self._waits = chain(waits, repeat(0.0))
        self._asked = asked

    def __iter__(self) -> Iterator[Letter]:
        return self

    def __next__(self) -> Letter:
        return next(self._letters)

    def wait(self) -> float:
        self._asked()
        return next(self._waits)

    def settle(self) -> None:
        pass

    def holds(self) -> bool:
        return True


def sent(server: ScriptedSmtp, source: Paced, connections: int = 1) -> Counter[type]:
    """Send all that the source yields; a hang is a failure, and no end of all tests."""
    channel = SmtpChannel(
        host=server.host,
        port=server.port,
        security="none",
        pauses=(),
        timeout=timedelta(seconds=5),
        connections=connections,
    )
    pool = ThreadPoolExecutor(1)
    try:
        future = pool.submit(lambda: [outcome for _, outcome in channel.send(source)])
        return Counter(type(outcome) for outcome in future.result(timeout=10))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


@pytest.mark.parametrize("connections", [1, 3])
@pytest.mark.parametrize("extensions", [PIPELINING, STEPPING], ids=["pipelined", "stepped"])
@pytest.mark.parametrize(
    "waits",
    [[0.01, 0.0], [0.0, 0.01, 0.0, 0.01], [0.01, 0.01, 0.0, 0.0], [0.0, 0.0, 0.01, 0.0, 0.0, 0.01, 0.01]],
    ids=["at first", "every other", "twice", "in the midst"],
)
def test_a_wait_that_is_over_before_it_began_is_no_hang(
    waits: list[float], extensions: tuple[str, ...], connections: int
) -> None:
    with ScriptedSmtp(extensions=extensions) as server:
        assert sent(server, Paced(7, iter(waits * 9)), connections) == {Sent: 7}
        assert len(server.messages) == 7


@pytest.mark.parametrize("extensions", [PIPELINING, STEPPING], ids=["pipelined", "stepped"])
def test_a_line_that_the_relay_hangs_up_between_two_letters_is_made_anew(extensions: tuple[str, ...]) -> None:
    with ScriptedSmtp(
        on_step=lambda moment: DROP if moment.step is Step.ACCEPTED else None, extensions=extensions
    ) as server:
        source = Paced(12, (0.02 if turn % 3 else 0.0 for turn in range(200)))
        assert sent(server, source) == {Sent: 12}
        assert len(server.messages) == 12


def test_a_long_wait_is_asked_about_again_and_again_so_that_an_end_is_noticed() -> None:
    asked = []
    with ScriptedSmtp() as server:
        sent(server, Paced(1, iter([3600.0, 3600.0, 0.0]), lambda: asked.append(1)))
    assert HELD_SECONDS <= 1
    assert len(asked) >= 3

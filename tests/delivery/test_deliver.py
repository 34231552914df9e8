"""The loop: claim, hand over, record; and what becomes of a letter when one of the three breaks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from syndicate.delivery.deliver import Claimed, deliver
from syndicate.delivery.model import Deferred, DeliveryKey, DeliveryState, Letter, Outcome, RetryPolicy, Sent
from syndicate.delivery.retry import Concluded, Step
from syndicate.errors import ChannelError, StoreError
from syndicate.protocols import Supply
from syndicate.store.ledger import Attempt
from syndicate.testing import FakeClock, RecordingChannel

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
S = DeliveryState


def letter(number: int) -> Letter:
    return Letter(
        key=DeliveryKey(number),
        message_id=f"<{number}@lantern.example>",
        sender="news@lantern.example",
        recipient=f"reader{number}@reader.example",
        content=b"Subject: The Long Pier\r\n\r\n",
    )


class Memory:
    """A ledger of letters in memory, as the loop sees one."""

    is_ours = True

    def holds(self) -> bool:
        return self.is_ours

    def exchange(self, done: Sequence[Concluded], most: int) -> Sequence[Claimed[Letter] | Concluded]:
        return self.claim(done, most)

    def __init__(self, count: int) -> None:
        self.states = {DeliveryKey(number): S.PLANNED for number in range(1, count + 1)}
        self.fail_at: DeliveryKey | None = None
        self.groups: list[int] = []
        """How many outcomes each commit had."""

    def claim(self, done: Sequence[Concluded], most: int) -> Sequence[Claimed[Letter]]:
        if any(each.key == self.fail_at for each in done):
            raise StoreError("the database refused: disk full")
        self.states.update({each.key: each.step.state for each in done})
        self.groups.append(len(done))
        keys = [key for key, state in self.states.items() if state is S.PLANNED][:most]
        self.states.update(dict.fromkeys(keys, S.SENDING))
        return [Claimed(message=letter(key), attempt=Attempt(attempts=1, first_tried=NOW)) for key in keys]

    def give_back(self, keys: Sequence[DeliveryKey]) -> None:
        for key in keys:
            self.states[key] = S.PLANNED


class Pipelined:
    """A wire that takes two letters at a time before it answers, as SMTP pipelining does."""

    name = "pipelined"

    def __init__(self, fault: BaseException | None = None) -> None:
        self.fault = fault
        self.taken: list[Letter] = []

    def send(self, messages: Iterable[Letter]) -> Iterator[tuple[DeliveryKey, Outcome]]:
        rest = iter(messages)
        while pair := [each for each in (next(rest, None), next(rest, None)) if each]:
            self.taken += pair
            if self.fault:
                raise self.fault
            for each in reversed(pair):
                yield each.key, Sent(reply="250")


def run(memory: Memory, channel: RecordingChannel[Letter] | Pipelined, stop_after: int = 99) -> Counter[DeliveryState]:
    return deliver(
        memory,
        channel,
        clock=FakeClock(NOW),
        policy=RetryPolicy(),
        stopping=lambda: list(memory.states.values()).count(S.SENDING) >= stop_after,
        progress=lambda _: None,
    )


def test_everything_that_is_planned_is_sent_and_counted() -> None:
    memory, channel = Memory(3), RecordingChannel[Letter]()
    assert run(memory, channel) == {S.SENT: 3}
    assert [each.key for each in channel.sent] == [1, 2, 3]
    assert set(memory.states.values()) == {S.SENT}


def test_outcomes_may_come_in_any_order() -> None:
    memory = Memory(5)
    assert run(memory, Pipelined()) == {S.SENT: 5}
    assert set(memory.states.values()) == {S.SENT}


def test_one_readers_trouble_stops_nobody_else() -> None:
    def answer(message: Letter) -> Outcome:
        return Deferred(reason="mailbox full") if message.key == 2 else Sent(reply="250")

    memory = Memory(3)
    assert run(memory, RecordingChannel(answer)) == {S.SENT: 2, S.DEFERRED: 1}


def test_nothing_more_is_claimed_once_we_are_asked_to_end() -> None:
    memory = Memory(3)
    run(memory, RecordingChannel[Letter](), stop_after=1)
    assert list(memory.states.values()) == [S.SENT, S.PLANNED, S.PLANNED]


def test_a_channel_that_gives_up_leaves_what_never_was_on_a_wire_planned() -> None:
    memory, channel = Memory(3), RecordingChannel[Letter]()
    channel.break_after(1)
    with pytest.raises(ChannelError):
        run(memory, channel)
    assert list(memory.states.values()) == [S.SENT, S.PLANNED, S.PLANNED]


def test_a_letter_that_was_taken_but_not_recorded_is_not_planned_again() -> None:
    memory = Memory(2)
    memory.fail_at = DeliveryKey(1)
    with pytest.raises(StoreError):
        run(memory, RecordingChannel[Letter]())
    assert memory.states[DeliveryKey(1)] is S.SENDING


@pytest.mark.parametrize("fault", [KeyboardInterrupt(), RuntimeError("a slip of ours"), MemoryError()], ids=repr)
def test_a_fault_that_says_nothing_of_the_wire_leaves_what_may_be_on_it_as_sending(fault: BaseException) -> None:
    memory = Memory(4)
    with pytest.raises(type(fault)):
        run(memory, Pipelined(fault))
    assert list(memory.states.values()) == [S.SENDING, S.SENDING, S.PLANNED, S.PLANNED]


def test_a_fault_of_the_ledger_leaves_what_is_on_other_wires_as_sending() -> None:
    memory = Memory(4)
    memory.fail_at = DeliveryKey(2)
    with pytest.raises(StoreError):
        run(memory, Pipelined())
    assert [memory.states[DeliveryKey(number)] for number in (1, 2)] == [S.SENDING, S.SENDING]


def test_a_deferred_letter_learns_when_it_may_go_again() -> None:
    steps: list[Step] = []

    class Watching(Memory):
        def exchange(self, done: Sequence[Concluded], most: int) -> Sequence[Claimed[Letter] | Concluded]:
            steps.extend(each.step for each in done)
            return super().exchange(done, most)

    run(Watching(1), RecordingChannel(lambda _: Deferred(reason="greylisted")))
    assert [step.due for step in steps] == [NOW + timedelta(minutes=5)]


def test_what_came_together_is_committed_together() -> None:
    memory = Memory(6)
    run(memory, Pipelined())
    assert memory.groups[-1] <= 2
    assert sum(memory.groups) == 6
    assert len(memory.groups) < 12


def test_what_came_is_committed_before_the_channel_waits() -> None:
    memory, seen = Memory(3), list[list[DeliveryState]]()

    class Waiting(RecordingChannel[Letter]):
        def send(self, messages: Iterable[Letter]) -> Iterator[tuple[DeliveryKey, Outcome]]:
            assert isinstance(messages, Supply)
            first = next(iter(messages))
            yield first.key, Sent(reply="250")
            messages.settle()
            seen.append(list(memory.states.values()))

    run(memory, Waiting())
    assert seen == [[S.SENT, S.PLANNED, S.PLANNED]]


def test_what_came_before_a_fault_is_recorded() -> None:
    memory = Memory(3)

    class Broken(RecordingChannel[Letter]):
        def send(self, messages: Iterable[Letter]) -> Iterator[tuple[DeliveryKey, Outcome]]:
            first, second = (next(iter(messages)) for _ in range(2))
            yield second.key, Sent(reply="250")
            raise KeyboardInterrupt(first.key)

    with pytest.raises(KeyboardInterrupt):
        run(memory, Broken())
    assert list(memory.states.values()) == [S.SENDING, S.SENT, S.PLANNED]


def test_what_no_message_can_be_made_of_is_counted_and_keeps_nobody_else_waiting() -> None:
    class Unaddressed(Memory):
        def exchange(self, done: Sequence[Concluded], most: int) -> Sequence[Claimed[Letter] | Concluded]:
            return [self.concluded(each) if each.message.key <= 2 else each for each in self.claim(done, most)]

        def concluded(self, claimed: Claimed[Letter]) -> Concluded:
            self.states[claimed.message.key] = S.FAILED
            return Concluded(claimed.message.key, Step(state=S.FAILED, due=None, reply="no address"))

    memory, channel = Unaddressed(3), RecordingChannel[Letter]()
    assert run(memory, channel) == {S.FAILED: 2, S.SENT: 1}
    assert [each.key for each in channel.sent] == [3]

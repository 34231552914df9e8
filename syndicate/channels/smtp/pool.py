"""The loop that holds the connections: it opens them, gives each its letters, and waits for all of them at once.

It runs in the thread that asks for outcomes, so that a letter is pulled there too (pulling claims it in the ledger)
and nothing is handed from thread to thread; only a connection is made in a thread of its own, where it may block.
"""

from __future__ import annotations

import selectors
import socket
import time
from collections import deque
from collections.abc import Iterator, Sequence
from queue import SimpleQueue
from threading import Thread

from syndicate.channels.smtp.dialogue import Dialogue
from syndicate.channels.smtp.wire import GOODBYE_SECONDS, Opener, Wire
from syndicate.delivery.model import DeliveryKey, Letter, Outcome
from syndicate.errors import ChannelError, StoreError, UnreachableError
from syndicate.protocols import Supply

MOST_BREAKS = 5
"""So many letters in a row whose line broke: the relay is not well, and the rest is left for later.

With several connections, all of them but one may fall once more: a relay that restarts breaks them together."""

BRIEF_SECONDS = 0.002
"""So long a commit waits for what may be told with it."""
HELD_SECONDS = 0.5
"""So long it waits for the pace at a time: a person who asks it to end waits no longer than that."""
SLOW_SECONDS = 0.1
"""A source that takes longer over a letter is not waited for while a relay waits for the text of the one before."""


class Pool:
    """Up to so many connections for one run over a source of letters."""

    def __init__(
        self, source: Iterator[Letter], supply: Supply | None, opener: Opener, place: str, connections: int
    ) -> None:
        self._source: Iterator[Letter] | None = source
        self._supply = supply
        self._is_held_back = False
        """The source once more, where it keeps accounts and a pace."""
        self._place = place
        self._most = connections
        self._most_breaks = MOST_BREAKS + connections - 1
        self._breaks = 0
        self._waiting: deque[Letter] = deque()
        """Pulled, and on no wire."""
        self._told: list[tuple[DeliveryKey, Outcome]] = []
        self._wires: list[Wire] = []
        self._writing: set[Wire] = set()
        self._selector = selectors.DefaultSelector()
        self._making = _Making(opener, self._selector)
        self._slow = False
        self._source_fault: Exception | None = None
        self._fault: Exception | None = None

    @property
    def _is_over(self) -> bool:
        """Return whether no text may be begun any more: the channel does not work, or nobody writes down what came."""
        return self._fault is not None or self._source_fault is not None

    @property
    def done(self) -> bool:
        """Return whether nothing is left that could become an outcome."""
        if self._is_over:
            return not self._wires
        return self._source is None and not self._waiting and not any(wire.dialogue.waiting for wire in self._wires)

    def turn(self) -> list[tuple[DeliveryKey, Outcome]]:
        """Begin what can begin, wait until something happens, and return the outcomes that it brought, if any."""
        if not self._is_over:
            self._feed()
            self._open_more()
        if self._is_over:
            self._wind_up()
        if not self._told and not self.done:
            self._wait()
        return self._take()

    def finish(self) -> None:
        """Raise what ended the run before its time: the channel's trouble, or the source's own."""
        if self._fault:
            raise self._fault from self._source_fault or self._fault.__cause__
        if self._source_fault:
            raise self._source_fault

    def doubts(self, why: str) -> list[tuple[DeliveryKey, Outcome]]:
        """Return what is to be told where nobody waits for the answers any more."""
        for wire in self._wires:
            wire.dialogue.doubt(why)
            self._collect(wire.dialogue)
        return self._take()

    def close(self) -> None:
        """Say QUIT on every line where nothing is under way, and hang up all."""
        self._making.abandon()
        until = time.monotonic() + GOODBYE_SECONDS
        for wire in self._wires:
            wire.say_goodbye()
        for wire in self._wires:
            wire.hear_goodbye(until)
        self._wires.clear()
        self._selector.close()

    def _take(self) -> list[tuple[DeliveryKey, Outcome]]:
        told, self._told = self._told, []
        return told

    def _wind_up(self) -> None:
        """Wait only for letters whose text was begun: all others have sent nothing, and stay without an outcome."""
        for wire in [wire for wire in self._wires if not wire.dialogue.mid_text]:
            self._drop(wire)

    def _feed(self) -> None:
        for wire in list(self._wires):
            while wire.dialogue.wants and not self._told:
                due = wire.dialogue.text_is_due
                is_alone = due and (self._slow or not wire.dialogue.abilities.pipelining)
                letter = None if is_alone else self._next()
                if due and self._supply and not self._supply.holds():
                    self._source_fault = self._source_fault or _not_ours()
                if self._source_fault or (letter is None and not due):
                    break
                wire.begin(letter)
                self._after(wire)

    def _next(self) -> Letter | None:
        return self._waiting.popleft() if self._waiting else self._pull()

    def _pull(self) -> Letter | None:
        """Return the next letter of the source; what the source raises is kept until every outcome was told."""
        self._is_held_back = bool(self._source and self._supply and self._supply.wait())
        if self._source is None or self._is_held_back:
            return None
        began = time.monotonic()
        letter = None
        try:
            letter = next(self._source, None)
        except Exception as error:  # noqa: BLE001  (it is raised by `finish`)
            self._source_fault = error
        self._slow = time.monotonic() - began > SLOW_SECONDS
        if letter is None:
            self._source = None
        return letter

    def _open_more(self) -> None:
        """Connect for letters that no open line is free for; alone, as long as the relay has not let us in once."""
        while not self._told and len(self._wires) + self._making.count < (self._most if self._wires else 1):
            if len(self._waiting) <= self._making.count:
                letter = self._pull()
                if letter is None:
                    return
                self._waiting.append(letter)
            if self._breaks >= self._most_breaks:
                self._fault = self._unwell()
                return
            self._making.start()

    def _wait(self) -> None:
        """Wait for what comes first; where nothing comes at once, what was told is written down meanwhile."""
        patience = self._patience()
        found = self._selector.select(BRIEF_SECONDS if patience is None else min(patience, BRIEF_SECONDS))
        if not found:
            self._settle()
            found = self._selector.select(patience)
        while found:
            self._hear(found)
            found = self._selector.select(0)  # What came meanwhile is told with it: a fuller group is a cheaper one.
        self._give_up_on_the_late()

    def _hear(self, found: Sequence[tuple[selectors.SelectorKey, int]]) -> None:
        for key, _ in found:
            if key.data is None:
                self._made()
            else:
                key.data.ready()
                self._after(key.data)

    def _settle(self) -> None:
        if self._supply is None or self._source_fault:
            return
        try:
            self._supply.settle()
        except Exception as error:  # noqa: BLE001  (it is raised by `finish`)
            self._source, self._source_fault = None, error

    def _patience(self) -> float | None:
        now = time.monotonic()
        waits = [max(0.0, late - now) for wire in self._wires if (late := wire.deadline(now)) is not None]
        if self._supply and self._is_held_back:  # By now it may be 0: then the letter is pulled at once.
            waits.append(min(self._supply.wait(), HELD_SECONDS))
        return min(waits, default=None)

    def _give_up_on_the_late(self) -> None:
        now = time.monotonic()
        for wire in list(self._wires):
            late = wire.deadline(now)
            if late is not None and late <= now:
                wire.late()
                self._after(wire)

    def _made(self) -> None:
        for made in self._making.made():
            if isinstance(made, Wire):
                self._wires.append(made)
                self._selector.register(made, selectors.EVENT_READ, made)
                self._breaks += made.dialogue.over  # It spoke out of turn, or hung up, before the first letter.
                self._after(made)
            elif self._wires and isinstance(made, ChannelError):
                self._most = len(self._wires)  # It lets no more of us in: those that it has go on.
            else:
                self._fault = self._fault or made

    def _after(self, wire: Wire) -> None:
        """Take from a wire what has become of its letters, and the wire itself where it ended."""
        dialogue = wire.dialogue
        if dialogue.told:
            self._collect(dialogue)
        if dialogue.over:
            self._waiting.extendleft(reversed(dialogue.unbegun))
            self._fault = self._fault or dialogue.fault
            self._drop(wire)
        elif wire.has_more_to_write != (wire in self._writing):
            self._watch(wire)

    def _collect(self, dialogue: Dialogue) -> None:
        told, dialogue.told = dialogue.told, []
        if told:
            self._breaks = dialogue.broke + (0 if len(told) > dialogue.broke else self._breaks)
            self._told += [(letter.key, outcome) for letter, outcome in told]

    def _watch(self, wire: Wire) -> None:
        self._writing ^= {wire}
        write = selectors.EVENT_WRITE if wire in self._writing else 0
        self._selector.modify(wire, selectors.EVENT_READ | write, wire)

    def _drop(self, wire: Wire) -> None:
        self._selector.unregister(wire)
        self._writing.discard(wire)
        self._wires.remove(wire)
        wire.close()

    def _unwell(self) -> UnreachableError:
        return UnreachableError(
            f"{self._place} broke the line on {self._most_breaks} letters in a row",
            hint="nothing is lost; the rest is tried again later. Ask the relay's provider if it stays so",
        )


class _Making:
    """Connections in the making, each in a thread of its own; the selector wakes when one is there."""

    def __init__(self, opener: Opener, selector: selectors.BaseSelector) -> None:
        self.count = 0
        self._opener = opener
        self._results: SimpleQueue[Wire | Exception] = SimpleQueue()
        self._bell, self._rope = socket.socketpair()
        selector.register(self._bell, selectors.EVENT_READ, None)
        self._abandoned = False

    def start(self) -> None:
        """Begin to connect."""
        self.count += 1
        Thread(target=self._make, name="smtp-connect", daemon=True).start()

    def made(self) -> Iterator[Wire | Exception]:
        """Yield the wires that were made, and the troubles of those that were not."""
        for _ in self._bell.recv(4096):
            self.count -= 1
            yield self._results.get()

    def abandon(self) -> None:
        """Want none of them any more: whichever comes is closed."""
        self._abandoned = True
        self._bell.close()
        self._rope.close()
        while not self._results.empty():
            _close(self._results.get())

    def _make(self) -> None:
        try:
            made: Wire | Exception = self._opener()
        except Exception as error:  # noqa: BLE001  (it is raised in the thread that waits)
            made = error
        if self._abandoned:
            _close(made)
            return
        self._results.put(made)
        try:
            self._rope.send(b"!")
        except OSError:
            _close(made)


def _not_ours() -> StoreError:
    return StoreError(
        "this worker was not heard of for too long, and others were given its letters; it begins no more of them",
        hint="nothing is lost; was the machine asleep, or the database out of reach?",
    )


def _close(made: Wire | Exception) -> None:
    if isinstance(made, Wire):
        made.close()

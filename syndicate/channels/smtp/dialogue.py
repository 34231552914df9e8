"""One connection's conversation without the connection: letters in, bytes out; replies in, outcomes out. Pure.

Where the relay offers PIPELINING (RFC 2920), the envelope of the next letter rides with the text of the last, one
round trip a letter:

    we     MAIL RCPT DATA        text₁ . MAIL RCPT DATA        text₂ .
    relay                 250 250 354                  250 250 250 354    250

Else each command waits for its answer. Either way replies are matched to letters in the order in which they were
asked for, and every letter knows where in the stream of bytes its final dot stands: before that byte is written
nothing was sent, from then on the relay may have the letter.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from syndicate.channels.smtp.connect import Abilities
from syndicate.channels.smtp.replies import Reply, ReplyReader, Step, goes_on, judge, lost, out_of_step
from syndicate.channels.smtp.texts import END, Spoken, spoken
from syndicate.delivery.model import Letter, Outcome, Refused, Sent
from syndicate.errors import ChannelError

_WANTS_LOGIN = 530
_NOT_WRITTEN = -1
_STEPS = (Step.MAIL, Step.RCPT, Step.DATA)
"""The commands of an envelope, in their order."""
_TURN = 1 + len(_STEPS)
"""So many replies come together once letters follow each other: to a final dot, and to the next letter's envelope."""


class _Passage:
    """A letter on its way over the line."""

    __slots__ = ("dot", "fresh", "letter", "recipient_taken", "settled", "words")

    def __init__(self, letter: Letter, words: Spoken, fresh: bool) -> None:
        self.letter = letter
        self.words = words
        self.fresh = fresh
        """It is the first of its line."""
        self.recipient_taken = False
        self.settled = False
        """Its outcome is told; what the relay still says about it changes nothing."""
        self.dot = _NOT_WRITTEN
        """Where in all that this line says its final dot stands."""


class Dialogue:
    """What is said over a line, and what the answers mean for which letter."""

    def __init__(self, abilities: Abilities, place: str) -> None:
        self.abilities = abilities
        self.told: list[tuple[Letter, Outcome]] = []
        """Outcomes that nobody has taken yet."""
        self.unbegun: list[Letter] = []
        """Letters that this line ended before; they may go over another."""
        self.fault: ChannelError | None = None
        """Why no letter will ever go this way."""
        self.over = False
        """The line is of no more use."""
        self.broke = False
        """It ended in, or without, the answer that the last outcome told was waiting for."""
        self._place = place
        self._replies = ReplyReader()
        self._expected: deque[tuple[_Passage, Step]] = deque()
        self._due: _Passage | None = None
        self._said: list[bytes] = []
        self._said_bytes = 0
        self._written = 0
        self._used = False
        self._unfinished = False
        """The relay has a transaction open that leads nowhere: RSET first, else MAIL is out of order (RFC 5321)."""

    @property
    def text_is_due(self) -> bool:
        """Return whether the relay has asked for a text that was not said yet: `begin` says it."""
        return self._due is not None

    @property
    def wants(self) -> bool:
        """Return whether a letter may begin now."""
        if self.over:
            return False
        return (
            self._due is not None
            or not self._expected
            or (self.abilities.pipelining and self._expected[-1][1] is Step.EMPTY)
        )

    @property
    def waiting(self) -> Step | None:
        """Return what the relay owes an answer to, or None; BODY while the text is still being written."""
        if not self._expected:
            return None
        passage, step = self._expected[0]
        return Step.BODY if step is Step.DOT and not self._dot_written(passage) else step

    @property
    def mid_text(self) -> bool:
        """Return whether a letter's text was begun and has no answer yet."""
        return any(step is Step.DOT and passage.dot != _NOT_WRITTEN for passage, step in self._expected)

    def begin(self, letter: Letter | None) -> None:
        """Say the text that is due, and the envelope of the next letter, if any; `take` gives the bytes.

        A letter that the relay cannot take is refused at once, and nothing is said: `wants` another.
        """
        words = spoken(letter, self.abilities) if letter else None
        if letter and isinstance(words, Refused):
            self.told.append((letter, words))
            return
        if self._due:
            self._say_text(self._due)
        if letter and isinstance(words, Spoken):
            self._say_envelope(_Passage(letter, words, fresh=not self._used))

    def take(self) -> bytes:
        """Return what is to be written and was not taken before."""
        said = b"".join(self._said)
        self._said.clear()
        return said

    def wrote(self, count: int) -> None:
        """Note that so many more bytes are, or may be, on the wire."""
        self._written += count

    def receive(self, data: bytes) -> None:
        """Take what the relay said."""
        replies = self._replies.feed(data)
        if self._is_next_turn(replies):
            self._take_turn(replies[0])
            return
        for reply in replies:
            if self.over:
                return
            self._hear(reply)

    def lost(self, why: str) -> None:
        """Settle every letter on a line that ended by itself."""
        self.over = True
        for passage, step in self._first_expected():
            if step in (Step.RSET, Step.MAIL) and not passage.fresh:
                self.unbegun.append(passage.letter)
                continue
            on_its_way = step is not Step.DOT or self._dot_written(passage)
            self._tell(passage, lost(step if on_its_way else Step.BODY, why))
            self.broke = True
        self._expected.clear()

    def doubt(self, why: str) -> None:
        """Tell what nobody will hear the answer to: the letters whose final dot was written."""
        self.over = True
        for passage, step in self._first_expected():
            if step is Step.DOT and self._dot_written(passage):
                self._tell(passage, lost(step, why))
        self._expected.clear()

    def _first_expected(self) -> list[tuple[_Passage, Step]]:
        first: dict[_Passage, Step] = {}
        for passage, step in self._expected:
            if not passage.settled:
                first.setdefault(passage, step)
        return list(first.items())

    def _dot_written(self, passage: _Passage) -> bool:
        return passage.dot != _NOT_WRITTEN and self._written > passage.dot

    def _say(self, line: bytes) -> None:
        self._said.append(line)
        self._said_bytes += len(line)

    def _say_envelope(self, passage: _Passage) -> None:
        self._used = True
        if self._unfinished:
            self._unfinished = False
            self._ask(passage, Step.RSET, b"RSET\r\n")
            if not self.abilities.pipelining:
                return
        if self.abilities.pipelining:
            self._say(passage.words.envelope)
            self._expected += ((passage, Step.MAIL), (passage, Step.RCPT), (passage, Step.DATA))
        else:
            self._ask(passage, Step.MAIL, passage.words.command(0))

    def _ask(self, passage: _Passage, step: Step, line: bytes) -> None:
        self._say(line)
        self._expected.append((passage, step))

    def _say_text(self, passage: _Passage) -> None:
        self._due = None
        self._say(passage.words.text)
        passage.dot = self._said_bytes
        self._say(END)

    def _is_next_turn(self, replies: Sequence[Reply]) -> bool:
        """Return whether this is what is heard a thousand times: a letter is taken, and the next one's text is due."""
        return (
            len(replies) == len(self._expected) == _TURN
            and replies[0].code == replies[1].code == replies[2].code == 250
            and replies[3].code == 354
            and self._dot_written(self._expected[0][0])  # So the first one answers a final dot, and no RSET.
        )

    def _take_turn(self, taken: Reply) -> None:
        """Do in one step what `_hear` does with the four replies of a turn, at a quarter of its cost."""
        (last, _), _, _, (following, _) = self._expected
        self._expected.clear()
        self._tell(last, Sent(reply=str(taken)))
        self._expected.append((following, Step.DOT))
        self._due = following

    def _hear(self, reply: Reply) -> None:
        if not self._expected:
            self._end()  # Nobody asked: it hangs up (421), or we no longer speak of the same thing.
            return
        passage, step = self._expected.popleft()
        if step is Step.DOT and not self._dot_written(passage):
            step = Step.BODY
        if passage.settled:
            self._pass_over(passage, step, reply)
        elif goes_on(step, reply):
            self._go_on(passage, step)
        elif step is Step.RSET:
            self._cleared(passage, reply)
        else:
            self._weigh(passage, step, reply)

    def _weigh(self, passage: _Passage, step: Step, reply: Reply) -> None:
        outcome = judge(step, reply)
        assert outcome, "it does not go on"
        ends = out_of_step(step, reply) or step is Step.BODY
        self.fault = self._hopeless(step, reply, outcome)
        if self.fault:
            self._end()
        elif ends and step is Step.MAIL and not passage.fresh:
            self._end(passage)
        else:
            self._tell(passage, outcome)
            self._unfinished = step is not Step.DOT
            if ends:
                self.broke = True
                self._end()

    def _go_on(self, passage: _Passage, step: Step) -> None:
        if step is Step.DATA:
            self._expected.append((passage, Step.DOT))
            self._due = passage
        elif not self.abilities.pipelining:
            after = _STEPS.index(step) + 1
            self._ask(passage, _STEPS[after], passage.words.command(after))

    def _cleared(self, passage: _Passage, reply: Reply) -> None:
        """A relay that cannot even forget is left; the letter goes over another line."""
        if reply.code != 250:
            self._end(passage)
        elif not self.abilities.pipelining:
            self._ask(passage, Step.MAIL, passage.words.command(0))

    def _pass_over(self, passage: _Passage, step: Step, reply: Reply) -> None:
        """Hear the rest of a pipelined group whose letter is settled already."""
        kind = reply.code // 100
        if reply.closing or kind not in ({3, 4, 5} if step is Step.DATA else {2, 4, 5}):
            self._end()
        elif step is Step.RCPT:
            passage.recipient_taken = kind == 2
        elif step is Step.DATA and kind == 3:
            if passage.recipient_taken:
                self._end()  # A lone dot would now be a letter, an empty one.
                return
            self._ask(passage, Step.EMPTY, END)
            self._unfinished = False

    def _hopeless(self, step: Step, reply: Reply, outcome: Outcome) -> ChannelError | None:
        if reply.code == _WANTS_LOGIN and step in (Step.MAIL, Step.RCPT, Step.DATA):
            return ChannelError(
                f"{self._place} takes no letter without a login: {reply}",
                hint="set its user and password_env, and security: starttls or tls, in config.yaml",
            )
        if step is Step.MAIL and isinstance(outcome, Refused):
            return ChannelError(
                f"{self._place} refuses our letters before it knows for whom: {reply}",
                hint="check mail.from and mail.return_path in config.yaml: may this login send under that address?",
            )
        return None

    def _tell(self, passage: _Passage, outcome: Outcome) -> None:
        passage.settled = True
        self.told.append((passage.letter, outcome))

    def _end(self, unbegun: _Passage | None = None) -> None:
        """Leave the line; what rides behind the letter that was just settled has not begun."""
        self.over = True
        rest = [unbegun] if unbegun else []
        rest += [passage for passage, _ in self._first_expected() if passage is not unbegun]
        self.unbegun += [passage.letter for passage in rest]
        self._expected.clear()

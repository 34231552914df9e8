"""What a relay's reply means, and what a broken line means, at each step of a letter's transaction. Pure."""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from syndicate.delivery.model import Deferred, InDoubt, Outcome, Refused, Sent

_ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3}(?!\S)")
_LONGEST_REPLY_CHARS = 300
_LONGEST_REPLY_BYTES = 64 * 1024


class Step(StrEnum):
    """The steps of one letter, named as a person would read them in a reason."""

    MAIL = "MAIL FROM"
    RCPT = "RCPT TO"
    DATA = "DATA"
    BODY = "the letter's text"
    DOT = "the final dot"
    RSET = "RSET"
    EMPTY = "the empty text"
    """A lone dot, where a relay asked for the text of a letter whose recipient it had refused (RFC 2920 §3.1)."""


_GO_ON = {Step.MAIL: 2, Step.RCPT: 2, Step.DATA: 3}


class Reply(NamedTuple):
    """One reply: its code, and its text on one line, cut at 300 characters. A tuple: four are made for each letter."""

    code: int
    """-1 where the line did not begin with a number."""
    text: str

    def __str__(self) -> str:
        return f"{self.code} {self.text}".strip()

    @property
    def status(self) -> str:
        """Return the enhanced status code (RFC 3463, RFC 2034), or else the plain one."""
        match = _ENHANCED.match(self.text)
        return match[0] if match else str(self.code)

    @property
    def closing(self) -> bool:
        """Return whether the relay says that it hangs up now (RFC 5321 §3.8)."""
        return self.code == 421


def parse_reply(code: int, text: bytes) -> Reply:
    """Return a reply with its lines folded into one and its control characters dropped."""
    line = " ".join(text.decode("utf-8", "replace").split())
    if not line.isprintable():
        line = "".join(char for char in line if char.isprintable())
    return Reply(code=code, text=line[:_LONGEST_REPLY_CHARS])


class ReplyReader:
    """Bytes as they come off the line in, whole replies out (RFC 5321 §4.2)."""

    def __init__(self) -> None:
        self._rest = b""
        self._lines: list[bytes] = []

    def feed(self, data: bytes) -> list[Reply]:
        """Return the replies that are whole now. A reply without an end is cut off: it is babble, code -1."""
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()
        replies = []
        for line in lines:
            reply = _last(line)
            if reply is None:
                self._lines.append(line)
            elif self._lines:
                replies.append(_folded([*self._lines, line]))
                self._lines.clear()
            else:
                replies.append(reply)
        if (self._rest or self._lines) and len(self._rest) + sum(map(len, self._lines)) > _LONGEST_REPLY_BYTES:
            self._rest = b""
            self._lines.clear()
            replies.append(Reply(code=-1, text="a reply that does not end"))
        return replies


@lru_cache(maxsize=64)  # Most replies of a relay are the same few.
def _last(line: bytes) -> Reply | None:
    """Return the reply that a line is, or ends; None for a line that others follow."""
    if line[3:4] == b"-" and line[:3].isdigit():
        return None
    return parse_reply(_code(line), line[4:])


def _folded(lines: list[bytes]) -> Reply:
    return parse_reply(_code(lines[-1]), b"\n".join(line[4:] for line in lines))


def _code(line: bytes) -> int:
    return int(line[:3]) if line[:3].isdigit() and len(line.rstrip()) >= 3 else -1


def goes_on(step: Step, reply: Reply) -> bool:
    """Return whether the relay says yes, and waits for what comes next."""
    return _GO_ON.get(step) == reply.code // 100


def judge(step: Step, reply: Reply) -> Outcome | None:
    """Return what came of the letter, or None where the relay says to go on.

    4yz is for now and 5yz for good (RFC 5321 §4.2.1), after the final dot too: a relay that answers so has not
    taken the letter. Anything that is no answer at all is doubt once the dot was written, and else nothing was sent.
    """
    if goes_on(step, reply):
        return None
    match (step, reply.code // 100):
        case (Step.DOT, 2):
            return Sent(reply=str(reply))
        case (_, 4):
            return Deferred(reason=f"at {step}: {reply}")
        case (_, 5):
            return Refused(reason=f"at {step}: {reply}", status=reply.status)
        case (Step.DOT, _):
            return InDoubt(reason=f"the relay answered {step} with no known reply: {reply}")
    return Deferred(reason=f"the relay answered {step} with no known reply: {reply}")


def out_of_step(step: Step, reply: Reply) -> bool:
    """Return whether the relay and we no longer speak of the same thing, so that the line is of no more use."""
    return reply.closing or reply.code // 100 not in ({3, 4, 5} if step is Step.DATA else {2, 4, 5})


def lost(step: Step, why: str) -> Outcome:
    """Return what a line that broke at this step means: in doubt from the first byte of the final dot on."""
    if step is Step.DOT:
        return InDoubt(reason=f"the line broke after the final dot was written, before its reply ({why})")
    return Deferred(reason=f"the line broke at {step} ({why}); the letter was not finished, so nothing was sent")

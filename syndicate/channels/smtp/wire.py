"""One connection to the relay: a letter's steps taken one by one, so that a broken line is known by its step.

smtplib sets the connection up, but its `sendmail` cannot say whether the final dot was written. Here the dot is a
write of its own: before it nothing was sent, from it on the relay may have the letter.
"""

from __future__ import annotations

import contextlib
import re
import smtplib
from collections.abc import Iterator
from datetime import timedelta

from syndicate.channels.smtp.connect import Relay, connect, why
from syndicate.channels.smtp.replies import Reply, Step, judge, lost, out_of_step, parse_reply
from syndicate.delivery.model import Letter, Outcome, Refused
from syndicate.errors import ChannelError

DOT_PATIENCE = timedelta(minutes=10)
"""RFC 5321 §4.5.3.2.6: hanging up sooner while the relay thinks makes doubles, or doubt."""
_GOODBYE_SECONDS = 5.0
_WANTS_LOGIN = 530
_UNFIT = re.compile(r"[\x00-\x20\x7f<>]")


class Wire:
    """A connection, logged in. Raises what `connect` raises when it is made; after that, trouble is an Outcome."""

    def __init__(self, relay: Relay, dot_patience: timedelta = DOT_PATIENCE) -> None:
        self._session = connect(relay)
        self._place = relay.place
        self._timeout = relay.timeout.total_seconds()
        self._dot_timeout = max(self._timeout, dot_patience.total_seconds())
        self._used = False
        self._unfinished = False
        self.open = True
        self.broke = False
        """The line ended without, or in, the last letter's reply."""
        self.interruption: BaseException | None = None
        """What ended the wait for the dot's reply, to be raised once the letter's outcome is told."""

    def transmit(self, letter: Letter) -> Outcome | None:
        """Return what came of a letter; None where a used line had ended before this letter began."""
        refused = self._unfit(letter)
        if refused:
            return refused
        fresh, self._used = not self._used, True
        step = Step.MAIL
        try:
            for step, line in self._steps(letter):
                outcome = self._say(step, line)
                if outcome:
                    return outcome if fresh or self.open or step is not Step.MAIL else None
            step = Step.BODY
            self._session.send(stuffed(letter.content))
            step = Step.DOT
            self._wait(self._dot_timeout)
            return self._say(step, b".\r\n")
        except OSError as error:
            self._drop()
            return lost(step, why(error)) if fresh or step is not Step.MAIL else None
        except BaseException as interruption:
            # Ctrl-C twice: before the dot nothing was sent, after it the letter must not pass for unsent.
            self._drop()
            if step is not Step.DOT:
                raise
            self.interruption = interruption
            return lost(step, "interrupted")

    def close(self) -> None:
        """Say QUIT where the relay listens, and hang up."""
        if self.open:
            with contextlib.suppress(OSError):
                self._wait(_GOODBYE_SECONDS)
                self._session.quit()
        self._drop(broke=False)

    def _unfit(self, letter: Letter) -> Refused | None:
        """Refuse what the relay cannot take, before a byte of it is sent; no command is built from a line break."""
        for address in (letter.sender, letter.recipient):
            if _UNFIT.search(address):
                return Refused(reason=f"{address!r} cannot stand in an SMTP command", status="5.1.3")
        if not self._ascii(letter) and not self._session.has_extn("smtputf8"):
            reason = f"the relay takes no address like {letter.recipient} (it lacks SMTPUTF8, RFC 6531)"
            return Refused(reason=reason, status="5.6.7")
        if not _crlf_only(letter.content):
            return Refused(reason="the letter has line ends that are not CRLF", status="5.6.0")
        limit = self._size_limit()
        if limit and len(letter.content) > limit:
            reason = f"the letter has {len(letter.content):,} bytes; the relay takes {limit:,}"
            return Refused(reason=reason, status="5.3.4")
        return None

    def _steps(self, letter: Letter) -> Iterator[tuple[Step, bytes]]:
        size = f" SIZE={len(letter.content)}" if self._session.has_extn("size") else ""
        utf8 = "" if self._ascii(letter) else " SMTPUTF8"
        yield Step.MAIL, f"MAIL FROM:<{letter.sender}>{size}{utf8}\r\n".encode()
        yield Step.RCPT, f"RCPT TO:<{letter.recipient}>\r\n".encode()
        yield Step.DATA, b"DATA\r\n"

    def _say(self, step: Step, line: bytes) -> Outcome | None:
        if step is Step.MAIL:
            self._forget_the_last()
        self._session.send(line)
        reply = self._reply()
        outcome = judge(step, reply)
        self._unfinished = outcome is not None and step is not Step.DOT
        if reply.code == _WANTS_LOGIN and step is not Step.DOT:
            self.close()
            raise ChannelError(
                f"{self._place} takes no letter without a login: {reply}",
                hint="set mail.relay.user and password_env, and security: starttls or tls, in config.yaml",
            )
        if step is Step.MAIL and isinstance(outcome, Refused):
            self.close()
            raise ChannelError(
                f"{self._place} refuses our letters before it knows for whom: {reply}",
                hint="check mail.from and mail.return_path in config.yaml: may this login send under that address?",
            )
        if out_of_step(step, reply):
            self._drop()
        return outcome

    def _forget_the_last(self) -> None:
        """A transaction that ended halfway is ended with RSET, else the next MAIL is out of order (RFC 5321 §4.1.4)."""
        self._wait(self._timeout)
        if self._unfinished:
            self._session.send(b"RSET\r\n")
            if self._reply().code != 250:
                raise smtplib.SMTPServerDisconnected("the relay refused RSET")

    def _reply(self) -> Reply:
        return parse_reply(*self._session.getreply())

    def _wait(self, seconds: float) -> None:
        if self._session.sock is not None:
            self._session.sock.settimeout(seconds)

    def _drop(self, *, broke: bool = True) -> None:
        self.open = False
        self.broke = broke
        self._session.close()

    def _size_limit(self) -> int:
        announced = self._session.esmtp_features.get("size", "")
        return int(announced) if announced.isdecimal() else 0

    @staticmethod
    def _ascii(letter: Letter) -> bool:
        return letter.sender.isascii() and letter.recipient.isascii()


def _crlf_only(content: bytes) -> bool:
    """A bare CR or LF is read as a line end by some servers and not by others: a way to smuggle a second letter."""
    ends = content.count(b"\r\n")
    return content.count(b"\n") == ends == content.count(b"\r")


def stuffed(content: bytes) -> bytes:
    """Return the letter as DATA carries it (RFC 5321 §4.5.2): leading dots doubled, CRLF at its end, no final dot."""
    doubled = content.replace(b"\r\n.", b"\r\n..")
    doubled = b"." + doubled if doubled.startswith(b".") else doubled
    return doubled if doubled.endswith(b"\r\n") else doubled + b"\r\n"

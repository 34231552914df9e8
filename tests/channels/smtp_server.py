"""A real SMTP server on loopback that remembers every message and does, at any step, what a test asks of it.

    def cut_after_the_dot(moment: Moment) -> Action | None:
        return DROP if moment.step is Step.DOT and moment.letter == 2 else None

    with ScriptedSmtp(on_step=cut_after_the_dot) as server:
        channel = SmtpChannel(host=server.host, port=server.port, security="none")

`on_step` is called in the server's thread before it answers a step; it may do anything else there (send SIGKILL to
the sender) and return None for the ordinary answer. At MID_BODY one line was read, but a letter that fits the
sockets' buffers may be on its way whole, final dot and all: return DROP to be sure that it is not taken.
"""

from __future__ import annotations

import base64
import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Self

TLS = Path(__file__).parent.parent / "data" / "tls"
STEPPING = ("SIZE 50000000", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES")
PIPELINING = (*STEPPING, "PIPELINING")


class Step(StrEnum):
    """What the server has just been told, and not yet answered; ACCEPTED is after the 250 was written."""

    CONNECT = "connect"
    EHLO = "ehlo"
    STARTTLS = "starttls"
    AUTH = "auth"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    MID_BODY = "mid-body"
    DOT = "dot"
    ACCEPTED = "accepted"
    RSET = "rset"
    QUIT = "quit"


@dataclass(frozen=True, slots=True)
class Moment:
    """Where the server is: the step, the connection's and the letter's number (from 1), and the command as sent."""

    step: Step
    connection: int
    letter: int
    line: str = ""
    sender: str = ""
    """The last address that MAIL named on this connection, refused or not."""


@dataclass(frozen=True, slots=True)
class Say:
    """Answer this instead. After a 4yz or 5yz the step was refused; at DOT the message is then not kept."""

    reply: str
    then_drop: bool = False


@dataclass(frozen=True, slots=True)
class Drop:
    """Break the line without an answer; at DOT with `keep` the message was taken all the same."""

    keep: bool = True


@dataclass(frozen=True, slots=True)
class Stall:
    """Say nothing until the server is closed."""


@dataclass(frozen=True, slots=True)
class Mute:
    """Go on as ordinarily, but say nothing."""


Action = Say | Drop | Stall | Mute
OnStep = Callable[[Moment], Action | None]
DROP, STALL, MUTE = Drop(), Stall(), Mute()


@dataclass(frozen=True, slots=True)
class Message:
    """A message that was taken: its envelope, and its bytes with the dots unstuffed."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes


class _Hangup(Exception):
    pass


@dataclass
class ScriptedSmtp:
    """The server; a context manager. `tls` is "none", "starttls" or "implicit"; `users` makes a login necessary."""

    on_step: OnStep = lambda moment: None
    tls: str = "none"
    certificate: Path = TLS / "localhost.pem"
    users: Mapping[str, str] = field(default_factory=dict)
    mechanisms: str = "PLAIN LOGIN"
    extensions: tuple[str, ...] = STEPPING
    messages: list[Message] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    """Every command as it was sent."""
    connections: int = 0
    letters: int = 0
    turns: int = 0
    """How often a client had to be waited for: it spoke, was answered, and spoke again."""

    def __post_init__(self) -> None:
        self._closing = threading.Event()
        self.lock = threading.Lock()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []

    @property
    def host(self) -> str:
        return "127.0.0.1"

    @property
    def port(self) -> int:
        return int(self._socket.getsockname()[1])

    @property
    def address(self) -> tuple[str, int]:
        return self.host, self.port

    def __enter__(self) -> Self:
        self._start(self._serve)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for connection in self._open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)

    def wait_closed(self) -> None:
        """Return when every connection so far has ended, so that what was recorded is all there is."""
        for thread in self._threads[1:]:
            thread.join(5)

    def context(self) -> ssl.SSLContext:
        """Return what a client must trust to trust this server."""
        return ssl.create_default_context(cafile=str(TLS / "authority.pem"))

    def _start(self, target: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _serve(self) -> None:
        while not self._closing.is_set():
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._open.append(connection)
            self.connections += 1
            self._start(_Session(self, connection, self.connections).run)

    def reached(self, moment: Moment) -> Action | None:
        """Note a step, and ask the test what to do; a stall is waited out here."""
        with self.lock:
            self.steps.append(moment.step)
            if moment.line:
                self.lines.append(moment.line)
        action = self.on_step(moment)
        if isinstance(action, Stall):
            self._closing.wait()
            raise _Hangup
        return action


class _Lines:
    """Lines off a socket, counting the client's turns: bytes that came after something was said."""

    def __init__(self, server: ScriptedSmtp, connection: socket.socket) -> None:
        self.server, self.connection = server, connection
        self.spoken = True
        self.rest = bytearray()
        self.searched = 0

    def readline(self) -> bytes:
        while (end := self.rest.find(b"\n", self.searched)) < 0:
            self.searched = len(self.rest)
            data = self.connection.recv(1 << 20)
            if not data:
                return b""
            self.rest += data
            with self.server.lock:
                self.server.turns += self.spoken
            self.spoken = False
        line = bytes(self.rest[: end + 1])
        del self.rest[: end + 1]
        self.searched = 0
        return line


class _Session:
    def __init__(self, server: ScriptedSmtp, connection: socket.socket, number: int) -> None:
        self.server = server
        self.connection = connection
        self.number = number
        self.letter = 0
        self.encrypted = server.tls == "implicit"
        self.user: str | None = None
        self.sender: str | None = None
        self.named = ""
        self.recipients: list[str] = []

    def run(self) -> None:
        with contextlib.suppress(_Hangup, OSError):
            if self.encrypted:
                self._encrypt()
            self.file = _Lines(self.server, self.connection)
            self._answer(Step.CONNECT, "220 scripted.example ESMTP")
            while line := self.file.readline():
                self._obey(line.decode("utf-8", "replace").rstrip("\r\n"))
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)
        self.connection.close()

    def _encrypt(self) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.server.certificate)
        self.connection = context.wrap_socket(self.connection, server_side=True)
        self.file = _Lines(self.server, self.connection)
        self.encrypted = True

    def _obey(self, line: str) -> None:
        verb, _, rest = line.partition(" ")
        match verb.upper():
            case "EHLO":
                self._answer(Step.EHLO, self._greeting(), line)
            case "STARTTLS":
                if self._answer(Step.STARTTLS, "220 2.0.0 go ahead", line):
                    self._encrypt()
            case "AUTH":
                self._log_in(rest, line)
            case "MAIL":
                self._mail(rest, line)
            case "RCPT":
                self._rcpt(rest, line)
            case "DATA":
                self._data(line)
            case "RSET":
                if self._answer(Step.RSET, "250 2.0.0 forgotten", line):
                    self._forget()
            case "QUIT":
                self._answer(Step.QUIT, "221 2.0.0 bye", line)
                raise _Hangup
            case _:
                self._send("500 5.5.1 what?")

    def _greeting(self) -> str:
        extensions = list(self.server.extensions)
        if self.server.tls == "starttls" and not self.encrypted:
            extensions.append("STARTTLS")
        if self.server.users and (self.encrypted or self.server.tls == "none"):
            extensions.append(f"AUTH {self.server.mechanisms}")
        lines = ["scripted.example", *extensions]
        return "\r\n".join(f"250{' ' if line is lines[-1] else '-'}{line}" for line in lines)

    def _log_in(self, rest: str, line: str) -> None:
        mechanism, _, first = rest.partition(" ")
        if mechanism == "PLAIN":
            _, user, password = base64.b64decode(first).decode().split("\0")
        else:
            user, password = (base64.b64decode(first).decode() if first else self._ask("Username:")), self._ask("Pass:")
        right = self.server.users.get(user) == password
        answer = "235 2.7.0 welcome" if right else "535 5.7.8 wrong name or password"
        if self._answer(Step.AUTH, answer, f"AUTH {mechanism}"):
            self.user = user

    def _ask(self, prompt: str) -> str:
        self._send(f"334 {base64.b64encode(prompt.encode()).decode()}")
        return base64.b64decode(self.file.readline()).decode()

    def _mail(self, rest: str, line: str) -> None:
        self.server.letters += 1
        self.letter = self.server.letters
        self.named = rest[rest.index("<") + 1 : rest.index(">")]
        if self.sender is not None:
            answer = "503 5.5.1 nested MAIL"
        elif self.server.users and self.user is None:
            answer = "530 5.7.0 log in first"
        else:
            answer = "250 2.1.0 sender ok"
        if self._answer(Step.MAIL, answer, line):
            self.sender = self.named

    def _rcpt(self, rest: str, line: str) -> None:
        if self._answer(Step.RCPT, "250 2.1.5 recipient ok" if self.sender is not None else "503 5.5.1 no MAIL", line):
            self.recipients.append(rest[rest.index("<") + 1 : rest.index(">")])

    def _data(self, line: str) -> None:
        if not self._answer(Step.DATA, "354 go ahead" if self.recipients else "503 5.5.1 no RCPT", line):
            return
        content = self._body()
        if not self.recipients:
            self._forget()
            self._send("554 5.5.1 no valid recipients")
            return
        action = self.server.reached(self._moment(Step.DOT))
        if (
            action is None
            or isinstance(action, Mute)
            or (isinstance(action, Drop) and action.keep)
            or (isinstance(action, Say) and _yes(action.reply))
        ):
            self.server.messages.append(Message(self.sender or "", tuple(self.recipients), content))
        self._forget()
        self._carry_out(action, f"250 2.0.0 queued as {len(self.server.messages)}")
        self._act_on(self.server.reached(self._moment(Step.ACCEPTED)))

    def _body(self) -> bytes:
        lines: list[bytes] = []
        while (line := self.file.readline()) != b".\r\n":
            if not line:
                raise _Hangup
            lines.append(line.removeprefix(b"."))
            if len(lines) == 1:
                self._act_on(self.server.reached(self._moment(Step.MID_BODY)))
        return b"".join(lines)

    def _act_on(self, action: Action | None) -> None:
        """There is nothing to answer at this step, so only a drop (or an answer out of turn) makes sense."""
        match action:
            case Drop():
                raise _Hangup
            case Say():
                self._carry_out(action, "")

    def _forget(self) -> None:
        self.sender, self.recipients = None, []

    def _moment(self, step: Step, line: str = "") -> Moment:
        return Moment(step, self.number, self.letter, line, self.named)

    def _answer(self, step: Step, ordinary: str, line: str = "") -> bool:
        """Answer a step, and return whether the answer lets the client go on."""
        return self._carry_out(self.server.reached(self._moment(step, line)), ordinary)

    def _carry_out(self, action: Action | None, ordinary: str) -> bool:
        match action:
            case Drop() | Stall():
                raise _Hangup
            case Say():
                self._send(action.reply)
                if action.then_drop:
                    raise _Hangup
                return _yes(action.reply)
            case Mute():
                return _yes(ordinary)
            case None:
                self._send(ordinary)
                return _yes(ordinary)

    def _send(self, text: str) -> None:
        self.file.spoken = True
        self.connection.sendall(f"{text}\r\n".encode())


def _yes(reply: str) -> bool:
    return reply[:1] in {"2", "3"}

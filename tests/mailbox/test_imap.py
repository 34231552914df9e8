"""What an IMAP server, or the line to it, does wrong: told with what to do, never with the password."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import IO, cast

import pytest

from syndicate.errors import ChannelError, SyndicateError, UnreachableError
from syndicate.mailbox.imap import Account, ImapMailbox, read_fetched
from syndicate.mailbox.model import Message
from tests.mailbox.conftest import imap_place
from tests.mailbox.dovecot import PASSWORD, Dovecot

SECRET = "harbour-7-lights"


def tell(error: SyndicateError) -> str:
    """Return all that an error tells; the password is never in it, nor in what it came from."""
    text, cause = str(error), error.__cause__
    while cause is not None:
        assert SECRET not in str(cause)
        cause = cause.__cause__
    assert SECRET not in text
    assert PASSWORD not in text
    assert error.hint
    return text


# --- a real server ---


@pytest.mark.dovecot
def test_a_wrong_password_is_told_with_where_it_is_set(dovecot: Dovecot) -> None:
    dovecot.user("wrong@plain.example")
    with pytest.raises(ChannelError) as caught:
        dovecot.open("wrong@plain.example", password=SECRET)
    assert not isinstance(caught.value, UnreachableError)
    told = tell(caught.value)
    assert 'refused the login for "wrong@plain.example"' in told
    assert "password_env" in told


@pytest.mark.dovecot
def test_a_folder_that_is_not_there_is_told_by_its_name(dovecot: Dovecot) -> None:
    dovecot.user("folder@plain.example")
    with pytest.raises(ChannelError, match=r'no folder "Bounces & more" for "folder@plain\.example"') as caught:
        dovecot.open("folder@plain.example", folder="Bounces & more")
    assert "mail.mailbox.imap.folder" in tell(caught.value)


@pytest.mark.dovecot
def test_another_folder_than_the_inbox_can_be_read(dovecot: Dovecot) -> None:
    place = imap_place(dovecot, folder="Zurückgekommen")
    for each in ("new", "cur", "tmp"):
        path = place.maildir / ".Zur&APw-ckgekommen" / each
        path.mkdir(parents=True)
        dovecot.own(path)
        dovecot.own(path.parent)
    path = place.maildir / ".Zur&APw-ckgekommen" / "new" / "1.mx"
    path.write_bytes(b"Subject: here\n\n")
    dovecot.own(path)
    with place.open() as mailbox:
        assert [b"here" in each.head for each in mailbox.messages()] == [True]


@pytest.mark.dovecot
@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_certificate_for_another_name_is_not_taken(dovecot: Dovecot, security: str) -> None:
    port = dovecot.tls_port if security == "tls" else dovecot.port
    with pytest.raises(ChannelError, match=r"the certificate of 127\.0\.0\.2:.* does not hold") as caught:
        dovecot.open("anybody@plain.example", host="127.0.0.2", port=port, security=security)
    tell(caught.value)


@pytest.mark.dovecot
def test_tls_on_a_plain_port_says_so(dovecot: Dovecot) -> None:
    with pytest.raises(ChannelError, match="did not agree on TLS") as caught:
        dovecot.open("anybody@plain.example", host="localhost", port=dovecot.port, security="tls")
    assert "security: starttls" in tell(caught.value)


# --- a server of our own, which does as it is told ---

Script = Callable[[str, str], "str | None"]
"""(tag, command in upper case) → what is answered, or None to hang up."""
CAPABILITY = "IMAP4rev1 MOVE UIDPLUS"
MESSAGE = "Subject: x\r\n\r\n"


def orderly(tag: str, line: str) -> str | None:
    """Answer as a server does that has two messages."""
    verb = line.split()[0]
    match verb:
        case "CAPABILITY":
            return f"* CAPABILITY {CAPABILITY}\r\n{tag} OK done\r\n"
        case "SELECT":
            return f"* 2 EXISTS\r\n{tag} OK [READ-WRITE] done\r\n"
        case "LOGOUT":
            return f"* BYE\r\n{tag} OK done\r\n"
    if line.startswith("UID SEARCH"):
        return f"* SEARCH 4 7\r\n{tag} OK done\r\n"
    if line.startswith("UID FETCH"):
        rows = (
            f"* {at} FETCH (UID {uid} RFC822.SIZE 14 BODY[]<0> {{14}}\r\n{MESSAGE})\r\n" for at, uid in ((1, 4), (2, 7))
        )
        return f"{''.join(rows)}{tag} OK done\r\n"
    if line.startswith("LIST"):
        return f'* LIST () "/" syndicate-done\r\n{tag} OK done\r\n'
    return f"{tag} OK done\r\n"


def but(verb: str, answer: str | None) -> Script:
    """Answer orderly, but for one command."""

    def script(tag: str, line: str) -> str | None:
        if line.startswith(verb):
            return answer and answer.replace("TAG", tag)
        return orderly(tag, line)

    return script


@contextmanager
def serving(script: Script, *, greeting: str = "* OK ready\r\n") -> Iterator[int]:
    """Serve one client after another, and give the port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=_serve, args=(listening, script, greeting), daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def _serve(listening: socket.socket, script: Script, greeting: str) -> None:
    while True:
        try:
            line, _ = listening.accept()
        except OSError:
            return
        with line, line.makefile("rwb") as wire:
            wire.write(greeting.encode())
            wire.flush()
            with suppress(OSError):  # The client may be gone before we are.
                _converse(cast("IO[bytes]", wire), script)


def _converse(wire: IO[bytes], script: Script) -> None:
    while got := wire.readline():
        tag, _, command = got.decode("utf-8", "replace").strip().partition(" ")
        answer = script(tag, command.upper())
        if answer is None:
            return
        wire.write(answer.encode())
        wire.flush()


def at(own_port: int, **changes: object) -> Account:
    plain: dict[str, object] = {"host": "127.0.0.1", "port": own_port, "security": "none"}
    plain |= {"user": "u", "password": SECRET}
    return Account(**(plain | {"timeout": timedelta(seconds=2)} | changes))  # type: ignore[arg-type]


def settle_all(account: Account) -> list[Message]:
    with ImapMailbox(account) as mailbox:
        found = []
        for each in mailbox.messages():
            found.append(each)
            mailbox.settle(each.id, aside=False)
        return found


def test_a_plain_server_without_namespaces_is_read() -> None:
    with serving(orderly) as port:
        assert [each.id for each in settle_all(at(port))] == ["4", "7"]


@pytest.mark.parametrize("verb", ["CAPABILITY", "LOGIN", "SELECT", "UID SEARCH", "UID FETCH", "UID MOVE", "LIST"])
def test_a_server_that_hangs_up_at_any_step_may_come_back(verb: str) -> None:
    with serving(but(verb, None)) as port, pytest.raises(UnreachableError) as caught:
        settle_all(at(port))
    tell(caught.value)


@pytest.mark.parametrize("verb", ["UID SEARCH", "UID MOVE"])
def test_what_a_server_refuses_is_told_in_its_words(verb: str) -> None:
    script = but(verb, "TAG NO you are over quota\r\n")
    with serving(script) as port, pytest.raises(ChannelError, match="refused: you are over quota") as caught:
        settle_all(at(port))
    tell(caught.value)


def test_a_server_that_breaks_off_in_the_midst_of_a_message_may_come_back() -> None:
    script = but("UID FETCH", "* 1 FETCH (UID 4 RFC822.SIZE 999 BODY[]<0> {999}\r\nSubject:")
    slow = timedelta(milliseconds=300)
    with serving(script) as port, pytest.raises(UnreachableError) as caught:
        settle_all(at(port, timeout=slow))
    assert "no answer in time" in tell(caught.value)


@pytest.mark.parametrize("code", ["UNAVAILABLE", "INUSE", "LIMIT"])
def test_a_server_that_says_later_is_asked_again_later(code: str) -> None:
    with serving(but("LOGIN", f"TAG NO [{code}] not now\r\n")) as port, pytest.raises(UnreachableError) as caught:
        settle_all(at(port))
    tell(caught.value)


def test_a_server_that_repeats_the_password_is_not_quoted() -> None:
    with serving(but("LOGIN", f"TAG NO wrong: {SECRET}\r\n")) as port, pytest.raises(ChannelError) as caught:
        settle_all(at(port))
    assert "wrong: …" in str(caught.value)


@pytest.mark.parametrize("greeting", ["HTTP/1.1 200 OK\r\n", "* BYE go away\r\n", "\r\n", ""])
def test_what_is_no_imap_server_is_no_traceback(greeting: str) -> None:
    with serving(orderly, greeting=greeting) as port, pytest.raises(ChannelError) as caught:
        settle_all(at(port, timeout=timedelta(milliseconds=300)))
    tell(caught.value)


def test_a_port_where_nobody_listens_may_come_back() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    with pytest.raises(UnreachableError, match="refused"):
        settle_all(at(port))


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"host": "imap.lantern.example"}, "not sent over a line that is not encrypted"),
        ({"security": "starttls", "port": 993}, "speaks TLS from its first byte"),
        ({"host": "a" * 80 + ".example", "security": "tls"}, "cannot be asked"),
    ],
    ids=["an open line", "port 993", "no host name"],
)
def test_what_cannot_be_right_is_said_before_anything_is_sent(changes: dict[str, object], why: str) -> None:
    with pytest.raises(ChannelError, match=why) as caught:
        ImapMailbox(at(143, **changes))
    tell(caught.value)


def test_a_server_that_takes_no_starttls_is_not_logged_in_to() -> None:
    seen: list[str] = []

    def script(tag: str, line: str) -> str | None:
        seen.append(line)
        return orderly(tag, line)

    with serving(script) as port, pytest.raises(ChannelError) as caught:
        settle_all(at(port, security="starttls"))
    tell(caught.value)
    assert not any(line.startswith(("LOGIN", "AUTHENTICATE")) for line in seen)


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ([(b"1 (UID 4 RFC822.SIZE 9 BODY[]<0> {2}", b"ab"), b")"], [("4", b"ab", 9)]),
        ([(b"1 (BODY[]<0> {2}", b"ab"), b" RFC822.SIZE 9 UID 4)"], [("4", b"ab", 9)]),
        ([b'1 (UID 4 RFC822.SIZE 0 BODY[]<0> "")'], [("4", b"", 0)]),
        ([b"1 (UID 4 BODY[]<0> NIL)"], [("4", b"", 0)]),
        ([b"2 (FLAGS (\\Seen) UID 7)", b""], []),
        ([(b"1 (UID 4 BODY[]<0> {1}", b"a"), b")", b"2 (FLAGS (\\Seen) UID 7)"], [("4", b"a", 1)]),
    ],
    ids=["as usual", "literal first", "empty", "NIL", "flags alone", "flags between"],
)
def test_an_answer_to_fetch_is_read_in_any_order(items: list[object], expected: list[tuple[str, bytes, int]]) -> None:
    assert [(each.id, each.head, each.size) for each in read_fetched(items)] == expected

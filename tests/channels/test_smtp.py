"""The SMTP channel against a real server that breaks, stalls and refuses where it is told to."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from syndicate.channels.smtp import SmtpChannel
from syndicate.delivery.model import Deferred, DeliveryKey, InDoubt, Letter, Outcome, Refused, Sent
from syndicate.errors import ChannelError, UnreachableError
from tests.channels.smtp_server import DROP, STALL, TLS, Action, Drop, Moment, OnStep, Say, ScriptedSmtp, Step

CONTENT = b"Subject: =?utf-8?q?Caf=C3=A9?=\r\n\r\nFirst.\r\n.hidden\r\n..\r\n.\r\nLast.\r\n"
BODY_NO_BUFFER_HOLDS = (
    b"Subject: long\r\n\r\n" + b"seventy characters or so of a very long letter about a film\r\n" * 300_000
)


def letter(key: int, recipient: str = "reader@example.org", content: bytes = CONTENT, sender: str = "") -> Letter:
    return Letter(
        key=DeliveryKey(key),
        message_id=f"<{key}@lantern.example>",
        sender=sender or f"bounce+{key}@lantern.example",
        recipient=recipient,
        content=content,
    )


def channel(server: ScriptedSmtp, **settings: Any) -> SmtpChannel:
    settings = {"security": "none", "timeout": timedelta(seconds=10), "pauses": (), **settings}
    return SmtpChannel(host="localhost" if server.tls != "none" else server.host, port=server.port, **settings)


def sent(server: ScriptedSmtp, *letters: Letter, **settings: Any) -> list[Outcome]:
    return [outcome for _, outcome in channel(server, **settings).send(letters)]


def at(step: Step, action: Action, letter: int = 1) -> OnStep:
    return lambda moment: action if (moment.step, moment.letter) == (step, letter) else None


def test_a_letter_arrives_byte_for_byte_with_its_own_envelope() -> None:
    with ScriptedSmtp() as server:
        outcomes = sent(server, letter(1, "a@example.org"), letter(2, "b@example.org"))
    assert outcomes == [Sent(reply="250 2.0.0 queued as 1"), Sent(reply="250 2.0.0 queued as 2")]
    assert [message.content for message in server.messages] == [CONTENT, CONTENT]
    assert [(message.sender, message.recipients) for message in server.messages] == [
        ("bounce+1@lantern.example", ("a@example.org",)),
        ("bounce+2@lantern.example", ("b@example.org",)),
    ]
    assert server.connections == 1


def test_the_size_is_announced_and_the_line_is_closed_with_quit() -> None:
    with ScriptedSmtp() as server:
        sent(server, letter(1))
        server.wait_closed()
    assert f"MAIL FROM:<bounce+1@lantern.example> SIZE={len(CONTENT)}" in server.lines
    assert server.steps[-1] is Step.QUIT
    assert Step.RSET not in server.steps


@pytest.mark.parametrize(
    ("step", "reply", "expected"),
    [
        pytest.param(Step.MAIL, "451 4.3.0 later", Deferred, id="mail 4yz"),
        pytest.param(Step.RCPT, "450 4.2.0 greylisted", Deferred, id="rcpt 4yz"),
        pytest.param(Step.RCPT, "550 5.1.1 no such user", Refused, id="rcpt 5yz"),
        pytest.param(Step.DATA, "451 4.3.0 later", Deferred, id="data 4yz"),
        pytest.param(Step.DATA, "554 5.5.1 no", Refused, id="data 5yz"),
        pytest.param(Step.DOT, "452 4.3.1 disk full", Deferred, id="dot 4yz"),
        pytest.param(Step.DOT, "550 5.7.1 spam", Refused, id="dot 5yz"),
    ],
)
def test_a_refused_letter_keeps_nobody_else_from_theirs(
    step: Step, reply: str, expected: type[Deferred | Refused]
) -> None:
    with ScriptedSmtp(on_step=at(step, Say(reply))) as server:
        first, second = sent(server, letter(1), letter(2))
    assert isinstance(first, expected)
    assert first.reason.endswith(reply)
    assert not isinstance(first, Refused) or first.status == reply.split()[1]
    assert isinstance(second, Sent)
    assert [message.sender for message in server.messages] == ["bounce+2@lantern.example"]
    assert server.connections == 1


def test_a_sender_that_the_relay_refuses_stops_the_channel_and_fails_no_reader() -> None:
    with ScriptedSmtp(on_step=at(Step.MAIL, Say("550 5.1.8 bad sender"))) as server:
        with pytest.raises(ChannelError, match="bad sender") as told:
            sent(server, letter(1), letter(2))
        assert "mail.from" in str(told.value)
    assert server.messages == []


@pytest.mark.parametrize("step", [Step.MAIL, Step.RCPT, Step.DATA])
@pytest.mark.parametrize("action", [DROP, Say("421 4.3.2 shutting down", then_drop=True)], ids=["cut", "421"])
def test_a_line_that_ends_before_the_text_defers_the_letter_and_the_next_goes_over_a_new_one(
    step: Step, action: Action
) -> None:
    with ScriptedSmtp(on_step=at(step, action)) as server:
        first, second = sent(server, letter(1), letter(2))
    assert isinstance(first, Deferred)
    assert isinstance(second, Sent)
    assert server.connections == 2
    assert len(server.messages) == 1


def test_a_line_cut_in_mid_text_defers_the_letter() -> None:
    with ScriptedSmtp(on_step=at(Step.MID_BODY, DROP)) as server:
        first, second = sent(server, letter(1, content=BODY_NO_BUFFER_HOLDS), letter(2))
    assert isinstance(first, Deferred)
    assert "nothing was sent" in first.reason
    assert isinstance(second, Sent)


@pytest.mark.parametrize("keep", [True, False], ids=["it was taken", "it was not taken"])
def test_a_line_cut_after_the_dot_leaves_the_letter_in_doubt(keep: bool) -> None:
    with ScriptedSmtp(on_step=at(Step.DOT, Drop(keep=keep))) as server:
        first, second = sent(server, letter(1), letter(2))
    assert isinstance(first, InDoubt)
    assert isinstance(second, Sent)
    assert len(server.messages) == 1 + keep


@pytest.fixture
def sigint_interrupts() -> Iterator[None]:
    """Let SIGINT raise KeyboardInterrupt: a shell that starts the tests in the background has it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("sigint_interrupts")
@pytest.mark.parametrize(("step", "outcomes"), [(Step.RCPT, 0), (Step.DOT, 1)])
def test_an_interruption_after_the_dot_is_raised_once_the_doubt_was_told(step: Step, outcomes: int) -> None:
    def interrupt(moment: Moment) -> Action | None:
        if moment.step is not step:
            return None
        os.kill(os.getpid(), signal.SIGINT)
        return STALL

    told: list[Outcome] = []
    with ScriptedSmtp(on_step=interrupt) as server, pytest.raises(KeyboardInterrupt):
        told.extend(outcome for _, outcome in channel(server).send([letter(1), letter(2)]))
    assert [type(outcome) for outcome in told] == [InDoubt] * outcomes
    assert server.letters == 1


def test_421_in_answer_to_the_text_is_a_no_and_not_a_doubt() -> None:
    with ScriptedSmtp(on_step=at(Step.DOT, Say("421 4.3.2 shutting down", then_drop=True))) as server:
        first, second = sent(server, letter(1), letter(2))
    assert isinstance(first, Deferred)
    assert isinstance(second, Sent)


@pytest.mark.parametrize(
    ("step", "expected"), [(Step.MAIL, Deferred), (Step.RCPT, Deferred), (Step.DATA, Deferred), (Step.DOT, InDoubt)]
)
def test_a_relay_that_falls_silent_is_waited_for_so_long_and_no_longer(step: Step, expected: type[Outcome]) -> None:
    brief = timedelta(milliseconds=150)
    with ScriptedSmtp(on_step=at(step, STALL)) as server:
        (outcome,) = sent(server, letter(1), timeout=brief, dot_patience=brief)
    assert isinstance(outcome, expected)
    assert "no answer in time" in str(outcome)


def test_a_slow_answer_to_the_dot_is_waited_for_longer_than_any_other() -> None:
    """Hanging up on a relay that is still filtering makes doubles (RFC 5321 §4.5.3.2.6)."""
    never = threading.Event()

    def slow(moment: Moment) -> None:
        if moment.step is Step.DOT:
            never.wait(0.4)

    with ScriptedSmtp(on_step=slow) as server:
        (outcome,) = sent(server, letter(1), timeout=timedelta(milliseconds=100), dot_patience=timedelta(seconds=20))
    assert isinstance(outcome, Sent)


@pytest.mark.parametrize(
    "action", [DROP, Say("421 4.7.0 so many letters a connection", then_drop=True)], ids=["cut", "421"]
)
def test_a_used_line_that_the_relay_ended_between_letters_costs_nobody_a_wait(action: Action) -> None:
    with ScriptedSmtp(
        on_step=lambda m: action if m.step is Step.MAIL and (m.connection, m.letter) == (1, 2) else None
    ) as server:
        outcomes = sent(server, letter(1), letter(2), letter(3))
    assert [type(outcome) for outcome in outcomes] == [Sent, Sent, Sent]
    assert server.connections == 2
    assert len(server.messages) == 3


def test_a_refused_rset_is_answered_with_a_new_line() -> None:
    def stubborn(moment: Moment) -> Action | None:
        return (
            {Step.RCPT: Say("550 5.1.1 no"), Step.RSET: Say("500 5.5.1 what?")}.get(moment.step)
            if moment.letter == 1
            else None
        )

    with ScriptedSmtp(on_step=stubborn) as server:
        first, second = sent(server, letter(1), letter(2))
    assert isinstance(first, Refused)
    assert isinstance(second, Sent)
    assert server.connections == 2


def test_a_relay_that_breaks_every_line_is_left_for_later_with_the_rest_untouched() -> None:
    pulled: list[int] = []

    def letters() -> Iterator[Letter]:
        for key in range(1, 100):
            pulled.append(key)
            yield letter(key)

    with ScriptedSmtp(on_step=lambda m: DROP if m.step is Step.DATA else None) as server:
        outcomes = channel(server).send(letters())
        assert [next(outcomes)[0] for _ in range(5)] == [1, 2, 3, 4, 5]
        with pytest.raises(UnreachableError, match="5 letters in a row"):
            next(outcomes)
    assert pulled == [1, 2, 3, 4, 5, 6]
    assert server.letters == 5, "the sixth never was on a wire"


def test_nothing_is_connected_to_where_there_is_no_letter() -> None:
    with ScriptedSmtp() as server:
        assert sent(server) == []
        assert server.connections == 0


def test_closing_early_says_quit() -> None:
    with ScriptedSmtp() as server:
        outcomes = channel(server).send([letter(1), letter(2)])
        assert next(outcomes)[0] == 1
        outcomes.close()  # type: ignore[attr-defined]
        server.wait_closed()
    assert server.steps[-1] is Step.QUIT
    assert len(server.messages) == 1


@pytest.mark.parametrize(
    "address",
    [
        "a@example.org>\r\nRCPT TO:<b@example.org",
        "a b@example.org",
        "a@example.org\n",
        "<a@example.org>",
        "a\0@x.example",
    ],
)
def test_an_address_that_would_be_a_command_is_refused_and_never_sent(address: str) -> None:
    with ScriptedSmtp() as server:
        outcomes = sent(server, letter(1, address), letter(2, sender=address))
    assert [(type(outcome), outcome.status) for outcome in outcomes if isinstance(outcome, Refused)] == [
        (Refused, "5.1.3")
    ] * 2
    assert server.letters == 0


@pytest.mark.parametrize(
    "content",
    [
        b"A: b\r\n\r\nx\n.\r\nMAIL FROM:<x>\r\n",
        b"A: b\r\n\r\nx\r.\r\n",
        b"A: b\r\n\r\nx\ry\n.\r\n",
        b"A: b\r\n\r\nx\n\r",
    ],
    ids=["bare LF", "bare CR", "one of each", "LF CR"],
)
def test_a_letter_that_could_smuggle_another_is_refused(content: bytes) -> None:
    with ScriptedSmtp() as server:
        (outcome,) = sent(server, letter(1, content=content))
    assert isinstance(outcome, Refused)
    assert server.letters == 0


def test_smtputf8_is_asked_for_only_where_the_address_needs_it() -> None:
    with ScriptedSmtp() as server:
        sent(server, letter(1, "żółw@example.org"), letter(2))
    first, second = (line for line in server.lines if line.startswith("MAIL"))
    assert first.endswith(" SMTPUTF8")
    assert "SMTPUTF8" not in second
    assert server.messages[0].recipients == ("żółw@example.org",)


def test_an_address_beyond_ascii_is_refused_where_the_relay_cannot_take_it() -> None:
    with ScriptedSmtp(extensions=()) as server:
        first, second = sent(server, letter(1, "żółw@example.org"), letter(2))
    assert isinstance(first, Refused)
    assert first.status == "5.6.7"
    assert isinstance(second, Sent)


def test_a_letter_larger_than_the_relay_takes_is_refused_before_it_is_sent() -> None:
    with ScriptedSmtp(extensions=("SIZE 50",)) as server:
        (outcome,) = sent(server, letter(1))
    assert isinstance(outcome, Refused)
    assert outcome.status == "5.3.4"
    assert server.letters == 0


@pytest.mark.parametrize(("tls", "security"), [("starttls", "starttls"), ("implicit", "tls")])
@pytest.mark.parametrize("mechanisms", ["PLAIN", "LOGIN"])
def test_letters_go_over_tls_after_a_login(tls: str, security: str, mechanisms: str) -> None:
    with ScriptedSmtp(tls=tls, users={"news": "sesame"}, mechanisms=mechanisms) as server:
        settings = {"security": security, "context": server.context(), "user": "news", "password": "sesame"}
        (outcome,) = sent(server, letter(1), **settings)
    assert isinstance(outcome, Sent)
    assert Step.AUTH in server.steps


def test_a_password_may_be_written_in_any_script() -> None:
    with ScriptedSmtp(users={"news": "пароль"}) as server:
        (outcome,) = sent(server, letter(1), user="news", password="пароль")
    assert isinstance(outcome, Sent)


def saying(step: Step, action: Action) -> OnStep:
    return lambda moment: action if moment.step is step else None


LOGIN = {"user": "news", "password": "wrong-secret"}
USERS = {"news": "sesame"}
BUSY = saying(Step.AUTH, Say("454 4.7.0 busy"))
OTHER = TLS / "other.pem"
BRIEF = timedelta(milliseconds=100)

A_PERSON_MUST_ACT = [
    ("wrong password", ScriptedSmtp(users=USERS), LOGIN, 'refused the login for "news": 535'),
    ("login wanted", ScriptedSmtp(users=USERS), {}, "without a login: 530"),
    ("no AUTH", ScriptedSmtp(), LOGIN, "no login that we know (none at all)"),
    ("unknown AUTH", ScriptedSmtp(users=USERS, mechanisms="XOAUTH2"), LOGIN, "no login that we know (XOAUTH2)"),
    ("no STARTTLS", ScriptedSmtp(), {"security": "starttls"}, "offers no STARTTLS"),
    ("TLS to a plain port", ScriptedSmtp(), {"security": "tls"}, "did not agree on TLS"),
    ("unknown authority", ScriptedSmtp(tls="starttls"), {"security": "starttls", "context": None}, "certificate of"),
    ("other name", ScriptedSmtp(tls="starttls", certificate=OTHER), {"security": "starttls"}, "certificate of"),
    ("other name, tls", ScriptedSmtp(tls="implicit", certificate=OTHER), {"security": "tls"}, "certificate of"),
    ("greeting 5yz", ScriptedSmtp(on_step=saying(Step.CONNECT, Say("554 5.7.1 go away"))), {}, "554 5.7.1 go away"),
]
LATER_MAY_DO = [
    ("login busy", ScriptedSmtp(users=USERS, on_step=BUSY), LOGIN, "just now: 454"),
    ("greeting 4yz", ScriptedSmtp(on_step=saying(Step.CONNECT, Say("421 4.3.2 busy"))), {}, "421 4.3.2 busy"),
    ("cut at the greeting", ScriptedSmtp(on_step=saying(Step.CONNECT, DROP)), {}, "does not answer"),
    ("cut at EHLO", ScriptedSmtp(on_step=saying(Step.EHLO, DROP)), {}, "does not answer"),
    ("silence", ScriptedSmtp(on_step=saying(Step.CONNECT, STALL)), {"timeout": BRIEF}, "no answer in time"),
]
TROUBLES = [
    *(pytest.param(*row[1:], ChannelError, id=row[0]) for row in A_PERSON_MUST_ACT),
    *(pytest.param(*row[1:], UnreachableError, id=row[0]) for row in LATER_MAY_DO),
]


@pytest.mark.parametrize(("server", "settings", "says", "kind"), TROUBLES)
def test_a_relay_that_does_not_work_is_an_error_that_says_what_to_do(
    server: ScriptedSmtp, settings: dict[str, Any], says: str, kind: type[ChannelError]
) -> None:
    with server, pytest.raises(ChannelError) as caught:
        sent(server, letter(1), **{"context": server.context(), **settings})
    assert type(caught.value) is kind
    assert says in str(caught.value)
    assert caught.value.hint
    assert "wrong-secret" not in str(caught.value)
    assert server.messages == []


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def test_a_relay_that_is_gone_is_tried_a_few_times_with_pauses() -> None:
    pauses: list[float] = []
    relay = SmtpChannel(host="127.0.0.1", port=closed_port(), security="none", sleep=pauses.append)
    with pytest.raises(UnreachableError, match="connection refused"):
        list(relay.send([letter(1)]))
    assert pauses == [1, 5]


def test_a_relay_that_comes_back_during_the_pause_gets_the_letter() -> None:
    with ScriptedSmtp(on_step=lambda m: DROP if m.step is Step.CONNECT and m.connection == 1 else None) as server:
        (outcome,) = sent(server, letter(1), pauses=(timedelta(seconds=9),), sleep=lambda seconds: None)
    assert isinstance(outcome, Sent)


@pytest.mark.parametrize("host", ["no-such-host.invalid", "smtp..example", "x" * 70 + ".example"])
def test_a_host_that_is_none_is_an_error_and_no_traceback(host: str) -> None:
    with pytest.raises(ChannelError, match=r"mail\.relay\.host"):
        list(SmtpChannel(host=host, port=25, pauses=()).send([letter(1)]))


def test_a_password_is_not_sent_over_an_open_line_to_another_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedSmtp(users=USERS) as server:
        ours = socket.getaddrinfo(server.host, server.port, type=socket.SOCK_STREAM)
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: ours)
        relay = SmtpChannel(host="smtp.example.org", port=server.port, security="none", user="news", password="sesame")
        with pytest.raises(ChannelError, match="not encrypted"):
            list(relay.send([letter(1)]))
    assert Step.AUTH not in server.steps


def test_a_password_that_only_plain_could_carry_is_named_as_the_trouble() -> None:
    with ScriptedSmtp(users=USERS, mechanisms="LOGIN") as server, pytest.raises(ChannelError, match="written in ASCII"):
        sent(server, letter(1), user="news", password="пароль")


def test_the_password_does_not_stand_in_the_repr() -> None:
    shown = repr(SmtpChannel(host="smtp.example.org", user="news", password="sesame"))
    assert "smtp.example.org" in shown
    assert "sesame" not in shown


def test_a_hint_names_the_key_of_the_relay_that_it_is_about() -> None:
    relay = SmtpChannel(host="no-such-host.invalid", pauses=(), key="mail.relays.spare")
    with pytest.raises(ChannelError, match=r"check mail\.relays\.spare\.host in config\.yaml"):
        list(relay.send([letter(1)]))

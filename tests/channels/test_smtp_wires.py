"""Many letters over one connection or three, pipelined or step by step, while the relay misbehaves at one of them."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from syndicate.channels.smtp import SmtpChannel
from syndicate.delivery.model import Deferred, InDoubt, Letter, Outcome, Refused, Sent
from syndicate.errors import ChannelError, StoreError
from tests.channels.smtp_server import (
    DROP,
    MUTE,
    PIPELINING,
    STALL,
    STEPPING,
    Action,
    Drop,
    Moment,
    OnStep,
    Say,
    ScriptedSmtp,
    Step,
)
from tests.channels.test_smtp import BODY_NO_BUFFER_HOLDS, letter, sigint_interrupts

__all__ = ["sigint_interrupts"]
LETTERS = 9
BAD = 4
"""The letter at which the relay misbehaves."""
BRIEF = timedelta(milliseconds=200)


@dataclass
class Wires:
    """How many connections, and whether the relay offers PIPELINING."""

    connections: int
    pipelined: bool

    def server(self, on_step: OnStep = lambda moment: None, **settings: Any) -> ScriptedSmtp:
        return ScriptedSmtp(on_step=on_step, extensions=PIPELINING if self.pipelined else STEPPING, **settings)

    def channel(self, server: ScriptedSmtp, **settings: Any) -> SmtpChannel:
        settings = {"security": "none", "timeout": timedelta(seconds=10), "pauses": (), **settings}
        host = "localhost" if server.tls != "none" else server.host
        return SmtpChannel(host=host, port=server.port, connections=self.connections, **settings)


ALL_WIRES = [
    pytest.param(Wires(connections, pipelined), id=f"{connections} {'pipelined' if pipelined else 'stepping'}")
    for connections in (1, 3)
    for pipelined in (True, False)
]


@pytest.fixture(params=ALL_WIRES)
def wires(request: pytest.FixtureRequest) -> Wires:
    found: Wires = request.param
    return found


def key_of(address: str) -> int:
    return int(address.partition("+")[2].partition("@")[0] or 0)


def at(step: Step, action: Action, key: int = BAD, *, always: bool = False) -> OnStep:
    """Do that at a step of one letter: once, or at every attempt."""
    done: list[Moment] = []

    def on_step(moment: Moment) -> Action | None:
        if moment.step is not step or key_of(moment.sender) != key or (done and not always):
            return None
        done.append(moment)
        return action

    return on_step


@dataclass
class Told:
    """What came of a run: outcomes by letter, letters that the server took, and the error, if any."""

    outcomes: dict[int, Outcome]
    taken: Counter[int]
    pulled: list[int]
    error: ChannelError | None
    most_open: int
    """The most letters that were pulled and had no outcome at any time."""


def run(
    wires: Wires, server: ScriptedSmtp, count: int = LETTERS, content: bytes | None = None, **settings: Any
) -> Told:
    """Send letters 1 to `count` and hold the outcomes against what the server took."""
    pulled: list[int] = []
    outcomes: dict[int, Outcome] = {}
    most_open = 0

    def letters() -> Iterator[Letter]:
        nonlocal most_open
        for key in range(1, count + 1):
            pulled.append(key)
            most_open = max(most_open, len(pulled) - len(outcomes))
            yield letter(key, content=content) if content and key == BAD else letter(key)

    error = None
    with server:
        try:
            for key, outcome in wires.channel(server, **settings).send(letters()):
                assert key not in outcomes, f"{key} has two outcomes"
                outcomes[key] = outcome
        except ChannelError as raised:
            error = raised
    taken = Counter(key_of(message.sender) for message in server.messages)
    told = Told(outcomes, taken, pulled, error, most_open)
    agree(told)
    assert most_open <= wires.connections * (2 if wires.pipelined else 1)
    return told


def agree(told: Told) -> None:
    """Hold every outcome against what the server did with that letter."""
    assert set(told.taken) <= set(told.pulled), "a letter that nobody sent"
    if told.error is None:
        assert sorted(told.outcomes) == told.pulled
    for key in told.pulled:
        match told.outcomes.get(key):
            case Sent():
                assert told.taken[key] == 1, key
            case InDoubt():
                assert told.taken[key] <= 1, key
            case outcome:
                assert told.taken[key] == 0, (key, outcome)


def kinds(told: Told) -> dict[str, list[int]]:
    """Return the letters by kind of outcome, those that were sent left out."""
    by_kind: dict[str, list[int]] = {}
    for key, outcome in sorted(told.outcomes.items()):
        by_kind.setdefault(type(outcome).__name__, []).append(key)
    by_kind.pop("Sent", None)
    return by_kind


def test_all_letters_arrive_once_whatever_the_wires(wires: Wires) -> None:
    server = wires.server()
    told = run(wires, server, 60)
    assert kinds(told) == {}
    assert server.connections == wires.connections
    assert Step.RSET not in server.steps


REFUSALS = [
    (Step.MAIL, "451 4.3.0 later", "Deferred"),
    (Step.RCPT, "450 4.2.0 greylisted", "Deferred"),
    (Step.RCPT, "550 5.1.1 no such user", "Refused"),
    (Step.DATA, "451 4.3.0 later", "Deferred"),
    (Step.DATA, "554 5.5.1 no", "Refused"),
    (Step.DOT, "452 4.3.1 disk full", "Deferred"),
    (Step.DOT, "550 5.7.1 spam", "Refused"),
]


@pytest.mark.parametrize("key", [1, BAD, LETTERS])
@pytest.mark.parametrize(("step", "reply", "kind"), REFUSALS, ids=[f"{row[0]} {row[1]}" for row in REFUSALS])
def test_a_refused_letter_is_the_only_one_that_is(wires: Wires, step: Step, reply: str, kind: str, key: int) -> None:
    server = wires.server(at(step, Say(reply), key))
    told = run(wires, server)
    assert kinds(told) == {kind: [key]}
    assert server.connections <= wires.connections


@pytest.mark.parametrize("reply", ["450 4.2.0 greylisted", "550 5.1.1 no such user"])
def test_a_relay_that_asks_for_the_text_of_a_refused_letter_gets_a_lone_dot(wires: Wires, reply: str) -> None:
    """RFC 2920 §3.1: a server may answer 354 to DATA although it took no recipient."""

    def on_step(moment: Moment) -> Action | None:
        if key_of(moment.sender) == BAD:
            return {Step.RCPT: Say(reply), Step.DATA: Say("354 go ahead")}.get(moment.step)
        return None

    server = wires.server(on_step)
    told = run(wires, server)
    assert list(kinds(told).values()) == [[BAD]]
    assert server.connections <= wires.connections


def test_a_relay_that_would_take_an_empty_text_for_a_letter_gets_none() -> None:
    """MAIL was refused, and yet the recipient is taken and the text asked for: a lone dot would be a letter."""
    wires = Wires(1, pipelined=True)

    def on_step(moment: Moment) -> Action | None:
        if key_of(moment.sender) != BAD:
            return None
        answers = {Step.MAIL: Say("451 4.3.0 later"), Step.RCPT: Say("250 ok"), Step.DATA: Say("354 go ahead")}
        return answers.get(moment.step)

    told = run(wires, wires.server(on_step))
    assert kinds(told) == {"Deferred": [BAD]}


ENDS = [DROP, Say("421 4.3.2 shutting down", then_drop=True), Say("421 4.3.2 shutting down"), Say("what?")]


@pytest.mark.parametrize("action", ENDS, ids=["cut", "421 and cut", "421", "babble"])
@pytest.mark.parametrize("step", [Step.RCPT, Step.DATA])
def test_a_line_that_ends_before_the_text_defers_that_letter_alone(wires: Wires, step: Step, action: Action) -> None:
    told = run(wires, wires.server(at(step, action)))
    assert kinds(told) == {"Deferred": [BAD]}


@pytest.mark.parametrize("action", ENDS, ids=["cut", "421 and cut", "421", "babble"])
def test_a_letter_that_a_used_line_ends_before_goes_over_another(wires: Wires, action: Action) -> None:
    """With three connections, letter 4 may be the first of its line: then it waits."""
    told = run(wires, wires.server(at(Step.MAIL, action, key=6)))
    assert kinds(told) in [{}] if wires.connections == 1 else [{}, {"Deferred": [6]}]


@pytest.mark.parametrize("action", ENDS, ids=["cut", "421 and cut", "421", "babble"])
def test_a_line_that_ends_at_the_first_letter_defers_it(wires: Wires, action: Action) -> None:
    told = run(wires, wires.server(at(Step.MAIL, action, key=1)))
    assert kinds(told) == {"Deferred": [1]}


@pytest.mark.parametrize(
    ("action", "kind"),
    [
        pytest.param(Drop(keep=True), "InDoubt", id="cut, taken"),
        pytest.param(Drop(keep=False), "InDoubt", id="cut, not taken"),
        pytest.param(Say("421 4.3.2 shutting down"), "Deferred", id="421"),
        pytest.param(Say("421 4.3.2 shutting down", then_drop=True), "Deferred", id="421 and cut"),
        pytest.param(Say("what?"), "InDoubt", id="babble"),
        pytest.param(Say("354 go ahead"), "InDoubt", id="354"),
    ],
)
def test_a_line_that_ends_at_the_dot_concerns_that_letter_alone(wires: Wires, action: Action, kind: str) -> None:
    """The next letter's envelope rode behind it: that letter goes over another line."""
    told = run(wires, wires.server(at(Step.DOT, action)))
    assert kinds(told) == {kind: [BAD]}


def test_a_line_cut_in_mid_text_defers_that_letter_alone(wires: Wires) -> None:
    told = run(wires, wires.server(at(Step.MID_BODY, DROP)), content=BODY_NO_BUFFER_HOLDS)
    assert kinds(told) == {"Deferred": [BAD]}


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        ("552 5.3.4 too big", "Refused"),
        ("451 4.3.0 later", "Deferred"),
        ("421 4.3.2 shutting down", "Deferred"),
        ("250 2.0.0 thank you", "Deferred"),
        ("354 go ahead", "Deferred"),
        ("what?", "Deferred"),
    ],
)
def test_an_answer_before_the_text_is_whole_settles_the_letter_and_ends_the_line(
    wires: Wires, reply: str, kind: str
) -> None:
    server = wires.server(at(Step.MID_BODY, Say(reply)))
    told = run(wires, server, content=BODY_NO_BUFFER_HOLDS)
    assert kinds(told) == {kind: [BAD]}
    assert server.connections <= wires.connections + 1


@pytest.mark.parametrize(
    ("step", "kind"),
    [(Step.RCPT, "Deferred"), (Step.DATA, "Deferred"), (Step.MID_BODY, "Deferred"), (Step.DOT, "InDoubt")],
)
def test_a_relay_that_falls_silent_keeps_only_its_own_letter_waiting(wires: Wires, step: Step, kind: str) -> None:
    content = BODY_NO_BUFFER_HOLDS if step is Step.MID_BODY else None
    told = run(wires, wires.server(at(step, STALL)), content=content, timeout=BRIEF, dot_patience=BRIEF)
    assert kinds(told) == {kind: [BAD]}


@pytest.mark.parametrize("step", [Step.MAIL, Step.RCPT, Step.DATA])
def test_an_answer_that_is_missing_sends_nothing_twice(wires: Wires, step: Step) -> None:
    told = run(wires, wires.server(at(step, MUTE)), timeout=BRIEF, dot_patience=BRIEF)
    assert set(kinds(told)) <= {"Deferred"}


def test_a_missing_answer_to_the_last_dot_is_doubt(wires: Wires) -> None:
    told = run(wires, wires.server(at(Step.DOT, MUTE, LETTERS)), timeout=BRIEF, dot_patience=BRIEF)
    assert kinds(told) in [{"InDoubt": [LETTERS]}]


@pytest.mark.parametrize(
    ("step", "answer"),
    [(Step.MAIL, "250 ok"), (Step.RCPT, "250 ok"), (Step.DATA, "354 go ahead"), (Step.DOT, "250 2.0.0 queued")],
)
@pytest.mark.parametrize("extra", ["250 2.0.0 again", "451 4.3.0 hm", "421 4.3.2 bye", "what?"])
def test_an_answer_too_many_is_believed_of_no_letter(wires: Wires, step: Step, answer: str, extra: str) -> None:
    told = run(wires, wires.server(at(step, Say(f"{answer}\r\n{extra}"))))
    assert told.error is None


def test_a_relay_that_says_no_to_the_sender_ends_the_run_after_what_was_begun_is_told(wires: Wires) -> None:
    told = run(wires, wires.server(at(Step.MAIL, Say("550 5.1.8 bad sender"), key=6)))
    assert "bad sender" in str(told.error)
    assert kinds(told) == {}
    assert BAD in told.outcomes or wires.connections > 1


def test_a_broken_dialogue_never_ends_in_a_loop(wires: Wires) -> None:
    told = run(wires, wires.server(lambda moment: DROP if moment.step is Step.MAIL else None), 30)
    assert "broke the line" in str(told.error)
    assert len(told.outcomes) <= 2 * (5 + wires.connections)


def test_a_relay_that_babbles_before_it_is_asked_is_left(wires: Wires) -> None:
    server = wires.server(lambda m: Say("250 hello\r\n250 again\r\n250 and again") if m.step is Step.EHLO else None)
    told = run(wires, server)
    assert told.error is not None or kinds(told) == {}


def test_a_relay_that_lets_fewer_in_gets_all_over_those(wires: Wires) -> None:
    server = wires.server(lambda m: Say("421 4.7.0 too many", then_drop=True) if _is_extra(m) else None)
    assert kinds(run(wires, server, 40)) == {}


def _is_extra(moment: Moment) -> bool:
    return moment.step is Step.CONNECT and moment.connection > 1


@pytest.mark.parametrize("wires", [Wires(3, True)], ids=["3 pipelined"])
def test_a_wrong_password_is_tried_once(wires: Wires) -> None:
    server = wires.server(users={"news": "sesame"})
    told = run(wires, server, user="news", password="wrong")
    assert "refused the login" in str(told.error)
    assert server.steps.count(Step.AUTH) == 1
    assert told.pulled == [1]


def test_a_certificate_that_fails_sends_nothing(wires: Wires) -> None:
    server = wires.server(tls="starttls")
    told = run(wires, server, security="starttls")
    assert "certificate of" in str(told.error)
    assert told.outcomes == {}


@pytest.mark.parametrize(("tls", "security"), [("starttls", "starttls"), ("implicit", "tls")])
def test_long_letters_go_over_tls_too(wires: Wires, tls: str, security: str) -> None:
    server = wires.server(tls=tls)
    told = run(wires, server, security=security, context=server.context(), content=BODY_NO_BUFFER_HOLDS[:3_000_014])
    assert kinds(told) == {}
    assert max(len(message.content) for message in server.messages) > 2_999_000


@pytest.mark.parametrize("step", [Step.DATA, Step.MID_BODY, Step.DOT])
def test_a_cut_over_tls_is_told_as_over_an_open_line(wires: Wires, step: Step) -> None:
    server = wires.server(at(step, DROP), tls="implicit")
    told = run(wires, server, security="tls", context=server.context(), content=BODY_NO_BUFFER_HOLDS)
    assert kinds(told) == {"InDoubt" if step is Step.DOT else "Deferred": [BAD]}


@pytest.mark.parametrize(("pipelined", "most"), [(True, 1.1), (False, 4.1)])
def test_a_letter_takes_one_round_trip_where_the_relay_offers_pipelining(pipelined: bool, most: float) -> None:
    wires, count = Wires(1, pipelined), 100
    server = wires.server()
    assert kinds(run(wires, server, count)) == {}
    assert server.turns == (count + 3 if pipelined else 4 * count + 2), "EHLO, QUIT and the first envelope besides"
    assert server.turns / count <= most


def test_outcomes_come_while_another_line_is_silent() -> None:
    wires = Wires(3, pipelined=True)
    with wires.server(at(Step.DOT, STALL, key=1)) as server:
        outcomes: Any = wires.channel(server).send(letter(key) for key in range(1, 1000))
        had = [next(outcomes)[0] for _ in range(50)]
        outcomes.close()
    assert 1 not in had


def test_a_text_does_not_wait_for_a_slow_source() -> None:
    """A letter was pulled slowly: while the next is waited for, no relay is left in the midst of a letter."""
    wires = Wires(1, pipelined=True)
    arrived = {key: threading.Event() for key in range(1, 6)}
    waited: dict[int, bool] = {}

    def letters() -> Iterator[Letter]:
        for key in range(1, 6):
            if key > 2:
                waited[key] = arrived[key - 1].wait(0.3)
            yield letter(key)

    with wires.server(lambda m: arrived[key_of(m.sender)].set() if m.step is Step.ACCEPTED else None) as server:
        assert [type(outcome) for _, outcome in wires.channel(server).send(letters())] == [Sent] * 5
    assert waited[4], "letter 3 came slowly, so its text did not wait for letter 4"


@pytest.mark.usefixtures("sigint_interrupts")
@pytest.mark.parametrize("step", [Step.RCPT, Step.DOT])
def test_an_interruption_tells_the_doubt_of_letters_whose_dot_was_written(wires: Wires, step: Step) -> None:
    def interrupt(moment: Moment) -> Action | None:
        if moment.step is not step or key_of(moment.sender) != BAD:
            return None
        os.kill(os.getpid(), signal.SIGINT)
        return Drop(keep=False)

    outcomes: dict[int, Outcome] = {}
    with wires.server(interrupt) as server:
        try:
            for key, outcome in wires.channel(server).send([letter(key) for key in range(1, LETTERS)]):
                outcomes[key] = outcome
            time.sleep(0.2)  # The signal may come a moment late.
        except KeyboardInterrupt:
            pass
    taken = Counter(key_of(message.sender) for message in server.messages)
    assert not [key for key, outcome in outcomes.items() if isinstance(outcome, Deferred | Refused) and taken[key]]
    assert all(taken[key] == 1 for key, outcome in outcomes.items() if isinstance(outcome, Sent))


def test_after_a_fault_of_the_source_no_text_is_begun_and_what_went_out_is_told(wires: Wires) -> None:
    def letters() -> Iterator[Letter]:
        yield from (letter(key) for key in range(1, LETTERS + 1))
        raise StoreError("the database is locked")

    told: list[int] = []
    with wires.server() as server, pytest.raises(StoreError, match="locked"):
        told.extend(key for key, _ in wires.channel(server).send(letters()))
    assert sorted(told) == sorted(key_of(message.sender) for message in server.messages)
    assert LETTERS - 2 * wires.connections <= len(told) <= LETTERS


def test_connections_are_not_made_for_letters_that_are_not_there(wires: Wires) -> None:
    server = wires.server()
    run(wires, server, 1)
    assert server.connections == 1

"""A relay misbehaves at one letter of an issue: what the ledger says of each reader, and how it ends once it is well.

The channel's own tests (tests/channels/test_smtp_wires.py) hold every outcome against what the server took. Here the
same trouble goes through all of it: the claims in groups, the ledger on either database, the retries, the account.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from syndicate.channels.smtp import SmtpChannel
from syndicate.compose.model import IssueState
from syndicate.delivery.model import DeliveryKey, DeliveryState, Letter
from syndicate.pipeline import deliver
from syndicate.pipeline.press import Press
from syndicate.store.proof import prove
from tests.channels.smtp_server import (
    DROP,
    PIPELINING,
    STALL,
    STEPPING,
    TLS,
    Action,
    Drop,
    Moment,
    Say,
    ScriptedSmtp,
    Step,
)
from tests.channels.test_smtp import BODY_NO_BUFFER_HOLDS
from tests.pipeline.studio import DAY, FRIDAY, HOUR, MINUTE, WEDNESDAY, Post, Studio, archive, studio

S = DeliveryState
READERS, BAD = 9, 6
WIRES = [pytest.param((3, PIPELINING), id="3 pipelined"), pytest.param((1, STEPPING), id="1 stepping")]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=[pytest.mark.postgres, pytest.mark.soak])])
def kind(request: pytest.FixtureRequest) -> str:
    """Return which database a test runs on: the ledger's own contracts hold both to the same."""
    return str(request.param)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody wait long: not between two tries to reach a relay, not for an answer."""
    defaults = SmtpChannel.__init__.__kwdefaults__
    assert defaults is not None
    monkeypatch.setitem(defaults, "pauses", ())
    monkeypatch.setitem(defaults, "dot_patience", timedelta(seconds=1))


@contextmanager
def house(
    folder: Path, database_url: str, *relays: str, readers: int = READERS, changes: tuple[tuple[str, str], ...] = ()
) -> Iterator[Studio]:
    """An installation whose issue is frozen and not sent, with these relays ("port: 25, connections: 3")."""
    plain = [keys if "security" in keys else f"security: none, {keys}" for keys in relays]
    lines = "".join(f"    r{number}: {{host: localhost, timeout: 1s, {keys}}}\n" for number, keys in enumerate(plain))
    changes = (
        *changes,
        ("  outbox: out/\nlists", f"  relays:\n{lines}lists"),
        ("sqlite:///syndicate.db", f'"{database_url}"'),
    )
    with studio(folder, *changes) as made:
        made.readers(*(f"reader{number}" for number in range(readers)))
        made.begin(*archive(3))
        made.feed(Post(name="the-long-pier", published=WEDNESDAY + MINUTE), *archive(3))
        made.live(HOUR)
        made.app.set_paused(True)
        made.clock.set(FRIDAY)
        made.tick()
        made.app.set_paused(False)
        yield made


@dataclass
class Script:
    """Does that, once, at a step of the letter with that number, and remembers whether it came to it."""

    step: Step
    action: Action
    letter: int = BAD
    done: bool = False

    def __call__(self, moment: Moment) -> Action | None:
        if self.done or (moment.step, moment.letter) != (self.step, self.letter):
            return None
        self.done = True
        return self.action


def got(*servers: ScriptedSmtp) -> Counter[str]:
    """Return how many letters each reader got."""
    found = Counter(message.recipients[0] for server in servers for message in server.messages)
    return Counter({address: count for address, count in found.items() if address.endswith("@reader.example")})


def names(*servers: ScriptedSmtp) -> Counter[tuple[str, str]]:
    """Return how often each reader got a letter of each Message-ID."""
    return Counter(
        (message.recipients[0], re.search(rb"(?im)^Message-ID:\s*(<[^>]*>)", message.content)[1].decode())  # type: ignore[index]
        for server in servers
        for message in server.messages
        if message.recipients[0].endswith("@reader.example")
    )


def agree(made: Studio, *servers: ScriptedSmtp) -> dict[DeliveryState, int]:
    """Hold every reader's row against what the servers took, and the account against its proof; return the states."""
    (issue,) = made.issues()
    taken = got(*servers)
    for row in made.app.deliveries.listed(issue=issue.id):
        if "@" not in row.recipient:
            continue  # A posting address, under its list's name.
        count = taken[row.recipient]
        match row.state:
            case S.SENT:
                assert count >= 1, row
            case S.IN_DOUBT:
                assert count <= 1, row
            case _:
                assert count == 0, row
    proof = prove(made.app.database, issue.id)
    assert proof.holds, [each for each in proof.checked if not each.holds]
    return {state: number for state, number in made.app.deliveries.counts(issue.id).items() if number}


def ends_well(made: Studio, *servers: ScriptedSmtp, failed: int = 0, doubts: int = 0) -> None:
    """Let time pass until nothing is to be done: nobody is lost, nobody has two but who was in doubt, by one name."""
    made.live(DAY, HOUR)
    assert agree(made, *servers) == {S.SENT: READERS - failed, **({S.FAILED: failed} if failed else {})}
    taken = got(*servers)
    assert len(taken) == READERS - failed
    assert sum(taken.values()) - len(taken) <= doubts
    assert len(names(*servers)) == len(taken), "a second letter bears the name of the first"
    assert [issue.state for issue in made.issues()] == [IssueState.SENT]


TROUBLE: list[Any] = [
    pytest.param(step, action, state, id=f"{step}: {name}")
    for step, name, action, state in [
        (Step.RCPT, "421", Say("421 4.3.2 bye"), S.DEFERRED),
        (Step.RCPT, "cut", DROP, S.DEFERRED),
        (Step.RCPT, "450", Say("450 4.2.0 greylisted"), S.DEFERRED),
        (Step.RCPT, "550", Say("550 5.7.1 no"), S.FAILED),
        (Step.RCPT, "silence", STALL, S.DEFERRED),
        (Step.DATA, "421 and cut", Say("421 4.3.2 bye", then_drop=True), S.DEFERRED),
        (Step.DATA, "554", Say("554 5.5.1 no"), S.FAILED),
        (Step.DATA, "babble", Say("what?"), S.DEFERRED),
        (Step.DOT, "421", Say("421 4.3.2 bye"), S.DEFERRED),
        (Step.DOT, "452", Say("452 4.3.1 disk full"), S.DEFERRED),
        (Step.DOT, "554", Say("554 5.7.1 spam"), S.FAILED),
        (Step.DOT, "cut, taken", Drop(keep=True), S.IN_DOUBT),
        (Step.DOT, "cut, not taken", Drop(keep=False), S.IN_DOUBT),
        (Step.DOT, "silence", STALL, S.IN_DOUBT),
        (Step.ACCEPTED, "cut", DROP, S.SENT),
        (Step.MAIL, "451", Say("451 4.3.0 later"), S.DEFERRED),
    ]
]


@pytest.mark.parametrize("wires", WIRES)
@pytest.mark.parametrize(("step", "action", "state"), TROUBLE)
def test_what_a_relay_does_at_one_letter_is_what_the_ledger_says_of_that_one_alone(
    tmp_path: Path,
    database_url: str,
    wires: tuple[int, tuple[str, ...]],
    step: Step,
    action: Action,
    state: DeliveryState,
) -> None:
    script, (connections, extensions) = Script(step, action), wires
    with (
        ScriptedSmtp(on_step=script, extensions=extensions) as server,
        house(tmp_path, database_url, f"port: {server.port}, connections: {connections}") as made,
    ):
        deliver(made.app)
        assert script.done
        alone = {S.SENT: READERS - 1, state: 1} if state is not S.SENT else {S.SENT: READERS}
        # A line that ends between two letters costs one only where it was to be the first of its line.
        assert agree(made, server) in [alone, {S.SENT: READERS - 1, S.DEFERRED: 1}][: 1 + (state is S.SENT)]
        ends_well(made, server, failed=int(state is S.FAILED), doubts=int(state is S.IN_DOUBT))


@contextmanager
def long_letter(monkeypatch: pytest.MonkeyPatch, address: str) -> Iterator[None]:
    """Let one reader's letter be so long that no buffer holds it: it is never on its way whole."""
    print_one = Press.letter

    def letter(press: Press, key: DeliveryKey, **facts: Any) -> Letter:
        made = print_one(press, key, **facts)
        return replace(made, content=made.content + BODY_NO_BUFFER_HOLDS) if made.recipient == address else made

    with monkeypatch.context() as patched:
        patched.setattr(Press, "letter", letter)
        yield


@pytest.mark.parametrize("action", [DROP, Say("421 4.3.2 bye"), STALL], ids=["cut", "421", "silence"])
@pytest.mark.parametrize("wires", WIRES)
def test_a_text_that_is_half_on_its_way_is_deferred_and_goes_once(
    tmp_path: Path,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    wires: tuple[int, tuple[str, ...]],
    action: Action,
) -> None:
    connections, extensions = wires
    address, asked, half = "reader5@reader.example", dict[int, str](), list[Moment]()

    def on_step(moment: Moment) -> Action | None:
        if moment.step is Step.RCPT:
            asked[moment.connection] = moment.line
        if moment.step is not Step.MID_BODY or half or address not in asked[moment.connection]:
            return None
        half.append(moment)
        return action

    with (
        ScriptedSmtp(on_step=on_step, extensions=extensions) as server,
        house(tmp_path, database_url, f"port: {server.port}, connections: {connections}") as made,
    ):
        with long_letter(monkeypatch, address):
            deliver(made.app)
        assert half
        assert agree(made, server) == {S.SENT: READERS - 1, S.DEFERRED: 1}
        ends_well(made, server)


@pytest.mark.parametrize("connections", [1, 3])
def test_a_certificate_that_fails_costs_no_letter_a_try_until_somebody_mends_it(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch, connections: int
) -> None:
    with (
        ScriptedSmtp(tls="implicit") as server,
        house(tmp_path, database_url, f"port: {server.port}, security: tls, connections: {connections}") as made,
    ):
        (fault,) = deliver(made.app).faults
        assert "certificate" in str(fault)
        assert agree(made, server) == {S.PLANNED: READERS}
        (issue,) = made.issues()
        assert {(row.attempts, row.first_tried) for row in made.app.deliveries.listed(issue=issue.id)} == {(0, None)}
        assert [incident.name for incident in made.app.incidents.open_ones()] == ["mail"], "a person must act: at once"
        monkeypatch.setenv("SSL_CERT_FILE", str(TLS / "authority.pem"))
        ends_well(made, server)


def test_a_certificate_that_fails_sends_all_by_the_next_relay(tmp_path: Path, database_url: str) -> None:
    with (
        ScriptedSmtp(tls="implicit") as false,
        ScriptedSmtp() as true,
        house(tmp_path, database_url, f"port: {false.port}, security: tls", f"port: {true.port}") as made,
    ):
        assert deliver(made.app).faults == ()
        assert agree(made, false, true) == {S.SENT: READERS}
        assert not false.messages
        assert [incident.name for incident in made.app.incidents.open_ones()] == ["relay:r0"]


def test_a_relay_that_stalls_in_the_midst_leaves_its_own_letters_and_the_next_relay_takes_the_others(
    tmp_path: Path, database_url: str
) -> None:
    """From its fourth letter on the first relay takes what it is told and answers no final dot."""

    def on_step(moment: Moment) -> Action | None:
        return STALL if moment.letter >= 4 and moment.step is Step.DOT else None

    with (
        ScriptedSmtp(on_step=on_step, extensions=PIPELINING) as ill,
        ScriptedSmtp() as well,
        house(tmp_path, database_url, f"port: {ill.port}, connections: 3", f"port: {well.port}") as made,
    ):
        deliver(made.app)
        told = agree(made, ill, well)
        assert told[S.IN_DOUBT] + told[S.SENT] == READERS
        assert got(ill).keys().isdisjoint(got(well)), "who is in doubt at the one is not written to by the other"
        assert len(names(ill, well)) == len(got(ill, well))

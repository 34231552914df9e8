"""Kill the sender with SIGKILL at every step of a letter, start it again, and count the letters.

Steps before the server took the mail must cost nobody a letter and give nobody two. Where the server took it and the
sender died before it could write that down, the one letter on the wire goes again under its first Message-ID.
"""

from __future__ import annotations

import socket
import subprocess
import threading
from collections import Counter
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from tests.channels.smtp_server import Action, Message, Moment, ScriptedSmtp, Step
from tests.journeys.site import Site, kill

pytestmark = pytest.mark.journey
READERS = 5
FATAL_LETTER = 3
TAKEN_BY_THE_SERVER = {
    Step.MAIL: {0},
    Step.RCPT: {0},
    Step.DATA: {0},
    Step.MID_BODY: {0, 1},  # a body so small may be on the wire whole, dot and all, when the sender dies
    Step.DOT: {1},
    Step.ACCEPTED: {0, 1},  # the 250 is on its way: the sender may have written it down before it died
}


class Executioner:
    """Kills the sender when the server reaches a step with a certain letter, once."""

    def __init__(self, step: Step) -> None:
        self.step = step
        self.process: subprocess.Popen[str] | None = None
        self.armed = threading.Event()
        self.struck = False

    def __call__(self, moment: Moment) -> Action | None:
        if moment.step is self.step and moment.letter == FATAL_LETTER and not self.struck:
            self.armed.wait(10)
            assert self.process is not None
            self.struck = True
            kill(self.process)
            self.process.wait(10)
        return None


def relay(port: int) -> dict[str, object]:
    return {"relay": {"host": "127.0.0.1", "port": port, "security": "none"}}


def message_ids(messages: list[Message]) -> dict[str, list[str]]:
    """Return the Message-IDs that each reader got."""
    got: dict[str, list[str]] = {}
    for message in messages:
        got.setdefault(message.recipients[0], []).append(message_from_bytes(message.content)["Message-ID"])
    return got


@pytest.mark.parametrize(
    "step", [Step.MAIL, Step.RCPT, Step.DATA, Step.MID_BODY, Step.DOT, Step.ACCEPTED], ids=lambda step: step.value
)
def test_a_sender_killed_at_any_step_loses_no_letter_and_doubles_none_but_the_one_on_the_wire(
    step: Step, tmp_path: Path, database_url: str
) -> None:
    executioner = Executioner(step)
    with ScriptedSmtp(on_step=executioner) as server:
        site = Site(tmp_path, mail=relay(server.port), database=database_url)
        site.subscribe(READERS)
        executioner.process = site.start("run", "--once")
        executioner.armed.set()
        executioner.process.communicate(timeout=60)
        assert executioner.struck, "the sender was never at that step"

        after_crash = site.run("run", "--once")
        server.wait_closed()
        got = message_ids(server.messages)

        readers = {f"reader{number}@mail.example" for number in range(1, READERS + 1)}
        assert set(got) == readers, "somebody was lost"
        twice = {address: ids for address, ids in got.items() if len(ids) > 1}
        assert len(twice) in TAKEN_BY_THE_SERVER[step], twice
        assert all(len(ids) == 2 and len(set(ids)) == 1 for ids in twice.values()), "another Message-ID"
        assert step is Step.ACCEPTED or "in doubt after a crash: 1" in after_crash.stderr

        issue = site.json("issues", "show", "1")
        assert issue["state"] == "sent"
        assert issue["letters"] == {"sent": READERS}


def test_mail_in_doubt_is_held_for_a_person_where_the_config_says_so(tmp_path: Path) -> None:
    executioner = Executioner(Step.DOT)
    with ScriptedSmtp(on_step=executioner) as server:
        site = Site(tmp_path, mail={**relay(server.port), "in_doubt": "hold"})
        site.subscribe(READERS)
        executioner.process = site.start("run", "--once")
        executioner.armed.set()
        executioner.process.communicate(timeout=60)
        site.run("run", "--once", code=None)
        server.wait_closed()

        assert Counter(len(ids) for ids in message_ids(server.messages).values()) == {1: READERS}
        held = site.json("deliveries", "list", "--state", "in_doubt")
        assert len(held) == 1
        site.run("deliveries", "resolve", str(held[0]["id"]), "--as", "sent")
        assert site.json("issues", "show", "1")["letters"] == {"sent": READERS}


def test_a_second_sender_is_told_who_is_sending_and_leaves(tmp_path: Path, database_url: str) -> None:
    reached, go_on = threading.Event(), threading.Event()

    def wait_in_the_middle(moment: Moment) -> Action | None:
        if moment.step is Step.DATA and moment.letter == 1:
            reached.set()
            go_on.wait(30)
        return None

    with ScriptedSmtp(on_step=wait_in_the_middle) as server:
        site = Site(tmp_path, mail=relay(server.port), database=database_url)
        site.subscribe(READERS)
        first = site.start("run", "--once")
        assert reached.wait(30)
        second = site.run("run", "--once", code=1)
        assert str(first.pid) in second.stderr
        assert "is sending already" in second.stderr
        go_on.set()
        first.communicate(timeout=60)
        server.wait_closed()
        assert first.returncode == 0
        assert Counter(len(ids) for ids in message_ids(server.messages).values()) == {1: READERS}


def free_port() -> int:
    """Return a port that nobody listens on; aiosmtpd's controller cannot be asked for any."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


class _Keeper:
    """An aiosmtpd handler that keeps what it takes, and can strike after the dot as the scripted server does."""

    def __init__(self, executioner: Executioner | None = None) -> None:
        self.messages: list[Message] = []
        self.executioner = executioner

    async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:
        sender, recipients = str(envelope.mail_from), tuple(envelope.rcpt_tos)
        self.messages.append(Message(sender, recipients, bytes(envelope.content)))
        if self.executioner:
            self.executioner(Moment(Step.DOT, 1, len(self.messages)))
        return "250 2.0.0 kept"


@pytest.mark.parametrize("fatal", [False, True], ids=["whole", "killed after the dot"])
def test_another_implementation_of_smtp_gets_the_same_letters(fatal: bool, tmp_path: Path) -> None:
    executioner = Executioner(Step.DOT) if fatal else None
    keeper = _Keeper(executioner)
    port = free_port()
    controller = Controller(keeper, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        site = Site(tmp_path, mail=relay(port))
        site.subscribe(READERS)
        process = site.start("run", "--once")
        if executioner:
            executioner.process = process
            executioner.armed.set()
        process.communicate(timeout=60)
        site.run("run", "--once")
    finally:
        controller.stop()
    got = message_ids(keeper.messages)
    assert len(got) == READERS
    assert sum(len(ids) for ids in got.values()) == READERS + fatal
    assert all(len(set(ids)) == 1 for ids in got.values())

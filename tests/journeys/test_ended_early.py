"""Ctrl-C in the midst of a sending: the letter on the wire is finished, and the next run goes on from there."""

from __future__ import annotations

import signal
import subprocess
import threading
from pathlib import Path

import pytest

from tests.channels.smtp_server import Action, Moment, ScriptedSmtp, Step
from tests.journeys.site import Site

pytestmark = pytest.mark.journey
READERS = 4


class Impatient:
    """Presses Ctrl-C once, when the first letter is whole and not yet answered."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[str] | None = None
        self.started = threading.Event()

    def __call__(self, moment: Moment) -> Action | None:
        if moment.step is Step.DOT and moment.letter == 1:
            self.started.wait(10)
            assert self.process is not None
            self.process.send_signal(signal.SIGINT)
        return None


@pytest.mark.parametrize("words", ["run --once", "issues send weekly --yes"])
def test_a_sending_that_is_ended_early_says_so_and_is_no_success_and_the_next_run_sends_the_rest(
    words: str, tmp_path: Path
) -> None:
    editor = Impatient()
    with ScriptedSmtp(on_step=editor) as server:
        relay = {"relay": {"host": "127.0.0.1", "port": server.port, "security": "none"}}
        site = Site(tmp_path, mail=relay)
        site.subscribe(READERS)
        site.run("poll")
        editor.process = site.start(*words.split())
        editor.started.set()
        _, told = editor.process.communicate(timeout=60)
        assert (editor.process.returncode, "ended early" in told) == (1, True), told
        assert 1 <= len(server.messages) < READERS
        told = site.run("issues", "send", "weekly", "--yes").stderr
        assert "nothing new" in told
        assert "issue 1 is not all sent yet: `syndicate run --once`" in told
        site.run("run", "--once")
        assert sorted(message.recipients[0] for message in server.messages) == [
            f"reader{number}@mail.example" for number in range(1, READERS + 1)
        ]

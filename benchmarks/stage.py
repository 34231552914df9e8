"""An installation with its sink, and what happens to its senders: the stage that a chaos scenario plays on."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import sleep

from benchmarks.fullness import Disk
from benchmarks.judge import Run
from benchmarks.sinks import SinkProcess
from benchmarks.witness import Witness

ROOT = Path(__file__).resolve().parent.parent
MOST_ROUNDS = 10
HOURS_A_ROUND = 2
SENDER_SECONDS = 600.0


@dataclass
class Stage:
    """An installation, its sink, and what happened there so far."""

    folder: Path
    config: Path
    sink: SinkProcess
    witness: Witness
    readers: int
    crashes: int
    chance: random.Random
    say: Callable[[str], None]
    disk: Disk | None = None
    """Where the installation is on a disk of its own."""
    runs: list[Run] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def start(
        self,
        name: str = "sender",
        *,
        before: Callable[[], None] | None = None,
        command: Sequence[str] = ("run", "--once"),
    ) -> subprocess.Popen[bytes]:
        """Start `syndicate run --once`, or another command; what it says is in a file of that name."""
        words = [sys.executable, "-m", "syndicate", "--config", str(self.config), *command]
        return self._popen(words, name, before)

    def said(self, name: str = "sender") -> str:
        """Return what the process of that name has written to stderr."""
        return (self.folder / f"{name}.stderr").read_text(encoding="utf-8", errors="replace")

    def look(self, *, crashes: int = 0) -> Run:
        """End a run: see what came of it."""
        run = self.witness.look(crashes=crashes)
        self.runs.append(run)
        return run

    def ended(self, sender: subprocess.Popen[bytes], *codes: int, name: str = "sender") -> None:
        """Wait until a sender has ended by itself; any other exit code is a fault."""
        code = sender.wait(SENDER_SECONDS)
        if code not in codes:
            told = " / ".join(self.said(name).strip().splitlines()[-2:])
            self.faults.append(f"the {name} ended with {code}: {told or 'without a word'}")

    def command(self, *arguments: str) -> str:
        """Run a command that an editor would; return what it says on stdout."""
        words = [sys.executable, "-m", "syndicate", "--config", str(self.config), *arguments]
        process = self._popen(words, "command", stdout=subprocess.PIPE)
        told, _ = process.communicate(timeout=SENDER_SECONDS)
        if process.returncode:
            self.faults.append(f"{' '.join(arguments[:2])} ended with {process.returncode}: {self.said('command')}")
        return told.decode()

    def await_letters(self, sender: subprocess.Popen[bytes], count: int) -> bool:
        """Wait until so many letters of this run were taken; False where the sender ended before."""
        while self.witness.letters() < count:
            if sender.poll() is not None:
                return False
            sleep(0.001)
        return True

    def finish(self) -> None:
        """Send the rest: what is due now, what waits for a later hour, and what waits for a person."""
        self.ended(self.start(), 0, 1)
        self.look()
        self._later()
        if any(state == "in_doubt" for state in self.witness.final.values()):
            self.decide()
            self.ended(self.start(), 0, 1)
            self.look()

    def _later(self) -> None:
        """Let the same work run with a clock set ahead, until nothing moves by itself any more."""
        for turn in range(1, MOST_ROUNDS + 1):
            if not self.witness.moving:
                return
            self.say(f"{self.witness.moving} wait for a later hour")
            words = [sys.executable, str(ROOT / "benchmarks" / "shifted.py"), str(self.config)]
            self.ended(self._popen([*words, str(turn * HOURS_A_ROUND)], "later"), 0, 1, name="later")
            self.look()

    def decide(self) -> None:
        """Do what a person does about what was in doubt too often: look into the relay's log, and say what it says."""
        listed = self.command("deliveries", "list", "--state", "in_doubt", "--limit", "1000000", "--json")
        reached = {reader for run in self.runs for reader, _ in run.taken}
        held = [(str(each["id"]), each["recipient"] in reached) for each in json.loads(listed)]
        came = [number for number, is_there in held if is_there]
        missing = [number for number, is_there in held if not is_there]
        if came:
            self.command("deliveries", "resolve", "--as", "sent", *came)
        if missing:
            self.command("deliveries", "retry", *missing)
        told = f"{len(came)} had come, {len(missing)} were planned again"
        self.notes.append(f"{len(held)} in doubt waited for a person: {told}")

    def _popen(
        self,
        words: Sequence[str],
        name: str,
        before: Callable[[], None] | None = None,
        stdout: int = subprocess.DEVNULL,
    ) -> subprocess.Popen[bytes]:
        environment = {key: value for key, value in os.environ.items() if not key.startswith("SYNDICATE_")}
        with (self.folder / f"{name}.stderr").open("wb") as stderr:
            return subprocess.Popen(
                [*(self.disk.within if self.disk else ()), *words],
                cwd=self.folder,
                env={**environment, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
                stdout=stdout,
                stderr=stderr,
                preexec_fn=before,
            )

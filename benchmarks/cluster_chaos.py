"""The chaos bench of a cluster: workers fall, stand still and lose their database, and nobody loses a letter.

    python benchmarks/cluster_chaos.py [--readers N] [--falls N] [--lease DURATION] [--seed N] [--json]

Three `syndicate worker` and one clock share an issue on PostgreSQL. One fall after the other: a worker is killed, or
stands still for longer than its lease and goes on, or the database is away for some seconds (stopped, or taken as it
stands). At the end the sink's records and the ledger are laid side by side (judge.py): nobody is lost, and a letter
came twice only where the ledger had it in doubt, at most two for each connection and fall. Exit code 1 where that
fails.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from time import monotonic, sleep

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.installation import installation, postgres
from benchmarks.judge import Verdict, judge
from benchmarks.outage import How, Outage
from benchmarks.sinks import sink
from benchmarks.stage import Stage
from benchmarks.witness import Witness

WORKERS = 3
CONNECTIONS = 4
"""Of each worker."""
LETTER_BYTES = 5_000
SHARDS = 40
"""So many shares of the issue, about."""
AWAY_SECONDS = (2.0, 6.0)
LAST_SHARE = 0.85
"""Of the letters: no fall is begun after so many went."""
WORKING, NO_DATABASE = "Ctrl-C ends it", 3
"""What a worker says once it takes jobs, and its exit code where there is no database at its start."""
PATIENCE_SECONDS = 1800.0
ENDING_SECONDS, LOOK_SECONDS = 120.0, 5.0


class Cluster:
    """The workers and the clock, and what befalls them."""

    def __init__(self, stage: Stage, outage: Outage, lease: float) -> None:
        self._stage, self._outage, self._lease = stage, outage, lease
        self._started = 0
        self.workers: list[subprocess.Popen[bytes]] = []
        self.named: dict[int, str] = {}
        self.falls: Counter[str] = Counter()
        """What befell how many workers."""
        for _ in range(WORKERS):
            self.employ()
        self.clock = self._start("run")

    def employ(self) -> None:
        """Start a worker."""
        self.workers.append(self._start("worker"))

    def killed(self) -> None:
        """SIGKILL one worker, and start another in its place."""
        worker = self._any()
        worker.kill()
        worker.wait()
        self.workers.remove(worker)
        self.falls["killed"] += 1
        self.employ()

    def stood_still(self) -> None:
        """Let a worker stand still for longer than its lease, and go on."""
        worker = self._any()
        worker.send_signal(signal.SIGSTOP)
        sleep(self._lease * self._stage.chance.uniform(1.3, 2.5))
        worker.send_signal(signal.SIGCONT)
        self.falls["stood still"] += 1

    def without_database(self) -> None:
        """Stop the database for some seconds; every worker falls by it."""
        self._away("fast")

    def database_taken(self) -> None:
        """Take the database as it stands, for some seconds; every worker falls by it."""
        self._away("immediate")

    def replaced(self) -> None:
        """SIGTERM one worker, as a new version is rolled out, and start another: no fall, for it ends in peace."""
        worker = self._any()
        worker.terminate()
        self._ended(worker)
        self.workers.remove(worker)
        self.employ()

    def ended(self) -> None:
        """Let all end in peace."""
        for process in (self.clock, *self.workers):
            process.terminate()
        for process in (self.clock, *self.workers):
            self._ended(process)

    def gone(self) -> None:
        """Start others for those that ended, as a service would; only who found no database at its start may have."""
        for worker in [each for each in self.workers if each.poll() is not None]:
            name = self.named[worker.pid]
            if WORKING in self._stage.said(name) or worker.returncode != NO_DATABASE:
                self._stage.faults.append(f"{name} ended unasked with {worker.returncode}: {self._last_of(name)}")
            self.workers.remove(worker)
            self.employ()

    def _away(self, how: How) -> None:
        self._outage.stop(how)
        sleep(self._stage.chance.uniform(*AWAY_SECONDS))
        self._outage.start()
        self.falls[f"database {how}"] += len(self.workers)

    def _any(self) -> subprocess.Popen[bytes]:
        return self._stage.chance.choice(self.workers)

    def _start(self, command: str) -> subprocess.Popen[bytes]:
        self._started += 1
        process = self._stage.start(f"{command}-{self._started}", command=(command,))
        self.named[process.pid] = f"{command}-{self._started}"
        return process

    def _ended(self, process: subprocess.Popen[bytes]) -> None:
        name = self.named[process.pid]
        try:
            code = process.wait(ENDING_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
        told = self._stage.said(name)
        if "Traceback" in told:
            self._stage.faults.append(f"{name} showed a traceback: {told.strip()}")
        elif code and WORKING in told:  # Before that it has begun nothing, and a signal just ends it.
            self._stage.faults.append(f"{name} ended with {code}: {self._last_of(name)}")

    def _last_of(self, name: str) -> str:
        return " / ".join(self._stage.said(name).strip().splitlines()[-3:])


FALLS = (Cluster.killed, Cluster.without_database, Cluster.stood_still, Cluster.killed, Cluster.database_taken)
"""In this order, over and over, with a worker that is replaced in peace between them."""


def play(stage: Stage, cluster: Cluster, falls: int) -> None:
    """Let everything fall that is to fall while the issue is sent; return when nothing moves by itself any more."""
    until = monotonic() + PATIENCE_SECONDS
    for number in range(falls):
        mark = int(stage.readers * LAST_SHARE * (number + stage.chance.random()) / falls)
        while stage.witness.letters() < mark and monotonic() < until:
            sleep(0.01)
        fall = FALLS[number % len(FALLS)]
        fall(cluster)
        cluster.gone()
        stage.say(f"{fall.__name__} after {stage.witness.letters()} letters")
        if number % 2:
            cluster.replaced()
    while monotonic() < until:
        states = stage.witness.ledger.count()
        stage.say(", ".join(f"{count} {state}" for state, count in sorted(states.items())))
        if not stage.witness.ledger.states()[1]:
            return
        cluster.gone()
        sleep(LOOK_SECONDS)
    stage.faults.append(f"after {PATIENCE_SECONDS:g} seconds the issue is not sent")


def looked_at(stage: Stage, crashes: int) -> None:
    """See what came of it, now that all have ended."""
    run = stage.witness.look(crashes=crashes)
    stage.runs.append(replace(run, doubted=stage.witness.ledger.doubted()))


def after(stage: Stage) -> None:
    """Do what a person does about what was in doubt too often, and send it."""
    if not any(state == "in_doubt" for state in stage.witness.final.values()):
        return
    stage.decide()
    for words in (("run", "--once"), ("worker", "--once")):
        stage.command(*words)
    looked_at(stage, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What came of it."""

    readers: int
    seconds: float
    falls: dict[str, int]
    twice: int
    most_twice: int
    """What the falls excuse."""
    doubted: int
    """Letters that were in doubt at some time."""
    verdict: Verdict
    faults: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Return whether every goal was reached."""
        return not self.faults


def main() -> int:
    """Play it, print what came of it, and return the exit code."""
    asked = _arguments()
    with tempfile.TemporaryDirectory(prefix="syndicate-cluster-chaos-") as name, postgres() as make:
        report = _played(Path(name), make("chaos"), asked)
    print(json.dumps({**asdict(report), "holds": report.holds}, indent=2) if asked.json else _told(report))
    return 0 if report.holds else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Let the parts of a cluster fall while an issue is sent.")
    parser.add_argument("--readers", type=int, default=100_000)
    parser.add_argument("--falls", type=int, default=20, help="how often something falls")
    parser.add_argument("--lease", type=float, default=4.0, help="seconds")
    parser.add_argument("--seed", type=int, default=1, help="of the random moments")
    parser.add_argument("--json", action="store_true", help="print a report as JSON")
    return parser.parse_args()


def _played(folder: Path, url: str, asked: argparse.Namespace) -> Report:
    began = monotonic()
    with sink(folder) as relay:
        config = installation(
            folder,
            database_url=url,
            readers=asked.readers,
            port=relay.port,
            connections=CONNECTIONS,
            size_bytes=LETTER_BYTES,
            cluster={"lease": f"{asked.lease:g}s", "shard": max(10, asked.readers // SHARDS)},
        )
        stage = Stage(
            folder=folder,
            config=config,
            sink=relay,
            witness=Witness(relay.records, url),
            readers=asked.readers,
            crashes=asked.falls,
            chance=random.Random(asked.seed),
            say=lambda line: print(f"{monotonic() - began:6.1f} s  {line}", file=sys.stderr, flush=True),
        )
        cluster = Cluster(stage, Outage(url), asked.lease)
        try:
            play(stage, cluster, asked.falls)
            cluster.ended()
        finally:
            for process in (cluster.clock, *cluster.workers):
                process.kill()
                process.wait()
        looked_at(stage, cluster.falls.total())
        doubted = len(stage.runs[0].doubted)
        after(stage)
    verdict = judge(stage.runs, stage.witness.final, candidates=asked.readers, connections=CONNECTIONS)
    return Report(
        readers=asked.readers,
        seconds=monotonic() - began,
        falls=dict(cluster.falls),
        twice=verdict.duplicated,
        most_twice=2 * CONNECTIONS * cluster.falls.total(),
        doubted=doubted,
        verdict=verdict,
        faults=(*stage.faults, *verdict.faults),
        notes=tuple(stage.notes),
    )


def _told(report: Report) -> str:
    fell = ", ".join(f"{count} × {what}" for what, count in report.falls.items())
    verdict = report.verdict
    return "\n".join(
        (
            f"{report.readers} readers, {WORKERS} workers of {CONNECTIONS} connections, {report.seconds:.0f} s",
            f"  fell (workers): {fell}",
            *(f"  {note}" for note in report.notes),
            f"  in doubt at some time {report.doubted}; in doubt at the end {verdict.in_doubt}",
            f"  lost {verdict.lost} (goal: 0)",
            f"  twice {report.twice} (goal: only what was in doubt, at most {report.most_twice})",
            f"  {'holds' if report.holds else 'DOES NOT HOLD'}",
            *(f"  ! {fault}" for fault in report.faults),
        )
    )


if __name__ == "__main__":
    sys.exit(main())

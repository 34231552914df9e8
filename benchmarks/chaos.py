"""The chaos bench: whatever falls while an issue is sent, nobody is lost, and only what was in doubt goes twice.

    python benchmarks/chaos.py [--readers N] [--crashes N] [--only SCENARIO] [--seed N] [--json]

Each scenario is a send by the real command line (`syndicate run --once`) to a sink that writes every letter down, on
SQLite and on PostgreSQL; afterwards the sink's records and the ledger are laid side by side (judge.py). Data on stdout,
progress on stderr; exit code 1 where a goal does not hold.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from time import monotonic, sleep

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import fullness
from benchmarks.installation import installation, postgres
from benchmarks.judge import Verdict, judge
from benchmarks.sinks import Manners, sink
from benchmarks.stage import Stage
from benchmarks.witness import Witness

CONNECTIONS = 10
SIDE_SHARE = 10
"""The scenarios beside the kills have a tenth of the readers."""
LETTER_BYTES = 5_000
EARLY_SHARE = 0.1
"""So many kills fall before the first letter of their run."""
START_SECONDS = 1.0
FIRST_RATE = 1_000.0
"""Letters a second, as long as nothing was measured."""
MOST_SHARES, SPARE_SHARES = 4, 5
"""Of what each kill is to find on its way: never many more, and some left for after the last."""
STOPS = 5
ROOM_BYTES, ROOM_BYTES_A_READER = 160 * 1024, 400
"""Left on a disk that is to fill up: enough to begin, and not to end."""


def killed(stage: Stage) -> None:
    """SIGKILL at a random moment, over and over: most while letters go, some while the sender starts."""
    rate = FIRST_RATE
    reached: set[str] = set()
    for crash in range(stage.crashes):
        sender = stage.start()
        if stage.chance.random() < EARLY_SHARE:
            sleep(stage.chance.uniform(0, START_SECONDS))
        elif stage.await_letters(sender, 1):
            share = max(1, (stage.readers - len(reached)) // (stage.crashes - crash + SPARE_SHARES))
            rate = 0.7 * rate + 0.3 * _pass_a_while(stage, sender, share, rate)
        was_alive = sender.poll() is None
        sender.kill()
        sender.wait()
        run = stage.look(crashes=int(was_alive))
        reached.update(reader for reader, _ in run.taken)
        stage.say(f"crash {crash + 1} of {stage.crashes}: {len(reached)} reached, {len(run.doubtful)} in doubt")
        if not stage.witness.moving:
            stage.notes.append(f"all was sent after {crash + 1} kills of {stage.crashes}")
            break
    stage.finish()


def _pass_a_while(stage: Stage, sender: subprocess.Popen[bytes], share: int, rate: float) -> float:
    """Wait a random time in which about `share` letters go, never many more; return how many went in a second."""
    began = monotonic()
    until = began + stage.chance.uniform(0, 2 * share / rate)
    while monotonic() < until and stage.witness.letters() < MOST_SHARES * share and sender.poll() is None:
        sleep(0.001)
    return max(1.0, stage.witness.letters() / (monotonic() - began))


def stopped(stage: Stage) -> None:
    """SIGTERM, as a restart of the service brings it: what is on the wires is finished, so nothing is in doubt."""
    for _ in range(STOPS):
        sender = stage.start()
        if stage.await_letters(sender, stage.chance.randint(1, max(1, stage.readers // STOPS // 2))):
            sender.terminate()
        stage.ended(sender, 0, 1)
        stage.look()
    stage.finish()


def sessions_end(stage: Stage) -> None:
    """The database server ends every session of the sender in the midst of a send, as it does when it restarts."""
    sender = stage.start()
    if stage.await_letters(sender, stage.chance.randint(1, stage.readers // 2)):
        stage.notes.append(f"{stage.witness.ledger.end_sessions()} sessions ended")
    stage.ended(sender, 1, 2, 3)
    stage.look(crashes=1)
    if "Traceback" in stage.said():
        stage.faults.append("the sender left with a traceback")
    stage.finish()


def server_dies(stage: Stage) -> None:
    """The PostgreSQL server dies in the midst of a send and recovers. What it forgot must not be sent again unasked."""
    sender = stage.start()
    if stage.await_letters(sender, stage.chance.randint(1, stage.readers // 2)):
        stage.witness.ledger.kill_session()
    stage.ended(sender, 1, 2, 3)
    stage.look(crashes=1)
    stage.ended(stage.start(), 0, 1)
    stage.look(crashes=1)
    if "looks like a restored backup" in stage.said():
        stage.notes.append("it had forgotten its last commits, which was noticed, and sending stopped")
        stage.command("store", "accept-restore")
        stage.look(crashes=1)
    stage.finish()


def sink_dies(stage: Stage) -> None:
    """The sink is killed four times during a send: three times it is back soon, then only when the sender has left."""
    marks = sorted(stage.chance.sample(range(1, max(8, stage.readers * 3 // 4)), 4))
    sender, deaths = stage.start(), 0
    for number, mark in enumerate(marks):
        if not stage.await_letters(sender, mark):
            break
        stage.sink.kill()
        deaths += 1
        if number < len(marks) - 1:
            sleep(stage.chance.uniform(0.1, 0.8))
            stage.sink.start()
    stage.ended(sender, 0, 1)
    if deaths == len(marks):
        stage.sink.start()
    stage.notes.append(f"the sink died {deaths} times")
    stage.look(crashes=deaths)
    stage.finish()


def misbehaves(stage: Stage) -> None:
    """The sink does to some letters what its manners say; nothing crashes."""
    stage.finish()


def second_sender(stage: Stage) -> None:
    """A second sender is started beside the first: it names the first, leaves with 1, and the first goes on."""
    first = stage.start("first sender")
    if not stage.await_letters(first, stage.sink.manners.holds_after or 1):
        stage.faults.append("the first sender ended before the second was started")
    second = stage.start("second sender")
    stage.ended(second, 1, name="second sender")
    told = stage.said("second sender")
    if f"{first.pid}" not in told or "is sending already" not in told:
        stage.faults.append(f"the second sender did not name the first, {first.pid}: {told.strip()}")
    if first.poll() is not None:
        stage.faults.append("the first sender had ended by then")
    stage.sink.go()
    stage.ended(first, 0, name="first sender")
    stage.look()
    stage.finish()


def disk_full(stage: Stage) -> None:
    """The disk fills up in the midst of a send, and is full still at the next start; then there is room again."""
    leave, disk = ROOM_BYTES + ROOM_BYTES_A_READER * stage.readers, stage.disk
    full: Callable[[], None] | None = None
    if disk is not None:
        stage.notes.append("a full tmpfs: ENOSPC of the kernel's own")
        disk.fill(leave)
    else:
        stage.notes.append("no file system of our own here, so RLIMIT_FSIZE: EFBIG in place of ENOSPC")
        full = partial(fullness.set_limit, fullness.limit(stage.config.parent, leave))
    for number in (1, 2):
        stage.ended(stage.start(before=full), 1, 2, 3)
        run, told = stage.look(crashes=1), stage.said()
        if number == 1 and ("database or disk is full" not in told if disk else "disk I/O error" not in told):
            stage.faults.append(f"the sender did not say that the disk is full: {told.strip()[-300:]}")
        if "Traceback" in told:
            stage.faults.append(f"a traceback: {told.strip().splitlines()[-1]}")
        stage.notes.append(f"run {number} on the full disk: {len(run.taken)} taken, {len(run.doubtful)} in doubt")
    if disk is not None:
        disk.free()
    stage.finish()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What is done to a send."""

    name: str
    play: Callable[[Stage], None]
    main: bool = False
    """With all the readers; the others have a share of them."""
    manners: Callable[[int], Manners] = field(default=lambda readers: Manners())
    timeout: str = "60s"
    databases: tuple[str, ...] = ("sqlite", "postgresql")
    own_disk: bool = False


SCENARIOS = (
    Scenario(name="killed", play=killed, main=True),
    Scenario(name="stopped", play=stopped),
    Scenario(name="sessions-end", play=sessions_end, databases=("postgresql",)),
    Scenario(name="server-dies", play=server_dies, databases=("postgresql",)),
    Scenario(name="sink-dies", play=sink_dies),
    Scenario(name="refusals", play=misbehaves, manners=lambda readers: Manners(refuses=0.1)),
    Scenario(
        name="stalls",
        play=misbehaves,
        manners=lambda readers: Manners(stalls=6 / readers, dawdles=6 / readers, dawdle_seconds=3),
        timeout="2s",
    ),
    Scenario(name="drops", play=misbehaves, manners=lambda readers: Manners(drops_taken=0.01, drops_untaken=0.01)),
    Scenario(name="second-sender", play=second_sender, manners=lambda readers: Manners(holds_after=readers // 4)),
    Scenario(name="disk-full", play=disk_full, databases=("sqlite",), own_disk=True),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A scenario on a database: what came of it."""

    name: str
    readers: int
    seconds: float
    verdict: Verdict
    faults: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Return whether every goal was reached."""
        return not self.faults


def main() -> int:
    """Play the scenarios that were asked for, print what came of each, and return the exit code."""
    asked = _arguments()
    wanted = [
        (scenario, kind) for scenario in SCENARIOS for kind in scenario.databases if _is_asked(asked, scenario, kind)
    ]
    reports = []
    with tempfile.TemporaryDirectory(prefix="syndicate-chaos-") as name, _databases(wanted) as make:
        for number, (scenario, kind) in enumerate(wanted):
            folder = Path(name) / f"{scenario.name}-{kind}"
            folder.mkdir()
            url = make(f"chaos_{number}") if kind == "postgresql" else None
            reports.append(_played(scenario, kind, folder, url, asked))
            if not asked.json:
                print("\n".join(_told(reports[-1])), flush=True)
    if asked.json:
        print(json.dumps([{**asdict(report), "holds": report.holds} for report in reports], indent=2))
    return 0 if all(report.holds for report in reports) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Let things fall while an issue is sent, and count the letters.")
    names = [name for each in SCENARIOS for name in (each.name, *(f"{each.name}/{kind}" for kind in each.databases))]
    parser.add_argument("--readers", type=int, default=20_000, help="readers of the kills; the others have a tenth")
    parser.add_argument("--crashes", type=int, default=100, help="how often the sender is killed")
    parser.add_argument("--only", choices=names, metavar="SCENARIO", help=f"one alone: {', '.join(names)}")
    parser.add_argument("--seed", type=int, default=1, help="of the random moments and of the sink's moods")
    parser.add_argument("--json", action="store_true", help="print a list of reports")
    return parser.parse_args()


def _is_asked(asked: argparse.Namespace, scenario: Scenario, kind: str) -> bool:
    return asked.only in (None, scenario.name, f"{scenario.name}/{kind}")


@contextmanager
def _databases(wanted: list[tuple[Scenario, str]]) -> Iterator[Callable[[str], str]]:
    """Run a PostgreSQL where one is asked for."""
    if any(kind == "postgresql" for _, kind in wanted):
        with postgres() as make:
            yield make
    else:
        yield lambda name: name


def _played(scenario: Scenario, kind: str, folder: Path, url: str | None, asked: argparse.Namespace) -> Report:
    name = f"{scenario.name}/{kind}"
    readers = asked.readers if scenario.main else max(50, asked.readers // SIDE_SHARE)
    chance, began = random.Random(f"{asked.seed} {name}"), monotonic()
    manners = replace(scenario.manners(readers), seed=chance.randrange(2**32))
    with sink(folder, manners) as relay, _own_disk(folder) if scenario.own_disk else nullcontext() as disk:
        config = installation(
            folder,
            database_url=url,
            readers=readers,
            port=relay.port,
            connections=CONNECTIONS,
            size_bytes=LETTER_BYTES,
            timeout=scenario.timeout,
        )
        stage = Stage(
            folder=folder,
            config=_moved(config, disk) if disk else config,
            sink=relay,
            witness=Witness(relay.records, url or (disk.seen if disk else folder) / "syndicate.db"),
            readers=readers,
            crashes=asked.crashes,
            chance=chance,
            say=lambda what: print(f"{name}: {what}", file=sys.stderr, flush=True),
            disk=disk,
        )
        stage.say(f"{readers} readers")
        try:
            scenario.play(stage)
        except (TimeoutError, subprocess.TimeoutExpired) as error:
            stage.faults.append(f"it did not come to an end: {error}")
    verdict = judge(stage.runs, stage.witness.final, candidates=readers, connections=CONNECTIONS)
    return Report(
        name=name,
        readers=readers,
        seconds=round(monotonic() - began, 1),
        verdict=verdict,
        faults=(*verdict.faults, *stage.faults),
        notes=tuple(stage.notes),
    )


@contextmanager
def _own_disk(folder: Path) -> Iterator[fullness.Disk | None]:
    mount_point = folder / "disk"
    mount_point.mkdir()
    with fullness.small_disk(mount_point) as disk:
        yield disk


def _moved(config: Path, disk: fullness.Disk) -> Path:
    """Copy an installation to a disk; return its config.yaml there."""
    for each in config.parent.iterdir():
        if each.is_file() and each.name != "records":
            shutil.copy2(each, disk.seen / each.name)
    return config.parent / "disk" / config.name


def _told(report: Report) -> Iterator[str]:
    verdict = report.verdict
    yield f"{report.name}: {report.readers} readers, {report.seconds:.0f} s" + "".join(
        f"; {note}" for note in report.notes
    )
    for number, line in enumerate(verdict.lines, 1):
        fell = f"{line.crashes} crash{'es' * (line.crashes > 1)}" if line.crashes else ""
        yield (
            f"  run {number:3} {fell:9} {line.taken:7} taken, "
            f"{line.lost} lost, {line.duplicated} duplicated, {line.in_doubt} in doubt"
        )
    sums = f"lost {verdict.lost}, duplicated {verdict.duplicated}, in doubt at the end {verdict.in_doubt}"
    yield f"  all together: {sums}: {'holds' if report.holds else 'DOES NOT HOLD'}"
    yield from (f"  ! {fault}" for fault in report.faults)


if __name__ == "__main__":
    sys.exit(main())

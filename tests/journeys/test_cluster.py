"""Workers that fall, stand still, lose their database, or are replaced, in the midst of a sending."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from email import message_from_bytes
from itertools import count
from pathlib import Path
from time import monotonic

import pytest

from benchmarks.outage import Outage
from tests.channels.smtp_server import Action, Moment, ScriptedSmtp, Step
from tests.conftest import Server
from tests.journeys.engines import ClusterSite, cluster
from tests.journeys.site import Site

pytestmark = [pytest.mark.journey, pytest.mark.postgres, pytest.mark.xdist_group("cluster")]
READERS = 30
LEASE = "4s"
MORE = {"digests": {"weekly": {"lists": ["readers"], "at": "fri 09:00"}}}
_numbers = count(1)


class Relay:
    """A relay that holds one letter up at a step, once, until it is let go."""

    def __init__(self, step: Step) -> None:
        self._step = step
        self._lock = threading.Lock()
        self._is_taken = False
        self.reached, self.go_on = threading.Event(), threading.Event()
        self.held = ""

    def __call__(self, moment: Moment) -> Action | None:
        with self._lock:
            mine = moment.step is self._step and not self._is_taken
            self._is_taken = self._is_taken or mine
        if mine:
            self.held = moment.line.partition("<")[2].partition(">")[0]
            self.reached.set()
            self.go_on.wait(60)
        return None


def ids(server: ScriptedSmtp) -> dict[str, list[str]]:
    """Return the Message-IDs that each reader got."""
    got: dict[str, list[str]] = {}
    for message in list(server.messages):
        if message.recipients[0].startswith("reader"):
            got.setdefault(message.recipients[0], []).append(message_from_bytes(message.content)["Message-ID"])
    return got


@pytest.fixture
def url(postgres: Server) -> Iterator[str]:
    """The address of a database whose schema is current."""
    name = f"journey_{next(_numbers)}"
    yield postgres.make_current(name)
    postgres.drop(name)


def ready(site: ClusterSite, readers: int = READERS) -> None:
    """Let a review wait that no letter has brought yet, and so many readers."""
    lines = "".join(f"reader{number}@mail.example\n" for number in range(1, readers + 1))
    path = site.folder / "readers.csv"
    path.write_text(f"email\n{lines}", encoding="utf-8")
    site.run("subscribers", "import", str(path))
    site.run("poll")


def until(is_so: Callable[[], object], what: str, seconds: float = 60) -> None:
    """Wait for another process."""
    end, waited = monotonic() + seconds, threading.Event()
    while not is_so():
        assert monotonic() < end, what
        waited.wait(0.05)


def frozen(site: ClusterSite) -> subprocess.Popen[str]:
    """Freeze the issue by hand, whose command watches the workers send it."""
    return site.start("issues", "send", "weekly", "--yes")


def sent_by_beats(site: ClusterSite, readers: int) -> None:
    """Let clocks beat until every letter is sent."""

    def is_sent() -> bool:
        site.run("run", "--once")
        threading.Event().wait(0.5)
        return site.letters(1) == {"sent": readers}

    until(is_sent, "the issue is not sent")


def sender_of(site: ClusterSite) -> subprocess.Popen[str]:
    """Return the one worker that sends."""
    (owner,) = site.json("cluster", "status")["senders"]
    return next(worker for worker in site.workers if f":{worker.pid}:" in owner)


def test_a_worker_that_is_killed_leaves_its_letters_in_doubt_and_others_send_them(tmp_path: Path, url: str) -> None:
    relay = Relay(Step.DOT)
    with ScriptedSmtp(on_step=relay) as server:
        mail = {"relay": {"host": "127.0.0.1", "port": server.port, "security": "none"}}
        with cluster(tmp_path, url, MORE, lease=LEASE, mail=mail) as site:
            ready(site, 8)  # a single share
            watching = frozen(site)
            assert relay.reached.wait(60)
            victim = sender_of(site)
            victim.kill()
            victim.communicate()
            site.workers.remove(victim)
            relay.go_on.set()
            sent_by_beats(site, 8)
            watching.communicate(timeout=60)
    got = ids(server)
    assert len(got) == 8
    twice = {reader: names for reader, names in got.items() if len(names) > 1}
    assert len(twice) <= 2, "at most two for its one connection"
    assert all(len(set(names)) == 1 for names in got.values()), "another Message-ID"
    assert site.asked("SELECT count(*) FROM deliveries WHERE doubts > 0") <= 3


@pytest.mark.soak
def test_a_worker_that_stood_still_past_its_lease_begins_no_letter_more(tmp_path: Path, url: str) -> None:
    relay = Relay(Step.RCPT)
    with ScriptedSmtp(on_step=relay) as server:
        mail = {"relay": {"host": "127.0.0.1", "port": server.port, "security": "none"}}
        with cluster(tmp_path, url, MORE, lease=LEASE, mail=mail) as site:
            ready(site, 8)
            watching = frozen(site)
            assert relay.reached.wait(60)
            sleeper = sender_of(site)
            sleeper.send_signal(signal.SIGSTOP)
            sent_by_beats(site, 8)
            relay.go_on.set()
            sleeper.send_signal(signal.SIGCONT)
            watching.communicate(timeout=60)
            until(lambda: not site.json("cluster", "status")["senders"], "it sends still")
            server.wait_closed()
            assert sleeper.poll() is None, "it takes other jobs"
    got = ids(server)
    assert len(got) == 8
    assert len(got[relay.held]) == 1, "it began a text that was no longer its own to send"
    assert sum(len(names) - 1 for names in got.values()) <= 2, "two for its one connection"


@pytest.mark.soak
def test_workers_outlive_a_database_that_goes_away_and_are_useful_again(tmp_path: Path, url: str) -> None:
    relay = Relay(Step.DOT)
    with ScriptedSmtp(on_step=relay) as server:
        mail = {"relay": {"host": "127.0.0.1", "port": server.port, "security": "none"}}
        with cluster(tmp_path, url, MORE, lease=LEASE, mail=mail) as site:
            ready(site)
            outage = Outage(url)
            watching = frozen(site)
            assert relay.reached.wait(60)
            outage.stop()
            try:
                relay.go_on.set()
                threading.Event().wait(3)
            finally:
                outage.start()
            watching.communicate(timeout=60)
            assert [worker.poll() for worker in site.workers] == [None] * 3
            sent_by_beats(site, READERS)
    got = ids(server)
    assert len(got) == READERS
    assert sum(len(names) - 1 for names in got.values()) <= 2 * 3, "two for each connection"
    assert all(len(set(names)) == 1 for names in got.values())


@pytest.mark.soak
def test_workers_are_replaced_one_after_the_other_and_nobody_notices(tmp_path: Path, url: str) -> None:
    with ScriptedSmtp() as server:
        mail = {"relay": {"host": "127.0.0.1", "port": server.port, "security": "none", "rate": 30}}
        with cluster(tmp_path, url, MORE, mail=mail) as site:
            ready(site, 90)
            watching = frozen(site)
            until(lambda: len(server.messages) > 5, "nothing goes")
            for worker in tuple(site.workers):
                worker.terminate()
                _, told = worker.communicate(timeout=60)
                assert (worker.returncode, "Traceback" in told) == (0, False), told
                site.workers.remove(worker)
                site.employ()
            sent_by_beats(site, 90)
            watching.communicate(timeout=60)
    assert Counter(len(names) for names in ids(server).values()) == {1: 90}
    assert site.asked("SELECT count(*) FROM deliveries WHERE doubts > 0") == 0


@pytest.mark.soak
def test_a_rate_and_a_quota_hold_over_all_workers(tmp_path: Path, url: str) -> None:
    moments: list[float] = []

    def note(moment: Moment) -> None:
        if moment.step is Step.DOT:
            moments.append(monotonic())

    with ScriptedSmtp(on_step=note) as server:
        relay = {"host": "127.0.0.1", "port": server.port, "security": "none", "rate": 50, "per_day": 100}
        with cluster(tmp_path, url, MORE, mail={"relay": relay}) as site:
            ready(site, 120)
            watching = frozen(site)
            until(lambda: len(moments) >= 100, "the quota is not used up")
            site.beat()
            watching.terminate()
            watching.communicate(timeout=60)
            assert site.letters(1) == {"sent": 100, "planned": 20}
    seconds = moments[-1] - moments[0]
    assert len(moments) == 100
    assert len(moments) / seconds <= 50 * 1.25, f"100 letters in {seconds:.2f} s"


def test_issues_send_watches_the_workers_and_status_tells_of_them(tmp_path: Path, url: str) -> None:
    relay = Relay(Step.RCPT)
    with ScriptedSmtp(on_step=relay) as server:
        mail = {"relay": {"host": "127.0.0.1", "port": server.port, "security": "none"}}
        with cluster(tmp_path, url, MORE, mail=mail) as site:
            ready(site)
            until(lambda: site.json("cluster", "status")["workers"] == 3, "not all workers are there")
            watching = frozen(site)
            assert relay.reached.wait(60)
            found = site.json("cluster", "status")
            assert sum(each["doing"] for each in found["tasks"] if each["name"] == "letters") >= 1
            assert found["senders"]
            relay.go_on.set()
            _, told = watching.communicate(timeout=60)
            assert watching.returncode == 0, told
            assert f"{READERS} candidates = {READERS} sent" in told
            site.quiet()
            assert site.json("cluster", "status")["tasks"] == []
    assert Counter(len(names) for names in ids(server).values()) == {1: READERS}


def test_what_is_missing_is_named_with_the_command_that_mends_it(tmp_path: Path, url: str) -> None:
    more = {**MORE, "engine": "cluster"}
    site = ClusterSite(tmp_path, database=url, more=more)
    told = Site.run(site, "worker", "--once", code=3).stderr
    assert "syndicate cluster migrate" in told
    assert "syndicate cluster migrate" in Site.run(site, "run", "--once", code=3).stderr

    site.run("cluster", "migrate")
    site.asked("UPDATE meta SET value = '99.0.0' WHERE key = 'procrastinate' RETURNING value")
    told = Site.run(site, "worker", "--once", code=3).stderr
    assert "of Procrastinate 99.0.0" in told
    assert "pip install --upgrade" in told

    (tmp_path / "lite").mkdir()
    lite = Site(tmp_path / "lite")
    config = json.loads((tmp_path / "lite" / "config.yaml").read_text(encoding="utf-8"))
    (tmp_path / "lite" / "config.yaml").write_text(json.dumps({**config, "engine": "cluster"}), encoding="utf-8")
    told = lite.run("run", "--once", code=2).stderr
    assert "postgresql" in told.lower()


def test_without_its_parts_the_cluster_says_how_to_install_them(tmp_path: Path, url: str) -> None:
    ClusterSite(tmp_path, database=url, more={**MORE, "engine": "cluster"})
    words = "import sys; sys.modules['procrastinate'] = None; from syndicate.cli import main; main(sys.argv[1:])"
    for command in (["run", "--once"], ["worker", "--once"]):
        done = subprocess.run(
            [sys.executable, "-c", words, *command], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 2, done.stderr
        assert "pip install 'syndicate[cluster]'" in done.stderr
        assert "Traceback" not in done.stderr

"""What deploy/compose.yaml runs, run: its very commands and questions as processes, on a real PostgreSQL."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from syndicate.config.measures import parse_duration
from tests.channels.smtp_server import ScriptedSmtp
from tests.conftest import Server
from tests.deploy.files import full_command, health_command, last, ours, services
from tests.journeys.site import Site
from tests.journeys.test_readers import free_port, wait_for

pytestmark = pytest.mark.journey

READERS = 12
WAIT_SECONDS = 90


@dataclass
class Container:
    """A process as its service describes it; a container has ports of its own, and so each has here."""

    name: str
    folder: Path
    ports: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[str] | None = None
    story: str = ""

    def __post_init__(self) -> None:
        self.ports = {"8026": str(free_port()), "8027": str(free_port())}

    def _here(self, words: list[str]) -> list[str]:
        joined = "\0".join(words)
        for port, own in self.ports.items():
            joined = joined.replace(f":{port}", f":{own}")
        return joined.split("\0")

    def _environ(self) -> dict[str, str]:
        image = dict(
            word.partition("=")[::2] for word in last("ENV").replace("/srv/syndicate", str(self.folder)).split()
        )
        return {**os.environ, **{key: value for key, value in image.items() if key != "PATH"}}

    def start(self) -> None:
        program, *words = full_command(self.name)
        assert program == "syndicate"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "syndicate", *self._here(words)],
            cwd=self.folder,
            env=self._environ(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    def is_healthy(self) -> bool:
        """Return what its HEALTHCHECK finds; the service's restart policy is kept meanwhile."""
        assert self.process
        if self.process.poll() is not None:
            self.story += self.process.communicate()[1]
            assert services()[self.name]["restart"] == "unless-stopped", self.story
            self.start()
            return False
        question = health_command(self.name)
        assert question
        asked = [sys.executable if word == "python" else word for word in self._here(question)]
        return subprocess.run(asked, capture_output=True, check=False).returncode == 0

    def end(self) -> int:
        """Be stopped as compose stops it: SIGTERM, and so long until SIGKILL; return the exit code."""
        assert self.process
        self.process.send_signal(signal.SIGTERM)
        patience = parse_duration(services()[self.name]["stop_grace_period"])
        self.story += self.process.communicate(timeout=patience.total_seconds())[1]
        return self.process.returncode

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.communicate()


@contextmanager
def deployed(site: Site) -> Iterator[list[Container]]:
    """Start each service of ours once what it waits for has come, and give those that last."""
    order = TopologicalSorter({name: set(each.get("depends_on", ())) for name, each in services().items()})
    lasting: list[Container] = []
    with ExitStack() as stack:
        for name in (each for each in order.static_order() if each in ours()):
            for _ in range(ours()[name].get("deploy", {}).get("replicas", 1)):
                container = Container(name, site.folder)
                stack.callback(container.kill)
                container.start()
                if name != "migrate":
                    lasting.append(container)
                    continue
                assert container.process
                assert container.process.wait(WAIT_SECONDS) == 0, container.process.communicate()[1]
        yield lasting


def make_site(folder: Path, database: str, server: ScriptedSmtp) -> Site:
    """Return an installation as docs/deployment.md has it written, with readers, before it has sent anything."""
    mail = {"relay": {"host": server.host, "port": server.port, "security": "none"}}
    site = Site(folder, mail=mail, database=database)
    path = folder / "config.yaml"
    config = json.loads(path.read_text(encoding="utf-8"))
    config["engine"] = "cluster"
    config["cluster"] = {"shard": 10}
    config["web"] = {"public_url": "https://news.journey.example", "public_listen": "127.0.0.1:0"}
    path.write_text(json.dumps(config), encoding="utf-8")
    return site


def healthy(containers: list[Container]) -> int:
    """Return how many are well; each of them is asked."""
    return sum(container.is_healthy() for container in containers)


def all_healthy(containers: list[Container]) -> bool:
    return healthy(containers) == len(containers)


@pytest.mark.postgres
def test_an_issue_goes_out_and_all_end_in_peace(tmp_path: Path, postgres: Server) -> None:
    url = postgres.make("deployed")
    with ScriptedSmtp() as server:
        site = make_site(tmp_path, url, server)
        site.subscribe(READERS)
        with deployed(site) as containers:
            assert Counter(each.name for each in containers) == {"clock": 1, "worker": 2, "web": 1}
            wait_for(lambda: all_healthy(containers), WAIT_SECONDS)
            wait_for(lambda: len(server.messages) >= READERS, WAIT_SECONDS)
            wait_for(lambda: site.json("issues", "list")[0]["state"] == "sent", WAIT_SECONDS)
            assert all_healthy(containers)
            for container in containers:
                assert container.end() == 0, container.story
                assert "Traceback" not in container.story
    recipients = Counter(address for message in server.messages for address in message.recipients)
    assert recipients == {f"reader{number}@mail.example": 1 for number in range(1, READERS + 1)}
    postgres.drop("deployed")


@pytest.mark.postgres
def test_a_database_that_goes_away_is_told_and_all_are_well_again_when_it_is_back(tmp_path: Path) -> None:
    folder = Path(tempfile.mkdtemp(prefix="syndicate-pg-"))
    own = Server(folder)
    try:
        with ScriptedSmtp() as server:
            site = make_site(tmp_path, own.make("deployed"), server)
            site.subscribe(READERS)
            site.run("pause")
            with deployed(site) as containers:
                wait_for(lambda: all_healthy(containers), WAIT_SECONDS)
                own._server.stop()
                wait_for(lambda: healthy(containers) == 0, WAIT_SECONDS)
                own._server.start()
                wait_for(lambda: all_healthy(containers), WAIT_SECONDS)
                site.run("resume")
                wait_for(lambda: len(server.messages) >= READERS, WAIT_SECONDS)
                assert [container.end() for container in containers] == [0] * len(containers)
    finally:
        own.close()
        shutil.rmtree(folder, ignore_errors=True)


def answered(place: str) -> tuple[int, str]:
    """Return what /readyz of a place answers; 0 where nobody does."""
    line = http.client.HTTPConnection(place, timeout=30)
    try:
        line.request("GET", "/readyz")
        answer = line.getresponse()
        return answer.status, answer.read().decode()
    except OSError:
        return 0, ""
    finally:
        line.close()


def test_one_process_on_sqlite_tells_how_it_is_too(tmp_path: Path) -> None:
    site, place = Site(tmp_path), f"127.0.0.1:{free_port()}"
    process = site.start("run", "--health", place)
    try:
        wait_for(lambda: answered(place) == (200, "ready\n"), WAIT_SECONDS)
        (tmp_path / "syndicate.db").rename(tmp_path / "elsewhere.db")
        wait_for(lambda: answered(place)[0] == 503, WAIT_SECONDS)
        (tmp_path / "elsewhere.db").rename(tmp_path / "syndicate.db")
        wait_for(lambda: answered(place)[0] == 200, WAIT_SECONDS)
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=WAIT_SECONDS)[1].endswith("ended; what was on a wire is recorded\n")
        assert process.returncode == 0
    finally:
        process.kill()
        process.communicate()


def test_a_place_for_it_that_is_none_or_taken_is_said_before_anything_runs(tmp_path: Path) -> None:
    site = Site(tmp_path)
    assert "--health" in site.run("run", "--health", "8027", code=2).stderr
    with socket.create_server(("127.0.0.1", 0)) as taken:
        place = f"127.0.0.1:{taken.getsockname()[1]}"
        assert f"{place}: something else is served there already" in site.run("run", "--health", place, code=2).stderr

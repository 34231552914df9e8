"""One installation, worked by the local engine or by a cluster of real processes: the same journeys for both.

with local(folder) as site:              a beat is `syndicate run --once`, which does everything
with cluster(folder, url) as site:       a beat is left by a clock, and three `syndicate worker` do it
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import psycopg
from click.testing import CliRunner

from syndicate.cli import root
from tests.journeys.site import FILMS, Site, feed

PATIENCE_SECONDS = 60.0
WORKERS = 3
_LEFT = """
    SELECT count(*) FROM procrastinate_jobs
    WHERE status = 'doing' OR (status = 'todo' AND coalesce(scheduled_at, now()) <= now())
"""


@dataclass
class EngineSite(Site):
    """A site whose engine is not told to the tests."""

    more: Mapping[str, Any] = field(default_factory=dict)
    """What its config.yaml says besides, over what every site says."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.films: dict[str, tuple[str, ...]] = {}
        path = self.folder / "config.yaml"
        config = {**json.loads(path.read_text(encoding="utf-8")), **self.more}
        path.write_text(json.dumps(config), encoding="utf-8")

    def run(self, *arguments: str, code: int | None = 0) -> subprocess.CompletedProcess[str]:
        """Run an editor's command in this process, which is quicker."""
        words = ["--config", str(self.folder / "config.yaml"), *arguments]
        done = CliRunner().invoke(root, words, catch_exceptions=False, standalone_mode=False)
        given = done.return_value if isinstance(done.return_value, int) else done.exit_code
        assert code is None or given == code, f"exit {given}\n{done.stdout}\n{done.stderr}"
        return subprocess.CompletedProcess(words, given, done.stdout, done.stderr)

    def beat(self) -> None:
        """Let everything happen that is due now."""
        Site.run(self, "run", "--once", code=None)

    def two_clocks(self) -> None:
        """Let a clock beat twice."""
        self.beat()
        self.beat()

    def begin(self) -> Callable[[], object]:
        """Let a beat's work begin, and return what waits until it is done."""
        begun = self.start("run", "--once")
        return lambda: begun.communicate(timeout=PATIENCE_SECONDS)

    def write(self, corner: str, *films: str) -> None:
        """Publish reviews in the feed of a corner, the last one the newest, over what was there from the start."""
        told = self.films[corner] = (*reversed(films), *self.films.get(corner, FILMS[:1]))
        text = feed(told).replace("tag:journey.example,2026:", f"tag:journey.example,2026:{corner}-")
        (self.folder / f"{corner}.xml").write_text(text.replace("/film-", f"/{corner}-"), encoding="utf-8")

    def issues(self, digest: str) -> list[dict[str, Any]]:
        """Return the issues of a digest, newest first."""
        return [each for each in self.json("issues", "list") if each["digest"] == digest]

    def letters(self, issue: int) -> dict[str, int]:
        """Return how many letters of an issue are in which state."""
        return dict(self.json("issues", "show", str(issue))["letters"])


@dataclass
class ClusterSite(EngineSite):
    """A site on PostgreSQL, with workers."""

    count: int = WORKERS

    def __post_init__(self) -> None:
        super().__post_init__()
        self.workers: list[subprocess.Popen[str]] = []

    def beat(self) -> None:
        """Leave a clock's beat, and wait until all its jobs are done; once more for what they found."""
        for _ in range(2):
            self.run("run", "--once")
            self.quiet()

    def two_clocks(self) -> None:
        """Let two clocks beat at once, twice."""
        for _ in range(2):
            for clock in [self.start("run", "--once") for _ in range(2)]:
                _, told = clock.communicate(timeout=PATIENCE_SECONDS)
                assert clock.returncode == 0, told
            self.quiet()

    def begin(self) -> Callable[[], object]:
        """Leave a beat's jobs, and those of the next one, for what the first ones found."""
        for _ in range(2):
            self.run("run", "--once")
        return self.quiet

    def quiet(self) -> None:
        """Wait until no job waits or is being done."""
        until = monotonic() + PATIENCE_SECONDS
        while self.asked(_LEFT):
            assert monotonic() < until, f"jobs are left: {self.json('cluster', 'status')}"
            sleep(0.02)

    def asked(self, question: str) -> Any:
        """Return the one value that the database answers."""
        with psycopg.connect(self.database.replace("+psycopg", "")) as connection:
            row = connection.execute(question.encode()).fetchone()
        return row[0] if row else None

    def employ(self, *options: str) -> subprocess.Popen[str]:
        """Start a worker; what it says is in a file."""
        worker = self.start("worker", *options)
        self.workers.append(worker)
        return worker

    def dismiss(self) -> None:
        """End the workers as their service would, and see that they end well."""
        for worker in self.workers:
            worker.terminate()
        for worker in self.workers:
            _, told = worker.communicate(timeout=PATIENCE_SECONDS)
            assert "Traceback" not in told, told


def config_of(engine: str, more: Mapping[str, Any], lease: str = "60s") -> dict[str, Any]:
    """Return what config.yaml says besides, with the engine."""
    return {**more, **({"engine": "cluster", "cluster": {"lease": lease, "shard": 10}} if engine == "cluster" else {})}


@contextmanager
def local(folder: Path, more: Mapping[str, Any], **site: Any) -> Iterator[EngineSite]:
    """Make a site that one process works."""
    yield EngineSite(folder, more=config_of("local", more), **site)


@contextmanager
def cluster(
    folder: Path, url: str, more: Mapping[str, Any], *, lease: str = "60s", workers: int = WORKERS, **site: Any
) -> Iterator[ClusterSite]:
    """Make a site that workers share, and end them at the end."""
    made = ClusterSite(folder, database=url, more=config_of("cluster", more, lease), **site)
    made.run("cluster", "migrate")
    for _ in range(workers):
        made.employ()
    try:
        yield made
        made.dismiss()
    finally:
        for worker in made.workers:
            worker.kill()

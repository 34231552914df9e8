"""A small installation in a folder, driven by the real command line as an editor would drive it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FILMS = ("THE GLASS HARVEST", "NINE DOORS DOWN", "A LANTERN FOR EZRA", "SALT ROAD", "THE CARTOGRAPHER'S WIFE")

ENTRY = """<entry><id>tag:journey.example,2026:{number}</id><published>2026-11-{day:02}T09:00:00Z</published>
<updated>2026-11-{day:02}T09:00:00Z</updated><category term="Cinema"/>
<title type="text">New Release Review - {film}</title>
<content type='html'>{content}</content>
<link rel='alternate' type='text/html' href='https://journey.example/2026/11/film-{number}.html'/></entry>"""

CONTENT = (
    "&lt;p&gt;A keeper of keys is asked for one that she never cut.&lt;/p&gt;&lt;a name='more'&gt;&lt;/a&gt;"
    "&lt;p&gt;Review by Nora Quist&lt;/p&gt;&lt;p&gt;Directed by: Abel Marsh&lt;/p&gt;"
    "&lt;p&gt;Starring: Ida Lowe, Tom Reyes&lt;/p&gt;"
    "&lt;p&gt;It opens on a door and stays there longer than you would think a film could afford. "
    "By the end you will know every scratch of it, and be sorry to see it close.&lt;/p&gt;"
)


def feed(films: Sequence[str] = FILMS) -> str:
    """Return an Atom feed of these films, the first the newest."""
    entries = "".join(
        ENTRY.format(number=len(films) - at, day=len(films) - at, film=film.replace("'", "&apos;"), content=CONTENT)
        for at, film in enumerate(films)
    )
    return (
        "<?xml version='1.0' encoding='UTF-8'?><feed xmlns='http://www.w3.org/2005/Atom'><id>tag:journey.example</id>"
        "<title>The Journey</title><link rel='alternate' type='text/html' href='https://journey.example/'/>"
        f"{entries}</feed>"
    )


@dataclass
class Site:
    """The installation: its folder, and what its config.yaml says of the wires."""

    folder: Path
    mail: Mapping[str, Any] = field(default_factory=lambda: {"outbox": "out"})
    accounts: Mapping[str, Any] = field(default_factory=dict)
    environ: Mapping[str, str] = field(default_factory=dict)
    backfill: int = 3
    database: str = "sqlite:///syndicate.db"

    def __post_init__(self) -> None:
        mail = {
            "from": "The Journey <news@journey.example>",
            "unsubscribe_mailto": "leave@journey.example",
            **self.mail,
        }
        config = {
            "site": {
                "name": "The Journey",
                "url": "https://journey.example",
                "timezone": "Europe/Dublin",
                "postal": "The Journey, 1 Harbour Street, Galway",
            },
            "database": self.database,
            "feeds": {"reviews": {"url": "feed.xml", "backfill": self.backfill}},
            "mail": mail,
            "lists": {"readers": {"name": "Readers"}},
            "digests": {"weekly": {"lists": ["readers"], "at": "fri 09:00", "first_issue": "now"}},
            "accounts": self.accounts,
            "notify": "editor@journey.example",
        }
        (self.folder / "config.yaml").write_text(json.dumps(config), encoding="utf-8")  # JSON is YAML
        self.publish()

    def publish(self, films: Sequence[str] = FILMS) -> None:
        """Let the site's feed carry these films."""
        (self.folder / "feed.xml").write_text(feed(films), encoding="utf-8")

    def subscribe(self, count: int) -> None:
        """Put so many readers on the list."""
        lines = "".join(f"reader{number}@mail.example,Reader {number}\n" for number in range(1, count + 1))
        (self.folder / "readers.csv").write_text(f"email,name\n{lines}", encoding="utf-8")
        self.run("subscribers", "import", "readers.csv")

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command and return its process."""
        return subprocess.Popen(
            [sys.executable, "-m", "syndicate", *arguments],
            cwd=self.folder,
            env={**os.environ, "COVERAGE_PROCESS_START": "", **self.environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, code: int | None = 0) -> subprocess.CompletedProcess[str]:
        """Run a command to its end; `code` is the exit code that is expected, None for any."""
        process = self.start(*arguments)
        out, err = process.communicate(timeout=60)
        assert code is None or process.returncode == code, f"exit {process.returncode}\n{out}\n{err}"
        assert "Traceback" not in err, err
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def json(self, *arguments: str, code: int | None = 0) -> Any:
        """Run a view with --json and return what it says."""
        return json.loads(self.run(*arguments, "--json", code=code).stdout)


def kill(process: subprocess.Popen[str]) -> None:
    """Take a process away as a power cut of its own would: no handler runs."""
    os.kill(process.pid, signal.SIGKILL)

"""A PostgreSQL of our own that goes away and comes back: stopped as its service stops it, or taken as it stands."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path
from typing import Literal

import psycopg

How = Literal["fast", "immediate"]
"""fast: sessions are ended and all is written down; immediate: as if the machine had stopped."""
_SECONDS = 60


class Outage:
    """The server behind a database's address, which runs on this machine and can be stopped and started."""

    def __init__(self, url: str) -> None:
        with psycopg.connect(url.replace("+psycopg", "", 1)) as connection:
            (folder,) = connection.execute("SHOW data_directory").fetchone() or ("",)
        self._folder = Path(folder)
        self._owner = self._folder.stat().st_uid
        program, *self._options = shlex.split((self._folder / "postmaster.opts").read_text(encoding="utf-8"))
        self._control = Path(program).with_name("pg_ctl")

    def stop(self, how: How = "fast") -> None:
        """Take it away; return when it is gone."""
        self._run("stop", "-m", how)

    def start(self) -> None:
        """Bring it back; return when it answers."""
        self._run("start", "-l", str(self._folder / "log"), "-o", shlex.join(self._options))

    def _run(self, *words: str) -> None:
        subprocess.run(
            [str(self._control), "-D", str(self._folder), "-w", "-t", str(_SECONDS), *words],
            user=self._owner,
            group=self._folder.stat().st_gid,
            extra_groups=[],
            cwd=self._folder,
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

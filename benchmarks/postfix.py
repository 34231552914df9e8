"""Postfix's own test tools, unpacked beside: `smtp-sink` takes letters and drops them, `smtp-source` makes them.

They come from Debian's package `postfix`; it is unpacked into .bench/, nothing is installed and no daemon is started.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter, sleep

_FOLDER = Path(__file__).resolve().parent.parent / ".bench"
_TOOLS = _FOLDER / "postfix" / "usr"


@contextmanager
def sink() -> Iterator[int]:
    """Run a sink that offers PIPELINING; yield its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    words = [*_tool("smtp-sink"), *(["-u", "nobody"] if os.geteuid() == 0 else []), f"127.0.0.1:{port}", "512"]
    with subprocess.Popen(words, env=_environment()) as server:
        try:
            _await(port)
            yield port
        finally:
            server.terminate()


def source(port: int, *, letters: int, size: int, connections: int) -> float:
    """Have `smtp-source -d` send so many letters over so many connections; return the seconds that it took."""
    words = [*_tool("smtp-source"), "-d", "-s", str(connections), "-m", str(letters), "-l", str(size)]
    words += ["-f", "news@lantern.example", "-t", "reader@example.org", f"127.0.0.1:{port}"]
    began = perf_counter()
    subprocess.run(words, env=_environment(), check=True, stdout=subprocess.DEVNULL)
    return perf_counter() - began


def _tool(name: str) -> list[str]:
    path = _TOOLS / "sbin" / name
    if not path.exists():
        _unpack()
    return [str(path)]


def _unpack() -> None:
    if not shutil.which("apt-get") or not shutil.which("dpkg"):
        sys.exit("the wire is measured beside smtp-source of Debian's package postfix: apt-get and dpkg are needed")
    _FOLDER.mkdir(exist_ok=True)
    download = ["apt-get", "-qq", "download", "postfix"]
    if subprocess.run(download, cwd=_FOLDER, stderr=subprocess.DEVNULL).returncode:
        subprocess.run(["apt-get", "-qq", "update"], check=True)
        subprocess.run(download, cwd=_FOLDER, check=True, stderr=subprocess.DEVNULL)
    package = max(_FOLDER.glob("postfix_*.deb"))
    subprocess.run(["dpkg", "-x", package, _FOLDER / "postfix"], check=True)


def _environment() -> dict[str, str]:
    return {**os.environ, "LD_LIBRARY_PATH": str(_TOOLS / "lib" / "postfix")}


def _await(port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            sleep(0.05)
        else:
            return
    raise TimeoutError("smtp-sink did not begin to listen")

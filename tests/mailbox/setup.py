"""Finds a Dovecot for the tests of the mailbox, or installs one: `make dovecot`. Ends with 0 either way.

In this order: the one that DOVECOT names, one on the PATH or where Debian puts it; else apt (as root).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence

HOW = (
    "no dovecot for the tests of the mailbox. Install one (Debian, Ubuntu: sudo apt install dovecot-imapd), "
    "or name yours: DOVECOT=/path/to/dovecot make test"
)
PLACES = os.pathsep.join((os.defpath, "/usr/sbin", "/usr/local/sbin"))
INSTALL_SECONDS = 600
STDERR = 2


def find_dovecot() -> str | None:
    """Return the path of a dovecot, or None."""
    named = os.environ.get("DOVECOT")
    if named and (path := shutil.which(named)):
        return path
    return shutil.which("dovecot") or shutil.which("dovecot", path=PLACES)


def main() -> None:
    """Find or install a dovecot, and say which it is."""
    found = find_dovecot() or _installed()
    sys.stdout.write(f"mailbox tests use {found}\n" if found else f"{HOW}\n")


def _installed() -> str | None:
    if shutil.which("apt-get") is None or not _is_root():
        return None
    install = ["apt-get", "install", "-y", "-q", "--no-install-recommends", "dovecot-imapd"]
    for title, commands in (
        ("apt", [install]),
        ("apt, its lists fetched first", [["apt-get", "update", "-q"], install]),
    ):
        sys.stdout.write(f"no dovecot found; trying {title}\n")
        sys.stdout.flush()
        if all(_run(command) for command in commands) and (found := find_dovecot()):
            return found
    return None


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _run(command: Sequence[str]) -> bool:
    """Return whether a command ended well; its story goes to stderr."""
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    try:
        return subprocess.run(command, env=quiet, stdout=STDERR, timeout=INSTALL_SECONDS, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


if __name__ == "__main__":
    main()

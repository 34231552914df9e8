"""Finds a chromium for the browser tests, or installs one: `make browser`. Ends with 0 either way; the tests then skip.

In this order: the one that CHROMIUM names, one on the PATH, Playwright's own; else apt (as root, on Debian and its
kin), else `playwright install chromium`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
HOW = (
    "no chromium for the browser tests. Install one (Debian, Ubuntu: sudo apt install chromium), "
    "or name yours: CHROMIUM=/path/to/chromium make test"
)
INSTALL_SECONDS = 600
STDERR = 2


def find_chromium() -> str | None:
    """Return the path of a chromium, or None."""
    named = os.environ.get("CHROMIUM")
    names = (named, *NAMES) if named else NAMES
    return next((path for name in names if (path := shutil.which(name))), None) or _playwrights_own()


def _playwrights_own() -> str | None:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return None
    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if os.access(path, os.X_OK) else None


def main() -> None:
    """Find or install a chromium, and say which it is."""
    found = find_chromium() or _installed()
    sys.stdout.write(f"browser tests use {found}\n" if found else f"{HOW}\n")


def _installed() -> str | None:
    for title, commands in _ways():
        sys.stdout.write(f"no chromium found; trying {title}\n")
        sys.stdout.flush()
        if all(_run(command) for command in commands) and (found := find_chromium()):
            return found
    return None


def _ways() -> Sequence[tuple[str, Sequence[Sequence[str]]]]:
    own = ("playwright install chromium", [[sys.executable, "-m", "playwright", "install", "chromium"]])
    if shutil.which("apt-get") is None or not _is_root():
        return [own]
    install = ["apt-get", "install", "-y", "-q", "--no-install-recommends", "chromium"]
    return [("apt", [install]), ("apt, its lists fetched first", [["apt-get", "update", "-q"], install]), own]


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

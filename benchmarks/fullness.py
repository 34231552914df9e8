"""A disk of our own that can be filled: a small tmpfs in a mount namespace, which needs no root where the kernel lets
anybody have a user namespace. Its ENOSPC is the kernel's own.

Where there is none, `limit` gives a sender the next best thing: no file may grow past a size (RLIMIT_FSIZE); that is
EFBIG, and SQLite calls it "disk I/O error", not "full".
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SIZE_BYTES = 256 * 1024 * 1024


class Disk:
    """A disk in a namespace of its holder's."""

    def __init__(self, holder: int, mount_point: Path) -> None:
        # The holder's own view of the file system: https://man7.org/linux/man-pages/man5/proc_pid_root.5.html
        self.seen = Path(f"/proc/{holder}/root{mount_point}")
        """The folder from outside; for plain files only, for SQLite resolves links and would find the wrong place."""
        user = ["-U", "--preserve-credentials"] if os.geteuid() else []
        self.within = ("nsenter", "-t", str(holder), *user, "-m")
        """What a command begins with to see the disk at its mount point."""
        self._ballast = self.seen / "ballast"

    def fill(self, leave_bytes: int) -> None:
        """Leave so many bytes free."""
        room = os.statvfs(self.seen)
        with self._ballast.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, max(1, room.f_bavail * room.f_frsize - leave_bytes))

    def free(self) -> None:
        """Give the room back."""
        self._ballast.unlink()


@contextmanager
def small_disk(mount_point: Path) -> Iterator[Disk | None]:
    """Mount a disk that only its holder sees; yield it, or None where this machine lets us have none."""
    unshare = shutil.which("unshare")
    if unshare is None or not shutil.which("nsenter"):
        yield None
        return
    script = f'mount -t tmpfs -o size={SIZE_BYTES} tmpfs "$0" && echo ready && exec sleep 86400'
    words = [unshare, *(["-r"] if os.geteuid() else []), "-m", "sh", "-c", script, str(mount_point)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as holder:
        assert holder.stdout
        try:
            is_there = holder.stdout.readline() == b"ready\n"
            yield Disk(holder.pid, mount_point) if is_there else None
        finally:
            holder.kill()


def limit(folder: Path, leave_bytes: int) -> int:
    """Return how large a file may become so that none in the folder grows by more than this."""
    return max(each.stat().st_size for each in folder.iterdir() if each.is_file()) + leave_bytes


def set_limit(most_bytes: int) -> None:
    """Let no file of this process grow past a size. (Python ignores SIGXFSZ, so that a write fails with EFBIG.)"""
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, resource.RLIM_INFINITY))

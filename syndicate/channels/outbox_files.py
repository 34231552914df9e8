"""The files of an outbox: where they lie, and how one is written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from syndicate.errors import ChannelError

MAIL, STATUSES = "mail", "statuses"


def write_whole(path: Path, content: bytes, *, by_way_of: Path | None = None) -> Path:
    """Write a file that appears whole or not at all, and return its path; on return its bytes are on the disk."""
    unfinished = (by_way_of or path.parent) / f"{path.name}.{os.getpid()}.tmp"
    try:
        with unfinished.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)
    return path


def unwritable(error: OSError, folder: Path) -> ChannelError:
    """Return the error to raise where the outbox cannot be written."""
    return ChannelError(
        f"the outbox cannot be written: {error.strerror or error}",
        where=str(error.filename or folder),
        hint="free some space or mend the folder's permissions, or set another folder as outbox in config.yaml",
    )


def _sync_folder(folder: Path) -> None:
    """A rename is on the disk only when its folder is; Windows has no such call and needs none."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

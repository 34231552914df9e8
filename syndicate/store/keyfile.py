"""The file of the installation's keys: one a line, the newest first, for its owner's eyes alone."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from syndicate.errors import ConfigError


def add_key(path: Path) -> int:
    """Write a new first key into a key file, the old ones after it, whole or not at all; return how many there are.

    Raises ConfigError where the file or its folder cannot be written, and where another one is writing it.
    """
    path = path.resolve()  # behind a link, the file is replaced and not the link
    unfinished = path.with_name(f"{path.name}.new")
    try:
        handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise ConfigError(
            "another one is just writing a new key, or died of it",
            where=str(unfinished),
            hint="wait a moment; if the file stays, remove it and run the same command again",
        ) from error
    except OSError as error:
        raise ConfigError(f"no key can be written: {error.strerror}", where=str(unfinished)) from error
    try:
        keys = (secrets.token_hex(32).encode(), *path.read_bytes().split())
        with os.fdopen(handle, "wb") as file:
            file.write(b"\n".join(keys) + b"\n")
            file.flush()
            os.fsync(file.fileno())
            _give_to_its_owner(file.fileno(), path)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return len(keys)


def _give_to_its_owner(file: int, path: Path) -> None:
    """Let a file belong to whom the old one belongs: an editor who runs this as root is not who reads it later."""
    old, new = path.stat(), os.fstat(file)
    if (old.st_uid, old.st_gid) == (new.st_uid, new.st_gid):
        return
    try:
        os.fchown(file, old.st_uid, old.st_gid)
    except OSError as error:
        if old.st_uid == new.st_uid:
            return  # the group alone, and it is for the owner's eyes anyway
        raise ConfigError(
            "the key belongs to another user",
            where=str(path),
            hint="run the same command as the user that runs syndicate",
        ) from error

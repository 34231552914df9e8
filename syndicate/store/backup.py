"""A whole copy of an SQLite database while it is in use."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from syndicate.errors import ConfigError, StoreError
from syndicate.store.database import Database


def back_up(database: Database, file: Path) -> int:
    """Write a copy and return its size in bytes; a copy that did not come out whole is not left behind.

    SQLite's own online backup (https://sqlite.org/backup.html). Raises ConfigError where the database is a
    server's or the file is there already, StoreError where it cannot be written.
    """
    if database.path is None:
        raise ConfigError("this is a PostgreSQL database", hint="pg_dump --format=custom --file=FILE DATABASE")
    if file.exists():
        raise ConfigError(
            "the file is there already; a backup overwrites nothing", where=str(file), hint="another name"
        )
    part = file.with_name(f"{file.name}.part")
    try:
        with closing(sqlite3.connect(database.path)) as source, closing(sqlite3.connect(part)) as copy:
            source.backup(copy)
        os.replace(part, file)
    except (sqlite3.Error, OSError) as error:
        part.unlink(missing_ok=True)
        raise StoreError(
            f"the backup failed: {error}", where=str(file), hint="a folder with space that can be written"
        ) from error
    return file.stat().st_size

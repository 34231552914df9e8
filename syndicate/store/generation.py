"""The number that notices a restored backup: kept in the database, and in a file beside it."""

from __future__ import annotations

import os
from pathlib import Path

from sqlalchemy import Connection

from syndicate.errors import StoreError
from syndicate.store.database import get_value, set_value


class Generation:
    """The number of the last sending that the ledger knows of, in the database and in a file beside it.

    Both grow together whenever something is claimed for sending, the database first. A database that is behind
    the file was restored from a backup (or lost its last commits in a power cut): it has forgotten who was mailed.
    """

    KEY = "generation"
    COPIED = "copied_to"
    """Where the database was copied to, and when: from then on the copy is sent from."""

    def __init__(self, file: Path, *, is_shared: bool = False) -> None:
        self.file = file
        self._is_shared = is_shared
        """Several machines send from this database, each with a file of its own; a new one begins without."""
        self._handle: int | None = None

    def check(self, connection: Connection) -> int:
        """Raise StoreError where the database is behind the file, or has sent and the file is gone; return its number.

        The file is read first: while a sender raises both, the database's number is never behind what was read.
        Raises StoreError too where another database goes on with what this one knew (store/copying.py).
        """
        self._refuse_copied(connection)
        beside = self._read()
        known = int(get_value(connection, self.KEY) or 0)
        is_new = beside is None and known > 0 and not self._is_shared
        if is_new or (beside is not None and known < beside):
            seen = "is missing" if beside is None else f"says {beside}, the database {known}"
            raise StoreError(
                f"this database looks like a restored backup: the number kept beside it {seen}; nothing is sent, "
                "for letters may have gone out that it does not know of",
                where=str(self.file),
                hint="look at `syndicate issues list`, then: syndicate store accept-restore",
            )
        return known

    def _refuse_copied(self, connection: Connection) -> None:
        copied = get_value(connection, self.COPIED)
        if copied is not None:
            raise StoreError(
                f"this database was copied to {copied}; nothing is sent from it any more, or readers would get "
                "from both what either has",
                where=connection.engine.url.render_as_string(hide_password=True),
                hint="set `database` in config.yaml to the copy; or, to go on here: syndicate store accept-restore",
            )

    def bump(self, connection: Connection) -> int:
        """Raise the number in the running transaction and return it; after the commit call `keep`."""
        number = int(get_value(connection, self.KEY) or 0) + 1
        set_value(connection, self.KEY, str(number))
        return number

    def accept(self, connection: Connection) -> int:
        """Raise the database's number past the file's and return it; after the commit call `keep`."""
        try:
            beside = self._read() or 0
        except _GarbledError:
            beside = 0  # a person has just said that what was written there does not matter
        number = max(int(get_value(connection, self.KEY) or 0), beside) + 1
        set_value(connection, self.KEY, str(number))
        set_value(connection, self.COPIED, None)
        return number

    def keep(self, number: int) -> None:
        """Write the number to the file, in place: twelve bytes, whole or not at all."""
        try:
            if self._handle is None:
                self._handle = os.open(self.file, os.O_RDWR | os.O_CREAT, 0o600)
            os.pwrite(self._handle, f"{number:011d}\n".encode(), 0)
        except OSError as error:
            raise StoreError(
                f"the number beside the database cannot be kept: {error.strerror}; without it nothing is sent",
                where=str(self.file),
                hint="let this user write that file and its folder",
            ) from error

    def _read(self) -> int | None:
        try:
            return int(self.file.read_text(encoding="ascii"))
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise _GarbledError(
                "the number kept beside the database is no number",
                where=str(self.file),
                hint="syndicate store accept-restore, once you know that nothing was sent that the ledger lacks",
            ) from error
        except OSError as error:
            raise StoreError(
                f"the number kept beside the database cannot be read: {error.strerror}; without it nothing is sent",
                where=str(self.file),
                hint="let this user read and write that file",
            ) from error


class _GarbledError(StoreError):
    """The file is there and holds no number."""

"""The heart of an owner: a thread that lets it be seen, and says for how long what it claimed is surely its own.

The answer is by this machine's monotonic clock, which goes on while a process stands still: one that was stopped past
its lease and goes on begins no letter any more, before it has asked anybody.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Event, Thread
from time import monotonic

from syndicate.errors import SyndicateError
from syndicate.log import event
from syndicate.store.owners import OwnerStore

BEATS = 6
"""So often in a lease an owner is seen."""
SURE = 2 / 3
"""Of a lease: so long after a beat began, nobody can have taken its owner for dead."""


class Heart:
    """Beats for one owner until it is stopped, or told that the owner has ended."""

    def __init__(self, owners: OwnerStore, owner: str, lease: timedelta) -> None:
        self._owners, self._owner = owners, owner
        self._lease = lease.total_seconds()
        self._until = 0.0
        self._stop = Event()
        self._thread = Thread(target=self._run, name="heart", daemon=True)

    def holds(self) -> bool:
        """Return whether what this owner claimed is still its own."""
        return monotonic() < self._until

    def start(self) -> None:
        """Enter the owner, and beat."""
        began = monotonic()
        self._owners.enter(self._owner)
        self._until = began + self._lease * SURE
        self._thread.start()

    def stop(self) -> None:
        """Beat no more, and leave; where the database cannot be told, the lease will."""
        self._stop.set()
        self._thread.join()
        try:
            self._owners.leave(self._owner)
        except SyndicateError as error:
            event("owner-not-left", level=logging.WARNING, owner=self._owner, because=error.what)

    def _run(self) -> None:
        while not self._stop.wait(self._lease / BEATS):
            began = monotonic()
            try:
                is_living = self._owners.beat(self._owner)
            except SyndicateError as error:  # It may answer again before the lease is over.
                event("heart-missed", level=logging.WARNING, owner=self._owner, because=error.what)
                continue
            if not is_living:
                self._until = 0.0
                event("owner-ended", level=logging.ERROR, owner=self._owner, because="it was not seen for a lease")
                return
            self._until = began + self._lease * SURE


@contextmanager
def beating(owners: OwnerStore, owner: str, lease: timedelta) -> Iterator[Heart]:
    """Be an owner for as long as this lasts."""
    heart = Heart(owners, owner, lease)
    heart.start()
    try:
        yield heart
    finally:
        heart.stop()

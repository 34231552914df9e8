"""A Dovecot for the run, and a mailbox of either kind for each test."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import pytest

from syndicate.mailbox.maildir import MaildirMailbox
from syndicate.mailbox.model import ReturnMailbox
from tests.mailbox.dovecot import BELOW_INBOX, PLAIN, Dovecot
from tests.mailbox.setup import HOW, find_dovecot

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Place:
    """A mailbox, and the Maildir behind it."""

    maildir: Path
    open: Callable[[], AbstractContextManager[ReturnMailbox]]
    own: Callable[[Path], None] = lambda _: None

    def put(self, content: bytes, name: str = "") -> Path:
        """Deliver a message."""
        path = self.maildir / "new" / (name or f"{1_700_000_000 + next(_numbers)}.M1P1.mx")
        path.write_bytes(content)
        self.own(path)
        return path

    def left(self) -> list[bytes]:
        """Return what lies in the inbox still, but for what is marked as deleted."""
        return self._held(self.maildir)

    def held(self, folder: str) -> list[bytes]:
        """Return what lies in a folder."""
        return self._held(self.maildir / f".{folder}")

    def _held(self, folder: Path) -> list[bytes]:
        paths = sorted(path for place in ("new", "cur") for path in (folder / place).glob("*"))
        return [path.read_bytes() for path in paths if "T" not in path.name.partition(":2,")[2]]


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Dovecot]:
    """Return a Dovecot, started once per worker; a skip where there is none, under CI=true a failure."""
    program = find_dovecot()
    if program is None:
        pytest.skip(HOW)
    try:
        server = Dovecot(program)
    except (OSError, RuntimeError) as fault:
        if os.environ.get("CI", "").lower() in ("1", "true"):
            raise
        pytest.skip(f"{fault}")
    yield server
    server.close()


def maildir_place(folder: Path) -> Place:
    """Return a fresh Maildir."""
    for each in ("new", "cur", "tmp"):
        (folder / each).mkdir(parents=True)
    return Place(folder, lambda: nullcontext(MaildirMailbox(folder)))


def imap_place(server: Dovecot, *, host: str = "127.0.0.1", domain: str = PLAIN, **changes: object) -> Place:
    """Return a fresh mailbox on the server."""
    user = f"box{next(_numbers)}@{domain}"
    return Place(server.user(user), lambda: server.open(user, host=host, **changes), server.own)


KINDS = [
    "maildir",
    pytest.param("imap", marks=pytest.mark.dovecot),
    pytest.param("imap below INBOX.", marks=pytest.mark.dovecot),
    pytest.param("imap without MOVE", marks=pytest.mark.dovecot),
    pytest.param("imap without MOVE and UIDPLUS", marks=pytest.mark.dovecot),
    pytest.param("imap over TLS", marks=pytest.mark.dovecot),
    pytest.param("imap with STARTTLS", marks=pytest.mark.dovecot),
]


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Return an empty mailbox of each kind in turn."""
    if request.param == "maildir":
        return maildir_place(tmp_path / "Maildir")
    server: Dovecot = request.getfixturevalue("dovecot")
    match request.param:
        case "imap below INBOX.":
            return imap_place(server, domain=BELOW_INBOX)
        case "imap without MOVE":
            return imap_place(server, host="127.0.0.2")
        case "imap without MOVE and UIDPLUS":
            return imap_place(server, host="127.0.0.3")
        case "imap over TLS":
            return imap_place(server, host="localhost", port=server.tls_port, security="tls")
        case "imap with STARTTLS":
            return imap_place(server, host="localhost", security="starttls")
    return imap_place(server)

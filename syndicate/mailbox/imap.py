"""A return mailbox on a server, over IMAP4rev1 (RFC 3501) by imap-tools.

imap-tools asks for the server's abilities before the login only, when many servers hide MOVE, and then falls back to an
EXPUNGE of whatever is marked in the folder, the editor's own too. So moving is done here, one UID at a time.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from types import TracebackType
from typing import Any, Self

from imap_tools.errors import ImapToolsError, MailboxFolderSelectError
from imap_tools.mailbox import BaseMailBox, MailBox, MailBoxUnencrypted
from imap_tools.utils import encode_folder

from syndicate.errors import ChannelError
from syndicate.mailbox.imap_faults import Answered, AnsweredNo, answered, explained
from syndicate.mailbox.model import ASIDE, DONE, HEAD_BYTES, Message

IMAPS = 993
BULK = 8
"""Messages asked for at once: a few, since each may bring 256 KB."""
_LOOPBACK = re.compile(r"localhost|127(?:\.\d+){3}|::1")
_UID = re.compile(rb"\bUID (\d+)", re.IGNORECASE)
_SIZE = re.compile(rb"\bRFC822\.SIZE (\d+)", re.IGNORECASE)
_PERSONAL = re.compile(rb'\s*\(\("((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Where the mailbox is, and how it is reached."""

    host: str
    port: int
    security: str
    """tls, starttls or none."""
    user: str
    password: str = field(repr=False)
    folder: str = "INBOX"
    timeout: timedelta = timedelta(seconds=60)
    context: ssl.SSLContext | None = field(default=None, repr=False)
    """Which certificates are trusted; None: those of the machine (SSL_CERT_FILE is honoured)."""

    @property
    def place(self) -> str:
        """Return "host:port", as messages name it."""
        return f"{self.host}:{self.port}"


class ImapMailbox:
    """A session on the folder that bounces arrive in. Use it in `with`: it logs out at the end."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._made: set[str] = set()
        if account.security == "none" and not _LOOPBACK.fullmatch(account.host):
            raise ChannelError(
                f"the password for {account.place} is not sent over a line that is not encrypted",
                hint="set mail.mailbox.imap.security to tls or starttls in config.yaml",
            )
        with explained(account.place, account.password):
            self._box = _connected(account)
            self._client = self._box.client
        try:
            with explained(account.place, account.password):
                self._enter()
        except BaseException:
            _hang_up(self._box)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with suppress(ImapToolsError, self._client.error, OSError):
            self._client.logout()
        _hang_up(self._box)  # A logout that failed leaves the line open.

    def messages(self) -> Iterator[Message]:
        """Yield the folder's messages by UID, but for those that are marked as deleted."""
        with self._explained():
            uids = answered(self._client.uid("SEARCH", "UNDELETED"))[0].split()
        for at in range(0, len(uids), BULK):
            yield from self._fetched([uid.decode() for uid in uids[at : at + BULK]])

    def settle(self, message: str, *, aside: bool) -> None:
        """Move a message, by MOVE (RFC 6851) where the server has it.

        Else by COPY, \\Deleted and UID EXPUNGE (RFC 4315); where that is missing too, it stays behind marked as
        deleted and is not read again.
        """
        with self._explained():
            folder = self._folder(ASIDE if aside else DONE)
            try:
                self._move(message, folder)
            except AnsweredNo:
                if answered(self._client.uid("SEARCH", "UID", message))[0].split():
                    raise
                # Another reader of this mailbox moved it between our look and now: some servers then say NO.

    def _move(self, message: str, folder: str) -> None:
        if "MOVE" in self._can:
            answered(self._client.uid("MOVE", message, folder))
            return
        answered(self._client.uid("COPY", message, folder))
        answered(self._client.uid("STORE", message, "+FLAGS.SILENT", r"(\Deleted)"))
        if "UIDPLUS" in self._can:
            answered(self._client.uid("EXPUNGE", message))

    def aside(self) -> int:
        """Return how many messages wait aside."""
        name = f"{self._prefix}{ASIDE}"
        with self._explained():
            return self._box.folder.status(name, ["MESSAGES"])["MESSAGES"] if self._box.folder.exists(name) else 0

    def _enter(self) -> None:
        _log_in(self._box, self._account)
        self._can = _abilities(self._client.capability())
        self._prefix = _prefix(self._client.namespace()) if "NAMESPACE" in self._can else ""
        try:
            self._box.folder.set(self._account.folder)
        except MailboxFolderSelectError as error:
            raise ChannelError(
                f'{self._account.place} has no folder "{self._account.folder}" for "{self._account.user}"',
                hint="set mail.mailbox.imap.folder in config.yaml to the folder that bounces arrive in",
            ) from error

    def _fetched(self, uids: Sequence[str]) -> list[Message]:
        parts = f"(UID RFC822.SIZE BODY.PEEK[]<0.{HEAD_BYTES}>)"
        with self._explained():
            return list(read_fetched(answered(self._client.uid("FETCH", ",".join(uids), parts))))

    def _folder(self, name: str) -> str:
        """Return a folder of ours as the wire has it, made and subscribed to when missing."""
        full = f"{self._prefix}{name}"
        if full not in self._made and not self._box.folder.exists(full):
            self._box.folder.create(full)
            with suppress(ImapToolsError):  # Some servers know no subscriptions; the folder is there all the same.
                self._box.folder.subscribe(full, True)
        self._made.add(full)
        return encode_folder(full).decode("ascii")

    def _explained(self) -> AbstractContextManager[None]:
        return explained(self._account.place, self._account.password)


def read_fetched(items: Sequence[Any]) -> Iterator[Message]:
    """Yield the messages of a FETCH answer as imaplib gives it, whichever order the server tells its parts in.

    A message whose body came as no literal (it is empty, or the server cannot read it) has an empty head.
    """
    for at, item in enumerate(items):
        if isinstance(item, tuple):
            after = items[at + 1] if at + 1 < len(items) and isinstance(items[at + 1], bytes) else b""
            told, head = item[0] + b" " + after, item[1]
        elif isinstance(item, bytes) and b"BODY[" in item.upper():
            told, head = item, b""
        else:
            continue
        uid, size = _UID.search(told), _SIZE.search(told)
        if uid:
            yield Message(id=uid[1].decode(), head=head, size=int(size[1]) if size else len(head))


def _connected(account: Account) -> BaseMailBox:
    timeout, context = account.timeout.total_seconds(), account.context or ssl.create_default_context()
    if account.security == "tls":
        return MailBox(account.host, account.port, timeout=timeout, ssl_context=context)
    if account.security == "starttls" and account.port == IMAPS:
        raise ChannelError(
            f"{account.place} speaks TLS from its first byte",
            hint="set mail.mailbox.imap.security to tls, or port to 143",
        )
    box = MailBoxUnencrypted(account.host, account.port, timeout=timeout)
    if account.security == "starttls":
        _encrypt(box, context)
    return box


def _encrypt(box: BaseMailBox, context: ssl.SSLContext) -> None:
    try:
        answered(box.client.starttls(context))
    except BaseException:
        _hang_up(box)
        raise


def _hang_up(box: BaseMailBox) -> None:
    with suppress(OSError):
        box.client.shutdown()


def _log_in(box: BaseMailBox, account: Account) -> None:
    """Log in by PLAIN (RFC 4616, in UTF-8) where it is offered, else by LOGIN, which knows ASCII only."""
    offered = _abilities(box.client.capability())
    try:
        if "AUTH=PLAIN" in offered:
            box.login_utf8(account.user, account.password, initial_folder=None)
        else:
            box.login(account.user, account.password, initial_folder=None)
    except UnicodeError as error:
        raise ChannelError(
            f"{account.place} offers only logins whose user and password are written in ASCII",
            hint="ask the provider for AUTH=PLAIN, or for another password",
        ) from error
    except (ImapToolsError, box.client.error) as error:
        if isinstance(error, box.client.abort):
            raise
        raise Answered(error, "login").explained(account.place, account.user, account.password) from error


def _abilities(answer: tuple[str, list[Any]]) -> frozenset[str]:
    return frozenset(answered(answer)[0].decode("ascii", "replace").upper().split())


def _prefix(answer: tuple[str, list[Any]]) -> str:
    """Return what the names of one's own folders begin with (RFC 2342): "" mostly, "INBOX." on some servers."""
    found = _PERSONAL.match(answered(answer)[0])
    return found[1].decode("ascii", "replace").replace("\\", "") if found else ""

"""What is needed of a return mailbox, whatever it is kept in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

DONE, ASIDE = "syndicate-done", "syndicate-aside"
"""Where messages are moved: what was understood, and what waits for the editor."""
HEAD_BYTES = 256 * 1024
"""As much of a message as is read: what came back tells why at its top, whatever it carries below."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message in the return mailbox."""

    id: str
    """What the mailbox calls it: an IMAP UID, or a file name below the Maildir."""
    head: bytes
    """Its first 256 KB; empty where it cannot be read."""
    size: int
    """Of the whole, in bytes."""


class ReturnMailbox(Protocol):
    """A mailbox that is open. Every method raises ChannelError where a person must act, else UnreachableError."""

    def messages(self) -> Iterator[Message]:
        """Yield what lies in the folder, the oldest first; what is gone by its turn is passed over."""

    def settle(self, message: str, *, aside: bool) -> None:
        """Move a message to "syndicate-aside" or "syndicate-done", made when missing; no error where it is gone."""

    def aside(self) -> int:
        """Return how many messages wait in "syndicate-aside"."""

"""What an IMAP server or the line to it does wrong, as ChannelError or UnreachableError. The password never shows."""

from __future__ import annotations

import imaplib
import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from imap_tools.errors import ImapToolsError, UnexpectedCommandStatusError

from syndicate.errors import ChannelError, UnreachableError

LATER = re.compile(r"\[(?:UNAVAILABLE|INUSE|LIMIT|SERVERBUG)\b", re.IGNORECASE)
"""Codes that say "not now" (RFC 5530)."""
_UNPRINTABLE = re.compile(r"[^ -~]+")


class AnsweredNo(imaplib.IMAP4.error):
    """The server said NO or BAD."""


def answered(answer: tuple[str, list[Any]]) -> list[Any]:
    """Return what a command brought; AnsweredNo where the server refused it. Nothing at all is one empty line."""
    kind, data = answer
    if kind != "OK":
        raise AnsweredNo(_text(data))
    return [b"" if item is None else item for item in data] or [b""]


class Answered:
    """A refusal of the server, in its own words."""

    def __init__(self, error: Exception, doing: str) -> None:
        data = error.command_result[1] if isinstance(error, UnexpectedCommandStatusError) else error.args
        self.text, self.doing = _text(data), doing

    def explained(self, place: str, user: str, password: str) -> ChannelError:
        """Return the error for a login that was refused."""
        said = _without(self.text, password)
        if LATER.search(self.text):
            return UnreachableError(f"{place} lets nobody in just now: {said}", hint="it is tried again by itself")
        return ChannelError(
            f'{place} refused the {self.doing} for "{user}": {said}',
            hint="check mail.mailbox.imap.user, and the variable or file that password_env or password_file names",
        )


@contextmanager
def explained(place: str, password: str) -> Iterator[None]:
    """Turn whatever a session may raise into a ChannelError that says what to do."""
    try:
        yield
    except ImapToolsError as error:
        raise _refused(place, Answered(error, "command").text, password) from error
    except imaplib.IMAP4.abort as error:
        raise UnreachableError(
            f"{place} hung up: {_without(_text(error.args), password)}", hint="nothing is lost; it is read again later"
        ) from error
    except imaplib.IMAP4.error as error:
        raise _refused(place, _text(error.args), password) from error
    except OSError as error:
        raise _broken(place, error) from error
    except UnicodeError as error:
        raise ChannelError(
            f"{place} cannot be asked: its name or the folder's cannot be written on the wire",
            hint="check mail.mailbox.imap.host and folder in config.yaml",
        ) from error


def _refused(place: str, text: str, password: str) -> ChannelError:
    said = _without(text, password)
    if LATER.search(text):
        return UnreachableError(f"{place} cannot do it just now: {said}", hint="it is tried again by itself")
    return ChannelError(f"{place} refused: {said}", hint="ask the mailbox's provider what this answer means")


def _broken(place: str, error: OSError) -> ChannelError:
    match error:
        case ssl.SSLCertVerificationError():
            return ChannelError(
                f"the certificate of {place} does not hold: {error.verify_message}",
                hint="set mail.mailbox.imap.host to the name that the certificate is for, or have it renewed",
            )
        case ssl.SSLError():
            return ChannelError(
                f"{place} and we did not agree on TLS: {error.reason or error}",
                hint="port 993 usually wants security: tls, port 143 security: starttls",
            )
        case socket.gaierror():
            return UnreachableError(
                f"the name of {place} was not found", hint="check mail.mailbox.imap.host, and the network"
            )
        case TimeoutError():
            why = "no answer in time"
        case _:
            why = str(error.strerror or error).lower()
    return UnreachableError(
        f"{place} does not answer: {why}",
        hint="nothing is lost; it is tried again. Check mail.mailbox.imap.host and port if it stays so",
    )


def _text(data: Any) -> str:
    """Return a server's words on one short line."""
    parts = data if isinstance(data, list | tuple) else [data]
    words = " ".join(part.decode("utf-8", "replace") if isinstance(part, bytes) else str(part) for part in parts)
    return " ".join(_UNPRINTABLE.sub(" ", words).split())[:300] or "no reason given"


def _without(text: str, password: str) -> str:
    return text.replace(password, "…") if password else text

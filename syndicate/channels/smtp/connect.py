"""A relay reached, its certificate checked, logged in to; or a ChannelError that says why not and what to do.

smtplib does it, blocking; `open_line` then takes its socket, with what the relay can do, for a loop of ours.
"""

from __future__ import annotations

import base64
import contextlib
import re
import smtplib
import socket
import ssl
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from syndicate.channels.smtp.replies import parse_reply
from syndicate.errors import ChannelError, UnreachableError

_LOGINS = {"PLAIN", "LOGIN", "CRAM-MD5"}
_LOOPBACK = re.compile(r"localhost|127(?:\.\d+){3}|::1")


class Security(StrEnum):
    """How the line is encrypted."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    """Where letters are handed in, and how."""

    host: str
    port: int
    security: Security
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    timeout: timedelta = timedelta(seconds=60)
    key: str = "mail.relay"
    """Where it stands in config.yaml, for hints."""
    context: ssl.SSLContext | None = field(default=None, repr=False)
    """Which certificates are trusted; None: those of the machine (SSL_CERT_FILE is honoured)."""

    @property
    def place(self) -> str:
        """Return "host:port", as messages name it."""
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Abilities:
    """What a relay said of itself in its answer to EHLO, as far as a letter's way depends on it."""

    size: int = 0
    """The most bytes of a letter (RFC 1870); 0 where it does not say."""
    announces_size: bool = False
    eight_bit: bool = False
    """8BITMIME (RFC 6152)."""
    utf8: bool = False
    """SMTPUTF8 (RFC 6531)."""
    pipelining: bool = False
    """RFC 2920."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A connection that letters may go over now."""

    sock: socket.socket
    """Does not block; an `ssl.SSLSocket` where it is encrypted."""
    unread: bytes
    """What the relay said without being asked."""
    abilities: Abilities


def open_line(relay: Relay) -> Line:
    """Return a line to a relay; raises what `connect` raises."""
    session = connect(relay)
    assert session.sock is not None
    sock, file = session.sock, session.file
    sock.setblocking(False)
    unread = b""
    if file is not None:
        with contextlib.suppress(OSError):
            unread = file.peek()  # Reads at most what is there; the line's own reader takes over from here.
        file.close()
    session.sock = session.file = None
    return Line(sock=sock, unread=unread, abilities=_abilities(session))


def _abilities(session: smtplib.SMTP) -> Abilities:
    announced = session.esmtp_features.get("size", "")
    return Abilities(
        size=int(announced) if announced.isdecimal() else 0,
        announces_size=session.has_extn("size"),
        eight_bit=session.has_extn("8bitmime"),
        utf8=session.has_extn("smtputf8"),
        pipelining=session.has_extn("pipelining"),
    )


def connect(relay: Relay) -> smtplib.SMTP:
    """Return a session that has said EHLO, is encrypted and logged in as the relay's settings say.

    Raises UnreachableError where later may do (no route, refused, timed out, 4yz), ChannelError where a person must
    act (certificate, login, no STARTTLS). The password is never sent over a line that others can read.
    """
    try:
        session = _greeted(relay)
    except smtplib.SMTPResponseException as error:
        raise _answered(relay, "does not let us in", error) from error
    except OSError as error:
        raise _broken(relay, error) from error
    except UnicodeError as error:
        raise ChannelError(f'"{relay.host}" is no host name', hint=f"check {relay.key}.host in config.yaml") from error
    try:
        _ready(session, relay)
    except smtplib.SMTPResponseException as error:
        session.close()
        raise _answered(relay, "did not go on after the greeting", error) from error
    except OSError as error:
        session.close()
        raise _broken(relay, error) from error
    except ChannelError:
        session.close()
        raise
    return session


def _greeted(relay: Relay) -> smtplib.SMTP:
    timeout, name = relay.timeout.total_seconds(), _own_name()
    if relay.security is Security.TLS:
        return smtplib.SMTP_SSL(relay.host, relay.port, name, timeout=timeout, context=_context(relay))
    return smtplib.SMTP(relay.host, relay.port, name, timeout=timeout)


def _ready(session: smtplib.SMTP, relay: Relay) -> None:
    _without_delay(session)
    session.ehlo_or_helo_if_needed()
    if relay.security is Security.STARTTLS:
        if not session.has_extn("starttls"):
            raise ChannelError(
                f"{relay.place} offers no STARTTLS, and nothing is sent over an open line",
                hint=f"set {relay.key}.security to tls (usually port 465), or ask the relay's provider",
            )
        session.starttls(context=_context(relay))
        session.ehlo()
    if relay.user is not None:
        _log_in(session, relay, relay.user, relay.password or "")


def _without_delay(session: smtplib.SMTP) -> None:
    """Send small writes at once: the final dot is one, and Nagle's algorithm would hold it back for some 40 ms."""
    if session.sock is not None:
        session.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _log_in(session: smtplib.SMTP, relay: Relay, user: str, password: str) -> None:
    if relay.security is Security.NONE and not _LOOPBACK.fullmatch(relay.host):
        raise ChannelError(
            f"the password for {relay.place} is not sent over a line that is not encrypted",
            hint=f"set {relay.key}.security to starttls or tls in config.yaml",
        )
    offered = set(session.esmtp_features.get("auth", "").upper().split())
    if not offered & _LOGINS:
        raise ChannelError(
            f"{relay.place} offers no login that we know ({' '.join(sorted(offered)) or 'none at all'})",
            hint=f"remove {relay.key}.user from config.yaml, or try security: tls, or ask for AUTH PLAIN or LOGIN",
        )
    try:
        _authenticate(session, user, password)
    except smtplib.SMTPAuthenticationError as error:
        if 400 <= error.smtp_code < 500:
            raise
        raise ChannelError(
            f'{relay.place} refused the login for "{user}": {parse_reply(error.smtp_code, _text(error))}',
            hint=f"check {relay.key}.user, and the variable or file that {relay.key}.password_env or _file names",
        ) from error
    except UnicodeError as error:
        raise ChannelError(
            f"{relay.place} offers only logins whose user and password are written in ASCII",
            hint="ask the provider for AUTH PLAIN, or for another password",
        ) from error


def _authenticate(session: smtplib.SMTP, user: str, password: str) -> None:
    """smtplib knows PLAIN in ASCII only; RFC 4616 writes it in UTF-8."""
    if "PLAIN" not in session.esmtp_features["auth"].upper().split():
        session.login(user, password)
        return
    secret = base64.b64encode(f"\0{user}\0{password}".encode()).decode("ascii")
    code, text = session.docmd("AUTH", f"PLAIN {secret}")
    if code not in (235, 503):
        raise smtplib.SMTPAuthenticationError(code, text)


def _answered(relay: Relay, what: str, error: smtplib.SMTPResponseException) -> ChannelError:
    reply = parse_reply(error.smtp_code, _text(error))
    if reply.code // 100 == 4:
        return UnreachableError(f"{relay.place} {what} just now: {reply}", hint="nothing is lost; it is tried again")
    return ChannelError(f"{relay.place} {what}: {reply}", hint="ask the relay's provider what this reply means")


def _broken(relay: Relay, error: OSError) -> ChannelError:
    match error:
        case ssl.SSLCertVerificationError():
            return ChannelError(
                f"the certificate of {relay.place} does not hold: {error.verify_message}",
                hint=f"set {relay.key}.host to the name that the certificate is for, or have the certificate renewed",
            )
        case ssl.SSLError():
            return ChannelError(
                f"{relay.place} and we did not agree on TLS: {error.reason or error}",
                hint="port 587 usually wants security: starttls, port 465 security: tls",
            )
        case socket.gaierror():
            return UnreachableError(
                f"the name {relay.host} was not found", hint=f"check {relay.key}.host in config.yaml, and the network"
            )
    return UnreachableError(
        f"{relay.place} does not answer: {why(error)}",
        hint=f"nothing is lost; it is tried again. Check {relay.key}.host and port if it stays so",
    )


def why(error: OSError) -> str:
    """Return in a few words what broke a line; smtplib hides a timeout inside another error."""
    cause = error.__context__ if isinstance(error, smtplib.SMTPException) and error.__context__ else error
    if isinstance(cause, TimeoutError):
        return "no answer in time"
    return str(getattr(cause, "strerror", None) or cause).lower()


def _context(relay: Relay) -> ssl.SSLContext:
    return relay.context or ssl.create_default_context()


def _text(error: smtplib.SMTPResponseException) -> bytes:
    return error.smtp_error if isinstance(error.smtp_error, bytes) else error.smtp_error.encode()


def _own_name() -> str:
    """Return the name for EHLO without asking DNS, which may take a minute to fail (RFC 5321 §4.1.4)."""
    name = socket.gethostname()
    return name if "." in name and name.isascii() else "[127.0.0.1]"

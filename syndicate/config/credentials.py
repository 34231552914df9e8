"""The secrets, read from a variable or a file at the moment of use, never kept and never shown."""

from __future__ import annotations

from pathlib import Path

from syndicate.config.schema import Config
from syndicate.errors import ConfigError

_MAX_BYTES = 10_000


def token(config: Config, account: str) -> str:
    """Return the access token of an account of config.yaml; "" for an outbox, which takes none.

    Raises ConfigError, with the variable or file and its line, where there is none.
    """
    named = config.accounts[account]
    return _secret(config, ("accounts", account), "token", named.token_env, named.token_file)


def relay_password(config: Config, name: str = "relay") -> str:
    """Return the password of a relay of the route; "" where the relay asks for none, or there is none of that name.

    Raises ConfigError, with the variable or file and its line, where it is named and not there.
    """
    mail = config.mail
    relay = mail.route.get(name) if mail else None
    if mail is None or relay is None:
        return ""
    return _secret(config, mail.relay_keys(name), "password", relay.password_env, relay.password_file)


def mailbox_password(config: Config) -> str:
    """Return the password of the return mailbox; "" where it is a Maildir, or there is none.

    Raises ConfigError, with the variable or file and its line, where it is named and not there.
    """
    imap = config.mail.mailbox.imap if config.mail and config.mail.mailbox else None
    if imap is None:
        return ""
    return _secret(config, ("mail", "mailbox", "imap"), "password", imap.password_env, imap.password_file)


def _secret(config: Config, at: tuple[str, ...], kind: str, variable: str | None, file: Path | None) -> str:
    if variable:
        where = config.line(*at, f"{kind}_env")
        return _checked(config.environ.get(variable, ""), kind, f"the variable {variable}", where)
    if file:
        path, where = config.resolve(file), config.line(*at, f"{kind}_file")
        return _checked(_file_text(path, kind, where), kind, f"the file {path}", where)
    return ""


def _file_text(path: Path, kind: str, where: str) -> str:
    try:
        with path.open("rb") as stream:
            return stream.read(_MAX_BYTES).decode()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise ConfigError(
            f"the {kind} cannot be read from {path}: {reason}",
            where=where,
            hint="put it there, alone on one line",
        ) from error


def _checked(text: str, kind: str, holder: str, where: str) -> str:
    """Return a secret without the line's end after it; refuse an empty one, or one of several lines."""
    secret = text.strip("\r\n \t")
    if not secret:
        raise ConfigError(
            f"{holder}, which holds the {kind}, is empty or not set", where=where, hint="set it and try again"
        )
    if any(ord(character) < 32 or ord(character) == 127 for character in secret):
        raise ConfigError(f"{holder}, which holds the {kind}, holds more than one line", where=where)
    return secret

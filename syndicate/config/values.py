"""How values are written in config.yaml. Each function returns the value, or raises ValueError in the
words of an editor. No message repeats what may be a secret.
"""

from __future__ import annotations

import difflib
import ipaddress
import re
import unicodedata
import zoneinfo
from collections.abc import Iterable
from email.utils import parseaddr
from pathlib import Path
from urllib.parse import SplitResult, urlsplit, urlunsplit

_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL = re.compile(rf"{_ATOM}(\.{_ATOM})*")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.IGNORECASE)
_SENDER = re.compile(r"(?P<name>[^<>]*)<(?P<address>[^<>]*)>")
_QUOTED = re.compile(r'"([^"\\]|\\.)*"')
_SPECIALS = frozenset('()<>[]:;@\\,."')
VERP_PLACE = "t" * 33
"""As long as a token can be; stands for it while an address is checked."""
_TAG_GROUPS = ("strand", "film", "year")


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word most like this one, or None where none is like it ("timezon" → "timezone")."""
    found = difflib.get_close_matches(word.lower(), list(known), n=1, cutoff=0.6)
    return found[0] if found else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return "; did you mean 'x'?" for the nearest known word, or a list of all where they are few, or ""."""
    names = sorted(known)
    if near := nearest(word, names):
        return f"; did you mean '{near}'?"
    return f"; there is {', '.join(names)}" if 0 < len(names) <= 12 else ""


def check_text(text: str) -> str:
    """Return the text, stripped; refuses an empty one and control characters other than a line's end."""
    for character in text:
        if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") and character != "\n":
            raise ValueError(f"holds a control character (U+{ord(character):04X}), which cannot stand in a letter")
    if not text.strip():
        raise ValueError("is empty")
    return text.strip()


def check_line(text: str) -> str:
    """Return a text that may stand in a mail header: one line, no control characters (RFC 5322 §2.2)."""
    if "\n" in text.strip():
        raise ValueError("must be one line: it stands in a mail header")
    return check_text(text)


def check_slug(text: str) -> str:
    """Return a name that may stand in a command, a table and a List-Id: "weekly", "uk-readers"."""
    if len(text) > 40 or not _SLUG.fullmatch(text):
        raise ValueError(f"'{text}' is no name: use up to 40 lower-case letters a-z, digits and single hyphens")
    return text


def check_variable(text: str) -> str:
    """Return the name of an environment variable; does not repeat a value, which may be the secret itself."""
    if not _VARIABLE.fullmatch(text):
        raise ValueError("is to be the name of an environment variable, such as SYNDICATE_TOKEN, not the secret itself")
    return text


def check_zone(name: str) -> str:
    """Return an IANA time zone's name, such as "Europe/Dublin"."""
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        near = nearest(name, lowered := {zone.lower(): zone for zone in zoneinfo.available_timezones()})
        hint = f"; did you mean '{lowered[near]}'?" if near else ', such as "Europe/Dublin"'
        raise ValueError(f"'{name}' is no IANA time zone{hint}") from None
    return name


def check_language(tag: str) -> str:
    """Return a language tag (BCP 47) that Babel has dates and numbers for: "en", "pt-BR"."""
    from babel.core import Locale, UnknownLocaleError

    try:
        Locale.parse(tag, sep="-")
    except (UnknownLocaleError, ValueError, TypeError):
        raise ValueError(f"'{tag}' is no language that we know; write it as en, de or pt-BR") from None
    return tag


def check_domain(domain: str) -> str:
    """Return a domain as DNS has it: lower-case ASCII (IDNA), labels of at most 63 octets."""
    try:
        ascii_domain = domain.encode("idna").decode("ascii").lower()
    except UnicodeError:
        raise ValueError(f"'{domain}' is no domain") from None
    labels = ascii_domain.split(".")
    if len(ascii_domain) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise ValueError(f"'{domain}' is no domain")
    if len(labels) < 2 and ascii_domain != "localhost":
        raise ValueError(f"'{domain}' is no full domain: a name such as lantern.example has a dot")
    return ascii_domain


def check_address(text: str) -> str:
    """Return a mail address, its domain in lower-case ASCII: dot-atom, "@", domain (RFC 5322 §3.4.1)."""
    address = check_line(text)
    if address.lower().startswith("mailto:"):
        raise ValueError("write the address alone, without mailto:")
    local, at, domain = address.rpartition("@")
    if not at or not _LOCAL.fullmatch(local):
        raise ValueError(f"'{address}' is no mail address; write it as ed@lantern.example")
    if len(local) > 64:
        raise ValueError("the part before the @ is longer than the 64 octets that mail allows (RFC 5321 §4.5.3.1)")
    return f"{local}@{check_domain(domain)}"


def check_sender(text: str) -> str:
    """Return "Name <address>" or a bare address, as it may stand in From (RFC 5322 §3.4)."""
    line = check_line(text)
    match = _SENDER.fullmatch(line)
    if not match:
        return check_address(line)
    name, address = match["name"].strip(), check_address(match["address"])
    if not _QUOTED.fullmatch(name) and (odd := _SPECIALS.intersection(name)):
        raise ValueError(f"the name holds {min(odd)}: put it in double quotes, as '\"{name}\" <{address}>'")
    return f"{name} <{address}>" if name else address


def split_sender(sender: str) -> tuple[str, str]:
    """Return (name, address) of a checked sender; the name unquoted, empty where there is none."""
    return parseaddr(sender)


def check_url(text: str) -> str:
    """Return an absolute http or https address with a host."""
    _split_url(text)
    return text


def _split_url(text: str) -> SplitResult:
    if re.search(r"[\x00-\x20\x7f-\x9f\u2028\u2029<>\"\\]", text):
        raise ValueError("holds a blank or a character that no web address has")
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        raise ValueError(f"'{mask_url(text)}' is no web address") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"'{mask_url(text)}' is no web address: it begins with https:// (or http://) and a host")
    return parts


def check_feed_source(text: str) -> str:
    """Return what a feed is read from: a web address, "sample:lantern", or the path of a file."""
    source = check_line(text)
    if source.startswith("sample:"):
        check_slug(source.removeprefix("sample:"))
    elif source.startswith(("http:", "https:")):
        _split_url(source)
    elif match := re.match(r"([A-Za-z][A-Za-z0-9+.-]+):", source):
        raise ValueError(
            f"'{match[1]}:' cannot be read: give an http(s) address, or the path of a file without a scheme"
        )
    return source


def check_instance(text: str) -> str:
    """Return a Mastodon server's address without a path; https, but on loopback, where http will do."""
    parts = _split_url(text.rstrip("/"))
    if parts.path or parts.query or parts.fragment:
        raise ValueError(f"give the server alone: {parts.scheme}://{parts.netloc}")
    if parts.username is not None:
        raise ValueError("holds a user name: give the server alone; the token is named by token_env or token_file")
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise ValueError("must begin with https://: over http the token could be read on the way")
    return text.rstrip("/")


def is_loopback(host: str) -> bool:
    """Say whether a host name or address is this machine itself."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def check_return_path(text: str) -> str:
    """Return an address, in whose local part {token} may stand once: "bounces+{token}@lantern.example"."""
    if re.search(r"[A-Za-z0-9]\{token\}|\{token\}[A-Za-z0-9]", text):
        raise ValueError("needs a + or - beside {token}: bounces+{token}@ your domain")
    if text.count("{token}") > 1 or "{token}" in text.rpartition("@")[2]:
        raise ValueError("may have {token} once, before the @")
    if "{token}" in text and len(text.replace("{token}", VERP_PLACE).rpartition("@")[0].strip()) > 64:
        raise ValueError("leaves too little room: beside {token}, at most 31 characters before the @ (RFC 5321)")
    plain = check_address(text.replace("{token}", VERP_PLACE))
    return plain.replace(VERP_PLACE, "{token}")


def check_public_url(text: str) -> str:
    """Return the root of the readers' pages: https and a host, without a path; http on loopback alone."""
    parts = _split_url(text.rstrip("/"))
    if parts.path or parts.query or parts.fragment or parts.username is not None:
        raise ValueError(f"give the host alone: {parts.scheme}://{parts.hostname}")
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise ValueError("must begin with https://: one-click unsubscribing works over https alone (RFC 8058)")
    if not text.isascii():
        raise ValueError("write the host in ASCII (xn--…), as it stands in a header")
    return text.rstrip("/")


def check_origin(text: str) -> str:
    """Return the origin of a site as browsers name it: scheme, host and port, lower-case, without a path."""
    parts = _split_url(text.rstrip("/"))
    if parts.path or parts.query or parts.fragment or parts.username is not None:
        raise ValueError(f"give the site alone: {parts.scheme}://{parts.hostname}")
    return origin_of(text)


def origin_of(url: str) -> str:
    """Return the origin of a web address (RFC 6454 §6.2): "https://www.lantern.example"."""
    parts = urlsplit(url)
    host = (parts.hostname or "").encode("idna").decode("ascii")
    shown = f"[{host}]" if ":" in host else host
    is_default = parts.port in (None, {"https": 443, "http": 80}.get(parts.scheme))
    return f"{parts.scheme}://{shown}{'' if is_default else f':{parts.port}'}"


def check_network(text: str) -> str:
    """Return an address or a network in CIDR: "127.0.0.1", "10.0.0.0/8", "fd00::/8"."""
    try:
        ipaddress.ip_network(text)
    except ValueError as error:
        raise ValueError(f"'{text}' is no address or network: {error}") from None
    return text


def check_host(text: str) -> str:
    """Return a host name or IP address, without scheme and port."""
    if "://" in text or text.count(":") == 1:
        raise ValueError(f"'{text}' is no host: write the name alone, the port under port:")
    try:
        return str(ipaddress.ip_address(text.strip("[]")))
    except ValueError:
        pass
    labels = text.removesuffix(".").split(".")
    if not all(_LABEL.fullmatch(label) for label in labels):
        raise ValueError(f"'{text}' is no host name")
    return text


def check_listen(text: str) -> str:
    """Return "host:port" as the web face listens on it: 127.0.0.1:8025."""
    host, colon, port = text.rpartition(":")
    if not colon or not host or not re.fullmatch(r"\d{1,5}", port, re.ASCII) or int(port) > 65535:
        raise ValueError(f'"{text}" is no place to listen: write host and port, as 127.0.0.1:8025')
    check_host(host.strip("[]"))
    return text


def check_database(text: str) -> str:
    """Return a database's address: sqlite:///FILE, or postgresql+psycopg://USER@HOST/NAME."""
    scheme, _, rest = text.partition("://")
    if scheme == "sqlite":
        if rest.removeprefix("/").partition("?")[0] in ("", ":memory:"):
            raise ValueError("names no file: what was sent would be forgotten; write sqlite:///syndicate.db")
        if not rest.startswith("/"):
            raise ValueError("sqlite takes three slashes before a file's name: sqlite:///syndicate.db")
        return text
    if scheme in ("postgresql", "postgresql+psycopg"):
        return f"postgresql+psycopg://{rest}"
    if scheme.startswith("postgres"):
        raise ValueError("write PostgreSQL as postgresql+psycopg://USER@HOST/NAME")
    raise ValueError("must begin with sqlite:/// or postgresql+psycopg://")


def check_title(pattern: str) -> str:
    """Return a title rule: a regular expression with a group film, and maybe strand and year."""
    try:
        groups = re.compile(pattern).groupindex
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"is no regular expression: {error}") from None
    if "film" not in groups:
        raise ValueError("has no group named film: write (?P<film>…) around the film's title")
    if odd := set(groups).difference(_TAG_GROUPS):
        raise ValueError(f"has a group named {min(odd)}; the groups are {', '.join(_TAG_GROUPS)}")
    return pattern


def check_template(text: str) -> str:
    """Return a line that is a Jinja2 template, once its syntax is right."""
    from jinja2 import Environment, TemplateSyntaxError

    line = check_line(text)
    try:
        Environment(autoescape=True).parse(line)
    except TemplateSyntaxError as error:
        raise ValueError(f"does not read as a template: {error.message}") from None
    return line


def check_path(path: Path) -> Path:
    """Return a path that can be a path: no control characters, not empty, a home that is known."""
    check_line(str(path))
    try:
        path.expanduser()
    except RuntimeError:
        raise ValueError(f"'{path}': there is no such home folder") from None
    return path


def check_hashtags(text: str) -> str:
    """Return what a label becomes: hashtags with commas between, each with a letter; "" for none."""
    for tag in text.split(",") if text.strip() else ():
        if not any(character.isalpha() for character in tag):
            raise ValueError(f'"{tag.strip()}" is no hashtag: Mastodon takes none without a letter')
    return text


def mask_url(text: str) -> str:
    """Return an address with a password, or a user name that may be a token, replaced by asterisks."""
    text = re.sub(r"(?i)([?&][^=&#]*(?:pass|token|key|auth|secret)[^=&#]*=)[^&#]*", r"\1***", text)
    try:
        parts = urlsplit(text)
    except ValueError:
        return re.sub(r"//[^/@]*@", "//***@", text)
    user, at, place = parts.netloc.rpartition("@")
    if not at:
        return text
    shown = f"{user.partition(':')[0]}:***" if ":" in user else "***"
    if parts.scheme.startswith("postgresql"):
        shown = user if ":" not in user else shown
    return urlunsplit(parts._replace(netloc=f"{shown}@{place}"))

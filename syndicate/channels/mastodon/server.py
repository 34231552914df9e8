"""What an instance is, and what it takes: from its /api/v2/instance (v1 where there is none) and its nodeinfo."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from syndicate.channels.mastodon.faults import Missing, Rejected, WireFault
from syndicate.channels.mastodon.wire import Wire
from syndicate.compose.model import StatusLimits
from syndicate.errors import ConfigError

MASTODON = frozenset({"mastodon", "hometown", "fedibird"})
"""Software names under which Mastodon's own code runs; glitch-soc says "mastodon"."""
HONOURS_KEY = MASTODON | {"hollo", "pleroma", "akkoma"}
"""Where a repeated Idempotency-Key does not post again. GoToSocial (#3186), Takahe and snac ignore it."""
SHOWS_PRIVATE = MASTODON | {"gotosocial", "hollo", "pleroma", "akkoma"}
"""Where an account's own list holds its private and direct statuses. Takahe and snac leave them out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """An instance."""

    software: str
    """As its nodeinfo names it, in lower case; empty where it does not say."""
    version: str
    limits: StatusLimits

    @property
    def honours_key(self) -> bool:
        """Return whether a repeated key keeps a status from being posted twice."""
        return self.software in HONOURS_KEY

    def shows(self, visibility: str) -> bool:
        """Return whether a status of this visibility can be found again on the account."""
        return visibility in ("public", "unlisted") or self.software in SHOWS_PRIVATE


def base_address(instance: str) -> str:
    """Return the instance's address without a path: "lantern.social" → "https://lantern.social".

    Raises ConfigError where the token would go over the wire in clear text.
    """
    address = urlsplit(instance if "://" in instance else f"https://{instance}")
    if not address.hostname:
        raise ConfigError(f'"{instance}" is no instance', hint="write instance: https://… in config.yaml")
    if address.scheme != "https" and not (address.scheme == "http" and is_loopback(address.hostname)):
        raise ConfigError(
            f"{instance} would be told the token in clear text", hint=f"write instance: https://{address.netloc}"
        )
    return f"{address.scheme}://{address.netloc}"


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine."""
    from ipaddress import ip_address

    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def ask_server(wire: Wire) -> Server:
    """Return what the instance is and takes. Raises a WireFault where it does not answer."""
    try:
        told = wire.get("/api/v2/instance")
    except (Missing, Rejected):
        told = wire.get("/api/v1/instance")
    software = _software(wire)
    return Server(
        software=software,
        version=str(told.get("version") or ""),
        limits=read_limits(told, counts_as_mastodon=software in MASTODON),
    )


def _software(wire: Wire) -> str:
    """Return the software's name. `version` does not tell: many give Mastodon's for the sake of its clients.

    Only the path of the link is followed, on the address that we were given.
    """
    try:
        index = wire.get("/.well-known/nodeinfo")
        links = [str(link.get("href")) for link in index.get("links") or () if isinstance(link, Mapping)]
        paths = [urlsplit(link).path for link in links if "/nodeinfo" in urlsplit(link).path]
        software = wire.get(paths[-1]).get("software") if paths else None
    except WireFault:
        return ""
    return str(software.get("name") or "").lower() if isinstance(software, Mapping) else ""


def read_limits(told: Mapping[str, Any], *, counts_as_mastodon: bool) -> StatusLimits:
    """Return the limits of an instance document, v2 or v1 (docs.joinmastodon.org/entities/Instance).

    What it leaves out is Mastodon's own; an alt text's limit is only told since 4.4 (mastodon/mastodon #33153).
    `max_toot_chars` is what Pleroma and Mastodon's old forks say. Its weight of a URL is only believed of Mastodon:
    GoToSocial, snac and Takahe name one and give none.
    """
    known = StatusLimits(counts_as_mastodon=counts_as_mastodon)
    configuration = _part(told, "configuration")
    statuses, media = _part(configuration, "statuses"), _part(configuration, "media_attachments")
    types = media.get("supported_mime_types")
    images = tuple(str(each) for each in types or () if str(each).startswith("image/"))
    per_url = _number(statuses.get("characters_reserved_per_url"), known.chars_per_url)
    max_chars = _number(statuses.get("max_characters") or told.get("max_toot_chars"), known.max_chars)
    return StatusLimits(
        max_chars=max_chars,
        chars_per_url=per_url if counts_as_mastodon else known.chars_per_url,
        max_alt_chars=_number(media.get("description_limit"), known.max_alt_chars),
        max_image_bytes=_number(media.get("image_size_limit"), known.max_image_bytes),
        max_image_pixels=_number(media.get("image_matrix_limit"), known.max_image_pixels),
        mime_types=images or known.mime_types,
        counts_as_mastodon=counts_as_mastodon,
    )


def _part(whole: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    part = whole.get(key)
    return part if isinstance(part, Mapping) else {}


def _number(value: object, otherwise: int) -> int:
    """Return a positive whole number, or the other."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else otherwise

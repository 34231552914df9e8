"""Tokens: what a link, a form or a bounce address carries so that it can be believed.

A token names a reader by number and is signed together with the reader's address, which it does not show. So a number
that means somebody else after a restore, or after a person was forgotten, proves nothing. Reading one takes two steps:
`read_…` says what it claims, and once the reader is looked up, `proves` says whether that is true.

    web     ab.7k.readers+weekly-uk.s5x1.Jf…   key id, reader, lists, time of issue ("-" for none), signature
    VERP    ab · 7k2 · 16 letters of HMAC      key id, delivery, tag; a-z and 2-7 alone, since addresses come back in
                                               lower case (RFC 5321 §2.4)

A web signature is HMAC-SHA256 in base64 for URLs, byte for byte as itsdangerous would sign, compared in constant time.
Tokens in letters never expire: mail is kept for years (RFC 8058 §3.1). The key file may hold several keys, the newest
first: the first one signs, all verify.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import cached_property, lru_cache

from syndicate.audience.addresses import address_key
from syndicate.keyed import BASE32, base32_of_80_bits, keyed_digest

_TAG_CHARS = 16
"""80 bits of HMAC: as much as a local part of 64 octets has room for beside a prefix of the editor's."""
_SIGNATURE_CHARS = 43
"""256 bits in base64, without its padding."""
_WEB = re.compile(r"([a-z2-7]{4})\.([a-z2-7]{1,13})\.([a-z0-9+-]{0,2000})\.([a-z2-7]{1,13}|-)\.([A-Za-z0-9_-]{43})")
_VERP = re.compile(rf"([a-z2-7]{{4}})([a-z2-7]{{1,13}})([a-z2-7]{{{_TAG_CHARS}}})")


class Purpose(StrEnum):
    """What a web token is good for; one for another purpose proves nothing."""

    READER = "reader"
    """Leave the lists named in it, and change one's preferences. In every letter; never expires."""
    CONFIRM = "confirm"
    """Confirm the subscriptions named in it."""
    FORM = "form"
    """Our own form was shown at that time; names nobody."""
    APPROVAL = "approval"
    """See the draft that it names, and approve it, until a moment. In the mail that asks the editor."""


@dataclass(frozen=True)
class Keyring:
    """The installation's keys, the newest first; never empty. Not shown by repr."""

    keys: tuple[bytes, ...]

    def __repr__(self) -> str:
        return f"Keyring({len(self.keys)} keys)"

    @property
    def oldest(self) -> bytes:
        """Return the key that names messages and forgotten people: it must not change when a new one signs."""
        return self.keys[-1]

    @cached_property
    def ids(self) -> dict[str, bytes]:
        """Return each key under its id: four letters that tell nothing of it."""
        return {_key_id(key): key for key in reversed(self.keys)}

    @cached_property
    def current_id(self) -> str:
        """Return the id of the key that signs."""
        return _key_id(self.keys[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class WebClaim:
    """What a web token says, before it is proven."""

    purpose: Purpose
    subscriber: int
    lists: tuple[str, ...]
    issued: datetime | None
    key_id: str
    signed: str
    signature: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VerpClaim:
    """What a bounce address says, before it is proven."""

    delivery: int
    key_id: str
    tag: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalClaim:
    """What a token for the approval of a draft says; true, since it is read and proven in one step."""

    issue: int
    digest: str
    period: datetime
    """In whole seconds. A row's number alone may mean another issue once a draft was dropped."""
    content: str
    """The hash of the letter that was shown."""
    until: datetime


def web_token(
    keyring: Keyring,
    purpose: Purpose,
    *,
    subscriber: int = 0,
    address: str = "",
    lists: tuple[str, ...] = (),
    issued: datetime | None = None,
) -> str:
    """Return a token of letters, digits and `.-+_` for a URL path or a subject; `issued` in whole seconds."""
    signed = f"{_number(subscriber)}.{'+'.join(lists)}.{_number(int(issued.timestamp())) if issued else '-'}"
    return f"{keyring.current_id}.{signed}.{_signature(keyring.keys[0], purpose, signed, address)}"


def read_web_token(purpose: Purpose, token: str) -> WebClaim | None:
    """Return what a token claims, or None where it has not the shape of one (forged, truncated, empty)."""
    match = _WEB.fullmatch(token)
    if match is None:
        return None
    key_id, subscriber, lists, issued, signature = match.groups()
    return WebClaim(
        purpose=purpose,
        subscriber=_value(subscriber),
        lists=tuple(lists.split("+")) if lists else (),
        issued=None if issued == "-" else _moment(_value(issued)),
        key_id=key_id,
        signed=f"{subscriber}.{lists}.{issued}",
        signature=signature,
    )


def proves(keyring: Keyring, claim: WebClaim, address: str = "") -> bool:
    """Return whether a claim was signed by us, for this purpose and this address."""
    key = keyring.ids.get(claim.key_id)
    if key is None:
        return False
    # Compared as text, not decoded: base64 has four spellings of one signature, and ours is one.
    return hmac.compare_digest(_signature(key, claim.purpose, claim.signed, address), claim.signature)


def approval_token(
    keyring: Keyring, *, issue: int, digest: str, period: datetime, content: str, until: datetime
) -> str:
    """Return a token for the approval of a draft: which it is, the hash of its letter, until when it may be used."""
    named = (content, digest, _number(int(period.timestamp())))
    return web_token(keyring, Purpose.APPROVAL, subscriber=issue, lists=named, issued=until)


def read_approval_token(keyring: Keyring, token: str) -> ApprovalClaim | None:
    """Return what a token for an approval says, or None where it is none of ours."""
    claim = read_web_token(Purpose.APPROVAL, token)
    if claim is None or claim.issued is None or len(claim.lists) != 3 or not proves(keyring, claim):
        return None
    content, digest, seconds = claim.lists
    period = _moment(_value(seconds))
    if period is None:
        return None
    return ApprovalClaim(issue=claim.subscriber, digest=digest, period=period, content=content, until=claim.issued)


def verp_token(keyring: Keyring, *, delivery: int, address: str) -> str:
    """Return the token of a delivery's return path: at most 33 of a-z and 2-7."""
    return f"{keyring.current_id}{_number(delivery)}{_tag(keyring.keys[0], delivery, address)}"


def read_verp_token(token: str) -> VerpClaim | None:
    """Return what a return path's token claims, whatever its case, or None where it has not the shape of one."""
    match = _VERP.fullmatch(token.lower())
    return VerpClaim(delivery=_value(match[2]), key_id=match[1], tag=match[3]) if match else None


def proves_verp(keyring: Keyring, claim: VerpClaim, address: str) -> bool:
    """Return whether a return path was made by us for this delivery to this address."""
    key = keyring.ids.get(claim.key_id)
    return key is not None and hmac.compare_digest(claim.tag, _tag(key, claim.delivery, address))


def forgotten_keys(keyring: Keyring, address: str) -> tuple[str, ...]:
    """Return what stands in place of a forgotten address, under each key; a new entry is made with the last."""
    data = f"forgotten:{address_key(address)}".encode()
    return tuple(f"hmac:{_key_id(key)}:{keyed_digest(key, data).hex()}" for key in keyring.keys)


def opaque(keyring: Keyring, kind: str, value: str) -> str:
    """Return a name for a value that tells nothing of it: of an address or a network that is counted."""
    return f"{kind}:{keyed_digest(keyring.oldest, f'{kind}:{value}'.encode()).hex()[:32]}"


@lru_cache(maxsize=64)
def _key_id(key: bytes) -> str:
    return base32_of_80_bits(hashlib.sha256(b"syndicate key id:" + key).digest())[:4]


@lru_cache(maxsize=64)
def _derived(key: bytes, purpose: str) -> bytes:
    return keyed_digest(key, f"syndicate token:{purpose}".encode())


def _signature(key: bytes, purpose: Purpose, signed: str, address: str) -> str:
    """Return the signature of what a web token says, together with an address that it does not show."""
    digest = keyed_digest(_derived(key, purpose), f"{signed}|{address_key(address)}".encode())
    return urlsafe_b64encode(digest)[:_SIGNATURE_CHARS].decode()


def _tag(key: bytes, delivery: int, address: str) -> str:
    return base32_of_80_bits(keyed_digest(_derived(key, "verp"), f"{delivery}|{address_key(address)}".encode()))


def _number(value: int) -> str:
    digits = BASE32[value % 32]
    while value := value // 32:
        digits = BASE32[value % 32] + digits
    return digits


def _value(digits: str) -> int:
    total = 0
    for digit in digits:
        total = total * 32 + BASE32.index(digit)
    return total


def _moment(seconds: int) -> datetime | None:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return None

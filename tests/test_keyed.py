"""Digests and base32 under our own hand: byte for byte the standard library's."""

from __future__ import annotations

import hmac
from base64 import b32encode

from hypothesis import example, given
from hypothesis import strategies as st

from syndicate.keyed import base32_of_80_bits, base32_of_128_bits, keyed_digest


@given(st.binary(max_size=200), st.binary(max_size=300))
@example(b"k" * 64, b"")
@example(b"k" * 65, b"longer than a block of the hash")
def test_a_digest_is_what_the_standard_library_gives(key: bytes, data: bytes) -> None:
    assert keyed_digest(key, data) == hmac.digest(key, data, "sha256")
    assert keyed_digest(key, data) == keyed_digest(key, data)


@given(st.binary(min_size=16, max_size=32))
def test_base32_is_what_the_standard_library_gives(digest: bytes) -> None:
    assert base32_of_80_bits(digest) == b32encode(digest[:10]).decode().lower()
    assert base32_of_128_bits(digest) == b32encode(digest[:16]).decode().rstrip("=").lower()

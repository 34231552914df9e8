"""Bounded unpacking, pure: a few kilobytes of gzip can stand for gigabytes, so what comes out is counted."""

from __future__ import annotations

import zlib
from typing import Protocol

from syndicate.errors import FeedError

GZIP_MAGIC = b"\x1f\x8b"
ACCEPTED_ENCODINGS = "gzip, deflate"
"""What is asked for: only what is unpacked here with a bound (RFC 9110 §8.4.1)."""

_GZIP_BITS = 16 + zlib.MAX_WBITS


class Unpacker(Protocol):
    """Takes a body piece by piece and keeps what it stands for."""

    def feed(self, piece: bytes) -> None:
        """Take a piece; FeedError where the result grows past its bound or the packing is broken."""

    def close(self) -> bytes:
        """Return the whole result; FeedError where the packed data ends too early."""


class Plain:
    """A body that is not packed."""

    def __init__(self, max_bytes: int, where: str) -> None:
        self._max_bytes = max_bytes
        self._where = where
        self._body = bytearray()

    def feed(self, piece: bytes) -> None:
        """Keep the piece."""
        self._body += piece
        if len(self._body) > self._max_bytes:
            refuse_size(self._max_bytes, self._where)

    def close(self) -> bytes:
        """Return what was kept."""
        return bytes(self._body)


class Inflater(Plain):
    """A body packed by gzip (RFC 1952, one member or several) or deflate (RFC 1950, or bare RFC 1951)."""

    def __init__(self, encoding: str, max_bytes: int, where: str) -> None:
        super().__init__(max_bytes, where)
        self._gzip = encoding != "deflate"
        self._inflate = zlib.decompressobj(_GZIP_BITS) if self._gzip else None

    def feed(self, piece: bytes) -> None:
        """Unpack the piece, never making more than the bound and one byte of it."""
        try:
            while piece:
                piece = self._step(piece)
        except zlib.error as fault:
            what = "the answer's compression is broken"
            raise FeedError(what, where=self._where, hint="try again later") from fault

    def _step(self, piece: bytes) -> bytes:
        """Unpack what the bound allows, and return what is left of the piece."""
        self._inflate = self._inflate or zlib.decompressobj(_deflate_bits(piece))
        if self._inflate.eof:
            # Another member may follow; anything else after the end is padding.
            if not (self._gzip and piece.startswith(GZIP_MAGIC)):
                return b""
            self._inflate = zlib.decompressobj(_GZIP_BITS)
        super().feed(self._inflate.decompress(piece, self._max_bytes + 1 - len(self._body)))
        return self._inflate.unused_data if self._inflate.eof else self._inflate.unconsumed_tail

    def close(self) -> bytes:
        """Return the body; FeedError where the packed data stopped before its end mark."""
        if self._inflate is None or not self._inflate.eof:
            what = "the answer is truncated: its end is missing"
            raise FeedError(what, where=self._where, hint="try again later")
        return super().close()


def _deflate_bits(start: bytes) -> int:
    """Return zlib's window bits: "deflate" means the zlib format, but some servers send the bare stream."""
    if len(start) < 2:
        return zlib.MAX_WBITS
    has_zlib_header = start[0] & 0x0F == 8 and (start[0] * 256 + start[1]) % 31 == 0
    return zlib.MAX_WBITS if has_zlib_header else -zlib.MAX_WBITS


def refuse_size(max_bytes: int, where: str) -> None:
    """Raise the FeedError of a body that is larger than `max_bytes`."""
    raise FeedError(
        f"the answer is larger than {max_bytes:,} bytes, so it was not read",
        where=where,
        hint="ask the site for a feed of fewer posts, or raise http.max_bytes in config.yaml",
    )


def unpack_file(body: bytes, *, max_bytes: int, where: str) -> bytes:
    """Return the body, unpacked where it is a gzip file; FeedError where that is broken or too large."""
    if not body.startswith(GZIP_MAGIC):
        return body
    inflater = Inflater("gzip", max_bytes, where)
    inflater.feed(body)
    return inflater.close()

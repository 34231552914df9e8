"""The cache of pictures: posters fetched once, checked, and kept as files for previews and statuses."""

from __future__ import annotations

import hashlib
import io
import logging
import os
import tempfile
import warnings
from pathlib import Path

from syndicate.errors import FeedError
from syndicate.feeds.model import Fetched
from syndicate.log import event
from syndicate.protocols import Fetcher

MAX_BYTES = 16_000_000
MAX_PIXELS = 60_000_000
_EXTENSIONS = {"JPEG": "jpg", "PNG": "png", "GIF": "gif", "WEBP": "webp"}


class PictureCache:
    """Pictures by their address, in a folder that is made when the first one is kept."""

    def __init__(self, folder: Path, fetcher: Fetcher) -> None:
        self._folder = folder
        self._fetcher = fetcher

    def path_for(self, url: str) -> Path | None:
        """Return the file of a picture that is cached, else None. Fetches nothing."""
        name = _name(url)
        paths = (self._folder / f"{name}.{extension}" for extension in _EXTENSIONS.values())
        return next((path for path in paths if path.is_file()), None)

    def load(self, url: str) -> bytes:
        """Return a picture from the cache, or else fetch, check and keep it.

        Raises FeedError where it cannot be fetched, is no JPEG, PNG, GIF or WebP, or is too large to be
        handled.
        """
        cached = self.path_for(url)
        if cached:
            return cached.read_bytes()
        fetched = self._fetcher.fetch(url)
        if not isinstance(fetched, Fetched):
            raise FeedError("the site sent no picture", where=url, hint="open the address in a browser")
        self.keep(url, fetched.body)
        return fetched.body

    def keep(self, url: str, picture: bytes) -> None:
        """Put a picture where there is room for it; without (a full disk) it costs another fetch, and no more."""
        try:
            self.put(url, picture)
        except OSError as error:
            event("picture-not-kept", level=logging.WARNING, folder=self._folder, because=error.strerror)

    def put(self, url: str, picture: bytes) -> Path:
        """Keep a picture and return its file, which appears whole or not at all; FeedError as in `load`."""
        extension = _EXTENSIONS[check_picture(picture, where=url)]
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"{_name(url)}.{extension}"
        handle, unfinished = tempfile.mkstemp(dir=self._folder, prefix=".new-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(picture)
            Path(unfinished).replace(path)
        finally:
            Path(unfinished).unlink(missing_ok=True)
        return path


def check_picture(picture: bytes, *, where: str) -> str:
    """Return "JPEG", "PNG", "GIF" or "WEBP"; FeedError where it is none of them, broken, or too large.

    Only the head is read and the structure verified: nothing is decoded, so a bomb of pixels stays packed.
    """
    from PIL import Image  # Slow to import, and most commands never see a picture.

    if len(picture) > MAX_BYTES:
        raise _no_picture(f"is larger than {MAX_BYTES:,} bytes", where)
    try:
        with warnings.catch_warnings(), Image.open(io.BytesIO(picture), formats=tuple(_EXTENSIONS)) as image:
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            kind, (width, height) = image.format or "", image.size
            if width * height <= MAX_PIXELS:
                image.verify()
    except Exception as fault:
        # Pillow raises nearly anything on broken bytes: OSError, SyntaxError, struct.error, its own.
        raise _no_picture("is no picture that can be read (JPEG, PNG, GIF or WebP)", where) from fault
    if width * height > MAX_PIXELS:
        raise _no_picture(f"has {width} × {height} pixels, too many", where)
    return kind


def _no_picture(what: str, where: str) -> FeedError:
    return FeedError(f"this {what}", where=where, hint="put a smaller JPEG or PNG into the post")


def _name(url: str) -> str:
    return hashlib.sha256(url.encode("utf-8", "surrogatepass")).hexdigest()[:32]

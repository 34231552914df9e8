"""Which picture of a post to show, and its address at a useful size."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

from syndicate.reviews.blocks import Picture, fold
from syndicate.reviews.model import Image

LETTER_SIZE = "w1200"
"""Twice the 600 pixels of a letter's column."""

_GOOGLE = re.compile(r"(blogger|lh[3-6])\.googleusercontent\.com|([1-4]\.)?bp\.blogspot\.com")
_SIZE = re.compile(r"[swh]\d+(-[a-z0-9]+)*")
_YOUTUBE = re.compile(r"(img\.youtube\.com|i\d?\.ytimg\.com)")
_VIDEO = re.compile(r"(?:youtube(?:-nocookie)?\.com/(?:embed/|v/|watch\?v=)|youtu\.be/)([\w-]{11})(?![\w-])")
_LAZY = ("data-src", "data-lazy-src", "data-original", "data-image")
_WIDTH = re.compile(r"(\S+)\s+(\d{1,5})w\s*(?:,|$)")
_NO_PICTURE = re.compile(
    r"feeds\.feedburner\.com/~|feedproxy\.google\.com|gravatar\.com|/avatars?[/_.-]|s\.w\.org/|/emoji/|twemoji|/smilies/"
    r"|pixel\.wp\.com|stats\.wordpress\.com|doubleclick\.net|amazon-adsystem|/(?:b|blank|spacer|pixel|1x1)\.(?:gif|png)"
    r"|blogger_logo|/icon\d*[_-]|share[_-]button|feedsportal\.com",
    re.I,
)
_NO_PICTURE_CLASS = re.compile(r"\b(avatar|emoji|wp-smiley|share\S*|icon|profile-pic)\b")
_FILE_NAME = re.compile(r"\S+\.(?:jpe?g|png|gif|webp|avif)", re.I)
_UNSAFE = re.compile(r"[\x00-\x1f\x7f<>\"\\^`{|}\s]")


def best_image(
    pictures: Iterable[Picture], *, base: str | None, thumbnail: str | None, frames: Iterable[str] = ()
) -> Image | None:
    """Return the post's best picture, or None where it has none.

    The first real picture with an alt text, else the first real one, else the feed's own thumbnail, else the
    still of an embedded video. Beacons, avatars, emoji and buttons are no pictures.
    """
    images = [image for picture in pictures if (image := _read(picture, base)) is not None]
    described = next((image for image in images if image.alt), None)
    return described or next(iter(images), None) or _from_address(thumbnail, base) or _still(frames)


def alts(pictures: Iterable[Picture]) -> tuple[str, ...]:
    """Return the alt texts of a post in order, white space folded, empty ones left out."""
    texts = (_alt(dict(picture.attributes)) for picture in pictures)
    return tuple(text for text in texts if text)


def resize(url: str, size: str = LETTER_SIZE) -> str:
    """Return the address at the size: for Google's picture hosts and YouTube's stills only, any other is left as is.

    The size is one part of a Google address, "/s72-c/" or "=w640-h360"; crop (-c) and WebP (-rw, which Outlook
    does not show) go with it. https where the host is Google's.
    """
    parts = urlsplit(url)
    if _YOUTUBE.fullmatch(parts.netloc.lower()):
        path = re.sub(r"/default\.jpg$", "/hqdefault.jpg", parts.path)
        return urlunsplit(("https", parts.netloc, path, parts.query, ""))
    if not _GOOGLE.fullmatch(parts.netloc.lower()):
        return url
    return urlunsplit(("https", parts.netloc, _resized_path(parts.path, size), parts.query, ""))


def absolute(address: str | None, base: str | None) -> str | None:
    """Return an http(s) address that is safe to print, or None: data:, javascript: and broken ones are none."""
    if not address or len(address) > 2000:
        return None
    try:
        parts = urlsplit(urljoin(base or "", address.strip().replace(" ", "%20")))
        if parts.scheme not in ("http", "https") or not parts.hostname:
            return None
    except ValueError:
        return None
    url = urlunsplit(parts)
    return None if _UNSAFE.search(url) else _ascii(url)


def _ascii(url: str) -> str:
    return url if url.isascii() else quote(url, safe="%/:?#[]@!$&'()*+,;=~-._")


def _resized_path(path: str, size: str) -> str:
    head, equals, last = path.rpartition("=")
    if equals and _SIZE.fullmatch(last):
        return f"{head}={size}"
    folders = path.split("/")
    if len(folders) > 2 and _SIZE.fullmatch(folders[-2]):
        folders[-2] = size
    return "/".join(folders)


def _read(picture: Picture, base: str | None) -> Image | None:
    attributes = dict(picture.attributes)
    if _is_small(attributes) or _NO_PICTURE_CLASS.search(attributes.get("class", "")):
        return None
    url = next((url for address in _addresses(attributes) if (url := absolute(address, base))), None)
    if url is None or _NO_PICTURE.search(url):
        return None
    return Image(url=resize(url), alt=_alt(attributes))


def _addresses(attributes: dict[str, str]) -> Iterator[str]:
    """Give the addresses of a picture, best first: a lazy picture's `src` is only a stand-in."""
    yield from (attributes[name] for name in _LAZY if attributes.get(name))
    for name in ("data-srcset", "data-lazy-srcset", "srcset"):
        yield from _from_srcset(attributes.get(name, ""))
    yield attributes.get("src", "")


def _from_srcset(srcset: str) -> list[str]:
    """Return the address nearest above 1,200 pixels, else the widest; none where widths are not given."""
    found = [(int(width), url) for url, width in _WIDTH.findall(srcset[:20_000])]
    wide = sorted(item for item in found if item[0] >= 1200)
    best = wide[0] if wide else max(found, default=None)
    return [best[1].lstrip(",")] if best else []


def _is_small(attributes: dict[str, str]) -> bool:
    sizes = [int(digits[1]) for name in ("width", "height") if (digits := _pixels(attributes.get(name, "")))]
    return bool(sizes) and (min(sizes) <= 3 or max(sizes) < 60)


def _pixels(text: str) -> re.Match[str] | None:
    return re.fullmatch(r"\s*([0-9]{1,5})(?:px)?\s*", text)


def _alt(attributes: dict[str, str]) -> str:
    alt = fold(attributes.get("alt", ""))[:500]
    return "" if _FILE_NAME.fullmatch(alt) else alt


def _from_address(address: str | None, base: str | None) -> Image | None:
    url = absolute(address, base)
    return None if url is None or _NO_PICTURE.search(url) else Image(url=resize(url))


def _still(frames: Iterable[str]) -> Image | None:
    found = next((match[1] for frame in frames if (match := _VIDEO.search(frame))), None)
    return Image(url=f"https://img.youtube.com/vi/{found}/hqdefault.jpg") if found else None

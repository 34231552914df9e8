"""A poster made to fit what an instance takes: a still image, upright, without EXIF, small enough."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass

from PIL import Image as Pillow
from PIL import ImageOps

from syndicate.compose.model import StatusLimits

MOST_PIXELS_KEPT = 8_294_400
"""Mastodon scales what is larger (3840 × 2160) down to this: more would only be sent."""
MOST_PIXELS_READ = 100_000_000
"""What is larger is not unpacked: a few kilobytes can claim any size."""
_FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}


class PictureError(Exception):
    """The picture cannot be read, or not be made to fit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """An encoded picture."""

    content: bytes
    mime_type: str


def fit_picture(content: bytes, limits: StatusLimits) -> Picture:
    """Return the picture as the instance takes it: re-encoded, so that no EXIF goes out with it.

    Of an animation, its first frame. Raises PictureError.
    """
    image = _read(content)
    image = _shrink(image, min(limits.max_image_pixels, MOST_PIXELS_KEPT))
    for mime_type in _preferences(image, limits):
        for _ in range(8):
            encoded = _encode(image, mime_type)
            if len(encoded) <= limits.max_image_bytes:
                return Picture(content=encoded, mime_type=mime_type)
            if mime_type != "image/jpeg":
                break
            image = _shrink(image, image.width * image.height // 2)
    raise PictureError(f"it cannot be made smaller than {limits.max_image_bytes} bytes in a type that is taken")


def _read(content: bytes) -> Pillow.Image:
    """Return the picture upright, in RGB or RGBA."""
    try:
        with _opened(content) as image:
            if image.width * image.height > MOST_PIXELS_READ:
                raise PictureError(f"it has {image.width} × {image.height} pixels")
            image.seek(0)
            upright = ImageOps.exif_transpose(image)
            profile = upright.info.get("icc_profile") if upright.mode in ("RGB", "RGBA") else None
            plain = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
            plain.info = {"icc_profile": profile}
            return plain
    except (OSError, ValueError, SyntaxError, EOFError, Pillow.DecompressionBombError) as error:
        raise PictureError(f"it is no picture that can be read: {error}") from error


def _opened(content: bytes) -> Pillow.Image:
    """Return the picture with its size read and nothing unpacked. (Pillow warns of large ones; we refuse them.)"""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Pillow.DecompressionBombWarning)
        return Pillow.open(io.BytesIO(content))


def _preferences(image: Pillow.Image, limits: StatusLimits) -> tuple[str, ...]:
    """Return the types to try in order, of those that the instance takes: PNG keeps what can be seen through."""
    clear = image.mode == "RGBA"
    wanted = ("image/png", "image/webp", "image/jpeg") if clear else ("image/jpeg", "image/png", "image/webp")
    return tuple(each for each in wanted if each in limits.mime_types)


def _shrink(image: Pillow.Image, most_pixels: int) -> Pillow.Image:
    """Return the picture with at most that many pixels, its shape kept."""
    pixels = image.width * image.height
    if pixels <= most_pixels:
        return image
    scale = (most_pixels / pixels) ** 0.5
    size = max(int(image.width * scale), 1), max(int(image.height * scale), 1)
    return image.resize(size, Pillow.Resampling.LANCZOS)


def _encode(image: Pillow.Image, mime_type: str) -> bytes:
    """Return the bytes of a picture; a JPEG shows white where it could be seen through."""
    out = io.BytesIO()
    if mime_type == "image/jpeg" and image.mode == "RGBA":
        ground = Pillow.new("RGBA", image.size, "white")
        image = Pillow.alpha_composite(ground, image).convert("RGB")
    profile = image.info.get("icc_profile")
    image.save(out, _FORMATS[mime_type], quality=90, optimize=True, icc_profile=profile, exif=b"")
    return out.getvalue()

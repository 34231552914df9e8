"""Posters made to fit: small enough, upright, without what a camera wrote into them."""

from __future__ import annotations

import io
import random

import pytest
from PIL import Image as Pillow
from PIL import features

from syndicate.channels.mastodon.pictures import PictureError, fit_picture
from syndicate.compose.model import StatusLimits

LIMITS = StatusLimits()


def encoded(image: Pillow.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def noise(width: int, height: int) -> Pillow.Image:
    return Pillow.frombytes("RGB", (width, height), random.Random(7).randbytes(width * height * 3))


def opened(content: bytes) -> Pillow.Image:
    return Pillow.open(io.BytesIO(content))


def test_what_the_camera_wrote_is_gone_and_the_picture_stands_upright() -> None:
    exif = Pillow.Exif()
    exif[0x0112] = 6  # turned by a quarter
    exif[0x010F] = "A camera that tells"
    picture = fit_picture(encoded(Pillow.new("RGB", (40, 20), "navy"), "JPEG", exif=exif), LIMITS)
    assert picture.mime_type == "image/jpeg"
    assert opened(picture.content).size == (20, 40)
    assert b"A camera that tells" not in picture.content
    assert not opened(picture.content).getexif()


SOURCES = [
    ("a JPEG stays one", encoded(Pillow.new("RGB", (9, 9)), "JPEG"), "image/jpeg"),
    ("a PNG without a clear part becomes one", encoded(Pillow.new("RGB", (9, 9)), "PNG"), "image/jpeg"),
    ("a clear PNG stays clear", encoded(Pillow.new("RGBA", (9, 9), (1, 2, 3, 0)), "PNG"), "image/png"),
    ("a palette is read", encoded(Pillow.new("P", (9, 9)), "GIF"), "image/jpeg"),
    ("print colours are read", encoded(Pillow.new("CMYK", (9, 9)), "JPEG"), "image/jpeg"),
    ("sixteen bits are read", encoded(Pillow.new("I;16", (9, 9)), "PNG"), "image/jpeg"),
]


@pytest.mark.parametrize(("content", "kind"), [row[1:] for row in SOURCES], ids=[row[0] for row in SOURCES])
def test_any_picture_becomes_one_that_is_taken(content: bytes, kind: str) -> None:
    picture = fit_picture(content, LIMITS)
    assert picture.mime_type == kind
    assert opened(picture.content).size == (9, 9)


@pytest.mark.skipif(not features.check("webp"), reason="this Pillow reads no WebP")
def test_webp_is_read() -> None:
    assert fit_picture(encoded(Pillow.new("RGB", (9, 9)), "WEBP"), LIMITS).mime_type == "image/jpeg"


def test_of_an_animation_the_first_frame_is_taken() -> None:
    frames = [Pillow.new("RGB", (9, 9), colour) for colour in ("red", "blue")]
    picture = fit_picture(encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]), LIMITS)
    shown = opened(picture.content).convert("RGB").getpixel((4, 4))
    assert isinstance(shown, tuple)
    assert shown[0] > 200


def test_too_many_pixels_are_scaled_down_in_shape() -> None:
    picture = fit_picture(encoded(Pillow.new("RGB", (400, 200)), "PNG"), StatusLimits(max_image_pixels=20_000))
    assert opened(picture.content).size == (200, 100)


def test_more_pixels_than_mastodon_keeps_are_not_sent() -> None:
    picture = fit_picture(encoded(Pillow.new("RGB", (5000, 3000)), "JPEG"), LIMITS)
    width, height = opened(picture.content).size
    assert 8_000_000 < width * height <= 8_294_400


def test_too_many_bytes_are_made_fewer() -> None:
    limits = StatusLimits(max_image_bytes=30_000)
    picture = fit_picture(encoded(noise(500, 400), "PNG"), limits)
    assert len(picture.content) <= 30_000


def test_a_clear_picture_too_large_as_png_becomes_a_jpeg_on_white() -> None:
    clear = noise(200, 200).convert("RGBA")
    clear.putalpha(0)
    limits = StatusLimits(max_image_bytes=4_000, mime_types=("image/png", "image/jpeg"))
    picture = fit_picture(encoded(clear, "PNG"), limits)
    assert picture.mime_type == "image/jpeg"
    assert opened(picture.content).convert("L").getextrema() == (255, 255)


def test_a_type_that_the_instance_does_not_take_is_not_sent() -> None:
    content = encoded(Pillow.new("RGB", (9, 9)), "JPEG")
    assert fit_picture(content, StatusLimits(mime_types=("image/png",))).mime_type == "image/png"
    with pytest.raises(PictureError):
        fit_picture(content, StatusLimits(mime_types=("image/heic",)))


BOMB = encoded(Pillow.new("1", (12_000, 12_000)), "PNG")
BAD = [
    ("nothing", b""),
    ("a page", b"<html>not found</html>"),
    ("half a picture", encoded(noise(60, 60), "PNG")[:3000]),
    ("a few bytes that claim 144 million pixels", BOMB),
    ("an address book", b"BEGIN:VCARD"),
]


@pytest.mark.parametrize("content", [row[1] for row in BAD], ids=[row[0] for row in BAD])
def test_what_is_no_picture_is_told_in_one_line(content: bytes) -> None:
    with pytest.raises(PictureError) as caught:
        fit_picture(content, LIMITS)
    assert "\n" not in str(caught.value)

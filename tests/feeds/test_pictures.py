"""The cache of pictures: fetched once, checked, kept whole."""

from __future__ import annotations

import io
import zlib
from pathlib import Path

import pytest
from PIL import Image

from syndicate.errors import FeedError
from syndicate.feeds.fetch import HttpFetcher
from syndicate.feeds.pictures import PictureCache
from tests.feeds.site import Site


def picture(kind: str = "JPEG", size: tuple[int, int] = (40, 30)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, "teal").save(buffer, kind)
    return buffer.getvalue()


def bomb() -> bytes:
    """Return a PNG whose head claims 100,000 × 100,000 pixels."""
    head = b"IHDR" + (100_000).to_bytes(4, "big") * 2 + b"\x08\x02\0\0\0"
    return b"\x89PNG\r\n\x1a\n" + (13).to_bytes(4, "big") + head + zlib.crc32(head).to_bytes(4, "big")


def damaged() -> bytes:
    """Return a PNG one of whose bytes fell over on the way."""
    sound = bytearray(picture("PNG"))
    sound[sound.index(b"IDAT") + 12] ^= 0xFF
    return bytes(sound)


@pytest.fixture
def cache(tmp_path: Path) -> PictureCache:
    return PictureCache(tmp_path / "pictures", HttpFetcher(allow_private=True))


@pytest.mark.parametrize(
    ("kind", "extension"), [("JPEG", "jpg"), ("PNG", "png"), ("GIF", "gif"), ("WEBP", "webp")], ids=str
)
def test_a_picture_is_fetched_once_and_kept_by_its_kind(
    site: Site, cache: PictureCache, kind: str, extension: str
) -> None:
    url = site.serve("/poster", body=picture(kind), Content_Type="text/plain")
    assert cache.path_for(url) is None
    assert cache.load(url) == cache.load(url) == picture(kind)
    path = cache.path_for(url)
    assert path is not None
    assert (path.suffix, path.read_bytes(), len(site.requests)) == (f".{extension}", picture(kind), 1)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"<html>not found</html>", id="a web page"),
        pytest.param(b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", id="SVG, which can hold scripts"),
        pytest.param(picture("PNG")[:40], id="half a picture"),
        pytest.param(damaged(), id="a damaged picture"),
        pytest.param(picture("BMP"), id="a kind that letters cannot show"),
        pytest.param(bomb(), id="ten thousand million pixels"),
        pytest.param(picture() + bytes(16_000_000), id="too many bytes"),
    ],
)
def test_what_is_no_sound_picture_is_refused_and_not_kept(site: Site, cache: PictureCache, body: bytes) -> None:
    url = site.serve("/poster", body=body)
    with pytest.raises(FeedError):
        cache.load(url)
    assert cache.path_for(url) is None


def test_a_picture_can_be_put_under_an_address_that_nobody_serves(cache: PictureCache) -> None:
    path = cache.put("https://images.lantern.example/a.jpg", picture())
    assert cache.path_for("https://images.lantern.example/a.jpg") == path
    assert cache.load("https://images.lantern.example/a.jpg") == picture()
    assert [each.name for each in path.parent.iterdir()] == [path.name]

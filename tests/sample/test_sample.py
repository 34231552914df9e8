"""The sample is what people see first: it is whole, small, and shows every picture without a network."""

from __future__ import annotations

import csv
import io
import re

import pytest
from lxml import etree, html
from PIL import Image

from syndicate import sample

ATOM = "{http://www.w3.org/2005/Atom}"
PICTURES = tuple(sample.pictures())


def bodies() -> list[str]:
    feed = etree.fromstring(sample.feed_xml())
    return [entry.findtext(f"{ATOM}content") or "" for entry in feed.iter(f"{ATOM}entry")]


def test_every_picture_of_the_feed_is_shipped_and_no_other() -> None:
    shown = {str(image.get("src")) for body in bodies() for image in html.fromstring(f"<div>{body}</div>").iter("img")}
    assert shown == {address for address, _ in PICTURES}


@pytest.mark.parametrize(("address", "content"), PICTURES, ids=[address.rsplit("/", 1)[1] for address, _ in PICTURES])
def test_a_picture_is_a_small_wide_jpeg(address: str, content: bytes) -> None:
    picture = Image.open(io.BytesIO(content))
    assert (picture.format, picture.size) == ("JPEG", (1200, 675))
    assert len(content) <= 70_000


def test_every_post_has_a_jump_break_a_picture_with_alt_text_and_prose() -> None:
    for body in bodies():
        before, _, after = body.partition("<a name='more'></a>")
        assert re.search(r'<img alt="[^"]{4,}"', before)
        assert len(str(html.fromstring(f"<div>{after}</div>").xpath("string()"))) > 400


def test_two_posts_state_a_rating_and_the_others_do_not() -> None:
    stated = [match[1] for body in bodies() if (match := re.search(r"<b>(★+☆*|\d+/\d+)</b>", body))]
    assert stated == ["★★★★☆", "8/10"]


def test_the_readers_are_eight_people_under_reserved_domains() -> None:
    readers = list(csv.DictReader(io.StringIO(sample.readers_csv().decode())))
    assert len(readers) == 8
    assert all(reader["email"].endswith(".example") and reader["name"] for reader in readers)
    assert any(not reader["email"].isascii() for reader in readers)


def test_nothing_in_the_feed_points_outside_the_reserved_domains() -> None:
    """Namespaces, categories and Blogger's generator mark are names that nobody fetches."""
    hosts = ("www.w3.org", "a9.com", "schemas.google.com", "www.blogger.com", "www.georss.org", "purl.org")
    names = tuple(f"http://{host}" for host in (*hosts, "search.yahoo.com"))
    addresses = re.findall(r"https?://[^\s'\"<>&]+", sample.feed_xml().decode())
    fetched = [address for address in addresses if not address.startswith(names)]
    assert fetched
    assert all(address.split("/")[2].endswith("lantern.example") for address in fetched)

"""The Lantern: a small invented film site to try syndicate on, shipped inside the package.

`lantern.xml` is its feed, as Blogger writes one (jump breaks, labels, capitals in the titles); `readers.csv`
its readers; `pictures/` a still for each post, in the folders of its address, so that they show without a
network. Films, people and addresses are invented; the `.example` hosts do not exist (RFC 2606).
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable

SITE_URL = "https://lantern.example"
IMAGES_URL = "https://images.lantern.example"


def feed_xml() -> bytes:
    """Return the feed: an Atom document of twelve posts, nine of them film reviews."""
    return (_here() / "lantern.xml").read_bytes()


def readers_csv() -> bytes:
    """Return eight readers as CSV, UTF-8, under the header "email,name"."""
    return (_here() / "readers.csv").read_bytes()


def pictures() -> Iterator[tuple[str, bytes]]:
    """Yield the address and the bytes (JPEG, 1200 × 675) of every picture that the feed shows."""
    return _pictures_under(_here() / "pictures", IMAGES_URL)


def _pictures_under(folder: Traversable, address: str) -> Iterator[tuple[str, bytes]]:
    """The folders below `pictures/` are the path of the address: 2026/11/last-ferry.jpg."""
    for item in sorted(folder.iterdir(), key=lambda item: item.name):
        if item.is_dir():
            yield from _pictures_under(item, f"{address}/{item.name}")
        elif item.name.endswith(".jpg"):
            yield f"{address}/{item.name}", item.read_bytes()


def _here() -> Traversable:
    return files(__name__)

"""Golden pairs: each feed in tests/data/feeds beside what is to be read from it, as JSON.

`python -m tests.feeds.golden` writes the JSON anew; read the difference before it is kept.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from syndicate.feeds.model import Feed
from syndicate.feeds.parse import parse_feed

FOLDER = Path(__file__).parent.parent / "data" / "feeds"
URL = "https://www.projectionistscat.example/feeds/posts/default"
DOCUMENTS = sorted(path for path in FOLDER.iterdir() if not path.name.endswith(".expected.json"))


def expected_of(document: Path) -> Path:
    """Return where the expectation of a document stands."""
    return document.with_name(f"{document.name}.expected.json")


def read(document: Path) -> Feed:
    """Return the feed as the product reads it."""
    return parse_feed(document.read_bytes(), url=URL, content_type=None)


def as_json(feed: Feed) -> str:
    """Return every field of a feed as JSON; dates in RFC 3339."""

    def date(value: object) -> str:
        assert isinstance(value, datetime)
        return value.isoformat()

    return json.dumps(asdict(feed), indent=1, ensure_ascii=False, default=date) + "\n"


if __name__ == "__main__":
    for document in DOCUMENTS:
        expected_of(document).write_text(as_json(read(document)), encoding="utf-8")

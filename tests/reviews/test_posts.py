"""Golden posts: an entry above, what we must understand of it below; one file each in tests/data/posts.

A `.post` file holds the entry's head, its body, and the expected part of `feeds read --json`, `===` between them.
What the expectation does not name must be null, or an empty list.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from syndicate.feeds.model import Entry
from syndicate.reviews.extract import read_entry
from syndicate.reviews.record import from_json, to_json
from syndicate.reviews.report import describe
from tests.reviews.build import DATA, entry

POSTS = sorted(DATA.glob("*.post"))
UNKNOWN: dict[str, object] = {
    "film": None,
    "strand": None,
    "festival": None,
    "format": None,
    "reviewers": [],
    "directors": [],
    "cast": [],
    "standfirst": None,
    "excerpt": None,
    "rating": None,
}


def read_post(path: Path) -> tuple[Entry, dict[str, object]]:
    head, body, expected = path.read_text(encoding="utf-8").split("\n===\n")
    fields = dict(line.split(":", 1) for line in head.splitlines())
    said = {name: value.strip() for name, value in fields.items()}
    lists = {name: tuple(filter(None, said.get(name, "").split(" | "))) for name in ("labels", "authors", "fields")}
    made = entry(
        said["title"],
        body,
        summary=said.get("summary", ""),
        labels=lists["labels"],
        authors=lists["authors"],
        thumbnail=said.get("thumbnail"),
        fields=tuple((pair.split("=")[0], pair.split("=")[1]) for pair in lists["fields"]),
    )
    return made, json.loads(expected)


@pytest.mark.parametrize("path", POSTS, ids=lambda path: path.stem)
def test_a_post_is_understood(path: Path) -> None:
    post, expected = read_post(path)
    report = describe(post, read_entry(post, site_names=("The Lantern",)))
    review = expected["review"]
    assert report["kind"] == expected["kind"], report["why"]
    assert report["review"] == (UNKNOWN | review if isinstance(review, dict) else None)
    assert report["image"] == expected["image"]


@pytest.mark.parametrize("path", POSTS, ids=lambda path: path.stem)
def test_what_was_understood_is_kept_and_read_back(path: Path) -> None:
    reading = read_entry(read_post(path)[0])
    assert from_json(to_json(reading)) == reading


def test_there_are_posts() -> None:
    assert len(POSTS) >= 25

"""Labels become hashtags through the editor's map."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.compose.hashtags import camel_case, hashtags

NAMES = [
    ("words are joined", "folk horror", "FolkHorror"),
    ("punctuation joins too", "sci-fi & fantasy", "SciFiFantasy"),
    ("an apostrophe does not part", "director's cut", "DirectorsCut"),
    ("capitals stay", "USA in the 70s", "USAInThe70s"),
    ("accents stay, composed", "cine\u0301ma français", "CinémaFrançais"),
    ("vowel marks stay", "हिन्दी फ़िल्म", "हिन्दीफ़िल्म"),
    ("other scripts stay", "日本 映画", "日本映画"),
    ("digits alone are no tag", "2026", ""),
    ("nothing is no tag", "🎬 !", ""),
]


@pytest.mark.parametrize(("name", "expected"), [row[1:] for row in NAMES], ids=[row[0] for row in NAMES])
def test_a_name_becomes_one_word(name: str, expected: str) -> None:
    assert camel_case(name) == expected


MAPS: list[tuple[str, list[str], Mapping[str, str | None], tuple[str, ...]]] = [
    ("an unmapped label gives none", ["2026 movie reviews", "By Ann"], {"drama": "Drama"}, ()),
    (
        "a mapped one is what the map says, in capitals",
        ["Folk Horror"],
        {"folk horror": "folk horror"},
        ("#FolkHorror",),
    ),
    ("a map may carry the sign", ["sf"], {"SF": "#SciFi"}, ("#SciFi",)),
    ("an empty value gives none", ["misc"], {"Misc": ""}, ()),
    ("a null gives none", ["misc"], {"misc": None}, ()),
    (
        "the star stands on every status, first",
        ["drama"],
        {"drama": "Drama", "*": "Film, B"},
        ("#Film", "#B", "#Drama"),
    ),
    ("the star needs no label", [], {"*": "Films"}, ("#Films",)),
    ("each stands once, as first written", ["a", "b"], {"a": "Drama", "b": "drama"}, ("#Drama",)),
    ("at most four", ["a", "b"], {"*": "Films", "a": "A, B, C", "b": "D"}, ("#Films", "#A", "#B", "#C")),
]


@pytest.mark.parametrize(("labels", "mapping", "expected"), [row[1:] for row in MAPS], ids=[row[0] for row in MAPS])
def test_labels_become_tags(labels: list[str], mapping: Mapping[str, str | None], expected: tuple[str, ...]) -> None:
    assert hashtags(labels, mapping) == expected


@given(st.lists(st.text()), st.dictionaries(st.text(), st.none() | st.text()))
def test_tags_are_few_unique_and_of_one_word(labels: list[str], mapping: dict[str, str | None]) -> None:
    tags = hashtags(labels, mapping)
    assert len(tags) <= 4
    assert len({tag.casefold() for tag in tags}) == len(tags)
    assert all(tag.startswith("#") and len(tag.split()) == 1 and "#" not in tag[1:] for tag in tags)

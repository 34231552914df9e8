"""Whatever stands in the file, the answer is a Config or a ConfigError with one line to a fault."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from syndicate.config import config_warnings
from syndicate.config.load import load_config
from syndicate.config.reference import all_keys
from syndicate.config.source import parse_source
from syndicate.errors import ConfigError
from tests.config.good import GOOD

WORDS = sorted(
    {re.sub(r"\[\]", "", part) for key in all_keys() for part in key.path.split(".")} | {"reviews", "readers"}
)
SAMPLES = ["", "fri 09:00", "15m", "readers", "https://l.example", "a@l.example", "a\nb", "\x1b[2J", "\ud800", "20MB"]
leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(SAMPLES) | st.text(max_size=8)
keys = st.sampled_from(WORDS) | st.text(max_size=5)
trees: st.SearchStrategy[Any] = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4), max_leaves=25
)


def answer(body: bytes) -> None:
    """Load the body as config.yaml; anything but a Config or a ConfigError escapes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "config.yaml"
        path.write_bytes(body)
        told = _told(path)
        assert all(line.startswith(str(path)) and line.isprintable() for line in told.split("\n") if told)


def _told(path: Path) -> str:
    try:
        config = load_config(path, {})
    except ConfigError as error:
        return str(error)
    config_warnings(config)
    json.dumps(config.shown())
    return ""


@given(st.dictionaries(st.sampled_from(WORDS), trees, max_size=6))
@settings(max_examples=150, deadline=None)
def test_any_tree_of_values_is_answered(tree: dict[str, Any]) -> None:
    answer(json.dumps(tree).encode())


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_a_good_file_with_one_passage_spoiled_is_answered(data: st.DataObject) -> None:
    start = data.draw(st.integers(min_value=0, max_value=len(GOOD)))
    length = data.draw(st.integers(min_value=0, max_value=30))
    piece = data.draw(st.text(alphabet="a1:-{}[]&*!|>'\"#%@`\t\n ,?<=~\x00é\u2028", max_size=6))
    answer((GOOD[:start] + piece + GOOD[start + length :]).encode())


@given(st.binary(max_size=60))
@settings(max_examples=150, deadline=None)
def test_any_bytes_are_answered(body: bytes) -> None:
    answer(body)


@given(st.dictionaries(keys, trees, max_size=4))
@settings(max_examples=200, deadline=None)
def test_every_value_has_the_line_it_stood_on(tree: dict[str, Any]) -> None:
    text = json.dumps(tree, indent=1)
    source = parse_source(text.encode())
    for path, line in source.marks.items():
        last = path[-1] if path else None
        if isinstance(last, str) and last.isprintable() and last.isascii():
            assert json.dumps(last) in text.splitlines()[line - 1]

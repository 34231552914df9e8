"""Which mail programs do not honour what: the facts behind "Outlook on Windows ignores this".

clients.json holds them, read from the tests of caniemail.com: its "version" and "date" say which, its "license" how
they may be used. A program is named that failed the newest test of a feature, and none that honours it in part.
tests/compose/lint/make_clients.py makes the file anew.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files


@cache
def ignoring(feature: str) -> tuple[str, ...]:
    """Return the programs that do not honour a feature. Raises KeyError for one that clients.json does not have."""
    return tuple(_facts()["features"][feature]["ignored_by"])


def ignored_by(feature: str) -> str:
    """Return a sentence's beginning: "Gmail and Yahoo Mail ignore", or "Outlook on Windows ignores"."""
    *most, last = ignoring(feature)
    return f"{', '.join(most)} and {last} ignore" if most else f"{last} ignores"


@cache
def _facts() -> Mapping[str, Mapping[str, Mapping[str, tuple[str, ...]]]]:
    found: Mapping[str, Mapping[str, Mapping[str, tuple[str, ...]]]] = json.loads(
        files(__package__).joinpath("clients.json").read_text(encoding="utf-8")
    )
    return found

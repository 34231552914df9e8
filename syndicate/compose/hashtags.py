"""Hashtags: a review's labels made into tags, through the editor's map."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping

ALWAYS = "*"
"""The label of the map whose tags stand on every status."""
MAX_HASHTAGS = 4
_APOSTROPHES = re.compile("['’ʼ]")


def hashtags(labels: Iterable[str], mapping: Mapping[str, str | None], limit: int = MAX_HASHTAGS) -> tuple[str, ...]:
    """Return the tags of a status, "#" included, each once, at most `limit`.

    The map goes from a label (in any case) to a tag, or to several with commas between: "folk horror" mapped to
    "folk horror" is "#FolkHorror". A label that is not in the map gives none: a blog's labels name years, critics
    and sections too. The tags of "*" come first, so that they stay when there are too many.
    """
    chosen = {label.strip().casefold(): tags for label, tags in mapping.items()}
    wanted = [chosen.get(label.strip().casefold()) or "" for label in (ALWAYS, *labels)]
    names = (camel_case(name) for tags in wanted for name in tags.split(","))
    unique = {name.casefold(): f"#{name}" for name in reversed([name for name in names if name])}
    return tuple(reversed(unique.values()))[:limit]


def camel_case(name: str) -> str:
    """Return a name as one word, each part's first letter raised: "sci-fi & fantasy" → "SciFiFantasy".

    Letters keep their accents (NFC). Empty where no letter is left: Mastodon takes no tag of digits alone.
    """
    text = _APOSTROPHES.sub("", unicodedata.normalize("NFC", name))
    parts = "".join(character if _may_stand(character) else " " for character in text).split()
    joined = "".join(part[0].upper() + part[1:] for part in parts)
    return joined if any(character.isalpha() for character in joined) else ""


def _may_stand(character: str) -> bool:
    """Return whether a hashtag goes on through this character: letters, their marks, digits, underscores."""
    return character == "_" or unicodedata.category(character)[0] in "LM" or character.isdecimal()

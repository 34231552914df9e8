"""People's names in a credit line: told apart, and told from prose. No name is ever corrected."""

from __future__ import annotations

import re

from syndicate.reviews.words import OPENERS, PARTICLES

_MAX_CHARS = 1500
_SUFFIX = re.compile(r"(?:Jr|Sr|Jnr|Snr|II|III|IV)\.?", re.I)
_HANDLE = re.compile(r"\s*[(\[]?\s*@[\w.@-]+\s*[)\]]?")
_BETWEEN = re.compile(
    r"\s*(?:[,;|•/]|\s&\s|(?<=[^\W\d_]{2})&(?=[^\W\d_]{2})|\s\+\s|\s+and\s+|\s+et\s+|\s+y\s+)\s*(?![^(]*\))", re.I
)
_LEAD_IN = re.compile(r"(?:and|with|introducing|featuring|&)\s+", re.I)
_NOBODY = frozenset({"", "more", "others", "etc", "etc.", "et al", "et al.", "many more", "and more", "tba", "n/a"})
_NO_NAME = re.compile(
    r"\d+\s?(?:min(?:ute)?s?|h(?:ou)?rs?)\b|(?:https?://)?[\w-]+\.(?:com|net|org|co\.uk|ie|eu|example)\b|https?://",
    re.I,
)
_AFTER_NAMES = re.compile(r"(?<=\w\w)\.\s+(?=\d)|\s+[–—]\s+")
_GLUED = re.compile(r"\b([^\W\d_][^\W\d_A-Z]+)([A-Z][a-z]*(?:['’][a-z]+)?)\b")
_WORD = re.compile(r"[^\W\d_][\w.'’\-]*|[A-Z]\.(?:[A-Z]\.)*")


def split_names(text: str) -> tuple[str, ...]:
    """Return the names in a credit line, as written and in order, each once.

    "A, B & C", "A and B", "X (@handle)"; "Robert Downing, Jr." is one person, brackets are not split.
    """
    text = _AFTER_NAMES.split(_HANDLE.sub("", text[:_MAX_CHARS]), maxsplit=1)[0]
    names: list[str] = []
    for piece in (_bare(piece) for piece in _BETWEEN.split(text)):
        if _SUFFIX.fullmatch(piece) and names:
            names[-1] = f"{names[-1]}, {piece}"
        elif piece.strip(".") and piece.lower() not in _NOBODY and not _NO_NAME.match(piece):
            names.append(piece)
    return tuple(dict.fromkeys(_with_stop(name) for name in names))


def are_names(text: str) -> bool:
    """Return whether a text that follows a label can be names: short pieces, not a sentence."""
    if len(text) > _MAX_CHARS:
        return False
    names = split_names(text)
    return bool(names) and all(len(name) <= 60 and _is_short(name) for name in names)


def are_surely_names(text: str) -> bool:
    """Return whether a text is nothing but capitalised names, such as may follow a label without a colon."""
    names = split_names(text)
    return bool(names) and all(is_surely_name(name) for name in names)


def is_surely_name(name: str) -> bool:
    """Return whether a text is two to five words that a name is made of."""
    words = re.sub(r"\(.*?\)", "", name).split()
    if not 2 <= len(words) <= 5 or words[0].lower() in OPENERS:
        return False
    return all(_is_name_word(word) for word in words) and words[-1].lower().strip(".") not in PARTICLES


def split_names_from_prose(text: str) -> tuple[tuple[str, ...], str | None]:
    """Return the names at the head of a run of text, and the prose after them; only what is certain.

    A short feed has lost its lines: "Ann Roe, Bo Lind There's a moment when …". Where the last name ends is certain
    if a word that opens sentences follows it; if not, the last name is left out and the prose is None.
    """
    names: list[str] = []
    start = 0
    for match in [*re.finditer(r",\s*", text), None]:
        item = text[start : match.start() if match else len(text)]
        if match is None or not _is_credit(item):
            last, prose = _at_opener(text[start:])
            return (*names, *last), prose
        names.append(item.strip())
        start = match.end()
    return tuple(names), None


def _at_opener(text: str) -> tuple[tuple[str, ...], str | None]:
    words = _GLUED.sub(_unglued, text[:200]).split() + ([text[200:]] if text[200:] else [])
    for place, word in enumerate(words[:7]):
        plain = word.lower().strip("\"'“‘([,.").replace("’", "'")
        opens = place >= 1 and plain in OPENERS and plain not in PARTICLES.difference({"the", "of"})
        if opens and word.lstrip("\"'“‘([")[:1].isupper():
            return split_names(" ".join(words[:place])), " ".join(words[place:])
        if not _is_name_word(word) and word.lower() not in ("and", "&"):
            return (), None
    return (), None


def _unglued(match: re.Match[str]) -> str:
    """Part "ChagallThere's" where the second half opens sentences: the feed dropped the line break between."""
    return f"{match[1]} {match[2]}" if match[2].lower().replace("’", "'") in OPENERS else match[0]


def _is_credit(item: str) -> bool:
    words = item.split()
    return 1 <= len(words) <= 5 and all(_is_name_word(word) for word in words)


def _is_name_word(word: str) -> bool:
    if word.lower() in PARTICLES:
        return True
    return (word[:1].isupper() or not word[:1].isascii()) and bool(_WORD.fullmatch(word))


def _is_short(name: str) -> bool:
    return len(name.split()) <= 7 and not re.search(r"[!?]|[a-z]{3}\.\s", name)


def _bare(piece: str) -> str:
    return _LEAD_IN.sub("", piece.strip(), count=1).strip(" :\t")


def _with_stop(name: str) -> str:
    """Drop a closing full stop, unless it belongs to an initial or a suffix."""
    if name.endswith(".") and not re.search(r"(?:\b\w|\b(?:Jr|Sr|Jnr|Snr))\.$", name):
        return name[:-1]
    return name

"""A film as a title names it → its name, year and note: "“Salt Mill” (1983) [Netflix]".

Decided: a year or a note in brackets is no part of the name, nor are quotation marks around it, and an article at the
end goes back to the front ("SALT MILL, THE" → "THE SALT MILL"; English ones only, since "LIVE, DIE" is no German). A
book keeps its author ("Lanterns by Max Pont"): it reads well so, and who wrote a book is not who reviewed it. "A, 1985"
keeps its year, for a film may be called so.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from syndicate.reviews.model import Film
from syndicate.reviews.words import word_set


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmParts:
    """What stands right of a title's separator, taken apart."""

    name: str
    year: int | None = None
    note: str | None = None
    """What stood in square brackets at the end."""
    starring: str = ""
    """The names of a headline that says who acts: "'Drip,' starring Ann Roe"."""


_YEAR = re.compile(r"(?P<film>.*\S)\s*[(\[](?P<year>(?:18[89]|19\d|20\d)\d)[)\]]")
_NOTE = re.compile(r"(?P<film>.*\S)\s+\[(?P<note>[^\[\]]{1,40})\]")
_ARTICLE_LAST = re.compile(r"(?P<name>\S.*),\s(?P<article>the|an?)", re.I)
_QUOTES = {'"': '"', "'": "'", "“": "”", "‘": "’", "«": "»"}
_STARRING = re.compile(r",?\s*(?:co-?)?starring\s+(?P<names>.+)", re.I)
_DASH = re.compile(r"(?<=\S)\s[-–—]\s(?=\S)")
_SMALL = word_set("a an and as at but by for from in into of on or the to vs with")


def film_parts(text: str) -> FilmParts:
    """Return the parts of a film as written; a film may be called 1987 or [REC]."""
    film, note, year = text.strip(), None, None
    if match := _NOTE.fullmatch(film):
        film, note = match["film"], match["note"]
    if match := _YEAR.fullmatch(film):
        film, year = match["film"], int(match["year"])
    if note and year is None and re.fullmatch(r"(?:18|19|20)\d\d", note):
        year, note = int(note), None
    name, rest = _unquoted(film)
    starring = _STARRING.fullmatch(rest)
    return FilmParts(name=_upright(name), year=year, note=note, starring=starring["names"] if starring else "")


def film_of(title: str) -> Film:
    """Return the film that a title without a strand names: "THE PREY (1983)" → THE PREY, 1983."""
    parts = film_parts(title)
    return Film(title=parts.name, year=parts.year)


def names_film(title: str, name: str) -> bool:
    """Return whether a name is the film of this title, but for case, points, article or a headline after it."""
    head = _DASH.split(title)[0]
    return bool(_key(name)) and _key(name) in (_key(title), _key(head))


def without_headline(text: str) -> str:
    """Return the film of "Film - Headline", and the whole text where what follows the dash may be its second half.

    A headline has a comma, or is a sentence in small letters: "The Friend - Grief, Grace, and a Great Dane" has one,
    "Fallen: Impassable - The Last Reckoning" and "NIGHT - PART ONE" have none.
    """
    match = _DASH.search(text)
    if match is None or text.isupper():
        return text
    tail = text[match.end() :]
    words = [word for word in re.findall(r"[^\W\d_][\w'’]*", tail)[1:] if word not in _SMALL]
    small = [word for word in words if word.islower()]
    is_headline = len(words) >= 2 and ("," in tail or len(small) > len(words) / 2)
    return text[: match.start()] if is_headline else text


def _key(name: str) -> str:
    letters = re.sub(r"[\W_]+", " ", _upright(name).casefold()).split()
    return "".join(letters[1:] if letters[:1] in (["the"], ["a"], ["an"]) and len(letters) > 1 else letters)


def _upright(name: str) -> str:
    match = _ARTICLE_LAST.fullmatch(name)
    return f"{match['article']} {match['name']}" if match else name


def _unquoted(film: str) -> tuple[str, str]:
    """Return the film without the quotation marks around it, and the headline that followed them."""
    close = _QUOTES.get(film[:1])
    if close is None:
        return film, ""
    inner = film[1:]
    if inner.endswith(close) and close not in inner[:-1] and inner[:-1].strip():
        return inner[:-1].strip(), ""
    headline = re.match(rf"(?P<film>.*?[^\s,])(?P<comma>,?){re.escape(close)}(?P<rest>,?\s.*)", inner)
    if headline and (headline["comma"] or re.match(r",|\s[a-z]", headline["rest"])):
        return headline["film"], headline["rest"]
    return film, ""

"""What a critic gave, read and written. A rating is never invented: without a scale there is none."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from syndicate.reviews.model import Rating

SCALES = frozenset({4.0, 5.0, 6.0, 10.0, 12.0, 20.0, 100.0})
"""The scales that critics use; "10/31" is a date and "24/7" a habit."""
_DEFAULT_STARS = 5
"""Stars without empty ones are of five, the commonest scale; "★★★☆" says itself that it is of four."""

_NUMBER_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_WORDS = {word: float(number) for number, word in enumerate(_NUMBER_WORDS)}
_NUMBER = r"\d{1,3}(?:[.,]\d{1,2})?"
_AMOUNT = rf"(?:{_NUMBER}\s?½|½|\d\s1/2|{_NUMBER}|(?:{'|'.join(_WORDS)})(?:\s+and\s+a\s+half)?)"
_FULL, _EMPTY = "★⭐🌟✭✮✯", "☆✩"
_STARS = rf"(?:[{_FULL}{_EMPTY}]\s?)+(?:½|⯨|⯪|1/2)?(?:\s?[{_EMPTY}])*|½(?:\s?[{_EMPTY}])+"
_RATING = re.compile(
    rf"(?P<drawn>{_STARS})(?:(?:\s*/\s*|\s*\(?(?:out\s+)?of\s+)(?P<full>[{_FULL}]+|\d{{1,2}}(?![\d/])|{'|'.join(_WORDS)}))?"
    rf"|(?<![\w./,])(?P<a>{_AMOUNT})\s*(?:stars?\s*)?\(?(?:/|out\s+of)\s*(?P<b>{_NUMBER}|{'|'.join(_WORDS)})"
    r"(?![\d/%]|[.,]\d|\w)"
    rf"|(?<![\w./,])(?P<stars>{_AMOUNT})[\s-]*stars?\b(?:\s+\(?of\s+(?P<of>{_NUMBER}|{'|'.join(_WORDS)})\b)?"
    r"|(?<![\w./,])(?P<percent>\d{1,3})\s?%",
    re.I,
)
_LETTER = re.compile(r"(?P<letter>[A-DF])(?P<sign>[+\-−–]?)(?=$|[.,;/|)\s](?!\w)|[/|)]|\s[–—-]\s)")
_LABEL = re.compile(
    r"[\s(\[]*(?:(?:my|our|overall|final|film|movie|star|the)\s+)*"
    r"(?:rating|score|verdict|grade|conclusion|overall|stars|out of five)\s*(?:is\b)?\s*[:=–—-]?\s*",
    re.I,
)
_ASTERISKS = re.compile(r"(?<!\S)(?P<stars>\*{2,5})(?P<half>½|1/2)?(?!\S)")


def parse_rating(text: str) -> Rating | None:
    """Return the rating that a critic wrote, or None where there is none.

    "★★★½" → 3.5 of 5, "★★★☆" → 3 of 4, "8/10" → 8 of 10, "4 stars" → 4 of 5, "3.5 out of 5", "85%", "B+".
    A bare number has no scale and is none: "8" → None; nor is a text that holds two ratings that differ.
    `text` is a rating's own text: lines of prose are not to be given here (see `rating_of_line`).
    """
    text = unicodedata.normalize("NFC", text[:400].replace("\ufe0f", "")).strip()
    found = {rating for match in _RATING.finditer(text) if (rating := _from_match(match))}
    if len(found) == 1:
        return found.pop()
    return None if found else _letter(text)


def format_rating(rating: Rating, *, spoken: bool = False) -> str:
    """Return the rating as text: "★★★½☆", "8/10", "B+"; spoken, "3.5 out of 5".

    Stars up to a scale of five and in halves; what stars cannot say without doubt is written in figures.
    `parse_rating` reads back the same rating.
    """
    if rating.letter is not None:
        return rating.letter
    value, maximum = rating.value or 0.0, rating.maximum or 0.0
    if spoken:
        return f"{_figure(value)} out of {_figure(maximum)}"
    return _drawn(value, maximum) or f"{_figure(value)}/{_figure(maximum)}"


LETTERS = ("F", "D-", "D", "D+", "C-", "C", "C+", "B-", "B", "B+", "A-", "A", "A+")
"""The letter scale, from 0 to 12 (docs/concepts.md)."""


def share_of(rating: Rating) -> float | None:
    """Return how much of its scale a rating has, from 0 to 1, or None: 4 of 5 → 0.8, "B+" → 0.75."""
    if rating.letter is not None:
        letter = rating.letter.upper().replace("\N{MINUS SIGN}", "-").replace("\N{EN DASH}", "-")
        return LETTERS.index(letter) / 12 if letter in LETTERS else None
    return rating.value / rating.maximum if rating.value is not None and rating.maximum else None


def rating_of_line(line: str, film: str | None = None) -> Rating | None:
    """Return the rating that a line gives as its own business, or None: "Rating: 3/5", "★★★", "Red Tide: 8/10".

    A line of prose that mentions a rating gives none: it may speak of another film.
    """
    if labelled := _LABEL.match(line):
        rest = line[labelled.end() :]
        return _leading(rest) or _asterisks(rest) or _closing(rest)
    rest = line[len(film) :].lstrip(" :–—-,|") if film and line.casefold().startswith(film.casefold()) else line
    asterisks = _asterisks(rest) if rest != line else None
    return asterisks or (_leading(rest, alone=True) if len(line) <= 80 else None)


def rating_of_lines(lines: Iterable[str], film: str | None = None) -> Rating | None:
    """Return the rating that these lines agree on; None where none gives one, or two differ."""
    found = {rating for line in lines if (rating := rating_of_line(line, film))}
    return found.pop() if len(found) == 1 else None


def scaled(value: float, maximum: float) -> Rating | None:
    """Return the rating where value and scale make sense together."""
    if maximum not in SCALES or not 0 <= value <= maximum:
        return None
    return Rating(value=value, maximum=maximum)


def to_number(text: str) -> float | None:
    """Return the number written in figures ("3,5", "4½"), or in words ("four and a half"); None for none."""
    text = text.strip().lower()
    head, half, _ = text.partition("½")
    if not half:
        head, half, _ = re.sub(r"\s+", " ", text).partition(" and a half")
    if not half:
        head, half, _ = text.partition(" 1/2")
    head = head.strip()
    value = _WORDS.get(head)
    if value is None and re.fullmatch(_NUMBER, head):
        value = float(head.replace(",", "."))
    if value is None and not head and half == "½":
        value = 0.0
    return None if value is None else value + (0.5 if half else 0)


def _from_match(match: re.Match[str]) -> Rating | None:
    if match["drawn"]:
        return _from_stars(match["drawn"], match["full"])
    if match["percent"]:
        return scaled(float(match["percent"]), 100.0)
    value = to_number(match["a"] or match["stars"] or "")
    of = match["b"] or match["of"]
    maximum = to_number(of) if of else float(_DEFAULT_STARS)
    return None if value is None or maximum is None else scaled(value, maximum)


def _from_stars(drawn: str, full: str | None) -> Rating | None:
    filled = sum(drawn.count(star) for star in _FULL)
    empty = sum(drawn.count(star) for star in _EMPTY)
    half = any(mark in drawn for mark in ("½", "⯨", "⯪", "1/2"))
    value = filled + 0.5 * half
    if full:
        maximum = to_number(full) if full.isascii() else float(len(full))
        return scaled(value, maximum) if maximum else None
    if not empty:
        return scaled(value, float(_DEFAULT_STARS)) if filled else None
    return scaled(value, float(filled + half + empty))


def _letter(text: str) -> Rating | None:
    match = _LETTER.match(_LABEL.sub("", text, count=1) if _LABEL.match(text) else text)
    if not match:
        return None
    return Rating(letter=match["letter"] + match["sign"].replace("−", "-").replace("–", "-"))


def _leading(text: str, *, alone: bool = False) -> Rating | None:
    """Read a rating that a text begins with; `alone`: hardly anything may follow it, and a letter is none."""
    text = text.replace("\ufe0f", "").lstrip("( [“\"'")
    match = _RATING.match(text)
    if not match:
        return None if alone else _letter(text)
    tail = text[match.end() :].strip(" .!)]”\"'")
    if alone and (len(tail.split()) > 3 or ((match["stars"] or "").lower() in _WORDS and tail)):
        return None
    return parse_rating(text)


def _closing(text: str) -> Rating | None:
    """Read the rating after the last sentence of a labelled line: "Verdict: A fine film. 4/5"."""
    match = re.search(r"[.!?–—]\s+(?P<last>[^.!?–—]{1,20}(?:\.\d[^.!?–—]{0,20})?)\.?$", text)
    return _leading(match["last"], alone=True) if match else None


def _asterisks(text: str) -> Rating | None:
    match = _ASTERISKS.search(text)
    return scaled(len(match["stars"]) + (0.5 if match["half"] else 0), float(_DEFAULT_STARS)) if match else None


def _drawn(value: float, maximum: float) -> str | None:
    if maximum not in (4.0, 5.0) or (value * 2) % 1:
        return None
    half = value % 1 == 0.5
    empty = int(maximum - value - 0.5 * half)
    if not empty and maximum != _DEFAULT_STARS:
        return None
    return "★" * int(value) + "½" * half + "☆" * empty


def _figure(number: float) -> str:
    return f"{number:.2f}".rstrip("0").rstrip(".")

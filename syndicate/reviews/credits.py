"""The credit lines of a post: who wrote the review, who directed, who acts.

A line that merely begins with a label word is prose ("Directed by anyone else, …"; "Director Niamh … comes to VOD"): a
label counts with a colon, in capitals or bold, or where nothing but names follows it, and only above the
first long paragraph.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from syndicate.reviews.blocks import Line, fold
from syndicate.reviews.names import (
    are_names,
    are_surely_names,
    is_surely_name,
    split_names,
    split_names_from_prose,
)

HEAD_LINES = 14
"""How far down a post its credits count as evidence that it is a review."""
_LONG = 280
_PARAGRAPH = 60
_SHORT = 140


class _Role(StrEnum):
    REVIEWER = "reviewer"
    DIRECTOR = "director"
    CAST = "cast"
    YEAR = "year"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credits:
    """What the credit lines say, and where in the post they stand."""

    reviewers: tuple[str, ...] = ()
    directors: tuple[str, ...] = ()
    cast: tuple[str, ...] = ()
    year: int | None = None
    lines: frozenset[int] = frozenset()
    """The numbers of the lines that are credits, and so neither standfirst nor prose."""
    prose_from: int = 0
    """The number of the first line below the credits."""
    before: str = ""
    """What stood on the line of the first label, to its left: a standfirst in a feed without lines."""
    after: str | None = ""
    """What stood on the line of the last label after its names; None where that is not certain."""

    @property
    def name_a_film(self) -> bool:
        """Return whether they are evidence of a review: a director, and a cast or a reviewer."""
        return bool(self.directors and (self.cast or self.reviewers))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Credit:
    role: _Role
    value: str


_LABELS = (
    (_Role.REVIEWER, r"review(?:ed)?\s+by|words\s+by|reviewer|critic"),
    (
        _Role.DIRECTOR,
        r"(?:co-?)?(?:(?:written|produced|edited)(?:,\s*|\s*(?:and|&|/)\s*))*directed\s+by"
        r"|directed(?:\s*(?:and|&)\s*written)\s+by|(?:writer\s*[/&-]\s*)?directors?(?:\s*[/&]\s*writers?)?|dir\.?",
    ),
    (
        _Role.CAST,
        r"(?:(?:co-?)?starring|featuring)(?:\s+the\s+voices\s+of|\s*\((?:the\s+)?voices?(?:\s+of)?\))?"
        r"|(?:main\s+|voice\s+)?cast|stars|actors|voices(?:\s+of)?",
    ),
    (_Role.YEAR, r"year|released?\s+year"),
    (
        _Role.OTHER,
        r"(?:written|story|screenplay|produced|music|score|cinematography|photographed|based\s+on\s+\w+|edited|created)"
        r"\s+by|writers?|screenplay|producers?|running\s+time|run\s?time|duration|length|certificate|cert|rated"
        r"|classification|genres?|country|release(?:d|\s+date)?|in\s+cinemas|distribut(?:or|ed\s+by)|studio|author"
        r"|publisher|pages|music|cinematographer|cinematography|language|format|network|seasons?|episodes?"
        r"|theatrical\s+release|platform|where\s+to\s+watch|synopsis|plot",
    ),
)
_ANY = "|".join(f"(?P<{role}>{pattern})" for role, pattern in _LABELS)
_AT_START = re.compile(
    rf"[\s*•▪–—\-\[(]*(?:{_ANY})(?:(?P<colon>\s*[:：]|\s+[-–—](?=\s))|(?!\w))(?:\s+|(?<=[:：])|$)", re.I
)
_INSIDE = re.compile(rf"(?<![\w-])(?:{_ANY})\s*[:：]", re.I)
_REVIEW_BY = re.compile(r"(?<![\w-])Review(?:ed)? by[:：]?\s+")
_BY = re.compile(r"(?:[Bb]y|BY)\s*:?\s+(?P<name>[^,.|]+?(?:\s[A-Z]\.\s[^,.|]+)?)(?:\s*[,|].*|\s+on\s+\w+\s+\d.*)?")
_SIGNATURE = re.compile(r"[–—-]\s?(?P<name>[^\W\d_][^,:;]+)")
_CLOSED_FAMILY = re.compile(r".*\bby|(?:co-?)?starring", re.I)
_LABELLED_PROSE = re.compile(r"Review:\s")
_YEAR = re.compile(r"(?:18[89]|19\d|20\d)\d")


def read_credits(lines: Sequence[Line], *, plain: bool = False) -> Credits:
    """Return the credits of a post.

    `plain` says that the lines of the post may have been run together (a short feed): then only what is
    certain is taken of its last line, so a cast loses its last name where no one can tell where that ends.
    """
    found: dict[int, list[_Credit]] = {}
    edges = Credits()
    for number, line in _head(lines):
        pending = _pending(found, number, lines)
        credits, part = _read_line(line, pending, plain and number == len(lines) - 1)
        if credits:
            found[number] = credits
            edges = replace(edges, before=edges.before or part.before, after=part.after)
    tail = dict(_tail_byline(lines, found))
    gathered = [credit for credits in (*found.values(), *tail.values()) for credit in credits]
    return replace(
        edges,
        reviewers=_people(gathered, _Role.REVIEWER),
        directors=_people(gathered, _Role.DIRECTOR),
        cast=_people(gathered, _Role.CAST),
        year=_year(gathered),
        lines=frozenset(found) | frozenset(tail),
        prose_from=_last_of_head(lines, found) + 1,
    )


def reviewers_of(
    body: Iterable[str], labels: Iterable[str], authors: Iterable[str], site_names: Iterable[str] = ()
) -> tuple[str, ...]:
    """Return who wrote the review: the byline in the body, else a label "By NAME", else the feed's author.

    An author that is the site's own name, an address, or nobody ("admin") is no critic.
    """
    if named := tuple(body):
        return named
    for label in labels:
        if (match := _BY.fullmatch(label)) and are_surely_names(match["name"]):
            return split_names(match["name"])
    sites = {_squashed(name) for name in site_names}
    return tuple(name for name in map(fold, authors) if _is_critic(name) and _squashed(name) not in sites)


def _squashed(name: str) -> str:
    """Return a name's letters: "themoviewaffler" is how an account writes "The Movie Waffler"."""
    return re.sub(r"[\W_]", "", name.casefold())


def _is_critic(name: str) -> bool:
    nobody = {"", "admin", "administrator", "unknown", "anonymous", "editor", "noreply", "staff", "guest"}
    return "@" not in name and not name.lower().startswith("noreply") and name.lower().strip() not in nobody


def _head(lines: Sequence[Line]) -> Iterator[tuple[int, Line]]:
    """Give the lines above the first long paragraph; neither a long list of names nor "Review: …" is one."""
    for number, line in enumerate(lines[: 2 * HEAD_LINES]):
        if line.caption:
            continue
        yield number, line
        if len(line.text) > _LONG and not _AT_START.match(line.text) and not _LABELLED_PROSE.match(line.text):
            return


def _pending(found: dict[int, list[_Credit]], number: int, lines: Sequence[Line]) -> _Role | None:
    """Return whose names this line gives, where it goes on with what the lines above began.

    Those are a label alone, names below it, one to a line, or a line of names that ends in a comma.
    """
    text, above = lines[number].text, number - 1
    if _AT_START.match(text):
        return None
    if above in found and re.search(r"(?:,|&|\band)$", lines[above].text):
        return found[above][-1].role if are_names(text) else None
    while above in found and not _AT_START.match(lines[above].text):
        above -= 1
    if above < 0 or above in found:
        return None
    return _alone(lines[above], text, is_next=above == number - 1)


def _alone(label: Line, names: str, *, is_next: bool) -> _Role | None:
    """Return the role of a label that has its line to itself, where these can be its names."""
    match = _AT_START.fullmatch(label.text)
    if not match:
        return None
    is_marked = bool(match["colon"]) or label.bold == label.text or label.heading
    if is_marked and is_next:
        return _role(match) if are_names(names) else None
    is_plain = _CLOSED_FAMILY.fullmatch(label.text) and label.text[0].isupper()
    return _role(match) if (is_marked or is_plain) and are_surely_names(names) else None


def _read_line(line: Line, pending: _Role | None, open_ended: bool) -> tuple[list[_Credit], Credits]:
    nothing: tuple[list[_Credit], Credits] = [], Credits()
    if pending:
        return [_Credit(role=pending, value=line.text)], Credits()
    if bracketed := _in_brackets(line.text):
        return bracketed, Credits()
    if len(_marks(line.text)) >= 2 or (open_ended and _marks(line.text)):
        return _read_run(line.text, open_ended=open_ended)
    if stray := _inside_short(line.text):
        return stray, Credits()
    match = _AT_START.match(line.text)
    if match and _is_label(match, line):
        value = _value(line.text[match.end() :])
        if not value and match["colon"]:
            return nothing
        return [_Credit(role=_role(match), value=value)], Credits()
    byline = _BY.fullmatch(line.text)
    if byline and is_surely_name(split_names(byline["name"])[0] if split_names(byline["name"]) else ""):
        return [_Credit(role=_Role.REVIEWER, value=byline["name"])], Credits()
    return nothing


def _value(text: str) -> str:
    """Return what follows a label, without the closing bracket of one that was opened before it."""
    text = text.strip(" *]")
    return text if "(" in text else text.strip(" *])")


def _in_brackets(text: str) -> list[_Credit]:
    """Read the credits that one bracket holds: "(director: Ann Roe; cast: Bo Lind, Cy Marr; Runtime: 90; 2024)"."""
    if not (text.startswith("(") and text.endswith(")") and ";" in text):
        return []
    credits = []
    for piece in (piece.strip() for piece in text[1:-1].split(";")):
        match = _AT_START.match(piece)
        if match and match["colon"]:
            credits.append(_Credit(role=_role(match), value=piece[match.end() :].strip()))
        elif _YEAR.fullmatch(piece):
            credits.append(_Credit(role=_Role.YEAR, value=piece))
    return credits if len(credits) >= 2 else []


def _inside_short(text: str) -> list[_Credit]:
    """Read the one label inside a short line of facts: "WAX HOUSE **** USA 2014 Dir: Ann Roe. 90 mins"."""
    marks = _marks(text)
    if len(marks) != 1 or marks[0].start() == 0 or len(text) > _SHORT or _AT_START.match(text):
        return []
    value = text[marks[0].end() :].strip()
    role = _role(marks[0])
    if role is not _Role.DIRECTOR or not are_names(value):
        return []
    years = _YEAR.findall(text[: marks[0].start()])
    return [_Credit(role=role, value=value)] + [_Credit(role=_Role.YEAR, value=year) for year in years[-1:]]


def _is_label(match: re.Match[str], line: Line) -> bool:
    label = match[0].strip(" *•–—-[(:：")
    value = line.text[match.end() :].strip()
    role = _role(match)
    if role in (_Role.OTHER, _Role.YEAR):
        return bool(match["colon"]) and len(line.text) <= _LONG
    if match["colon"]:
        return are_names(value) if match["colon"].strip() in ":：" else are_surely_names(value)
    if line.bold.strip(" :–—-").casefold() == label.casefold() or (label.isupper() and not line.text.isupper()):
        return are_names(value)
    short = role is _Role.REVIEWER and len(value.split()) <= 4 and not value.endswith(".")
    family = bool(_CLOSED_FAMILY.fullmatch(label)) and label[:1].isupper()
    return family and (are_surely_names(value) or (short and are_names(value)))


def _marks(text: str) -> list[re.Match[str]]:
    """Return the labels inside a line, in order; "Review by NAME" needs no colon before another label."""
    marks = [match for match in _INSIDE.finditer(text) if match[0][0].isupper() or match.start() == 0]
    first = marks[0].start() if marks else len(text)
    byline = _REVIEW_BY.search(text, 0, first)
    if byline and marks and len(text[byline.end() : first].split()) <= 8:
        marks.insert(0, byline)
    return marks


def _read_run(text: str, *, open_ended: bool) -> tuple[list[_Credit], Credits]:
    """Read several credits on one line; after the last label prose may follow without a break."""
    marks = _marks(text)
    ends = [mark.start() for mark in marks[1:]]
    credits = [
        _Credit(role=_role(mark), value=text[mark.end() : end].strip()) for mark, end in zip(marks, ends, strict=False)
    ]
    role, value = _role(marks[-1]), text[marks[-1].end() :].strip()
    after: str | None = ""
    if role in (_Role.DIRECTOR, _Role.CAST, _Role.REVIEWER) and (open_ended or not are_names(value)):
        names, after = split_names_from_prose(value)
        value = ", ".join(names)
    credits.append(_Credit(role=role, value=value))
    return credits, Credits(before=text[: marks[0].start()].strip(), after=after)


def _role(match: re.Match[str]) -> _Role:
    if match.re is _REVIEW_BY:
        return _Role.REVIEWER
    return next(role for role in _Role if match[role.value])


def _tail_byline(lines: Sequence[Line], found: dict[int, list[_Credit]]) -> Iterator[tuple[int, list[_Credit]]]:
    """Give the byline or signature that closes a post, where its head has none."""
    if any(credit.role is _Role.REVIEWER for credits in found.values() for credit in credits):
        return
    for number in range(len(lines) - 1, max(len(lines) - 5, 0), -1):
        line = lines[number]
        match = _AT_START.match(line.text)
        if match and _role(match) is _Role.REVIEWER and _is_label(match, line):
            yield number, [_Credit(role=_Role.REVIEWER, value=line.text[match.end() :])]
            return
        signed = _SIGNATURE.fullmatch(line.text) or _BY.fullmatch(line.text)
        if signed and is_surely_name(signed["name"]):
            yield number, [_Credit(role=_Role.REVIEWER, value=signed["name"])]
            return


def _last_of_head(lines: Sequence[Line], found: dict[int, list[_Credit]]) -> int:
    """Return the number of the last credit above the prose: a byline that ends the post stands below it."""
    numbers = sorted(found)
    if numbers and numbers[-1] == len(lines) - 1 and [credit.role for credit in found[numbers[-1]]] == [_Role.REVIEWER]:
        before = numbers[-2] if len(numbers) > 1 else -1
        if any(len(line.text) >= _PARAGRAPH for line in lines[before + 1 : -1]):
            return before
    return numbers[-1] if numbers else -1


def _people(credits: Iterable[_Credit], role: _Role) -> tuple[str, ...]:
    names = (name for credit in credits if credit.role is role for name in split_names(credit.value))
    return tuple(dict.fromkeys(names))


def _year(credits: Iterable[_Credit]) -> int | None:
    years = (_YEAR.search(credit.value) for credit in credits if credit.role is _Role.YEAR)
    return next((int(match[0]) for match in years if match), None)

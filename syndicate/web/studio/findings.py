"""What the lint found → where the studio shows it: beside the inbox lines, at the bar, beside the letter. Pure."""

from __future__ import annotations

import html as markup
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from syndicate.compose.lint import Finding, Severity

SIZE_CHECK = 1
"""The number of the check that measures the letter (docs/linting.md)."""
_LINE = re.compile(r"line (\d+)$")
_GRAVEST_FIRST = tuple(Severity)


class Place(StrEnum):
    """A place of the page, beside which findings stand."""

    SUBJECT = "subject"
    PREHEADER = "preheader"
    HEADERS = "headers"
    LETTER = "letter"
    TEXT = "text"
    SIZE = "size"
    ISSUE = "issue"
    """What it carries, rather than how it is written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownFinding:
    """A finding, once for all the places where it was found."""

    number: int
    name: str
    severity: Severity
    place: Place
    why: str
    how: str
    where: str
    """The first place, as the lint names it."""
    lines: tuple[int, ...] = ()
    """Of the HTML or the text part; empty where it names none."""
    films: tuple[str, ...] = ()
    """The films about which those lines are."""
    anchor: str
    """A name that is its own on the page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownFindings:
    """All of an issue's, the gravest first."""

    all: tuple[ShownFinding, ...] = ()

    def at(self, *places: str) -> tuple[ShownFinding, ...]:
        """Return those that stand beside these places."""
        return tuple(each for each in self.all if each.place in places)

    @property
    def counts(self) -> tuple[tuple[Severity, int], ...]:
        """Return how many of each severity there are, the gravest first; none that has none."""
        counted = ((each, sum(found.severity is each for found in self.all)) for each in _GRAVEST_FIRST)
        return tuple((severity, count) for severity, count in counted if count)


def shown_findings(
    findings: Iterable[Finding], *, html: str = "", films: Mapping[str, str] | None = None
) -> ShownFindings:
    """Return what was found, gathered by what it says.

    `html` is the letter as the lint read it, and `films` the film of each review's link in it: by the nearest link
    a line is known to be about a film.
    """
    near = _linked_lines(html, films or {})
    gathered: dict[tuple[int, Place, Severity, str, str], list[Finding]] = {}
    for each in findings:
        gathered.setdefault((each.number, place_of(each), each.severity, each.why, each.how), []).append(each)
    shown = [_shown(group, near, rank) for rank, group in enumerate(gathered.values(), 1)]
    return ShownFindings(all=tuple(sorted(shown, key=lambda each: _GRAVEST_FIRST.index(each.severity))))


def place_of(finding: Finding) -> Place:
    """Return where a finding is shown, by what the lint says of its place."""
    where = finding.where.lower()
    if finding.number == SIZE_CHECK:
        return Place.SIZE
    if where == "issue":
        return Place.ISSUE
    if where.startswith(("subject", "header subject")):
        return Place.SUBJECT
    if where.startswith("preheader"):
        return Place.PREHEADER
    if where.startswith(("header", "message")):
        return Place.HEADERS
    return Place.TEXT if where.startswith("text") else Place.LETTER


def line_of(finding: Finding) -> int | None:
    """Return the line that a finding names, or None."""
    found = _LINE.search(finding.where)
    return int(found[1]) if found else None


def film_at(line: int, near: Sequence[tuple[int, str]]) -> str | None:
    """Return the film about which a line is: that of the nearest link, if links of it stand on both sides of it."""
    between = {
        film
        for film in dict.fromkeys(film for _, film in near)
        if min(at for at, each in near if each == film) <= line <= max(at for at, each in near if each == film)
    }
    inside = [(abs(at - line), film) for at, film in near if film in between]
    return min(inside)[1] if inside else None


def _shown(group: Sequence[Finding], near: Sequence[tuple[int, str]], rank: int) -> ShownFinding:
    first = group[0]
    place = place_of(first)
    lines = tuple(dict.fromkeys(line for each in group if (line := line_of(each)) is not None))
    about = (film_at(line, near) for line in lines) if place is Place.LETTER else ()
    return ShownFinding(
        number=first.number,
        name=first.name,
        severity=first.severity,
        place=place,
        why=first.why,
        how=first.how,
        where=first.where,
        lines=lines,
        films=tuple(dict.fromkeys(film for film in about if film)),
        anchor=f"finding-{place}-{first.number}-{rank}",
    )


def _linked_lines(html: str, films: Mapping[str, str]) -> tuple[tuple[int, str], ...]:
    """Return each line that links to a review, with its film, in order."""
    wanted = {markup.escape(link): film for link, film in films.items() if link}
    found: list[tuple[int, str]] = []
    for number, line in enumerate(html.split("\n") if wanted else (), 1):
        found += [(number, film) for link, film in wanted.items() if f'"{link}"' in line]
    return tuple(found)

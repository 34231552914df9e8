"""Findings stand beside the place they speak of, once for all their lines, with the film that they are about."""

from __future__ import annotations

import pytest

from syndicate.compose.lint import Finding, Severity
from syndicate.web.studio.findings import Place, place_of, shown_findings


def finding(where: str, *, number: int = 13, severity: Severity = Severity.WARNING, why: str = "no width") -> Finding:
    return Finding(number=number, name="pictures", severity=severity, why=why, how="write width", where=where)


PLACES = [
    ("subject", 9, Place.SUBJECT),
    ("header Subject", 8, Place.SUBJECT),
    ("preheader", 25, Place.PREHEADER),
    ("header List-Unsubscribe", 3, Place.HEADERS),
    ("message", 39, Place.HEADERS),
    ("message line 12", 8, Place.HEADERS),
    ("html", 4, Place.LETTER),
    ("html line 12", 13, Place.LETTER),
    ("text", 2, Place.TEXT),
    ("text line 3", 38, Place.TEXT),
    ("html", 1, Place.SIZE),
    ("issue", 37, Place.ISSUE),
]


@pytest.mark.parametrize(("where", "number", "place"), PLACES, ids=[f"{each[0]}, {each[1]}" for each in PLACES])
def test_a_finding_stands_beside_its_place(where: str, number: int, place: Place) -> None:
    assert place_of(finding(where, number=number)) is place


HTML = """<a href="https://x.example/a">A</a>
<h1>Letter</h1>
<a href="https://x.example/a"><img>
</a>
<a href="https://x.example/a">Read A</a>
<a href="https://x.example/b?1&amp;2"><img></a>
<p>
<a href="https://x.example/b?1&amp;2">Read B</a>"""
FILMS = {"https://x.example/a": "Salt Road", "https://x.example/b?1&2": "Low Tide"}


def test_one_fault_in_many_places_is_told_once_with_its_lines_and_films() -> None:
    shown = shown_findings([finding("html line 4"), finding("html line 7")], html=HTML, films=FILMS)
    (one,) = shown.all
    assert one.lines == (4, 7)
    assert one.films == ("Salt Road", "Low Tide")


def test_the_gravest_come_first_and_are_counted() -> None:
    errors, notes = (finding("subject", severity=each, why=each) for each in (Severity.ERROR, Severity.NOTE))
    shown = shown_findings([notes, finding("text"), errors])
    assert [each.severity for each in shown.all] == [Severity.ERROR, Severity.WARNING, Severity.NOTE]
    assert shown.counts == ((Severity.ERROR, 1), (Severity.WARNING, 1), (Severity.NOTE, 1))
    assert [each.why for each in shown.at("subject")] == ["error", "note"]
    assert len({each.anchor for each in shown.all}) == 3

"""How inboxes cut: nothing is lost, nothing is longer than its row, no letter is torn from its accents."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.web.studio.inbox import PROGRAMS, cut, inbox_lines, width

LONG = "The Last Ferry to Inishgall, a stove that would not light, and four more films from the islands"


@given(text=st.text(max_size=200), room=st.integers(0, 120))
def test_what_is_shown_and_what_is_not_are_the_text_and_fit_the_row(text: str, room: int) -> None:
    found, whole = cut(text, room), " ".join(text.split())
    assert width(found.shown) <= max(room, 0)
    if found.rest:
        assert whole.endswith(found.rest)
        assert whole.startswith(found.shown.removesuffix("…"))
    else:
        assert found.shown == whole


@pytest.mark.parametrize(
    ("text", "room", "shown"),
    [
        ("Salt Road", 9, "Salt Road"),
        ("Salt Road", 8, "Salt Ro…"),
        ("Salt Road", 6, "Salt…"),
        ("狼の道", 4, "狼…"),
        ("e\u0301e\u0301e\u0301", 2, "e\u0301…"),
        ("👩\u200d🚒👩\u200d🚒", 5, "👩\u200d🚒…"),
        ("Salt", 0, ""),
    ],
    ids=["whole", "cut", "no blank before the dots", "wide", "accents", "joined", "no room"],
)
def test_a_text_is_cut_between_its_letters(text: str, room: int, shown: str) -> None:
    assert cut(text, room).shown == shown


def test_each_program_shows_as_much_as_it_has_room_for() -> None:
    lines = inbox_lines(sender="The Lantern", subject=LONG, preheader=LONG)
    assert [line.program for line in lines] == list(PROGRAMS)
    for line in lines:
        assert line.sender.rest == ""
        assert width(line.subject.shown) <= line.program.subject
    gmail = lines[0]
    assert width(gmail.subject.shown) + width(gmail.preheader.shown) <= 100
    assert gmail.says == "subject whole, nothing of the preheader"


@pytest.mark.parametrize(
    ("preheader", "says"),
    [
        ("", "subject whole, no preheader"),
        ("A keeper of keys.", "subject whole, preheader whole"),
        (LONG, f"subject whole, 45 of {len(LONG)} characters of the preheader"),
    ],
    ids=["none", "short", "long"],
)
def test_it_says_in_words_what_is_cut(preheader: str, says: str) -> None:
    assert inbox_lines(sender="The Lantern", subject="Salt Road", preheader=preheader)[3].says == says

"""The next issue as the editor arranges it: what is in it, what is not, and what the page sends back."""

from __future__ import annotations

import json
from pathlib import Path

from syndicate.compose.choices import Choices
from syndicate.compose.select import PassedOver
from syndicate.web.studio.arranging import Arrangement
from syndicate.web.studio.look import look_at
from syndicate.web.studio.memory import Memory
from tests.web.studio.places import Place, make_place


def arrangement(place: Place) -> Arrangement:
    with place.opened() as app:
        found = look_at(app).issues[0].arrangement
    assert found is not None
    return found


def choose(place: Place, choices: Choices) -> None:
    with place.opened() as app:
        revision = app.choices.of("weekly").revision
        assert app.choices.keep("weekly", choices, revision=revision, now=place.clock.now())


def test_by_the_rules_nothing_is_changed_and_every_review_has_its_row(tmp_path: Path) -> None:
    found = arrangement(make_place(tmp_path))
    assert (found.is_changed, found.revision) == (False, 0)
    assert [row.is_lead for row in found.rows] == [True, *[False] * 5]
    assert [group.title for group in found.groups] == [None], "none of them is of a strand that has a section"
    assert found.left_out == found.waiting == ()


def test_what_the_editor_chose_is_where_they_chose_it(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    was = arrangement(place).rows
    first, last = was[1].id, was[-1].id
    choose(place, Choices(lead=last, left_out=frozenset({first}), subject="Harbours"))
    found = arrangement(place)
    assert found.lead is not None
    assert found.lead.id == last
    assert [(row.id, row.passed) for row in found.left_out] == [(first, PassedOver.LEFT_OUT)]
    assert first not in [row.id for row in found.rows]
    assert json.loads(found.as_json) == {
        "revision": 1,
        "subject": "Harbours",
        "preheader": None,
        "note": None,
        "lead": last,
        "order": [],
        "left_out": [first],
    }


def test_what_a_rule_leaves_out_waits_with_its_reason(tmp_path: Path) -> None:
    found = arrangement(make_place(tmp_path, lambda text: text.replace("at: fri", "cap: 4, at: fri")))
    assert len(found.rows) == 4
    assert [row.passed for row in found.waiting] == [PassedOver.CAP] * 2
    assert all("cap of 4" in row.because.text for row in found.waiting)


def test_looking_again_gives_the_same_look_and_composes_nothing_anew(tmp_path: Path) -> None:
    place, memory = make_place(tmp_path), Memory()
    with place.opened() as app:
        first = look_at(app, memory=memory.under("these files"))
        again = look_at(app, memory=memory.under("these files"))
    assert first == again
    assert first.accounts[0].next[0].content is again.accounts[0].next[0].content


def test_what_was_worked_out_is_forgotten_with_its_files() -> None:
    memory, made = Memory(), iter("abc")
    assert memory.under(1).recall("key", lambda: next(made)) == "a"
    assert memory.under(1).recall("key", lambda: next(made)) == "a"
    assert memory.under(2).recall("key", lambda: next(made)) == "b"

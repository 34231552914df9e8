"""What the page writes: only our own page, only with the token, only what can be chosen; and it shows in the letter."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syndicate.compose.choices import Choices
from syndicate.pipeline import tick
from syndicate.web.studio.editing import MOST_BODY_BYTES
from tests.web.studio.places import FRIDAY_AT_NINE, HOST, TOKEN, Browser, Place, headers, make_place

PATH = "/digests/weekly/choices"
NOTHING: Mapping[str, Any] = {
    "revision": 0,
    "subject": None,
    "preheader": None,
    "note": None,
    "lead": None,
    "order": [],
    "left_out": [],
}


def chosen(**values: Any) -> dict[str, Any]:
    """Return what the page posts where these are chosen and nothing else."""
    return {**NOTHING, **values}


def kept(place: Place) -> tuple[Choices, int]:
    with place.opened() as app:
        found = app.choices.of("weekly")
    return found.choices, found.revision


REFUSED: dict[str, tuple[dict[str, str | None], int]] = {
    "a name that a stranger points here": (
        {"Host": "rebound.example:8025", "Origin": "http://rebound.example:8025"},
        421,
    ),
    "a page of another site": ({"Origin": "https://evil.example"}, 403),
    "a page of another port here": ({"Origin": "http://127.0.0.1:3000"}, 403),
    "another of our own names": ({"Origin": "http://localhost:8025"}, 403),
    "our place, otherwise spoken": ({"Origin": f"https://{HOST}"}, 403),
    "a sandboxed frame": ({"Origin": "null"}, 403),
    "nobody says from where": ({"Origin": None}, 403),
    "an empty origin": ({"Origin": ""}, 403),
    "the browser says: another site": ({"Sec_Fetch_Site": "cross-site"}, 403),
    "the browser says: a neighbour": ({"Sec_Fetch_Site": "same-site"}, 403),
    "the browser says: typed": ({"Sec_Fetch_Site": "none"}, 403),
    "no token": ({"X_Studio_Token": None}, 403),
    "an empty token": ({"X_Studio_Token": ""}, 403),
    "the token of an earlier start": ({"X_Studio_Token": "the-token-of-that-start"}, 403),
    "the beginning of the token": ({"X_Studio_Token": TOKEN[:-1]}, 403),
    "a form": ({"Content_Type": "application/x-www-form-urlencoded"}, 415),
    "a form with files": ({"Content_Type": "multipart/form-data; boundary=x"}, 415),
    "plain text, as a form can send": ({"Content_Type": "text/plain"}, 415),
    "plain text that says JSON": ({"Content_Type": "text/plain; application/json"}, 415),
    "no content type": ({"Content_Type": None}, 415),
}


@pytest.mark.parametrize(("changes", "status"), REFUSED.values(), ids=REFUSED.keys())
def test_only_our_own_page_may_write(place: Place, changes: dict[str, str | None], status: int) -> None:
    with place.previewed() as browser:
        answer = browser.post(PATH, chosen(subject="Not from us"), **changes)
        assert answer.status_code == status
        assert "Not from us" not in browser.get("/issue/weekly.eml").text
    assert kept(place) == (Choices(), 0)


ACCEPTED: dict[str, dict[str, str | None]] = {
    "an older browser": {},
    "a browser that says from where": {"Sec_Fetch_Site": "same-origin"},
    "through a tunnel": {"Host": "localhost:9000", "Origin": "http://localhost:9000"},
    "IPv6": {"Host": "[::1]:8025", "Origin": "http://[::1]:8025"},
    "a charset": {"Content_Type": "application/json; charset=UTF-8"},
}


@pytest.mark.parametrize("changes", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_our_own_page_writes_and_the_letter_shows_it(tmp_path: Path, changes: dict[str, str | None]) -> None:
    place = make_place(tmp_path)
    with place.previewed() as browser:
        answer = browser.post(PATH, chosen(subject="  A ferry, and five more  ", left_out=[3]), **changes)
        assert (answer.status_code, answer.json()) == (200, {"revision": 1})
        assert "Subject: A ferry, and five more" in browser.get("/issue/weekly.eml").text
    assert kept(place) == (Choices(subject="A ferry, and five more", left_out=frozenset({3})), 1)


def test_without_a_token_of_its_own_the_studio_writes_nothing(place: Place) -> None:
    with place.previewed(token=None) as browser:
        for token in (TOKEN, "", "None", None):
            answer = browser.post(PATH, NOTHING, X_Studio_Token=token)
            assert answer.status_code == 403
            assert "others could reach" in answer.json()["error"]


@pytest.mark.parametrize("path", ["/", "/view/weekly", "/version", "/digests", "/issue/weekly.html"])
def test_nothing_else_is_posted_to(place: Place, path: str) -> None:
    with place.previewed() as browser:
        assert browser.post(path, NOTHING).status_code == 405


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_choices_are_only_posted(place: Place, method: str) -> None:
    with place.previewed() as browser:
        assert browser.ask(method, PATH, headers(), b"{}").status_code == 405


WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "a subject of two lines": ({"subject": "One\nBcc: all@readers.example"}, "subject", "one line"),
    "a subject with a line separator": ({"subject": "One\u2028two"}, "subject", "one line"),
    "a long subject": ({"subject": "x" * 151}, "subject", "at most 150"),
    "half a character": ({"subject": "\ud83d"}, "subject", "half a character"),
    "a long preheader": ({"preheader": "x" * 141}, "preheader", "at most 140"),
    "a preheader of two lines": ({"preheader": "a\rb"}, "preheader", "one line"),
    "a long note": ({"note": "x" * 8_001}, "note", "at most 8,000"),
    "a note with a control character": ({"note": "a\x00b"}, "note", "control"),
    "a subject that is a number": ({"subject": 7}, "subject", "text or null"),
    "a note that is a list": ({"note": ["a"]}, "note", "text or null"),
    "a lead that nobody knows": ({"lead": 99_999}, "lead", "no review"),
    "a lead that is true": ({"lead": True}, "lead", "whole number"),
    "a lead that is a text": ({"lead": "2"}, "lead", "whole number"),
    "a lead that is left out": ({"lead": 2, "left_out": [2]}, "lead", "left out"),
    "a review that is only history": ({"order": [12]}, "order", "no review"),
    "a negative review": ({"left_out": [-1]}, "left_out", "whole number"),
    "a number past all counting": ({"order": [2**60]}, "order", "whole number"),
    "an order that is a text": ({"order": "12"}, "order", "list"),
    "an order within an order": ({"order": [[1]]}, "order", "whole number"),
    "a review twice": ({"order": [1, 2, 1]}, "order", "twice"),
    "more reviews than there can be": ({"order": list(range(3_000))}, "order", "list of at most"),
    "a revision that is none": ({"revision": None}, "revision", "whole number"),
    "a revision that is a fraction": ({"revision": 0.5}, "revision", "whole number"),
    "a field that nobody knows": ({"colour": "red"}, "colour", "no such field"),
}


@pytest.mark.parametrize(("values", "field", "why"), WRONG.values(), ids=WRONG.keys())
def test_what_cannot_be_chosen_is_told_with_its_field(
    place: Place, values: dict[str, Any], field: str, why: str
) -> None:
    with place.previewed() as browser:
        answer = browser.post(PATH, chosen(**values))
    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert why in answer.json()["error"]
    assert kept(place) == (Choices(), 0)


@pytest.mark.parametrize("field", NOTHING)
def test_a_field_that_is_missing_is_named(place: Place, field: str) -> None:
    with place.previewed() as browser:
        answer = browser.post(PATH, {name: value for name, value in NOTHING.items() if name != field})
    assert (answer.status_code, answer.json()["field"]) == (422, field)


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b"[" * 60_000, b'{"revision": ' + b"9" * 5_000 + b"}"],
    ids=["nothing", "half", "a list", "null", "a text", "no UTF-8", "deep", "a long number"],
)
def test_a_body_that_is_no_object_is_refused(place: Place, body: bytes) -> None:
    with place.previewed() as browser:
        assert browser.ask("POST", PATH, headers(), body).status_code == 422


def test_a_body_that_does_not_end_is_not_read_to_its_end(place: Place) -> None:
    with place.previewed() as browser:
        assert browser.ask("POST", PATH, headers(), b" " * (MOST_BODY_BYTES + 1)).status_code == 413
        assert browser.ask("POST", PATH, headers(), b" " * MOST_BODY_BYTES).status_code == 422


def test_a_digest_that_nobody_knows_is_not_there(place: Place) -> None:
    with place.previewed() as browser:
        for path in ("/digests/monthly/choices", "/digests/%3Cscript%3E/choices/clear"):
            values = NOTHING if path.endswith("choices") else {"revision": 0}
            assert browser.post(path, values).status_code == 404


def test_who_looked_at_an_older_revision_changes_nothing(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    with place.previewed() as browser:
        assert browser.post(PATH, chosen(subject="First")).json() == {"revision": 1}
        for stale in (0, 2):
            answer = browser.post(PATH, chosen(subject="Second", revision=stale))
            assert (answer.status_code, "changed meanwhile" in answer.json()["error"]) == (409, True)
        assert kept(place) == (Choices(subject="First"), 1)
        assert browser.post(PATH, chosen(subject="Second", revision=1)).json() == {"revision": 2}


def test_clearing_forgets_all_that_was_chosen(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    with place.previewed() as browser:
        browser.post(PATH, chosen(subject="Mine", note="A *word*.", lead=2, order=[2, 1], left_out=[3]))
        assert browser.post(f"{PATH}/clear", {"revision": 0}).status_code == 409
        assert browser.post(f"{PATH}/clear", {"revision": 1}).json() == {"revision": 2}
    assert kept(place) == (Choices(), 2)


def test_what_was_chosen_for_an_issue_that_went_is_told_as_changed(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    with place.previewed() as browser:
        browser.post(PATH, chosen(subject="For the first"))
        place.move_to(FRIDAY_AT_NINE)
        with place.opened() as app:
            tick(app)
        assert browser.post(PATH, chosen(subject="For the first, again", revision=1)).status_code == 409


def test_a_review_that_was_chosen_and_has_gone_since_does_not_block_the_page(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    with place.previewed() as browser:
        assert browser.post(PATH, chosen(order=[2, 1])).status_code == 200
        with place.opened() as app:
            app.entries.hold(1)
        assert browser.post(PATH, chosen(order=[2, 1], subject="Mine", revision=1)).status_code == 200
        assert browser.post(PATH, chosen(subject="Mine", revision=2)).status_code == 200
        assert browser.post(PATH, chosen(order=[1], revision=3)).json()["field"] == "order"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.fixed_dictionaries({}, optional=dict.fromkeys((*NOTHING, "more"), json_values)) | json_values)
def test_no_json_meets_a_fault_of_ours(studio: Browser, values: object) -> None:
    assert studio.post(PATH, values).status_code in (200, 409, 422)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=300))
def test_no_bytes_meet_a_fault_of_ours(studio: Browser, body: bytes) -> None:
    assert studio.ask("POST", PATH, headers(), body).status_code == 422


texts = st.none() | st.text(max_size=160)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    subject=texts,
    preheader=texts,
    note=st.none() | st.text(st.sampled_from("ab *_[](){}<>&#%`!\n\\:/@\"'"), max_size=60) | st.text(max_size=60),
    lead=st.none() | st.integers(1, 6),
    order=st.lists(st.integers(1, 6), unique=True),
    left_out=st.sets(st.integers(1, 6)),
)
def test_whatever_may_be_chosen_renders(studio: Browser, left_out: set[int], **values: Any) -> None:
    with studio.live.look() as (app, _):
        revision = app.choices.of("weekly").revision
    answer = studio.post(PATH, {**values, "left_out": sorted(left_out), "revision": revision})
    assert answer.status_code in (200, 422)
    if answer.status_code == 200:
        assert studio.get("/issue/weekly.html").status_code == 200
        assert b"\r\nSubject: " in studio.get("/issue/weekly.eml").content


def test_the_answers_are_json_and_tell_no_other_site(place: Place) -> None:
    with place.previewed() as browser:
        for answer in (browser.post(PATH, {}), browser.post(PATH, NOTHING, Origin=None)):
            assert json.loads(answer.text)["error"]
            assert answer.headers["content-type"] == "application/json"
            assert answer.headers["referrer-policy"] == "no-referrer"
            assert "access-control-allow-origin" not in answer.headers

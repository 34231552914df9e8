"""Leaving: by the one click of a mail program, by the button, by the preferences; and links that prove nothing."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from syndicate.audience.model import SuppressionReason
from syndicate.audience.tokens import Purpose
from tests.web.readers.house import House, house

ADA = "ada@reader.example"
ONE_CLICK = b"List-Unsubscribe=One-Click"
MULTIPART = b'--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n'
BODIES = [
    pytest.param("application/x-www-form-urlencoded", ONE_CLICK, "one-click", id="urlencoded"),
    pytest.param("multipart/form-data; boundary=b", MULTIPART, "one-click", id="multipart"),
    pytest.param("application/x-www-form-urlencoded", b"", "the page", id="the button"),
    pytest.param("multipart/form-data", b"torn", "the page", id="no body that we can read"),
    pytest.param("text/plain", b"\xff\xfe", "the page", id="no form at all"),
]
ODD = [
    {},
    {"Origin": "https://elsewhere.example", "Referer": "https://elsewhere.example/"},
    {"Cookie": "session=1", "Origin": "null", "Sec-Fetch-Site": "cross-site"},
]


@pytest.mark.parametrize("headers", ODD, ids=["bare", "from elsewhere", "with a cookie"])
@pytest.mark.parametrize(("kind", "body", "how"), BODIES)
def test_a_post_leaves_at_once_and_is_answered_200_without_redirect_or_cookie(
    here: House, kind: str, body: bytes, how: str, headers: dict[str, str]
) -> None:
    _, token = here.reader(ADA, "readers")
    answer = here.ask("POST", f"/leave/{token}", headers={"Content-Type": kind, **headers}, content=body)
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    assert "We will not send you “Weekly readers” any more" in answer.text
    assert here.states(ADA) == {"readers": "unsubscribed"}
    assert [row[5] for row in here.dump()["history"]] == [how]


def test_looking_at_the_preferences_changes_nothing(here: House) -> None:
    _, token = here.reader(ADA, "readers")
    before = here.dump()
    for method in ("GET", "HEAD", "OPTIONS", "PUT", "DELETE"):
        here.ask(method, f"/preferences/{token}?list=festival&leave-all=1", content=b"leave-all=1")
    assert here.dump() == before


def test_a_look_shows_one_button_and_changes_nothing(here: House) -> None:
    _, token = here.reader(ADA, "readers")
    before = here.dump()
    page = here.get(f"/leave/{token}")
    assert "Unsubscribe from Weekly readers?" in page.text
    assert page.text.count("<button") == 1
    assert f'href="/preferences/{token}"' in page.text
    for method in ("GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE"):
        here.ask(method, f"/leave/{token}", content=ONE_CLICK)
    assert here.dump() == before


def test_the_token_of_a_mail_that_was_kept_for_years_still_leaves(here: House) -> None:
    _, token = here.reader(ADA, "readers")
    here.clock.advance(timedelta(days=3650))
    assert here.post(f"/leave/{token}", origin=None).status_code == 200
    assert here.states(ADA) == {"readers": "unsubscribed"}


def test_the_whole_way_is_the_same_on_either_database(tmp_path: Path, database_url: str) -> None:
    with house(tmp_path, database_url=database_url) as here:
        here.join(ADA)
        here.post(f"/confirm/{here.token(Purpose.CONFIRM, ADA, 'readers')}")
        assert here.states(ADA) == {"readers": "confirmed"}
        letters = here.token(Purpose.READER, ADA, "readers")
        here.post(f"/preferences/{letters}", {"list": ["readers", "festival"]})
        assert here.states(ADA) == {"festival": "confirmed", "readers": "confirmed"}
        here.ask("POST", f"/leave/{letters}", content=ONE_CLICK)
        assert here.states(ADA) == {"festival": "confirmed", "readers": "unsubscribed"}


def test_leaving_twice_says_the_same(here: House) -> None:
    _, token = here.reader(ADA, "readers")
    first = here.post(f"/leave/{token}")
    after = here.dump()["subscriptions"]
    assert here.post(f"/leave/{token}").content == first.content
    assert here.get(f"/leave/{token}").content == first.content
    assert here.dump()["subscriptions"] == after


def test_a_token_leaves_the_lists_that_it_names_and_no_others(here: House) -> None:
    here.reader(ADA, "readers", "festival")
    page = f"/leave/{here.token(Purpose.READER, ADA, 'readers')}"
    assert "festival" not in here.get(page).text.lower()
    here.post(page)
    assert here.states(ADA) == {"festival": "confirmed", "readers": "unsubscribed"}


def test_a_token_that_names_none_leaves_all(here: House) -> None:
    here.reader(ADA, "readers", "festival")
    page = f"/leave/{here.token(Purpose.READER, ADA)}"
    assert "Unsubscribe from The Lantern?" in here.get(page).text
    assert "any more letters from The Lantern" in here.post(page).text
    assert set(here.states(ADA).values()) == {"unsubscribed"}


def test_a_list_that_config_yaml_has_no_more_can_be_left(tmp_path: Path) -> None:
    with house(tmp_path) as here:
        _, token = here.reader(ADA, "festival")
    gone = ("  festival: {name: Festival notes, opt_in: single}\n", "")
    with house(tmp_path, gone, ("  berlin: {lists: [festival], at: daily 18:00}\n", "")) as here:
        assert "Unsubscribe from festival?" in here.get(f"/leave/{token}").text
        assert here.post(f"/leave/{token}").status_code == 200
        assert here.states(ADA) == {"festival": "unsubscribed"}


def forged(here: House) -> list[str]:
    """Return tokens that prove nothing: of nobody, cut short, changed, of another reader, for another purpose."""
    _, token = here.reader(ADA, "readers")
    here.reader("bo@reader.example", "readers")
    own = token.split(".")
    bo = here.token(Purpose.READER, "bo@reader.example", "readers").split(".")
    return [
        "nothing",
        token[:-1],
        token[:-1] + ("A" if token[-1] != "A" else "B"),
        token + "A",
        ".".join([*bo[:4], own[4]]),
        ".".join([*own[:2], "festival", *own[3:]]),
        here.token(Purpose.CONFIRM, ADA, "readers"),
        "%00",
        "é",
        "a" * 2900,
    ]


def test_a_token_that_proves_nothing_gets_the_same_friendly_200_and_changes_nothing(here: House) -> None:
    tokens = forged(here)
    before = here.dump()
    answers = {here.ask("POST", f"/leave/{token}", content=ONE_CLICK).content for token in tokens}
    assert len(answers) == 1
    assert "This link does not work" in answers.pop().decode()
    assert {here.get(f"/leave/{token}").status_code for token in tokens} == {200}
    assert {here.post(f"/preferences/{token}").status_code for token in tokens} == {404}
    assert here.dump() == before


# --- the preferences ---


def test_the_preferences_show_each_list_with_what_it_brings(here: House) -> None:
    _, token = here.reader(ADA, "readers")
    page = here.get(f"/preferences/{token}").text
    assert "a…@reader.example" in page
    assert ADA not in page
    assert "Brings you The Friday letter" in page
    assert 'value="readers" checked' in page
    assert 'value="festival">' in page
    assert "friends" not in page.lower()


def test_what_is_ticked_holds_from_then_on(here: House) -> None:
    _, token = here.reader(ADA, "readers")
    saved = here.post(f"/preferences/{token}", {"list": ["festival", "friends", "nothing"]})
    assert "Saved. This is what you get" in saved.text
    assert here.states(ADA) == {"festival": "confirmed", "readers": "unsubscribed"}
    assert 'value="festival" checked' in saved.text


@pytest.mark.parametrize("fields", [{}, {"leave-all": "1", "list": ["readers", "festival"]}], ids=["none", "button"])
def test_nothing_ticked_or_the_button_leaves_everything(here: House, fields: dict[str, list[str]]) -> None:
    _, token = here.reader(ADA, "readers", "festival")
    saved = here.post(f"/preferences/{token}", fields)
    assert "We will not send you any more letters" in saved.text
    assert set(here.states(ADA).values()) == {"unsubscribed"}


def test_a_form_that_cannot_be_read_changes_nothing(here: House) -> None:
    _, token = here.reader(ADA, "readers")
    answer = here.ask("POST", f"/preferences/{token}", headers={"Content-Type": "multipart/form-data"}, content=b"torn")
    assert answer.status_code == 400
    assert here.states(ADA) == {"readers": "confirmed"}


def test_a_suppressed_reader_is_told_so_and_joins_nothing(here: House) -> None:
    _, token = here.reader(ADA, "readers")
    here.app.audience.suppress(ADA, SuppressionReason.HARD_BOUNCE, here.clock.now())
    assert "We do not write to this address" in here.get(f"/preferences/{token}").text
    here.post(f"/preferences/{token}", {"list": "festival"})
    assert here.states(ADA) == {"readers": "unsubscribed"}


def test_a_closed_list_warns_that_there_is_no_way_back(here: House) -> None:
    _, token = here.reader(ADA, "friends")
    assert "you cannot join it again here" in here.get(f"/preferences/{token}").text
    here.post(f"/preferences/{token}")
    assert "Friends of the house" not in here.get(f"/preferences/{token}").text

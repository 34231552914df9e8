"""Joining on the web: from our form, from the blog's, from a script there, and from nowhere else."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from syndicate.audience.model import SubscriptionState, SuppressionReason
from syndicate.audience.tokens import Purpose
from tests.web.readers.house import BLOG, BLOGSPOT, OWN, House, house, stamp_in

ADA = "ada@reader.example"


def test_the_form_of_the_blog_makes_a_request_and_plans_one_mail_that_asks(here: House) -> None:
    answer = here.join(ADA)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{OWN}/sent")
    assert here.states(ADA) == {"readers": "unconfirmed"}
    assert here.notices() == [("confirm", "readers")]
    assert "Check your inbox" in here.get("/sent").text


def test_our_own_form_does_the_same_and_several_lists_cost_one_mail(here: House) -> None:
    stamp = here.stamp()
    answer = here.post("/subscribe", {"email": ADA, "list": ["readers", "festival"], "stamp": stamp})
    assert answer.headers["location"] == f"{OWN}/sent"
    assert here.states(ADA) == {"readers": "unconfirmed", "festival": "confirmed"}


def test_a_list_that_asks_nobody_says_thanks(here: House) -> None:
    assert here.join(ADA, "festival").headers["location"] == f"{OWN}/joined"
    assert here.states(ADA) == {"festival": "confirmed"}


@pytest.mark.parametrize("headers", [{"Accept": "application/json"}, {}], ids=["asks for JSON", "speaks JSON"])
def test_a_script_of_the_blog_sends_json_and_reads_the_answer(here: House, headers: dict[str, str]) -> None:
    body = json.dumps({"email": ADA, "list": "readers"}).encode()
    sent = {"Origin": BLOG, "Content-Type": "application/json", **headers}
    answer = here.ask("POST", "/subscribe", headers=sent, content=body)
    assert answer.status_code == 200
    assert answer.json()["ok"] is True
    assert answer.headers["access-control-allow-origin"] == BLOG
    assert answer.headers["vary"] == "Origin"
    assert here.states(ADA) == {"readers": "unconfirmed"}


def test_a_script_that_sends_a_form_as_a_form_gets_an_answer_that_it_can_read(here: House) -> None:
    answer = here.post("/subscribe", {"email": ADA, "list": "readers"}, origin=BLOG, Sec_Fetch_Mode="cors")
    assert (answer.status_code, answer.json()["ok"]) == (200, True)


def test_multipart_is_a_form_too(here: House) -> None:
    parts = b'--x\r\nContent-Disposition: form-data; name="email"\r\n\r\nada@reader.example\r\n'
    parts += b'--x\r\nContent-Disposition: form-data; name="list"\r\n\r\nreaders\r\n--x--\r\n'
    here.ask(
        "POST", "/subscribe", headers={"Origin": BLOG, "Content-Type": "multipart/form-data; boundary=x"}, content=parts
    )
    assert here.states(ADA) == {"readers": "unconfirmed"}


@pytest.mark.parametrize("origin", [BLOG, BLOGSPOT])
def test_a_browser_that_asks_first_is_told_that_a_named_site_may(here: House, origin: str) -> None:
    answer = here.ask("OPTIONS", "/subscribe", headers={"Origin": origin, "Access-Control-Request-Method": "POST"})
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == origin
    assert answer.headers["access-control-allow-methods"] == "POST"


STRANGERS = ["https://elsewhere.example", "null", None, "http://www.lantern.example", f"{BLOG}.elsewhere.example"]


@pytest.mark.parametrize("origin", STRANGERS)
def test_a_request_from_elsewhere_changes_nothing_and_gets_our_form_filled_in(here: House, origin: str | None) -> None:
    before = here.dump()
    answer = here.post("/subscribe", {"email": ADA, "list": "readers"}, origin=origin)
    assert here.dump() == before
    assert answer.status_code == 200
    assert "press the button once more" in answer.text
    assert f'value="{ADA}"' in answer.text
    assert "access-control-allow-origin" not in answer.headers
    here.clock.advance(timedelta(seconds=3))
    here.post("/subscribe", {"email": ADA, "list": "readers", "stamp": stamp_in(answer.text)})
    assert here.states(ADA) == {"readers": "unconfirmed"}


def test_a_page_elsewhere_that_copied_a_stamp_of_ours_gains_nothing(here: House) -> None:
    stamp = here.stamp()
    before = here.dump()
    here.post("/subscribe", {"email": ADA, "list": "readers", "stamp": stamp}, origin="https://elsewhere.example")
    assert here.dump() == before


@pytest.mark.parametrize("origin", STRANGERS)
def test_a_script_from_elsewhere_may_not_and_cannot_read_why(here: House, origin: str | None) -> None:
    before = here.dump()
    answer = here.post("/subscribe", {"email": ADA, "list": "readers"}, origin=origin, Accept="application/json")
    assert (answer.status_code, here.dump()) == (403, before)
    assert "access-control-allow-origin" not in answer.headers


def test_a_browser_that_keeps_our_own_origin_to_itself_is_believed_by_the_header_that_no_page_can_set(
    here: House,
) -> None:
    fields = {"email": ADA, "list": "readers", "stamp": here.stamp()}
    here.post("/subscribe", fields, origin="null", Sec_Fetch_Site="same-origin")
    assert here.states(ADA) == {"readers": "unconfirmed"}


@pytest.mark.parametrize("origin", [OWN, BLOG])
def test_a_filled_trap_is_answered_as_success_to_the_byte_and_does_nothing(here: House, origin: str) -> None:
    fields = {"email": ADA, "list": "readers", "stamp": here.stamp()}
    before = here.dump()
    trapped = here.post("/subscribe", {**fields, "homepage": "https://spam.example"}, origin=origin)
    assert here.dump() == before
    assert seen(trapped) == seen(here.post("/subscribe", fields, origin=origin))


def test_our_form_pressed_at_once_asks_again_and_the_second_press_counts(here: House) -> None:
    fields = {"email": ADA, "list": "readers", "stamp": stamp_in(here.get("/subscribe").text)}
    before = here.dump()
    again = here.post("/subscribe", fields)
    assert here.dump() == before
    assert "That was quick" in again.text
    assert stamp_in(again.text) == fields["stamp"]
    here.clock.advance(timedelta(seconds=2))
    assert here.post("/subscribe", fields).status_code == 303


@pytest.mark.parametrize("stamp", ["", "nonsense", "of another day"])
def test_our_form_without_a_good_stamp_asks_again(here: House, stamp: str) -> None:
    if stamp == "of another day":
        stamp = here.stamp()
        here.clock.advance(timedelta(hours=25))
    before = here.dump()
    again = here.post("/subscribe", {"email": ADA, "list": "readers", "stamp": stamp})
    assert (again.status_code, here.dump()) == (200, before)
    assert stamp_in(again.text) != stamp


def test_a_stamp_of_another_purpose_is_none(here: House) -> None:
    here.join(ADA)
    here.clock.advance(timedelta(minutes=1))
    confirm = here.token(Purpose.CONFIRM, ADA, "readers")
    here.clock.advance(timedelta(minutes=1))
    again = here.post("/subscribe", {"email": "bo@reader.example", "list": "readers", "stamp": confirm})
    assert again.status_code == 200


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_the_answer_is_the_same_to_the_byte_whoever_has_the_address(here: House, accept: str) -> None:
    for state in SubscriptionState:
        here.reader(f"{state}@reader.example", "readers", state=state)
    here.app.audience.suppress("suppressed@reader.example", SuppressionReason.COMPLAINT, here.clock.now())
    people = [*SubscriptionState, "suppressed", "stranger"]
    answers = {
        seen(here.post("/subscribe", {"email": f"{who}@reader.example", "list": "readers"}, origin=BLOG, Accept=accept))
        for who in people
    }
    assert len(answers) == 1


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"email": "ada", "list": "readers"}, "We cannot write to"),
        ({"email": "", "list": "readers"}, "We cannot write to"),
        ({"email": "ada@reader.example\r\nBcc: all@reader.example", "list": "readers"}, "We cannot write to"),
        ({"email": ADA}, "Choose at least one"),
        ({"email": ADA, "list": "friends"}, "Choose at least one"),
        ({"email": ADA, "list": "films"}, "Choose at least one"),
        ({"email": ADA, "list": ["readers", "nothing"]}, "Choose at least one"),
    ],
    ids=["no address", "empty", "header", "no list", "closed list", "posting address", "unknown list"],
)
def test_what_cannot_be_taken_is_said_on_the_page(here: House, fields: dict[str, str], said: str) -> None:
    before = here.dump()["subscribers"]
    answer = here.post("/subscribe", fields, origin=BLOG)
    assert answer.status_code == 400
    assert said in answer.text
    assert here.dump()["subscribers"] == before


def test_what_was_typed_is_shown_as_text_and_never_as_html(here: House) -> None:
    answer = here.post("/subscribe", {"email": '"><script>alert(1)</script>', "list": "<b>"}, origin=BLOG)
    assert "<script" not in answer.text
    assert "&lt;script" in answer.text


def test_too_many_requests_are_told_to_come_back(tmp_path: Path) -> None:
    with house(tmp_path, ("per_network: 1000", "per_network: 2")) as here:
        codes = [here.join(f"reader{number}@reader.example").status_code for number in range(3)]
        assert codes == [303, 303, 429]
        refused = here.post("/subscribe", {"email": ADA, "list": "readers"}, origin=BLOG, Accept="application/json")
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "3600")


def test_a_list_has_a_form_of_its_own_unless_it_is_not_joined_here(here: House) -> None:
    assert '<input type="hidden" name="list" value="readers">' in here.get("/subscribe/readers").text
    assert [here.get(f"/subscribe/{name}").status_code for name in ("friends", "films", "nothing")] == [404] * 3


def test_where_one_list_is_open_the_form_need_not_name_it(tmp_path: Path) -> None:
    with house(tmp_path, ("opt_in: single", "opt_in: closed")) as here:
        here.post("/subscribe", {"email": ADA}, origin=BLOG)
        assert here.states(ADA) == {"readers": "unconfirmed"}


def test_where_no_list_is_open_there_is_no_form(tmp_path: Path) -> None:
    with house(
        tmp_path,
        ("opt_in: single", "opt_in: closed"),
        ('about: "Every Friday, the week\'s reviews."', "opt_in: closed"),
    ) as here:
        assert here.get("/subscribe").status_code == 404
        assert here.post("/subscribe", {"email": ADA}, origin=BLOG).status_code == 404
        assert here.post("/subscribe", {"email": ADA}, origin=None).status_code == 404


# --- the link in the mail ---


def test_the_link_shows_a_button_and_the_button_confirms(here: House) -> None:
    here.join(ADA)
    path = f"/confirm/{here.token(Purpose.CONFIRM, ADA, 'readers')}"
    before = here.dump()
    page = here.get(path)
    assert "Subscribe to Weekly readers?" in page.text
    assert '<form method="post">' in page.text
    for _ in range(3):
        here.get(path)
        here.ask("HEAD", path)
        here.ask("OPTIONS", path)
    assert here.dump() == before
    assert "you will find “Weekly readers” in your inbox" in here.post(path).text
    assert here.states(ADA) == {"readers": "confirmed"}
    assert "subscribed already" in here.post(path).text
    assert "subscribed already" in here.get(path).text


def test_an_old_link_says_so_and_offers_a_new_one(here: House) -> None:
    here.join(ADA)
    path = f"/confirm/{here.token(Purpose.CONFIRM, ADA, 'readers')}"
    here.clock.advance(timedelta(days=8))
    for answer in (here.get(path), here.post(path)):
        assert answer.status_code == 410
        assert 'href="/subscribe"' in answer.text
    assert here.states(ADA) == {"readers": "unconfirmed"}


def test_a_letters_own_token_confirms_nothing(here: House) -> None:
    here.join(ADA)
    path = f"/confirm/{here.token(Purpose.READER, ADA, 'readers')}"
    assert here.post(path).status_code == 404
    assert here.states(ADA) == {"readers": "unconfirmed"}


def seen(answer: httpx.Response) -> tuple[int, tuple[tuple[str, str], ...], bytes]:
    """Return all that somebody sees of an answer."""
    return answer.status_code, tuple(answer.headers.items()), answer.content

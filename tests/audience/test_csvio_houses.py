"""The files of other tools: each is known by its header, and nobody in it is mailed who was not mailed there."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from syndicate.audience.csvio import Refused, parse_subscribers
from syndicate.audience.houses import GHOST, HOUSES, PLAIN, House, Standing, house_of, quietest, standing_of_file
from syndicate.audience.model import NewSubscriber
from syndicate.errors import AudienceError

MAILCHIMP = "Email Address,First Name,Last Name,MEMBER_RATING,OPTIN_TIME,CONFIRM_TIME,LEID"
BUTTONDOWN = "id,email_address,type,tags,creation_date,unsubscription_date,undeliverability_date"
SUBSTACK = "email,active_subscription,expiry,email_disabled,created_at"
GHOST_HEADER = (
    "id,email,name,note,subscribed_to_emails,complimentary_plan,stripe_customer_id,created_at,deleted_at,labels"
)
LISTMONK = "uuid,email,name,attributes,status,created_at,updated_at"
THEN = "2020-01-02 03:04:05"


def read(*lines: str, house: House | None = None, everybody: Standing = Standing.CONFIRMED) -> list[object]:
    return list(parse_subscribers([f"{line}\n" for line in lines], house=house, everybody=everybody))


def stood(*lines: str, everybody: Standing = Standing.CONFIRMED) -> tuple[str | None, str | None] | str:
    """Return the state and the suppression of the one reader of a file, or why the line was refused."""
    (only,) = read(*lines, everybody=everybody)
    if isinstance(only, Refused):
        return only.why
    assert isinstance(only, NewSubscriber)
    return only.state, only.suppression


LEFT_LIST = ("unsubscribed", None)
ON, WAITS, LEFT = ("confirmed", None), ("unconfirmed", None), ("unsubscribed", "request")
BOUNCED, BLOCKED, COMPLAINED = (None, "hard-bounce"), (None, "manual"), (None, "complaint")


@pytest.mark.parametrize(
    ("header", "name"),
    [
        pytest.param(MAILCHIMP, "mailchimp", id="Mailchimp"),
        pytest.param(BUTTONDOWN, "buttondown", id="Buttondown"),
        pytest.param("email,type,creation_date", "buttondown", id="Buttondown, older"),
        pytest.param(SUBSTACK, "substack", id="Substack, all sign-ups"),
        pytest.param(
            "email,expiry,email_disabled,stripe_connected_customer_id,type", "substack", id="Substack, paying"
        ),
        pytest.param("Email,Name,Stripe plan,Start date,Type,Activity", "substack", id="Substack, dashboard"),
        pytest.param(GHOST_HEADER, "ghost", id="Ghost"),
        pytest.param(LISTMONK, "listmonk", id="listmonk"),
        pytest.param("email,name,state,since,suppressed", "plain", id="our own"),
    ],
)
def test_a_file_is_known_by_its_header(header: str, name: str) -> None:
    assert house_of([each.lower() for each in header.split(",")]).name == name


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param((MAILCHIMP, f"a@b.example,A,B,2,{THEN},{THEN},1"), ON, id="Mailchimp, subscribed"),
        pytest.param((MAILCHIMP, f"a@b.example,A,B,2,{THEN},,1"), WAITS, id="Mailchimp, never confirmed"),
        pytest.param((f"{MAILCHIMP},UNSUB_TIME", f"a@b.example,A,B,,,{THEN},1,{THEN}"), LEFT, id="Mailchimp, left"),
        pytest.param(
            (f"{MAILCHIMP},CLEAN_TIME", f"a@b.example,A,B,,,{THEN},1,{THEN}"), BOUNCED, id="Mailchimp, cleaned"
        ),
        pytest.param((BUTTONDOWN, f"1,a@b.example,regular,,{THEN},,"), ON, id="Buttondown, regular"),
        pytest.param((BUTTONDOWN, f"1,a@b.example,unactivated,,{THEN},,"), WAITS, id="Buttondown, unactivated"),
        pytest.param((BUTTONDOWN, f"1,a@b.example,removed,,{THEN},,"), LEFT, id="Buttondown, removed"),
        pytest.param((BUTTONDOWN, f"1,a@b.example,regular,,{THEN},{THEN},"), LEFT, id="Buttondown, two words"),
        pytest.param((BUTTONDOWN, f"1,a@b.example,undeliverable,,{THEN},,"), BOUNCED, id="Buttondown, undeliverable"),
        pytest.param((BUTTONDOWN, f"1,a@b.example,Complained,,{THEN},,"), COMPLAINED, id="Buttondown, complained"),
        pytest.param((SUBSTACK, f"a@b.example,false,,false,{THEN}"), ON, id="Substack, does not pay"),
        pytest.param((SUBSTACK, f"a@b.example,true,,true,{THEN}"), LEFT, id="Substack, mail disabled"),
        pytest.param((SUBSTACK, f"a@b.example,true,,,{THEN}"), WAITS, id="Substack, says nothing"),
        pytest.param((GHOST_HEADER, f"1,a@b.example,A,,true,,,{THEN},,"), ON, id="Ghost, subscribed"),
        pytest.param((GHOST_HEADER, f"1,a@b.example,A,,false,,,{THEN},,"), LEFT, id="Ghost, not subscribed"),
        pytest.param((GHOST_HEADER, f"1,a@b.example,A,,true,,,{THEN},{THEN},"), LEFT, id="Ghost, deleted"),
        pytest.param((LISTMONK, f"u,a@b.example,A,{{}},enabled,{THEN},"), ON, id="listmonk, enabled"),
        pytest.param((LISTMONK, f"u,a@b.example,A,{{}},disabled,{THEN},"), LEFT, id="listmonk, disabled"),
        pytest.param((LISTMONK, f"u,a@b.example,A,{{}},blocklisted,{THEN},"), BLOCKED, id="listmonk, blocklisted"),
        pytest.param(("email,state,suppressed", "a@b.example,,complaint"), COMPLAINED, id="ours, suppressed alone"),
        pytest.param(
            ("email,state,suppressed", "a@b.example,confirmed,request"), ("confirmed", "request"), id="ours, both"
        ),
    ],
)
def test_a_state_there_is_a_state_here(lines: tuple[str, str], expected: object) -> None:
    assert stood(*lines) == expected


@pytest.mark.parametrize("house", HOUSES, ids=lambda house: house.name)
def test_a_word_that_we_do_not_know_costs_its_line_and_mails_nobody(house: House) -> None:
    headers = {"mailchimp": MAILCHIMP + ",STATUS", "buttondown": "email,type,tags", "substack": "email,email_disabled"}
    headers |= {"ghost": "email,subscribed_to_emails", "listmonk": "email,status,attributes", "plain": "email,state"}
    header = headers[house.name]
    cells = ["?" for _ in header.split(",")]
    cells[0] = "a@b.example"
    told = stood(header, ",".join(cells))
    assert isinstance(told, str)
    assert '"?" is no' in told


def test_what_is_said_of_everybody_outweighs_a_line_but_never_lets_it_in() -> None:
    assert stood(MAILCHIMP, f"a@b.example,A,B,2,{THEN},{THEN},1", everybody=Standing.UNSUBSCRIBED) == LEFT_LIST
    assert stood("email,state", "a@b.example,unsubscribed", everybody=Standing.UNCONFIRMED) == LEFT_LIST
    assert stood("email,state", "a@b.example,confirmed", everybody=Standing.BOUNCED) == ("confirmed", "hard-bounce")
    assert stood("email", "a@b.example", everybody=Standing.COMPLAINED) == COMPLAINED


@pytest.mark.parametrize(
    ("name", "standing"),
    [
        ("subscribed_email_audience_export_1.csv", Standing.CONFIRMED),
        ("Unsubscribed_members.csv", Standing.UNSUBSCRIBED),
        ("nonsubscribed_email.csv", Standing.UNCONFIRMED),
        ("cleaned_email.csv", Standing.BOUNCED),
    ],
)
def test_the_name_of_a_mailchimp_file_says_what_is_in_it(name: str, standing: Standing) -> None:
    assert standing_of_file(next(house for house in HOUSES if house.name == "mailchimp"), name) is standing
    assert standing_of_file(PLAIN, name) is Standing.CONFIRMED


def test_names_come_together_and_times_are_read_as_each_tool_writes_them() -> None:
    first, second, third = (
        read(MAILCHIMP, f"a@b.example, Ada , Quill ,2,{THEN},{THEN},1")
        + read(SUBSTACK, "a@b.example,,,false,2018-08-27T15:06:27.713Z")
        + read(LISTMONK, "u,a@b.example,Ada,{},enabled,2021-02-03 04:05:06.789123 +0100 CET,")
    )
    assert isinstance(first, NewSubscriber)
    assert isinstance(second, NewSubscriber)
    assert isinstance(third, NewSubscriber)
    assert (first.name, first.since) == ("Ada Quill", datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC))
    assert second.since == datetime(2018, 8, 27, 15, 6, 27, 713_000, tzinfo=UTC)
    assert third.since is None, "a zone by its letters alone is not guessed"


@pytest.mark.parametrize("column", ["status", "Unsubscribed at", "bounced", "opt-out", "is_active"])
def test_a_file_of_an_unknown_tool_that_may_tell_who_left_is_not_taken_by_guess(column: str) -> None:
    with pytest.raises(AudienceError, match="may say who has left") as caught:
        read(f"email,{column}", "a@b.example,x")
    assert "--from plain" in (caught.value.hint or "")
    assert len(read(f"email,{column}", "a@b.example,x", house=PLAIN)) == 1


@pytest.mark.parametrize(
    ("lines", "match"),
    [
        pytest.param(("Adresse,Nom,Statut", "a@b.example,A,parti"), "names no column", id="a header we cannot read"),
        pytest.param(("mail,x", "a@b.example,"), "names no column email", id="another house than was said"),
    ],
)
def test_a_header_that_names_no_address_is_refused_as_a_whole(lines: tuple[str, ...], match: str) -> None:
    with pytest.raises(AudienceError, match=match):
        read(*lines, house=GHOST if lines[0].startswith("mail") else None)


def test_without_a_header_a_third_column_is_not_passed_over() -> None:
    (only,) = read("a@b.example,Ada,unsubscribed")
    assert isinstance(only, Refused)


def test_the_quietest_word_is_the_last_of_the_list() -> None:
    assert quietest((Standing.CONFIRMED, Standing.COMPLAINED, Standing.UNSUBSCRIBED)) is Standing.COMPLAINED
    assert quietest(()) is Standing.CONFIRMED

"""Relays: which is open, at what pace each is used, and what the editor is told of one that rests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from syndicate.channels.smtp import SmtpChannel
from syndicate.delivery.manners import Rest, Rules
from syndicate.delivery.model import Refused, Sent
from syndicate.pipeline.relays import finished, open_relays, pace_of, tells_of_reader
from syndicate.store.tables import relay_hours
from tests.pipeline.studio import HOUR, Studio, again, studio

RELAYS = """\
  relays:
    main: {host: one.example, per_day: 5, pause_after: 2}
    spare: {host: two.example, rate: 2, pause_for: 30m}
"""
TAKEN, BLOCKED = Sent(reply="250 2.0.0 Ok"), Refused(reason="550 5.7.1 not from you")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Studio]:
    """An installation with two relays."""
    with studio(tmp_path, ("  outbox: out/\nlists", f"{RELAYS}lists")) as made:
        yield made


def given(house: Studio, relay: str, letters: int) -> None:
    """Let a relay have been given letters in this hour, as the ledger counts them."""
    with house.app.database.write() as connection:
        connection.execute(insert(relay_hours).values(relay=relay, hour=house.clock.now(), letters=letters))


def refuse(house: Studio, relay: str) -> Rest:
    """Let a relay refuse until it rests."""
    pace = pace_of(house.app, relay)
    while (begun := pace.heard(BLOCKED, house.clock.now())) is None:
        pass
    finished(house.app, relay, pace, sent=0)
    return begun


def subject(house: Studio) -> list[tuple[str, bool]]:
    """Return what the editor is to be told: the first line of each incident, and whether it is over."""
    untold = house.app.incidents.untold(house.clock.now())
    for incident in untold:
        house.app.incidents.told(incident, house.clock.now())
    return [(incident.text.splitlines()[0], incident.closed is not None) for incident in untold]


def place(house: Studio, name: str | None = None) -> str:
    """Return the host of the channel that the app gives out."""
    channel = house.app.mail_channel(name)
    assert isinstance(channel, SmtpChannel)
    return repr(channel).partition("host='")[2].partition("'")[0]


def test_relays_are_open_in_the_order_of_the_file(house: Studio) -> None:
    assert open_relays(house.app) == ("main", "spare")
    assert (place(house), place(house, "main"), place(house, "spare")) == ("one.example", "one.example", "two.example")


def test_an_outbox_has_no_relays(tmp_path: Path) -> None:
    with studio(tmp_path) as house:
        assert open_relays(house.app) == ()
        assert house.app.mail_channel().name == "outbox"


def test_a_relay_whose_quota_is_used_up_is_passed_over_until_its_hours_are_a_day_old(house: Studio) -> None:
    given(house, "main", 4)
    assert pace_of(house.app, "main").room(house.clock.now(), 9) == 1
    house.clock.advance(HOUR)
    given(house, "main", 1)
    assert open_relays(house.app) == ("spare",)
    assert place(house) == "two.example"
    house.clock.advance(24 * HOUR)
    assert open_relays(house.app) == ("main", "spare")
    assert pace_of(house.app, "main").room(house.clock.now(), 9) == 4


def test_a_rest_is_remembered_by_the_next_process_and_passed_over(house: Studio) -> None:
    begun = refuse(house, "main")
    with again(house) as later:
        assert open_relays(later.app) == ("spare",)
        assert later.app.relays.rest_of("main") == begun
        assert pace_of(later.app, "main").room(later.clock.now(), 9) == 0
        later.clock.advance(HOUR)
        assert open_relays(later.app) == ("main", "spare")


def test_where_every_relay_rests_a_single_letter_tries_the_first(house: Studio) -> None:
    refuse(house, "main")
    refuse(house, "spare")
    assert open_relays(house.app) == ()
    assert place(house) == "one.example"


def test_the_editor_is_told_once_of_rest_after_rest_and_once_of_its_end(house: Studio) -> None:
    refuse(house, "main")
    told = 'the relay "main" rests until 13:00: it refused letter after letter (2 in a row)'
    assert subject(house) == [(told, False)]
    house.clock.advance(HOUR)
    pace = pace_of(house.app, "main")
    assert pace.heard(BLOCKED, house.clock.now()) is not None, "one is enough after a rest"
    finished(house.app, "main", pace, sent=0)
    assert open_relays(house.app) == ("spare",)
    assert subject(house) == []
    house.clock.advance(HOUR)
    pace = pace_of(house.app, "main")
    pace.heard(TAKEN, house.clock.now())
    finished(house.app, "main", pace, sent=1)
    assert subject(house) == [(told, True)]
    assert house.app.relays.rest_of("main") is None


def test_a_letter_that_was_taken_before_the_refusals_does_not_end_the_rest(house: Studio) -> None:
    pace = pace_of(house.app, "main")
    for outcome in (TAKEN, BLOCKED, BLOCKED):
        pace.heard(outcome, house.clock.now())
    finished(house.app, "main", pace, sent=1)
    assert open_relays(house.app) == ("spare",)
    assert [over for _, over in subject(house)] == [False]


def test_a_rest_that_a_person_ended_is_over_in_a_process_that_goes_on(house: Studio) -> None:
    refuse(house, "main")
    with again(house) as other:
        assert other.app.relays.resume("main")
    pace = pace_of(house.app, "main")
    assert pace.room(house.clock.now(), 9) == 5
    assert pace.heard(BLOCKED, house.clock.now()) is None, "all patience anew"


def test_hours_that_count_no_more_are_swept_away_with_the_next_run(house: Studio) -> None:
    given(house, "main", 4)
    house.clock.advance(30 * HOUR)
    finished(house.app, "main", pace_of(house.app, "main"), sent=0)
    with house.app.database.read() as connection:
        assert connection.execute(select(relay_hours)).all() == []


def test_a_rate_outlasts_an_issue(house: Studio) -> None:
    first = pace_of(house.app, "spare")
    first.took(first.room(house.clock.now(), 9), house.clock.now())
    assert first.rules == Rules(rate=2, pause_for=HOUR / 2)
    assert pace_of(house.app, "spare").room(house.clock.now(), 9) == 0


@pytest.mark.parametrize(
    ("reply", "of_reader"),
    [
        ("550 5.1.1 <ada@x.example>: no such user", True),
        ("550 no such user here", True),
        ("550 5.2.1 mailbox disabled", True),
        ("452 4.2.2 over quota", True),
        ("450 4.2.1 try again later", True),
        ("550 5.7.1 message rejected as spam", False),
        ("553 5.1.8 sender address rejected: domain not found", False),
        ("421 4.7.0 too many connections from you", False),
        ("451 4.3.2 system not accepting messages", False),
        ("550 5.2.1 your message was blocked, see zen.spamhaus.org", False),
        ("554 5.7.26 DMARC", False),
        ("the line broke before the final dot", False),
        ("", False),
    ],
)
def test_a_refusal_tells_of_its_reader_or_of_the_relay(reply: str, of_reader: bool) -> None:
    assert tells_of_reader(reply) == of_reader

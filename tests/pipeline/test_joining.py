"""Joining on the web: a mail asks, a button confirms, an answer tells nobody who is on a list."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest
from sqlalchemy import Connection, event, insert, select

from syndicate.audience.model import Happening, Notice, SubscriptionState, SuppressionReason, What
from syndicate.audience.tokens import Purpose, forgotten_keys, web_token
from syndicate.delivery.model import DeliveryState
from syndicate.pipeline.joining import (
    INCIDENT,
    ConfirmAnswer,
    Confirmation,
    JoinAnswer,
    JoinRequest,
    confirm,
    expire_requests,
    look_at_confirm,
    request_join,
)
from syndicate.store import tables
from syndicate.store.history import history_of
from tests.pipeline.studio import DAY, HOUR, WEEK, Studio, studio

ADA, BO = "ada@reader.example", "bo@reader.example"
LISTS = """\
  readers: {name: Weekly readers, welcome: letter}
  friends: {name: Friends of the house, welcome: issue}
  quiet: {welcome: none}
  fast: {opt_in: single}
  staff: {opt_in: closed}
  forum: {address: "forum@lists.example"}
"""
OURS = "  readers: {name: Weekly readers}\n  friends: {name: Friends of the house}\n"
UNCONFIRMED, CONFIRMED, UNSUBSCRIBED = SubscriptionState


@pytest.fixture
def site(tmp_path: Path, database_url: str) -> Iterator[Studio]:
    """Return an installation with a list of each kind, on each database."""
    web = ("notify: ed@", "web: {per_address: 1000, per_network: 2000, per_hour: 3000}\nnotify: ed@")
    with studio(tmp_path, ("sqlite:///syndicate.db", database_url), (OURS, LISTS), web) as opened:
        yield opened


def ask(site: Studio, *lists: str, address: str = ADA, network: str = "203.0.113.9") -> JoinAnswer:
    """Ask to join as a form does."""
    request = JoinRequest(
        address=address, lists=lists or ("readers",), came_from="the form on www.lantern.example", network=network
    )
    return request_join(site.app, request)


def standing(site: Studio, address: str = ADA) -> dict[str, SubscriptionState]:
    """Return where an address stands on its lists."""
    person = site.app.audience.find(address)
    return {each.list_name: each.state for each in site.app.audience.subscriptions_of(person.id)}


def planned(site: Studio) -> list[tuple[str, str]]:
    """Return every notice in the ledger with its lists, in order."""
    table = tables.deliveries
    query = select(table.c.notice, table.c.list).where(table.c.notice.is_not(None)).order_by(table.c.id)
    with site.app.database.read() as connection:
        return [(row.notice, row.list) for row in connection.execute(query)]


def all_sent(site: Studio) -> None:
    """Let every notice have gone now."""
    values = {"state": DeliveryState.SENT, "tried": site.clock.now(), "first_tried": site.clock.now()}
    with site.app.database.write() as connection:
        connection.execute(tables.deliveries.update().values(values))


def token(site: Studio, *lists: str, address: str = ADA, issued: datetime | None = None) -> str:
    """Return what the mail that asks carries in its link."""
    person = site.app.audience.find(address)
    return web_token(
        site.app.keyring,
        Purpose.CONFIRM,
        subscriber=person.id,
        address=person.address,
        lists=lists or ("readers",),
        issued=issued or site.clock.now(),
    )


def told(site: Studio, address: str = ADA) -> list[Happening]:
    with site.app.database.read() as connection:
        return list(history_of(connection, address))


def everything(site: Studio) -> dict[str, list[tuple[object, ...]]]:
    """Return every row of every table that a request may touch, but for the counts of the limits."""
    kept = (tables.subscribers, tables.subscriptions, tables.suppressions, tables.deliveries, tables.history)
    with site.app.database.read() as connection:
        return {table.name: [tuple(row) for row in connection.execute(select(table))] for table in kept}


def test_a_stranger_is_asked_by_mail_and_is_on_no_list_yet(site: Studio) -> None:
    assert ask(site) is JoinAnswer.TAKEN
    assert standing(site) == {"readers": UNCONFIRMED}
    assert planned(site) == [(Notice.CONFIRM, "readers")]
    assert site.app.wake.is_set()
    (line,) = told(site)
    assert (line.what, line.list_name, line.note) == (What.ASKED, "readers", "the form on www.lantern.example")


def test_looking_changes_nothing_and_the_button_confirms_once(site: Studio) -> None:
    ask(site)
    link, before = token(site), everything(site)
    assert look_at_confirm(site.app, link) == Confirmation(answer=ConfirmAnswer.WAITING, lists=("readers",))
    assert everything(site) == before
    assert confirm(site.app, link) == Confirmation(answer=ConfirmAnswer.CONFIRMED, lists=("readers",))
    assert standing(site) == {"readers": CONFIRMED}
    after = everything(site)
    for again in (confirm, look_at_confirm):
        assert again(site.app, link) == Confirmation(answer=ConfirmAnswer.ALREADY, lists=("readers",))
    assert everything(site) == after
    assert planned(site) == [(Notice.CONFIRM, "readers"), (Notice.WELCOME, "readers")]
    assert [each.what for each in told(site)] == [What.ASKED, What.CONFIRMED]


def test_several_lists_are_asked_for_in_one_mail_and_welcomed_in_one(site: Studio) -> None:
    ask(site, "quiet", "friends", "readers", "readers")
    assert planned(site) == [(Notice.CONFIRM, "friends+quiet+readers")]
    done = confirm(site.app, token(site, "friends", "quiet", "readers"))
    assert done.answer is ConfirmAnswer.CONFIRMED
    assert set(done.lists) == {"friends", "quiet", "readers"}
    assert planned(site)[1:] == [(Notice.WELCOME, "friends+readers")], "quiet wants no welcome"


def test_a_list_without_a_welcome_gives_none(site: Studio) -> None:
    ask(site, "quiet")
    confirm(site.app, token(site, "quiet"))
    assert planned(site) == [(Notice.CONFIRM, "quiet")]


def test_a_single_opt_in_list_is_joined_at_once(site: Studio) -> None:
    ask(site, "fast")
    assert standing(site) == {"fast": CONFIRMED}
    assert planned(site) == [(Notice.WELCOME, "fast")]
    assert [each.what for each in told(site)] == [What.ASKED, What.CONFIRMED]


def test_who_left_a_single_opt_in_list_comes_back_by_mail_alone(site: Studio) -> None:
    ask(site, "fast")
    site.app.audience.unsubscribe(ADA, "fast", site.clock.advance(HOUR))
    site.clock.advance(HOUR)
    ask(site, "fast")
    assert standing(site) == {"fast": UNSUBSCRIBED}
    assert planned(site)[-1] == (Notice.CONFIRM, "fast")
    site.clock.advance(HOUR)
    assert confirm(site.app, token(site, "fast")).answer is ConfirmAnswer.CONFIRMED
    assert standing(site) == {"fast": CONFIRMED}


def test_a_reader_who_asks_again_is_told_by_mail_once_a_day_and_stays(site: Studio) -> None:
    site.readers("ada")
    for _ in range(3):
        assert ask(site) is JoinAnswer.TAKEN
        all_sent(site)
        site.clock.advance(HOUR)
    assert standing(site) == {"readers": CONFIRMED}
    assert planned(site) == [(Notice.ALREADY, "readers")]
    site.clock.advance(DAY)
    ask(site)
    assert len(planned(site)) == 2


def test_strangers_get_three_mails_a_day_whatever_is_typed_into_forms(site: Studio) -> None:
    for _ in range(24):
        assert ask(site) is JoinAnswer.TAKEN
        all_sent(site)
        site.clock.advance(HOUR - timedelta(minutes=5))
    assert planned(site) == [(Notice.CONFIRM, "readers")] * 3
    site.clock.advance(DAY)
    ask(site)
    assert len(planned(site)) == 4


def test_a_mailbox_gets_three_mails_a_day_under_all_its_tags(site: Studio) -> None:
    for hour in range(12):
        ask(site, address=f"ada+{hour}@reader.example")
        all_sent(site)
        site.clock.advance(HOUR)
    assert len(planned(site)) == 3
    ask(site, address="adam@reader.example")
    ask(site, address="ada+1@elsewhere.example")
    assert len(planned(site)) == 5, "who only has a similar address is somebody else"


def test_who_asks_twice_before_the_mail_went_gets_one(site: Studio) -> None:
    ask(site)
    ask(site)
    assert planned(site) == [(Notice.CONFIRM, "readers")]


def test_a_reader_who_wants_one_list_more_is_asked_for_that_one_alone(site: Studio) -> None:
    site.readers("ada")
    ask(site, "readers", "friends")
    assert standing(site) == {"readers": CONFIRMED, "friends": UNCONFIRMED}
    assert planned(site) == [(Notice.CONFIRM, "friends")]


@pytest.mark.parametrize(
    ("address", "lists", "answer"),
    [
        pytest.param("ada at reader", ("readers",), JoinAnswer.BAD_ADDRESS, id="no address"),
        pytest.param("ada@reader.example\r\nBcc: bo@reader.example", ("readers",), JoinAnswer.BAD_ADDRESS, id="header"),
        pytest.param("a" * 65 + "@reader.example", ("readers",), JoinAnswer.BAD_ADDRESS, id="too long"),
        pytest.param("", ("readers",), JoinAnswer.BAD_ADDRESS, id="nothing"),
        pytest.param(ADA, (), JoinAnswer.UNKNOWN_LIST, id="no list"),
        pytest.param(ADA, ("readers", "nowhere"), JoinAnswer.UNKNOWN_LIST, id="one unknown of two"),
        pytest.param(ADA, ("forum",), JoinAnswer.UNKNOWN_LIST, id="a posting address"),
        pytest.param(ADA, ("staff",), JoinAnswer.UNKNOWN_LIST, id="a closed list"),
        pytest.param(ADA, ("readers+friends",), JoinAnswer.UNKNOWN_LIST, id="two in one word"),
    ],
)
def test_what_cannot_be_taken_is_said_and_counts_nothing(
    site: Studio, address: str, lists: tuple[str, ...], answer: JoinAnswer
) -> None:
    before = everything(site)
    request = JoinRequest(address=address, lists=lists, came_from="a form", network="")
    assert request_join(site.app, request) is answer
    assert everything(site) == before
    with site.app.database.read() as connection:
        assert connection.execute(select(tables.limits)).all() == []


@pytest.mark.parametrize("known", [True, False], ids=["a subscriber", "never seen"])
@pytest.mark.parametrize("reason", sorted({*SuppressionReason} - {SuppressionReason.REQUEST}), ids=str)
def test_an_address_that_must_not_be_mailed_is_answered_like_any_and_nothing_is_stored(
    site: Studio, reason: SuppressionReason, known: bool
) -> None:
    if known:
        site.readers("ada")
    if reason is SuppressionReason.FORGOTTEN:
        row = {"address_key": forgotten_keys(site.app.keyring, ADA)[-1], "reason": reason, "since": site.clock.now()}
        with site.app.database.write() as connection:
            connection.execute(insert(tables.suppressions).values(row))
    else:
        site.app.audience.suppress(ADA, reason, site.clock.now())
    before = everything(site)
    assert ask(site, "readers", "fast", address=ADA.upper()) is JoinAnswer.TAKEN
    assert everything(site) == before
    assert not site.app.wake.is_set()


@pytest.mark.parametrize("known", [True, False], ids=["a subscriber", "never seen"])
@pytest.mark.parametrize("name", ["readers", "fast"], ids=["double opt-in", "single opt-in"])
def test_who_had_asked_not_to_be_mailed_is_asked_and_comes_back_for_what_they_chose(
    site: Studio, known: bool, name: str
) -> None:
    if known:
        site.readers("ada", list_name="readers")
        site.readers("ada", list_name="friends")
    site.app.audience.suppress(ADA, SuppressionReason.REQUEST, site.clock.now())
    site.clock.advance(timedelta(minutes=1))
    ask(site, name)
    assert site.app.audience.suppression(ADA) is not None, "asking alone brings nobody back"
    assert confirm(site.app, token(site, name)).answer is ConfirmAnswer.CONFIRMED
    assert site.app.audience.suppression(ADA) is None
    links = site.app.audience.subscriptions_of(site.app.audience.find(ADA).id)
    assert [each.list_name for each in links if each.state is SubscriptionState.CONFIRMED] == [name]
    assert What.RELEASED in {each.what for each in told(site)}


def test_a_question_from_before_the_goodbye_brings_nobody_back(site: Studio) -> None:
    ask(site, "readers")
    old = token(site, "readers")
    site.clock.advance(timedelta(minutes=1))
    site.app.audience.suppress(ADA, SuppressionReason.REQUEST, site.clock.now())
    site.clock.advance(timedelta(minutes=1))
    assert confirm(site.app, old).answer is ConfirmAnswer.EXPIRED
    assert site.app.audience.suppression(ADA) is not None


def test_a_bounce_after_the_goodbye_cannot_be_lifted_by_a_form(site: Studio) -> None:
    site.app.audience.suppress(ADA, SuppressionReason.REQUEST, site.clock.now())
    site.app.audience.suppress(ADA, SuppressionReason.HARD_BOUNCE, site.clock.now())
    before = everything(site)
    assert ask(site, "readers") is JoinAnswer.TAKEN
    assert everything(site) == before


def test_who_is_forgotten_while_somebody_asks_stays_forgotten(site: Studio) -> None:
    site.readers("ada")
    asking = Thread(target=ask, args=(site, "friends"))
    with site.app.database.write() as connection:
        forgotten = {"address_key": forgotten_keys(site.app.keyring, ADA)[-1], "reason": SuppressionReason.FORGOTTEN}
        connection.execute(insert(tables.suppressions).values(since=site.clock.now(), **forgotten))
        connection.execute(tables.subscriptions.delete())
        connection.execute(tables.subscribers.delete())
        asking.start()
        asking.join(0.3)  # on PostgreSQL it has looked, and waits
    asking.join()
    assert not site.app.audience.subscriptions_of(1)
    assert planned(site) == []
    with site.app.database.read() as connection:
        assert connection.execute(select(tables.subscribers)).all() == []


def test_a_suppressed_address_cannot_be_confirmed(site: Studio) -> None:
    ask(site)
    link = token(site)
    site.app.audience.suppress(ADA, SuppressionReason.HARD_BOUNCE, site.clock.now())
    for done in (look_at_confirm(site.app, link), confirm(site.app, link)):
        assert done == Confirmation(answer=ConfirmAnswer.UNKNOWN, lists=())
    assert standing(site) == {"readers": UNCONFIRMED}


def test_a_link_from_before_the_reader_left_does_nothing_and_a_newer_one_does(site: Studio) -> None:
    ask(site)
    old = token(site)
    confirm(site.app, old)
    site.app.audience.unsubscribe(ADA, None, site.clock.advance(HOUR))
    site.clock.advance(HOUR)
    assert confirm(site.app, old) == Confirmation(answer=ConfirmAnswer.EXPIRED, lists=())
    assert standing(site) == {"readers": UNSUBSCRIBED}
    ask(site)
    assert confirm(site.app, old).answer is ConfirmAnswer.EXPIRED
    assert confirm(site.app, token(site)).answer is ConfirmAnswer.CONFIRMED


def test_a_link_is_good_for_as_long_as_config_says(site: Studio) -> None:
    ask(site)
    link = token(site)
    site.clock.advance(WEEK + timedelta(seconds=1))
    assert look_at_confirm(site.app, link).answer is ConfirmAnswer.EXPIRED
    assert confirm(site.app, link).answer is ConfirmAnswer.EXPIRED
    assert standing(site) == {"readers": UNCONFIRMED}


def test_of_two_lists_the_one_that_may_be_confirmed_is(site: Studio) -> None:
    ask(site, "readers", "friends")
    link = token(site, "readers", "friends")
    site.app.audience.unsubscribe(ADA, "friends", site.clock.advance(HOUR))
    assert confirm(site.app, link) == Confirmation(answer=ConfirmAnswer.CONFIRMED, lists=("readers",))
    assert standing(site) == {"readers": CONFIRMED, "friends": UNSUBSCRIBED}


@pytest.mark.parametrize("change", ["forged", "cut", "empty", "swapped", "of a letter", "of nobody", "huge", "bell"])
def test_a_token_that_is_not_true_confirms_nobody(site: Studio, change: str, caplog: pytest.LogCaptureFixture) -> None:
    ask(site)
    ask(site, address=BO)
    person, true = site.app.audience.find(BO), token(site)
    key, _, rest = true.split(".", 2)
    false = {
        "forged": f"{true[:-1]}{'A' if true[-1] != 'A' else 'B'}",
        "cut": true[:-9],
        "empty": "",
        "swapped": f"{key}.{token(site, address=BO).split('.')[1]}.{rest}",
        "of a letter": web_token(
            site.app.keyring, Purpose.READER, subscriber=person.id, address=BO, lists=("readers",)
        ),
        "of nobody": f"{key}.a.{rest}",
        "huge": f"{key}.7777777777777.{rest}",
        "bell": f"{true}\a",
    }[change]
    before = everything(site)
    with caplog.at_level(logging.WARNING, logger="syndicate"):
        for look in (look_at_confirm, confirm):
            assert look(site.app, false) == Confirmation(answer=ConfirmAnswer.UNKNOWN, lists=())
    assert everything(site) == before
    assert [record.message for record in caplog.records] == ["token-unknown"]
    assert not false or false not in str(vars(caplog.records[0]))


def test_a_request_ends_when_nobody_confirms_it(site: Studio) -> None:
    ask(site, "readers", "friends")
    ask(site, "quiet", address=BO)
    confirm(site.app, token(site, "quiet", address=BO))
    site.clock.advance(WEEK - timedelta(minutes=1))
    assert expire_requests(site.app) == 0
    site.clock.advance(timedelta(minutes=1))
    assert expire_requests(site.app) == 2
    assert expire_requests(site.app) == 0
    assert [row[1] for row in everything(site)["subscribers"]] == [BO]
    assert told(site) == []


def limited(tmp_path: Path, limits: str) -> tuple[str, str]:
    return ("notify: ed@", f"web: {{{limits}}}\nnotify: ed@")


def test_an_address_is_asked_three_times_an_hour_under_any_tag(tmp_path: Path) -> None:
    with studio(tmp_path) as site:
        answers = [ask(site, address=f"Ada+{number}@reader.example", network=f"10.{number}.0.1") for number in range(4)]
        assert answers == [JoinAnswer.TAKEN] * 3 + [JoinAnswer.TOO_MANY]
        assert ask(site, address=BO) is JoinAnswer.TAKEN


def test_a_network_is_one_however_many_addresses_it_has(tmp_path: Path) -> None:
    with studio(tmp_path, limited(tmp_path, "per_network: 2")) as site:
        answers = [ask(site, address=f"r{each}@reader.example", network=f"2001:db8::{each}") for each in range(3)]
        assert answers == [JoinAnswer.TAKEN, JoinAnswer.TAKEN, JoinAnswer.TOO_MANY]
        assert ask(site, network="2001:db8:1::1") is JoinAnswer.TAKEN


def test_limits_keep_no_address_and_no_network_in_the_clear(tmp_path: Path) -> None:
    with studio(tmp_path) as site:
        ask(site)
        with site.app.database.read() as connection:
            keys = " ".join(connection.execute(select(tables.limits.c.key)).scalars())
        assert "ada" not in keys
        assert "reader" not in keys
        assert "203" not in keys.replace(":", " ").split()


def test_a_flood_is_refused_logged_once_and_told_to_the_editor_until_it_is_over(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with studio(tmp_path, limited(tmp_path, "per_hour: 5")) as site:
        with caplog.at_level(logging.WARNING, logger="syndicate"):
            answers = [ask(site, address=f"r{each}@reader.example", network=f"10.0.{each}.1") for each in range(9)]
        assert answers == [JoinAnswer.TAKEN] * 5 + [JoinAnswer.TOO_MANY] * 4
        assert [record.message for record in caplog.records] == ["too-many-requests", "alert"]
        (incident,) = site.app.incidents.open_ones()
        assert incident.name == INCIDENT
        assert "reader.example" not in incident.text
        expire_requests(site.app)
        assert site.app.incidents.open_ones(), "it is not over yet"
        site.clock.advance(2 * HOUR)
        expire_requests(site.app)
        assert site.app.incidents.open_ones() == ()


def test_a_request_asks_the_database_the_same_whoever_is_asked_for(tmp_path: Path) -> None:
    """Nobody is turned away before the others; what must not be kept is written, and taken back."""
    with studio(tmp_path) as site:
        site.readers("reader")
        site.app.audience.suppress("gone@reader.example", SuppressionReason.COMPLAINT, site.clock.now())
        seen: dict[str, list[str]] = {}
        for who in ("reader", "gone", "stranger"):
            reads: list[str] = []

            def remember(
                _connection: Connection, _cursor: object, statement: str, *_: object, into: list[str] = reads
            ) -> None:
                into.append(statement)

            event.listen(site.app.database.engine, "before_cursor_execute", remember)
            assert ask(site, address=f"{who}@reader.example") is JoinAnswer.TAKEN
            event.remove(site.app.database.engine, "before_cursor_execute", remember)
            seen[who] = reads
        assert seen["gone"][:-1] == seen["stranger"][:-1], "they differ by the end of the transaction alone"
        same = [one == other for one, other in zip(seen["reader"], seen["stranger"], strict=False)]
        assert same.index(False) >= len(seen["stranger"]) - 6, "a reader's differ by what is written at the end"

"""Leaving works at once and for years, choosing works both ways, and a false token does nothing."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from syndicate.audience.model import NewSubscriber, SubscriptionState, SuppressionReason, What
from syndicate.audience.tokens import Keyring, Purpose, web_token
from syndicate.pipeline.leaving import MOST_CHOICES, Left, leave, preferences, set_preferences
from syndicate.store.history import history_of
from tests.pipeline.studio import DAY, FRIDAY, HOUR, Post, Studio, again, studio

ADA, BO = "ada@reader.example", "bo@reader.example"
LISTS = """\
  readers: {name: Weekly readers, about: Every Friday at nine.}
  friends: {name: Friends of the house}
  staff: {opt_in: closed}
  forum: {address: "forum@lists.example"}
"""
OURS = "  readers: {name: Weekly readers}\n  friends: {name: Friends of the house}\n"
UNCONFIRMED, CONFIRMED, UNSUBSCRIBED = SubscriptionState


@pytest.fixture
def site(tmp_path: Path, database_url: str) -> Iterator[Studio]:
    """Return an installation with Ada on two lists and Bo on one, on each database."""
    with studio(tmp_path, ("sqlite:///syndicate.db", database_url), (OURS, LISTS)) as opened:
        opened.readers("ada", "bo")
        opened.readers("ada", list_name="friends")
        yield opened


def token(site: Studio, *lists: str, address: str = ADA) -> str:
    """Return what stands in a letter's unsubscribe link."""
    person = site.app.audience.find(address)
    return web_token(site.app.keyring, Purpose.READER, subscriber=person.id, address=person.address, lists=lists)


def standing(site: Studio, address: str = ADA) -> dict[str, SubscriptionState]:
    """Return where an address stands on its lists."""
    person = site.app.audience.find(address)
    return {each.list_name: each.state for each in site.app.audience.subscriptions_of(person.id)}


def told(site: Studio, address: str = ADA) -> list[tuple[What, str | None, str | None]]:
    """Return an address's history."""
    with site.app.database.read() as connection:
        return [(each.what, each.list_name, each.note) for each in history_of(connection, address)]


def test_one_click_ends_the_lists_of_the_letter_and_no_other(site: Studio) -> None:
    assert leave(site.app, token(site, "readers"), "one-click") == Left(known=True, lists=("readers",))
    assert standing(site) == {"readers": UNSUBSCRIBED, "friends": CONFIRMED}
    assert standing(site, BO) == {"readers": CONFIRMED}
    assert told(site) == [(What.LEFT, "readers", "one-click")]


def test_who_leaves_a_letter_of_two_lists_stays_off_the_one_that_they_were_never_on_through_an_import(
    site: Studio,
) -> None:
    leave(site.app, token(site, "readers", "friends", address=BO), "one-click")
    assert standing(site, BO) == {"readers": UNSUBSCRIBED, "friends": UNSUBSCRIBED}
    site.clock.advance(DAY)
    list(site.app.audience.add([NewSubscriber(address=BO, name="")], "friends", site.clock.now()))
    assert standing(site, BO)["friends"] is UNSUBSCRIBED, "the same digest would come to them again"
    leave(site.app, token(site, "readers", "friends", address=BO), "one-click")
    assert told(site, BO) == [(What.LEFT, "readers", "one-click"), (What.LEFT, "friends", "one-click")]


def test_a_token_without_lists_ends_all(site: Studio) -> None:
    done = leave(site.app, token(site), "the page")
    assert (done.known, set(done.lists)) == (True, {"readers", "friends"})
    assert standing(site) == {"readers": UNSUBSCRIBED, "friends": UNSUBSCRIBED}


def test_leaving_twice_is_answered_the_same_and_written_once(site: Studio) -> None:
    first = leave(site.app, token(site, "readers"), "one-click")
    site.clock.advance(DAY)
    assert leave(site.app, token(site, "readers"), "one-click") == first
    (link,) = (
        each
        for each in site.app.audience.subscriptions_of(site.app.audience.find(ADA).id)
        if each.list_name == "readers"
    )
    assert link.since == site.clock.now() - DAY
    assert len(told(site)) == 1


def test_a_token_works_after_years_and_after_the_keys_were_changed(site: Studio) -> None:
    old = token(site, "readers")
    site.clock.advance(9 * 365 * DAY)
    key = site.folder / "syndicate.key"
    key.write_bytes(b"f" * 64 + b"\n" + key.read_bytes())
    with again(site) as later:
        assert leave(later.app, old, "one-click").known
        assert standing(later)["readers"] is UNSUBSCRIBED


def test_a_list_that_config_has_no_longer_can_be_left(site: Studio) -> None:
    site.readers("ada", list_name="bygone")
    assert leave(site.app, token(site, "bygone"), "one-click") == Left(known=True, lists=("bygone",))
    assert standing(site)["bygone"] is UNSUBSCRIBED


def test_who_never_confirmed_can_leave_too(site: Studio) -> None:
    from syndicate.pipeline.joining import JoinRequest, request_join

    request_join(site.app, JoinRequest(address=BO, lists=("friends",), came_from="a form", network=""))
    leave(site.app, token(site, "friends", address=BO), "the page")
    assert standing(site, BO) == {"readers": CONFIRMED, "friends": UNSUBSCRIBED}


@pytest.mark.parametrize(
    "change", ["forged", "cut", "empty", "of another", "of a confirmation", "of other keys", "huge", "not ASCII"]
)
def test_a_token_that_is_not_true_changes_nobody_and_is_logged_without_it(
    site: Studio, change: str, caplog: pytest.LogCaptureFixture
) -> None:
    true = token(site, "readers")
    ada, bo = site.app.audience.find(ADA), site.app.audience.find(BO)
    false = {
        "forged": f"{true[:-1]}{'A' if true[-1] != 'A' else 'B'}",
        "cut": true[: len(true) // 2],
        "empty": "",
        "of another": web_token(site.app.keyring, Purpose.READER, subscriber=ada.id, address=bo.address),
        "of a confirmation": web_token(site.app.keyring, Purpose.CONFIRM, subscriber=ada.id, address=ADA),
        "of other keys": web_token(Keyring((b"o" * 64,)), Purpose.READER, subscriber=ada.id, address=ADA),
        "huge": f"{true.split('.')[0]}.7777777777777.{true.split('.', 2)[2]}",
        "not ASCII": true.replace(".", "․"),
    }[change]
    with caplog.at_level(logging.WARNING, logger="syndicate"):
        assert leave(site.app, false, "one-click") == Left(known=False, lists=())
        assert preferences(site.app, false) is None
        assert set_preferences(site.app, false, [], "the page") is None
    assert standing(site) == {"readers": CONFIRMED, "friends": CONFIRMED}
    assert told(site) == []
    assert [record.message for record in caplog.records] == ["token-unknown"] * 2
    assert not false or false not in str([vars(record) for record in caplog.records])


def test_preferences_show_what_may_be_joined_and_what_the_reader_is_on(site: Studio) -> None:
    shown = preferences(site.app, token(site, "readers"))
    assert shown is not None
    assert (shown.address_shown, shown.suppressed) == ("a…@reader.example", False)
    weekly, friends = shown.lists
    assert (weekly.key, weekly.title, weekly.about) == ("readers", "Weekly readers", "Every Friday at nine.")
    assert (weekly.digests, weekly.subscribed, weekly.open) == (("The Lantern",), True, True)
    assert (friends.key, friends.about, friends.subscribed) == ("friends", "", True)


def test_a_closed_or_bygone_list_is_shown_to_its_readers_alone_and_can_only_be_left(site: Studio) -> None:
    for name in ("staff", "bygone"):
        site.readers("ada", list_name=name)
    link = token(site)
    shown = preferences(site.app, link)
    assert shown is not None
    assert [(each.key, each.open) for each in shown.lists] == [
        ("readers", True),
        ("friends", True),
        ("staff", False),
        ("bygone", False),
    ]
    set_preferences(site.app, link, [], "the page")
    assert set(standing(site).values()) == {UNSUBSCRIBED}
    after = set_preferences(site.app, link, ["staff", "bygone", "forum", "nowhere"], "the page")
    assert after is not None
    assert [each.key for each in after.lists] == ["readers", "friends"]
    assert set(standing(site).values()) == {UNSUBSCRIBED}


def test_choosing_leaves_and_joins_at_once_and_writes_what_changed(site: Studio) -> None:
    site.readers("cy")
    link = token(site, address="cy@reader.example")
    after = set_preferences(site.app, link, ["friends"], "the preferences page")
    assert after is not None
    assert {each.key: each.subscribed for each in after.lists} == {"readers": False, "friends": True}
    assert standing(site, "cy@reader.example") == {"readers": UNSUBSCRIBED, "friends": CONFIRMED}
    assert told(site, "cy@reader.example") == [
        (What.LEFT, "readers", "the preferences page"),
        (What.CONFIRMED, "friends", "the preferences page"),
    ]
    assert set_preferences(site.app, link, ["friends"], "the preferences page") == after
    assert len(told(site, "cy@reader.example")) == 2


def test_who_left_comes_back_by_the_page(site: Studio) -> None:
    leave(site.app, token(site, "readers"), "one-click")
    site.clock.advance(HOUR)
    set_preferences(site.app, token(site, "readers"), ["readers", "friends"], "the page")
    assert standing(site) == {"readers": CONFIRMED, "friends": CONFIRMED}


@pytest.mark.parametrize("reason", [SuppressionReason.COMPLAINT, SuppressionReason.HARD_BOUNCE], ids=str)
def test_a_suppressed_reader_can_leave_and_not_join(site: Studio, reason: SuppressionReason) -> None:
    leave(site.app, token(site, "friends"), "one-click")
    site.app.audience.suppress(ADA, reason, site.clock.now())
    after = set_preferences(site.app, token(site), ["friends"], "the page")
    assert after is not None
    assert after.suppressed
    assert standing(site) == {"readers": UNSUBSCRIBED, "friends": UNSUBSCRIBED}


def test_who_leaves_between_planning_and_sending_gets_no_letter(tmp_path: Path) -> None:
    with studio(tmp_path) as lantern:
        lantern.begin(Post(name="red-rooms"))
        lantern.readers("ada", "bo")
        lantern.feed(Post(name="night-shift", published=FRIDAY - DAY), Post(name="red-rooms"))
        lantern.live(FRIDAY - lantern.clock.now() - HOUR)
        assert leave(lantern.app, token(lantern, "readers"), "one-click").known
        lantern.live(2 * HOUR)
        assert lantern.letters() == [BO]


def test_whoever_presses_without_end_joins_so_often_and_leaves_always(site: Studio) -> None:
    link = token(site, "readers", "friends")
    for _ in range(MOST_CHOICES // 2):
        set_preferences(site.app, link, ["readers"], "the page")
        set_preferences(site.app, link, ["readers", "friends"], "the page")
    set_preferences(site.app, link, ["readers"], "the page")
    lines = len(told(site))
    set_preferences(site.app, link, ["readers", "friends"], "the page")
    assert len(told(site)) == lines
    assert leave(site.app, link, "one-click").known
    assert standing(site)["readers"] is UNSUBSCRIBED

"""EntryStore: what was seen is seen once, keeps its identities, and is announced when it may be."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy.exc import StatementError

from syndicate.errors import NotFoundError
from syndicate.feeds.model import Validators
from syndicate.reviews.admission import Admission, EntryState, Hold
from syndicate.store.database import Database
from syndicate.store.entries import EntryStore
from syndicate.store.feeds import FeedStore
from tests.contracts.build import HISTORY, HOUR, NOW, READY, UNSETTLED, URL, at_once, record, seen


def test_an_entry_comes_back_as_it_was_recorded(database: Database) -> None:
    (number,) = record(database, one := seen("pier"))
    stored = EntryStore(database).get(number)
    assert (stored.guid, stored.link, stored.title, stored.labels) == (
        one.entry.guid,
        one.entry.link,
        one.entry.title,
        ("Cinema",),
    )
    assert stored.reading == one.reading
    assert (stored.state, stored.reason, stored.edits) == (EntryState.READY, None, {})
    assert stored.published == stored.first_seen == stored.counts_from == NOW


def test_new_entries_are_numbered_in_the_order_of_the_document(database: Database) -> None:
    numbers = record(database, seen("pier"), seen("quay"))
    assert [EntryStore(database).get(number).guid for number in numbers] == ["tag:pier", "tag:quay"]


def test_an_entry_is_known_by_each_of_its_identities(database: Database) -> None:
    (number,) = record(database, seen("pier", HISTORY))
    known = EntryStore(database).known("reviews", {"guid:tag:pier", "link://lantern.example/pier.html", "guid:tag:x"})
    assert {key: each.id for key, each in known.items()} == {
        "guid:tag:pier": number,
        "link://lantern.example/pier.html": number,
    }
    assert known["guid:tag:pier"].admission == HISTORY


def test_identities_belong_to_their_feed(database: Database) -> None:
    record(database, seen("pier"))
    assert EntryStore(database).known("notes", {"guid:tag:pier"}) == {}


def test_a_thousand_identities_are_looked_up_at_once(database: Database) -> None:
    record(database, *(seen(f"film-{number}") for number in range(450)))
    keys = {f"guid:tag:film-{number}" for number in range(1000)}
    assert len(EntryStore(database).known("reviews", keys)) == 450


def test_many_entries_are_read_at_once_and_those_that_are_not_there_are_none(database: Database) -> None:
    numbers = record(database, *(seen(f"film-{number}") for number in range(600)))
    store = EntryStore(database)
    found = store.many([*numbers, 99_999])
    assert set(found) == set(numbers)
    assert found[numbers[599]] == store.get(numbers[599])
    assert store.many([]) == {}


def test_a_known_entry_takes_a_new_identity_and_is_known_by_it_from_then_on(database: Database) -> None:
    entries = EntryStore(database)
    (number,) = record(database, seen("pier"))
    entries.record_poll(
        "reviews",
        url=URL,
        title="The Lantern",
        validators=Validators(),
        seen=[],
        present={number: ("guid:tag:moved",)},
        held=None,
        now=NOW + HOUR,
    )
    assert entries.known("reviews", {"guid:tag:moved"})["guid:tag:moved"].id == number


def test_an_identity_of_one_entry_is_never_given_to_another(database: Database) -> None:
    pier, quay = record(database, seen("pier"), seen("quay"))
    EntryStore(database).record_poll(
        "reviews",
        url=URL,
        title="The Lantern",
        validators=Validators(),
        seen=[],
        present={quay: ("guid:tag:pier",)},
        held=None,
        now=NOW,
    )
    assert EntryStore(database).known("reviews", {"guid:tag:pier"})["guid:tag:pier"].id == pier


def test_an_edit_restarts_the_settling_and_keeps_the_number(database: Database) -> None:
    (number,) = record(database, seen("pier", UNSETTLED))
    assert record(database, seen("pier", UNSETTLED, known_as=number, body="Longer."), now=NOW + HOUR) == ()
    stored = EntryStore(database).get(number)
    assert (stored.first_seen, stored.unchanged_since) == (NOW, NOW + HOUR)


def test_only_what_has_stayed_unchanged_and_is_still_there_settles(database: Database) -> None:
    entries = EntryStore(database)
    kept, withdrawn = record(database, seen("pier", UNSETTLED), seen("quay", UNSETTLED))
    assert entries.settle("reviews", NOW - timedelta(seconds=1)) == ()
    record(database, present=[kept], now=NOW + HOUR)
    assert entries.settle("reviews", NOW + HOUR) == (kept,)
    assert entries.get(kept).state is EntryState.READY
    assert entries.get(withdrawn).state is EntryState.HELD
    assert entries.settle("reviews", NOW + HOUR) == ()


def test_an_unchanged_feed_counts_as_seeing_its_entries_again_but_not_those_that_had_gone(database: Database) -> None:
    entries = EntryStore(database)
    kept, withdrawn = record(database, seen("pier", UNSETTLED), seen("quay", UNSETTLED))
    record(database, present=[kept], now=NOW + HOUR)
    entries.record_unchanged("reviews", url=URL, validators=Validators(etag='"2"'), now=NOW + 2 * HOUR)
    assert entries.settle("reviews", NOW + HOUR) == (kept,)
    assert entries.get(withdrawn).reason == Hold.UNSETTLED


def test_accepting_a_flood_as_history_still_announces_what_is_newer_than_before_it(database: Database) -> None:
    entries, flood = EntryStore(database), Admission(state=EntryState.HELD, reason=Hold.NOVELTY)
    record(database, seen("pier", HISTORY, published=NOW))
    old, new = record(
        database, seen("old", flood, published=NOW - HOUR), seen("new", flood, published=NOW + HOUR), held="novelty"
    )
    before = entries.newest_before_flood("reviews")
    assert before == NOW
    later = NOW + 5 * HOUR
    assert entries.accept("reviews", as_new=False, newer_than=before, now=later) == (1, 1)
    assert entries.get(old).state is EntryState.HISTORY
    assert (entries.get(new).state, entries.get(new).counts_from) == (EntryState.READY, later)
    assert FeedStore(database).health("reviews", URL).held is None


def test_accepting_a_flood_as_new_announces_all_of_it_and_nothing_else(database: Database) -> None:
    entries, flood = EntryStore(database), Admission(state=EntryState.HELD, reason=Hold.NOVELTY)
    (known,) = record(database, seen("pier", HISTORY))
    record(database, seen("old", flood), seen("older", flood), held="novelty")
    assert entries.accept("reviews", as_new=True, newer_than=NOW, now=NOW) == (0, 2)
    assert entries.get(known).state is EntryState.HISTORY


def test_a_date_in_the_future_does_not_make_the_next_posts_look_old(database: Database) -> None:
    record(database, seen("slip", published=NOW + timedelta(days=3650)), seen("pier", published=NOW - HOUR))
    assert EntryStore(database).newest_known("reviews") == NOW


def test_a_feed_without_dates_is_as_new_as_its_newest_entry_was_seen(database: Database) -> None:
    record(database, seen("pier", published=None))
    assert EntryStore(database).newest_known("reviews") == NOW
    assert EntryStore(database).newest_known("notes") is None


def test_age_counts_from_publication_but_never_from_the_future(database: Database) -> None:
    past, future, undated = record(
        database,
        seen("past", UNSETTLED, published=NOW - HOUR),
        seen("future", UNSETTLED, published=NOW + HOUR),
        seen("undated", UNSETTLED, published=None),
    )
    entries = EntryStore(database)
    assert [entries.get(number).counts_from for number in (past, future, undated)] == [NOW - HOUR, NOW, NOW]


def test_what_is_announced_at_first_sight_counts_from_then_whatever_its_date(database: Database) -> None:
    (number,) = record(database, seen("pier", READY, published=NOW - 5000 * HOUR))
    assert EntryStore(database).get(number).counts_from == NOW


def test_the_link_of_the_first_sight_names_an_entry_wherever_it_moves(database: Database) -> None:
    (number,) = record(database, first := seen("pier"))
    record(database, replace(seen("pier", known_as=number, body="Moved."), link_key="link://new.example/pier"))
    assert EntryStore(database).get(number).link_key == first.link_key


def test_what_a_person_holds_and_releases_is_announced_as_of_then(database: Database) -> None:
    entries = EntryStore(database)
    (number,) = record(database, seen("pier"))
    assert entries.hold(number).reason == Hold.LEFT_OUT
    released = entries.release(number, NOW + HOUR)
    assert (released.state, released.reason, released.counts_from) == (EntryState.READY, None, NOW + HOUR)


def test_an_edit_is_laid_over_the_review_and_outlives_a_later_poll(database: Database) -> None:
    entries = EntryStore(database)
    (number,) = record(database, seen("pier"))
    entries.edit(number, {"film": "The Long Pier"})
    entries.edit(number, {"year": "1974"})
    record(database, seen("pier", known_as=number, body="Another body."), now=NOW + HOUR)
    film = entries.get(number).published_review().review.film
    assert (film.title, film.year) == ("The Long Pier", 1974)


@pytest.mark.parametrize("call", ["get", "hold", "release", "edit"])
def test_a_number_that_is_no_entry_is_not_found(database: Database, call: str) -> None:
    entries = EntryStore(database)
    calls = {
        "get": lambda: entries.get(7),
        "hold": lambda: entries.hold(7),
        "release": lambda: entries.release(7, NOW),
        "edit": lambda: entries.edit(7, {"film": "x"}),
    }
    with pytest.raises(NotFoundError, match="no review 7"):
        calls[call]()


def test_entries_are_listed_newest_first_and_the_feeds_order_breaks_a_tie(database: Database) -> None:
    record(
        database,
        replace(seen("first"), place=0),
        replace(seen("second"), place=1),
        seen("newer", HISTORY, published=NOW + HOUR),
    )
    entries = EntryStore(database)
    assert [each.guid for each in entries.listed()] == ["tag:newer", "tag:first", "tag:second"]
    assert [each.guid for each in entries.listed(state=EntryState.READY, limit=1)] == ["tag:first"]


def test_instants_survive_whatever_zone_they_came_in(database: Database) -> None:
    there = datetime(2026, 11, 20, 20, 30, 1, 250_000, tzinfo=timezone(timedelta(hours=11, minutes=30)))
    (number,) = record(database, seen("pier", published=there))
    published = EntryStore(database).get(number).published
    assert published == there
    assert published is not None
    assert published.tzinfo is UTC


def test_a_naive_instant_is_refused_and_nothing_is_recorded(database: Database) -> None:
    with pytest.raises(StatementError, match="naive datetime"):
        record(database, seen("pier", published=None), now=datetime(2026, 11, 20))  # noqa: DTZ001
    assert EntryStore(database).listed() == ()


def test_two_polls_of_the_same_document_at_once_record_each_entry_once(database_url: str) -> None:
    with Database(database_url) as database:
        record(database, seen("pier", HISTORY))
    document = [seen(f"film-{number}", UNSETTLED) for number in range(30)]
    news = at_once(database_url, *[lambda database: record(database, *document)] * 4)
    assert sorted(len(each) for each in news) == [0, 0, 0, 30]
    with Database(database_url) as database:
        assert len(EntryStore(database).listed()) == 31


def test_where_another_poll_was_first_the_text_read_last_stands_and_its_state_is_kept(database: Database) -> None:
    (number,) = record(database, seen("pier", READY))
    late = seen("pier", UNSETTLED, body="Edited meanwhile.")
    assert record(database, late, now=NOW + HOUR) == ()
    known = EntryStore(database).known("reviews", late.keys)
    assert {each.id for each in known.values()} == {number}
    assert known["guid:tag:pier"].content_hash == late.content_hash
    assert known["guid:tag:pier"].admission == READY

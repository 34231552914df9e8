"""Imports: of two words on a reader the one that mails nobody holds, in one file, in two, and against what is here."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syndicate.audience.csvio import parse_subscribers, write_subscribers
from syndicate.audience.houses import OF_STANDING, Standing
from syndicate.audience.model import (
    Landing,
    NewSubscriber,
    RecipientFacts,
    SubscriptionState,
    SuppressionReason,
    What,
)
from syndicate.audience.policy import Allowed, may_receive
from syndicate.audience.tokens import Keyring
from syndicate.store.arrivals import MOVED, STAGED
from syndicate.store.audience import AudienceStore
from syndicate.store.database import Database
from syndicate.store.opening import open_database
from syndicate.store.people import forget, person_of
from tests.contracts.build import HOUR, NOW

pytestmark = pytest.mark.slow

KEYS = Keyring((b"k" * 32,))
ADDRESSES = ("ada@reader.example", "bo@reader.example", "cy@reader.example")
words = st.sampled_from(Standing)
files = st.lists(st.tuples(st.sampled_from(ADDRESSES), words, st.booleans()), max_size=6)


def reader(address: str, word: Standing = Standing.CONFIRMED, *, upper: bool = False) -> NewSubscriber:
    state, suppression = OF_STANDING[word]
    return NewSubscriber(address=address.upper() if upper else address, name="", state=state, suppression=suppression)


def take_in(database: Database, *people: NewSubscriber, dry_run: bool = False) -> dict[Landing, int]:
    """Import people, and return how many landed where."""
    reports = list(AudienceStore(database).add(people, "readers", NOW, dry_run=dry_run, keyring=KEYS))
    return dict(reports[-1].counts) if reports else {}


def is_mailed(database: Database, address: str) -> bool:
    """Return what the policy says of an address on the list, by the facts that a sender would have."""
    audience = AudienceStore(database)
    person = person_of(database, KEYS, address)
    suppression = audience.suppression(address)
    facts = RecipientFacts(
        subscriptions=tuple(each.state for each in person.subscriptions),
        suppression=suppression.reason if suppression else None,
    )
    return isinstance(may_receive(facts), Allowed)


def standing(database: Database) -> list[tuple[object, ...]]:
    """Return all that a list has and all that is suppressed."""
    rows = AudienceStore(database).with_suppressions("readers")
    return sorted((person.address.lower(), link.state if link else None, str(reason)) for person, link, reason in rows)


numbers = itertools.count()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("imports")


def fresh(folder: Path) -> Database:
    """Return an empty database of its own, for an example of a property."""
    template = folder / "template.db"
    if not template.exists():
        open_database(f"sqlite:///{template}").close()
    copy = folder / f"{next(numbers)}.db"
    shutil.copyfile(template, copy)
    return Database(f"sqlite:///{copy}")


@pytest.mark.parametrize("word", [each for each in Standing if each is not Standing.CONFIRMED])
@pytest.mark.parametrize("order", ["before", "after", "in another file", "in a file before"])
def test_the_word_that_mails_nobody_holds_whenever_it_is_said(word: Standing, order: str, database: Database) -> None:
    on, off = reader("ada@reader.example"), reader("Ada@reader.example", word)
    match order:
        case "before":
            take_in(database, off, on)
        case "after":
            take_in(database, on, off)
        case "in another file":
            take_in(database, on)
            take_in(database, off)
        case _:
            take_in(database, off)
            take_in(database, on)
    assert not is_mailed(database, "ada@reader.example")


def test_a_second_line_that_says_unsubscribed_is_not_lost_however_far_apart_the_two_are(database: Database) -> None:
    many = [reader(f"r{number}@reader.example") for number in range(max(STAGED, MOVED) + 3)]
    counts = take_in(database, *many, reader("R0@reader.example", Standing.UNSUBSCRIBED))
    assert counts == {Landing.ADDED: len(many) - 1, Landing.LEFT: 1}
    assert not is_mailed(database, "r0@reader.example")


def test_a_dry_run_tells_what_the_run_then_does_and_changes_nothing(database: Database) -> None:
    take_in(database, reader("bo@reader.example"), reader("cy@reader.example", Standing.UNSUBSCRIBED))
    file = [
        reader("ada@reader.example"),
        reader("ADA@reader.example"),
        reader("bo@reader.example", Standing.UNSUBSCRIBED),
        reader("cy@reader.example"),
        reader("di@reader.example", Standing.BOUNCED),
        reader("ed@reader.example", Standing.UNCONFIRMED),
    ]
    before = standing(database)
    told = take_in(database, *file, dry_run=True)
    assert standing(database) == before
    assert told == take_in(database, *file)
    assert told == {Landing.ADDED: 1, Landing.LEFT: 2, Landing.SUPPRESSED: 1, Landing.UNCONFIRMED: 1}


def test_what_an_import_ends_is_told_in_the_story(database: Database) -> None:
    take_in(database, reader("ada@reader.example"))
    people = [reader("ada@reader.example", Standing.UNSUBSCRIBED), reader("bo@reader.example", Standing.COMPLAINED)]
    list(AudienceStore(database).add(people, "readers", NOW, source="an import from Ghost"))
    list(AudienceStore(database).add(people, "readers", NOW + HOUR, source="an import from Ghost"))
    asked, ada = person_of(database, KEYS, "ada@reader.example").history
    assert (asked.what, asked.note) == (What.SUPPRESSED, "request, an import from Ghost")
    assert (ada.what, ada.list_name, ada.note) == (What.IMPORTED_OUT, "readers", "an import from Ghost")
    (bo,) = person_of(database, KEYS, "bo@reader.example").history
    assert (bo.what, bo.note) == (What.SUPPRESSED, "complaint, an import from Ghost")


def test_who_left_elsewhere_is_mailed_on_no_list_whichever_other_file_names_them(database: Database) -> None:
    take_in(database, reader("ada@reader.example", Standing.UNSUBSCRIBED))
    list(AudienceStore(database).add([reader("ada@reader.example")], "friends", NOW))
    assert not is_mailed(database, "ada@reader.example")
    assert person_of(database, KEYS, "ada@reader.example").suppression is not None


@pytest.mark.parametrize("first", [Standing.UNSUBSCRIBED, Standing.BOUNCED], ids=str)
def test_a_bounce_outweighs_a_goodbye_elsewhere_in_whatever_order(database: Database, first: Standing) -> None:
    (second,) = {Standing.UNSUBSCRIBED, Standing.BOUNCED} - {first}
    take_in(database, reader("ada@reader.example", first), reader("ada@reader.example", second))
    take_in(database, reader("bo@reader.example", first))
    take_in(database, reader("bo@reader.example", second))
    for address in ("ada@reader.example", "bo@reader.example"):
        held = AudienceStore(database).suppression(address)
        assert held is not None
        assert held.reason is SuppressionReason.HARD_BOUNCE


def test_who_left_and_is_suppressed_has_left_also_when_the_suppression_is_taken_back(database: Database) -> None:
    take_in(database, reader("ada@reader.example"))
    audience = AudienceStore(database)
    audience.suppress("ada@reader.example", SuppressionReason.HARD_BOUNCE, NOW)
    take_in(database, reader("ada@reader.example", Standing.UNSUBSCRIBED))
    audience.unsuppress("ada@reader.example", NOW)
    assert not is_mailed(database, "ada@reader.example")


def test_who_confirmed_here_stays_so_though_another_tool_saw_no_confirmation(database: Database) -> None:
    take_in(database, reader("ada@reader.example"), reader("bo@reader.example"))
    AudienceStore(database).resubscribe("ada@reader.example", "readers", NOW)
    take_in(
        database, reader("ada@reader.example", Standing.UNCONFIRMED), reader("bo@reader.example", Standing.UNCONFIRMED)
    )
    assert is_mailed(database, "ada@reader.example")
    assert not is_mailed(database, "bo@reader.example")


def test_a_subscription_holds_since_the_time_of_the_file_but_never_since_tomorrow(database: Database) -> None:
    people = [
        NewSubscriber(address="ada@reader.example", name="", since=NOW - HOUR),
        NewSubscriber(address="bo@reader.example", name="", since=NOW + HOUR),
        NewSubscriber(address="cy@reader.example", name="", state=SubscriptionState.UNCONFIRMED, since=NOW - HOUR),
    ]
    take_in(database, *people)
    since = {person.address[:2]: link.since for person, link in AudienceStore(database).members("readers")}
    assert since == {"ad": NOW - HOUR, "bo": NOW, "cy": NOW}


def test_a_file_that_turns_out_bad_in_its_midst_leaves_everything_as_it_was(database: Database) -> None:
    def broken() -> Iterator[NewSubscriber]:
        yield from (reader(f"r{number}@reader.example") for number in range(STAGED + 1))
        raise RuntimeError("the disk")

    with pytest.raises(RuntimeError, match="disk"):
        list(AudienceStore(database).add(broken(), "readers", NOW))
    assert AudienceStore(database).count("readers") == {}
    assert take_in(database, reader("ada@reader.example")) == {Landing.ADDED: 1}


def test_an_export_imported_elsewhere_gives_the_same_list(database: Database, tmp_path: Path) -> None:
    take_in(database, *(reader(f"{word}@reader.example", word) for word in Standing))
    audience = AudienceStore(database)
    audience.suppress("confirmed@reader.example", SuppressionReason.REQUEST, NOW)
    forget(database, KEYS, "unconfirmed@reader.example", NOW)
    lines = list(write_subscribers(audience.with_suppressions("readers")))
    with fresh(tmp_path) as other:
        take_in(other, *(each for each in parse_subscribers(lines) if isinstance(each, NewSubscriber)))
        assert standing(other) == standing(database)
        assert list(write_subscribers(AudienceStore(other).with_suppressions("readers"))) == lines


some = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@some
@given(st.lists(files, max_size=4))
def test_no_order_of_files_mails_anyone_who_left_or_is_suppressed_anywhere(
    folder: Path, every: list[list[tuple[str, Standing, bool]]]
) -> None:
    quiet = {address for file in every for address, word, _ in file if word is not Standing.CONFIRMED}
    orders = [every, every[::-1], [file[::-1] for file in every]]
    outcomes = []
    for order in orders:
        with fresh(folder) as database:
            for file in order:
                told = take_in(database, *(reader(a, w, upper=u) for a, w, u in file), dry_run=True)
                assert told == take_in(database, *(reader(a, w, upper=u) for a, w, u in file))
            assert not [address for address in quiet if is_mailed(database, address)]
            outcomes.append([(address, state, reason != "None") for address, state, reason in standing(database)])
    assert outcomes[0] == outcomes[1] == outcomes[2]


steps = st.one_of(
    st.tuples(st.just("import"), files),
    st.tuples(st.sampled_from(["remove", "suppress", "forget"]), st.sampled_from(ADDRESSES)),
)


@some
@given(st.lists(steps, max_size=6))
def test_once_out_is_out_whatever_is_imported_later(folder: Path, does: list[tuple[str, object]]) -> None:
    out: set[str] = set()
    with fresh(folder) as database:
        audience = AudienceStore(database)
        for what, thing in does:
            match what, thing:
                case "import", list(file):
                    take_in(database, *(reader(a, w, upper=u) for a, w, u in file))
                    out |= {a for a, w, _ in file if w not in (Standing.CONFIRMED, Standing.UNCONFIRMED)}
                case "remove", str(address):
                    if person_of(database, KEYS, address).subscriptions:
                        audience.unsubscribe(address, None, NOW)
                        out.add(address)
                case "suppress", str(address):
                    audience.suppress(address, SuppressionReason.COMPLAINT, NOW)
                    out.add(address)
                case "forget", str(address):
                    forget(database, KEYS, address, NOW)
                    out.add(address)
            assert not [address for address in out if is_mailed(database, address)]

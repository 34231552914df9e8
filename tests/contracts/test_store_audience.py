"""AudienceStore: an import brings nobody back, a suppression outweighs every list, memory does not grow."""

from __future__ import annotations

import pytest

from syndicate.audience.model import NewSubscriber, SubscriptionState, SuppressionReason
from syndicate.errors import NotFoundError
from syndicate.store.audience import BATCH, AudienceStore
from syndicate.store.database import Database
from tests.contracts.build import HOUR, NOW, at_once, people

ADA = "ada@reader.example"


@pytest.fixture
def audience(database: Database) -> AudienceStore:
    return AudienceStore(database)


def add(audience: AudienceStore, *addresses: str, dry_run: bool = False) -> tuple[int, int, int]:
    """Put addresses on the list, and return (added, already there, kept out)."""
    fresh = [NewSubscriber(address=address, name="") for address in addresses]
    *_, report = audience.add(fresh, "readers", NOW, dry_run=dry_run)
    return report.added, report.already, report.kept_out


def test_a_reader_is_found_whatever_the_case_of_the_address(audience: AudienceStore) -> None:
    add(audience, "Ada@reader.example")
    person = audience.find("aDA@READER.example")
    assert (person.address, person.added) == ("Ada@reader.example", NOW)


def test_an_import_counts_who_is_new_and_who_was_there(audience: AudienceStore) -> None:
    assert add(audience, ADA) == (1, 0, 0)
    assert add(audience, ADA.upper(), "bo@reader.example") == (1, 1, 0)
    assert audience.count("readers") == {SubscriptionState.CONFIRMED: 2}


def test_who_is_confirmed_and_suppressed_is_counted_list_by_list(audience: AudienceStore, database: Database) -> None:
    add(audience, ADA, "bo@reader.example", "cy@reader.example")
    people(database, "friends", "dora")
    audience.unsubscribe("cy@reader.example", "readers", NOW)
    for address in (ADA, "cy@reader.example", "nobody@reader.example"):
        audience.suppress(address, SuppressionReason.MANUAL, NOW)
    assert (audience.count_suppressed("readers"), audience.count_suppressed("friends")) == (1, 0)


def test_an_import_brings_nobody_back_who_left(audience: AudienceStore) -> None:
    add(audience, ADA)
    assert audience.unsubscribe(ADA, "readers", NOW) == 1
    assert add(audience, ADA) == (0, 0, 1)
    assert audience.count("readers") == {SubscriptionState.UNSUBSCRIBED: 1}


def test_a_person_who_asks_comes_back(audience: AudienceStore) -> None:
    add(audience, ADA)
    audience.unsubscribe(ADA, "readers", NOW)
    audience.resubscribe(ADA, "readers", NOW + HOUR)
    (link,) = audience.subscriptions_of(audience.find(ADA).id)
    assert (link.state, link.since) == (SubscriptionState.CONFIRMED, NOW + HOUR)


def test_a_dry_run_counts_and_changes_nothing(audience: AudienceStore) -> None:
    add(audience, ADA)
    assert add(audience, ADA, "bo@reader.example", dry_run=True) == (1, 1, 0)
    assert audience.count("readers") == {SubscriptionState.CONFIRMED: 1}
    with pytest.raises(NotFoundError, match="no subscriber"):
        audience.find("bo@reader.example")


def test_unsubscribing_without_a_list_ends_every_subscription_once(audience: AudienceStore, database: Database) -> None:
    people(database, "readers", "ada")
    people(database, "friends", "ada")
    assert audience.unsubscribe(ADA, None, NOW) == 2
    assert audience.unsubscribe(ADA, None, NOW) == 0
    assert audience.lists_of(audience.find(ADA).id, ["readers", "friends"]) == ()


def test_the_lists_of_a_reader_come_in_the_order_of_the_digest(audience: AudienceStore, database: Database) -> None:
    people(database, "friends", "ada")
    people(database, "readers", "ada")
    assert audience.lists_of(audience.find(ADA).id, ["readers", "films", "friends"]) == ("readers", "friends")


def test_a_suppression_needs_no_subscriber_keeps_its_first_reason_and_can_be_taken_back(
    audience: AudienceStore,
) -> None:
    audience.suppress("Ada@Reader.example", SuppressionReason.COMPLAINT, NOW)
    audience.suppress(ADA, SuppressionReason.MANUAL, NOW + HOUR)
    there = audience.suppression(ADA)
    assert there is not None
    assert (there.reason, there.since) == (SuppressionReason.COMPLAINT, NOW)
    assert audience.unsuppress(ADA, NOW)
    assert not audience.unsuppress(ADA, NOW)
    assert audience.suppression(ADA) is None


def test_members_come_by_pages_each_once_and_in_order(audience: AudienceStore) -> None:
    add(audience, *(f"reader{number}@reader.example" for number in range(2 * BATCH + 3)))
    audience.unsubscribe("reader5@reader.example", "readers", NOW)
    numbers = [person.id for person, _ in audience.members("readers")]
    assert numbers == sorted(set(numbers))
    assert len(numbers) == 2 * BATCH + 3
    confirmed = audience.members("readers", state=SubscriptionState.CONFIRMED)
    assert sum(1 for _ in confirmed) == 2 * BATCH + 2


def test_two_imports_of_the_same_people_at_once_add_each_once(database_url: str) -> None:
    fresh = [NewSubscriber(address=f"reader{number}@reader.example", name="") for number in range(60)]

    def load(database: Database) -> int:
        *_, report = AudienceStore(database).add(fresh, "readers", NOW)
        return report.added

    assert sum(at_once(database_url, load, load, load)) == 60
    with Database(database_url) as database:
        assert AudienceStore(database).count("readers") == {SubscriptionState.CONFIRMED: 60}

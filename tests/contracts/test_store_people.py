"""One person: all that is held is told, and what is erased is gone, from the rows and from the file."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import delete, func, insert, select, update

from syndicate.audience.model import NewSubscriber, Notice, SuppressionReason, What
from syndicate.audience.policy import Allowed, may_receive
from syndicate.audience.tokens import Keyring
from syndicate.delivery.model import DeliveryState
from syndicate.errors import AudienceError
from syndicate.returns.model import Action, ReturnKind
from syndicate.store.audience import AudienceStore
from syndicate.store.database import Database
from syndicate.store.deliveries import DeliveryStore
from syndicate.store.generation import Generation
from syndicate.store.history import happened
from syndicate.store.incidents import IncidentStore
from syndicate.store.ledger import Ledger
from syndicate.store.notices import plan_notice
from syndicate.store.people import NOBODY, forget, person_of
from syndicate.store.tables import deliveries, history, incidents, returned, subscribers, suppressions
from tests.contracts.build import HOUR, NOW, frozen, people, planned_status

KEYS = Keyring((b"k" * 32,))
ROTATED = Keyring((b"n" * 32, b"k" * 32))
ADA = "ada@reader.example"
only_sqlite = pytest.mark.parametrize("kind", ["sqlite"])
"""A server keeps its files to itself."""


def came_back(database: Database, address: str, *, delivery: int | None = None, why: str = "its report") -> None:
    """Let a mail about an address have come back."""
    with database.write() as connection:
        connection.execute(
            insert(returned).values(
                key=f"{len(address)}-{delivery}",
                at=NOW,
                kind=ReturnKind.SOFT,
                action=Action.COUNTED,
                address_key=address if delivery is None else None,
                delivery_id=delivery,
                status="4.2.2",
                diagnostic=f"<{address}>: mailbox full",
                why=why,
            )
        )


def states(database: Database) -> dict[str, int]:
    with database.read() as connection:
        rows = connection.execute(select(deliveries.c.state, func.count()).group_by(deliveries.c.state))
        return {row[0]: row[1] for row in rows}


def set_state(database: Database, number: int, state: DeliveryState, reply: str | None = None) -> None:
    with database.write() as connection:
        here = update(deliveries).where(deliveries.c.id == number)
        connection.execute(here.values(state=state, reply=reply))


def letter_of(database: Database, address: str = ADA) -> int:
    """Return the number of the first letter to an address."""
    return person_of(database, KEYS, address).deliveries[0].id


def test_all_that_is_held_about_a_person_is_told(database: Database) -> None:
    frozen(database, "ada", "bo")
    with database.write() as connection:
        happened(connection, ADA, What.CONFIRMED, NOW, list_name="readers", note="the form")
        plan_notice(connection, letter_owner(database), ("readers",), Notice.WELCOME, NOW)
    AudienceStore(database).suppress(ADA, SuppressionReason.COMPLAINT, NOW)
    came_back(database, ADA)
    person = person_of(database, KEYS, "Ada@Reader.Example")
    assert person.subscriber
    assert person.subscriber.name == "Ada"
    assert [each.list_name for each in person.subscriptions] == ["readers"]
    assert person.suppression
    assert person.suppression.reason is SuppressionReason.COMPLAINT
    assert [each.what for each in person.history] == [What.CONFIRMED, What.SUPPRESSED]
    assert [(each.digest, each.number, each.notice) for each in person.deliveries] == [
        ("weekly", 1, None),
        (None, None, Notice.WELCOME),
    ]
    assert [each.kind for each in person.returned] == [ReturnKind.SOFT]


def letter_owner(database: Database) -> int:
    return AudienceStore(database).find(ADA).id


def test_who_is_unknown_has_no_letters_though_statuses_have_no_reader_either(database: Database) -> None:
    planned_status(database)
    frozen(database, posting=["members"])
    person = person_of(database, KEYS, "nobody@reader.example")
    assert person.deliveries == ()
    assert not person.is_known


def test_forgetting_somebody_unknown_touches_no_other_row_and_keeps_the_address_out(database: Database) -> None:
    planned_status(database)
    frozen(database, "bo", posting=["members"])
    before = states(database)
    erased = forget(database, KEYS, "nobody@reader.example", NOW)
    assert (erased.letters, erased.stopped) == (0, 0)
    assert states(database) == before
    assert person_of(database, KEYS, "nobody@reader.example").is_forgotten


@pytest.mark.parametrize("state", [each for each in DeliveryState if each is not DeliveryState.SENDING])
def test_the_account_of_an_issue_still_adds_up_and_nothing_of_it_can_go_out(
    state: DeliveryState, database: Database, generation: Generation
) -> None:
    issue = frozen(database, "ada", "bo")
    number = letter_of(database)
    set_state(database, number, state, f"550 5.1.1 <{ADA}>: unknown")
    forget(database, KEYS, ADA, NOW)
    assert sum(DeliveryStore(database).counts(issue).values()) == 2
    (row,) = [each for each in DeliveryStore(database).listed(issue=issue) if each.id == number]
    assert ADA not in str(row)
    ledger = Ledger(database, generation, "me")
    with pytest.raises(ValueError, match="cannot become"):
        ledger.resolve(number, DeliveryState.PLANNED, NOW)
    ledger.settle_doubts(NOW + HOUR, letters=True, most=9)
    claimed = ledger.claim_letters(issue, ["readers"], NOW + HOUR, lambda _: Allowed(), most=9)
    assert [each.address for each in claimed] == ["bo@reader.example"]


def test_a_notice_that_waits_is_nobodys_afterwards(database: Database) -> None:
    people(database, "readers", "ada")
    with database.write() as connection:
        plan_notice(connection, letter_owner(database), ("readers",), Notice.CONFIRM, NOW)
    assert forget(database, KEYS, ADA, NOW).stopped == 1
    with database.read() as connection:
        (row,) = connection.execute(select(deliveries)).all()
    assert (row.state, row.subscriber_id, row.list, row.due) == (DeliveryState.SUPPRESSED, None, None, None)


def test_a_letter_on_a_wire_is_waited_for_and_nothing_changes(database: Database, generation: Generation) -> None:
    issue = frozen(database, "ada")
    Ledger(database, generation, "me").claim_letters(issue, ["readers"], NOW, may_receive)
    with pytest.raises(AudienceError, match="on a wire") as caught:
        forget(database, KEYS, ADA, NOW)
    assert "again" in (caught.value.hint or "")
    assert AudienceStore(database).find(ADA)
    assert not person_of(database, KEYS, ADA).is_forgotten


def test_nothing_stays_but_an_hmac(database: Database) -> None:
    frozen(database, "ada", "bo")
    number = letter_of(database)
    set_state(database, number, DeliveryState.BOUNCED, f"250 2.1.5 {ADA.upper()} ok")
    with database.write() as connection:
        happened(connection, ADA, What.ASKED, NOW, note="the form")
        happened(connection, "bo@reader.example", What.ASKED, NOW, note=f"forwarded by {ADA}")
    AudienceStore(database).suppress(ADA, SuppressionReason.HARD_BOUNCE, NOW)
    came_back(database, ADA)
    came_back(database, ADA, delivery=number)
    came_back(database, "bo@reader.example", why="quotes Ada@Reader.example")
    IncidentStore(database).open("complaints", f"{ADA.title()} complained.", NOW)
    erased = forget(database, KEYS, ADA.upper(), NOW)
    assert (erased.subscriptions, erased.letters, erased.stopped) == (1, 1, 0)
    assert [row for row in every_text(database) if ADA in row.lower()] == []
    person = person_of(database, KEYS, ADA)
    assert (person.subscriber, person.subscriptions, person.history, person.returned) == (None, (), (), ())
    assert person.is_forgotten
    assert [each.what for each in person_of(database, KEYS, "bo@reader.example").history] == [What.ASKED]
    (told,) = IncidentStore(database).open_ones()
    assert told.text == f"{NOBODY} complained."
    with database.read() as connection:
        assert connection.execute(select(deliveries.c.reply).where(deliveries.c.id == number)).scalar() == "250 2.1.5"


def every_text(database: Database) -> list[str]:
    tables = (subscribers, suppressions, deliveries, history, returned, incidents)
    with database.read() as connection:
        return [str(tuple(row)) for table in tables for row in connection.execute(select(table))]


def test_who_was_forgotten_stays_so_when_the_key_changes_and_comes_back_only_by_hand(database: Database) -> None:
    people(database, "readers", "ada")
    forget(database, KEYS, ADA, NOW)
    forget(database, ROTATED, ADA, NOW)
    with database.read() as connection:
        assert connection.execute(select(func.count()).select_from(suppressions)).scalar() == 1
    audience = AudienceStore(database)
    fresh = [NewSubscriber(address=ADA.upper(), name="Ada"), NewSubscriber(address="bo@reader.example", name="")]
    *_, report = audience.add(fresh, "readers", NOW, keyring=ROTATED)
    assert (report.added, report.kept_out) == (1, 1)
    assert person_of(database, ROTATED, ADA).subscriber is None
    assert audience.unsuppress(ADA, NOW, keyring=ROTATED)
    *_, report = audience.add(fresh, "readers", NOW, keyring=ROTATED)
    assert (report.added, report.already) == (1, 1)


@only_sqlite
def test_the_bytes_of_a_forgotten_address_are_gone_from_the_file(database: Database) -> None:
    frozen(database, "bo", *(f"r{number}" for number in range(300)), "ada")
    with database.write() as connection:
        happened(connection, ADA, What.ASKED, NOW)
    came_back(database, ADA)
    with database.write() as connection:  # what was deleted long ago, and not wiped, stands in the file still
        connection.exec_driver_sql("PRAGMA secure_delete=OFF")
        happened(connection, "old@reader.example", What.ASKED, NOW, note=f"for {ADA}")
        connection.execute(delete(history).where(history.c.address_key == "old@reader.example"))
    assert ADA.encode() in bytes_of(database)
    assert forget(database, KEYS, ADA, NOW).file_rewritten
    assert ADA.encode() not in bytes_of(database)
    assert b"bo@reader.example" in bytes_of(database)


def bytes_of(database: Database) -> bytes:
    """Return all that stands in the database's file and its log."""
    assert database.path
    files = (database.path, Path(f"{database.path}-wal"))
    return b"".join(file.read_bytes().lower() for file in files if file.exists())


@only_sqlite
def test_a_reader_of_the_file_keeps_it_from_being_written_anew_and_that_is_said(database: Database) -> None:
    people(database, "readers", "ada")
    with database.read() as connection:
        connection.execute(select(subscribers)).all()
        assert not forget(database, KEYS, ADA, NOW).file_rewritten
    assert forget(database, KEYS, ADA, NOW).file_rewritten
    assert ADA.encode() not in bytes_of(database)

"""What came back is remembered once, on either database; who is meant is proven there."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from syndicate.audience.model import SuppressionReason, What
from syndicate.audience.tokens import Keyring, Purpose, forgotten_keys, verp_token, web_token
from syndicate.returns.model import Action, ReturnKind
from syndicate.store import returned
from syndicate.store.audience import AudienceStore
from syndicate.store.database import Database
from syndicate.store.deliveries import DeliveryStore
from syndicate.store.history import happened, history_of
from syndicate.store.proving import Proven, proven, reader_of
from syndicate.store.suppressing import forgotten_among, suppress, suppress_all
from syndicate.store.tables import suppressions
from tests.contracts.build import HOUR, NOW, at_once, frozen

DAY = timedelta(days=1)
ADA, BO = "ada@reader.example", "bo@reader.example"
KEYS = Keyring((b"k" * 64, b"o" * 64))
SOFT, COUNTED = ReturnKind.SOFT, Action.COUNTED


def note(database: Database, key: str, at: datetime = NOW, *, delivery: int | None = None) -> int | None:
    """Remember a soft bounce of Ada's."""
    with database.write() as connection:
        number = returned.remember(connection, key, SOFT, at, status="4.2.2", diagnostic="full", why="a report")
        if number is not None:
            returned.attribute(connection, number, ADA.upper(), delivery)
            returned.conclude(connection, number, COUNTED)
    return number


def soft(database: Database, since: datetime = NOW - 30 * DAY) -> int:
    with database.read() as connection:
        return returned.soft_bounces(connection, ADA, since)


def test_a_message_is_remembered_once(database: Database) -> None:
    assert note(database, "one") is not None
    assert note(database, "one") is None
    with database.read() as connection:
        known = returned.recall(connection, "one")
        assert returned.recall(connection, "two") is None
    assert known is not None
    assert (known.kind, known.action, known.status) == (SOFT, COUNTED, "4.2.2")


def test_of_two_who_read_the_same_message_at_once_one_finds_it_known(database_url: str) -> None:
    found = at_once(database_url, *[lambda database: note(database, "one")] * 4)
    assert sorted(number is None for number in found) == [False, True, True, True]


def test_soft_bounces_are_counted_by_letter_else_by_day(database: Database) -> None:
    frozen(database, "ada")
    letter = DeliveryStore(database).listed()[0].id
    for key in ("a", "b"):
        note(database, key, delivery=letter)
    for key, at in (("c", NOW), ("d", NOW + HOUR), ("e", NOW - 2 * DAY), ("f", NOW - 31 * DAY)):
        note(database, key, at)
    assert soft(database) == 3
    assert soft(database, NOW - 60 * DAY) == 4
    assert soft(database, NOW + DAY) == 0


def test_a_release_wipes_the_slate(database: Database) -> None:
    note(database, "a", NOW - DAY)
    with database.write() as connection:
        happened(connection, ADA, What.RELEASED, NOW)
    note(database, "b", NOW + HOUR)
    assert soft(database) == 1


def test_when_a_kind_of_message_last_came_is_known(database: Database) -> None:
    note(database, "a", NOW - DAY)
    note(database, "b", NOW)
    with database.read() as connection:
        assert returned.last_of(connection, SOFT, "4.2.2") == NOW
        assert returned.last_of(connection, SOFT, None) is None
        assert returned.last_of(connection, ReturnKind.POLICY, "4.2.2") is None


def barred(database: Database, *reasons: SuppressionReason) -> tuple[SuppressionReason | None, int]:
    """Suppress Ada for these reasons, one after another; return why she is, and how many lines her history has."""
    for reason in reasons:
        with database.write() as connection:
            suppress(connection, ADA, reason, NOW, note="said so")
    found = AudienceStore(database).suppression(ADA.upper())
    with database.read() as connection:
        return (found.reason if found else None), len(history_of(connection, ADA))


def test_the_first_reason_stays_but_a_complaint_outweighs_a_bounce(database: Database) -> None:
    hard, complaint = SuppressionReason.HARD_BOUNCE, SuppressionReason.COMPLAINT
    assert barred(database, hard, SuppressionReason.SOFT_BOUNCES) == (hard, 1)
    assert barred(database, complaint, complaint) == (complaint, 2)
    assert barred(database, hard) == (complaint, 2)


def test_many_are_suppressed_at_once_and_who_is_new_among_them_is_told(database: Database) -> None:
    complaint = SuppressionReason.COMPLAINT
    notes = {f"r{number}@reader.example": "" for number in range(1200)} | {ADA: "x"}
    barred(database, SuppressionReason.HARD_BOUNCE)
    with database.write() as connection:
        suppress(connection, BO, SuppressionReason.MANUAL, NOW)
        assert len(suppress_all(connection, notes | {BO: ""}, complaint, NOW)) == 1201
        assert suppress_all(connection, notes, complaint, NOW) == frozenset()
        assert suppress_all(connection, {}, complaint, NOW) == frozenset()
    assert barred(database) == (complaint, 2)


def test_a_decision_by_hand_stays_whatever_comes_after(database: Database) -> None:
    manual = SuppressionReason.MANUAL
    assert barred(database, manual, SuppressionReason.COMPLAINT) == (manual, 1)


def test_who_was_forgotten_is_known_under_each_key(database: Database) -> None:
    with database.write() as connection:
        assert forgotten_among(connection, KEYS, [ADA]) == frozenset()
        hidden = {"address_key": forgotten_keys(KEYS, ADA)[-1], "reason": SuppressionReason.FORGOTTEN, "since": NOW}
        connection.execute(suppressions.insert().values(hidden))
        assert forgotten_among(connection, KEYS, [ADA.upper(), BO]) == {ADA}


# --- whom it is about ---


@pytest.fixture
def letters(database: Database) -> dict[str, int]:
    """Return the delivery of each reader of an issue, by address."""
    frozen(database, "ada", "bo")
    return {each.recipient: each.id for each in DeliveryStore(database).listed()}


def naming(sent: str, address: str) -> str:
    return f"<{sent}:{address}@lantern.example>"


def prove(
    database: Database,
    *,
    verp: tuple[str, ...] = (),
    web: tuple[str, ...] = (),
    ids: tuple[str, ...] = (),
    to: tuple[str, ...] = (),
) -> Proven | None:
    with database.read() as connection:
        return proven(connection, KEYS, naming, verp_tokens=verp, web_tokens=web, message_ids=ids, recipients=to)


def address_of(found: Proven | None) -> str | None:
    return found.reader.address if found else None


def link(database: Database, address: str, *lists: str) -> str:
    number = AudienceStore(database).find(address).id
    return web_token(KEYS, Purpose.READER, subscriber=number, address=address, lists=lists)


def test_each_kind_of_proof_finds_its_reader(database: Database, letters: dict[str, int]) -> None:
    path = verp_token(KEYS, delivery=letters[ADA], address=ADA)
    found = prove(database, verp=("x", path.upper()), web=(link(database, ADA, "readers"),))
    assert found
    assert (found.reader.address, found.delivery, found.lists) == (ADA, letters[ADA], ("readers",))
    assert address_of(prove(database, web=("x", link(database, BO)))) == BO
    by_id = prove(database, ids=("<x@y>", naming("weekly:1", ADA)), to=("x@y.example", ADA.upper()))
    assert by_id
    assert (by_id.reader.address, by_id.delivery) == (ADA, letters[ADA])


def test_an_older_key_still_proves(database: Database, letters: dict[str, int]) -> None:
    older = Keyring((KEYS.oldest,))
    assert address_of(prove(database, verp=(verp_token(older, delivery=letters[ADA], address=ADA),))) == ADA


def test_what_is_not_ours_proves_nothing(database: Database, letters: dict[str, int]) -> None:
    strange = Keyring((b"s" * 64,))
    confirm = web_token(KEYS, Purpose.CONFIRM, subscriber=AudienceStore(database).find(ADA).id, address=ADA)
    assert prove(database, verp=(verp_token(strange, delivery=letters[ADA], address=ADA),), to=(ADA,)) is None
    assert prove(database, verp=(verp_token(KEYS, delivery=letters[ADA], address=BO),), to=(ADA,)) is None
    assert prove(database, verp=(verp_token(KEYS, delivery=2**63 + 7, address=ADA),), to=(ADA,)) is None
    assert prove(database, web=(confirm, "ab.cd", ""), to=(ADA,)) is None
    assert prove(database, ids=(naming("weekly:1", BO), naming("weekly:2", ADA), "\ud800"), to=(ADA,)) is None
    assert prove(database, ids=(naming("weekly:1", ADA),)) is None
    assert prove(database, to=(ADA, BO)) is None


def test_true_proofs_of_two_readers_prove_none(database: Database, letters: dict[str, int]) -> None:
    path = verp_token(KEYS, delivery=letters[ADA], address=ADA)
    assert prove(database, verp=(path,), web=(link(database, BO),)) is None


@pytest.mark.parametrize("number", [0, -1, 4711, 2**63, 2**80])
def test_a_letter_that_was_never_sent_went_to_nobody(database: Database, number: int) -> None:
    with database.read() as connection:
        assert reader_of(connection, number) is None

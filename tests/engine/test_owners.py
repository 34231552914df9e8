"""Owners: each beats by the database's clock; who does not is buried, and then neither claims nor records."""

from __future__ import annotations

from datetime import timedelta
from time import monotonic

import pytest
from sqlalchemy import text

from syndicate.audience.policy import may_receive
from syndicate.delivery.model import DeliveryState, Sent
from syndicate.delivery.retry import Concluded, Step
from syndicate.errors import ConfigError, StoreError
from syndicate.store.database import Database
from syndicate.store.generation import Generation
from syndicate.store.heart import Heart, beating
from syndicate.store.ledger import Claim, Ledger
from syndicate.store.lock import SenderLockedError, sender_lock
from syndicate.store.opening import open_database
from syndicate.store.owners import OwnerStore
from tests.contracts.build import NOW, frozen

pytestmark = pytest.mark.postgres

LEASE = timedelta(seconds=30)
S = DeliveryState


def grow_old(database: Database, owner: str, seconds: int) -> None:
    """Let an owner be seen last so long ago."""
    with database.write() as connection:
        connection.execute(
            text("UPDATE owners SET seen = now() - make_interval(secs => :seconds) WHERE name = :owner"),
            {"seconds": seconds, "owner": owner},
        )


def claim_of(issue: int, most: int = 1) -> Claim:
    return Claim(issue=issue, lists=("readers",), judge=lambda _, facts: may_receive(facts), most=most, now=NOW)


def sent(key: int) -> Concluded:
    return Concluded(key, Step(state=S.SENT, due=None, reply="250 so it was"), Sent(reply="250"))  # type: ignore[arg-type]


def test_an_owner_lives_until_it_leaves(shared: Database) -> None:
    owners = OwnerStore(shared)
    owners.enter("a")
    owners.enter("b")
    assert owners.living() == ("a", "b")
    assert owners.beat("a")
    owners.leave("a")
    assert owners.living() == ("b",)
    assert not owners.beat("a")


def test_who_was_seen_within_the_lease_is_not_buried(shared: Database, generation: Generation) -> None:
    issue = frozen(shared, "ada")
    owners = OwnerStore(shared)
    owners.enter("a")
    Ledger(shared, generation, "a").exchange((), claim_of(issue))
    grow_old(shared, "a", 20)
    assert owners.bury(LEASE) == 0
    assert owners.living() == ("a",)


def test_what_a_buried_owner_had_on_its_wires_is_in_doubt_and_only_that(
    shared: Database, generation: Generation
) -> None:
    issue = frozen(shared, "ada", "bo", "cy")
    owners, dead, living = OwnerStore(shared), Ledger(shared, generation, "dead"), Ledger(shared, generation, "living")
    owners.enter("dead")
    owners.enter("living")
    (lost,) = dead.exchange((), claim_of(issue)).letters
    (kept,) = living.exchange((), claim_of(issue)).letters
    grow_old(shared, "dead", 31)
    assert owners.bury(LEASE) == 1
    states = {each.id: each.state for each in living.listed(issue=issue)}
    assert states[lost.key] is S.IN_DOUBT
    assert states[kept.key] is S.SENDING
    assert sorted(states.values()) == [S.IN_DOUBT, S.PLANNED, S.SENDING]
    assert living.get(lost.key).doubts == 1


def test_a_buried_owner_records_and_claims_nothing_any_more(shared: Database, generation: Generation) -> None:
    issue = frozen(shared, "ada", "bo")
    owners, dead = OwnerStore(shared), Ledger(shared, generation, "dead")
    owners.enter("dead")
    (lost,) = dead.exchange((), claim_of(issue)).letters
    grow_old(shared, "dead", 31)
    owners.bury(LEASE)
    assert dead.exchange([sent(lost.key)]).recorded == frozenset()
    with pytest.raises(StoreError, match="not heard of for too long"):
        dead.exchange((), claim_of(issue))
    assert dead.get(lost.key).state is S.IN_DOUBT
    assert sorted(each.state for each in dead.listed(issue=issue)) == [S.IN_DOUBT, S.PLANNED]


def test_what_a_sender_alone_left_is_in_doubt_once_workers_came(shared: Database, generation: Generation) -> None:
    issue = frozen(shared, "ada")
    Ledger(shared, generation, "a sender that was killed").exchange((), claim_of(issue))
    assert OwnerStore(shared).bury(LEASE) == 1


def test_a_heart_holds_while_it_is_heard_and_not_after_its_owner_was_buried(shared: Database) -> None:
    owners = OwnerStore(shared)
    with beating(owners, "a", timedelta(seconds=0.3)) as heart:
        until = monotonic() + 2
        while monotonic() < until and owners.living() != ("a",):
            pass
        assert heart.holds()
        owners.leave("a")
        while heart.holds() and monotonic() < until:
            pass
        assert not heart.holds()


def test_a_heart_that_reaches_no_database_holds_no_longer_than_it_may_be_sure(
    shared: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def out_of_reach(_: OwnerStore, __: str) -> bool:
        raise StoreError("the database is gone")

    owners = OwnerStore(shared)
    monkeypatch.setattr(OwnerStore, "beat", out_of_reach)
    lease = timedelta(seconds=0.6)
    heart = Heart(owners, "a", lease)
    began = monotonic()
    heart.start()
    try:
        while heart.holds() and monotonic() - began < 5:
            pass
        assert monotonic() - began < lease.total_seconds()
    finally:
        heart.stop()


def test_workers_send_beside_each_other_and_never_beside_a_sender_alone(shared_url: str) -> None:
    with open_database(shared_url) as one, open_database(shared_url) as two, open_database(shared_url) as alone:
        with sender_lock(one, NOW, shared=True) as first, sender_lock(two, NOW, shared=True) as second:
            assert first != second
            with pytest.raises(SenderLockedError), sender_lock(alone, NOW):
                raise AssertionError
        with sender_lock(alone, NOW), pytest.raises(SenderLockedError), sender_lock(one, NOW, shared=True):
            raise AssertionError


def test_with_sqlite_there_is_one_sender(tmp_path: object) -> None:
    refused = pytest.raises(ConfigError, match="workers share a PostgreSQL")
    with open_database(f"sqlite:///{tmp_path}/syndicate.db") as database, refused:
        sender_lock(database, NOW, shared=True).__enter__()

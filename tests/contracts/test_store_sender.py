"""The right to send: one holder, named to who comes second, free when it dies; and the number beside the database."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from syndicate.audience.policy import may_receive
from syndicate.delivery.model import DeliveryState
from syndicate.delivery.retry import Step
from syndicate.errors import StoreError
from syndicate.store.database import Database, get_value, set_first, set_value, values_named
from syndicate.store.generation import Generation
from syndicate.store.ledger import Ledger
from syndicate.store.lock import SenderLockedError, sender_lock
from tests.contracts.build import NOW, at_once, frozen

S = DeliveryState

HOLDER = """
import sys, time
from datetime import UTC, datetime
from syndicate.store.database import Database
from syndicate.store.ledger import Ledger
from syndicate.store.lock import sender_lock
with Database(sys.argv[1]) as database, sender_lock(database, datetime.now(UTC)):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_the_holder_is_named_with_its_process_and_moment(database: Database) -> None:
    with sender_lock(database, NOW) as owner:
        assert owner.split(":")[2] == "20261120T090000000000"


def test_a_second_sender_is_refused_and_told_what_to_do(database_url: str) -> None:
    with Database(database_url) as first, Database(database_url) as second, sender_lock(first, NOW):
        with pytest.raises(SenderLockedError, match="sending already") as caught, sender_lock(second, NOW):
            pytest.fail("two hold the right to send")
        assert caught.value.exit_code == 1
        there = "" if first.is_sqlite else f" on {socket.gethostname()}"
        assert caught.value.what.startswith(f"process {os.getpid()}{there} is sending already")
        assert "stop it" in (caught.value.hint or "")


def test_the_right_is_free_again_after_its_holder_is_done_or_fails(database: Database) -> None:
    with pytest.raises(RuntimeError), sender_lock(database, NOW):
        raise RuntimeError
    with sender_lock(database, NOW):
        pass
    with sender_lock(database, NOW):
        pass


def test_a_killed_sender_is_named_while_it_lives_and_keeps_no_lock_when_it_dies(database_url: str) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, database_url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with (
            Database(database_url) as database,
            pytest.raises(SenderLockedError, match=str(holder.pid)),
            sender_lock(database, NOW),
        ):
            pytest.fail("two hold the right to send")
    finally:
        holder.send_signal(signal.SIGKILL)
        holder.communicate()
    _eventually_free(database_url)


def _eventually_free(url: str) -> None:
    """Take the right; a PostgreSQL server may need a moment to notice that a client is gone."""
    until = datetime.now(UTC).timestamp() + 10
    with Database(url) as database:
        while True:
            try:
                with sender_lock(database, NOW):
                    return
            except SenderLockedError:
                if datetime.now(UTC).timestamp() > until:
                    raise


def test_a_first_value_stays_whoever_comes_second(database_url: str) -> None:
    def set_it(value: str) -> str:
        with Database(database_url) as database, database.write() as connection:
            return set_first(connection, "first_run", value)

    firsts = at_once(database_url, lambda _: set_it("a"), lambda _: set_it("b"), lambda _: set_it("c"))
    assert len(set(firsts)) == 1


def test_a_value_is_set_changed_and_removed(database: Database) -> None:
    for value in ("1", "2", None):
        with database.write() as connection:
            set_value(connection, "paused", value)
        with database.read() as connection:
            assert get_value(connection, "paused") == value


def test_values_are_found_by_how_their_names_begin(database: Database) -> None:
    with database.write() as connection:
        for name in ("begun:weekly", "begun:a_b", "begunXweekly", "other"):
            set_value(connection, name, name.upper())
    with database.read() as connection:
        found = values_named(connection, "begun:")
        assert found == {"begun:weekly": "BEGUN:WEEKLY", "begun:a_b": "BEGUN:A_B"}
        assert values_named(connection, "b%") == {}


def fail_after_writing(database: Database) -> None:
    """Set a value, and break before the end of the transaction."""
    with database.write() as connection:
        set_value(connection, "paused", "yes")
        raise RuntimeError


def test_a_transaction_that_fails_leaves_nothing(database: Database) -> None:
    with pytest.raises(RuntimeError):
        fail_after_writing(database)
    with database.read() as connection:
        assert get_value(connection, "paused") is None


def bump(database: Database, generation: Generation) -> int:
    """Raise the number as a claim does."""
    with database.write() as connection:
        number = generation.bump(connection)
    generation.keep(number)
    return number


def check(database: Database, generation: Generation) -> None:
    """Check the number as a sender does."""
    Ledger(database, generation, "host:1:now").check_generation()


def test_a_look_writes_no_number(database: Database, generation: Generation) -> None:
    bump(database, generation)
    with database.write() as connection:
        generation.bump(connection)
    with database.read() as connection:
        assert generation.check(connection) == 2
    assert generation.file.read_text() == "00000000001\n"


def test_the_number_grows_beside_the_database_and_agrees_with_it(database: Database, generation: Generation) -> None:
    check(database, generation)
    assert [bump(database, generation) for _ in range(3)] == [1, 2, 3]
    check(database, generation)
    assert generation.file.read_text() == "00000000003\n"


def test_a_database_behind_its_number_is_refused_until_a_person_accepts(
    database: Database, generation: Generation
) -> None:
    bump(database, generation)
    generation.keep(7)
    with pytest.raises(StoreError, match="restored backup") as caught:
        check(database, generation)
    assert "accept-restore" in (caught.value.hint or "")
    with database.write() as connection:
        number = generation.accept(connection)
    generation.keep(number)
    assert number == 8
    check(database, generation)


def test_a_database_that_has_sent_and_lost_its_number_is_refused(database: Database, generation: Generation) -> None:
    bump(database, generation)
    generation.file.unlink()
    with pytest.raises(StoreError, match="is missing"):
        check(database, Generation(generation.file))


def test_a_death_between_commit_and_number_is_no_restore(database: Database, generation: Generation) -> None:
    bump(database, generation)
    with database.write() as connection:
        generation.bump(connection)
    check(database, generation)
    assert generation.file.read_text() == "00000000002\n"


def test_a_number_that_is_none_stops_the_sending(database: Database, generation: Generation) -> None:
    generation.file.write_text("seven\n")
    with pytest.raises(StoreError, match="is no number"):
        check(database, generation)


def test_a_number_that_cannot_be_kept_shows_before_anything_is_claimed(database: Database, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be kept"):
        check(database, Generation(tmp_path / "missing" / "generation"))


@pytest.mark.postgres
@pytest.mark.parametrize("kind", ["postgres"])
def test_who_loses_the_session_that_held_the_right_claims_no_more_and_records_what_came_of_its_own(
    database: Database, generation: Generation
) -> None:
    issue = frozen(database, "ada", "bo")
    with sender_lock(database, NOW) as owner:
        ledger = Ledger(database, generation, owner)
        (letter,) = ledger.claim_letters(issue, ["readers"], NOW, may_receive)
        with database.write() as connection:
            connection.exec_driver_sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'syndicate %%'"
            )
        with Database(database.url.render_as_string(hide_password=False)) as other, sender_lock(other, NOW):
            claims: list[Callable[[], object]] = [
                partial(ledger.claim_letters, issue, ["readers"], NOW, may_receive),
                partial(ledger.claim_status, letter.key, NOW),
            ]
            for claim in (*claims, *claims):
                with pytest.raises(StoreError):
                    claim()
        assert ledger.counts(issue) == {S.SENDING: 1, S.PLANNED: 1}
        assert ledger.record(letter.key, Step(state=S.SENT, due=None, reply="250")), (
            "the server took it, and it is ours"
        )
        assert not ledger.record(letter.key, Step(state=S.FAILED, due=None, reply="550"))
        assert ledger.counts(issue) == {S.SENT: 1, S.PLANNED: 1}
    with sender_lock(database, NOW):
        pass

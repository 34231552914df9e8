"""The queue's tables: made by us, brought up to the version that is installed, and refused where they are not its."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from syndicate.engine import schema
from syndicate.errors import StoreError
from syndicate.store.database import Database, set_value
from syndicate.store.opening import open_database

pytestmark = pytest.mark.postgres


def test_a_database_without_a_queue_is_refused_with_the_command_that_makes_it(shared_url: str) -> None:
    with open_database(shared_url) as database:
        with pytest.raises(StoreError, match="no queue") as fault:
            schema.check(database)
        assert fault.value.hint == "syndicate cluster migrate"
        assert schema.migrate(database) == ("schema.sql",)
        schema.check(database)
        assert schema.migrate(database) == ()


def test_two_that_make_the_tables_at_once_make_them_once(shared_url: str) -> None:
    def make(_: int) -> tuple[str, ...]:
        with open_database(shared_url) as database:
            return schema.migrate(database)

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(make, range(4))) == [(), (), (), ("schema.sql",)]


def test_tables_of_an_older_version_are_brought_up(shared: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a migration is in truth is Procrastinate's own; that each is applied, in order, is ours to hold."""
    applied: list[str] = []
    monkeypatch.setattr(schema, "_apply", lambda _, name: applied.append(name))
    with shared.write() as connection:
        set_value(connection, schema.KEY, "3.1.0")
    with pytest.raises(StoreError, match=r"of Procrastinate 3\.1\.0"):
        schema.check(shared)
    names = schema.migrate(shared)
    assert names == tuple(applied) == schema.pending((3, 1, 0))
    assert names
    assert list(names) == sorted(names)
    assert all(name > "03.01.00_99" for name in names)
    schema.check(shared)


def test_tables_of_a_newer_version_are_refused(shared: Database) -> None:
    with shared.write() as connection:
        set_value(connection, schema.KEY, "99.0.0")
    with pytest.raises(StoreError, match=r"of Procrastinate 99\.0\.0, and only"):
        schema.check(shared)


def test_a_newer_version_without_migrations_is_no_fault(shared: Database) -> None:
    newest = max(name.partition("_")[0] for name in schema.pending((0,)))
    with shared.write() as connection:
        set_value(connection, schema.KEY, ".".join(str(int(part)) for part in newest.split(".")))
    schema.check(shared)

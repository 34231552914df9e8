"""A copy holds every row as it was, or there is none; and only one of the two databases is sent from."""

from __future__ import annotations

import itertools
import shutil
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import JSON, Column, Connection, String, Table, Text, UniqueConstraint, bindparam, func, select, text
from sqlalchemy.exc import DatabaseError

from syndicate.app import open_app
from syndicate.audience.policy import Allowed
from syndicate.config import load_config
from syndicate.delivery.model import DeliveryState
from syndicate.errors import ConfigError, StoreError
from syndicate.store import carrying
from syndicate.store.copying import End, copy, open_source, open_target, refuse_occupied, rows_of
from syndicate.store.database import Database, get_value, set_value
from syndicate.store.generation import Generation
from syndicate.store.ledger import Ledger
from syndicate.store.lock import SenderLockedError, sender_lock
from syndicate.store.opening import open_database
from syndicate.store.owners import OwnerStore
from syndicate.store.tables import UtcDateTime, deliveries, entries, feeds, meta, metadata, subscribers
from tests.contracts.build import NOW, frozen, people, record, seen
from tests.pipeline.studio import HOUR, Studio, archive, studio

Make = Callable[[str], str]
"""Makes a database of a kind ("sqlite", "postgres") whose schema is current and empty, and returns its address."""
WAYS: list[Any] = [
    pytest.param(one, other, id=f"{one}-{other}", marks=[pytest.mark.postgres] if "postgres" in (one, other) else [])
    for one in ("sqlite", "postgres")
    for other in ("sqlite", "postgres")
]
FILLED = {"feeds", "entries", "entry_keys", "subscribers", "subscriptions", "issues", "issue_reviews", "statuses"}
FILLED |= {"deliveries", "meta"}


_numbers = itertools.count(1)


@pytest.fixture
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    made: list[str] = []

    def make_one(kind: str) -> str:
        name = f"copy_{next(_numbers)}"
        if kind == "sqlite":
            shutil.copyfile(request.getfixturevalue("_sqlite_template"), tmp_path / f"{name}.db")
            return f"sqlite:///{tmp_path / name}.db"
        made.append(name)
        url: str = request.getfixturevalue("postgres").make_current(name)
        return url

    yield make_one
    for name in made:
        request.getfixturevalue("postgres").drop(name)


def number_beside(database: Database, folder: Path) -> Generation:
    """Return the number that the program keeps beside a database of an installation in this folder."""
    if database.path is not None:
        return Generation(database.path.with_name(f"{database.path.name}.generation"))
    return Generation(folder / f"{database.url.host or 'local'}-{database.url.database}.generation")


@contextmanager
def ends(one: str, other: str, folder: Path) -> Iterator[tuple[End, End]]:
    """Open both ends of a copy."""
    with open_source(one) as source, open_target(other) as target:
        yield (
            End(database=source, generation=number_beside(source, folder)),
            End(database=target, generation=number_beside(target, folder)),
        )


def copied(one: str, other: str, folder: Path) -> dict[str, int]:
    with ends(one, other, folder) as (source, target):
        return {each.table: each.rows for each in copy(source, target, NOW)}


def contents(url: str) -> dict[str, list[Any]]:
    """Return every row as the program reads it; JSON also as it is stored, where "null" and NULL differ."""
    with open_database(url) as database, database.read() as connection:
        return {table.name: sorted(_rows(connection, table), key=repr) for table in metadata.sorted_tables}


def _rows(connection: Connection, table: Table) -> Iterator[tuple[Any, ...]]:
    raw = [func.coalesce(func.cast(each, Text), "-") for each in table.columns if isinstance(each.type, JSON)]
    for row in connection.execute(select(*table.columns, *raw)):
        if table is not meta or row.key not in carrying.OWN:
            yield tuple(row)


def is_empty(url: str) -> bool:
    return not any(contents(url).values())


# --- what a real installation wrote ---


@contextmanager
def lived(folder: Path, url: str) -> Iterator[Studio]:
    """Give an installation that polled, posted, and sent an issue."""
    with studio(folder, ("sqlite:///syndicate.db", url), ("backfill: 0", "backfill: 3")) as site:
        site.readers("ada", "bo", "zoe")
        site.begin(*archive(5))
        site.live(timedelta(days=3), 3 * HOUR)
        yield site


@pytest.mark.parametrize(("one", "other"), WAYS)
def test_all_that_an_installation_wrote_is_there_and_nobody_gets_anything_again(
    make: Make, tmp_path: Path, one: str, other: str
) -> None:
    source, target = make(one), make(other)
    with lived(tmp_path, source) as before:
        letters, statuses = before.letters(), before.posted()
        assert letters
        assert statuses
    rows = copied(source, target, tmp_path)
    assert {name for name, count in rows.items() if count} >= FILLED
    assert contents(target) == contents(source)
    config = (tmp_path / "config.yaml").read_text(encoding="utf-8").replace(source, target)
    (tmp_path / "config.yaml").write_text(config, encoding="utf-8")
    with again_at(before, tmp_path) as after:
        after.live(timedelta(days=1), 3 * HOUR)
        assert (after.letters(), after.posted()) == (letters, statuses)
        assert after.alerts() == []
        after.feed(*archive(6, newest=after.clock.now() - HOUR))
        after.live(timedelta(days=7), 3 * HOUR)
        assert len(after.letters()) == 2 * len(letters)


@contextmanager
def again_at(before: Studio, folder: Path) -> Iterator[Studio]:
    """Open an installation anew, as its config.yaml says by now."""
    with open_app(load_config(folder / "config.yaml", {}), clock=before.clock, fetcher=before.web) as app:
        yield Studio(app, before.clock, before.web, folder)


# --- whatever could be written ---

ODD = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20) | st.sampled_from(
    [
        "",
        "\\N",
        "\\.",
        "\t",
        "\n",
        "\r\n",
        "null",
        "NULL",
        "'",
        '"',
        "{}",
        "e\u0301",
        "\U0001f3ac",
        "\ufeff",
        "\x7f\x80",
    ]
)
MOMENTS = st.datetimes(datetime(1000, 1, 1), datetime(9999, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | ODD
INNER = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ODD, inner, max_size=3), max_leaves=5
)
TREES = st.none() | st.lists(INNER, max_size=3) | st.dictionaries(ODD, INNER, max_size=3)
"""No number alone: the program stores none, and SQLite would make it one of its own."""


@st.composite
def databases(draw: st.DrawFn) -> dict[str, list[dict[str, Any]]]:
    """Draw some rows for each table, which refer to each other as they must."""
    drawn: dict[str, list[dict[str, Any]]] = {}
    for table in metadata.sorted_tables:
        found = [_row(draw, table, drawn) for _ in range(draw(st.integers(0, 3)))]
        keys = [[each.name for each in table.primary_key]]
        keys += [[c.name for c in one.columns] for one in table.constraints if isinstance(one, UniqueConstraint)]
        drawn[table.name] = _unlike((row for row in found if _is_whole(row, table)), keys)
    return drawn


def _row(draw: st.DrawFn, table: Table, drawn: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    return {each.name: _value(draw, each, drawn) for each in table.columns}


def _value(draw: st.DrawFn, each: Column[Any], drawn: dict[str, list[dict[str, Any]]]) -> Any:
    if each.nullable and draw(st.booleans()):
        return None
    for key in each.foreign_keys:
        there = [row[key.column.name] for row in drawn[key.column.table.name]]
        return draw(st.sampled_from(there)) if there else None
    if isinstance(each.type, UtcDateTime):
        return draw(MOMENTS)
    if isinstance(each.type, JSON):
        return draw(TREES)
    if isinstance(each.type, String):
        return draw(ODD)
    return draw(st.integers(1, 2**63 - 2**20) if each.primary_key else st.integers(-(2**31), 2**31 - 1))


def _is_whole(row: dict[str, Any], table: Table) -> bool:
    """Return whether there was something for the row to refer to, wherever it must."""
    return all(row[each.name] is not None or each.nullable or isinstance(each.type, JSON) for each in table.columns)


def _unlike(found: Iterable[dict[str, Any]], keys: list[list[str]]) -> list[dict[str, Any]]:
    """Leave out the rows that a table would not have beside the others."""
    kept: list[dict[str, Any]] = []
    for row in found:
        if all(any(row[name] is None for name in key) or _is_new(row, kept, key) for key in keys):
            kept.append(row)
    return kept


def _is_new(row: dict[str, Any], kept: list[dict[str, Any]], key: list[str]) -> bool:
    return all([row[name] for name in key] != [other[name] for name in key] for other in kept)


@pytest.fixture
def emptied(make: Make) -> Callable[[str, str], tuple[str, str]]:
    """Make a pair of databases once, and empty it for each example."""
    made: dict[tuple[str, str], tuple[str, str]] = {}

    def pair(one: str, other: str) -> tuple[str, str]:
        urls = made.setdefault((one, other), (make(one), make(other)))
        for url in urls:
            with open_database(url) as database, database.write() as connection:
                for table in reversed(metadata.sorted_tables):
                    connection.execute(table.delete())
        return urls

    return pair


@pytest.mark.parametrize(("one", "other"), WAYS)
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(drawn=databases())
def test_any_row_comes_over_as_it_was(
    emptied: Callable[[str, str], tuple[str, str]],
    tmp_path: Path,
    one: str,
    other: str,
    drawn: dict[str, list[dict[str, Any]]],
) -> None:
    source, target = emptied(one, other)
    with open_database(source) as database, database.write() as connection:
        for table in metadata.sorted_tables:
            for row in drawn[table.name]:
                connection.execute(table.insert().values(row))
        set_value(connection, Generation.KEY, None)
        set_value(connection, Generation.COPIED, None)
    before = contents(source)
    rows = copied(source, target, tmp_path)
    assert contents(target) == contents(source) == before
    assert rows == {name: len(found) for name, found in before.items()}


def test_an_absent_json_value_and_one_that_is_null_stay_apart(make: Make, tmp_path: Path) -> None:
    source, target = make("sqlite"), make("sqlite")
    with open_database(source) as database, database.write() as connection:
        columns = "digest, period, state, created, candidates"
        for number, value in enumerate(("NULL", "'null'"), start=1):
            connection.execute(
                text(f"INSERT INTO issues ({columns}, lists) VALUES ('d{number}', :at, 'sent', :at, 0, {value})"),
                {"at": "2026-11-20 09:00:00.000000"},
            )
    copied(source, target, tmp_path)
    with open_database(target) as database, database.read() as connection:
        assert connection.execute(text("SELECT lists IS NULL FROM issues ORDER BY id")).scalars().all() == [1, 0]


@pytest.mark.postgres
def test_what_postgresql_cannot_keep_is_named_and_nothing_is_copied(make: Make, tmp_path: Path) -> None:
    source, target = make("sqlite"), make("postgres")
    with open_database(source) as database:
        record(database, seen("pier"), seen("quay"))
        with database.write() as connection:
            connection.execute(entries.update().where(entries.c.id == 2).values(title="a nul \0 in it"))
    with pytest.raises(StoreError, match=r"entries 2: .* cannot keep this: .*NUL"):
        copied(source, target, tmp_path)
    assert is_empty(target)


@pytest.mark.postgres
def test_a_row_that_refers_to_none_is_told_of(make: Make, tmp_path: Path) -> None:
    source, target = make("sqlite"), make("postgres")
    with open_database(source) as database:
        frozen(database, "ada")
        with database.read() as connection:
            connection.exec_driver_sql("ROLLBACK")
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
            connection.exec_driver_sql("DELETE FROM subscribers")
    with pytest.raises(StoreError, match=r"subscriptions: .* cannot keep this: .*subscriber_id"):
        copied(source, target, tmp_path)
    assert is_empty(target)


@pytest.mark.postgres
def test_new_rows_are_numbered_behind_those_that_came(make: Make, tmp_path: Path) -> None:
    source, target = make("sqlite"), make("postgres")
    with open_database(source) as database:
        people(database, "readers", "ada", "bo")
    copied(source, target, tmp_path)
    with open_database(target) as database:
        people(database, "readers", "cy")
        record(database, seen("pier"))
        with database.read() as connection:
            assert list(connection.execute(select(subscribers.c.id).order_by(subscribers.c.id)).scalars()) == [1, 2, 3]


@pytest.mark.postgres
def test_the_copy_of_a_schema_is_the_schema(make: Make, tmp_path: Path) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    source, target = make("sqlite"), make("postgres")
    with open_database(source) as database:
        frozen(database, "ada")
    copied(source, target, tmp_path)
    with open_database(target) as database:
        with database.read() as connection:
            context = MigrationContext.configure(connection, opts={"compare_server_default": False})
            assert compare_metadata(context, metadata) == []
        with pytest.raises(DatabaseError, match="fk_deliveries_subscriber_id"), database.write() as connection:
            connection.execute(deliveries.update().values(subscriber_id=77))


# --- a difference is found ---


@pytest.mark.parametrize(("one", "other"), WAYS[1:3])
@pytest.mark.parametrize(
    ("harm", "told"),
    [
        ("UPDATE subscribers SET name = 'Somebody' WHERE id = 2", "subscribers 2, in name"),
        ("UPDATE deliveries SET due = NULL WHERE id = 1", "deliveries 1, in due"),
        ("UPDATE issues SET lists = '[]'", "issues 1, in lists"),
        ("DELETE FROM deliveries WHERE id = 1", "deliveries 1 is missing"),
        ("DELETE FROM deliveries", "deliveries 1 is missing"),
        ("INSERT INTO relays (name) VALUES ('a')", "relays a is one row too many"),
        ("UPDATE entry_keys SET key = 'a' || key WHERE key LIKE 'guid%'", "entry_keys reviews, .* is one row too many"),
    ],
    ids=["a text", "a time", "JSON", "a row", "every row", "a row more", "a key"],
)
def test_a_difference_is_named_and_takes_the_copy_back(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, one: str, other: str, harm: str, told: str
) -> None:
    source, target = make(one), make(other)
    with open_database(source) as database:
        frozen(database, "ada", "bo")
    settle = carrying.settle

    def harmed(connection: Connection, table: Table) -> None:
        settle(connection, table)
        if table is metadata.sorted_tables[-1]:
            connection.execute(text(harm))

    monkeypatch.setattr(carrying, "settle", harmed)
    before = contents(source)
    with pytest.raises(StoreError, match=f"the copy differs: {told}; it was taken back"):
        copied(source, target, tmp_path)
    assert is_empty(target)
    assert contents(source) == before
    monkeypatch.undo()
    copied(source, target, tmp_path)
    assert contents(target) == before


def test_a_time_that_a_hand_wrote_otherwise_is_no_difference(make: Make, tmp_path: Path) -> None:
    row = list(range(len(feeds.columns)))
    at = [each.name for each in feeds.columns].index("tried")
    one, other = ["x"] * len(row), ["x"] * len(row)
    for values, moment in ((one, "2026-11-20 09:00:00"), (other, "2026-11-20 09:00:00.000000")):
        for place, each in enumerate(feeds.columns):
            values[place] = moment if isinstance(each.type, UtcDateTime) else "x"
    assert one[at] != other[at]
    assert list(carrying.compare(feeds, [tuple(one)], [tuple(other)])) == [tuple(one)]


# --- refusals ---


@pytest.mark.parametrize(("one", "other"), WAYS)
def test_who_is_sending_from_either_is_named_and_nothing_is_copied(
    make: Make, tmp_path: Path, one: str, other: str
) -> None:
    source, target = make(one), make(other)
    for url in (source, target):
        with open_database(url) as busy, sender_lock(busy, NOW), pytest.raises(SenderLockedError, match="is sending"):
            copied(source, target, tmp_path)
    copied(source, target, tmp_path)


@pytest.mark.postgres
def test_a_worker_that_is_sending_beside_others_keeps_a_copy_out(make: Make, tmp_path: Path) -> None:
    source, target = make("postgres"), make("sqlite")
    with (
        open_database(source) as busy,
        sender_lock(busy, NOW, shared=True),
        pytest.raises(SenderLockedError, match="is sending"),
    ):
        copied(source, target, tmp_path)


@pytest.mark.parametrize("other", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_nobody_can_send_while_it_copies(make: Make, tmp_path: Path, other: str) -> None:
    source, target = make("sqlite"), make(other)
    with open_database(source) as database:
        frozen(database, "ada")
    refused: list[str] = []

    def try_to_send(_what: str, _done: int, _total: int) -> None:
        for url in (source, target):
            with Database(url) as second:
                try:
                    with sender_lock(second, NOW):
                        pass
                except SenderLockedError as error:
                    refused.append(error.what)

    with ends(source, target, tmp_path) as (one, two):
        copy(one, two, NOW, try_to_send)
    assert len(refused) >= 4


@pytest.mark.postgres
def test_nobody_writes_into_a_postgresql_while_it_is_copied(make: Make, tmp_path: Path) -> None:
    source, target = make("postgres"), make("sqlite")
    with open_database(source) as database:
        people(database, "readers", "ada")
    refused: list[str] = []

    def join(_what: str, _done: int, _total: int) -> None:
        with Database(source) as second:
            try:
                with second.write() as connection:
                    connection.execute(text("SET LOCAL lock_timeout = '50ms'"))
                    connection.execute(subscribers.update().values(name="Other"))
            except StoreError as error:
                refused.append(error.what)

    with ends(source, target, tmp_path) as (one, two):
        copy(one, two, NOW, join)
    assert refused
    assert contents(source) == contents(target)


@pytest.mark.parametrize(("one", "other"), WAYS)
def test_what_a_dead_sender_left_moves_as_it_is_and_is_put_in_doubt_there(
    make: Make, tmp_path: Path, one: str, other: str
) -> None:
    source, target = make(one), make(other)
    with open_database(source) as database:
        issue = frozen(database, "ada", "bo")
        ledger = Ledger(database, number_beside(database, tmp_path), "dead")
        assert ledger.claim_letters(issue, ("readers",), NOW, lambda _: Allowed(), most=1)
    copied(source, target, tmp_path)
    with open_database(target) as database:
        after = Ledger(database, number_beside(database, tmp_path), "next")
        after.check_generation()
        assert after.counts(issue) == {DeliveryState.SENDING: 1, DeliveryState.PLANNED: 1}
        assert after.recover(NOW) == 1
        assert after.counts(issue) == {DeliveryState.IN_DOUBT: 1, DeliveryState.PLANNED: 1}


@pytest.mark.postgres
def test_a_worker_that_may_live_and_has_letters_on_its_wires_is_waited_for(make: Make, tmp_path: Path) -> None:
    """It has lost its connection, and with it its lock, and not yet its lease."""
    source, target = make("postgres"), make("sqlite")
    with open_database(source) as database:
        frozen(database, "ada")
        OwnerStore(database).enter("host:1")
        with database.write() as connection:
            connection.execute(deliveries.update().values(state=DeliveryState.SENDING, owner="host:1"))
    with pytest.raises(StoreError, match="has not ended is sending: host:1") as caught:
        copied(source, target, tmp_path)
    assert "worker --once" in (caught.value.hint or "")
    assert is_empty(target)
    with open_database(source) as database:
        assert OwnerStore(database).bury(timedelta(0)) == 1
    copied(source, target, tmp_path)


@pytest.mark.parametrize("other", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_a_database_that_holds_anything_is_not_copied_to(make: Make, tmp_path: Path, other: str) -> None:
    source, target = make("sqlite"), make(other)
    with open_database(target) as database:
        people(database, "readers", "ada")
    with pytest.raises(ConfigError, match="not empty: there are rows in subscribers") as caught:
        copied(source, target, tmp_path)
    assert "createdb" in (caught.value.hint or "")


def test_a_database_of_something_else_is_not_even_migrated(make: Make, tmp_path: Path, blank_url: str) -> None:
    source = make("sqlite")
    with Database(blank_url) as database, database.write() as connection:
        connection.execute(text("CREATE TABLE invoices (id int)"))
    with pytest.raises(ConfigError, match="not empty: it has a table invoices"):
        copied(source, blank_url, tmp_path)
    with Database(blank_url) as database, database.read() as connection:
        assert not database.engine.dialect.has_table(connection, "meta")


def test_a_schema_is_made_where_there_is_none(make: Make, tmp_path: Path, blank_url: str) -> None:
    source = make("sqlite")
    with open_database(source) as database:
        frozen(database, "ada")
    copied(source, blank_url, tmp_path)
    assert contents(blank_url) == contents(source)


@pytest.mark.postgres
def test_a_queue_that_was_made_before_is_no_hindrance_and_is_kept(make: Make, tmp_path: Path) -> None:
    from syndicate.engine.schema import applied, migrate

    source, target = make("postgres"), make("postgres")
    with open_database(source) as database:
        people(database, "readers", "ada")
        with database.write() as connection:
            set_value(connection, "procrastinate", "1.0.0")
    with open_database(target) as database:
        migrate(database)
        there = applied(database)
    copied(source, target, tmp_path)
    with open_database(target) as database:
        assert applied(database) == there


def test_a_copy_from_nowhere_is_refused_and_makes_no_file(tmp_path: Path) -> None:
    file = tmp_path / "typo.db"
    with pytest.raises(ConfigError, match="no database of syndicate's"):
        open_source(f"sqlite:///{file}")
    refuse_occupied(f"sqlite:///{file}")
    assert not file.exists()


@pytest.mark.postgres
def test_a_postgresql_that_is_not_there_is_told_with_the_command_that_makes_it(make: Make) -> None:
    with pytest.raises(StoreError, match="does not exist") as caught:
        open_target(make("postgres").replace("copy_", "nowhere_"))
    assert "createdb" in (caught.value.hint or "")


def test_a_restored_backup_is_not_copied(make: Make, tmp_path: Path) -> None:
    source, target = make("sqlite"), make("sqlite")
    with open_database(source) as database:
        frozen(database, "ada")
        number_beside(database, tmp_path).keep(5)
    with pytest.raises(StoreError, match="restored backup"):
        copied(source, target, tmp_path)
    assert is_empty(target)


# --- one of the two is sent from ---


@pytest.mark.parametrize(("one", "other"), WAYS)
def test_the_copy_is_no_restored_backup_and_the_old_one_is_not_sent_from(
    make: Make, tmp_path: Path, one: str, other: str
) -> None:
    source, target = make(one), make(other)
    with open_database(source) as database, database.write() as connection:
        number = number_beside(database, tmp_path).bump(connection)
        number_beside(database, tmp_path).keep(number)
    copied(source, target, tmp_path)
    with open_database(target) as database, database.read() as connection:
        assert number_beside(database, tmp_path).check(connection) == number
    with open_database(source) as database:
        beside = number_beside(database, tmp_path)
        with database.read() as connection, pytest.raises(StoreError, match="was copied to") as caught:
            beside.check(connection)
        assert "accept-restore" in (caught.value.hint or "")
        with database.write() as connection:
            accepted = beside.accept(connection)
        beside.keep(accepted)
        with database.read() as connection:
            assert beside.check(connection) == accepted > number


def test_a_database_that_was_copied_is_not_copied_again(make: Make, tmp_path: Path) -> None:
    source = make("sqlite")
    copied(source, make("sqlite"), tmp_path)
    with pytest.raises(StoreError, match="was copied to"):
        copied(source, make("sqlite"), tmp_path)


@pytest.mark.parametrize(("one", "other"), WAYS)
@pytest.mark.parametrize("phase", ["rows copied", "rows checked"])
def test_whoever_ends_it_in_the_midst_finds_all_as_it_was(
    make: Make, tmp_path: Path, one: str, other: str, phase: str
) -> None:
    source, target = make(one), make(other)
    with open_database(source) as database:
        frozen(database, "ada", "bo")
    before = contents(source)

    def interrupt(what: str, _done: int, _total: int) -> None:
        if what == phase:
            raise KeyboardInterrupt

    with ends(source, target, tmp_path) as (from_here, to_there), pytest.raises(KeyboardInterrupt):
        copy(from_here, to_there, NOW, interrupt)
    assert is_empty(target)
    assert contents(source) == before
    with open_database(source) as database, database.read() as connection:
        assert get_value(connection, Generation.COPIED) is None
    copied(source, target, tmp_path)


def test_where_the_last_commit_fails_the_old_one_is_sent_from_again(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = make("sqlite"), make("sqlite")
    with open_database(source) as database:
        people(database, "readers", "ada")
    with ends(source, target, tmp_path) as (one, two):
        write = two.database.write

        @contextmanager
        def failing() -> Iterator[Connection]:
            with write() as connection:
                yield connection
                raise StoreError("the disk is full")

        monkeypatch.setattr(two.database, "write", failing)
        with pytest.raises(StoreError, match="full"):
            copy(one, two, NOW)
        with one.database.read() as connection:
            assert one.generation.check(connection) == 0
    assert is_empty(target)


def test_where_nobody_knows_whether_the_last_commit_was_made_neither_is_taken_for_the_one(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = make("sqlite"), make("sqlite")
    with open_database(source) as database:
        people(database, "readers", "ada")
    with ends(source, target, tmp_path) as (one, two):
        write = two.database.write

        @contextmanager
        def cut_off() -> Iterator[Connection]:
            with write() as connection:
                yield connection
            raise StoreError("the line was cut")

        monkeypatch.setattr(two.database, "write", cut_off)
        with pytest.raises(StoreError, match="cut"):
            copy(one, two, NOW)
        with one.database.read() as connection, pytest.raises(StoreError, match="was copied to"):
            one.generation.check(connection)


def test_what_would_be_copied_is_told_and_nothing_is_changed(make: Make, tmp_path: Path) -> None:
    source = make("sqlite")
    with open_database(source) as database:
        frozen(database, "ada", "bo")
        end = End(database=database, generation=number_beside(database, tmp_path))
        told = {each.table: each.rows for each in rows_of(end, NOW)}
        assert told["deliveries"] == told["subscribers"] == 2
        with database.read() as connection:
            assert end.generation.check(connection) == 0


# --- memory ---

_MANY = """
    INSERT INTO subscribers (address, address_key, name, added)
    WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < :count)
    SELECT n || '@reader.example', n || '@reader.example', 'Reader ' || n, :now FROM n
"""


@pytest.mark.parametrize("other", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_memory_does_not_grow_with_the_rows(make: Make, tmp_path: Path, other: str) -> None:
    peaks = []
    for count in (carrying.BATCH, 10 * carrying.BATCH):
        source, target = make("sqlite"), make(other)
        with open_database(source) as database, database.write() as connection:
            moment = bindparam("now", NOW, type_=subscribers.c.added.type)
            connection.execute(text(_MANY).bindparams(moment, count=count))
        with ends(source, target, tmp_path) as (one, two):
            tracemalloc.start()
            copy(one, two, NOW)
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0]

"""The schema that the migrations make is the schema that the code speaks of, on both databases."""

from __future__ import annotations

import sqlite3
import threading
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from syndicate.errors import StoreError
from syndicate.store.database import Database
from syndicate.store.migrate import newest
from syndicate.store.opening import HEAD, open_database
from syndicate.store.tables import metadata


def test_head_names_the_newest_migration() -> None:
    assert newest() == HEAD


def test_the_migrations_make_what_the_tables_say(blank_url: str) -> None:
    with open_database(blank_url) as database, database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": False})
        assert compare_metadata(context, metadata) == []


def test_a_second_opening_changes_nothing(blank_url: str) -> None:
    open_database(blank_url).close()
    with open_database(blank_url) as database, database.read() as connection:
        assert connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() == HEAD


def test_a_database_that_a_newer_syndicate_wrote_is_refused_with_the_way_out(database: Database) -> None:
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreError, match="newer syndicate") as caught:
        open_database(database.url.render_as_string(hide_password=False))
    assert "upgrade" in (caught.value.hint or "")


def opened_version(url: str) -> str | None:
    """Open a database, and return which schema it has then."""
    with open_database(url) as database, database.read() as connection:
        version: str | None = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return version


def test_processes_that_meet_an_empty_database_at_once_make_one_schema(blank_url: str) -> None:
    with ProcessPoolExecutor(3, mp_context=get_context("spawn")) as pool:
        assert list(pool.map(opened_version, [blank_url] * 3)) == [HEAD] * 3


def test_a_folder_that_is_not_there_is_named_with_the_command_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="does not exist") as caught:
        open_database(f"sqlite:///{tmp_path / 'missing' / 'syndicate.db'}")
    assert "mkdir" in (caught.value.hint or "")


def test_a_file_that_is_no_database_is_refused_without_a_traceback(tmp_path: Path) -> None:
    path = tmp_path / "syndicate.db"
    path.write_bytes(b"this is a letter, not a database" * 100)
    with pytest.raises(StoreError, match="not a database") as caught:
        open_database(f"sqlite:///{path}")
    assert str(path) in str(caught.value)
    assert path.read_bytes().startswith(b"this is a letter")


def test_a_new_file_that_another_process_is_just_making_is_waited_for(tmp_path: Path) -> None:
    """SQLite answers "locked" at once where another connection writes while the file is to enter WAL mode."""
    file = tmp_path / "new.db"
    other = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    other.execute("CREATE TABLE first (n)")
    end = threading.Timer(0.3, other.execute, ("COMMIT",))
    end.start()
    with Database(f"sqlite:///{file}") as database, database.read() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    end.join()
    other.close()

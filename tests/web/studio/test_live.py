"""The stamp tells that something was committed, on both kinds of database, and is cheap."""

from __future__ import annotations

from syndicate.store.database import Database, get_value, set_value
from syndicate.web.studio.live import database_mark


def test_the_mark_changes_with_a_commit_and_not_with_a_look(database: Database) -> None:
    before = database_mark(database)
    with database.read() as connection:
        get_value(connection, "word")
    assert database_mark(database) == before
    with database.write() as connection:
        set_value(connection, "word", "written")
    after = database_mark(database)
    assert after != before
    assert database_mark(database) == after

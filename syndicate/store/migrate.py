"""Bring a database's schema up to date with Alembic. Loaded only where there is something to do."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import func, select

from syndicate.errors import StoreError
from syndicate.store.database import Database

FOLDER = Path(__file__).parent / "migrations"
MIGRATION_KEY = 0x53594E4D
"""The number of the advisory lock under which PostgreSQL is migrated: "SYNM"."""


def alembic_config() -> Config:
    """Return Alembic's configuration, made here: there is no alembic.ini to lose."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    return config


def newest() -> str | None:
    """Return the newest migration's name; a test holds it against `opening.HEAD`."""
    return ScriptDirectory.from_config(alembic_config()).get_current_head()


def upgrade(database: Database) -> None:
    """Run what migrations are missing, in one transaction.

    Raises StoreError for a database that a newer syndicate has written.
    """
    config = alembic_config()
    with database.write() as connection:
        if not database.is_sqlite:  # SQLite's writer is alone already; two CREATE TABLE of one name would collide here.
            connection.execute(select(func.pg_advisory_xact_lock(MIGRATION_KEY)))
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            where = database.url.render_as_string(hide_password=True)
            raise StoreError(
                "a newer syndicate has written this database",
                where=where,
                hint="pip install --upgrade syndicate",
            ) from error

"""Opening a database: made where there is none, migrated where it is behind, else opened without loading Alembic."""

from __future__ import annotations

from syndicate.errors import StoreError
from syndicate.store.database import Database, explained

HEAD = "0005"
"""The newest migration; a database that is there already is opened without loading Alembic."""


def open_database(url: str) -> Database:
    """Return the database at `url`, made or migrated where it is not current.

    Raises StoreError where it cannot be opened, or was written by a newer syndicate.
    """
    database = Database(url)
    if database.path is not None and not database.path.parent.is_dir():
        raise StoreError(f"the folder {database.path.parent} does not exist", hint=f"mkdir -p {database.path.parent}")
    if version_of(database) != HEAD:
        from syndicate.store.migrate import upgrade

        with explained(database):
            upgrade(database)
    return database


def version_of(database: Database) -> str | None:
    """Return the newest migration that a database has had; None where it has had none."""
    with database.read() as connection:
        if not database.engine.dialect.has_table(connection, "alembic_version"):
            return None
        return connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()

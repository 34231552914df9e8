"""Procrastinate's own tables: applied by us, and checked against the version that is installed.

It keeps no record of what was applied, so we do (`meta`, under `procrastinate`): its version then. A newer one that is
installed brings migrations; an older one than was applied is refused.
"""

from __future__ import annotations

from importlib.metadata import version
from importlib.resources import files

from sqlalchemy import Connection, text

from syndicate.errors import StoreError
from syndicate.store.database import Database, get_value, set_value

KEY = "procrastinate"
MIGRATE = "syndicate cluster migrate"
Version = tuple[int, ...]


def installed() -> Version:
    """Return the version of Procrastinate that is installed, as (3, 10, 0)."""
    return _parsed(version("procrastinate"))


def applied(database: Database) -> Version | None:
    """Return the version whose tables the database has; None where it has none."""
    with database.read() as connection:
        known = get_value(connection, KEY)
    return _parsed(known) if known else None


def check(database: Database) -> None:
    """Raise StoreError where the tables are not those of the version that is installed."""
    there, here = applied(database), installed()
    where = database.url.render_as_string(hide_password=True)
    if there is None:
        raise StoreError("the database has no queue for the workers yet", where=where, hint=MIGRATE)
    if there < here and pending(there):
        raise StoreError(
            f"the queue's tables are of Procrastinate {_shown(there)}, and {_shown(here)} is installed",
            where=where,
            hint=f"stop the workers, then: {MIGRATE}",
        )
    if there[:2] > here[:2]:
        raise StoreError(
            f"the queue's tables are of Procrastinate {_shown(there)}, and only {_shown(here)} is installed",
            where=where,
            hint="pip install --upgrade 'syndicate[cluster]' on this machine",
        )


def migrate(database: Database) -> tuple[str, ...]:
    """Make the tables, or bring them to the version that is installed; return the names of what was applied."""
    with database.write() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('syndicate-queue'))"))
        known = get_value(connection, KEY)
        names = pending(_parsed(known)) if known else ("schema.sql",)
        for name in names:
            _apply(connection, name)
        set_value(connection, KEY, _shown(installed()))
    return names


def pending(since: Version) -> tuple[str, ...]:
    """Return the migrations of the installed version that come after another one, in their order."""
    names = sorted(each.name for each in files("procrastinate").joinpath("sql", "migrations").iterdir())
    # "03.04.00_50_post_….sql": the version for which it is made.
    return tuple(name for name in names if name.endswith(".sql") and _parsed(name.partition("_")[0]) > since)


def _apply(connection: Connection, name: str) -> None:
    folder = files("procrastinate").joinpath("sql")
    file = folder / name if name == "schema.sql" else folder / "migrations" / name
    driver = connection.connection.driver_connection
    assert driver is not None
    driver.execute(file.read_text(encoding="utf-8"))


def _parsed(shown: str) -> Version:
    return tuple(int(part) for part in shown.split(".")[:3])


def _shown(numbers: Version) -> str:
    return ".".join(str(number) for number in numbers)

"""A PostgreSQL whose schema, and the workers' queue in it, are current."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from syndicate.engine import schema
from syndicate.store.database import Database
from syndicate.store.opening import open_database
from tests.conftest import Server

_numbers = itertools.count(1)


@pytest.fixture
def shared_url(postgres: Server) -> Iterator[str]:
    """Return the address of a database whose schema is current, without a queue."""
    name = f"shared_{next(_numbers)}"
    yield postgres.make_current(name)
    postgres.drop(name)


@pytest.fixture
def shared(shared_url: str) -> Iterator[Database]:
    """Return a database that has the workers' queue."""
    with open_database(shared_url) as database:
        schema.migrate(database)
        yield database

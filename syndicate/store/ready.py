"""Whether the database could be worked with now: asked on a connection of its own, and not waited for long."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from syndicate.errors import SyndicateError
from syndicate.store.database import Database
from syndicate.store.opening import HEAD, version_of

PATIENCE_SECONDS = 3
"""A server that has not answered after so long does not answer."""
SILENT = "the database does not answer"
OTHER_TABLES = "the database's tables are of another version"
OTHER_QUEUE = "the queue's tables are missing, or of another version"


class NotReady(NamedTuple):
    """Why the database cannot be worked with."""

    fault: str
    """In a sentence of ours, for anybody to see."""
    said: str
    """What the database or its driver said. It may name hosts and users: a log's."""


def why_not_ready(url: str, check_queue: Callable[[Database], None] | None = None) -> NotReady | None:
    """Return why the database cannot be worked with now; None where it can. Makes and migrates nothing.

    `check_queue` raises StoreError where the queue's tables are not current.
    """
    step = SILENT
    try:
        with Database(_impatient(url)) as database:
            if database.path is not None and not database.path.is_file():  # it would be made by looking
                return NotReady(SILENT, f"there is no file {database.path}")
            there = version_of(database)
            if there != HEAD:
                return NotReady(OTHER_TABLES, f"{there} is there, and {HEAD} is needed")
            if check_queue is not None:
                step = OTHER_QUEUE
                check_queue(database)
    except (SyndicateError, SQLAlchemyError) as error:
        return NotReady(step, error.what if isinstance(error, SyndicateError) else str(error))
    return None


def _impatient(url: str) -> str:
    """Return an address whose connections give up soon: on connecting, in a statement, and on a line that is dead."""
    address = make_url(url)
    if address.get_backend_name() == "sqlite":
        return url
    milliseconds = PATIENCE_SECONDS * 1000
    own = address.query.get("options", "")
    address = address.update_query_dict(
        {
            "connect_timeout": str(PATIENCE_SECONDS),
            "tcp_user_timeout": str(milliseconds),
            "options": f"{own if isinstance(own, str) else ' '.join(own)} -c statement_timeout={milliseconds}".strip(),
        }
    )
    return address.render_as_string(hide_password=False)

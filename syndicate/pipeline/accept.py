"""accept: the way out of the novelty breaker, and of a restored backup. A person has looked."""

from __future__ import annotations

from syndicate.app import App
from syndicate.errors import NotFoundError, StoreError
from syndicate.log import event
from syndicate.pipeline.due import RESTORED
from syndicate.pipeline.tell import recovered
from syndicate.store.database import set_value
from syndicate.store.feeds import FeedHold


def accept(app: App, feed: str, *, as_new: bool) -> tuple[int, int]:
    """Let a held feed go on; return how many entries went to history and how many are announced."""
    if feed not in app.config.feeds:
        raise NotFoundError(f'config.yaml has no feed "{feed}"', hint="syndicate feeds list")
    newest = app.entries.newest_before_flood(feed)
    old, new = app.entries.accept(feed, as_new=as_new, newer_than=newest, now=app.clock.now())
    recovered(app, f"novelty:{feed}")
    event("feed-accepted", feed=feed, history=old, announced=new)
    return old, new


def looks_restored(app: App) -> bool:
    """Return whether the database is behind the number kept beside it, so that sending has stopped."""
    try:
        with app.database.read() as connection:
            app.generation.check(connection)
    except StoreError:
        return True
    return False


def accept_restore(app: App) -> int:
    """Let a restored database send again; return how many deliveries now wait for a person.

    What happened between the backup and now is not known, so nothing goes by itself that may have gone
    before: what was not finished is in doubt and held, no period from before now is made up, and what the feeds
    show that the database does not know is held until `syndicate feeds accept`.
    """
    now = app.clock.now()
    with app.database.write() as connection:
        number = app.generation.accept(connection)
        held = app.ledger("restore").doubt_all(connection)
        app.feeds.hold_all(connection, FeedHold.RESTORED)
        set_value(connection, RESTORED, now.isoformat())
    app.generation.keep(number)
    recovered(app, "restored")
    event("restore-accepted", generation=number, in_doubt=held)
    return held

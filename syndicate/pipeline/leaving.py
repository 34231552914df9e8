"""Leaving lists, and choosing among them, by the token that stands in every letter. It takes effect at once."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from syndicate.app import App
from syndicate.audience.joining import masked
from syndicate.audience.model import OptIn, Subscriber, Subscription, SubscriptionState, What
from syndicate.audience.tokens import Purpose, opaque, read_web_token
from syndicate.log import event
from syndicate.store import joining as rows
from syndicate.store.history import happened
from syndicate.store.limits import Limit, take

MOST_CHOICES = 20
"""How often in an hour one reader may join lists on the preferences page; leaving is never counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What became of a wish to leave."""

    known: bool
    """Whether the token was true. The page is the same friendly one; an unknown token changed nothing."""
    lists: tuple[str, ...]
    """The lists that the reader is off now, by their keys in config.yaml; empty where the token was not true."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListChoice:
    """A list as the preferences page offers it."""

    key: str
    title: str
    about: str
    digests: tuple[str, ...]
    """What it carries: the names of its digests, as readers know them."""
    subscribed: bool
    open: bool
    """Whether it may be joined here; one that is not can still be left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """What a reader may choose."""

    address_shown: str
    """Enough of the address to know it by, for whoever holds the link: "m…@example.org"."""
    lists: tuple[ListChoice, ...]
    suppressed: bool
    """No mail goes to this address, and no list can be joined here; leaving still works."""


def leave(app: App, token: str, how: str) -> Left:
    """Take the reader of a letter off the lists that its token names, or off all where it names none.

    `how` goes into the reader's history: "one-click", "the page". Who is out already is answered the same.
    """
    claim = read_web_token(Purpose.READER, token)
    with app.database.write() as connection:
        reader = rows.proven_reader(connection, app.keyring, claim)
        if claim is None or reader is None:
            return _unknown(how)
        left = rows.leave_letter(connection, reader, claim.lists, how, app.clock.now())
        named = claim.lists or tuple(rows.subscriptions_of(connection, reader.id))
    event("left", reader=reader.id, lists=",".join(left) or None, how=how)
    return Left(known=True, lists=named)


def preferences(app: App, token: str) -> Preferences | None:
    """Return what the reader of a letter may choose, or None where the token is not true. Changes nothing."""
    with app.database.read() as connection:
        reader = rows.proven_reader(connection, app.keyring, read_web_token(Purpose.READER, token))
        return _preferences(app, connection, reader) if reader else None


def set_preferences(app: App, token: str, wanted: Collection[str], how: str) -> Preferences | None:
    """Put the reader on the wanted lists and off all others that the page shows; return what holds then.

    The token proves the address, so a list joined here is confirmed at once, and no mail says so. A list that is
    closed, or unknown, or any list for a suppressed address, is not joined, and nothing past MOST_CHOICES an hour:
    each joining is a line of history, and whoever holds a link may press without end. None where the token is not true.
    """
    claim = read_web_token(Purpose.READER, token)
    with app.database.read() as connection:
        known = rows.proven_reader(connection, app.keyring, claim)
    may_join = known is not None and _may_join(app, known)
    with app.database.write() as connection:
        reader = rows.proven_reader(connection, app.keyring, claim)
        if reader is None:
            _unknown(how)
            return None
        shown = _preferences(app, connection, reader)
        unwanted = [each.key for each in shown.lists if each.subscribed and each.key not in wanted]
        if unwanted:
            rows.leave(connection, reader, unwanted, how, app.clock.now())
        if may_join and not shown.suppressed:
            fresh = [each.key for each in shown.lists if each.open and not each.subscribed and each.key in wanted]
            _join(app, connection, reader, fresh, how)
        return _preferences(app, connection, reader)


def _may_join(app: App, reader: Subscriber) -> bool:
    counted = Limit(key=opaque(app.keyring, "choices", str(reader.id)), most=MOST_CHOICES)
    return take(app.database, (counted,), app.clock.now()) is None


def _join(app: App, connection: Connection, reader: Subscriber, lists: Collection[str], how: str) -> None:
    links, now = rows.subscriptions_of(connection, reader.id), app.clock.now()
    for name in lists:
        if rows.save_confirmed(connection, reader.id, name, links.get(name), now):
            happened(connection, reader.address, What.CONFIRMED, now, list_name=name, note=how)


def _preferences(app: App, connection: Connection, reader: Subscriber) -> Preferences:
    links = rows.subscriptions_of(connection, reader.id)
    barred = rows.is_barred(connection, app.keyring, reader.address)
    return Preferences(address_shown=masked(reader.address), lists=_choices(app, links), suppressed=barred)


def _choices(app: App, links: Mapping[str, Subscription]) -> tuple[ListChoice, ...]:
    """Return the lists that the reader may join or is on, also one that config.yaml has no longer, in its order."""
    on = {name for name, link in links.items() if link.state is SubscriptionState.CONFIRMED}
    names = [*app.config.lists, *sorted(on - set(app.config.lists))]
    choices = (_choice(app, name, name in on) for name in names)
    return tuple(each for each in choices if each.open or each.subscribed)


def _choice(app: App, name: str, subscribed: bool) -> ListChoice:
    config = app.config.lists.get(name)
    digests = [each.name or app.config.site.name for each in app.config.digests.values() if name in each.lists]
    return ListChoice(
        key=name,
        title=(config.name if config else None) or name,
        about=(config.about if config else None) or "",
        digests=tuple(dict.fromkeys(digests)),
        subscribed=subscribed,
        open=config is not None and config.address is None and config.opt_in is not OptIn.CLOSED,
    )


def _unknown(how: str) -> Left:
    event("token-unknown", level=logging.WARNING, how=how)
    return Left(known=False, lists=())

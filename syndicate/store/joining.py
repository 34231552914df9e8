"""The rows of joining and leaving. Every function works in the caller's transaction; none commits.

A reader's own row is locked first, wherever their subscriptions change (on SQLite a writer is alone anyway), so that
of a confirmation and a goodbye at the same moment one comes first.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, exists, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from syndicate.audience.addresses import address_key
from syndicate.audience.joining import counted_as
from syndicate.audience.model import Notice, Subscriber, Subscription, SubscriptionState, What
from syndicate.audience.tokens import Keyring, WebClaim, forgotten_keys, proves
from syndicate.delivery.model import DeliveryState
from syndicate.store.deliveries import WAITING
from syndicate.store.history import happened
from syndicate.store.suppressing import requested_since
from syndicate.store.tables import deliveries, history, returned, subscribers, subscriptions, suppressions

BATCH = 500
_LARGEST_NUMBER = 2**63 - 1
_UNCONFIRMED, _UNSUBSCRIBED = SubscriptionState.UNCONFIRMED, SubscriptionState.UNSUBSCRIBED


def proven_reader(connection: Connection, keyring: Keyring, claim: WebClaim | None) -> Subscriber | None:
    """Return the reader that a token names, if it is true of them; their row is locked in a writing transaction."""
    if claim is None or not 0 < claim.subscriber <= _LARGEST_NUMBER:
        return None
    reader = _find(connection, claim.subscriber)
    return reader if reader and proves(keyring, claim, reader.address) else None


def is_barred(connection: Connection, keyring: Keyring, address: str) -> bool:
    """Return whether an address must not be mailed: suppressed for whatever reason, or erased on request."""
    return _is_there(connection, (address_key(address), *forgotten_keys(keyring, address)))


def bars_asking(connection: Connection, keyring: Keyring, address: str) -> bool:
    """Return whether an address must not even be asked: suppressed, and not by the reader's own request, or erased."""
    if requested_since(connection, address) is not None:
        return is_forgotten(connection, keyring, address)
    return is_barred(connection, keyring, address)


def is_forgotten(connection: Connection, keyring: Keyring, address: str) -> bool:
    """Return whether an address was erased on request, under whichever key."""
    return _is_there(connection, forgotten_keys(keyring, address))


def enrol(connection: Connection, address: str, now: datetime) -> Subscriber:
    """Return the subscriber of an address, made where there is none, and locked."""
    row = _insert(connection, subscribers).values(address=address, address_key=address_key(address), name="", added=now)
    # An update that changes nothing both locks the row and returns it, whoever made it in the same moment.
    kept = row.on_conflict_do_update(index_elements=["address_key"], set_={"added": subscribers.c.added})
    return _subscriber(connection.execute(kept.returning(*subscribers.c)).one())


def subscriptions_of(connection: Connection, subscriber: int) -> dict[str, Subscription]:
    """Return a subscriber's subscriptions by list."""
    query = select(subscriptions).where(subscriptions.c.subscriber_id == subscriber).order_by(subscriptions.c.list)
    return {
        row.list: Subscription(list_name=row.list, state=SubscriptionState(row.state), since=row.since)
        for row in connection.execute(query)
    }


def save_request(connection: Connection, subscriber: int, list_name: str, now: datetime) -> None:
    """Make an unconfirmed subscription, unless there is a subscription of any kind."""
    row = _insert(connection, subscriptions).values(
        subscriber_id=subscriber, list=list_name, state=_UNCONFIRMED, since=now
    )
    connection.execute(row.on_conflict_do_nothing())


def save_confirmed(
    connection: Connection, subscriber: int, list_name: str, was: Subscription | None, now: datetime
) -> bool:
    """Confirm a subscription that still is what the decision was made on; False where it became something else."""
    values = {"state": SubscriptionState.CONFIRMED, "since": now}
    if was is None:
        row = _insert(connection, subscriptions).values(subscriber_id=subscriber, list=list_name, **values)
        made = row.on_conflict_do_nothing().returning(subscriptions.c.list)  # rowcount of an INSERT is not to be had
        return connection.execute(made).first() is not None
    still = (subscriptions.c.state == was.state) & (subscriptions.c.since == was.since)
    here = (subscriptions.c.subscriber_id == subscriber) & (subscriptions.c.list == list_name)
    return connection.execute(update(subscriptions).where(here, still).values(values)).rowcount == 1


def leave(
    connection: Connection, reader: Subscriber, lists: Collection[str] | None, how: str, now: datetime
) -> tuple[str, ...]:
    """End a reader's subscriptions to these lists, or with None to all; return the lists that they left just now.

    Who had not confirmed yet leaves too. Each list gets its line of history; one left before gets none.
    """
    _find(connection, reader.id)  # the lock
    ended = update(subscriptions).where(
        subscriptions.c.subscriber_id == reader.id, subscriptions.c.state != _UNSUBSCRIBED
    )
    if lists is not None:
        ended = ended.where(subscriptions.c.list.in_(list(lists)))
    rows = connection.execute(ended.values(state=_UNSUBSCRIBED, since=now).returning(subscriptions.c.list))
    left = tuple(sorted(rows.scalars()))
    for name in left:
        happened(connection, reader.address, What.LEFT, now, list_name=name, note=how)
    return left


def leave_letter(
    connection: Connection, reader: Subscriber, lists: Collection[str], how: str, now: datetime
) -> tuple[str, ...]:
    """Take a reader off the lists that a letter's link names, or off all where it names none; return those left now.

    On a list that they were never on they stand as having left: else an import into it brings the same letter again.
    """
    left = leave(connection, reader, lists or None, how, now)
    never = [name for name in lists if _say_no(connection, reader.id, name, now)]
    for name in never:
        happened(connection, reader.address, What.LEFT, now, list_name=name, note=how)
    return tuple(sorted((*left, *never)))


def _say_no(connection: Connection, subscriber: int, list_name: str, now: datetime) -> bool:
    row = _insert(connection, subscriptions).values(
        subscriber_id=subscriber, list=list_name, state=_UNSUBSCRIBED, since=now
    )
    made = row.on_conflict_do_nothing().returning(subscriptions.c.list)
    return connection.execute(made).first() is not None


def leave_all(connection: Connection, subscriber: int, how: str, now: datetime) -> tuple[str, ...]:
    """Take a reader off every list: after a complaint, or on their word by mail. Return the lists left just now."""
    reader = _find(connection, subscriber)
    return leave(connection, reader, None, how, now) if reader else ()


def notices_since(connection: Connection, reader: Subscriber, notice: Notice, since: datetime) -> int:
    """Return how many notices of a kind wait for a reader's mailbox, or were tried since then, under all its tags.

    a+1@ and a+2@ are two subscribers and one mailbox (audience/joining.py, counted_as).
    """
    local, _, domain = counted_as(reader.address).rpartition("@")
    key = subscribers.c.address_key
    tagged = key.startswith(f"{local}+", autoescape=True) & key.endswith(f"@{domain}", autoescape=True)
    recent = or_(deliveries.c.state.in_((*WAITING, DeliveryState.SENDING)), deliveries.c.tried > since)
    theirs = select(subscribers.c.id).where(or_(key == f"{local}@{domain}", tagged))
    query = select(func.count()).where(deliveries.c.subscriber_id.in_(theirs), deliveries.c.notice == notice, recent)
    return int(connection.execute(query).scalar_one())


def expire_requests(connection: Connection, before: datetime, now: datetime) -> int:
    """End a batch of requests that nobody confirmed since `before`; return how many there were.

    A request is an unconfirmed subscription that was made by asking, and nobody asked again. A subscription that an
    import left unconfirmed stays, even where somebody asked for it later: a stranger must not make it go.
    """
    rows = connection.execute(_expired(before)).all()
    for row in rows:
        still = delete(subscriptions).where(
            subscriptions.c.subscriber_id == row.id,
            subscriptions.c.list == row.list,
            subscriptions.c.state == _UNCONFIRMED,
        )
        if connection.execute(still).rowcount:  # 0 where the reader pressed the button while we waited for the lock
            happened(connection, row.address, What.EXPIRED, now, list_name=row.list)
    _erase_strangers(connection, sorted({row.id for row in rows}))
    return len(rows)


def _expired(before: datetime) -> Any:
    asked = (
        (history.c.address_key == subscribers.c.address_key)
        & (history.c.list == subscriptions.c.list)
        & (history.c.what == What.ASKED)
    )
    return (
        select(subscribers.c.id, subscribers.c.address, subscriptions.c.list)
        .join(subscriptions, subscriptions.c.subscriber_id == subscribers.c.id)
        .where(
            subscriptions.c.state == _UNCONFIRMED,
            subscriptions.c.since <= before,
            exists().where(asked, history.c.at == subscriptions.c.since),
            ~exists().where(asked, history.c.at > before),
        )
        .order_by(subscribers.c.id, subscriptions.c.list)
        .limit(BATCH)
        .with_for_update(of=subscribers)
    )


def _erase_strangers(connection: Connection, numbers: Sequence[int]) -> None:
    """Erase who never was a reader, with every trace: on no list, suppressed by nobody, and sent no issue.

    Somebody else may have typed that address: what was asked and mailed about it is nobody's business any more. A
    notice that is or may be on a wire keeps its row, and so its reader.
    """
    # Locked, so that no sender claims one between the look and the erasing.
    mails = select(deliveries.c.id).where(deliveries.c.subscriber_id.in_(numbers)).order_by(deliveries.c.id)
    connection.execute(mails.with_for_update())
    suppressed = exists().where(suppressions.c.address_key == subscribers.c.address_key)
    on_a_list = exists().where(subscriptions.c.subscriber_id == subscribers.c.id)
    kept = (deliveries.c.notice.is_(None)) | deliveries.c.state.in_((DeliveryState.SENDING, DeliveryState.IN_DOUBT))
    mailed = exists().where(deliveries.c.subscriber_id == subscribers.c.id, kept)
    query = select(subscribers.c.id, subscribers.c.address_key)
    query = query.where(subscribers.c.id.in_(numbers), ~suppressed, ~on_a_list, ~mailed)
    gone = {row.id: row.address_key for row in connection.execute(query)}
    if not gone:
        return
    notices = select(deliveries.c.id).where(deliveries.c.subscriber_id.in_(gone))
    connection.execute(delete(returned).where(returned.c.delivery_id.in_(notices)))
    connection.execute(delete(deliveries).where(deliveries.c.subscriber_id.in_(gone)))
    connection.execute(delete(history).where(history.c.address_key.in_(gone.values())))
    connection.execute(delete(subscribers).where(subscribers.c.id.in_(gone)))


def _find(connection: Connection, number: int) -> Subscriber | None:
    query = select(subscribers).where(subscribers.c.id == number)
    if connection.get_execution_options().get("syndicate_write"):
        query = query.with_for_update()
    row = connection.execute(query).one_or_none()
    return _subscriber(row) if row else None


def _subscriber(row: Row[Any]) -> Subscriber:
    return Subscriber(id=row.id, address=row.address, name=row.name, added=row.added)


def _is_there(connection: Connection, keys: Sequence[str]) -> bool:
    query = select(suppressions.c.address_key).where(suppressions.c.address_key.in_(keys))
    return connection.execute(query).first() is not None


def _insert(connection: Connection, table: Any) -> Any:
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)

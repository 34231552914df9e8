"""Joining lists on the web: a request, the confirmation of it, and the end of one that nobody confirmed.

What is answered never tells who is on a list: the page says the same to a stranger, a reader, and an address that
must not be mailed; the rest is said by mail to the address itself. For an address that must not be mailed all work is
done as for any other, and then taken back. What a stopwatch could still see is how the transaction ends (taken back or
written: a sync of the disk on PostgreSQL) and that a stranger is a row more than a reader: 4.8 and 3.7 ms here on
SQLite, to be told apart from the network's noise by whoever may ask three times an hour for one address.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Connection

from syndicate.app import App
from syndicate.audience.addresses import parse_address, printable
from syndicate.audience.joining import (
    ConfirmStep,
    JoinStep,
    confirm_step,
    counted_as,
    join_step,
    network_of,
)
from syndicate.audience.model import Notice, OptIn, Subscriber, Subscription, SubscriptionState, Welcome, What
from syndicate.audience.tokens import Purpose, WebClaim, opaque, read_web_token
from syndicate.errors import AudienceError
from syndicate.log import event
from syndicate.pipeline.tell import alert, recovered
from syndicate.store import joining as rows
from syndicate.store.history import happened
from syndicate.store.limits import Limit, is_first_this_hour, is_full, sweep, take
from syndicate.store.notices import plan_latest_issue, plan_notice
from syndicate.store.suppressing import lift_request, requested_since

DAY = timedelta(days=1)
BY_MAIL = "the link in the mail"
MOST_A_DAY = {Notice.CONFIRM: 3, Notice.ALREADY: 1}
"""Notices of a kind that strangers can have mailed to one address in a day, whatever they type into forms."""
INCIDENT = "joining"
WORLD = "world:all"


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinRequest:
    """What a form, ours or a blog's, asks for."""

    address: str
    """As it was typed."""
    lists: tuple[str, ...]
    """The keys of lists in config.yaml."""
    came_from: str
    """For the history: "the form on www.lantern.example"."""
    network: str
    """The IP address that asked, or its network; "" where it is not known."""


class JoinAnswer(StrEnum):
    """What the page says to a request."""

    TAKEN = "taken"
    """Look into your mailbox. Said whatever happened inside."""
    BAD_ADDRESS = "bad address"
    UNKNOWN_LIST = "unknown list"
    """There is no such list, or it is not joined on the web."""
    TOO_MANY = "too many"


class ConfirmAnswer(StrEnum):
    """What the page behind a confirmation's link says."""

    CONFIRMED = "confirmed"
    ALREADY = "already"
    EXPIRED = "expired"
    """Too old, or older than the reader's leaving: ask again."""
    UNKNOWN = "unknown"
    """No token of ours, or nobody whom it is true of."""
    WAITING = "waiting"
    """The button would confirm. Only look_at_confirm says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """What a confirmation did, or would do."""

    answer: ConfirmAnswer
    lists: tuple[str, ...]
    """The lists that the answer is about, by key; empty for expired and unknown."""


def request_join(app: App, request: JoinRequest) -> JoinAnswer:
    """Take a request to join lists, and plan the mail that it causes.

    One request causes one mail at most that asks (its row names the lists joined with "+"), or one that says "already".
    """
    try:
        address = parse_address(request.address)
    except AudienceError:
        return JoinAnswer.BAD_ADDRESS
    lists = _joinable(app, request.lists)
    if not lists or len(lists) < len(set(request.lists)):
        return JoinAnswer.UNKNOWN_LIST
    if not _has_room(app, address, request.network):
        return JoinAnswer.TOO_MANY
    with app.database.write() as connection:
        planned = _request(app, connection, address, lists, printable(request.came_from, 200))
        # After it: the reader's row is locked by now, so whoever was forgotten while we waited is seen.
        barred = rows.bars_asking(connection, app.keyring, address)
        if barred:
            connection.rollback()
    if planned and not barred:
        app.awaken()
    return JoinAnswer.TAKEN


def look_at_confirm(app: App, token: str) -> Confirmation:
    """Return what pressing the button would do: WAITING where it would confirm. Changes nothing."""
    with app.database.read() as connection:
        return _told(_asked(app, connection, token), ConfirmAnswer.WAITING)


def confirm(app: App, token: str) -> Confirmation:
    """Put the reader whom a confirmation was mailed to on its lists, and plan one welcome. Twice is ALREADY."""
    with app.database.write() as connection:
        asked = _asked(app, connection, token)
        planned = asked is not None and _put_on(app, connection, asked.reader, asked.fresh, BY_MAIL)
        if asked is not None and asked.fresh:
            _welcome_back(connection, asked.reader, asked.fresh, app.clock.now())
    if asked is None:
        event("token-unknown", level=logging.WARNING, how="confirm")
    if planned:
        app.awaken()
    return _told(asked, ConfirmAnswer.CONFIRMED)


def expire_requests(app: App) -> int:
    """End the requests that nobody confirmed in time, and forget old counts; return how many requests ended."""
    now, ended = app.clock.now(), 0
    while True:
        with app.database.write() as connection:
            batch = rows.expire_requests(connection, now - app.config.web.confirm_within, now)
        ended += batch
        if batch < rows.BATCH:
            break
    sweep(app.database, now)
    if not is_full(app.database, _world(app), now):
        recovered(app, INCIDENT)
    return ended


def _joinable(app: App, lists: Sequence[str]) -> tuple[str, ...]:
    """Return which of these lists may be joined on the web, in config.yaml's order."""
    own = app.config.lists.items()
    return tuple(
        name for name, each in own if name in lists and each.address is None and each.opt_in is not OptIn.CLOSED
    )


def _request(app: App, connection: Connection, address: str, lists: Sequence[str], came_from: str) -> bool:
    """Do what a request does; return whether a mail was planned."""
    now = app.clock.now()
    reader = rows.enrol(connection, address, now)
    links = rows.subscriptions_of(connection, reader.id)
    steps: dict[JoinStep, list[str]] = {step: [] for step in JoinStep}
    wished_away = requested_since(connection, address) is not None
    for name in lists:
        state = links[name].state if name in links else None
        state = SubscriptionState.UNSUBSCRIBED if wished_away else state
        steps[join_step(app.config.lists[name].opt_in, state)].append(name)
        happened(connection, address, What.ASKED, now, list_name=name, note=came_from)
    for name in steps[JoinStep.ASK]:
        rows.save_request(connection, reader.id, name, now)
    at_once = {name: links.get(name) for name in steps[JoinStep.CONFIRM]}
    welcomed = _put_on(app, connection, reader, at_once, came_from)
    asked, already = steps[JoinStep.ASK], steps[JoinStep.SAY_ALREADY]
    notice = Notice.CONFIRM if asked else Notice.ALREADY
    return _notice(connection, reader, notice, asked or already, now) or welcomed


def _notice(connection: Connection, reader: Subscriber, notice: Notice, lists: Sequence[str], now: datetime) -> bool:
    """Plan one mail about these lists, unless the address had its share for today."""
    if not lists or rows.notices_since(connection, reader, notice, now - DAY) >= MOST_A_DAY[notice]:
        return False
    return plan_notice(connection, reader.id, tuple(lists), notice, now)


def _put_on(
    app: App, connection: Connection, reader: Subscriber, lists: Mapping[str, Subscription | None], note: str
) -> bool:
    """Confirm subscriptions, and plan a welcome, and the latest issue; return whether one was planned."""
    now = app.clock.now()
    joined = [name for name, was in lists.items() if rows.save_confirmed(connection, reader.id, name, was, now)]
    for name in joined:
        happened(connection, reader.address, What.CONFIRMED, now, list_name=name, note=note)
    for name in joined:
        if app.config.lists[name].welcome is Welcome.ISSUE:
            plan_latest_issue(connection, reader.id, name, now)
    welcoming = [name for name in joined if app.config.lists[name].welcome is not Welcome.NONE]
    return bool(welcoming) and plan_notice(connection, reader.id, tuple(welcoming), Notice.WELCOME, now)


def _welcome_back(connection: Connection, reader: Subscriber, lists: Collection[str], now: datetime) -> None:
    """Mail somebody again who had asked not to be: on the lists that they chose now, and on no other."""
    if lift_request(connection, reader.address, now, BY_MAIL):
        others = [name for name in rows.subscriptions_of(connection, reader.id) if name not in lists]
        if others:
            rows.leave(connection, reader, others, "came back for other lists", now)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What a proven confirmation asks for: lists to confirm now, as they stand, and lists that are confirmed."""

    reader: Subscriber
    fresh: Mapping[str, Subscription | None]
    already: tuple[str, ...]


def _asked(app: App, connection: Connection, token: str) -> _Asked | None:
    """Return what a token asks for, or None where it is not true, or its address must not be mailed."""
    claim = read_web_token(Purpose.CONFIRM, token)
    reader = rows.proven_reader(connection, app.keyring, claim)
    if claim is None or reader is None or rows.bars_asking(connection, app.keyring, reader.address):
        return None
    links = rows.subscriptions_of(connection, reader.id)
    away = requested_since(connection, reader.address)
    steps = {name: _confirm_step(app, _as_left(links.get(name), away), claim) for name in claim.lists}
    joinable = _joinable(app, claim.lists)
    return _Asked(
        reader=reader,
        fresh={name: links[name] for name in joinable if steps[name] is ConfirmStep.CONFIRM},
        already=tuple(name for name, step in steps.items() if step is ConfirmStep.ALREADY),
    )


def _as_left(link: Subscription | None, away: datetime | None) -> Subscription | None:
    """Return a subscription as it counts for a reader who asked not to be mailed at all, if they did: as ended."""
    if link is None or away is None:
        return link
    since = away if link.state is SubscriptionState.UNCONFIRMED else max(link.since, away)
    return replace(link, state=SubscriptionState.UNSUBSCRIBED, since=since)


def _confirm_step(app: App, link: Subscription | None, claim: WebClaim) -> ConfirmStep:
    return confirm_step(
        link.state if link else None,
        since=link.since if link else None,
        issued=claim.issued,
        now=app.clock.now(),
        confirm_within=app.config.web.confirm_within,
    )


def _told(asked: _Asked | None, fresh: ConfirmAnswer) -> Confirmation:
    if asked is None:
        return Confirmation(answer=ConfirmAnswer.UNKNOWN, lists=())
    if asked.fresh:
        return Confirmation(answer=fresh, lists=tuple(asked.fresh))
    if asked.already:
        return Confirmation(answer=ConfirmAnswer.ALREADY, lists=asked.already)
    return Confirmation(answer=ConfirmAnswer.EXPIRED, lists=())


def _has_room(app: App, address: str, network: str) -> bool:
    """Count a request under each limit, or refuse it; a refusal is logged once an hour for each limit."""
    web, now = app.config.web, app.clock.now()
    of_address = Limit(key=opaque(app.keyring, "address", counted_as(address)), most=web.per_address)
    of_network = Limit(key=opaque(app.keyring, "network", network_of(network)), most=web.per_network)
    full = take(app.database, (of_address, of_network, _world(app)), now)
    if full is None:
        return True
    kind = full.key.partition(":")[0]
    if is_first_this_hour(app.database, f"told:{kind}", now):
        event("too-many-requests", level=logging.WARNING, of=kind, most=full.most)
    if full.key == WORLD:
        alert(app, INCIDENT, _flood(full.most))
    return False


def _world(app: App) -> Limit:
    return Limit(key=WORLD, most=app.config.web.per_hour)


def _flood(most: int) -> str:
    return (
        f"Requests to join are refused: more than {most} in an hour\n\n"
        "Somebody may be typing other people's addresses into your form. Readers are not harmed, and get three mails\n"
        "a day at the most; new ones cannot join until it is over. If your site is only having a very good day, raise\n"
        "web.per_hour in config.yaml."
    )

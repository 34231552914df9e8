"""Relays: which of them is open, how fast each may be used, and what happens when one refuses letter after letter."""

from __future__ import annotations

import logging
import re

from syndicate.app import App
from syndicate.delivery.manners import Pace, Rest, Rules, goes_on, left_of_quota
from syndicate.delivery.sharing import SharedPace
from syndicate.log import event
from syndicate.pipeline.tell import alert, recovered
from syndicate.returns.model import ReturnKind
from syndicate.returns.status import kind_of_reply, status_in

_OF_A_MAILBOX = re.compile(r"[45]\.(1\.[1-6]|1\.10|2\.\d+)")
"""Addressing and mailbox status (RFC 3463 §3.2, §3.3), but for those that are about the sender's address."""


def open_relays(app: App) -> tuple[str, ...]:
    """Return the relays that do not rest and have quota left, in their order; for an outbox, none."""
    return app.open_relays()


def pace_of(app: App, name: str) -> Pace:
    """Return how fast a relay may be used now: its rules, what is left of its quota, its rest. Ask it for each run.

    In one process it is the same object for each run, so that a rate holds between two issues too.
    """
    assert app.config.mail is not None
    rules, now = app.config.mail.route[name].rules, app.clock.now()
    left = left_of_quota(rules, app.relays.hours(name, now), now) if rules.per_day else None
    pace = app.paces.setdefault(name, _new_pace(app, name, rules))
    pace.renew(left=left, rest=app.relays.rest_of(name))
    return pace


def _new_pace(app: App, name: str, rules: Rules) -> Pace:
    if app.queue.shard is None:
        return Pace(rules, of_reader=tells_of_reader)
    return SharedPace(rules, take=lambda: app.relays.take(name, rules), of_reader=tells_of_reader)


def rest(app: App, name: str, begun: Rest) -> None:
    """Let a relay rest, and tell the editor: once, however often it rests until it takes letters again."""
    assert app.config.mail is not None
    app.relays.rest(name, begun)
    event("relay-rests", level=logging.WARNING, relay=name, until=begun.until, because=begun.because)
    relay = app.config.mail.route[name]
    until = begun.until.astimezone(app.config.site.zone)
    alert(
        app,
        incident_of(name),
        f'the relay "{name}" rests until {until:%H:%M}: it refused letter after letter ({relay.pause_after} in a row)\n'
        f"It last said: {begun.because}\n\n"
        f"Then {relay.host} is tried again by itself; meanwhile letters wait, or go by the next relay. Once you know\n"
        f"that it is well: `syndicate relays resume {name}`.\n"
        "What it refused for good has failed: `syndicate deliveries list --state failed` shows why, and\n"
        "`syndicate deliveries retry --issue ID` plans it again.",
    )


def finished(app: App, name: str, pace: Pace, *, sent: int) -> None:
    """Note how a run over a relay ended: with a rest, well again where it took letters, with its quota used up."""
    if pace.rest is not None and pace.rest != app.relays.rest_of(name):
        rest(app, name, pace.rest)
    if sent and pace.rest is None:
        app.relays.resume(name, over_by=app.clock.now())
        recovered(app, incident_of(name))
    now = app.clock.now()
    if isinstance(pace, SharedPace) and (unused := pace.put_back()) and pace.rules.per_day:
        app.relays.take_back(name, unused, now)
    if pace.rules.per_day:
        app.relays.sweep(now)
    if sent and pace.is_used_up:
        event("relay-quota", relay=name, goes_on=goes_on(pace.rules, app.relays.hours(name, now), now))


def incident_of(name: str) -> str:
    """Return the name of the incident that a relay rests."""
    return f"relay:{name}"


def tells_of_reader(reply: str) -> bool:
    """Return whether a refusal is about this one reader, so that it says nothing about the relay.

    A mailbox that is not there, or is full, or takes nothing: each list has some, and an old list has runs of them.
    """
    kind = kind_of_reply(reply)
    is_of_mailbox = _OF_A_MAILBOX.fullmatch(status_in(reply) or "") is not None
    return kind is ReturnKind.HARD or (kind is ReturnKind.SOFT and is_of_mailbox)

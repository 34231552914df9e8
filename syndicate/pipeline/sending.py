"""sending: hand letters to the first relay that is open; what never was on a wire goes by the next one."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

from syndicate.app import App
from syndicate.delivery.deliver import Claims, deliver
from syndicate.delivery.model import DeliveryState, Letter, RetryPolicy
from syndicate.errors import ChannelError, SyndicateError, UnreachableError
from syndicate.log import event
from syndicate.pipeline.relays import finished, incident_of, open_relays, pace_of
from syndicate.pipeline.tell import alert

RELAY_PATIENCE = timedelta(hours=1)
"""How long letters may wait for a relay that does not answer before the editor is told."""
ClaimsBy = Callable[[str | None], Claims[Letter]]
"""The letters that wait, to be claimed for the relay of that name; None: nobody counts them."""
TallyProgress = Callable[[Counter[DeliveryState]], None]


def send_letters(
    app: App, claims: ClaimsBy, *, policy: RetryPolicy, progress: TallyProgress, since: datetime
) -> Counter[DeliveryState]:
    """Send what is due over the relays that are open, one after the other; return how many went to which state.

    `since` is when the oldest of these letters began to wait. A relay that does not work as a whole is passed over,
    and the editor is told (at once where a person must act). Raises its ChannelError where no other took its place.
    With all relays resting, or their quotas used up, nothing is sent and nothing is wrong: it goes on when they do.
    """
    tally: Counter[DeliveryState] = Counter()
    assert app.config.mail is not None
    if not app.config.mail.route:
        return deliver(
            claims(None),
            app.mail_channel(),
            clock=app.clock,
            policy=policy,
            stopping=app.stop.is_set,
            progress=progress,
            tally=tally,
        )
    faults: dict[str, ChannelError] = {}
    name = None
    for name in open_relays(app):
        if app.stop.is_set():
            break
        if faults:
            event("next-relay", level=logging.WARNING, relay=name)
        fault = _over(app, name, claims, policy, progress, tally)
        if fault is not None:
            faults[name] = fault
        elif app.paces[name].wait(app.clock.now()) is not None:
            break  # It would take more: nothing is due.
    if name in faults:
        raise faults[name]
    for passed_over, fault in faults.items():
        tell_of_relay(app, since, fault, incident=incident_of(passed_over))
    return tally


def _over(
    app: App,
    name: str,
    claims: ClaimsBy,
    policy: RetryPolicy,
    progress: TallyProgress,
    tally: Counter[DeliveryState],
) -> ChannelError | None:
    """Send over one relay, and return why it does not work as a whole, if it does not."""
    assert app.config.mail is not None
    pace, before, relay = pace_of(app, name), tally[DeliveryState.SENT], app.config.mail.route[name]
    try:
        deliver(
            claims(name if relay.per_day and app.queue.shard is None else None),
            app.mail_channel(name),
            clock=app.clock,
            policy=policy,
            stopping=app.stop.is_set,
            progress=progress,
            tally=tally,
            pace=pace,
            ahead=relay.connections,
        )
    except ChannelError as error:
        return error
    finally:
        finished(app, name, pace, sent=tally[DeliveryState.SENT] - before)
    return None


def tell_of_relay(app: App, since: datetime, error: SyndicateError, *, incident: str) -> None:
    """Alert the editor at once where a person must act, and only after a while where the relay may come back."""
    if isinstance(error, UnreachableError) and app.clock.now() - since < RELAY_PATIENCE:
        event("relay-unreachable", level=logging.WARNING, because=error.what)
    else:
        alert(app, incident, f"the relay does not take our letters: {error}")

"""announce: plan a status for each announced review and account. One that is too old is cancelled, and says so."""

from __future__ import annotations

from syndicate.app import App
from syndicate.delivery.model import DeliveryState
from syndicate.delivery.plan import plan_status
from syndicate.log import event


def announce(app: App) -> int:
    """Plan what statuses are missing, oldest review first; return how many will be posted."""
    return sum(_announce_on(app, account) for account in app.config.accounts)


def _announce_on(app: App, account: str) -> int:
    rules = app.config.accounts[account]
    planned = 0
    for entry in app.statuses.unplanned(account, rules.feeds or tuple(app.config.feeds)):
        now = app.clock.now()
        plan = plan_status(counts_from=entry.counts_from, now=now, max_age=rules.max_age)
        if app.statuses.plan(entry, account, state=plan.state, reply=plan.reply, now=now):
            event("status-planned", account=account, review=entry.id, state=plan.state, because=plan.reply)
            planned += plan.state is DeliveryState.PLANNED
    return planned

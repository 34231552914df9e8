"""The next statuses of each account, composed as they would be posted, and the last that went."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from syndicate.app import App
from syndicate.channels.outbox_page import Card, status_html
from syndicate.compose.length import measure
from syndicate.compose.model import StatusContent, StatusLimits
from syndicate.delivery.model import DeliveryState
from syndicate.delivery.plan import next_slot, plan_status
from syndicate.errors import TemplateError
from syndicate.pipeline.posts import compose, spacing_of
from syndicate.store.database import get_value
from syndicate.store.entries import StoredEntry
from syndicate.store.statuses import StoredStatus

SHOWN_NEXT, SHOWN_LAST = 10, 3

Address = Callable[[str], str]
"""A picture's address → where the preview shows it from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownStatus:
    """One status, as it will be posted or was."""

    entry_id: int
    card: Card | None
    """None where the template does not render."""
    fault: str | None = None
    length: int = 0
    limit: int = 0
    at: datetime | None
    """When it goes, or went; None: at the next beat of the clock."""
    state: str
    note: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownAccount:
    """An account with what it posts next, in order, and what it posted last, newest first."""

    name: str
    place: str
    """Its instance, or the folder that stands in for one."""
    next: tuple[ShownStatus, ...]
    more: int
    last: tuple[ShownStatus, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Coming:
    """A status to be posted: planned already, or at the next beat."""

    entry: StoredEntry
    planned: StoredStatus | None = None


def shown_accounts(app: App, address: Address) -> tuple[ShownAccount, ...]:
    """Return every account of the config. Reads what is stored and asks no instance."""
    return tuple(_shown_account(app, name, address) for name in app.config.accounts)


def _shown_account(app: App, name: str, address: Address) -> ShownAccount:
    rules, limits = app.config.accounts[name], kept_limits(app, name)
    coming = list(_coming(app, name))
    times = _times(app, name, coming)
    sent = (each for each in app.statuses.listed(account=name, limit=40) if each.state is DeliveryState.SENT)
    return ShownAccount(
        name=name,
        place=rules.instance or f"written to {rules.outbox or 'out'}",
        next=tuple(
            _next(app, name, each, at, limits, address) for each, at in zip(coming[:SHOWN_NEXT], times, strict=False)
        ),
        more=max(0, len(coming) - SHOWN_NEXT),
        last=tuple(_last(each, limits, address) for each in _newest(sent)),
    )


def kept_limits(app: App, account: str) -> StatusLimits:
    """Return what the instance said last of its limits, else Mastodon's own; asks nobody and stores nothing."""
    with app.database.read() as connection:
        kept = get_value(connection, f"limits:{account}")
    if app.config.accounts[account].instance is None or kept is None:
        return StatusLimits()
    limits = json.loads(kept)["limits"]
    return StatusLimits(**{**limits, "mime_types": tuple(limits["mime_types"])})


def _coming(app: App, name: str) -> Iterator[_Coming]:
    """Yield what will be posted, in its order; what is past `max_age` will be cancelled and is not here."""
    rules, now = app.config.accounts[name], app.clock.now()
    planned = (_Coming(entry=app.entries.get(each.entry_id), planned=each) for each in app.statuses.waiting(name))
    feeds = rules.feeds or tuple(app.config.feeds)
    for each in (*planned, *(_Coming(entry=entry) for entry in app.statuses.unplanned(name, feeds))):
        plan = plan_status(counts_from=each.entry.counts_from, now=now, max_age=rules.max_age)
        if plan.state is DeliveryState.PLANNED or (each.planned and each.planned.first_tried):
            yield each


def _times(app: App, name: str, coming: list[_Coming]) -> Iterator[datetime | None]:
    """Yield when each goes, spaced as the account asks; None for what is due already."""
    now, spacing = app.clock.now(), spacing_of(app.config.accounts[name])
    last = app.statuses.last_touched(name)
    for each in coming:
        due = each.planned.due if each.planned else None
        last = max(next_slot(last=last, spacing=spacing, now=now), due or now)
        yield last if last > now else None


def _next(
    app: App, name: str, coming: _Coming, at: datetime | None, limits: StatusLimits, address: Address
) -> ShownStatus:
    planned = coming.planned
    state = planned.state.value.replace("_", " ") if planned else "planned"
    note = planned.reply if planned else None
    try:
        content = (planned.content if planned else None) or compose(app, coming.entry.published_review(), name, limits)
    except TemplateError as error:
        return ShownStatus(entry_id=coming.entry.id, card=None, fault=str(error), at=at, state=state)
    return _shown(name, coming.entry.id, content, limits, address, at=at, state=state, note=note)


def _last(status: StoredStatus, limits: StatusLimits, address: Address) -> ShownStatus:
    content = status.content
    assert content is not None  # It was sent, so it was composed.
    url = status.remote_url if status.remote_url and status.remote_url.startswith("https:") else None
    return _shown(status.account, status.entry_id, content, limits, address, at=status.tried, state="posted", url=url)


def _newest(sent: Iterator[StoredStatus]) -> list[StoredStatus]:
    composed = [each for each in sent if each.content is not None and each.tried is not None]
    return sorted(composed, key=lambda each: (each.tried, each.id), reverse=True)[:SHOWN_LAST]


def _shown(
    account: str,
    entry_id: int,
    content: StatusContent,
    limits: StatusLimits,
    address: Address,
    *,
    at: datetime | None,
    state: str,
    note: str | None = None,
    url: str | None = None,
) -> ShownStatus:
    card = Card(
        account=account,
        text=status_html(content.text),
        spoiler=content.spoiler,
        language=content.language,
        visibility=content.visibility,
        image=address(content.image.url) if content.image else None,
        alt=content.image.alt if content.image else "",
    )
    length = measure(content.text, content.spoiler, limits)
    return ShownStatus(
        entry_id=entry_id,
        card=card,
        length=length,
        limit=limits.max_chars,
        at=at,
        state=state,
        note=note,
        url=url,
    )

"""The next statuses of each account, composed as they would be posted, and the last that went."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo
from urllib.parse import urlsplit

from jinja2 import TemplateNotFound

from syndicate.app import App
from syndicate.channels.outbox_page import Card, status_html
from syndicate.compose.length import measure
from syndicate.compose.model import StatusContent, StatusLimits
from syndicate.delivery.model import DeliveryState
from syndicate.delivery.plan import in_words, next_slot, plan_status
from syndicate.errors import TemplateError
from syndicate.pipeline.posts import compose, kept_limits, spacing_of
from syndicate.store.entries import StoredEntry
from syndicate.store.statuses import StoredStatus
from syndicate.web.studio.memory import Memory

_REACHES_OUT = re.compile(r"\{%[-+]?\s*(include|import|from|extends)\b")
"""A template that may be made of any other."""
SHOWN_NEXT, SHOWN_LAST = 10, 3

Address = Callable[[str], str]
"""A picture's address → where the preview shows it from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """When a status goes or went: an hour, or a time after the one before it; neither: as soon as anything runs."""

    at: datetime | None = None
    later: str | None = None
    """Such as "30m"."""

    def in_words(self, zone: tzinfo) -> str:
        """Return it in a few words: "on Tue 24 Nov, 10:00", "30m after that", "as soon as anything runs"."""
        if self.at:
            local = self.at.astimezone(zone)
            return f"on {local:%a} {local.day} {local:%b, %H:%M}"
        return f"{self.later} after the one before" if self.later else "as soon as anything runs"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkCard:
    """The card that Mastodon makes of the link, where no picture is attached."""

    host: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownStatus:
    """One status, as it will be posted or was."""

    entry_id: int
    status_id: int | None
    """None where it is not planned yet."""
    film: str
    content: StatusContent | None
    """None where the template does not render; `fault` says why."""
    card: Card | None
    fault: str | None = None
    length: int = 0
    """As the instance counts, of `limit`."""
    limit: int = 0
    when: When
    state: DeliveryState
    link: LinkCard | None = None
    note: str | None = None
    """What the ledger says of it."""
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownAccount:
    """An account with what it posts next, in order, and what it posted last, newest first."""

    name: str
    place: str
    """Its instance, or the folder that stands in for one."""
    next: tuple[ShownStatus, ...]
    later: tuple[int, ...]
    """Entries whose statuses come after those."""
    last: tuple[ShownStatus, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Coming:
    """A status to be posted: planned already, or as soon as anything runs."""

    entry: StoredEntry
    planned: StoredStatus | None = None


def shown_accounts(app: App, address: Address, now: datetime, memory: Memory) -> tuple[ShownAccount, ...]:
    """Return every account of the config as of `now`. Reads what is stored and asks no instance."""
    return tuple(_shown_account(app, name, address, now, memory) for name in app.config.accounts)


def _shown_account(app: App, name: str, address: Address, now: datetime, memory: Memory) -> ShownAccount:
    rules, limits = app.config.accounts[name], kept_limits(app, name)
    coming = list(_coming(app, name, now))
    shown = zip(coming[:SHOWN_NEXT], _times(app, name, coming, now), strict=False)
    sent = app.statuses.listed(account=name, limit=40)
    return ShownAccount(
        name=name,
        place=rules.instance or f"written to {rules.outbox or 'out'}",
        next=tuple(_next(app, name, each, when, limits, address, memory) for each, when in shown),
        later=tuple(each.entry.id for each in coming[SHOWN_NEXT:]),
        last=tuple(_last(app, each, limits, address) for each in _newest(sent)),
    )


def _coming(app: App, name: str, now: datetime) -> Iterator[_Coming]:
    """Yield what will be posted, in its order; what is past `max_age` will be cancelled and is not here."""
    rules = app.config.accounts[name]
    waiting = app.statuses.waiting(name)
    of = app.entries.many(each.entry_id for each in waiting)
    planned = (_Coming(entry=of[each.entry_id], planned=each) for each in waiting)
    feeds = rules.feeds or tuple(app.config.feeds)
    for each in (*planned, *(_Coming(entry=entry) for entry in app.statuses.unplanned(name, feeds))):
        plan = plan_status(counts_from=each.entry.counts_from, now=now, max_age=rules.max_age)
        if plan.state is DeliveryState.PLANNED or (each.planned and each.planned.first_tried):
            yield each


def _times(app: App, name: str, coming: Iterable[_Coming], now: datetime) -> Iterator[When]:
    """Yield when each goes, spaced as the account asks.

    What is due already has no hour of its own: it goes when `syndicate run` runs, and what is spaced after it
    that much later. So the page says the same a minute later.
    """
    spacing = spacing_of(app.config.accounts[name])
    last, floating = app.statuses.last_touched(name), False
    for each in coming:
        earliest = next_slot(last=last, spacing=spacing, now=now)
        last = max(earliest, (each.planned.due if each.planned else None) or now)
        if last <= now:
            floating = True
            yield When()
        elif floating and last == earliest:
            yield When(later=in_words(spacing))
        else:
            floating = False
            yield When(at=last)


def _next(
    app: App, name: str, coming: _Coming, when: When, limits: StatusLimits, address: Address, memory: Memory
) -> ShownStatus:
    planned, review = coming.planned, coming.entry.published_review()
    fault, content = None, planned.content if planned else None
    try:
        made_of = (name, limits, review, _sources(app, name))
        content = content or memory.recall(made_of, lambda: compose(app, review, name, limits))
    except TemplateError as error:
        fault = str(error)
    return ShownStatus(
        entry_id=review.id,
        status_id=planned.id if planned else None,
        film=review.review.film.title or review.title,
        content=content,
        card=_card(name, content, address) if content else None,
        fault=fault,
        length=measure(content.text, content.spoiler, limits) if content else 0,
        limit=limits.max_chars,
        when=when,
        state=planned.state if planned else DeliveryState.PLANNED,
        link=_link(content, coming.entry.title) if content else None,
        note=planned.reply if planned else None,
    )


def _sources(app: App, name: str) -> tuple[str, ...]:
    """Return the text of the templates of which an account's statuses are made."""
    env, own = app.templates, f"status/{app.config.accounts[name].template}.txt"
    assert env.loader is not None
    try:
        source = env.loader.get_source(env, own)[0]
    except TemplateNotFound:
        return ()
    if _REACHES_OUT.search(source) is None:
        return (source,)
    return tuple(env.loader.get_source(env, each)[0] for each in env.list_templates())


def _newest(statuses: Iterable[StoredStatus]) -> list[StoredStatus]:
    """Return the last that were posted, the newest first."""
    posted = [each for each in statuses if each.state is DeliveryState.SENT and each.content and each.tried]
    return sorted(posted, key=lambda each: (each.tried, each.id), reverse=True)[:SHOWN_LAST]


def _last(app: App, status: StoredStatus, limits: StatusLimits, address: Address) -> ShownStatus:
    content, url, entry = status.content, status.remote_url or "", app.entries.get(status.entry_id)
    assert content is not None  # It was posted, so it was composed.
    return ShownStatus(
        entry_id=status.entry_id,
        status_id=status.id,
        film=entry.published_review().review.film.title or entry.title,
        content=content,
        card=_card(status.account, content, address),
        length=measure(content.text, content.spoiler, limits),
        limit=limits.max_chars,
        when=When(at=status.tried),
        state=status.state,
        link=_link(content, entry.title),
        url=url if url.startswith("https:") else None,
    )


def _link(content: StatusContent, title: str) -> LinkCard | None:
    """Return the link's card; Mastodon shows none beside a picture, nor behind a warning."""
    if content.image or content.spoiler:
        return None
    host = urlsplit(content.link).hostname or ""
    return LinkCard(host=host.removeprefix("www."), title=title) if host else None


def _card(account: str, content: StatusContent, address: Address) -> Card:
    return Card(
        account=account,
        text=status_html(content.text),
        spoiler=content.spoiler,
        language=content.language,
        visibility=content.visibility,
        image=address(content.image.url) if content.image else None,
        alt=content.image.alt if content.image else "",
    )

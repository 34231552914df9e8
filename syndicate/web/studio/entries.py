"""Where each of the newest posts stands, why, and what the editor may type to change it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from syndicate.app import App
from syndicate.compose.model import IssueState
from syndicate.delivery.model import DeliveryState
from syndicate.delivery.plan import in_words
from syndicate.pipeline import Draft
from syndicate.reviews.admission import EntryState, Hold
from syndicate.store.entries import StoredEntry

SHOWN_ENTRIES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownEntry:
    """A post, and what becomes of it."""

    id: int
    title: str
    link: str | None
    feed: str
    published: datetime | None
    state: EntryState
    label: str
    """The state in one or two words."""
    why: str
    """A sentence."""
    command: str | None
    """What changes it, if anything does."""
    places: tuple[str, ...] = ()
    """Where an announced review goes or went: a few words for each digest and account."""
    reading: str
    """What made it a review, or not."""

    @property
    def is_asleep(self) -> bool:
        """Return whether it is recorded only: nothing becomes of it unless a person asks."""
        return self.state in (EntryState.HISTORY, EntryState.IGNORED)


def shown_entries(app: App, drafts: Mapping[str, Draft]) -> tuple[ShownEntry, ...]:
    """Return the newest posts of all feeds; `drafts` are the next issues, by digest."""
    return tuple(_shown(app, entry, drafts) for entry in app.entries.listed(limit=SHOWN_ENTRIES))


def _shown(app: App, entry: StoredEntry, drafts: Mapping[str, Draft]) -> ShownEntry:
    label, why, command = _explained(app, entry)
    return ShownEntry(
        id=entry.id,
        title=entry.title or entry.link or "(no title)",
        link=entry.link if entry.link and entry.link.startswith(("https:", "http:")) else None,
        feed=entry.feed,
        published=entry.published,
        state=entry.state,
        label=label,
        why=why,
        command=command,
        places=_places(app, entry, drafts) if entry.state is EntryState.READY else (),
        reading=entry.reading.why,
    )


def _explained(app: App, entry: StoredEntry) -> tuple[str, str, str | None]:
    """Return the state in words, a sentence on it, and the command that changes it."""
    match entry.state:
        case EntryState.READY:
            return "announced", "", None
        case EntryState.HISTORY:
            return "history", "It was there at the first run.", None
        case EntryState.IGNORED:
            return "not carried", "The feed's include rule does not want it.", None
        case EntryState.HELD:
            return _held(app, entry)
        case _:
            assert_never(entry.state)


def _held(app: App, entry: StoredEntry) -> tuple[str, str, str | None]:
    if entry.reason == Hold.NOVELTY:
        why = "Many unknown posts with old dates came at once. Nothing of the feed is announced until you have looked."
        return "held back", why, f"syndicate feeds accept {entry.feed} --as-history   (or --as-new)"
    if entry.reason == Hold.UNSETTLED:
        feed = app.config.feeds.get(entry.feed)
        wait = f" for {in_words(feed.settle)}" if feed else ""
        return "settling", f"It is announced once it has stood unchanged{wait}.", f"syndicate reviews hold {entry.id}"
    return "left out", "You left it out.", f"syndicate reviews release {entry.id}"


def _places(app: App, entry: StoredEntry, drafts: Mapping[str, Draft]) -> tuple[str, ...]:
    carried = [issue for issue in app.issues.issues_of_review(entry.id) if issue.state is not IssueState.CANCELLED]
    letters = [f"issue {issue.number} of {issue.digest}" for issue in carried]
    done = {issue.digest for issue in carried}
    waiting = [_in_draft(draft, entry) for name, draft in drafts.items() if name not in done]
    statuses = [f"{each.account}: {_words(each.state)}" for each in app.statuses.listed(entry=entry.id)]
    return (*letters, *(place for place in waiting if place), *statuses)


def _in_draft(draft: Draft, entry: StoredEntry) -> str | None:
    if any(review.id == entry.id for review in draft.selection.reviews):
        return f"next issue of {draft.digest}"
    if entry.id in draft.link_keys:
        return f"not in the next issue of {draft.digest}: past its cap or max_age"
    return None


def _words(state: DeliveryState) -> str:
    return "posted" if state is DeliveryState.SENT else state.value.replace("_", " ")

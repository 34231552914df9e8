"""Each of the newest posts, what becomes of it and why: gathers the facts, and lets why.py put them in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from syndicate.app import App
from syndicate.compose.model import PublishedReview, Selection
from syndicate.delivery.model import DeliveryState
from syndicate.pipeline import Draft
from syndicate.reviews.admission import EntryState
from syndicate.store.entries import StoredEntry
from syndicate.store.statuses import StoredStatus
from syndicate.web.studio.statuses import ShownAccount
from syndicate.web.studio.why import AsStatus, Because, EntryFacts, InIssue, InNext, Tone, explain, label_of

SHOWN_ENTRIES = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownEntry:
    """A post, and what becomes of it."""

    id: int
    title: str
    link: str | None
    feed: str
    published: datetime | None
    state: EntryState
    tone: Tone
    label: str
    """The state in one or two words."""
    because: tuple[Because, ...]
    reading: str
    """What made it a review, or not."""

    @property
    def is_asleep(self) -> bool:
        """Return whether it is recorded only: nothing becomes of it unless a person asks."""
        return self.state in (EntryState.HISTORY, EntryState.IGNORED)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What was read once for all entries."""

    drafts: tuple[Mapping[int, InNext], ...]
    statuses: Mapping[int, Sequence[StoredStatus]]
    coming: Mapping[int, Sequence[AsStatus]]
    """Statuses that are not posted yet, with the hour that statuses.py worked out."""


def shown_entries(app: App, drafts: Iterable[Draft], accounts: Sequence[ShownAccount]) -> tuple[ShownEntry, ...]:
    """Return the newest posts of all feeds; `drafts` are the next issues, `accounts` what they post next."""
    listed = app.entries.listed(limit=SHOWN_ENTRIES)
    known = _Known(
        drafts=tuple(next_places(app, made) for made in drafts),
        statuses=_by_entry(app.statuses.listed(limit=SHOWN_ENTRIES * 4 * max(1, len(accounts)))),
        coming=_coming(app, accounts),
    )
    return tuple(_shown(app, entry, known) for entry in listed)


def next_places(app: App, made: Draft) -> dict[int, InNext]:
    """Return where each candidate of a digest stands with its next issue, by the review's number."""
    digest, chosen = app.config.digests[made.digest], made.kept.choices
    sections = section_titles(made.selection)
    places = {review.id: place for place, review in enumerate(made.selection.reviews, 1)}
    lead = made.selection.lead
    return {
        each.id: InNext(
            review=each.id,
            digest=made.digest,
            number=made.number,
            is_lead=lead is not None and lead.id == each.id,
            section=sections.get(each.id),
            place=places.get(each.id, 0),
            count=len(places),
            passed=made.passed_over.get(each.id),
            strand=each.review.strand,
            has_sections=bool(digest.sections),
            lead_rule=digest.lead,
            lead_is_chosen=chosen.lead == each.id,
            order_is_chosen=each.id in chosen.order,
            cap=digest.cap,
            max_age=digest.max_age,
        )
        for each in made.candidates
    }


def section_titles(selection: Selection) -> dict[int, str | None]:
    """Return the heading under which each review stands, by its number; the lead has none."""
    return {review.id: section.title for section in selection.sections for review in section.reviews}


def film_of(review: PublishedReview) -> str:
    """Return what a review is called here: its film, else the post's own title."""
    return review.review.film.title or review.title or review.link or "(no title)"


def _by_entry(statuses: Iterable[StoredStatus]) -> Mapping[int, Sequence[StoredStatus]]:
    found: dict[int, list[StoredStatus]] = {}
    for each in statuses:
        found.setdefault(each.entry_id, []).append(each)
    return found


def _coming(app: App, accounts: Sequence[ShownAccount]) -> Mapping[int, Sequence[AsStatus]]:
    """Return what is still to be posted, by entry; a status beyond those that are shown has no hour here."""
    found: dict[int, list[AsStatus]] = {}
    for account in accounts:
        for status in account.next:
            found.setdefault(status.entry_id, []).append(
                AsStatus(
                    account=account.name,
                    status=status.status_id,
                    state=status.state,
                    when=status.when.in_words(app.config.site.zone),
                    reply=status.note,
                )
            )
        for place, number in enumerate(account.later, len(account.next)):
            when = f"after {place} others"
            planned = AsStatus(account=account.name, status=None, state=DeliveryState.PLANNED, when=when)
            found.setdefault(number, []).append(planned)
    return found


def _shown(app: App, entry: StoredEntry, known: _Known) -> ShownEntry:
    tone, label = label_of(entry.state, entry.reason)
    return ShownEntry(
        id=entry.id,
        title=entry.title or entry.link or "(no title)",
        link=entry.link if entry.link and entry.link.startswith(("https:", "http:")) else None,
        feed=entry.feed,
        published=entry.published,
        state=entry.state,
        tone=tone,
        label=label,
        because=explain(_facts(app, entry, known)),
        reading=entry.reading.why,
    )


def _facts(app: App, entry: StoredEntry, known: _Known) -> EntryFacts:
    feed = app.config.feeds.get(entry.feed)
    is_ready = entry.state is EntryState.READY
    return EntryFacts(
        number=entry.id,
        feed=entry.feed,
        state=entry.state,
        reason=entry.reason,
        reading=entry.reading.why,
        settle=feed.settle if feed else timedelta(0),
        next=tuple(places[entry.id] for places in known.drafts if entry.id in places),
        issues=_issues(app, entry, known) if is_ready else (),
        statuses=_statuses(app, entry, known) if is_ready else (),
    )


def _issues(app: App, entry: StoredEntry, known: _Known) -> tuple[InIssue, ...]:
    if known.drafts and all(entry.id in places for places in known.drafts):
        return ()  # Still a candidate everywhere: nothing carries it.
    found = app.issues.issues_of_review(entry.id)
    return tuple(InIssue(id=each.id, digest=each.digest, number=each.number or 0, state=each.state) for each in found)


def _statuses(app: App, entry: StoredEntry, known: _Known) -> tuple[AsStatus, ...]:
    coming = known.coming.get(entry.id, ())
    told = {each.account for each in coming}
    zone = app.config.site.zone
    rest = (each for each in known.statuses.get(entry.id, ()) if each.account not in told)
    return (
        *coming,
        *(
            AsStatus(
                account=each.account,
                status=each.id,
                state=each.state,
                when=f"on {short(each.tried.astimezone(zone))}" if each.tried else "",
                reply=each.reply,
            )
            for each in rest
        ),
    )


def short(local: datetime) -> str:
    """Return a moment in a few words: "Tue 24 Nov, 10:00"."""
    return f"{local:%a} {local.day} {local:%b, %H:%M}"

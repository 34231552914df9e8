"""What becomes of an entry, and by which rule: facts → sentences, each with what changes it. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import assert_never

from syndicate.compose.model import IssueState
from syndicate.compose.select import LeadRule, PassedOver
from syndicate.delivery.model import DeliveryState
from syndicate.delivery.plan import in_words
from syndicate.reviews.admission import EntryState, Hold


class Tone(StrEnum):
    """How the page marks a sentence: a picture and a word, never a colour alone."""

    GOES = "goes"
    """It will go, or is going."""
    WENT = "went"
    WAITS = "waits"
    """Somewhere else or later, perhaps."""
    STAYS = "stays"
    """Nothing becomes of it unless a person asks."""
    TROUBLE = "trouble"


class Control(StrEnum):
    """What the page itself can do about it, for the next issue of a digest."""

    LEAVE_OUT = "leave_out"
    PUT_BACK = "put_back"
    BRING_IN = "bring_in"


@dataclass(frozen=True, slots=True, kw_only=True)
class Because:
    """One sentence on what becomes of an entry."""

    tone: Tone
    text: str
    command: str | None = None
    """What changes it, to be typed."""
    control: Control | None = None
    digest: str | None = None
    """Whose next issue the control is about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InNext:
    """A candidate of a digest's next issue, and where it stands with it."""

    review: int
    digest: str
    number: int
    """The issue's."""
    is_lead: bool = False
    section: str | None = None
    place: int = 0
    """Counted from 1, of `count`; 0 where it is not in it."""
    count: int = 0
    passed: PassedOver | None = None
    strand: str | None = None
    has_sections: bool = False
    lead_rule: LeadRule = LeadRule.NEWEST
    lead_is_chosen: bool = False
    order_is_chosen: bool = False
    cap: int = 0
    max_age: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class InIssue:
    """An issue that carries it, or carried it before it was cancelled."""

    id: int
    """As `syndicate issues stop` takes it."""
    digest: str
    number: int
    state: IssueState


@dataclass(frozen=True, slots=True, kw_only=True)
class AsStatus:
    """Its status on an account."""

    account: str
    status: int | None
    """None where it is not planned yet."""
    state: DeliveryState
    when: str
    """In words: "Tue 24 Nov, 10:00", "30m after the one before"; empty where nothing is known."""
    reply: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryFacts:
    """All that the sentences are made of."""

    number: int
    feed: str
    state: EntryState
    reason: str | None
    reading: str
    """What made it a review, or not."""
    settle: timedelta = timedelta(0)
    next: tuple[InNext, ...] = ()
    issues: tuple[InIssue, ...] = ()
    statuses: tuple[AsStatus, ...] = ()


def label_of(state: EntryState, reason: str | None) -> tuple[Tone, str]:
    """Return the state in one or two words."""
    match state:
        case EntryState.READY:
            return Tone.GOES, "announced"
        case EntryState.HISTORY:
            return Tone.STAYS, "history"
        case EntryState.IGNORED:
            return Tone.STAYS, "not carried"
        case EntryState.HELD:
            return Tone.WAITS, _HELD_LABELS.get(reason or "", "held back")
        case _:
            assert_never(state)


_HELD_LABELS: Mapping[str, str] = {Hold.UNSETTLED: "settling", Hold.NOVELTY: "held back", Hold.LEFT_OUT: "left out"}


def explain(facts: EntryFacts) -> tuple[Because, ...]:
    """Return what becomes of an entry, a sentence for each digest and account that has a say; at least one."""
    match facts.state:
        case EntryState.READY:
            said = (
                *(in_issue(each) for each in facts.issues),
                *(in_next(each) for each in facts.next),
                *(as_status(each) for each in facts.statuses),
            )
            return said or (Because(tone=Tone.STAYS, text="No digest and no account draws on its feed."),)
        case EntryState.HISTORY:
            text = "Not announced: it was in the feed at the first run, or you made it history."
            return (Because(tone=Tone.STAYS, text=text, command=f"syndicate reviews release {facts.number}"),)
        case EntryState.IGNORED:
            return (_unwanted(facts),)
        case EntryState.HELD:
            return (_held(facts),)
        case _:
            assert_never(facts.state)


def in_next(of: InNext) -> Because:
    """Return where a candidate stands in the next issue of a digest, and by which rule."""
    issue = f"issue {of.number} of {of.digest}"
    if of.passed is not None:
        return _passed(of, of.passed, issue)
    if of.is_lead:
        return Because(
            tone=Tone.GOES,
            text=f"In {issue}, the lead: {_lead_rule(of)}.",
            control=Control.LEAVE_OUT,
            digest=of.digest,
        )
    return Because(tone=Tone.GOES, text=f"In {issue}, {_place(of)}.", control=Control.LEAVE_OUT, digest=of.digest)


def in_issue(of: InIssue) -> Because:
    """Return what an issue that is frozen did, or does, with it."""
    issue = f"issue {of.number} of {of.digest}"
    match of.state:
        case IssueState.SENT:
            return Because(tone=Tone.WENT, text=f"Sent in {issue}.")
        case IssueState.FROZEN | IssueState.SENDING:
            stop = f"syndicate issues stop {of.id}"
            return Because(tone=Tone.GOES, text=f"In {issue}, which is on its way.", command=stop)
        case IssueState.CANCELLED | IssueState.SKIPPED | IssueState.DRAFT:
            return Because(tone=Tone.WAITS, text=f"It was in {issue}, which was {of.state}: it is free for the next.")
        case _:
            assert_never(of.state)


def as_status(of: AsStatus) -> Because:
    """Return what becomes of its status on an account."""
    retry = f"syndicate statuses retry {of.status}" if of.status else None
    reply = f": {of.reply}" if of.reply else ""
    when = f" {of.when}" if of.when else ""
    match of.state:
        case DeliveryState.PLANNED:
            return Because(tone=Tone.GOES, text=f"Status{when or ' as soon as anything runs'} on {of.account}.")
        case DeliveryState.SENDING:
            return Because(tone=Tone.GOES, text=f"Its status is being posted on {of.account}.")
        case DeliveryState.DEFERRED:
            return Because(tone=Tone.WAITS, text=f"Status on {of.account} is tried again{when}{reply}.")
        case DeliveryState.SENT:
            return Because(tone=Tone.WENT, text=f"Status posted{when} on {of.account}.")
        case DeliveryState.IN_DOUBT:
            text = f"Nobody knows whether its status stands on {of.account}{reply}. It is looked for there first."
            return Because(tone=Tone.TROUBLE, text=text)
        case DeliveryState.FAILED:
            return Because(tone=Tone.TROUBLE, text=f"Status on {of.account} failed{reply}.", command=retry)
        case DeliveryState.CANCELLED:
            return Because(tone=Tone.STAYS, text=f"No status on {of.account}{reply or ': it was cancelled'}.")
        case DeliveryState.SUPPRESSED | DeliveryState.BOUNCED | DeliveryState.COMPLAINED:
            # States of letters; a status never comes there.
            return Because(tone=Tone.STAYS, text=f"No status on {of.account}: {of.state}{reply}.")
        case _:
            assert_never(of.state)


def _passed(of: InNext, passed: PassedOver, issue: str) -> Because:
    match passed:
        case PassedOver.CAP:
            text = f"Past the cap of {of.cap}: not in {issue}, it waits for the next."
            return Because(tone=Tone.WAITS, text=text, control=Control.BRING_IN, digest=of.digest)
        case PassedOver.TOO_OLD:
            text = f"Not in {issue}: older than max_age, {in_words(of.max_age)}."
            return Because(tone=Tone.STAYS, text=text, command=f"syndicate reviews release {of.review}")
        case PassedOver.LEFT_OUT:
            text = f"Left out of {issue} by you; it waits for the next."
            return Because(tone=Tone.WAITS, text=text, control=Control.PUT_BACK, digest=of.digest)
        case PassedOver.TO_FIT:
            text = f"Left out of {issue} to fit Gmail's limit; it waits for the next."
            return Because(tone=Tone.WAITS, text=text, control=Control.BRING_IN, digest=of.digest)
        case PassedOver.AFTER_ASKING:
            text = f"Announced after {issue} was shown for approval; it waits for the next."
            return Because(tone=Tone.WAITS, text=text, command=f"syndicate issues send {of.digest}")
        case _:
            assert_never(passed)


def _lead_rule(of: InNext) -> str:
    if of.lead_is_chosen:
        return "chosen by you"
    if of.order_is_chosen:
        return "first in your order"
    match of.lead_rule:
        case LeadRule.NEWEST:
            return "newest first"
        case LeadRule.RATING:
            return "rated highest"
        case LeadRule.NONE:
            return "chosen by you"
        case _:
            assert_never(of.lead_rule)


def _place(of: InNext) -> str:
    strand = f"strand {of.strand}" if of.strand else "it names no strand"
    ordered = ", in your order" if of.order_is_chosen else ""
    if of.section is not None:
        return f"section {of.section} ({strand}{ordered})"
    if of.has_sections:
        return f"below the sections ({strand} is in none of them{ordered})" if of.strand else "below the sections"
    return f"place {of.place} of {of.count} ({'your order' if of.order_is_chosen else 'newest first'})"


def _unwanted(facts: EntryFacts) -> Because:
    """Return why the feed's include rule does not want it."""
    reason = facts.reason or facts.reading
    kind, colon, why = reason.partition(": ")
    text = f"Not a review ({kind}): {why}." if colon and kind == "other" else f"Not carried: {reason}."
    return Because(tone=Tone.STAYS, text=text, command=f"syndicate reviews release {facts.number}")


def _held(facts: EntryFacts) -> Because:
    match facts.reason:
        case Hold.NOVELTY:
            return Because(
                tone=Tone.TROUBLE,
                text="Held because many unknown posts with old dates came at once: nothing of this feed is announced "
                "until you have looked.",
                command=f"syndicate feeds accept {facts.feed} --as-history   (or --as-new)",
            )
        case Hold.UNSETTLED:
            return Because(
                tone=Tone.WAITS,
                text=f"Held because it is fresh: announced once it has stood unchanged for {in_words(facts.settle)}.",
                command=f"syndicate reviews hold {facts.number}",
            )
        case Hold.LEFT_OUT:
            return Because(
                tone=Tone.STAYS,
                text="Left out by you, of everything.",
                command=f"syndicate reviews release {facts.number}",
            )
        case _:
            return Because(
                tone=Tone.WAITS, text=f"Held: {facts.reason}.", command=f"syndicate reviews release {facts.number}"
            )

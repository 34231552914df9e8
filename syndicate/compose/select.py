"""Which reviews go into an issue, in which order, under which heading: a pure function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from fnmatch import fnmatchcase

from syndicate.compose.choices import Choices
from syndicate.compose.model import PublishedReview, Section, Selection
from syndicate.reviews.ratings import share_of


class LeadRule(StrEnum):
    """Which review opens the issue."""

    NEWEST = "newest"
    RATING = "rating"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionRule:
    """A heading and the strands that stand under it, as globs without regard to case: "New Release*"."""

    title: str
    strands: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectRules:
    """How an issue is put together."""

    cap: int
    max_age: timedelta
    lead: LeadRule
    sections: tuple[SectionRule, ...] = ()


class PassedOver(StrEnum):
    """Why a candidate is not in this issue; it stays one for the next (docs/concepts.md)."""

    CAP = "cap"
    TOO_OLD = "too_old"
    LEFT_OUT = "left_out"
    TO_FIT = "to_fit"
    AFTER_ASKING = "after_asking"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What an issue carries, and why it carries nothing else."""

    selection: Selection
    passed_over: Mapping[int, PassedOver]
    """By the review's number."""


NO_CHOICES = Choices()


def select_reviews(
    candidates: Sequence[PublishedReview], rules: SelectRules, now: datetime, choices: Choices = NO_CHOICES
) -> Chosen:
    """Return what an issue carries, of candidates that come newest first.

    What is older than `max_age`, or left out by the editor, is passed over. The first `cap` are taken, the lead and
    the order that the editor chose before all others; the rest is counted, and stays a candidate for the next issue.
    A review stands in the first section whose globs fit its strand; those that fit none come last, under no heading.
    A choice that names no candidate is passed over.
    """
    aged = {each.id: PassedOver.TOO_OLD for each in candidates if now - each.counts_from > rules.max_age}
    unwanted = {each.id: PassedOver.LEFT_OUT for each in candidates if each.id in choices.left_out}
    eligible = [each for each in candidates if each.id not in aged and each.id not in unwanted]
    ordered = _ordered(eligible, choices)
    taken, over = ordered[: rules.cap], ordered[rules.cap :]
    lead = _lead(taken, rules.lead, choices)
    rest = [review for review in taken if review is not lead]
    return Chosen(
        selection=Selection(lead=lead, sections=_sections(rest, rules.sections), more=len(over)),
        passed_over=unwanted | aged | {each.id: PassedOver.CAP for each in over},
    )


def _ordered(reviews: Sequence[PublishedReview], choices: Choices) -> list[PublishedReview]:
    """Return the chosen lead, then what the editor put in order, then the others as they came."""
    by_id = {review.id: review for review in reviews}
    wanted = [each for each in (choices.lead, *choices.order) if each is not None]
    return [by_id[each] for each in dict.fromkeys((*wanted, *by_id)) if each in by_id]


def _lead(reviews: Sequence[PublishedReview], rule: LeadRule, choices: Choices) -> PublishedReview | None:
    """Return the review that opens the issue: the one chosen, else the first of a chosen order, else by the rule."""
    if not reviews:
        return None
    first = reviews[0]
    if first.id == choices.lead:
        return first
    if rule is LeadRule.RATING and first.id not in choices.order:
        return max(reviews, key=_share)
    return None if rule is LeadRule.NONE else first


def _share(review: PublishedReview) -> float:
    """Return how high a rating stands on its own scale; unrated reviews come last, and max() keeps the newest."""
    rating = review.review.rating
    share = share_of(rating) if rating else None
    return -1.0 if share is None else share


def _sections(reviews: Sequence[PublishedReview], rules: Sequence[SectionRule]) -> tuple[Section, ...]:
    titles: list[str | None] = [*(rule.title for rule in rules), None]
    grouped = {title: tuple(each for each in reviews if _title_of(each, rules) == title) for title in titles}
    return tuple(Section(title=title, reviews=group) for title, group in grouped.items() if group)


def _title_of(review: PublishedReview, rules: Sequence[SectionRule]) -> str | None:
    strand = (review.review.strand or "").casefold()
    for rule in rules:
        if any(fnmatchcase(strand, _literal_brackets(glob.casefold())) for glob in rule.strands):
            return rule.title
    return None


def _literal_brackets(glob: str) -> str:
    """Return a glob in which brackets are brackets: "New Release Review [[]VOD]" means the strand as it is written."""
    return glob.replace("[", "[[]")

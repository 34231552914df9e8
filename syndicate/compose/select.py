"""Which reviews go into an issue, in which order, under which heading: a pure function."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from fnmatch import fnmatchcase

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


def select_reviews(candidates: Sequence[PublishedReview], rules: SelectRules, now: datetime) -> Selection:
    """Return what an issue carries, of candidates that come newest first.

    What is older than `max_age` is passed over. The newest `cap` are taken; the rest is only counted, and
    stays a candidate for the next issue. A review stands in the first section whose globs fit its strand;
    those that fit none come last, under no heading.
    """
    young = [review for review in candidates if now - review.counts_from <= rules.max_age]
    taken = young[: rules.cap]
    lead = _lead(taken, rules.lead)
    rest = [review for review in taken if review is not lead]
    return Selection(lead=lead, sections=_sections(rest, rules.sections), more=len(young) - len(taken))


def _lead(reviews: Sequence[PublishedReview], rule: LeadRule) -> PublishedReview | None:
    if rule is LeadRule.NONE or not reviews:
        return None
    return max(reviews, key=_share) if rule is LeadRule.RATING else reviews[0]


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

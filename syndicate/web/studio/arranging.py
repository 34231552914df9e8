"""The next issue as the editor arranges it: what is in it, in which order, in which words, and what is not. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from syndicate.compose.choices import Choices
from syndicate.compose.model import PublishedReview
from syndicate.compose.select import PassedOver
from syndicate.compose.words import stars
from syndicate.pipeline import Draft
from syndicate.web.studio.why import Because, InNext, in_next

EXPLAINED_ONLY = frozenset({PassedOver.TOO_OLD, PassedOver.AFTER_ASKING})
"""Reasons that no choice of the editor's changes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A candidate of the next issue, as its row shows it."""

    id: int
    film: str
    year: int | None
    strand: str | None
    reviewers: str
    stars: str
    """"★★★½☆", or empty."""
    because: Because
    is_lead: bool
    passed: PassedOver | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A headed run of rows; the title is None where the issue has no sections."""

    title: str | None
    rows: tuple[Placed, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrangement:
    """All that the editor may change of one issue."""

    digest: str
    revision: int
    chosen: Choices
    lead: Placed | None
    groups: tuple[Group, ...]
    left_out: tuple[Placed, ...]
    """By the editor."""
    waiting: tuple[Placed, ...]
    """Not in it by a rule: past the cap, to fit Gmail's limit, too old."""
    cap: int

    @property
    def is_changed(self) -> bool:
        """Return whether the editor chose anything."""
        return self.chosen != Choices()

    @property
    def rows(self) -> tuple[Placed, ...]:
        """Return what the issue carries, in reading order."""
        return (*((self.lead,) if self.lead else ()), *(row for group in self.groups for row in group.rows))

    @property
    def as_json(self) -> str:
        """Return the choices as the studio's page keeps and sends them."""
        chosen = self.chosen
        return json.dumps(
            {
                "revision": self.revision,
                "subject": chosen.subject,
                "preheader": chosen.preheader,
                "note": chosen.note,
                "lead": chosen.lead,
                "order": list(chosen.order),
                "left_out": sorted(chosen.left_out),
            }
        )


def arranged(made: Draft, places: Mapping[int, InNext], *, cap: int) -> Arrangement:
    """Return a draft as the editor arranges it; `places` tells where each candidate stands."""
    rows = {each.id: _placed(each, places[each.id]) for each in made.candidates}
    lead = made.selection.lead
    return Arrangement(
        digest=made.digest,
        revision=made.kept.revision,
        chosen=made.kept.choices,
        lead=rows[lead.id] if lead else None,
        groups=tuple(
            Group(title=section.title, rows=tuple(rows[each.id] for each in section.reviews))
            for section in made.selection.sections
        ),
        left_out=tuple(_passed(rows, PassedOver.LEFT_OUT)),
        waiting=tuple(_passed(rows, *(set(PassedOver) - {PassedOver.LEFT_OUT}))),
        cap=cap,
    )


def _passed(rows: Mapping[int, Placed], *reasons: PassedOver) -> Iterator[Placed]:
    return (row for row in rows.values() if row.passed in reasons)


def _placed(review: PublishedReview, at: InNext) -> Placed:
    understood = review.review
    return Placed(
        id=review.id,
        film=understood.film.title or review.title or review.link or "(no title)",
        year=understood.film.year,
        strand=understood.strand,
        reviewers=", ".join(understood.reviewers),
        stars=stars(understood.rating) if understood.rating else "",
        because=in_next(at),
        is_lead=at.is_lead,
        passed=at.passed,
    )

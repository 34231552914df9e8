"""A review as a status: the template filled within the server's limit, warned, tagged, its picture described.

The blurb gives way first, at a sentence or else at a word; then the hashtags, the last first; then credits;
at the very last the film's title is cut. The link, the year and the rating always stand whole.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import jinja2

from syndicate.compose.alttext import alt_text
from syndicate.compose.environment import load, render
from syndicate.compose.hashtags import hashtags
from syndicate.compose.length import graphemes, measure
from syndicate.compose.model import PublishedReview, StatusContent, StatusLimits
from syndicate.compose.plaintext import clean, plain
from syndicate.compose.words import Words, stars
from syndicate.errors import TemplateError
from syndicate.reviews.model import Image, Review

ELLIPSIS = "…"
_SENTENCE_END = re.compile(r"""[.!?…]["'”’»)\]]*(?=\s)|[。！？]""")
_DANGLING = " \t\n.,;:!?…-–—([{“‘«/&\u2060"
_SHORTEST_BLURB = 16
"""Code points below which a cut blurb ("A lighthouse…") says nothing."""
_LONGEST_WORD = 24
"""Graphemes after which a text without blanks (Japanese, a scream) may be cut anyway."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WarningRule:
    """When a status gets a content warning: a label, or a word in the texts; and what it says."""

    text: str
    label: str | None = None
    word: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusRules:
    """How one account writes its statuses."""

    template: str = "review"
    """The name of a file in templates/status/, without its ".txt"."""
    visibility: str = "public"
    language: str = "en"
    """BCP 47: of the texts, and of what we say ourselves."""
    hashtags: Mapping[str, str | None] = field(default_factory=dict)
    content_warnings: tuple[WarningRule, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """What can give way."""

    film: str
    blurb: str
    hashtags: tuple[str, ...]
    credits: bool = True


def compose_status(
    review: PublishedReview, rules: StatusRules, limits: StatusLimits, templates: jinja2.Environment
) -> StatusContent:
    """Return the status of a review, within the limits, its link whole.

    Raises TemplateError where the template does not render, leaves the link out, or cannot be made to fit.
    """
    spoiler = _fit_warning(content_warning(review, rules.content_warnings), limits)
    template = load(templates, f"status/{rules.template}.txt")

    def text_of(draft: _Draft) -> str:
        return _tidy(render(template, _context(review, rules, draft)))

    def fits(draft: _Draft) -> bool:
        return measure(text_of(draft), spoiler, limits) <= limits.max_chars

    text = text_of(_best_draft(review, rules, limits, fits))
    _check_link(text, review, rules)
    return StatusContent(
        text=text,
        spoiler=spoiler,
        language=rules.language,
        visibility=rules.visibility,
        link=review.link,
        image=_described(review, rules.language, limits.max_alt_chars),
    )


def _best_draft(
    review: PublishedReview, rules: StatusRules, limits: StatusLimits, fits: Callable[[_Draft], bool]
) -> _Draft:
    """Return the richest draft that fits. None is longer than the one before: they are bisected."""
    full = _Draft(
        film=clean(review.review.film.title),
        blurb=_blurb(review.review, limits.max_chars),
        hashtags=hashtags(_subjects(review), rules.hashtags),
    )
    candidates = list(_drafts(full))
    found = bisect_left(candidates, True, key=fits)
    if found == len(candidates):
        raise TemplateError(
            f"the status of review {review.id} cannot be made to fit into {limits.max_chars} characters",
            where=f"status/{rules.template}.txt",
            hint="shorten the fixed text of the template, or the link",
        )
    return _at_a_sentence(candidates[found], full.blurb, fits)


def _drafts(full: _Draft) -> Iterator[_Draft]:
    """Yield the drafts from the richest to the barest."""
    worth_showing = (cut for cut in cuts(full.blurb) if len(cut) >= _SHORTEST_BLURB)
    for blurb in (full.blurb, *worth_showing, ""):
        yield replace(full, blurb=blurb)
    for kept in range(len(full.hashtags) - 1, -1, -1):
        yield replace(full, blurb="", hashtags=full.hashtags[:kept])
    for film in (full.film, *cuts(full.film), ELLIPSIS):
        yield replace(full, film=film, blurb="", hashtags=(), credits=False)


def _at_a_sentence(draft: _Draft, blurb: str, fits: Callable[[_Draft], bool]) -> _Draft:
    """Return the draft with its cut blurb ended at a sentence, unless that would lose more than half of it.

    (A full stop is not always an end: "Dr." alone is no blurb.)
    """
    if draft.blurb in (blurb, ""):
        return draft
    ends = [match.end() for match in _SENTENCE_END.finditer(blurb)]
    best = max((end for end in ends if end <= len(draft.blurb)), default=0)
    sentences = replace(draft, blurb=blurb[:best])
    return sentences if best * 2 >= len(draft.blurb) and fits(sentences) else draft


def cuts(text: str) -> Sequence[str]:
    """Return the text cut after each of its words, "…" added, the longest first.

    "A quiet film" → ("A quiet…", "A…"). A run without a blank may be cut inside, never inside a grapheme.
    """
    found: list[str] = []
    taken, run = "", 0
    for cluster in graphemes(text):
        run = 0 if cluster.isspace() else run + 1
        if taken.rstrip(_DANGLING) and (cluster.isspace() or run > _LONGEST_WORD):
            found.append(taken.rstrip(_DANGLING) + ELLIPSIS)
        taken += cluster
    return tuple(reversed(dict.fromkeys(found)))


def _blurb(review: Review, max_chars: int) -> str:
    """Return what the status says of the film: the standfirst, or else the excerpt.

    No more of it than could ever fit is looked at.
    """
    whole = clean(review.standfirst or review.excerpt or "")
    clusters = graphemes(whole)
    return whole if len(clusters) <= max_chars else "".join(clusters[: max_chars + 1])


def _subjects(review: PublishedReview) -> tuple[str, ...]:
    """Return the labels without those that only say who wrote it: "By Mara Lin"."""
    writers = {f"{by}{name}".casefold() for name in review.review.reviewers for by in ("by ", "")}
    return tuple(label for label in review.labels if label.casefold() not in writers)


def _context(review: PublishedReview, rules: StatusRules, draft: _Draft) -> Mapping[str, object]:
    """Return what a template may speak of; all text is clean, and absent text is empty."""
    what, words = review.review, Words(language=rules.language, timezone="UTC")
    return {
        "film": draft.film,
        "year": what.film.year or "",
        "rating": words.rating(what.rating) if what.rating else "",
        "stars": stars(what.rating) if what.rating else "",
        "blurb": draft.blurb,
        "strand": clean(what.strand or "") if draft.credits else "",
        "reviewer": clean(words.names(what.reviewers)) if draft.credits else "",
        "directors": clean(words.names(what.directors)) if draft.credits else "",
        "link": review.link,
        "title": clean(review.title),
        "hashtags": draft.hashtags,
        "t": words,
    }


def _tidy(text: str) -> str:
    """Return the rendered text with one empty line where there were several, and none at its ends."""
    lines = "\n".join(line.rstrip() for line in text.splitlines())
    return re.sub(r"\n{3,}", "\n\n", lines).strip()


def _check_link(text: str, review: PublishedReview, rules: StatusRules) -> None:
    """Raise TemplateError unless the link stands alone in the text: by it the status is found again."""
    if not re.search(rf"(?<!\S){re.escape(review.link)}(?!\S)", text):
        raise TemplateError(
            f"the status of review {review.id} does not show its link {review.link}",
            where=f"status/{rules.template}.txt",
            hint="write {{ link }} with a blank or a line end on both its sides",
        )


def content_warning(review: PublishedReview, rules: Sequence[WarningRule]) -> str:
    """Return the warning that a review's status carries; empty where there is none.

    The editor's own wins, also when it is empty. Of several rules that match, each text stands once.
    """
    if review.content_warning is not None:
        return plain(review.content_warning)
    return ", ".join(dict.fromkeys(plain(rule.text) for rule in rules if _matches(rule, review)))


def _matches(rule: WarningRule, review: PublishedReview) -> bool:
    """Return whether the review has the rule's label, or its word stands whole in one of the texts."""
    if rule.label and rule.label.casefold() in {label.casefold() for label in review.labels}:
        return True
    texts = (review.title, review.review.standfirst, review.review.excerpt)
    word = rf"(?<!\w){re.escape(rule.word)}(?!\w)" if rule.word else r"(?!)"
    return any(re.search(word, text or "", re.I) for text in texts)


def _fit_warning(warning: str, limits: StatusLimits) -> str:
    """Return the warning, cut where it would take more than a quarter of the status."""
    options = (warning, *cuts(warning), ELLIPSIS)
    return next((text for text in options if measure("", text, limits) * 4 <= limits.max_chars), "")


def _described(review: PublishedReview, language: str, max_chars: int) -> Image | None:
    """Return the picture with an alt text of at most `max_chars` code points."""
    if review.image is None:
        return None
    alt = alt_text(review, review.image, Words(language=language, timezone="UTC"))
    short = next((text for text in (alt, *cuts(alt)) if len(text) <= max_chars), "")
    return replace(review.image, alt=short)

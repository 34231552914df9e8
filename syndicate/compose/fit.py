"""An issue that mail programs would cut off is made shorter: first its excerpts, then its last reviews wait.

Gmail shows about 102 kB of a letter's HTML and hides the rest, and with it the way out. What is measured is the HTML as
the letter encodes it, which is never shorter than the HTML itself. An ordinary issue is rendered once; a long one a few
times more: what shorter excerpts save is reckoned beforehand, how many reviews fit is guessed between two known sizes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from html import escape

from syndicate.compose.cards import ITEM_EXCERPT_CHARS
from syndicate.compose.letter import TOKEN, fill
from syndicate.compose.model import PublishedReview, RenderedEmail, Section, Selection
from syndicate.compose.quoted import quoted
from syndicate.reviews import excerpt

FIT_BYTES = 96_000
"""The lint's limit is 100,000; the rest is room for readers' tokens that are longer than we reckon."""
TOKEN_CHARS = 250
"""A reader's token is rarely longer."""
SHORTER = ((400, 150), (300, 80), (200, 0), (0, 0))
"""The most characters of the lead's excerpt and of each other's, step by step."""
MOST_GUESSES = 4
"""After these the largest number of reviews that is known to fit is taken."""

Render = Callable[[Selection], RenderedEmail]
Weigh = Callable[[RenderedEmail], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """An issue that fits."""

    selection: Selection
    """As it was rendered: its excerpts may be shorter, and `more` counts those that wait."""
    email: RenderedEmail
    waiting: tuple[PublishedReview, ...] = ()
    """What was left for the next issue; the last reviews, and never the first."""


def fit(selection: Selection, render: Render, weigh: Weigh, limit: int = FIT_BYTES) -> Fitted:
    """Return the issue rendered, shortened where its letter would weigh more than `limit` bytes.

    What comes back fits, or has no excerpts and one review only.
    """
    fitted = Fitted(selection=selection, email=render(selection))
    excess = weigh(fitted.email) - limit
    if excess <= 0 or not selection.reviews:
        return fitted
    steps = [_with_excerpts(selection, *most) for most in SHORTER]
    for step in (each for each in steps if each is steps[-1] or _saved(selection, each) >= excess):
        fitted = Fitted(selection=step, email=render(step))
        if (size := weigh(fitted.email)) <= limit:
            return fitted
    return _fewer(fitted, size, render, weigh, limit)


def weigh_letter(email: RenderedEmail, ways_out: Sequence[str]) -> int:
    """Return the bytes of the letter's HTML as it is encoded, for readers or for list servers, whichever is more.

    `ways_out` as the masthead has them, with letter.TOKEN where a reader's own token goes.
    """
    ways = [way.replace(TOKEN, "x" * TOKEN_CHARS) for way in ways_out]
    return max(len(quoted(fill(email, ways, posting=posting).html)) for posting in (False, True))


def _fewer(full: Fitted, size: int, render: Render, weigh: Weigh, limit: int) -> Fitted:
    """Return the issue with as many of its reviews as are found to fit; one at least.

    `fits` and `exceeds` close in on the number: it is guessed as if all reviews between them were alike.
    """
    exceeds, above = len(full.selection.reviews), size
    if exceeds == 1:
        return full
    found = _first(full.selection, 1, render)
    fits, below = 1, weigh(found.email)
    for _ in range(MOST_GUESSES):
        if below > limit or exceeds - fits < 2:
            break
        share = (limit - below) / max(above - below, 1)
        guess = min(max(fits + int(share * (exceeds - fits)), fits + 1), exceeds - 1)
        tried = _first(full.selection, guess, render)
        if (size := weigh(tried.email)) <= limit:
            found, fits, below = tried, guess, size
        else:
            exceeds, above = guess, size
    return found


def _first(selection: Selection, count: int, render: Render) -> Fitted:
    """Return the issue with its first reviews, in reading order; the others wait and are counted."""
    kept, waiting = selection.reviews[:count], selection.reviews[count:]
    ids = {review.id for review in kept}
    sections = (
        _of_section(section, [each for each in section.reviews if each.id in ids]) for section in selection.sections
    )
    shorter = replace(
        selection,
        sections=tuple(section for section in sections if section.reviews),
        more=selection.more + len(waiting),
    )
    return Fitted(selection=shorter, email=render(shorter), waiting=waiting)


def _of_section(section: Section, reviews: Sequence[PublishedReview]) -> Section:
    return replace(section, reviews=tuple(reviews))


def _with_excerpts(selection: Selection, lead_chars: int, item_chars: int) -> Selection:
    """Return the issue with excerpts of at most so many characters, in whole sentences where they fit."""
    return replace(
        selection,
        lead=selection.lead and _with_excerpt(selection.lead, lead_chars),
        sections=tuple(
            _of_section(section, [_with_excerpt(each, item_chars) for each in section.reviews])
            for section in selection.sections
        ),
    )


def _with_excerpt(published: PublishedReview, chars: int) -> PublishedReview:
    text = published.review.excerpt
    if not text or len(text) <= chars:
        return published
    shorter = excerpt.shorten(text, chars) if chars else None
    return replace(published, review=replace(published.review, excerpt=shorter, opening=()))


def _saved(before: Selection, after: Selection) -> int:
    """Return about how many bytes shorter excerpts save; their markup, where they go, is not counted."""
    return _excerpt_bytes(before) - _excerpt_bytes(after)


def _excerpt_bytes(selection: Selection) -> int:
    lead = selection.lead.review.excerpt or "" if selection.lead else ""
    items = (each.review.excerpt or "" for section in selection.sections for each in section.reviews)
    shown = (lead, *(excerpt.shorten(text, ITEM_EXCERPT_CHARS) for text in items))
    return sum(len(quoted(escape(text))) for text in shown)

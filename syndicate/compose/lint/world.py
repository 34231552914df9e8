"""What in a letter is the world's or the editor's own text, and no template's leftover whatever it says."""

from __future__ import annotations

import re
from collections.abc import Iterator

from syndicate.compose.cards import clean, safe_url
from syndicate.compose.choices import Choices
from syndicate.compose.model import Masthead, PublishedReview, Selection


def world_texts(selection: Selection, masthead: Masthead, choices: Choices | None = None) -> tuple[str, ...]:
    """Return the texts that reviews, config and editor brought with them, in the words that a template gets."""
    titles = (section.title for section in selection.sections)
    named = (masthead.site_name, masthead.digest_name, masthead.postal, masthead.site_url, *titles)
    brought = (text for review in selection.reviews for text in _of_review(review))
    texts = (*named, *brought, *(_of_editor(choices) if choices else ()))
    return tuple(clean(text) for text in texts if text)


def _of_editor(choices: Choices) -> Iterator[str | None]:
    """Yield the editor's words, and each word of the note: Markdown may set any of them apart."""
    yield from (choices.subject, choices.preheader, choices.note)
    yield from re.findall(r"\w+", choices.note or "")


def _of_review(published: PublishedReview) -> Iterator[str | None]:
    review = published.review
    yield from (
        published.title,
        published.link,
        safe_url(published.link),
        review.film.title,
        review.strand,
        review.standfirst,
        review.excerpt,
    )
    yield from (*review.opening, *review.reviewers, *review.directors, *review.cast)
    if published.image:
        yield from (published.image.alt, published.image.url, safe_url(published.image.url))

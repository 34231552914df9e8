"""What in a letter is the world's or the editor's own text, and no template's leftover whatever it says."""

from __future__ import annotations

from collections.abc import Iterator

from syndicate.compose.cards import clean
from syndicate.compose.model import Masthead, PublishedReview, Selection


def world_texts(selection: Selection, masthead: Masthead) -> tuple[str, ...]:
    """Return the texts that reviews and config brought with them, in the words that a template gets."""
    titles = (section.title for section in selection.sections)
    named = (masthead.site_name, masthead.digest_name, masthead.postal, masthead.site_url, *titles)
    brought = (text for review in selection.reviews for text in _of_review(review))
    return tuple(clean(text) for text in (*named, *brought) if text)


def _of_review(published: PublishedReview) -> Iterator[str | None]:
    review = published.review
    yield from (published.title, published.link, review.film.title, review.strand, review.standfirst, review.excerpt)
    yield from (*review.opening, *review.reviewers, *review.directors, *review.cast)
    if published.image:
        yield from (published.image.alt, published.image.url)

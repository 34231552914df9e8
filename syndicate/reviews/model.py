"""What we understood of an entry, as values. "Not a review" is an ordinary answer with a reason."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a post is about."""

    REVIEW = "review"
    TV_REVIEW = "tv-review"
    BOOK_REVIEW = "book-review"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Film:
    """What is reviewed: a film, a series or a book, by the title that the site gives it."""

    title: str
    year: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Festival:
    """Where it was seen: "Cannes 2025 Review" → Cannes, 2025."""

    name: str
    year: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rating:
    """What the critic gave, always with its scale. Exactly one of (value, maximum) and letter is set."""

    value: float | None = None
    maximum: float | None = None
    letter: str | None = None
    """As written: "B+"; its place on the letter scale is in docs/concepts.md."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A picture by address; `alt` is empty where the site gave none."""

    url: str
    alt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """An entry understood as a review."""

    film: Film
    strand: str | None = None
    """All that stands left of the title's separator, as written: "New Release Review [VOD]"."""
    festival: Festival | None = None
    format: str | None = None
    """What stood in brackets in the strand: "VOD", "DVD", "Netflix"."""
    reviewers: tuple[str, ...] = ()
    directors: tuple[str, ...] = ()
    cast: tuple[str, ...] = ()
    standfirst: str | None = None
    """The one sentence above the jump break; plain text."""
    excerpt: str | None = None
    """The first prose after the credits, plain text, whole sentences where they fit."""
    opening: tuple[str, ...] = ()
    """The same at greater length, by its paragraphs: for a letter that carries this review alone."""
    rating: Rating | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """All that we understood of one entry."""

    kind: Kind
    why: str
    """One line: what made it a review, or not."""
    image: Image | None = None
    """The post's best picture."""
    review: Review | None = None
    """Set exactly where kind is not `other`."""
    text: str = ""
    """The opening of the post as plain text, for posts of kind `other` and as the last resort of an excerpt."""

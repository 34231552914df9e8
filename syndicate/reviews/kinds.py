"""What a post is about, and what made it so: the feed's own fields, the title, the data, the credits, then hints."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import unquote, urlsplit

from syndicate.feeds.model import Entry
from syndicate.reviews.credits import HEAD_LINES, Credits
from syndicate.reviews.model import Kind
from syndicate.reviews.structured import StructuredReview, field
from syndicate.reviews.titles import TitleReading

_REVIEWS_LABEL = re.compile(r"(?:(?:film|movie|cinema)\s+)?reviews?", re.I)
_FILM_YEAR = re.compile(r".*\S\s*\((?:18[89]|19\d|20\d)\d\)")
_YEARS = re.compile(r"(?:18[89]|19\d|20\d)\d")


def kind_of(
    entry: Entry, title: TitleReading, credits: Credits, data: StructuredReview, *, says_something: bool
) -> tuple[Kind, str]:
    """Return what a post is about, and why, in one line; the first of these that speaks decides.

    `says_something`: whether there is prose, which tells a review of Letterboxd's from "Watched on Friday" alone.
    """
    if (field(entry.fields, "filmTitle") or "").strip():
        return _kind_of_diary(says_something=says_something)
    if title.kind is not None:
        return title.kind, title.why
    if data.kind is not None:
        return data.kind, f"its data is a review of “{data.film.title if data.film else title.film}”"
    if not title.film:
        return Kind.OTHER, "it has no title, and no picture names a film"
    return _by_hints(entry, title, credits)


def _kind_of_diary(*, says_something: bool) -> tuple[Kind, str]:
    if says_something:
        return Kind.REVIEW, "the feed names the film, and the entry says something of it"
    return Kind.OTHER, "a diary entry: the film was watched, and nothing is said of it"


def _by_hints(entry: Entry, title: TitleReading, credits: Credits) -> tuple[Kind, str]:
    early = credits if min(credits.lines, default=0) < HEAD_LINES else Credits()
    if early.name_a_film:
        return Kind.REVIEW, f"its credits name a director and {'a cast' if early.cast else 'a reviewer'}"
    if _FILM_YEAR.fullmatch(entry.title.strip()) and any(map(_REVIEWS_LABEL.fullmatch, entry.labels)):
        return Kind.REVIEW, "a film and its year for a title, and a label for reviews"
    if is_review_slug(entry.link, title.film):
        return Kind.REVIEW, "its address ends in the title and “review”"
    return Kind.OTHER, title.why


def is_review_slug(link: str | None, film: str) -> bool:
    """Return whether an address is the film's name and "review": ".../prowl-1983-review.html" for THE PROWL.

    A leading article and a year may be left out or stand there; after "review" a director may (so are two films of one
    name told apart). Any other word before it means that the post is about something else.
    """
    try:
        last = unquote(urlsplit(link or "").path.rstrip("/").rpartition("/")[2])
    except ValueError:
        return False
    slug = _words(re.sub(r"\.\w{2,5}$", "", last))
    if "review" not in slug or len(slug) - slug.index("review") > 4:
        return False
    named = slug[: slug.index("review")]
    return bool(named) and _bare(named) == _bare(_words(film))


def _words(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", text.casefold().replace("'", "").replace("’", ""))
    return re.findall(r"[a-z0-9]+", "".join(letter for letter in plain if not unicodedata.combining(letter)))


def _bare(words: list[str]) -> list[str]:
    rest = words[1:] if words[0:1] in (["the"], ["a"], ["an"]) else words
    return rest[:-1] if len(rest) > 1 and _YEARS.fullmatch(rest[-1]) else rest

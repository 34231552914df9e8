"""What stands for a picture where it is not seen."""

from __future__ import annotations

import re

from syndicate.compose.model import PublishedReview
from syndicate.compose.plaintext import plain
from syndicate.compose.words import Words
from syndicate.reviews.model import Image

_EMPTY_WORDS = frozenset(
    {"a", "an", "the", "of", "from", "for", "and", "movie", "film", "tv", "series", "review", "reviews"}
    | {"image", "picture", "photo", "pic", "img"}
)
_FILE_NAME = re.compile(r"\S+\.(jpe?g|png|gif|webp|avif|bmp)|(img|dsc|image|screenshot)[\W_]*\d+", re.I)


def alt_text(review: PublishedReview, image: Image, words: Words) -> str:
    """Return what the site says of the picture, or else what we know: whose it is, and no more.

    "Red Rooms review" and "IMG_2041.jpg" say nothing: "A picture from Red Rooms (2023). Directed by …".
    """
    alt, film = plain(image.alt), review.review.film
    if _says_something(alt, film.title):
        return alt
    name = plain(f"{film.title} ({film.year})" if film.year else film.title)
    directors = plain(words.names(review.review.directors))
    sentences = [words("picture", film=name), words("directed_by", names=directors) if directors else ""]
    return ". ".join(filter(None, sentences))


def _says_something(alt: str, title: str) -> bool:
    """Return whether an alt text holds more than the film's title, numbers and the words of every one."""
    if _FILE_NAME.fullmatch(alt):
        return False
    known = _EMPTY_WORDS | {word.casefold() for word in re.findall(r"\w+", title)}
    return any(word.casefold() not in known and not word.isdigit() for word in re.findall(r"\w+", alt))

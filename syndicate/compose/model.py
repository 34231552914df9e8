"""The messages: an issue chosen, a letter rendered, a status composed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from syndicate.compose.theme import Theme, make_theme
from syndicate.reviews.model import Image, Kind, Review


class IssueState(StrEnum):
    """The life of an issue (docs/concepts.md)."""

    DRAFT = "draft"
    FROZEN = "frozen"
    SENDING = "sending"
    SENT = "sent"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedReview:
    """A review as the messages speak of it: what was understood, with the editor's edits laid over it.

    A post of kind `other` that the editor's config includes is here too, with the post's title as film title.
    """

    id: int
    """Its number in the store, as `syndicate reviews show` takes it."""
    feed: str
    link: str
    kind: Kind
    title: str
    """The post's own title, plain text."""
    review: Review
    image: Image | None
    labels: tuple[str, ...]
    published: datetime | None
    counts_from: datetime
    """From when its age is counted: published (or first seen), or the moment a person asked for it."""
    content_warning: str | None = None
    """Set by the editor (`reviews edit --cw`); wins over the account's rules. Empty: no warning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A headed run of reviews; the title is None where the issue has no sections."""

    title: str | None
    reviews: tuple[PublishedReview, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What goes into an issue: the lead, the rest by section, and how many the cap left over."""

    lead: PublishedReview | None
    sections: tuple[Section, ...]
    more: int = 0

    @property
    def reviews(self) -> tuple[PublishedReview, ...]:
        """Return every review in reading order, the lead first."""
        head = (self.lead,) if self.lead else ()
        return head + tuple(review for section in self.sections for review in section.reviews)


@dataclass(frozen=True, slots=True, kw_only=True)
class Masthead:
    """What an issue says of itself and its site."""

    site_name: str
    site_url: str
    language: str
    """BCP 47, such as "en" or "pt-BR"."""
    timezone: str
    """IANA name; the issue's date is written in it."""
    postal: str | None
    digest_name: str
    number: int
    date: datetime
    ways_out: tuple[WayOut, ...]
    """How a reader leaves; empty only where the letter goes nowhere (a demo outbox without an address)."""
    browser_url: str | None = None
    """The issue's page in the public archive; None where there is none."""
    theme: Theme = field(default_factory=make_theme)


@dataclass(frozen=True, slots=True, kw_only=True)
class WayOut:
    """One way of unsubscribing that works: an address for the List-Unsubscribe header and the footer."""

    url: str
    """mailto: or https:, absolute; raw ASCII."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedEmail:
    """An issue rendered once: what is frozen, previewed and sent, but for the reader's slots."""

    subject: str
    preheader: str
    html: str
    """Inlined; carries the slot marks of compose/letter.py."""
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusContent:
    """A status as it would be posted; frozen at the first attempt."""

    text: str
    spoiler: str
    """The content warning; empty where there is none."""
    language: str
    visibility: str
    """public, unlisted, private or direct."""
    link: str
    """The review's address as it stands in the text: by it the status is found again on the account."""
    image: Image | None
    """The poster, with the alt text that will be given to the server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusLimits:
    """What an instance takes, as its /api/v2/instance says."""

    max_chars: int = 500
    chars_per_url: int = 23
    max_alt_chars: int = 1500
    max_image_bytes: int = 16_777_216
    max_image_pixels: int = 33_177_600
    mime_types: tuple[str, ...] = ("image/jpeg", "image/png", "image/gif", "image/webp")
    counts_as_mastodon: bool = True
    """False: the software counts raw code points of text and warning (GoToSocial, Pleroma, Takahe …)."""

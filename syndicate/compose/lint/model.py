"""What the lint is told, and what it says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from syndicate.compose.lint.document import Document, read_html
from syndicate.compose.lint.message import Message, read_message
from syndicate.compose.model import RenderedEmail


class Severity(StrEnum):
    """How much a finding matters, the gravest first."""

    ERROR = "error"
    """The letter should not be sent."""
    WARNING = "warning"
    """Some readers will see it, or some filter dislike it."""
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One fault of a letter, at one place."""

    number: int
    """The check's, as docs/linting.md lists it."""
    name: str
    severity: Severity
    why: str
    """What is wrong and for whom, in one line."""
    how: str
    """What to do about it, in one line."""
    where: str
    """"subject", "html line 12", "header List-Unsubscribe" …"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """The whole letter to one reader."""

    address: str
    token: str
    """What stands in its ways out; empty where they have none."""
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a letter should say, beside which it is read."""

    sender: str
    """From's bare address."""
    is_issue: bool = True
    """False for a notice: it carries no reviews and goes to one reader."""
    is_for_readers: bool = True
    """False where it goes into an outbox on this machine, or to list servers only: nobody needs a way out of ours."""
    reply_to: str | None = None
    postal: str | None = None
    review_links: tuple[str, ...] = ()
    """The link of each review; the site's own address where the feed gave none."""
    site_url: str = ""
    ways_out: tuple[str, ...] = ()
    """As the filled bodies show them."""
    token_proves: bool | None = None
    """Whether the first copy's token is one that our pages accept; None where its ways out have none."""
    quoted: tuple[str, ...] = ()
    """The world's own texts in the letter (titles, links …): a film may be called "None" or speak of "{{"."""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A letter on the table: its bodies, its copies, and the facts; each is read once."""

    email: RenderedEmail
    facts: Facts
    copies: tuple[Copy, ...] = ()

    @cached_property
    def document(self) -> Document:
        """Return the HTML body, read."""
        return read_html(self.email.html)

    @cached_property
    def messages(self) -> tuple[Message, ...]:
        """Return the copies, read."""
        return tuple(read_message(copy.content) for copy in self.copies)

    @property
    def message(self) -> Message | None:
        """Return the first copy, read; None where no mail is configured."""
        return self.messages[0] if self.copies else None

    @cached_property
    def quoted(self) -> str:
        """Return all that the world brought, blanks folded."""
        return " ".join("\n".join(self.facts.quoted).split())

    def is_quoted(self, text: str) -> bool:
        """Return whether the world brought a text, or a part of one that holds it."""
        return " ".join(text.split()) in self.quoted


@dataclass(frozen=True, slots=True)
class Fault:
    """What a check yields; the table adds its number, and its severity where the fault has none of its own."""

    where: str
    why: str
    how: str
    severity: Severity | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the table: a number of ours, a name, the gravest that it may find, and the function."""

    number: int
    name: str
    severity: Severity
    look: Callable[[Subject], Iterator[Fault]]
    what: str
    """What it looks for, as docs/linting.md says it."""

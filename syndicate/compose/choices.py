"""What the editor chose for one issue: words of their own, an order, and what stays out of it.

Choices hold for the next issue of a digest alone: freezing it uses them up, and what was left out is a candidate again.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """All that an editor may choose; what is not chosen stays as the digest's rules have it."""

    subject: str | None = None
    """One line, as it is written: no template."""
    preheader: str | None = None
    note: str | None = None
    """A word from the editor above the reviews, in Markdown."""
    lead: int | None = None
    """The review that opens the issue, by its number."""
    order: tuple[int, ...] = ()
    """Reviews in the order wanted; the others follow, as the rules have them."""
    left_out: frozenset[int] = frozenset()
    """Reviews that wait for the next issue."""

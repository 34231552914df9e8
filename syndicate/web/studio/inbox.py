"""The line of an issue in the reader's inbox: how much of sender, subject and preheader each program shows.

No program publishes its cuts, and they move with the window, the font and the reader's own size of letters. These
are the rows at their usual widths, counted in characters of middling width; they tell what is safe, not where exactly
it ends.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

SAFE_PREHEADER = 40
"""Programs show 30 to 140 characters of a preheader, so its meaning stands in the first 40 (docs/deliverability.md)."""
LONG_SUBJECT = 70
"""From here on the lint warns."""
LEAST_SNIPPET = 6
"""Of a snippet shorter than this nobody has anything."""
_ELLIPSIS = "…"
_JOINERS = frozenset("\u200d\ufe0e\ufe0f")


class Row(StrEnum):
    """How a program lays its row out."""

    LINE = "line"
    """Sender, subject and preheader beside each other; the preheader has what the subject leaves."""
    STACK = "stack"
    """Below each other, each with a width of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A mail program's row, in characters."""

    key: str
    name: str
    row: Row
    sender: int
    subject: int
    preheader: int
    """In all its lines; in a LINE, of what subject and preheader share."""


PROGRAMS = (
    # A list about 950 px wide: 168 px for the sender in bold 14 px; subject, dash and snippet share some 700 px.
    Program(key="gmail", name="Gmail, desktop", row=Row.LINE, sender=20, subject=100, preheader=100),
    # 360 px less the circle and the margins leave 272: 16 px letters for the sender, beside the date; 14 px below.
    Program(key="gmail-phone", name="Gmail, phone", row=Row.STACK, sender=26, subject=36, preheader=38),
    # 393 px less the dot and the margins leave about 345; two lines of preview, as iOS has it unless it is told.
    Program(key="apple-phone", name="Apple Mail, iPhone", row=Row.STACK, sender=28, subject=42, preheader=90),
    # The message list of about 320 px beside the reading pane; one line of preview, as Outlook has it unless told.
    Program(key="outlook", name="Outlook, desktop", row=Row.STACK, sender=32, subject=36, preheader=46),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A text as a row shows it."""

    shown: str
    """With an ellipsis where it is cut."""
    rest: str
    """What nobody sees; empty where it stands whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxLine:
    """An issue in the inbox of one program."""

    program: Program
    sender: Cut
    subject: Cut
    preheader: Cut

    @property
    def says(self) -> str:
        """Return in a few words what is cut: "subject whole, 38 of 92 characters of the preheader"."""
        subject = "subject whole" if not self.subject.rest else "subject cut"
        seen = len(self.preheader.shown.removesuffix(_ELLIPSIS))
        whole = seen + len(self.preheader.rest)
        if not whole:
            return f"{subject}, no preheader"
        if not seen:
            return f"{subject}, nothing of the preheader"
        part = "preheader whole" if not self.preheader.rest else f"{seen} of {whole} characters of the preheader"
        return f"{subject}, {part}"


def inbox_lines(*, sender: str, subject: str, preheader: str) -> tuple[InboxLine, ...]:
    """Return the issue's line in each program, in the order of PROGRAMS."""
    return tuple(_line(program, sender, subject, preheader) for program in PROGRAMS)


def _line(program: Program, sender: str, subject: str, preheader: str) -> InboxLine:
    head = cut(subject, program.subject)
    room = program.preheader
    if program.row is Row.LINE:
        room -= width(head.shown) + len(" – ")
        room = room if room >= LEAST_SNIPPET else 0
    return InboxLine(program=program, sender=cut(sender, program.sender), subject=head, preheader=cut(preheader, room))


def cut(text: str, room: int) -> Cut:
    """Return what a row with room for so many characters shows; wide ones (漢, 🎬) take two, accents none.

    A letter is never parted from its accents, nor an emoji from what it is joined with.
    """
    text = " ".join(text.split())
    if width(text) <= room:
        return Cut(shown=text, rest="")
    shown = ""
    for cluster in _clusters(text):
        if width(shown + cluster) > max(0, room - 1):
            break
        shown += cluster
    rest = text[len(shown) :]
    return Cut(shown=f"{shown.rstrip()}{_ELLIPSIS}" if shown else "", rest=rest)


def width(text: str) -> int:
    """Return how many characters' room a text takes."""
    return sum(map(_width, text))


def _width(char: str) -> int:
    if char in _JOINERS or unicodedata.combining(char) or unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _clusters(text: str) -> Iterator[str]:
    """Yield each letter with what belongs to it."""
    cluster = ""
    for char in text:
        if cluster and _width(char) and not cluster.endswith("\u200d"):
            yield cluster
            cluster = ""
        cluster += char
    if cluster:
        yield cluster

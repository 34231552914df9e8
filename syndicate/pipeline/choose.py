"""choose: keep what the editor chose for the next issue of a digest. It changes no issue; the next draft shows it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from syndicate.app import App
from syndicate.compose.choices import Choices
from syndicate.compose.email import MAX_PREHEADER_CHARS, MAX_SUBJECT_CHARS
from syndicate.errors import ChoiceError
from syndicate.pipeline.draft import digest_of

MAX_NOTE_CHARS = 8_000
"""Some four pages: longer is a review."""
_NO_LINE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_NO_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_HALF = re.compile(r"[\ud800-\udfff]")


def choose(app: App, digest: str, choices: Choices, revision: int) -> int | None:
    """Keep the choices of someone who looked at `revision`; return the new revision.

    None, and nothing is changed, where they were changed meanwhile: by another page, or by the issue's going.
    Raises NotFoundError for an unknown digest, ChoiceError for what cannot be chosen.
    """
    rules = digest_of(app, digest)
    found = app.issues.candidates(digest, rules.feeds or tuple(app.config.feeds))
    kept = app.choices.of(digest).choices
    chosen = _tidy(choices)
    # What was chosen before and has gone since (a post that its site took back) is no fault of this page.
    check(chosen, frozenset({review.id for review, _ in found} | _named(kept)))
    kept_it = app.choices.keep(digest, chosen, revision=revision, now=app.clock.now())
    return revision + 1 if kept_it else None


def check(choices: Choices, known: frozenset[int]) -> None:
    """Raise ChoiceError, with its field, for the first thing that cannot be chosen; `known` are the reviews."""
    for field, what in _faults(choices, known):
        raise ChoiceError(what, field=field)


def _faults(choices: Choices, known: frozenset[int]) -> Iterator[tuple[str, str]]:
    yield from _line_faults("subject", choices.subject, MAX_SUBJECT_CHARS)
    yield from _line_faults("preheader", choices.preheader, MAX_PREHEADER_CHARS)
    yield from _text_faults("note", choices.note, MAX_NOTE_CHARS, _NO_TEXT)
    if choices.lead is not None and choices.lead not in known:
        yield "lead", f"no review of this digest has the number {choices.lead}"
    if choices.lead in choices.left_out:
        yield "lead", f"review {choices.lead} is left out, so it cannot open the issue"
    for field, numbers in (("order", choices.order), ("left_out", tuple(sorted(choices.left_out)))):
        for number in numbers:
            if number not in known:
                yield field, f"no review of this digest has the number {number}"
    if len(set(choices.order)) < len(choices.order):
        yield "order", "a review stands in the order twice"


def _line_faults(field: str, text: str | None, most: int) -> Iterator[tuple[str, str]]:
    yield from _text_faults(field, text, most, _NO_LINE, "it must be one line")


def _text_faults(
    field: str, text: str | None, most: int, never: re.Pattern[str], why: str = "a control character stands in it"
) -> Iterator[tuple[str, str]]:
    text = text or ""
    if never.search(text):
        yield field, why
    if _HALF.search(text):
        yield field, "half a character stands in it"
    if len(text) > most:
        yield field, f"it has {len(text):,} characters; at most {most:,} will do"


def _tidy(choices: Choices) -> Choices:
    """Return the choices with the blanks around words gone; what is blank is not chosen."""
    note = (choices.note or "").replace("\r\n", "\n").strip()
    subject, preheader = ((text or "").strip(" ") or None for text in (choices.subject, choices.preheader))
    return replace(choices, subject=subject, preheader=preheader, note=note or None)


def _named(choices: Choices) -> set[int]:
    return {*choices.order, *choices.left_out, *(() if choices.lead is None else (choices.lead,))}

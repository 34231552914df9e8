"""The rows of a CSV, whoever wrote it: by number, one at a time, a fault costing its own line and no other."""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterable, Iterator

MOST_LINES = 20
"""A quoted cell may have line breaks, but a quote that so many lines do not close was never meant as one."""
MOST_CHARS = 65_536
"""No line about a reader is longer. Whoever reads a file need not read more than this and one of a line."""
_SEPARATOR = re.compile(r"sep=([,;\t])\s*")
"""What Excel writes and reads as a first line."""


def parse_rows(lines: Iterable[str]) -> Iterator[tuple[int, list[str] | str]]:
    """Yield each row that is not blank with the number of its first line; a sentence where it cannot be read.

    Comma, semicolon or tab, by the first line; a BOM and blank lines are passed over. A blank line alone, such as
    stands for the rest of one that was cut short, is none.
    """
    delimiter = None
    for number, text in _records(lines):
        if delimiter is None:
            separator = _SEPARATOR.fullmatch(text)
            delimiter = separator[1] if separator else max(",;\t", key=text.count)
            if separator:
                continue
        try:
            row = next(csv.reader([text], delimiter=delimiter, strict=True)) if len(text) <= MOST_CHARS else None
        except csv.Error as error:
            yield number, f"not readable as CSV: {error}"
            continue
        if row is None:
            yield number, f"is longer than {MOST_CHARS:,} characters; no line about a reader is"
        elif any(cell and not cell.isspace() for cell in row):
            yield number, row


def _records(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Yield what belongs together, with its first line's number: a line, or more while a quote is open.

    A quote that is never closed costs its own line and no other.
    """
    number, source = 0, iter(lines)
    waiting: deque[str] = deque()
    while (first := waiting.popleft() if waiting else next(source, None)) is not None:
        number += 1
        text = first.removeprefix("\ufeff") if number == 1 else first
        if '"' in text and text.count('"') % 2 and len(text) <= MOST_CHARS:
            text, took = _closed(text, waiting, source)
            yield number, text
            number += took
        elif not text.isspace():
            yield number, text


def _closed(text: str, waiting: deque[str], source: Iterator[str]) -> tuple[str, int]:
    """Return a text with the lines that close its quote, and how many; alone where they do not come soon."""
    whole = text
    for at in range(MOST_LINES):
        if at == len(waiting):
            more = next(source, None)
            if more is None:
                break
            waiting.append(more)
        whole += waiting[at]
        if len(whole) > MOST_CHARS:
            break
        if whole.count('"') % 2 == 0:
            for _ in range(at + 1):
                waiting.popleft()
            return whole, at + 1
    return text, 0

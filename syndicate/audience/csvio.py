"""Reading and writing subscribers as CSV. A fault names its line and stops nobody else."""

from __future__ import annotations

import csv
import io
import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from syndicate.audience.addresses import parse_address, parse_name, printable
from syndicate.audience.model import NewSubscriber, Subscriber, Subscription, SubscriptionState
from syndicate.errors import AudienceError

ADDRESS_NAMES = ("email", "e-mail", "address", "email address", "mail")
NAME_NAMES = ("name", "full name", "display name", "first name")
_HALVES = re.compile("[\ud800-\udfff]")
"""What is left of bytes that are no UTF-8 (PEP 383)."""
STATE_NAME = "state"
MOST_LINES = 20
"""A quoted cell may have line breaks, but a quote that so many lines do not close was never meant as one."""
COLUMNS = ("email", "name", "state", "since")


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A line that was not taken, and why."""

    line: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Columns:
    """Where things stand in a row; a file without a header has an address and perhaps a name."""

    address: int = 0
    name: int | None = 1
    state: int | None = None
    width: int | None = None
    """How many the header names; None without one."""


def parse_subscribers(lines: Iterable[str]) -> Iterator[NewSubscriber | Refused]:
    """Yield a person or a refusal for each line of a CSV, in order, reading as it goes.

    With a header that names an address column ("email", "address"), else the first column is the address
    and the second the name. Comma, semicolon or tab; a BOM and blank lines are passed over. An address that
    comes twice is taken once, the second is refused. A column "state", as our own export has it, is honoured:
    someone who had left stays out.
    """
    columns: _Columns | None = None
    seen: set[str] = set()
    for number, row in _rows(lines):
        if isinstance(row, str):
            yield Refused(line=number, why=row)
            continue
        if columns is None:
            columns = _header(row)
            if columns is not None:
                continue
            columns = _Columns()
        yield _person(row, columns, number, seen)
    if columns is None:
        raise AudienceError("the file is empty", hint="a CSV with the columns email,name")


def write_subscribers(members: Iterable[tuple[Subscriber, Subscription]]) -> Iterator[str]:
    """Yield a CSV line by line, with its header; it can be imported again."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    yield _taken(buffer)
    for person, link in members:
        cells = (_no_formula(person.address), _no_formula(person.name))
        writer.writerow((*cells, link.state, f"{link.since:%Y-%m-%dT%H:%M:%SZ}"))
        yield _taken(buffer)


def _person(row: list[str], columns: _Columns, line: int, seen: set[str]) -> NewSubscriber | Refused:
    if columns.width is not None and any(cell.strip() for cell in row[columns.width :]):
        return Refused(line=line, why="has more columns than the first line; quote a name that holds a comma")
    try:
        address = parse_address(_cell(row, columns.address))
        name = parse_name(" ".join(_cell(row, columns.name).split()))
        state = _state(_cell(row, columns.state))
    except AudienceError as error:
        return Refused(line=line, why=error.what)
    if address.casefold() in seen:
        return Refused(line=line, why=f"{address} stands in the file twice")
    seen.add(address.casefold())
    return NewSubscriber(address=address, name=name, state=state)


def _cell(row: list[str], at: int | None) -> str:
    """Return a cell without what disarmed it, or "" where there is none; AudienceError where it is no text."""
    text = row[at] if at is not None and at < len(row) else ""
    if not text.isascii() and _HALVES.search(text):
        raise AudienceError('is not UTF-8; save the file as "CSV UTF-8"')
    return text[1:] if text[:1] == "'" and _is_formula(text[1:]) else text


def _state(text: str) -> SubscriptionState:
    word = text.strip().lower()
    if word and word not in tuple(SubscriptionState):
        there = ", ".join(SubscriptionState)
        raise AudienceError(f'"{printable(word)}" is no state of a subscription: {there}; or rename that column')
    return SubscriptionState(word) if word else SubscriptionState.CONFIRMED


def _header(row: list[str]) -> _Columns | None:
    """Return where things stand if the row is a header, which names an address; else None."""
    heads = [cell.strip().lower() for cell in row]

    def place(*names: str) -> int | None:
        return next((heads.index(name) for name in names if name in heads), None)

    at = place(*ADDRESS_NAMES)
    if at is None:
        return None
    return _Columns(address=at, name=place(*NAME_NAMES), state=place(STATE_NAME), width=len(row))


def _rows(lines: Iterable[str]) -> Iterator[tuple[int, list[str] | str]]:
    """Yield each row that is not blank with the number of its first line; a sentence where it cannot be read."""
    delimiter = None
    for number, text in _records(lines):
        if delimiter is None:
            delimiter = max(",;\t", key=text.count)
        try:
            row = next(csv.reader(text.splitlines(keepends=True), delimiter=delimiter, strict=True))
        except csv.Error as error:
            yield number, f"not readable as CSV: {error}"
            continue
        if any(cell.strip() for cell in row):
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
        if text.count('"') % 2:
            text, took = _closed(text, waiting, source)
            yield number, text
            number += took
        elif text.strip():
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
        if whole.count('"') % 2 == 0:
            for _ in range(at + 1):
                waiting.popleft()
            return whole, at + 1
    return text, 0


def _taken(buffer: io.StringIO) -> str:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text


def _no_formula(text: str) -> str:
    """Return a cell that a spreadsheet does not run; an import takes the apostrophe off again."""
    return f"'{text}" if _is_formula(text) else text


def _is_formula(text: str) -> bool:
    """Return whether a spreadsheet would run a cell: a leading =, +, - or @, bare or behind an apostrophe of ours."""
    return text.lstrip("'")[:1] in ("=", "+", "-", "@") and bool(text.lstrip("'"))

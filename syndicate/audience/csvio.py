"""Reading and writing subscribers as CSV. A fault names its line and stops nobody else."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from syndicate.audience.addresses import parse_address, printable
from syndicate.audience.model import NewSubscriber, Subscriber, Subscription
from syndicate.errors import AudienceError

ADDRESS_NAMES = ("email", "e-mail", "address", "email address", "mail")
NAME_NAMES = ("name", "full name", "display name", "first name")
MAX_NAME_CHARS = 200
COLUMNS = ("email", "name", "state", "since")


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A line that was not taken, and why."""

    line: int
    why: str


def parse_subscribers(lines: Iterable[str]) -> Iterator[NewSubscriber | Refused]:
    """Yield a person or a refusal for each line of a CSV, in order, reading as it goes.

    With a header that names an address column ("email", "address"), else the first column is the address
    and the second the name. Comma, semicolon or tab; a BOM and blank lines are passed over. An address that
    comes twice is taken once, the second is refused.
    """
    rest = _without_bom(lines)
    head = next((line for line in rest if line.strip()), None)
    if head is None:
        raise AudienceError("the file is empty", hint="a CSV with the columns email,name")
    reader = csv.reader(_joined(head, rest), delimiter=_delimiter(head), strict=True)
    columns: tuple[int, int | None] | None = None
    seen: set[str] = set()
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:
            yield Refused(line=reader.line_num, why=f"not readable as CSV: {error}")
            continue
        if row is None:
            return
        if columns is None:
            columns, is_header = _columns(row)
            if is_header:
                continue
        if any(cell.strip() for cell in row):
            yield _person(row, columns, reader.line_num, seen)


def write_subscribers(members: Iterable[tuple[Subscriber, Subscription]]) -> Iterator[str]:
    """Yield a CSV line by line, with its header; it can be imported again."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    yield _taken(buffer)
    for person, link in members:
        writer.writerow((person.address, _no_formula(person.name), link.state, f"{link.since:%Y-%m-%dT%H:%M:%SZ}"))
        yield _taken(buffer)


def _person(row: list[str], columns: tuple[int, int | None], line: int, seen: set[str]) -> NewSubscriber | Refused:
    at, name_at = columns
    if at >= len(row):
        return Refused(line=line, why="has no address")
    try:
        address = parse_address(row[at])
    except AudienceError as error:
        return Refused(line=line, why=error.what)
    if address.casefold() in seen:
        return Refused(line=line, why=f"{address} stands in the file twice")
    seen.add(address.casefold())
    name = " ".join(row[name_at].split()) if name_at is not None and name_at < len(row) else ""
    if not name.isprintable() or len(name) > MAX_NAME_CHARS:
        return Refused(line=line, why=f'"{printable(name)}" is no name')
    return NewSubscriber(address=address, name=name)


def _columns(row: list[str]) -> tuple[tuple[int, int | None], bool]:
    """Return where address and name stand, and whether the row was a header."""
    heads = [cell.strip().lower() for cell in row]
    at = next((heads.index(name) for name in ADDRESS_NAMES if name in heads), None)
    if at is None:
        return (0, 1), False
    return (at, next((heads.index(name) for name in NAME_NAMES if name in heads), None)), True


def _delimiter(head: str) -> str:
    return max(",;\t", key=head.count)


def _without_bom(lines: Iterable[str]) -> Iterator[str]:
    for number, line in enumerate(lines):
        yield line.removeprefix("\ufeff") if number == 0 else line


def _joined(head: str, rest: Iterator[str]) -> Iterator[str]:
    yield head
    yield from rest


def _taken(buffer: io.StringIO) -> str:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text


def _no_formula(name: str) -> str:
    """Return a name that a spreadsheet does not run (a leading =, +, - or @)."""
    return f"'{name}" if name[:1] in ("=", "+", "-", "@") else name

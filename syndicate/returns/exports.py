"""A relay's own account of what bounced, complained and left → a statement for each address. JSON, JSON lines or CSV.

Which relay wrote it is seen by its keys. What no rule knows is named with its line, never dropped.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from syndicate.audience.addresses import parse_address, printable
from syndicate.errors import AudienceError
from syndicate.returns.relays import READERS, Relay, Row, lowered, relay_of, unwrapped
from syndicate.returns.statements import NotUnderstood, Reported, Statement

MOST_FIELD_CHARS = 1_000_000
_LISTS = ("suppresseddestinationsummaries", "suppressions", "bounces", "contacts", "events", "items")
"""Where the relays' answers hold their rows."""
_BETWEEN = re.compile(r"[\s,\ufeff]*")


def read_export(lines: Iterable[str], relay: Relay | None = None) -> Iterator[Reported | NotUnderstood]:
    """Yield what each row of an export says, in order; `relay` where the editor knows whose it is.

    Raises AudienceError for an empty file. A CSV is read as it comes; JSON is read whole.
    """
    rest = iter(lines)
    skipped, first = 0, ""
    for line in rest:
        first = line.lstrip("\ufeff \t\r\n")
        if first:
            break
        skipped += 1
    if not first:
        raise AudienceError("the file is empty", hint="a relay's export of bounces or suppressions, JSON or CSV")
    is_json = first[0] in "{["
    rows = _json_rows("".join([first, *rest]), skipped) if is_json else _csv_rows(chain([first], rest), skipped)
    for where, row in rows:
        if isinstance(row, str):
            yield NotUnderstood(where=where, why=row)
        else:
            yield from _statements(where, unwrapped(row), relay)


def _statements(where: str, row: Row, relay: Relay | None) -> Iterator[Reported | NotUnderstood]:
    found = relay_of(row)
    if found is None or relay not in (None, found):
        whose = f"of {relay}" if relay else "of a relay that we know"
        yield NotUnderstood(where=where, why=f"no row {whose}; it has: {printable(', '.join(row)) or 'nothing'}")
        return
    statements = list(READERS[found](row))
    if not statements:
        yield NotUnderstood(where=where, why="it names no address")
    for each in statements:
        yield _checked(where, each)


def _checked(where: str, each: Statement) -> Reported | NotUnderstood:
    if each.kind is None:
        return NotUnderstood(where=where, why=f'{printable(each.address)}: we do not know "{printable(each.word)}"')
    try:
        address = parse_address(each.address)
    except AudienceError as error:
        return NotUnderstood(where=where, why=error.what)
    return Reported(
        where=where,
        address=address,
        kind=each.kind,
        status=each.status,
        diagnostic=each.diagnostic,
        at=each.at,
        why=printable(each.word),
    )


def _json_rows(text: str, skipped: int) -> Iterator[tuple[str, Row | str]]:
    """Yield the rows of one JSON document or of several, one after another or one a line."""
    decoder, at, line = json.JSONDecoder(), 0, 1 + skipped
    while at < len(text):
        try:
            document, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            end = text.find("\n", at) + 1 or len(text)
            yield f"line {line}", "no JSON, or not whole"
        else:
            yield from _rows_of(document, f"line {line}")
        between = _BETWEEN.match(text, end)
        end = between.end() if between else end
        line += text.count("\n", at, end)
        at = end


def _rows_of(document: Any, where: str) -> Iterator[tuple[str, Row | str]]:
    """Yield the rows of a document: of the list that it is or holds, else itself."""
    held = document
    if isinstance(document, dict):
        plain = lowered(document)
        held = next((plain[name] for name in _LISTS if isinstance(plain.get(name), list)), None)
        if held is None:
            yield where, plain
            return
    if not isinstance(held, list):
        yield where, "neither an object nor a list"
        return
    for number, each in enumerate(held, 1):
        yield f"{where}, row {number}", lowered(each) if isinstance(each, dict) else "no object"


def _csv_rows(lines: Iterable[str], skipped: int) -> Iterator[tuple[str, Row | str]]:
    """Yield the rows of a CSV under its header; comma, semicolon or tab, whichever the header has most of."""
    rest = iter(lines)
    header = next(rest)
    delimiter = max(",;\t", key=header.count)
    csv.field_size_limit(MOST_FIELD_CHARS)
    reader = csv.DictReader(chain([header], rest), delimiter=delimiter, restkey="more cells than the header")
    try:
        columns = lowered(dict.fromkeys(reader.fieldnames or ()))
    except csv.Error:
        columns = {}
    if relay_of(columns) is None:
        yield (
            f"line {skipped + 1}",
            f"no header of a relay that we know, so no row was read: {printable(header.strip())}",
        )
        return
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:
            yield f"line {skipped + reader.line_num}", f"no CSV: {error}"
            continue
        if row is None:
            return
        yield f"line {skipped + reader.line_num}", lowered(row)

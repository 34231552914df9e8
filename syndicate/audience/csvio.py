"""Reading and writing readers as CSV. A fault names its line and stops nobody else; what was written can be read."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from syndicate.audience.addresses import parse_address, parse_name, printable
from syndicate.audience.houses import (
    OF_STANDING,
    PLAIN,
    Filled,
    House,
    Rule,
    Standing,
    house_of,
    quietest,
)
from syndicate.audience.model import NewSubscriber, Subscriber, Subscription, SubscriptionState, SuppressionReason
from syndicate.audience.rows import parse_rows
from syndicate.errors import AudienceError

_HALVES = re.compile("[\ud800-\udfff]")
"""What is left of bytes that are no UTF-8 (PEP 383)."""
_MAY_TELL = re.compile(r"status|unsub|opt[ _-]?out|bounce|clean|complain|block|suppress|delet|removed|disabled|active")
"""Columns that may say who has left, in a file of which we do not know whose it is."""
HEADLESS = 2
"""How many columns a file without a header has: what stands in a third one may be who has left."""
COLUMNS = ("email", "name", "state", "since", "suppressed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A line that was not taken, and why."""

    line: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Columns:
    """Where things stand in a row; a file without a header has an address and perhaps a name."""

    house: House = PLAIN
    address: int = 0
    names: tuple[int, ...] = (1,)
    since: tuple[int, ...] = ()
    state: int | None = None
    suppressed: int | None = None
    rules: tuple[tuple[int, Rule], ...] = ()
    whole: Standing = Standing.CONFIRMED
    """What the file as a whole says of its readers, by its name."""
    width: int = HEADLESS
    """How many the header names."""


def parse_subscribers(
    lines: Iterable[str],
    *,
    house: House | None = None,
    everybody: Standing = Standing.CONFIRMED,
    known: Callable[[House], Standing] | None = None,
) -> Iterator[NewSubscriber | Refused]:
    """Yield a person or a refusal for each line of a CSV, in order, reading as it goes; nothing is kept in mind.

    The header says whose file it is (houses.py), unless `house` does; `known` is told, and may answer what the file
    as a whole says of its readers. `everybody` is the editor's word on them, and of this list alone. Without a header
    that names an address, the first column is the address and the second the name. Of several words on one reader the
    one that mails nobody holds; who stands in a file twice comes twice, and it is the store that weighs both.

    Raises AudienceError for an empty file, for a `house` whose columns are not there, and for a file of an unknown
    tool with a column that may say who has left.
    """
    columns: _Columns | None = None
    for number, row in parse_rows(lines):
        if isinstance(row, str):
            yield Refused(line=number, why=row)
            continue
        if columns is None:
            header = _header(row, house)
            columns = header or _Columns()
            if known is not None:
                columns = replace(columns, whole=known(columns.house))
            if header is not None:
                continue
        yield _person(row, columns, number, everybody)
    if columns is None:
        raise AudienceError("the file is empty", hint="a CSV with the columns email,name")


def write_subscribers(
    members: Iterable[tuple[Subscriber, Subscription | None, SuppressionReason | None]],
) -> Iterator[str]:
    """Yield a CSV line by line, with its header; it can be imported again. Without a subscription `state` is empty."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    yield _taken(buffer)
    for person, link, suppressed in members:
        since = f"{link.since:%Y-%m-%dT%H:%M:%SZ}" if link else ""
        cells = (_no_formula(person.address), _no_formula(person.name))
        writer.writerow((*cells, link.state if link else "", since, suppressed or ""))
        yield _taken(buffer)


def write_refused(refused: Iterable[Refused]) -> Iterator[str]:
    """Yield the lines that were not taken as a CSV: line,why."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(("line", "why"))
    yield _taken(buffer)
    for each in refused:
        writer.writerow((each.line, _no_formula(each.why)))
        yield _taken(buffer)


def _header(row: list[str], house: House | None) -> _Columns | None:
    """Return where things stand if the row is a header, which names an address; else None."""
    heads = [cell.strip().lower() for cell in row]
    if any("@" in head for head in heads):
        return None  # an address: this is a reader, whatever else stands in the row
    chosen = house or house_of(heads)
    at = next((heads.index(name) for name in chosen.address if name in heads), None)
    if at is None:
        if (house is None or house is PLAIN) and len(row) <= HEADLESS:
            return None
        needed = " or ".join(chosen.address)
        raise AudienceError(
            f"the first line names no column {needed}; it has: {_listed(heads)}",
            hint="name the column of the addresses `email`, and the column that says who has left `state`",
        )
    if chosen is PLAIN and house is None:
        _check_nothing_is_told(heads)
    return _Columns(
        house=chosen,
        address=at,
        names=next((_places(heads, ways) for ways in chosen.names if set(ways) <= set(heads)), ()),
        since=_places(heads, chosen.since),
        state=heads.index("state") if chosen is PLAIN and "state" in heads else None,
        suppressed=heads.index("suppressed") if chosen is PLAIN and "suppressed" in heads else None,
        rules=tuple((heads.index(rule.column), rule) for rule in chosen.rules if rule.column in heads),
        width=len(row),
    )


def _check_nothing_is_told(heads: Sequence[str]) -> None:
    """Raise AudienceError where a column may say who has left, in words not ours: nobody is mailed by guess."""
    telling = [head for head in heads if head not in COLUMNS and _MAY_TELL.search(head)]
    if telling:
        raise AudienceError(
            f'we do not know whose file this is, and its column "{printable(telling[0])}" may say who has left',
            hint=(
                "name the column `state`, with confirmed, unconfirmed or unsubscribed in it; or, if everybody in this "
                "file is to be mailed, --from plain"
            ),
        )


def _places(heads: Sequence[str], names: Sequence[str]) -> tuple[int, ...]:
    return tuple(heads.index(name) for name in names if name in heads)


def _listed(heads: Sequence[str]) -> str:
    return printable(", ".join(heads), 120)


def _person(row: list[str], columns: _Columns, line: int, everybody: Standing) -> NewSubscriber | Refused:
    if len(row) > columns.width and any(cell.strip() for cell in row[columns.width :]):
        return Refused(line=line, why="has more columns than the first line; quote a name that holds a comma")
    try:
        address = parse_address(_cell(row, columns.address))
        name = parse_name(" ".join(" ".join(_cell(row, at) for at in columns.names).split()))
        state, suppression = _standing(row, columns, everybody)
    except AudienceError as error:
        return Refused(line=line, why=error.what)
    since = next((moment for at in columns.since if (moment := _moment(_cell(row, at)))), None)
    return NewSubscriber(address=address, name=name, state=state, suppression=suppression, since=since)


def _standing(
    row: list[str], columns: _Columns, everybody: Standing
) -> tuple[SubscriptionState | None, SuppressionReason | None]:
    """Return where a row's reader stands: in our own words where it has them, else by the rules of its house."""
    if columns.state is None and columns.suppressed is None:
        said = [columns.whole, *(_said(_cell(row, at), rule) for at, rule in columns.rules)]
        return _landed(quietest((*said, everybody)), left_all=Standing.UNSUBSCRIBED in said)
    reason = _reason(_cell(row, columns.suppressed))
    state = _state(_cell(row, columns.state), alone=reason is not None)
    if everybody is Standing.CONFIRMED or (state is None and reason):
        return state, reason
    told, why = _landed(quietest((everybody, Standing(state) if state else Standing.CONFIRMED)), left_all=False)
    return told or state, reason or why


def _landed(standing: Standing, *, left_all: bool) -> tuple[SubscriptionState | None, SuppressionReason | None]:
    """Return what a standing becomes; who left one list, and not a whole tool, may be mailed on others."""
    state, reason = OF_STANDING[standing]
    return state, None if standing is Standing.UNSUBSCRIBED and not left_all else reason


def _said(cell: str, rule: Rule) -> Standing:
    word = cell.strip()
    if isinstance(rule, Filled):
        return rule.means if rule.empty is not bool(word) else Standing.CONFIRMED
    standing = rule.means.get(word.lower())
    if standing is None:
        there = ", ".join(each for each in rule.means if each)
        raise AudienceError(f'"{printable(word)}" is no word that we know for {rule.column}: {there}')
    return standing


def _cell(row: list[str], at: int | None) -> str:
    """Return a cell without what disarmed it, or "" where there is none; AudienceError where it is no text."""
    text = row[at] if at is not None and at < len(row) else ""
    if not text.isascii() and _HALVES.search(text):
        raise AudienceError('is not UTF-8; save the file as "CSV UTF-8"')
    return text[1:] if text[:1] == "'" and _is_formula(text[1:]) else text


def _state(text: str, *, alone: bool) -> SubscriptionState | None:
    """Return a subscription's state; none where the line only says (`alone`) that an address must not be mailed."""
    word = text.strip().lower()
    if word and word not in tuple(SubscriptionState):
        there = ", ".join(SubscriptionState)
        raise AudienceError(f'"{printable(word)}" is no state of a subscription: {there}; or rename that column')
    if word:
        return SubscriptionState(word)
    return None if alone else SubscriptionState.CONFIRMED


def _reason(text: str) -> SuppressionReason | None:
    word = text.strip().lower()
    if not word:
        return None
    known = [each for each in SuppressionReason if each is not SuppressionReason.FORGOTTEN]
    if word not in known:
        raise AudienceError(f'"{printable(word)}" is no reason not to mail: {", ".join(known)}; or rename that column')
    return SuppressionReason(word)


def _moment(text: str) -> datetime | None:
    """Return a time as files have it, in UTC where they name no zone; None where we cannot read it.

    "2018-02-12 10:54:27", "2018-08-27T15:06:27.713Z", and Go's "2018-08-27 15:06:27.713 +0000 UTC".
    """
    try:
        moment = datetime.fromisoformat(text.strip().removesuffix(" UTC").replace(" +", "+"))
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


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

"""`syndicate subscribers import`: take in the readers of a CSV, whichever tool wrote it."""

from __future__ import annotations

import codecs
import io
import json
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, BinaryIO

import click

from syndicate.cli.context import as_json_option, opened
from syndicate.cli.subscribers_list import list_of, list_option

if TYPE_CHECKING:
    from syndicate.app import App
    from syndicate.audience.csvio import Refused
    from syndicate.audience.houses import House, Standing
    from syndicate.audience.model import ImportReport, NewSubscriber
    from syndicate.cli.progress import Bars

MOST_TOLD = 50
NAMES = ("mailchimp", "buttondown", "substack", "ghost", "listmonk", "plain")
STANDINGS = ("unconfirmed", "unsubscribed", "bounced", "blocked", "complained")
LOOK_EVERY = 1_000
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@click.command(name="import")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@list_option
@click.option("--from", "house_name", type=click.Choice(NAMES), help="Whose file it is, where its header does not say.")
@click.option("--as", "standing", type=click.Choice(STANDINGS), help="What is true of everybody in this file.")
@click.option("--dry-run", is_flag=True, help="Say what would happen, and change nothing.")
@click.option("--refused", "refused_file", type=click.Path(path_type=Path), help="Write the refused lines as CSV.")
@as_json_option
@click.pass_context
def import_(
    context: click.Context,
    file: Path,
    list_name: str | None,
    house_name: str | None,
    standing: str | None,
    dry_run: bool,
    refused_file: Path | None,
    as_json: bool,
) -> None:
    """Put the people of a CSV on a list. Who left, bounced or never confirmed elsewhere is not mailed here."""
    from syndicate.cli.progress import Bars

    with opened(context) as app, _Refusals.kept(refused_file, as_json) as refusals:
        chosen = list_of(app, list_name)
        source = _Source(file, house_name, standing)
        with Bars() as bars, _lines(file, bars) as lines:
            people = refusals.left_out(source.people(lines))
            report = _import(app, people, chosen, source, dry_run=dry_run, bars=bars)
        if as_json:
            _print_json(report, chosen, source, refusals, dry_run)
        else:
            _tell(report, chosen, source, refusals, dry_run)
    context.exit(1 if refusals.count else 0)


@dataclass
class _Source:
    """The file: what was said of it, and whose it turned out to be."""

    file: Path
    house_name: str | None
    standing: str | None
    house: House | None = None

    def people(self, lines: Iterable[str]) -> Iterator[NewSubscriber | Refused]:
        """Yield a person or a refusal for each line."""
        from syndicate.audience.csvio import parse_subscribers
        from syndicate.audience.houses import HOUSES, Standing

        house = next((each for each in HOUSES if each.name == self.house_name), None)
        everybody = Standing(self.standing) if self.standing else Standing.CONFIRMED
        return parse_subscribers(lines, house=house, everybody=everybody, known=self._known)

    def _known(self, house: House) -> Standing:
        from syndicate.audience.houses import standing_of_file

        self.house = house
        return standing_of_file(house, self.file.name)

    @property
    def told(self) -> str:
        """Return what an address's history says of the file."""
        name = self.house.name if self.house and self.house.name != "plain" else ""
        return f"an import from {name.capitalize()}" if name else "an import"


@dataclass
class _Refusals:
    """The lines that were not taken: the first few in mind, all of them in files, since they may be millions."""

    as_csv: IO[str] | None
    as_json: IO[str] | None
    count: int = 0
    first: list[Refused] = field(default_factory=list)

    @classmethod
    @contextmanager
    def kept(cls, path: Path | None, as_json: bool) -> Iterator[_Refusals]:
        """Give an empty account, with the files that it writes to."""
        from syndicate.errors import AudienceError

        with ExitStack() as stack:
            try:
                as_csv = stack.enter_context(path.open("w", encoding="utf-8", newline="")) if path else None
            except OSError as error:
                raise AudienceError(f"cannot be written: {error.strerror}", where=str(path)) from error
            spool = stack.enter_context(tempfile.TemporaryFile("w+", encoding="utf-8")) if as_json else None
            yield cls(as_csv=as_csv, as_json=spool)

    def left_out(self, parsed: Iterator[NewSubscriber | Refused]) -> Iterator[NewSubscriber]:
        """Yield the people, and write down the rest."""
        from syndicate.audience.csvio import Refused, write_refused

        if self.as_csv:
            self.as_csv.write(next(write_refused(())))
        for each in parsed:
            if isinstance(each, Refused):
                self._keep(each)
            else:
                yield each

    def all(self) -> Iterator[str]:
        """Yield every refusal as JSON."""
        if self.as_json:
            self.as_json.seek(0)
            yield from (line.rstrip("\n") for line in self.as_json)

    def _keep(self, refused: Refused) -> None:
        from syndicate.audience.csvio import write_refused

        self.count += 1
        if self.count <= MOST_TOLD:
            self.first.append(refused)
        if self.as_csv:
            self.as_csv.write(list(write_refused([refused]))[1])
        if self.as_json:
            self.as_json.write(json.dumps({"line": refused.line, "why": refused.why}, ensure_ascii=False) + "\n")


def _import(
    app: App, people: Iterable[NewSubscriber], list_name: str, source: _Source, *, dry_run: bool, bars: Bars
) -> ImportReport:
    from syndicate.audience.model import ImportReport

    last = ImportReport(counts={}, examples={}, readers=0)
    rest = iter(people)
    first = list(islice(rest, 1))  # only now the header is read, and whose file it is
    add = partial(app.audience.add, dry_run=dry_run, source=source.told, keyring=app.keyring)
    for report in add(chain(first, rest), list_name, app.clock.now()):
        bars.reach("readers", sum(report.counts.values()), report.readers)
        last = report
    return last


@contextmanager
def _lines(file: Path, bars: Bars) -> Iterator[Iterable[str]]:
    """Open a CSV as text: UTF-8, or UTF-16 where its mark says so. What is neither is told by its line."""
    from syndicate.errors import AudienceError

    try:
        stream: Any = sys.stdin.buffer if str(file) == "-" else file.open("rb")
    except OSError as error:
        raise AudienceError(f"cannot be read: {error.strerror}", where=str(file)) from error
    with io.BufferedReader(stream) as binary:
        begin = binary.peek(4)[:4]
        if begin.startswith(b"PK\x03\x04"):
            raise AudienceError(
                "is a zip archive or a spreadsheet, no CSV",
                where=str(file),
                hint="unpack it and import the CSV files in it one by one, or save the spreadsheet as CSV UTF-8",
            )
        encoding, errors = ("utf-16", "replace") if begin[:2] in _UTF16 else ("utf-8", "surrogateescape")
        size = None if str(file) == "-" else file.stat().st_size
        with io.TextIOWrapper(binary, encoding=encoding, errors=errors) as text:
            yield _watched(text, binary, size, bars)


def _watched(text: IO[str], binary: BinaryIO, size: int | None, bars: Bars) -> Iterator[str]:
    """Yield the lines of a file, none longer than a line may be and one, and show how much of it is read."""
    from syndicate.audience.rows import MOST_CHARS

    number = 0
    while line := text.readline(MOST_CHARS + 1):
        rest = line
        while len(rest) > MOST_CHARS and not rest.endswith("\n"):
            rest = text.readline(MOST_CHARS + 1)
        yield line
        number += 1
        if number % LOOK_EVERY == 0:
            if size is None:
                bars.reach("lines", number)
            else:
                bars.reach("kB read", binary.tell() // 1000, size // 1000)


def _tell(report: ImportReport, list_name: str, source: _Source, refusals: _Refusals, dry_run: bool) -> None:
    if source.house and source.house.name != "plain":
        click.echo(f"{source.file} is read as a file from {source.house.name.capitalize()}", err=True)
    for each in refusals.first:
        click.echo(f"{source.file} line {each.line}: {each.why}", err=True)
    if refusals.count > MOST_TOLD:
        click.echo(f"and {refusals.count - MOST_TOLD} more lines; --refused FILE has them all", err=True)
    click.echo(_summary(report, list_name, refusals.count, dry_run), err=True)
    for line in _by_landing(report, dry_run):
        click.echo(line, err=True)
    if dry_run:
        click.echo("nothing was changed", err=True)


def _summary(report: ImportReport, list_name: str, refused: int, dry_run: bool) -> str:
    head = "would be " if dry_run else ""
    parts = [f"{report.added} {head}added to {list_name}", f"{report.already} there already"]
    if report.kept_out:
        parts.append(f"{report.kept_out} not mailed")
    if refused:
        parts.append(f"{refused} {'line' if refused == 1 else 'lines'} refused")
    return ", ".join(parts)


def _by_landing(report: ImportReport, dry_run: bool) -> Iterator[str]:
    """Yield a line for each kind of reader that is not simply added, in a dry run for all, with examples."""
    from syndicate.audience.model import OUT, Landing

    for where in Landing:
        if (number := report.counts.get(where)) and (dry_run or where in OUT):
            some = ", ".join(report.examples[where])
            more = " …" if number > len(report.examples[where]) else ""
            yield f"  {where:<13}  {number:>9,}  {some}{more}"


def _print_json(report: ImportReport, list_name: str, source: _Source, refusals: _Refusals, dry_run: bool) -> None:
    """Print the account. The refused lines may be millions, so they pass one by one."""
    head = {
        "list": list_name,
        "from": source.house.name if source.house else None,
        "dry_run": dry_run,
        "readers": report.readers,
        "added": report.added,
        "already": report.already,
        "kept_out": report.kept_out,
        "landed": {
            where: {"count": number, "examples": report.examples[where]} for where, number in report.counts.items()
        },
    }
    sys.stdout.write(json.dumps(head, ensure_ascii=False, indent=2).removesuffix("\n}") + ',\n  "refused": [')
    for number, line in enumerate(refusals.all()):
        sys.stdout.write(f"{',' if number else ''}\n    {line}")
    sys.stdout.write("\n  ]\n}\n" if refusals.count else "]\n}\n")

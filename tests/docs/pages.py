"""The documentation as the tests see it: pages, and the commands that stand in their examples."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click

from syndicate.cli import root

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = tuple(sorted((*ROOT.glob("*.md"), *DOCS.rglob("*.md"))))
DECISIONS = tuple(sorted((DOCS / "decisions").glob("*.md")))
_SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")


def text_of(page: Path | str) -> str:
    """Return a page's text; a name is that of a page in docs/."""
    return (DOCS / page if isinstance(page, str) else page).read_text(encoding="utf-8")


def name_of(page: Path) -> str:
    """Return what names a page in the id of a test."""
    return page.relative_to(ROOT).as_posix()


def commands(group: click.Command = root, path: tuple[str, ...] = ()) -> dict[str, click.Command]:
    """Return every command that does something, by what is typed after `syndicate`."""
    if not isinstance(group, click.Group):
        return {" ".join(path): group}
    context = click.Context(group)
    found: dict[str, click.Command] = {}
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        found |= commands(command, (*path, name))
    return found


def options_of(command: click.Command) -> set[str]:
    """Return the options of a command, as they are typed."""
    options = (each for each in command.params if isinstance(each, click.Option))
    return {name for each in options for name in (*each.opts, *each.secondary_opts)}


def examples(page: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the words after `syndicate` of each example, in blocks and within sentences, with its line."""
    for number, line in enumerate(text_of(page).splitlines(), start=1):
        found = [line.strip()] if line.startswith("    ") else _SPAN.findall(line)
        for each in found:
            call = re.search(r"(?:^|bin/|&& )syndicate (?!&&)(.*)", re.sub(r"\s#\s.*", "", each))
            if call and not call[1].startswith("[options]"):
                yield number, _words(call[1])


def _words(call: str) -> list[str]:
    """Return the words of an example, up to where a shell would begin another command or end a quotation."""
    text = re.split(r" (?:&&|\|) |'$", call)[0].rstrip(".,;:")
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()

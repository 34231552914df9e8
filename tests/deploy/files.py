"""The files of deploy/ as the tests see them: the image's steps, the services, the units."""

from __future__ import annotations

import configparser
import json
import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import click
from ruamel.yaml import YAML

from syndicate.cli import root

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
UNITS = tuple(sorted((DEPLOY / "systemd").iterdir()))


class Step(NamedTuple):
    """A line of the Dockerfile, those that it goes on in joined to it."""

    stage: int
    word: str
    rest: str


def steps() -> tuple[Step, ...]:
    """Return the steps of the Dockerfile in their order; stages count from 0."""
    return tuple(_steps((DEPLOY / "Dockerfile").read_text(encoding="utf-8")))


def _steps(text: str) -> Iterator[Step]:
    stage = -1
    joined = re.sub(r"\\\n\s*", "", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE))
    for line in filter(None, joined.splitlines()):
        word, _, rest = line.partition(" ")
        stage += word == "FROM"
        yield Step(stage, word, rest)


def last(word: str) -> str:
    """Return what the last step of that word says: the one that holds for the image."""
    return [step.rest for step in steps() if step.word == word][-1]


def image_command(word: str) -> list[str]:
    """Return ENTRYPOINT or CMD, each word of it."""
    found = json.loads(last(word))
    assert isinstance(found, list)
    return found


@cache
def compose() -> Any:
    """Return the compose file, its merges done."""
    return YAML(typ="safe").load(DEPLOY / "compose.yaml")


def services() -> dict[str, Any]:
    """Return every service by name."""
    found: dict[str, Any] = compose()["services"]
    return found


def ours() -> dict[str, Any]:
    """Return the services that run our image."""
    return {name: each for name, each in services().items() if each["image"] == "syndicate"}


def full_command(name: str) -> list[str]:
    """Return what a service of ours runs, from `syndicate` on."""
    return [*image_command("ENTRYPOINT"), *services()[name].get("command", image_command("CMD"))]


def health_command(name: str) -> list[str] | None:
    """Return what asks a service of ours how it is, its own question or the image's; None where nobody asks."""
    own = services()[name].get("healthcheck")
    if own and own.get("disable"):
        return None
    said = own["test"] if own else json.loads(last("HEALTHCHECK").partition("CMD ")[2])
    return [str(word) for word in said if word != "CMD"]


def unit(path: Path) -> configparser.ConfigParser:
    """Return a unit of systemd; of a key that stands twice, both values, a line each."""

    class Values(dict[str, Any]):
        def __setitem__(self, key: str, value: Any) -> None:
            if isinstance(value, list) and key in self and isinstance(self[key], list):
                self[key].extend(value)
            else:
                super().__setitem__(key, value)

    read = configparser.ConfigParser(dict_type=Values, strict=False, interpolation=None, delimiters=("=",))
    read.optionxform = str  # type: ignore[assignment, method-assign]
    read.read(path, encoding="utf-8")
    return read


def parsed(words: Sequence[str]) -> dict[str, Any]:
    """Return the options of a command line after `syndicate`, read by our own command line, which runs nothing.

    Raises click.UsageError for a command or an option that is none.
    """
    with root.make_context("syndicate", list(words)) as outer:
        found: dict[str, Any] = dict(outer.params)
        context: click.Context = outer
        rest = [*outer._protected_args, *outer.args]
        while isinstance(context.command, click.Group):
            name, command, rest = context.command.resolve_command(context, rest)
            assert command is not None
            context = command.make_context(name, rest, parent=context)
            found |= context.params
            rest = [*context._protected_args, *context.args]
        return found

"""`syndicate init`: a commented config.yaml, from a few questions or from flags."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from syndicate.errors import ConfigError

if TYPE_CHECKING:
    from syndicate.config.written import Answers


def _check(name: str, text: str) -> str:
    """Return the text if `check_…` of config/values.py takes it; click asks again, or ends, in its words."""
    from syndicate.config import values

    try:
        return str(getattr(values, f"check_{name}")(text))
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def _checked(name: str) -> Callable[[click.Context, click.Parameter, str | None], str | None]:
    return lambda _context, _parameter, value: None if value is None else _check(name, value)


@click.command(name="init")
@click.option("--sample", is_flag=True, help="Write the sample: an invented site, its feed and its readers.")
@click.option("--name", callback=_checked("line"), help="The site's name.")
@click.option("--url", callback=_checked("url"), help="The site's address.")
@click.option("--feed", callback=_checked("feed_source"), help="The address of its feed.")
@click.option("--from", "sender", callback=_checked("sender"), help="The address that letters come from.")
@click.option("--editor", callback=_checked("address"), help="Your own address: alerts, and readers who want to leave.")
@click.option("--timezone", callback=_checked("zone"), help="The IANA time zone of the site's hours.")
@click.option("--language", callback=_checked("language"), default="en", show_default=True, help="The site's language.")
@click.option(
    "--list",
    "list_key",
    callback=_checked("slug"),
    default="readers",
    show_default=True,
    help="The list's name.",
)
@click.pass_context
def command(context: click.Context, /, sample: bool, **given: str | None) -> None:
    """Write a commented config.yaml; an existing one is left alone."""
    from syndicate.config.written import SAMPLE, render_config

    path: Path = context.obj.config_path
    _refuse_existing(path)
    if sample:
        write_new(path, render_config(SAMPLE).encode())
        people = _write_readers(path)
        joined = _join_readers(path, SAMPLE.list_key)
        _tell(path, *([] if joined else [f"subscribers import {people} --list {SAMPLE.list_key}"]), "run --once")
    else:
        try:
            answers = _answers(given)
        except click.Abort:
            click.echo(f"\n{path} was not written", err=True)
            raise
        write_new(path, render_config(answers).encode())
        _tell(path, "config check", "run --once")


def _refuse_existing(path: Path) -> None:
    if path.exists() or path.is_symlink():
        raise ConfigError(
            "is there already, and is left as it is",
            where=str(path),
            hint="move it away, or name another with --config",
        )


def write_new(path: Path, body: bytes) -> None:
    """Write a file that is not there yet. Raises ConfigError where it is, or cannot be made."""
    try:
        with path.open("xb") as stream:
            stream.write(body)
    except FileExistsError:
        _refuse_existing(path)
    except OSError as error:
        raise ConfigError(f"cannot be written: {error.strerror}", where=str(path)) from error


def _write_readers(config_path: Path) -> Path:
    """Write the sample's readers beside the config unless a file of that name is there; return its path."""
    from syndicate.sample import readers_csv

    path = config_path.with_name("readers.csv")
    if not path.exists():
        write_new(path, readers_csv())
    return path


def _join_readers(config_path: Path, list_key: str) -> bool:
    """Put the sample's readers on its list, so that the first run writes to somebody; return whether it was done.

    Not where a database is there already: whoever is on its lists is no sample.
    """
    from syndicate.app import open_app
    from syndicate.audience.csvio import parse_subscribers
    from syndicate.audience.model import NewSubscriber
    from syndicate.config import load_config
    from syndicate.sample import readers_csv

    if config_path.with_name("syndicate.db").exists():
        return False
    readers = [
        each
        for each in parse_subscribers(readers_csv().decode().splitlines(keepends=True))
        if isinstance(each, NewSubscriber)
    ]
    with open_app(load_config(config_path, {})) as app:
        list(app.audience.add(readers, list_key, app.clock.now()))
    click.echo(f"{len(readers)} invented readers are on the list {list_key}", err=True)
    return True


def _answers(given: dict[str, str | None]) -> Answers:
    from syndicate.config.written import Answers

    name = _asked(given, "name", "The site's name", "line")
    url = _asked(given, "url", "Its address", "url")
    feed = _asked(given, "feed", "The address of its feed", "feed_source")
    host = (urlsplit(url).hostname or "").removeprefix("www.")
    sender = _asked(given, "sender", "Letters come from", "sender", f"news@{host}")
    editor = given["editor"]
    if _somebody_is_there():
        editor = _asked(given, "editor", "Your own address, for alerts and goodbyes", "address")
    return Answers(
        name=name,
        url=url,
        feed=feed,
        sender=sender if "<" in sender else f"{_phrase(name)} <{sender}>",
        editor=editor,
        timezone=_asked(given, "timezone", "Its time zone", "zone", _local_zone()),
        language=given["language"] or "en",
        list_key=given["list_key"] or "readers",
    )


def _asked(given: dict[str, str | None], key: str, question: str, kind: str, default: str | None = None) -> str:
    """Return the flag's value, else the person's answer; raises where nobody can be asked."""
    if value := given[key]:
        return value
    if _somebody_is_there():
        return str(click.prompt(question, default=default, value_proc=partial(_check, kind), err=True))
    if default:
        return default
    raise ConfigError(
        f"--{key} is missing, and there is nobody to ask",
        hint='syndicate init --name "My Site" --url https://… --feed https://…, or syndicate init --sample',
    )


def _somebody_is_there() -> bool:
    return sys.stdin.isatty()


def _phrase(name: str) -> str:
    """Return a name as it may stand before an address: in quotes where a header would misread it."""
    from syndicate.config.values import check_sender

    try:
        check_sender(f"{name} <a@b.example>")
    except ValueError:
        return '"' + name.replace("\\", "").replace('"', "'") + '"'
    return name


def _local_zone() -> str:
    import tzlocal

    from syndicate.config.values import check_zone

    try:
        return check_zone(tzlocal.get_localzone_name())
    except Exception:  # noqa: BLE001 (whatever this machine's clock is set to, UTC is right somewhere)
        return "UTC"


def _tell(path: Path, *commands: str) -> None:
    option = "" if path == Path("config.yaml") else f"--config {path} "
    click.echo(f"wrote {path}; next:", err=True)
    for line in commands:
        click.echo(f"  syndicate {option}{line}")

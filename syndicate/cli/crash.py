"""What a person is told where we did not think of something: what the machine refused, or a fault of ours."""

from __future__ import annotations

import errno
import logging
import sys
import traceback

import click

from syndicate.cli.terminal import give_up

MOST_CHARS = 300
EXIT_CODE = 3


def tell_crash(error: Exception) -> int:
    """Say on stderr what happened and what to do, with the traceback where -vv asked for all; return the exit code."""
    if logging.getLogger("syndicate").level == logging.DEBUG:
        click.echo("".join(traceback.format_exception(error)), err=True)
    told = _refusal(error) if isinstance(error, OSError) and error.errno is not None else _fault(error)
    if isinstance(error, OSError) and error.errno == errno.ENOSPC and error.filename is None:
        give_up(sys.stdout)  # it may be stdout's own disk that is full; its end must not fail once more
    click.echo(f"syndicate: {told}", err=True)
    return EXIT_CODE


def _refusal(error: OSError) -> str:
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror or error}\n  try: the same again, once this is mended; -vv tells where it happened"


def _fault(error: Exception) -> str:
    first = (str(error).strip().splitlines() or [""])[0][:MOST_CHARS]
    return (
        f"this is a fault of ours, please report it: {type(error).__name__}: {first}\n"
        "  try: the same command as `syndicate -vv …`; what it prints then belongs into the report"
    )

"""The command line: `syndicate NOUN VERB`. Each noun is a module of this folder, loaded when it is called.

Commands parse, call `pipeline/` or `store/` through `app.py`, and print: data on stdout, the story on stderr.
Errors of the domain are translated here, once: exit 0 done, 1 partly done, 2 your input or config, 3 ours.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from syndicate import __version__
from syndicate.errors import SyndicateError

if TYPE_CHECKING:
    from pathlib import Path

# Every import of this module is paid for by `syndicate --help`: no dataclasses, no pathlib (benchmarks/start.py).

COMMANDS: Mapping[str, tuple[str, str]] = {
    "init": ("init", "Write a commented config.yaml from a few questions."),
    "config": ("config", "Check config.yaml, or show what holds."),
    "feeds": ("feeds", "Read a feed, see the health of each, close the novelty breaker."),
    "poll": ("feeds:poll", "Fetch what is due, record it, plan statuses."),
    "reviews": ("reviews", "See, hold, release and edit reviews."),
    "issues": ("issues", "Build, preview, send and stop issues."),
    "archive": ("archive", "Write the issues that were sent as a static site."),
    "statuses": ("statuses", "See, retry and measure statuses."),
    "deliveries": ("deliveries", "See, retry and resolve what goes to whom."),
    "relays": ("relays", "See the relays: quotas, rests; end a rest."),
    "lists": ("lists", "See the mailing lists."),
    "subscribers": ("subscribers", "Keep the people of the lists."),
    "bounces": ("bounces", "Read, poll and import the mail that comes back."),
    "accounts": ("accounts", "Check the Mastodon accounts."),
    "preview": ("preview", "Serve the next issue and statuses on this machine."),
    "run": ("run", "Run the clock and the work, and serve the readers' pages."),
    "worker": ("worker", "Take jobs of a cluster and do them."),
    "cluster": ("cluster", "Make the workers' queue, and see how they are."),
    "web": ("web", "Serve the readers' pages alone."),
    "pause": ("run:pause", "Let nothing leave; polling goes on."),
    "resume": ("run:resume", "Let things leave again."),
    "store": ("store", "Copy the database, back it up, or accept a restored one."),
}
"""Each command, the module (and name in it, else `command`) where it is made, and its line of help.

The lines stand here so that `syndicate --help` loads none of the modules.
"""


class Setup(NamedTuple):
    """What the root options said."""

    config_path: Path


class _LazyGroup(click.Group):
    """A group that imports a command's module when the command is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        loaded = getattr(import_module(f"syndicate.cli.{module}"), attribute or "command")
        assert isinstance(loaded, click.Command)
        return loaded

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "-c",
    "--config",
    "config_path",
    type=click.Path(dir_okay=False),
    default="config.yaml",
    envvar="SYNDICATE_CONFIG",
    show_envvar=True,
    show_default=True,
    help="The configuration.",
)
@click.option("-v", "--verbose", count=True, help="Tell more; twice tells all.")
@click.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    default="text",
    envvar="SYNDICATE_LOG_FORMAT",
    show_envvar=True,
    help="How events are written on stderr.",
)
@click.version_option(__version__, prog_name="syndicate")
@click.pass_context
def root(context: click.Context, config_path: str, verbose: int, log_format: str) -> None:
    """Carry a film-review site's reviews to its readers: a weekly email issue, Mastodon statuses, a preview."""
    from pathlib import Path

    from syndicate import log

    log.configure(as_json=log_format == "json", verbosity=verbose)
    context.obj = Setup(config_path=Path(config_path))


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and end the process with its exit code."""
    from syndicate.cli.terminal import tamed_streams

    with tamed_streams():
        code = _run(arguments)
    sys.exit(code if isinstance(code, int) else 0)


def _run(arguments: list[str] | None) -> Any:
    """Return what the command returned, an exit code or nothing; whatever goes wrong is told, and has a code."""
    try:
        code = root.main(args=arguments, prog_name="syndicate", standalone_mode=False)
        sys.stdout.flush()  # a full disk shows here, and not after the exit code is given
        return code
    except click.exceptions.Abort:
        return 130
    except click.ClickException as error:
        error.show()
        return 2
    except SyndicateError as error:
        click.echo(f"syndicate: {error}", err=True)
        return error.exit_code
    except Exception as error:  # noqa: BLE001 (what is caught nowhere else is told to a person here, and ends us)
        from syndicate.cli.crash import tell_crash

        return tell_crash(error)

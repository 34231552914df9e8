"""`syndicate feeds` and `syndicate poll`: what a feed says, and how each one does."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from syndicate.cli.context import as_json_option, cut, opened, print_json, print_table, when

if TYPE_CHECKING:
    from syndicate.config import Config
    from syndicate.feeds.model import Feed, Fetched


@click.group(name="feeds")
def command() -> None:
    """Read a feed, see the health of each, close the novelty breaker."""


@command.command()
@click.argument("source")
@click.option("--url", help="The address to resolve relative links against, where SOURCE is a file or -.")
@as_json_option
@click.pass_context
def read(context: click.Context, source: str, url: str | None, as_json: bool) -> None:
    """Tell what we understand of a feed: an address, a file, or - for stdin. It touches no state."""
    from syndicate.feeds.parse import parse_feed

    config = _config_if_there(context)
    fetched = _fetch(config, source)
    document = parse_feed(fetched.body, url=url or fetched.url, content_type=fetched.content_type)
    report = _report(document, config)
    if as_json:
        print_json(report)
    else:
        _print_report(report)


@command.command(name="list")
@as_json_option
@click.pass_context
def list_(context: click.Context, as_json: bool) -> None:
    """List the feeds with the health of each."""
    with opened(context) as app:
        healths = [app.feeds.health(name, app.config.feed_source(name)) for name in app.config.feeds]
        if as_json:
            print_json(healths)
            return
        rows = [
            [
                each.name,
                "failing" if each.failing_since else each.held or ("fine" if each.parsed else "not read yet"),
                when(each.succeeded, app),
                cut(each.error or each.title, 60),
            ]
            for each in healths
        ]
    print_table(["feed", "health", "last read", ""], rows, none="config.yaml has no feeds")


@command.command()
@click.argument("name")
@click.option("--as-history", "choice", flag_value="history", help="Record what is held; announce only what is newer.")
@click.option("--as-new", "choice", flag_value="new", help="Announce everything that is held.")
@click.pass_context
def accept(context: click.Context, name: str, choice: str | None) -> None:
    """Let a feed go on whose entries are held, because many old ones were suddenly new."""
    from syndicate.errors import ConfigError
    from syndicate.pipeline import accept as accept_feed

    if choice is None:
        raise ConfigError("as what?", hint=f"syndicate feeds accept {name} --as-history, or --as-new")
    with opened(context) as app:
        old, new = accept_feed(app, name, as_new=choice == "new")
    click.echo(f"{name}: {old} recorded as history, {new} announced", err=True)


@click.command(name="poll")
@click.argument("name", required=False)
@click.option("--backfill", type=click.IntRange(1, 1000), help="Announce the newest N of the history too.")
@as_json_option
@click.pass_context
def poll(context: click.Context, name: str | None, backfill: int | None, as_json: bool) -> None:
    """Fetch a feed, or every feed that is due; record what is new and plan its statuses. Nothing is sent."""
    from syndicate.cli.story import tell_poll
    from syndicate.pipeline import announce, poll_due
    from syndicate.pipeline import poll as poll_one

    with opened(context) as app:
        names = [name] if name else (list(app.config.feeds) if backfill else None)
        polled = poll_due(app) if names is None else tuple(poll_one(app, each, backfill=backfill) for each in names)
        announce(app)
    if as_json:
        print_json(polled)
    for each in polled:
        click.echo(tell_poll(each), err=True)
        for warning in each.warnings:
            click.echo(f"  warning: {warning}", err=True)
    if not polled:
        click.echo("no feed is due; to poll one all the same: syndicate poll NAME", err=True)
    context.exit(1 if any(each.error for each in polled) else 0)


def _config_if_there(context: click.Context) -> Config | None:
    """Return the config for its title rules and limits; reading a feed needs none."""
    from syndicate.cli.context import load

    return load(context) if context.obj.config_path.is_file() else None


def _fetch(config: Config | None, source: str) -> Fetched:
    from syndicate.app import http_fetcher
    from syndicate.errors import FeedError
    from syndicate.feeds.model import NotModified

    if source == "-":
        return _stdin(config.http.max_bytes if config else 20_000_000)
    fetched = http_fetcher(config).fetch(source)
    if isinstance(fetched, NotModified):
        raise FeedError("the server says that nothing changed, though it was asked for everything", where=source)
    return fetched


def _stdin(max_bytes: int) -> Fetched:
    from syndicate.feeds.model import Fetched, Validators
    from syndicate.feeds.unpack import refuse_size, unpack_file

    body = sys.stdin.buffer.read(max_bytes + 1)
    if len(body) > max_bytes:
        refuse_size(max_bytes, "stdin")
    body = unpack_file(body, max_bytes=max_bytes, where="stdin")
    return Fetched(url="stdin", body=body, content_type=None, validators=Validators())


def _report(document: Feed, config: Config | None) -> dict[str, object]:
    from syndicate.pipeline.poll import title_rules
    from syndicate.reviews.extract import read_entry
    from syndicate.reviews.report import describe
    from syndicate.reviews.titles import BLOG_RULES

    feeds = list(config.feeds.values()) if config else []
    rules = title_rules(feeds[0]) if len(feeds) == 1 else BLOG_RULES
    names = (document.title, *((config.site.name,) if config else ()))
    return {
        "feed": {"title": document.title, "url": document.url, "hub": document.hub, "next": document.next},
        "warnings": list(document.warnings),
        "entries": [describe(each, read_entry(each, titles=rules, site_names=names)) for each in document.entries],
    }


def _print_report(report: dict[str, object]) -> None:
    feed, entries, warnings = report["feed"], report["entries"], report["warnings"]
    assert isinstance(feed, dict)
    assert isinstance(entries, list)
    assert isinstance(warnings, list)
    click.echo(f"{feed['title']}\n{feed['url']}\n")
    for entry in entries:
        click.echo(f"{(entry['published'] or '-')[:10]:10}  {entry['kind']:11}  {entry['title']}")
        click.echo(f"{'':25}{_in_a_line(entry)}")
    for warning in warnings:
        click.echo(f"warning: {warning}", err=True)


def _in_a_line(entry: dict[str, object]) -> str:
    review = entry["review"]
    if not isinstance(review, dict):
        return str(entry["why"])
    film, people = review["film"], review["reviewers"]
    year = f" ({film['year']})" if film["year"] else ""
    by = f", by {' and '.join(people)}" if people else ""
    return cut(f"{film['title']}{year}{by}: {review['standfirst'] or review['excerpt'] or entry['why']}", 100)

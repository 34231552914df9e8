"""`syndicate reviews`: see, hold, release and edit reviews."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from syndicate.cli.context import ROW, as_json_option, cut, opened, print_json, print_table, when

if TYPE_CHECKING:
    from syndicate.app import App
    from syndicate.store.entries import StoredEntry


@click.group(name="reviews")
def command() -> None:
    """See, hold, release and edit reviews."""


@command.command(name="list")
@click.option("--feed", help="Only this feed's.")
@click.option("--state", type=click.Choice(["history", "held", "ready", "ignored"]), help="Only those that stand so.")
@click.option("--limit", type=click.IntRange(1, 1_000_000), default=50, show_default=True, help="At most so many.")
@as_json_option
@click.pass_context
def list_(context: click.Context, feed: str | None, state: str | None, limit: int, as_json: bool) -> None:
    """List what was seen, newest first: what became of each entry, and why."""
    from syndicate.reviews.admission import EntryState

    with opened(context) as app:
        found = app.entries.listed(feed=feed, state=EntryState(state) if state else None, limit=limit)
        if as_json:
            print_json([_summary(each) for each in found])
            return
        rows = [
            [each.id, when(each.published, app), each.state, cut(each.reason, 40) or "-", cut(each.title, 60)]
            for each in found
        ]
    none = "no such review" if feed or state else "nothing was seen yet; try: syndicate poll"
    print_table(["id", "published", "state", "why", "title"], rows, none=none)


@command.command()
@click.argument("number", type=ROW, metavar="ID")
@as_json_option
@click.pass_context
def show(context: click.Context, number: int, as_json: bool) -> None:
    """Show a review: what was understood, what was edited, and where it went."""
    with opened(context) as app:
        entry = app.entries.get(number)
        whole = _whole(app, entry)
        if as_json:
            print_json(whole)
        else:
            _print_entry(app, entry, whole)


@command.command()
@click.argument("number", type=ROW, metavar="ID")
@click.pass_context
def hold(context: click.Context, number: int) -> None:
    """Leave a review out of issues and statuses until it is released."""
    with opened(context) as app:
        entry = app.entries.hold(number)
    click.echo(f"{entry.title}: held until `syndicate reviews release {number}`", err=True)


@command.command()
@click.argument("number", type=ROW, metavar="ID")
@click.pass_context
def release(context: click.Context, number: int) -> None:
    """Announce a review, whatever held it; its age counts from now."""
    with opened(context) as app:
        entry = app.entries.release(number, app.clock.now())
    click.echo(f"{entry.title}: announced; it goes into the next issue and statuses", err=True)


@command.command()
@click.argument("number", type=ROW, metavar="ID")
@click.option("--film", help="The film's title.")
@click.option("--year", help="Its year; empty for none.")
@click.option("--rating", help='With its scale: "3.5/5", "★★★½", "B+", or "none".')
@click.option("--excerpt", help="The text of letter and status.")
@click.option("--alt", help="What the picture shows.")
@click.option("--cw", help="The content warning of its statuses; empty for none.")
@as_json_option
@click.pass_context
def edit(context: click.Context, /, number: int, as_json: bool, **fields: str | None) -> None:
    """Correct what we understood of a review. It wins over every later poll."""
    from syndicate.errors import ConfigError
    from syndicate.reviews.edits import check_edits

    edits = {name: value for name, value in fields.items() if value is not None}
    if not edits:
        raise ConfigError("nothing to edit", hint=f'syndicate reviews edit {number} --film "…"')
    check_edits(edits)
    with opened(context) as app:
        entry = app.entries.edit(number, edits)
        if as_json:
            print_json(_whole(app, entry))
            return
    click.echo(f"{entry.title}: edited {', '.join(edits)}", err=True)


def _summary(entry: StoredEntry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "feed": entry.feed,
        "title": entry.title,
        "link": entry.link,
        "published": entry.published,
        "kind": entry.reading.kind,
        "why": entry.reading.why,
        "state": entry.state,
        "reason": entry.reason,
    }


def _whole(app: App, entry: StoredEntry) -> dict[str, Any]:
    published = entry.published_review()
    return {
        **_summary(entry),
        "labels": entry.labels,
        "review": published.review,
        "image": published.image,
        "edits": entry.edits,
        "issues": [
            {"id": each.id, "digest": each.digest, "number": each.number, "state": each.state}
            for each in app.issues.issues_of_review(entry.id)
        ],
        "statuses": [
            {"id": each.id, "account": each.account, "state": each.state, "url": each.remote_url, "reply": each.reply}
            for each in app.statuses.listed(entry=entry.id)
        ],
    }


def _print_entry(app: App, entry: StoredEntry, whole: dict[str, Any]) -> None:
    review = entry.published_review().review
    year = f" ({review.film.year})" if review.film.year else ""
    lines = {
        "film": f"{review.film.title}{year}",
        "strand": review.strand,
        "rating": _rating(entry),
        "by": ", ".join(review.reviewers),
        "directed by": ", ".join(review.directors),
        "starring": ", ".join(review.cast),
        "standfirst": review.standfirst,
        "excerpt": review.excerpt,
        "link": entry.link,
        "published": when(entry.published, app),
        "state": f"{entry.state}{f' ({entry.reason})' if entry.reason else ''}",
        "why": entry.reading.why,
        "edited": ", ".join(entry.edits),
    }
    for name, value in lines.items():
        if value:
            click.echo(f"{name:12} {value}")
    for issue in whole["issues"]:
        click.echo(f"{'issue':12} {issue['number']} of {issue['digest']}: {issue['state']}")
    for status in whole["statuses"]:
        told = status["url"] or status["reply"] or ""
        click.echo(f"{'status':12} on {status['account']}: {status['state']} {told}".rstrip())


def _rating(entry: StoredEntry) -> str | None:
    from syndicate.reviews.ratings import format_rating

    rating = entry.published_review().review.rating
    return format_rating(rating) if rating else None

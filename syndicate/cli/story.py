"""What a beat did, in a few lines for a person."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from syndicate.delivery.model import DeliveryState

if TYPE_CHECKING:
    from collections import Counter

    from syndicate.app import App
    from syndicate.pipeline import Polled, Published, Tick

ENDED_EARLY = "ended early; what was on a wire is recorded, and the next run goes on from there"


def tell_tick(app: App, tick: Tick) -> Iterator[str]:
    """Yield a line for each thing that happened, or one that says that nothing is new."""
    lines = [
        *_tell_readers(tick),
        *(tell_poll(each) for each in tick.polled if not _is_quiet(each)),
        *(tell_issue(each) for each in tick.published),
        *_tell_deliveries(tick),
    ]
    yield from lines or ["nothing is new"]
    if tick.delivered.paused:
        yield "paused: nothing leaves until `syndicate resume`"
    for fault in tick.faults:
        yield f"stopped: {fault}"
    for incident in app.incidents.open_ones():
        yield f"open since {incident.opened:%Y-%m-%d %H:%M} UTC: {incident.text.splitlines()[0]}"


def tell_poll(polled: Polled) -> str:
    """Return one line on a poll."""
    if polled.error:
        return f"feed {polled.feed}: failed, nothing changed: {polled.error}"
    if polled.unchanged:
        return f"feed {polled.feed}: unchanged{_announced(polled)}"
    first = "first run, " if polled.first_run else ""
    held = f"; held ({polled.held}): syndicate feeds accept {polled.feed} --as-history|--as-new" if polled.held else ""
    warnings = f"; {counted(len(polled.warnings), 'warning', 'warnings')}" if polled.warnings else ""
    what = f"{counted(polled.entries, 'entry', 'entries')}, {polled.new} new, {polled.changed} changed"
    return f"feed {polled.feed}: {first}{what}{_announced(polled)}{warnings}{held}"


def tell_issue(published: Published) -> str:
    """Return one line on an issue."""
    if published.error:
        return f"issue of {published.digest}: refused: {published.error}"
    if published.skipped:
        return f"issue of {published.digest}: skipped, {published.skipped}"
    reviews = counted(published.reviews, "review", "reviews")
    if published.waits:
        how = f"syndicate issues approve {published.issue}"
        return f"issue of {published.digest}: {reviews}, “{published.subject}”; it waits for you: {how}"
    return f"issue {published.number} of {published.digest}: {reviews}, “{published.subject}”"


def tell_waiting(app: App) -> str:
    """Return why letters of an issue are still to go, and what lets them."""
    if app.stop.is_set():
        return ENDED_EARLY
    if app.paused():
        return "paused: what is still to go leaves after `syndicate resume`"
    return "what is still to go leaves by itself while `syndicate run` runs; syndicate relays list says when"


def tell_open(app: App, digest: str) -> Iterator[str]:
    """Yield a line for each issue of a digest that is not sent yet."""
    from syndicate.cli.context import when
    from syndicate.compose.model import IssueState

    for issue in app.issues.listed(states=(IssueState.FROZEN, IssueState.SENDING)):
        if issue.digest == digest and issue.state is IssueState.FROZEN and issue.period > app.clock.now():
            yield f"issue {issue.number} is approved, and leaves {when(issue.period, app)}"
        elif issue.digest == digest:
            yield f"issue {issue.number} is not all sent yet: `syndicate run --once` goes on with it"


def tell_tally(what: str, tally: Counter[DeliveryState]) -> str:
    """Return one line on what became of letters or statuses, always in the same order."""
    found = (f"{tally[state]:,} {state.value.replace('_', ' ')}" for state in DeliveryState if tally[state])
    return f"{what}: {', '.join(found)}"


def _tell_deliveries(tick: Tick) -> Iterator[str]:
    if tick.delivered.in_doubt:
        yield f"in doubt after a crash: {tick.delivered.in_doubt}"
    did = tick.delivered
    for what, tally in (("notices", did.notices), ("letters", did.letters), ("statuses", did.statuses)):
        if tally:
            yield tell_tally(what, tally)


def _tell_readers(tick: Tick) -> Iterator[str]:
    if tick.looked and tick.looked.read:
        done = ", ".join(f"{number} {action}" for action, number in tick.looked.actions.items())
        yield f"return mailbox: {counted(tick.looked.read, 'message', 'messages')}: {done}"
    if tick.expired:
        yield f"{counted(tick.expired, 'request', 'requests')} to join expired"


def _announced(polled: Polled) -> str:
    return f", {polled.announced} announced" if polled.announced else ""


def _is_quiet(polled: Polled) -> bool:
    """Return whether a poll found nothing worth a line."""
    return polled.error is None and polled.held is None and not (polled.new or polled.changed or polled.announced)


def counted(number: int, one: str, many: str) -> str:
    """Return a number with its noun."""
    return f"{number} {one if number == 1 else many}"

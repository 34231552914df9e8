"""publish_singles: a letter for each review that waits for its own, in digests with `every: review`."""

from __future__ import annotations

from syndicate.app import App
from syndicate.errors import LintError, TemplateError
from syndicate.pipeline.draft import letters_due
from syndicate.pipeline.publish import Published, publish
from syndicate.pipeline.singles import begin
from syndicate.pipeline.tell import alert, recovered


def publish_singles(app: App) -> tuple[Published, ...]:
    """Freeze a letter for each review that was announced, the oldest first, and plan it; a fault of one stops no other.

    Whoever else does so at this moment: no review gets two letters of a digest.
    """
    begin(app)
    return tuple(each for name in app.config.digests for each in _of_digest(app, name))


def _of_digest(app: App, name: str) -> list[Published]:
    done = [_one(app, name, review) for review in letters_due(app, name)]
    _close_held(app, name)
    return [each for each in done if each.issue or each.error]


def _one(app: App, name: str, review: int) -> Published:
    try:
        return publish(app, name, among=(review,))
    except LintError as error:
        alert(app, f"lint:{name}:{review}", _held_text(app, name, review, error))
        return Published(digest=name, period=app.clock.now(), error=str(error))
    except TemplateError as error:
        alert(app, f"issue:{name}", f"a letter of {name} was not published: {error}")
        return Published(digest=name, period=app.clock.now(), error=str(error))


def _close_held(app: App, name: str) -> None:
    """Close the incidents of letters that wait no more: they went, or their reviews are held or too old."""
    waiting = {f"lint:{name}:{review}" for review in letters_due(app, name)}
    for incident in app.incidents.open_ones():
        if incident.name.startswith(f"lint:{name}:") and incident.name not in waiting:
            recovered(app, incident.name)


def _held_text(app: App, name: str, review: int, error: LintError) -> str:
    days = app.config.digests[name].max_age.total_seconds() / 86_400
    return (
        f"a letter of {name} is held, for it has errors: review {review}\n\n{error}\n\n"
        f"It is looked at again at every beat until the review is {days:g} days old, and goes out once it is mended. "
        f"To have it announced nowhere: syndicate reviews hold {review}"
    )

"""tick: do what is due now, of everything. `syndicate run` calls it at every beat; cron may call it too."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from syndicate.app import App
from syndicate.errors import SyndicateError
from syndicate.log import event
from syndicate.pipeline.announce import announce
from syndicate.pipeline.approval import ask_due
from syndicate.pipeline.deliver import Delivered, Progress, deliver
from syndicate.pipeline.joining import expire_requests
from syndicate.pipeline.mailbox import Looked, returns_due
from syndicate.pipeline.poll import Polled, poll_due
from syndicate.pipeline.publish import Published, publish_due
from syndicate.pipeline.publish_singles import publish_singles
from syndicate.pipeline.singles import begin
from syndicate.pipeline.tell import tell


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """What one beat did."""

    polled: tuple[Polled, ...]
    announced: int
    published: tuple[Published, ...]
    delivered: Delivered
    looked: Looked | None = None
    """What the return mailbox held; None where it was not its time, or there is none."""
    expired: int = 0
    """Requests to join that nobody confirmed in time."""
    faults: tuple[SyndicateError, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Return whether everything that was due was done."""
        failed = any(each.error for each in self.polled) or any(each.error for each in self.published)
        return not failed and not self.faults and not self.delivered.has_failures


def tick(app: App, *, progress: Progress = lambda *_: None) -> Tick:
    """Read what came back, poll, announce, publish, deliver and tell what is due.

    What came back is first, so that no letter goes to whom it took off. A fault of one keeps no other from its turn.
    """
    looked = returns_due(app)
    expired = expire_requests(app) if app.config.web.public_url else 0
    begin(app)
    polled = poll_due(app)
    announced = announce(app)
    published = (*publish_due(app), *publish_singles(app), *ask_due(app))
    faults = [looked.fault] if looked and looked.fault else []
    delivered = Delivered()
    try:
        delivered = deliver(app, progress=progress)
    except SyndicateError as error:
        faults.append(error)
        event("delivery-stopped", level=logging.ERROR, because=error.what)
    tell(app)
    return Tick(
        polled=polled,
        announced=announced,
        published=published,
        delivered=delivered,
        looked=looked,
        expired=expired,
        faults=(*faults, *delivered.faults),
    )

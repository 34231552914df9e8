"""tick: do what is due now, of everything. `syndicate run` calls it at every beat; cron may call it too."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from syndicate.app import App
from syndicate.delivery.model import DeliveryState
from syndicate.errors import SyndicateError
from syndicate.log import event
from syndicate.pipeline.announce import announce
from syndicate.pipeline.deliver import Delivered, deliver
from syndicate.pipeline.poll import Polled, poll_due
from syndicate.pipeline.publish import Published, publish_due
from syndicate.pipeline.tell import tell


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """What one beat did."""

    polled: tuple[Polled, ...]
    announced: int
    published: tuple[Published, ...]
    delivered: Delivered
    faults: tuple[SyndicateError, ...]

    @property
    def is_whole(self) -> bool:
        """Return whether everything that was due was done."""
        failed = any(each.error for each in self.polled) or any(each.error for each in self.published)
        return not failed and not self.faults and not self.delivered.has_failures


def tick(app: App, *, progress: Callable[[str, DeliveryState], None] = lambda *_: None) -> Tick:
    """Poll, announce, publish, deliver and tell what is due. A fault of one keeps no other from its turn."""
    polled = poll_due(app)
    announced = announce(app)
    published = publish_due(app)
    faults: list[SyndicateError] = []
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
        faults=(*faults, *delivered.faults),
    )

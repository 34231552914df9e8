"""Work shared by many workers: a beat leaves what is due as jobs, and whoever is free takes them.

    a clock beats ──► work.due ──► ClusterQueue.defer ──► procrastinate_jobs ──► a worker ──► work.do
    an issue is frozen, a status planned ──► the same, in the transaction that plans them

Any number of clocks and workers may run, on any number of machines.
"""

from __future__ import annotations

import logging
from collections import Counter

from syndicate.app import App
from syndicate.delivery.model import DeliveryState
from syndicate.engine import schema, work
from syndicate.engine.status import cluster_status
from syndicate.log import event
from syndicate.pipeline.deliver import Delivered, Progress
from syndicate.store.issues import StoredIssue

LOOK_SECONDS = 0.25
"""How often whoever waits for the workers looks how far they are."""
MOVING = (DeliveryState.PLANNED, DeliveryState.SENDING)


class ClusterEngine:
    """Leaves the work to workers (`engine.Engine`)."""

    is_shared = True

    def check(self, app: App) -> None:
        """Raise StoreError where the database has no queue, or another version's."""
        schema.check(app.database)

    def beat(self, app: App, progress: Progress) -> None:  # noqa: ARG002  (nothing is done here)
        """Leave what is due as jobs."""
        app.queue.defer(tuple(work.due(app)))

    def deliver(self, app: App, progress: Progress) -> Delivered:
        """Watch the workers deliver every issue that is open now; being stopped ends the watching, not their work."""
        app.queue.defer(tuple(work.due(app)))
        if not cluster_status(app.database).workers:
            event("no-worker", level=logging.WARNING, because="nothing moves before one runs: syndicate worker")
        letters: Counter[DeliveryState] = Counter()
        for issue in app.issues.to_deliver(app.clock.now()):
            letters += _watch(app, issue, progress)
        return Delivered(letters=letters, paused=app.paused())


def _watch(app: App, issue: StoredIssue, progress: Progress) -> Counter[DeliveryState]:
    """Return where the letters of an issue stand once none moves any more, or we are asked to end."""
    while True:
        tally = Counter(app.deliveries.counts(issue.id))
        there = Counter({state: number for state, number in tally.items() if state not in MOVING})
        progress(f"issue {issue.number} of {issue.digest}", there, tally.total())
        if tally == there or app.paused() or app.stop.wait(LOOK_SECONDS):
            return there

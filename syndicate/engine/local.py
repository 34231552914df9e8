"""One process that does all the work itself: the engine of a small machine."""

from __future__ import annotations

from syndicate.app import App
from syndicate.pipeline.deliver import Delivered, Progress, deliver
from syndicate.pipeline.tick import Tick, tick


class LocalEngine:
    """Does here and now what is due (`engine.Engine`)."""

    is_shared = False

    def check(self, app: App) -> None:
        """Need nothing."""

    def beat(self, app: App, progress: Progress) -> Tick:
        """Do what is due, of everything."""
        return tick(app, progress=progress)

    def deliver(self, app: App, progress: Progress) -> Delivered:
        """Deliver what is due, as the one sender."""
        return deliver(app, progress=progress)

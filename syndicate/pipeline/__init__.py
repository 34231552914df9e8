"""The product in five functions: they alone change the world, and every face calls them.

    poll       fetch a feed, record what is new, announce what has settled
    announce   plan a status for each announced review and account
    publish    freeze the issue of a period and plan its letters, or skip it with a reason
    deliver    hand what is planned to the channels, and record what came of it
    tell       tell the editor what went wrong, and what is well again

`tick` does what is due of all five, in that order; `syndicate run` calls it at every beat of the clock.
`accept` and `accept_restore` let go on what waits for a person.
Each may be called at any time, twice, or by two processes at once: what is done already is not done again.
"""

from syndicate.pipeline.accept import accept, accept_restore, looks_restored
from syndicate.pipeline.announce import announce
from syndicate.pipeline.deliver import deliver
from syndicate.pipeline.draft import Draft, draft
from syndicate.pipeline.poll import Polled, poll, poll_due
from syndicate.pipeline.publish import Published, publish, publish_due
from syndicate.pipeline.tell import alert, recovered, tell
from syndicate.pipeline.tick import Tick, tick

__all__ = [
    "Draft",
    "Polled",
    "Published",
    "Tick",
    "accept",
    "accept_restore",
    "alert",
    "announce",
    "deliver",
    "draft",
    "looks_restored",
    "poll",
    "poll_due",
    "publish",
    "publish_due",
    "recovered",
    "tell",
    "tick",
]

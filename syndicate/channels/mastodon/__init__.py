"""Statuses on Mastodon, and on the servers that speak its API.

wire      Mastodon.py behind four calls, with every fault told as what it means for us
server    what an instance is and takes: its software, its limits
pictures  a poster made to fit those limits
doubt     where a status may have arrived: how it is looked for, and what follows
channel   the protocol: look, picture, post, check what came back
account   `syndicate accounts check`
"""

from syndicate.channels.mastodon.account import AccountReport
from syndicate.channels.mastodon.channel import MastodonChannel

__all__ = ["AccountReport", "MastodonChannel"]

"""Which digests are for a closed circle: their issues are letters among friends, tests, or press copies."""

from __future__ import annotations

from syndicate.audience.model import OptIn
from syndicate.config.schema import Config


def private_digests(config: Config) -> frozenset[str]:
    """Return the digests that go to closed lists alone: what nobody may join, nobody else may read in the archive.

    A list server's members are its own affair, so a digest that goes to one is not private.
    """
    return frozenset(
        name for name, digest in config.digests.items() if all(_is_closed(config, each) for each in digest.lists)
    )


def _is_closed(config: Config, name: str) -> bool:
    found = config.lists[name]
    return found.address is None and found.opt_in is OptIn.CLOSED

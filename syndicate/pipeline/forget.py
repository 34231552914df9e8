"""Forget a reader who asks for it: nothing stays but an HMAC, by which the address is known not to be mailed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from syndicate.store.people import Erased
from syndicate.store.people import forget as erase

if TYPE_CHECKING:
    from syndicate.app import App


def forget(app: App, address: str) -> Erased:
    """Erase all that is held about an address, known or not; committed on return.

    Raises AudienceError where a letter to it is on a wire at this moment; nothing has changed then.
    """
    return erase(app.database, app.keyring, address, app.clock.now())

"""Where an imported reader lands: a pure function, asked for each by the store."""

from __future__ import annotations

from syndicate.audience.model import Landing, SubscriptionState


def landing(
    said: SubscriptionState | None,
    held: SubscriptionState | None,
    *,
    suppressed: bool = False,
    confirmed_here: bool = False,
) -> Landing:
    """Return where a reader lands, by what the file says, what was held here before (None: nothing), and the address.

    Of two words on a reader the one that mails nobody holds, so that files may come in any order. One exception:
    who confirmed here, and not by another import, stays confirmed though another tool never saw a confirmation.
    """
    if suppressed or said is None:
        return Landing.SUPPRESSED
    if SubscriptionState.UNSUBSCRIBED in (said, held):
        return Landing.LEFT
    if held is SubscriptionState.CONFIRMED and (said is SubscriptionState.CONFIRMED or confirmed_here):
        return Landing.ALREADY
    if SubscriptionState.UNCONFIRMED in (said, held):
        return Landing.UNCONFIRMED
    return Landing.ADDED

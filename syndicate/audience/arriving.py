"""Where an imported reader lands: a pure function, asked for each by the store."""

from __future__ import annotations

from syndicate.audience.model import Landing, SubscriptionState


def landing(said: SubscriptionState | None, held: SubscriptionState | None, *, suppressed: bool) -> Landing:
    """Return where a reader lands, by what the file says, what was held here before (None: nothing), and the address.

    Of two words on a reader the one that mails nobody holds, with one exception: who confirmed here stays confirmed
    though another tool never saw a confirmation.
    """
    if suppressed or said is None:
        return Landing.SUPPRESSED
    if SubscriptionState.UNSUBSCRIBED in (said, held):
        return Landing.LEFT
    if held is SubscriptionState.CONFIRMED:
        return Landing.ALREADY
    if SubscriptionState.UNCONFIRMED in (said, held):
        return Landing.UNCONFIRMED
    return Landing.ADDED

"""Whether a recipient may be mailed: a pure function, asked when a delivery is claimed, so at the moment of sending."""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from syndicate.audience.model import Notice, RecipientFacts, SubscriptionState, SuppressionReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """The recipient may be mailed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppressed:
    """The recipient must not be mailed, and why, in words for `syndicate deliveries list`."""

    reason: str


Verdict = Allowed | Suppressed


def may_receive(facts: RecipientFacts) -> Verdict:
    """Return whether a reader may get an issue.

    A suppression of the address outweighs every subscription; otherwise one confirmed subscription to one of
    the digest's lists is enough.
    """
    if facts.suppression is not None:
        return Suppressed(reason=f"address suppressed: {facts.suppression}")
    if SubscriptionState.CONFIRMED in facts.subscriptions:
        return Allowed()
    if SubscriptionState.UNSUBSCRIBED in facts.subscriptions:
        return Suppressed(reason="unsubscribed")
    if SubscriptionState.UNCONFIRMED in facts.subscriptions:
        return Suppressed(reason="never confirmed")
    return Suppressed(reason="on none of the digest's lists")


def may_notify(notice: Notice, facts: RecipientFacts) -> Verdict:
    """Return whether a reader may get a letter about their own subscription; the facts are of the lists it names.

    Nobody who was suppressed is written to, but for one question to who had only asked not to be mailed: it goes out
    because that address was typed into a form, and what is answered is their newer word. A question goes to who has
    not said yes (someone who left may be asked, for they asked again); every other notice to who is on a list.
    """
    if facts.suppression is SuppressionReason.REQUEST and notice is Notice.CONFIRM:
        return Allowed()
    if facts.suppression is not None:
        return Suppressed(reason=f"address suppressed: {facts.suppression}")
    is_on = SubscriptionState.CONFIRMED in facts.subscriptions
    match notice:
        case Notice.CONFIRM:
            asked = set(facts.subscriptions) - {SubscriptionState.CONFIRMED}
            return Allowed() if asked else Suppressed(reason="confirmed already" if is_on else "the request expired")
        case Notice.ALREADY | Notice.WELCOME:
            return Allowed() if is_on else Suppressed(reason="unsubscribed")
        case _:
            assert_never(notice)

"""Whether a recipient may be mailed: a pure function, asked when a delivery is claimed, so at the moment of sending."""

from __future__ import annotations

from dataclasses import dataclass

from syndicate.audience.model import RecipientFacts, SubscriptionState


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

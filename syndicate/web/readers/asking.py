"""What to make of a request to join, before the list hears of it. Pure: a request's facts → what to do.

There is no cookie here and nobody is logged in, so there is no session that a foreign page could ride on and no CSRF
token to keep it off. What a foreign page could do is to spend its visitors' addresses on requests to join; so a
request counts only from our own form, or from a site that config.yaml names.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum, auto

from syndicate.audience.tokens import Keyring, Purpose, proves, read_web_token, web_token

QUICKEST, SLOWEST = timedelta(seconds=2), timedelta(hours=24)
"""Nobody reads the form and types an address faster; and a page that was open for a day asks once more."""


class Came(StrEnum):
    """Where a request came from, as the browser says; no page can forge it."""

    OURS = auto()
    A_NAMED_SITE = auto()
    ELSEWHERE = auto()
    """Another site, or a browser that does not say."""


class Stamp(StrEnum):
    """What the time stamp of our form says."""

    MISSING = auto()
    FORGED = auto()
    TOO_QUICK = auto()
    GOOD = auto()
    TOO_OLD = auto()


class Step(StrEnum):
    """What to do."""

    GO_ON = auto()
    PRETEND = auto()
    """Something filled in the field that people do not see: answer as if all were well, and do nothing."""
    ASK_AGAIN = auto()
    """Show our own form, filled in: one more press, and it counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request to join, but for what it asks."""

    came: Came
    stamp: Stamp
    trap: str
    """What stands in the field that people do not see."""


def next_step(asked: Asked) -> Step:
    """Return what to do with a request. Each check holds for every way in: form, page and script.

    Our own page always has a stamp; where another site's form has one it must be good too.
    """
    if asked.trap:
        return Step.PRETEND
    if asked.came is Came.ELSEWHERE:
        return Step.ASK_AGAIN
    if asked.stamp is Stamp.GOOD or (asked.stamp is Stamp.MISSING and asked.came is Came.A_NAMED_SITE):
        return Step.GO_ON
    return Step.ASK_AGAIN


def came_from(origin: str | None, fetch_site: str | None, *, own: str, named: Collection[str]) -> Came:
    """Return where a request came from: its Origin (RFC 6454 §7), else Sec-Fetch-Site.

    Some browsers and extensions keep the Origin of our own form to themselves ("null"), and then the other header
    still tells: no page can set it.
    """
    if origin == own or (origin in (None, "null") and fetch_site == "same-origin"):
        return Came.OURS
    return Came.A_NAMED_SITE if origin in named else Came.ELSEWHERE


def stamp(keyring: Keyring, now: datetime) -> str:
    """Return the stamp of a form that is shown now."""
    return web_token(keyring, Purpose.FORM, issued=now)


def read_stamp(keyring: Keyring, text: str, now: datetime) -> Stamp:
    """Return what a form's stamp says."""
    if not text:
        return Stamp.MISSING
    claim = read_web_token(Purpose.FORM, text)
    if claim is None or claim.issued is None or not proves(keyring, claim):
        return Stamp.FORGED
    age = now - claim.issued
    if age < QUICKEST:
        return Stamp.TOO_QUICK
    return Stamp.GOOD if age <= SLOWEST else Stamp.TOO_OLD

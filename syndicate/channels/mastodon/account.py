"""`syndicate accounts check`: whether an account can do what it will have to, in words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from syndicate.channels.mastodon.faults import Denied, Missing, Rejected, WireFault
from syndicate.channels.mastodon.server import Server, ask_server
from syndicate.channels.mastodon.wire import Wire
from syndicate.compose.model import StatusLimits

NOBODYS = "0"
"""An id that no server gives: what may be done to it is told without anything being done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountReport:
    """The state of one account."""

    name: str
    """As config.yaml names it."""
    instance: str
    account: str | None
    """Its name on the instance; None where the token does not work."""
    software: str
    version: str
    limits: StatusLimits | None
    missing_scopes: tuple[str, ...]
    problems: tuple[str, ...]
    """What keeps it from working, each a sentence. Empty: all is well."""

    @property
    def ok(self) -> bool:
        """Return whether statuses can be posted, looked for and given pictures."""
        return not self.problems

    def lines(self) -> tuple[str, ...]:
        """Return the report in words, a line each."""
        who = f"@{self.account}" if self.account else "nobody"
        head = f"{self.name}: {who} on {self.instance} ({self.software or 'unknown software'} {self.version})"
        told = [f"  {line}" for line in self.problems] or ["  the token works and has every scope it needs"]
        return (head, *told, *([f"  {_in_words(self.limits)}"] if self.limits else []))


def _in_words(limits: StatusLimits) -> str:
    """Return the limits in one line."""
    counted = f"a URL counts {limits.chars_per_url}" if limits.counts_as_mastodon else "a URL counts in full"
    picture = f"pictures up to {limits.max_image_bytes / 1_048_576:.0f} MB, alt texts up to {limits.max_alt_chars}"
    return f"statuses up to {limits.max_chars} characters ({counted}); {picture}"


def check_account(name: str, wire: Wire) -> AccountReport:
    """Return the report; every question only reads, or is asked of what does not exist. Raises nothing."""
    problems: list[str] = []
    server = _server(wire, problems)
    account, missing = _identity(wire, problems) if server else (None, ())
    return AccountReport(
        name=name,
        instance=wire.base,
        account=account,
        software=server.software if server else "",
        version=server.version if server else "",
        limits=server.limits if server else None,
        missing_scopes=missing,
        problems=tuple(problems),
    )


def _server(wire: Wire, problems: list[str]) -> Server | None:
    try:
        return ask_server(wire)
    except WireFault as fault:
        problems.append(f"the instance does not answer as one: {fault.reason}")
        return None


def _identity(wire: Wire, problems: list[str]) -> tuple[str | None, tuple[str, ...]]:
    """Return the account's name and the scopes that its token lacks."""
    try:
        name = wire.account()[1]
    except (Denied, Rejected) as fault:
        if fault.status == 403:
            problems.append("the token lacks the scope read:accounts, or the account is locked out")
            return None, ("read:accounts",)
        problems.append(f"the token does not work: {fault.reason}; make a new one and set token_env")
        return None, ()
    except WireFault as fault:
        problems.append(f"the token could not be tried: {fault.reason}")
        return None, ()
    missing = tuple(scope for scope, probe in _probes(wire).items() if _is_denied(probe))
    if missing:
        problems.append(f"the token lacks {', '.join(missing)}: make a new one with these scopes too")
    return name, missing


def _probes(wire: Wire) -> dict[str, Callable[[], object]]:
    """Return a question for each scope. Scopes are checked before the id is looked up: 403 and not 404."""
    return {
        "read:statuses": wire.own_statuses,
        "write:statuses": lambda: wire.delete(NOBODYS),
        "write:media": lambda: wire.touch_media(NOBODYS),
    }


def _is_denied(probe: Callable[[], object]) -> bool:
    try:
        probe()
    except Denied:
        return True
    except (Missing, WireFault):
        return False
    return False

"""The page: a scene and one of its issues → HTML, with addresses that a server answers or that name files.

The template (web/studio/page.html) knows what values.py gives, and from here: version, posting; link, letter, frame
(`Addresses`), script; token, read_only, at, at_text, keep, is_static.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import quote, urlencode

import jinja2

from syndicate.compose.environment import load, render
from syndicate.config.load import ConfigFaults
from syndicate.config.source import dotted
from syndicate.errors import SyndicateError
from syndicate.web.studio.letters import Bodies
from syndicate.web.studio.look import ShownIssue
from syndicate.web.studio.scene import Scene
from syndicate.web.studio.values import page_values


class Named(Protocol):
    """An issue, or the head of one."""

    @property
    def name(self) -> str:
        """Return how an address names it: "weekly", "weekly/3"."""
        ...


class Addresses(Protocol):
    """Where the page finds what it shows."""

    @property
    def is_static(self) -> bool:
        """Return whether files are all that there is: nothing is live, nothing is asked."""
        ...

    @property
    def script(self) -> str:
        """Return where studio.js is."""
        ...

    def link(self, issue: Named, posting: bool = False) -> str:
        """Return the address of the page that shows an issue."""
        ...

    def letter(self, issue: Named, kind: str, posting: bool = False) -> str:
        """Return the address of a part's exact bytes: kind html, txt or eml."""
        ...

    def frame(self, issue: Named, posting: bool = False) -> str:
        """Return the frame's address, with {colours} (light, dark) and {pictures} (on, none) to be replaced."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked of the page beside the issue, and what it may."""

    posting: bool = False
    """The letter as a list server gets it."""
    token: str | None = None
    """The right to write; None where the page was opened without it."""
    read_only: str | None = None
    """Why it may not write, and how to."""
    at_text: str = ""
    """The what-if date as the address has it; empty: now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """Addresses that the studio answers; they keep the token and the what-if date."""

    asked: Asked
    is_static: bool = False
    script: str = "/studio.js"

    def link(self, issue: Named, posting: bool = False) -> str:
        """Return the address of the page that shows an issue."""
        token = {"token": self.asked.token} if self.asked.token else {}
        query = {"issue": issue.name, **_for(posting), **self._at, **token}
        return f"/?{urlencode(query, safe='/:', quote_via=quote)}"

    def letter(self, issue: Named, kind: str, posting: bool = False) -> str:
        """Return the address of a part's exact bytes."""
        query = urlencode({**_for(posting), **self._at}, safe=":")
        address = f"/issue/{quote(issue.name)}.{kind}"
        return f"{address}?{query}" if query else address

    def frame(self, issue: Named, posting: bool = False) -> str:
        """Return the pattern of the frame's address."""
        query = urlencode({"for": "list" if posting else "reader", **self._at}, safe=":")
        return f"/view/{quote(issue.name)}?{query}&colours={{colours}}&pictures={{pictures}}"

    @property
    def _at(self) -> Mapping[str, str]:
        return {"at": self.asked.at_text} if self.asked.at_text else {}


def page(pages: jinja2.Environment, scene: Scene, issue: ShownIssue | None, addresses: Addresses, asked: Asked) -> str:
    """Return the page that shows an issue of a scene; that of the fault, where a fault stands in the way."""
    if scene.look is None:
        assert scene.fault is not None
        known = {"version": scene.version, "fault": scene.fault, "faults": _faults(scene.fault)}
        beside = {"script": addresses.script, "at_text": asked.at_text}
        return render(load(pages, "web/studio/fault.html"), {**known, **beside})
    posting = asked.posting and issue is not None and issue.posting is not None
    context = {
        **page_values(scene.look, issue, body_of(issue, posting)),
        "version": scene.version,
        "posting": posting,
        "link": addresses.link,
        "letter": addresses.letter,
        "frame": addresses.frame,
        "script": addresses.script,
        "is_static": addresses.is_static,
        "token": asked.token,
        "read_only": asked.read_only,
        "at": scene.at,
        "at_text": asked.at_text,
        "keep": _kept(issue, posting, asked.token),
    }
    return render(load(pages, "web/studio/page.html"), context)


def body_of(issue: ShownIssue | None, posting: bool) -> Bodies | None:
    """Return the letter as our own readers get it, or as a list server does; None where there is none."""
    if issue is None:
        return None
    return issue.posting if posting else issue.readers


def _for(posting: bool) -> Mapping[str, str]:
    return {"for": "list"} if posting else {}


def _kept(issue: ShownIssue | None, posting: bool, token: str | None) -> tuple[tuple[str, str], ...]:
    """Return what a form of the page sends along, so that the page stays the same but for what it asks."""
    pairs = (("issue", issue.name if issue else None), ("for", "list" if posting else None), ("token", token))
    return tuple((name, value) for name, value in pairs if value)


def _faults(fault: SyndicateError) -> list[tuple[str, str]]:
    """Return each fault as its place and its sentence."""
    if isinstance(fault, ConfigFaults):
        name = fault.path.name
        return [
            (f"{name} line {each.line}" if each.line else name, f"{dotted(each.keys)}: {each.what}".removeprefix(": "))
            for each in fault.faults
        ]
    return [(fault.where or "", fault.what)]

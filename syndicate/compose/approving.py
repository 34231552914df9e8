"""The mail that asks the editor to approve an issue: the letter itself, as a reader would get it, under a few words.

Pure: a letter with its slots filled, and what is to be said of it → the mail's bodies.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

import jinja2

from syndicate.compose.environment import load, render
from syndicate.compose.model import RenderedEmail

_BODY = re.compile(r"<body\b[^>]*>", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What the mail says above the letter. Times are in the words of the site's clock."""

    site: str
    digest: str
    subject: str
    preheader: str
    audience: str
    """To whom it goes: "213 readers and films@lists.example"."""
    goes: str
    """When it leaves, once it is approved: "Friday 20 November, 09:00"."""
    until: str
    """Until when it may be approved."""
    findings: tuple[str, ...]
    """What the lint says, a line each, the gravest first."""
    errors: int
    """How many of them are errors."""
    page: str | None
    """The page with the button; None where readers' pages are not served."""
    command: str
    """What does the same on the command line."""
    again: bool
    """Whether it was asked for before, and has changed since."""


def approval_mail(letter: RenderedEmail, asking: Asking, *, templates: jinja2.Environment) -> RenderedEmail:
    """Return the mail: our words above the letter's own HTML and text. Raises TemplateError."""
    context: Mapping[str, object] = asdict(asking)
    head_html = render(load(templates, "approval/mail.html"), context)
    head_text = render(load(templates, "approval/mail.txt"), context)
    subject = f"[{asking.site}] {'Changed, approve again' if asking.again else 'Approve'}: {letter.subject}"
    return replace(letter, subject=subject, html=_above(head_html, letter.html), text=f"{head_text}\n{letter.text}")


def _above(head: str, html: str) -> str:
    """Return a letter with our words at the top of what it shows; a template of the editor's may have no body."""
    body = _BODY.search(html)
    at = body.end() if body else 0
    return f"{html[:at]}\n{head}{html[at:]}"

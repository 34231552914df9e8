"""An issue → the letter that a reader gets, byte for byte but for who they are: HTML, text, .eml.

Nothing is laid out here: `letter.fill` and the press that prints for real (pipeline/letters.py) make all of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime

from syndicate.app import App
from syndicate.compose.letter import RESERVED, fill
from syndicate.compose.model import RenderedEmail
from syndicate.config import Digest
from syndicate.delivery.model import DeliveryKey
from syndicate.errors import SyndicateError
from syndicate.pipeline.letters import Press, ways_out

SAMPLE_ADDRESS, SAMPLE_NAME = "reader@example.org", "A Reader"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bodies:
    """A letter as one audience gets it."""

    html: str
    text: str
    eml: bytes
    """RFC 5322, to a sample reader; where it cannot be made, one line that says why."""

    @property
    def html_bytes(self) -> int:
        """Return the size that Gmail counts against its limit: the HTML in UTF-8."""
        return len(self.html.encode())


def bodies(
    app: App, digest: Digest | None, email: RenderedEmail, issue_key: str, date: datetime, *, posting: bool
) -> Bodies:
    """Return the letter of an issue for our own readers, or (`posting`) for a list server's address."""
    ways = ways_out(app.config.mail) if app.config.mail else ()
    shown = fill(email, ways if _ways_in(email) == len(ways) else None, posting=posting)
    lists = digest.lists if digest else ()
    return Bodies(
        html=shown.html, text=shown.text, eml=_eml(app, lists, email, issue_key=issue_key, date=date, posting=posting)
    )


def is_posting(app: App, list_name: str) -> bool:
    """Return whether a mailing list is the posting address of a list server."""
    return list_name in app.config.lists and app.config.lists[list_name].address is not None


def _ways_in(email: RenderedEmail) -> int:
    """Return how many ways out a letter shows; a frozen one may be older than the config."""
    return len(set(re.findall(rf"{RESERVED}way(\d+)end", email.html)))


def _eml(
    app: App, lists: tuple[str, ...], email: RenderedEmail, *, issue_key: str, date: datetime, posting: bool
) -> bytes:
    if app.config.mail is None:
        return b"config.yaml has no mail, so there is no letter: add mail.from, and mail.relay or mail.outbox\n"
    name = next((each for each in lists if is_posting(app, each) is posting), "readers")
    address = (app.config.lists[name].address if posting and name in app.config.lists else None) or SAMPLE_ADDRESS
    reader = "" if posting else SAMPLE_NAME
    try:
        press = Press(_with_a_key(app), app.config.mail, email, issue_key)
        return press.letter(DeliveryKey(0), address=address, name=reader, list_name=name, date=date).content
    except SyndicateError as error:
        return f"{error}\n".encode()


def _with_a_key(app: App) -> App:
    """Return the app, with an example key where its own is not made yet: looking makes no file."""
    if app.config.resolve(app.config.secret_key_file).exists():
        return app
    looked_at = replace(app)
    looked_at.secret = bytes(32)
    return looked_at

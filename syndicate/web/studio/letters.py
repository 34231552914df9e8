"""An issue → the letter that a reader gets, byte for byte but for who they are: HTML, text, .eml.

Nothing is laid out here: `letter.fill` and the press that prints for real (pipeline/letters.py) make all of it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from syndicate.app import App
from syndicate.audience.tokens import Keyring
from syndicate.compose.letter import fill
from syndicate.compose.model import RenderedEmail
from syndicate.delivery.model import DeliveryKey
from syndicate.errors import SyndicateError
from syndicate.pipeline.press import Press

SAMPLE_ADDRESS, SAMPLE_NAME = "reader@example.org", "A Reader"


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """An issue as the press takes it: a draft, or one that was frozen."""

    digest: str
    number: int
    lists: tuple[str, ...]
    email: RenderedEmail
    ways_out: tuple[str, ...]
    """The addresses by which a reader leaves, in the order of Masthead.ways_out."""
    date: datetime


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


def bodies(app: App, issue: Printed, *, posting: bool) -> Bodies:
    """Return the letter of an issue for our own readers, or (`posting`) for a list server's address."""
    shown = fill(issue.email, issue.ways_out, posting=posting)
    return Bodies(html=shown.html, text=shown.text, eml=_eml(app, issue, posting))


def is_posting(app: App, list_name: str) -> bool:
    """Return whether a mailing list is the posting address of a list server."""
    return list_name in app.config.lists and app.config.lists[list_name].address is not None


def _eml(app: App, issue: Printed, posting: bool) -> bytes:
    if app.config.mail is None:
        return b"config.yaml has no mail, so there is no letter: add mail.from, and mail.relay or mail.outbox\n"
    name = next((each for each in issue.lists if is_posting(app, each) is posting), "readers")
    address = (app.config.lists[name].address if posting and name in app.config.lists else None) or SAMPLE_ADDRESS
    reader = "" if posting else SAMPLE_NAME
    try:
        press = Press(
            with_a_key(app),
            app.config.mail,
            issue.email,
            ways_out=issue.ways_out,
            lists=tuple(issue.lists),
            issue_key=f"{issue.digest}:{issue.number}",
        )
        return press.letter(DeliveryKey(0), address=address, name=reader, list_name=name, date=issue.date).content
    except SyndicateError as error:
        return f"{error}\n".encode()


def with_a_key(app: App) -> App:
    """Return the app, with an example key where its own is not made yet: looking makes no file."""
    if app.config.resolve(app.config.secret_key_file).exists():
        return app
    looked_at = replace(app)
    looked_at.keyring = Keyring((bytes(32),))
    return looked_at

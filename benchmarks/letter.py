"""What one reader's letter costs: all that is done for it alone, beside the same letter by the standard library."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP, default
from email.utils import format_datetime
from pathlib import Path
from statistics import median

from benchmarks.installation import email_of_size
from benchmarks.render import review, this_weeks_masthead
from benchmarks.rows import Row, cpu_ms
from syndicate.app import App, open_app
from syndicate.audience.tokens import Purpose, web_token
from syndicate.channels.smtp.connect import Abilities
from syndicate.channels.smtp.texts import Spoken, spoken
from syndicate.compose.email import render_email
from syndicate.compose.letter import fill, message_id
from syndicate.compose.model import RenderedEmail, Section, Selection, WayOut
from syndicate.config import Mail, load_config
from syndicate.delivery.model import DeliveryKey
from syndicate.pipeline.draft import SLOT, ways_out
from syndicate.pipeline.press import Press, return_path

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
LETTERS = 20_000
THEIR_LETTERS = 40
ROUNDS = 7
REVIEWS = 12
"""Full ones, with which a rendered issue makes a letter of 60 KB."""
RATIO_GOAL = 300
SMALL_BYTES = 5_000
SMALL_LIMIT_US = 25
CONFIG = """\
site: {name: The Lantern, url: "https://lantern.example", postal: "12 Quay Lane, Galway"}
feeds: {reviews: {url: "https://lantern.example/feed"}}
mail:
  from: The Lantern <news@lantern.example>
  reply_to: editor@lantern.example
  unsubscribe_mailto: leave@lantern.example
  return_path: bounces+{token}@lantern.example
  mailbox: {maildir: mail}
  outbox: out
lists: {readers: {name: The Friday Reel}}
digests: {weekly: {lists: [readers], at: fri 09:00}}
web: {public_url: "https://news.lantern.example"}
"""
_RELAY = Abilities(pipelining=True, eight_bit=True, utf8=True, announces_size=True, size=10_240_000)
_LEADING_DOT = re.compile(rb"(?m)^\.")


def measure() -> list[Row]:
    """Return the rows; ours and theirs take turns."""
    with _app() as (app, mail):
        email = _issue(app)
        ours, theirs = _ours(app, mail, email), _theirs(app, mail, email)
        _check_same(ours(7).text, theirs(7))
        pairs = [(_us_each(ours, LETTERS), _us_each(theirs, THEIR_LETTERS)) for _ in range(ROUNDS)]
        us, their_us = (median(side) for side in zip(*pairs, strict=True))
        ratio = median(theirs_took / ours_took for ours_took, theirs_took in pairs)
        small = _ours(app, mail, email_of_size(SMALL_BYTES, ways_out(app.config)))
        small_us = median(_us_each(small, LETTERS) for _ in range(ROUNDS))
    return [
        Row(
            "CPU to make one reader's 60 KB letter, dot-stuffing included",
            us,
            "µs",
            f"one EmailMessage each, {their_us:,.0f} µs",
            ratio,
            f"≥ {RATIO_GOAL} ×",
            ratio >= RATIO_GOAL,
        ),
        Row(
            f"the same for {SMALL_BYTES // 1000} KB",
            small_us,
            "µs",
            "the one thread that sends",
            None,
            f"≤ {SMALL_LIMIT_US} µs",
            small_us <= SMALL_LIMIT_US,
        ),
    ]


@contextmanager
def _app() -> Iterator[tuple[App, Mail]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "config.yaml"
        path.write_text(CONFIG, encoding="utf-8")
        with open_app(load_config(path, {})) as app:
            assert app.config.mail is not None
            yield app, app.config.mail


def _issue(app: App) -> RenderedEmail:
    reviews = tuple(review(number) for number in range(REVIEWS))
    selection = Selection(lead=reviews[0], sections=(Section(title="In cinemas", reviews=reviews[1:]),))
    masthead = replace(this_weeks_masthead(), ways_out=tuple(WayOut(url=url) for url in ways_out(app.config)))
    return render_email(selection, masthead, templates=app.templates, subject=None)


def _us_each(make: Callable[[int], object], count: int) -> float:
    def make_all() -> None:
        for number in range(count):
            make(number)

    return cpu_ms(make_all, 1) / count * 1000


def _ours(app: App, mail: Mail, email: RenderedEmail) -> Callable[[int], Spoken]:
    """Return what makes a reader's letter as the sender does, from the row of the ledger to the words of SMTP."""
    press = Press(app, mail, email, ways_out=ways_out(app.config), lists=("readers",), issue_key="weekly:34")

    def make(number: int) -> Spoken:
        letter = press.letter(
            DeliveryKey(number),
            address=f"reader{number}@mail.example",
            name=f"Reader {number}",
            list_name="readers",
            date=NOW,
            subscriber=number + 1,
        )
        words = spoken(letter, _RELAY)
        assert isinstance(words, Spoken)
        return words

    return make


def _theirs(app: App, mail: Mail, email: RenderedEmail) -> Callable[[int], bytes]:
    """Return what makes the same letter of the filled-in issue with an EmailMessage, its dots doubled as by smtplib."""
    all_ways = ways_out(app.config)
    shown = fill(email, all_ways)

    def make(number: int) -> bytes:
        address = f"reader{number}@mail.example"
        token = web_token(app.keyring, Purpose.READER, subscriber=number + 1, address=address, lists=("readers",))
        return_path(app, mail, DeliveryKey(number), address, is_ours=True)
        message = EmailMessage(policy=SMTP)
        message["To"] = f"Reader {number} <{address}>"
        message["Date"] = format_datetime(NOW)
        message["Message-ID"] = message_id(app.secret, "weekly:34", address, "lantern.example")
        message["List-Unsubscribe"] = ", ".join(f"<{way.replace(SLOT, token)}>" for way in all_ways)
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        message["From"] = mail.sender
        message["Subject"] = email.subject
        message["Auto-Submitted"] = "auto-generated"
        message["Reply-To"] = "editor@lantern.example"
        message["Precedence"] = "bulk"
        message["X-Auto-Response-Suppress"] = "OOF, AutoReply"
        message["List-Id"] = "The Friday Reel <readers.lantern.example>"
        message["List-Post"] = "NO"
        message.set_content(shown.text.replace(SLOT, token), cte="quoted-printable")
        message.add_alternative(shown.html.replace(SLOT, token), subtype="html", cte="quoted-printable")
        return _LEADING_DOT.sub(b"..", message.as_bytes())

    return make


def _check_same(ours: bytes, theirs: bytes) -> None:
    """Raise unless both are one letter to whoever reads it."""
    one, other = (
        message_from_bytes(content.replace(b"\r\n..", b"\r\n."), policy=default) for content in (ours, theirs)
    )
    assert {**one, "Content-Type": ""} == {**other, "Content-Type": ""}
    bodies = [[part.get_content().splitlines() for part in message.iter_parts()] for message in (one, other)]
    assert bodies[0] == bodies[1]


if __name__ == "__main__":
    for row in measure():
        print(row)

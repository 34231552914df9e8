"""What asking the policy costs: a send of an issue's letters with it, beside the same send without."""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from time import process_time, sleep
from unittest.mock import patch

from benchmarks.render import issue, this_weeks_masthead
from benchmarks.rows import Row
from syndicate.app import App, open_app
from syndicate.audience.model import NewSubscriber, RecipientFacts
from syndicate.audience.policy import Allowed
from syndicate.channels.smtp import SmtpChannel
from syndicate.compose.email import render_email
from syndicate.compose.model import RenderedEmail, Selection
from syndicate.config import load_config
from syndicate.delivery.deliver import deliver
from syndicate.delivery.model import DeliveryState, RetryPolicy
from syndicate.pipeline import letters
from syndicate.store import ledger
from syndicate.store.freezing import Freeze
from syndicate.store.ledger_sql import Sqlite
from syndicate.testing import FakeClock

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
READERS = 2_000
ROUNDS = 7
POLICY_LIMIT = 1.05
_WITHOUT_FACTS = """
    SELECT d.id, d.subscriber_id, d.list, d.notice, d.attempts, d.first_tried, s.address, s.name, NULL, NULL
    FROM deliveries d LEFT JOIN subscribers s ON s.id = d.subscriber_id
    WHERE d.state = :state AND d.issue_id = :issue AND d.id > :behind AND d.due <= :now
    ORDER BY d.id LIMIT :most
"""
CONFIG = """\
site: {name: The Lantern, url: "https://lantern.example", postal: "12 Quay Lane, Galway"}
feeds: {reviews: {url: "https://lantern.example/feed"}}
mail: {from: The Lantern <news@lantern.example>, outbox: out, unsubscribe_mailto: leave@lantern.example}
lists: {readers: {name: Readers}}
digests: {weekly: {lists: [readers], at: fri 09:00}}
web: {public_url: "https://news.lantern.example"}
"""


def measure() -> list[Row]:
    """Return the row: CPU time of a send to a server on this machine, with the policy against without, by turns."""
    with tempfile.TemporaryDirectory() as folder, _server() as port:
        path = Path(folder) / "config.yaml"
        path.write_text(CONFIG, encoding="utf-8")
        with open_app(load_config(path, {}), clock=FakeClock(NOW)) as app:
            people = (NewSubscriber(address=f"reader{number}@r.example", name="") for number in range(READERS))
            list(app.audience.add(people, "readers", NOW))
            wire = SmtpChannel(host="127.0.0.1", port=port, security="none")
            pairs = [
                (_send(app, wire, 2 * turn, True), _send(app, wire, 2 * turn + 1, False)) for turn in range(ROUNDS)
            ]
    ratio = median(asked / unasked for asked, unasked in pairs)
    each = median(asked for asked, _ in pairs) / READERS * 1000
    return [
        Row(
            "send a letter, the policy asked",
            each,
            "ms",
            "the same send, not asked",
            ratio,
            f"≤ {POLICY_LIMIT} ×",
            ratio <= POLICY_LIMIT,
        )
    ]


@contextmanager
def _server() -> Iterator[int]:
    """Run a server that takes every letter and keeps none, in a process of its own; yield its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    words = [sys.executable, "-m", "aiosmtpd", "-n", "-l", f"127.0.0.1:{port}", "-c", "aiosmtpd.handlers.Sink"]
    with subprocess.Popen(words, stderr=subprocess.DEVNULL) as server:
        try:
            _await(port)
            yield port
        finally:
            server.terminate()


def _await(port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            sleep(0.05)
        else:
            return
    raise TimeoutError("the server did not begin to listen")


def _send(app: App, wire: SmtpChannel, number: int, asked: bool) -> float:
    """Return the CPU seconds that sending an issue to every reader takes."""
    email = render_email(issue(), this_weeks_masthead(), templates=app.templates, subject=None)
    assert app.config.mail is not None
    frozen = app.issues.freeze(_frozen(number, email), NOW)
    assert frozen is not None
    claims = letters.IssueLetters(app, app.ledger("bench"), app.config.mail, app.issues.get(frozen))
    began = process_time()
    with nullcontext() if asked else _unasked():
        tally = deliver(
            claims,
            wire,
            clock=app.clock,
            policy=RetryPolicy(),
            stopping=lambda: False,
            progress=lambda _: None,
        )
    assert tally[DeliveryState.SENT] == READERS
    return process_time() - began


@contextmanager
def _unasked() -> Iterator[None]:
    """Let the ledger look for the next letters without the facts, and decide nothing."""
    anyone = (RecipientFacts(subscriptions=(), suppression=None), "readers")
    with (
        patch.object(Sqlite, "_DUE_OF_ISSUE", _WITHOUT_FACTS),
        patch.object(ledger, "_facts", lambda *_: anyone),
        patch.object(letters, "_may_receive", lambda *_: Allowed()),
    ):
        yield


def _frozen(number: int, email: RenderedEmail) -> Freeze:
    return Freeze(
        digest="weekly",
        period=NOW + number * timedelta(days=7),
        number=number + 1,
        email=email,
        selection=Selection(lead=None, sections=()),
        link_keys={},
        subscriber_lists=("readers",),
        posting_lists=(),
        inputs_hash="",
        templates_hash="",
        ways_out=("https://news.lantern.example/leave/{token}",),
    )

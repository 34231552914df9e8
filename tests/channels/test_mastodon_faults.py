"""What each fault of the wire means, and what follows an absence: pure."""

from __future__ import annotations

import ssl
from datetime import timedelta

import pytest
import requests
from urllib3.exceptions import (
    ConnectTimeoutError,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ReadTimeoutError,
)

from syndicate.channels.mastodon.doubt import Move, after_absence, key_for
from syndicate.channels.mastodon.faults import (
    Answer,
    Denied,
    Doubtful,
    Misplaced,
    Missing,
    Rejected,
    Throttled,
    Unsent,
    WireFault,
    fault_of,
)
from syndicate.channels.mastodon.wire import language_sent
from tests.channels.mastodon_double import START

STATUSES: list[tuple[int, type[WireFault]]] = [
    (200, Doubtful),
    (202, Doubtful),
    (301, Misplaced),
    (308, Misplaced),
    (400, Rejected),
    (401, Denied),
    (403, Denied),
    (404, Missing),
    (408, Doubtful),
    (410, Missing),
    (413, Rejected),
    (422, Rejected),
    (425, Doubtful),
    (429, Throttled),
    (500, Doubtful),
    (502, Doubtful),
    (503, Doubtful),
    (504, Doubtful),
    (520, Doubtful),
]


@pytest.mark.parametrize(("status", "kind"), STATUSES)
def test_a_status_means(status: int, kind: type[WireFault]) -> None:
    fault = fault_of(ValueError("any"), Answer(status=status, headers={}, error="words"), START)
    assert type(fault) is kind
    assert str(status) in fault.reason


def refused() -> Exception:
    return requests.ConnectionError(MaxRetryError(None, "/", NewConnectionError(None, "refused")))  # type: ignore[arg-type]


CUTS: list[tuple[str, Exception, type[WireFault]]] = [
    ("refused", refused(), Unsent),
    ("no such name", requests.ConnectionError(NameResolutionError("x", None, OSError())), Unsent),  # type: ignore[arg-type]
    ("no connection in time", requests.ConnectTimeout(ConnectTimeoutError("late")), Unsent),
    ("a certificate that is not trusted", requests.exceptions.SSLError(ssl.SSLCertVerificationError("no")), Unsent),
    ("TLS breaks later", requests.exceptions.SSLError(ssl.SSLError("bad record")), Doubtful),
    ("reset after the request", requests.ConnectionError(ProtocolError("aborted", ConnectionResetError())), Doubtful),
    ("no answer in time", requests.ReadTimeout(ReadTimeoutError(None, "/", "late")), Doubtful),  # type: ignore[arg-type]
    ("half an answer", requests.exceptions.ChunkedEncodingError("broken"), Doubtful),
    ("a bug of the library", KeyError("id"), Doubtful),
]


@pytest.mark.parametrize(("error", "kind"), [row[1:] for row in CUTS], ids=[row[0] for row in CUTS])
def test_a_line_that_breaks_before_any_answer_means(error: Exception, kind: type[WireFault]) -> None:
    wrapped = OSError("Could not complete request")
    wrapped.__context__ = error
    assert type(fault_of(wrapped, None, START)) is kind


ABSENCES = [
    ("at once", timedelta(seconds=10), True, True, Move.WAIT),
    ("soon, with a key", timedelta(minutes=2), True, True, Move.REPOST),
    ("soon, without", timedelta(minutes=2), False, True, Move.WAIT),
    ("later, without", timedelta(minutes=5), False, True, Move.REPOST),
    ("never seen there", timedelta(days=2), True, False, Move.HOLD),
    ("a clock that was set back", timedelta(minutes=-5), True, True, Move.WAIT),
]


@pytest.mark.parametrize(
    ("age", "honours_key", "can_be_seen", "move"), [row[1:] for row in ABSENCES], ids=[row[0] for row in ABSENCES]
)
def test_what_follows_an_absence(age: timedelta, honours_key: bool, can_be_seen: bool, move: Move) -> None:
    assert after_absence(age=age, honours_key=honours_key, can_be_seen=can_be_seen) is move


@pytest.mark.parametrize(("minutes", "key"), [(-5, "k"), (0, "k"), (44, "k"), (45, "k-1"), (91, "k-2")])
def test_a_key_serves_for_45_minutes(minutes: int, key: str) -> None:
    assert key_for("k", timedelta(minutes=minutes)) == key


@pytest.mark.parametrize(
    ("tag", "sent"), [("en", "en"), ("en-IE", "en"), ("pt-BR", "pt"), ("zh-TW", "zh-TW"), ("DE", "de")]
)
def test_a_language_is_sent_as_mastodon_knows_it(tag: str, sent: str) -> None:
    assert language_sent(tag) == sent

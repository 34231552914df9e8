"""Mail from anybody: whatever its bytes are, it is read, soon, and what is said of it can be printed and stored."""

from __future__ import annotations

import json
import time
import zlib
from dataclasses import asdict

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from syndicate.returns.model import Returned, ReturnKind
from syndicate.returns.read import read_returned
from syndicate.returns.status import kind_of
from tests.returns.corpus import CASES
from tests.returns.letters import failed, report

DAEMON = b"From: MAILER-DAEMON@mx.example\nSubject: failure notice\n\n"
HTML = b"From: MAILER-DAEMON@mx.example\nSubject: failure notice\nContent-Type: text/html\n\n"
MOST_SECONDS = 2.0
"""The slowest of these takes a tenth of it on an idle machine; before anything was bounded it took minutes."""


def sound(returned: Returned) -> None:
    """Check what holds for every message."""
    assert isinstance(returned.kind, ReturnKind)
    assert len(returned.recipients) <= 50
    assert len(returned.diagnostic or "") <= 500
    assert len(returned.verp_tokens) <= 10
    assert len(returned.web_tokens) <= 10
    assert len(returned.message_ids) <= 20
    lines = (
        returned.why,
        returned.diagnostic or "",
        returned.status or "",
        *returned.recipients,
        *returned.message_ids,
    )
    assert all(line.isprintable() for line in lines)
    json.dumps(asdict(returned), ensure_ascii=False).encode("utf-8")


def nested(depth: int, boundary: bytes) -> bytes:
    head = b"".join(
        b"Content-Type: multipart/mixed; boundary=%b\n\n--%b\n" % ((boundary.replace(b"N", b"%d" % at),) * 2)
        for at in range(depth)
    )
    return DAEMON.rstrip() + b"\n" + head + b"Content-Type: text/plain\n\nhello"


HOSTILE = {
    "a header of 10 MB": b"Subject: " + b"a" * 10_000_000,
    "a million headers": b"X-A: b\n" * 1_000_000,
    "a header folded three million times": b"Subject: a\n" + b" b\n" * 3_000_000,
    "multiparts 1000 deep": nested(1000, b"bN"),
    "multiparts 1000 deep, of one boundary": nested(1000, b"b"),
    "messages 5000 deep": b"Content-Type: multipart/report; boundary=b\n\n--b\n"
    + b"Content-Type: message/rfc822\n\n" * 5000,
    "NULs": b"\x00" * 5_000_000,
    "nothing": b"",
    "an archive": b"PK\x03\x04" + zlib.compress(bytes(range(256)) * 4000),
    "no headers": b"hello\nworld\n",
    "50,000 recipients": report("\n".join(failed(recipient=f"rfc822; r{at}@r.example") for at in range(50_000))),
    "50,000 recipients in a header": DAEMON.rstrip()
    + b"\nX-Failed-Recipients: "
    + b", ".join(b"r%d@r.example" % at for at in range(50_000))
    + b"\n\n",
    "50,000 recipients in the text": DAEMON + b"\n".join(b"<r%d@r.example>:\n550 no\n" % at for at in range(50_000)),
    "one long line": DAEMON + b"a" * 300_000,
    "one line of @": DAEMON + b"a@" * 150_000,
    "one line of <": DAEMON + b"<" * 300_000,
    "one line of blanks": DAEMON + b" " * 300_000,
    "one line of dashes": DAEMON + b"-" * 300_000,
    "lines of dashes": DAEMON + (b"-" * 200 + b"\n") * 2000,
    "empty lines": DAEMON + b"\n" * 300_000,
    "tags": HTML + b"<a " * 100_000,
    "styles": HTML + b"<style " * 40_000,
    "boundaries": b"Content-Type: multipart/report; boundary=b\n\n" + b"--b\n" * 80_000,
    "a boundary of dashes": b"Content-Type: multipart/report; boundary=--\n\n" + (b"-" * 1000 + b"\n") * 250,
    "parameters that never end": b"Content-Type: multipart/report" + b';a="' * 1000 + b"\n\n",
    "encoded words": b"Subject: " + b"=?utf-8?q?a?= " * 20_000 + b"\n\n",
    "encoded words, half": b"Subject: " + b"=?" * 100_000 + b"\n\n",
    "encoded words of no charset": b"Subject: =?idna?b?gICA?= =?x\x00y?q?=FF?= =?utf-8?b?A?=\n\n",
    "answers to answers": b"Subject: " + b"Re: " * 990 + b"\n\n",
    "tokens, nearly": b"Subject: unsubscribe aaaa.b." + b"a " * 1900 + b"\n\n",
    "return paths, nearly": b"To: " + b"abcdefgh2345" * 300 + b"@x\n\n",
    "a charset that raises": b"From: MAILER-DAEMON\nContent-Type: text/plain; charset=undefined\n\n\xff",
    "a charset that is slow": b"From: MAILER-DAEMON\nContent-Type: text/plain; charset=punycode\n\n" + b"a" * 250_000,
    "broken base64": b"From: MAILER-DAEMON\nContent-Transfer-Encoding: base64\n\nA=B=C!!",
    "broken quoted-printable": b"From: MAILER-DAEMON\nContent-Transfer-Encoding: quoted-printable\n\n=ZZ=\n=",
    "halves of characters": "Subject: \ud800\udfff unsubscribe\n\n\ud800".encode("utf-8", "surrogatepass"),
    "words without end": report(failed(diagnostic="smtp; " + "user is the that " * 3000)),
    "codes without end": report(failed(diagnostic="550 5.1." * 1000)),
    "a diagnostic for a terminal": report(failed(diagnostic="smtp; 550 \x00\x1b]0;a\x07 \x9b31m \u202e user unknown")),
    "a complaint for a terminal": b"Message-ID: <a\x1b[31m@b>\nReferences: <c\x00@d>\n"
    + b"Content-Type: multipart/report; report-type=feedback-report; boundary=b\n\n"
    + b"--b\nContent-Type: message/feedback-report\n\nFeedback-Type: ab\x00\x1b[31muse\n\n--b--\n",
    "a server's format, then blanks": DAEMON + b"Did not reach the following recipient\n" + (b" " * 299 + b"\n") * 2000,
    "a server's format, then @": DAEMON + b"Your message could not be delivered to\n" + (b"a@" * 149 + b"\n") * 2000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_mail_is_read_and_soon(name: str) -> None:
    before = time.process_time()
    returned = read_returned(HOSTILE[name])
    assert time.process_time() - before < MOST_SECONDS
    sound(returned)


def test_what_is_no_mail_is_kept_aside_and_says_so() -> None:
    assert {read_returned(HOSTILE[name]).why for name in ("nothing", "NULs", "an archive", "no headers")} == {
        "no mail: it has no headers"
    }


def test_of_50_000_recipients_fifty_are_named() -> None:
    assert len(read_returned(HOSTILE["50,000 recipients"]).recipients) == 50


@given(st.binary(max_size=2000))
@example(b"Content-Type: multipart/report; boundary=\n\n--\n")
@example(b"Content-Type: message/rfc822\n\nContent-Type: message/rfc822\n\n")
def test_any_bytes_are_read(content: bytes) -> None:
    sound(read_returned(content))


SPLICES = st.sampled_from(
    [
        b"\n",
        b"\r",
        b"\n\n",
        b"\x00",
        b"\xff\xfe",
        b"\xed\xa0\x80",
        b"--=_lantern\n",
        b"Content-Type: multipart/mixed; boundary=x\n",
        b"Content-Type: message/delivery-status\n\n",
        b"Content-Transfer-Encoding: base64\n",
        b"=?utf-8?b?//?=",
        b"Status: 5.1.1\n",
        b"X-Failed-Recipients: @\n",
    ]
)


@given(st.sampled_from(CASES), st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 60), SPLICES), max_size=12))
def test_any_mutilated_message_is_read(case: object, cuts: list[tuple[int, int, bytes]]) -> None:
    content = getattr(case, "content", b"")
    for at, length, splice in cuts:
        place = at % (len(content) + 1)
        content = content[:place] + splice + content[place + length :]
    sound(read_returned(content))


@given(st.none() | st.text(max_size=20), st.none() | st.text(max_size=300))
def test_any_status_and_words_mean_something(status: str | None, words: str | None) -> None:
    assert kind_of(status, words) in (ReturnKind.HARD, ReturnKind.SOFT, ReturnKind.POLICY, ReturnKind.DELIVERED)


MILD = [case for case in CASES if case.kind != "hard" and case.name != "a bounce of a bounce"]
"""What is about something else than our letter says so in its last part; before that is there, nothing tells."""


@given(st.sampled_from(MILD), st.integers(0, 10_000))
def test_a_message_cut_short_never_becomes_a_hard_bounce(case: object, at: int) -> None:
    content = getattr(case, "content", b"")
    assert read_returned(content[:at]).kind is not ReturnKind.HARD

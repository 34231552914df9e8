"""The benches of speed measure what they say: whole letters, each reader's own, over a way that only takes time."""

from __future__ import annotations

import re
from email.parser import BytesParser
from pathlib import Path

import pytest

from benchmarks import mailing
from benchmarks.distance import delayed
from benchmarks.wire import letters
from syndicate.channels.smtp import SmtpChannel
from syndicate.delivery.model import Sent
from tests.channels.smtp_server import PIPELINING, Action, Moment, Say, ScriptedSmtp, Step

READERS = 25


def test_what_goes_a_distance_arrives_as_it_left() -> None:
    with ScriptedSmtp(extensions=PIPELINING) as server, delayed(server.port) as port:
        wire = SmtpChannel(host="127.0.0.1", port=port, security="none", connections=3)
        assert all(isinstance(outcome, Sent) for _, outcome in wire.send(letters(READERS)))
    assert sorted(each.content for each in server.messages) == sorted(each.content for each in letters(READERS))


@pytest.mark.parametrize("size_bytes", [5_000, 60_000])
def test_a_letter_is_as_large_as_it_is_said_to_be_and_its_readers_own_in_all_three_places(
    size_bytes: int, tmp_path: Path
) -> None:
    with (
        ScriptedSmtp(extensions=PIPELINING) as server,
        mailing.opened(tmp_path, readers=READERS, port=server.port) as app,
    ):
        mailing.sent(app, mailing.frozen(app, size_bytes=size_bytes), READERS)
    heads = [BytesParser().parsebytes(each.content, headersonly=True) for each in server.messages]
    assert all(abs(len(each.content) / size_bytes - 1) < 0.01 for each in server.messages)
    assert len({each.recipients for each in server.messages}) == READERS
    assert len({each.sender for each in server.messages}) == READERS
    ways = [re.findall(r"<(https|mailto):([^>]+)>", str(head["List-Unsubscribe"])) for head in heads]
    assert {tuple(scheme for scheme, _ in way) for way in ways} == {("https", "mailto")}
    assert len({rest for way in ways for _, rest in way}) == 2 * READERS
    assert {head["List-Unsubscribe-Post"] for head in heads} == {"List-Unsubscribe=One-Click"}


def test_a_send_that_left_somebody_out_is_no_figure(tmp_path: Path) -> None:
    def refuse_the_third(moment: Moment) -> Action | None:
        return Say("550 5.1.1 nobody here") if moment.step is Step.RCPT and "reader3@" in moment.line else None

    with (
        ScriptedSmtp(on_step=refuse_the_third, extensions=PIPELINING) as server,
        mailing.opened(tmp_path, readers=5, port=server.port) as app,
        pytest.raises(AssertionError),
    ):
        mailing.sent(app, mailing.frozen(app, size_bytes=5_000), 5)

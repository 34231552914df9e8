"""What a reply means at a step is a pure decision."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.channels.smtp.replies import Reply, Step, judge, lost, out_of_step, parse_reply
from syndicate.channels.smtp.texts import stuffed
from syndicate.delivery.model import Deferred, InDoubt, Refused, Sent


@pytest.mark.parametrize(
    ("step", "code", "expected"),
    [
        pytest.param(Step.MAIL, 250, type(None), id="sender ok"),
        pytest.param(Step.RCPT, 251, type(None), id="recipient will be forwarded"),
        pytest.param(Step.RCPT, 252, type(None), id="recipient not verified"),
        pytest.param(Step.DATA, 354, type(None), id="go ahead"),
        pytest.param(Step.DOT, 250, Sent, id="taken"),
        pytest.param(Step.MAIL, 451, Deferred, id="sender deferred"),
        pytest.param(Step.RCPT, 450, Deferred, id="greylisted"),
        pytest.param(Step.RCPT, 421, Deferred, id="hanging up"),
        pytest.param(Step.DATA, 451, Deferred, id="no text now"),
        pytest.param(Step.DOT, 452, Deferred, id="disk full after the dot"),
        pytest.param(Step.MAIL, 550, Refused, id="sender refused"),
        pytest.param(Step.RCPT, 550, Refused, id="no such user"),
        pytest.param(Step.DATA, 554, Refused, id="no valid recipients"),
        pytest.param(Step.DOT, 554, Refused, id="policy after the dot"),
        pytest.param(Step.DATA, 250, Deferred, id="a yes where 354 was due"),
        pytest.param(Step.RCPT, -1, Deferred, id="babble before the dot"),
        pytest.param(Step.DOT, -1, InDoubt, id="babble after the dot"),
        pytest.param(Step.DOT, 354, InDoubt, id="go ahead after the dot"),
    ],
)
def test_a_reply_means_one_thing_at_each_step(step: Step, code: int, expected: type) -> None:
    assert isinstance(judge(step, Reply(code=code, text="words")), expected)


@pytest.mark.parametrize("step", [step for step in Step if step is not Step.DOT])
def test_a_line_that_broke_before_the_final_dot_has_sent_nothing(step: Step) -> None:
    assert isinstance(lost(step, "reset"), Deferred)


def test_a_line_that_broke_at_the_final_dot_leaves_doubt() -> None:
    assert isinstance(lost(Step.DOT, "reset"), InDoubt)


@pytest.mark.parametrize(
    ("text", "status"),
    [("5.1.1 no such user", "5.1.1"), ("5.7.515", "5.7.515"), ("no such user", "550"), ("5.1.1x", "550"), ("", "550")],
)
def test_the_enhanced_status_code_is_read_where_there_is_one(text: str, status: str) -> None:
    assert Reply(code=550, text=text).status == status


def test_a_reply_of_several_lines_becomes_one_line_without_control_characters() -> None:
    reply = parse_reply(550, b"5.1.1 no\x1b[31m such\nuser\x00 here \xff")
    assert str(reply) == "550 5.1.1 no[31m such user here \N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize(
    ("step", "code", "expected"),
    [
        (Step.MAIL, 421, True),
        (Step.DATA, 250, True),
        (Step.DATA, 354, False),
        (Step.DOT, 250, False),
        (Step.DOT, -1, True),
    ],
)
def test_a_line_that_lost_the_thread_is_left(step: Step, code: int, expected: bool) -> None:
    assert out_of_step(step, Reply(code=code, text="")) is expected


@given(st.lists(st.sampled_from([b"", b".", b"..", b".x", b"x.", b"word"])))
def test_dot_stuffing_is_undone_by_a_reader_and_never_ends_the_text_early(lines: list[bytes]) -> None:
    content = b"".join(line + b"\r\n" for line in lines) or b"\r\n"
    text = stuffed(content)
    assert text is not None
    sent = text.split(b"\r\n")
    assert sent.pop() == b""
    assert b"." not in sent
    assert b"".join(line.removeprefix(b".") + b"\r\n" for line in sent) == content

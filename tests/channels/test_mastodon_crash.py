"""The sender is killed at each step of a status and started again: the status is there once."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from syndicate.channels.mastodon import MastodonChannel
from syndicate.delivery.model import Sent
from tests.channels.mastodon_double import TOKEN, Hands, MastodonDouble, Media
from tests.channels.test_mastodon_posting import PICTURED, STATUS, still

SENDER = """
import sys, time
from datetime import UTC, datetime
from dataclasses import replace
from syndicate.channels.mastodon import MastodonChannel
from tests.channels.test_mastodon_posting import PICTURED, STATUS, still

class Real:
    def now(self):
        return datetime.now(UTC)

channel = MastodonChannel("main", instance=sys.argv[1], token=sys.argv[2], pictures=still, clock=Real())
for key, outcome in channel.send([replace(STATUS, content=PICTURED)]):
    print("outcome", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def double() -> Iterator[MastodonDouble]:
    with MastodonDouble(now=lambda: datetime.now(UTC)) as server:
        yield server


def start(double: MastodonDouble) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", SENDER, double.url, TOKEN]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def while_it_uploads(double: MastodonDouble, sender: subprocess.Popen[str]) -> None:
    until(lambda: double.asked("GET /api/v1/media/") > 0)


def before_the_answer(double: MastodonDouble, sender: subprocess.Popen[str]) -> None:
    assert double.posted.wait(20)


def before_it_is_recorded(double: MastodonDouble, sender: subprocess.Popen[str]) -> None:
    assert sender.stdout is not None
    assert sender.stdout.readline() == "outcome\n"


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


STEPS = [
    ("while its picture is worked on", while_it_uploads, 0),
    ("after the post, before the answer", before_the_answer, 1),
    ("after the answer, before it is recorded", before_it_is_recorded, 1),
]


@pytest.mark.journey
@pytest.mark.parametrize("repeat_minutes", [3, 90], ids=["soon", "late"])
@pytest.mark.parametrize(("step", "there"), [row[1:] for row in STEPS], ids=[row[0] for row in STEPS])
def test_a_sender_killed_at_any_step_posts_once(
    double: MastodonDouble,
    step: Callable[[MastodonDouble, subprocess.Popen[str]], None],
    there: int,
    repeat_minutes: int,
) -> None:
    first_tried = datetime.now(UTC)
    if step is while_it_uploads:
        double.media = Media.NEVER
    if step is before_the_answer:
        double.hold = threading.Event()
    sender = start(double)
    step(double, sender)
    sender.send_signal(signal.SIGKILL)
    sender.communicate(timeout=20)
    assert len(double.public) == there

    if double.hold:
        double.hold.set()
    double.hold, double.media = None, Media.READY
    hands = Hands(first_tried)
    hands.turn(minutes=repeat_minutes)
    channel = MastodonChannel("main", instance=double.url, token=TOKEN, pictures=still, clock=hands, sleep=hands.sleep)
    ((_, outcome),) = channel.send([replace(STATUS, content=PICTURED, first_tried=first_tried)])
    assert isinstance(outcome, Sent)
    assert outcome.reply.startswith("found" if there else "posted")
    assert outcome.note is None
    assert len(double.public) == 1

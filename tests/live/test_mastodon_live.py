"""The channel against a real instance. Posts one private status with a picture, finds it again, and deletes it.

    SYNDICATE_LIVE_INSTANCE=https://… SYNDICATE_LIVE_TOKEN=… pytest -m live

The token needs the scopes read:accounts, read:statuses, write:statuses and write:media.
"""

from __future__ import annotations

import io
import os
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from PIL import Image as Pillow

from syndicate.channels.mastodon import MastodonChannel
from syndicate.channels.mastodon.server import base_address
from syndicate.channels.mastodon.wire import Wire
from syndicate.compose.length import measure
from syndicate.compose.model import StatusContent
from syndicate.delivery.model import DeliveryKey, OutgoingStatus, Refused, Sent
from syndicate.reviews.model import Image

INSTANCE, TOKEN = os.environ.get("SYNDICATE_LIVE_INSTANCE"), os.environ.get("SYNDICATE_LIVE_TOKEN")
pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(
        not (INSTANCE and TOKEN),
        reason="no real instance was tried: set SYNDICATE_LIVE_INSTANCE and SYNDICATE_LIVE_TOKEN",
    ),
]


class Real:
    def now(self) -> datetime:
        return datetime.now(UTC)


def still(_url: str) -> bytes:
    out = io.BytesIO()
    Pillow.new("RGB", (640, 360), "navy").save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def channel() -> MastodonChannel:
    return MastodonChannel("live", instance=INSTANCE or "", token=TOKEN or "", pictures=still, clock=Real())


@pytest.fixture
def wire() -> Wire:
    return Wire(base_address(INSTANCE or ""), TOKEN or "", Real().now)


@pytest.fixture
def status() -> OutgoingStatus:
    link = f"https://lantern.example/{uuid.uuid4()}.html"
    content = StatusContent(
        text=f"The Salt Road (1983) · 3.5 out of 5\n\nA test that is deleted at once.\n\n{link}",
        spoiler="A test",
        language="en",
        visibility="private",
        link=link,
        image=Image(url="https://lantern.example/still.png", alt="A field of navy blue"),
    )
    return OutgoingStatus(key=DeliveryKey(1), content=content, idempotency_key=uuid.uuid4().hex, first_tried=None)


@pytest.fixture
def posted(channel: MastodonChannel, wire: Wire, status: OutgoingStatus) -> Iterator[Sent]:
    ((_, outcome),) = channel.send([status])
    assert isinstance(outcome, Sent), outcome
    yield outcome
    assert outcome.remote_id is not None
    wire.delete(outcome.remote_id)


def test_the_account_can_do_what_it_must(channel: MastodonChannel) -> None:
    report = channel.check()
    assert report.ok, "\n".join(report.lines())


def test_a_status_comes_back_as_it_was_asked_and_is_found_again(
    channel: MastodonChannel, posted: Sent, status: OutgoingStatus
) -> None:
    assert posted.note is None
    again = replace(status, first_tried=datetime.now(UTC) - timedelta(minutes=10))
    ((_, found),) = channel.send([again])
    assert isinstance(found, Sent)
    assert found.remote_id == posted.remote_id


def test_the_server_refuses_one_character_more_than_we_count(channel: MastodonChannel, status: OutgoingStatus) -> None:
    limits = channel.limits()
    text = status.content.text + "\n"
    room = limits.max_chars - measure(text + "x", status.content.spoiler, limits) + 1
    longer = replace(status.content, text=text + "x" * (room + 1), image=None)
    assert measure(longer.text, longer.spoiler, limits) == limits.max_chars + 1
    ((_, outcome),) = channel.send([replace(status, content=longer)])
    assert isinstance(outcome, Refused)

"""What `protocols.Channel` promises, asked of every channel alike; a new channel is one more row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from syndicate.channels.mastodon import MastodonChannel
from syndicate.channels.outbox import OutboxMail, OutboxStatuses
from syndicate.channels.smtp import SmtpChannel
from syndicate.delivery.model import Deferred, DeliveryKey, InDoubt, Letter, OutgoingStatus, Refused, Sent
from syndicate.errors import ChannelError, StoreError
from syndicate.protocols import Channel
from syndicate.testing import RecordingChannel
from tests.channels import test_outbox
from tests.channels.mastodon_double import TOKEN, Hands, MastodonDouble
from tests.channels.smtp_server import DROP, PIPELINING, STEPPING, Moment, ScriptedSmtp, Step


@dataclass
class Row:
    """A channel on trial."""

    channel: Channel[Any]
    message: Callable[[int], Letter | OutgoingStatus]
    arrived: Callable[[], int]
    """How many messages the other end has."""
    break_down: Callable[[], None]
    """From now on nothing more goes through, and the channel can only say so."""
    on_wires: int = 1
    """How many messages may be on its wires at once."""


class Source:
    """Messages as the ledger hands them out: pulling one claims it."""

    def __init__(self, row: Row, count: int, fault: Exception | None = None) -> None:
        self.row, self.count, self.fault = row, count, fault
        self.claimed: list[int] = []

    def __iter__(self) -> Iterator[Letter | OutgoingStatus]:
        for key in range(1, self.count + 1):
            self.claimed.append(key)
            yield self.row.message(key)
        if self.fault:
            raise self.fault


def recording(stack: ExitStack, tmp_path: Path) -> Row:
    channel: RecordingChannel[Letter] = RecordingChannel()
    return Row(channel, test_outbox.letter, lambda: len(channel.sent), lambda: channel.break_after(0))


def smtp(stack: ExitStack, tmp_path: Path) -> Row:
    return _smtp(stack, STEPPING)


def smtp_pipelined(stack: ExitStack, tmp_path: Path) -> Row:
    return replace(_smtp(stack, PIPELINING), on_wires=2)


def smtp_pool(stack: ExitStack, tmp_path: Path) -> Row:
    return replace(_smtp(stack, PIPELINING, connections=3), on_wires=6)


def _smtp(stack: ExitStack, extensions: tuple[str, ...], connections: int = 1) -> Row:
    down: list[bool] = []

    def hang_up(moment: Moment) -> Any:
        return DROP if down and moment.step in (Step.CONNECT, Step.MAIL) else None

    server = stack.enter_context(ScriptedSmtp(on_step=hang_up, extensions=extensions))
    place: dict[str, Any] = {"host": server.host, "port": server.port, "security": "none"}
    channel = SmtpChannel(**place, pauses=(), connections=connections)
    return Row(channel, test_outbox.letter, lambda: len(server.messages), lambda: down.append(True))


def outbox_mail(stack: ExitStack, tmp_path: Path) -> Row:
    new = tmp_path / "out" / "mail" / "new"
    return Row(OutboxMail(tmp_path / "out"), test_outbox.letter, lambda: _count(new, "*.eml"), lambda: _block(new))


def outbox_statuses(stack: ExitStack, tmp_path: Path) -> Row:
    channel = OutboxStatuses("main", tmp_path / "out", test_outbox.NoPictures())
    folder = tmp_path / "out" / "statuses" / "main"
    return Row(channel, test_outbox.status, lambda: _count(folder, "*.json"), lambda: _block(folder))


def mastodon(stack: ExitStack, tmp_path: Path) -> Row:
    hands = Hands()
    double = stack.enter_context(MastodonDouble(now=hands.now))
    settings: dict[str, Any] = {"pictures": lambda url: b"", "clock": hands, "sleep": hands.sleep}
    channel = MastodonChannel("main", instance=double.url, token=TOKEN, **settings)
    return Row(channel, _bare_status, lambda: len(double.stored), lambda: setattr(double, "token", "revoked"))


def _bare_status(key: int) -> OutgoingStatus:
    made = test_outbox.status(key, f"A film\n\nhttps://lantern.example/{key}.html")
    content = replace(made.content, image=None, link=f"https://lantern.example/{key}.html")
    return replace(made, content=content)


def _count(folder: Path, pattern: str) -> int:
    return len(list(folder.glob(pattern))) if folder.is_dir() else 0


def _block(folder: Path) -> None:
    """Put a file where the folder was: even root cannot write into it then."""
    kept = folder.with_name(f"{folder.name}.kept")
    if folder.exists():
        folder.rename(kept)
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.write_text("")


ROWS = [recording, smtp, smtp_pipelined, smtp_pool, outbox_mail, outbox_statuses, mastodon]


@pytest.fixture(params=ROWS, ids=[make.__name__ for make in ROWS])
def row(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Row]:
    with ExitStack() as stack:
        yield request.param(stack, tmp_path)


def keys(outcomes: Iterable[tuple[DeliveryKey, object]]) -> list[int]:
    return [key for key, _ in outcomes]


def test_every_message_pulled_has_exactly_one_outcome(row: Row) -> None:
    source = Source(row, 5)
    outcomes = list(row.channel.send(source))
    assert sorted(keys(outcomes)) == source.claimed == [1, 2, 3, 4, 5]
    assert all(isinstance(outcome, Sent | Deferred | Refused | InDoubt) for _, outcome in outcomes)
    assert row.arrived() == 5


def test_what_a_server_took_is_sent_with_its_reply_on_one_line(row: Row) -> None:
    ((_, outcome),) = row.channel.send(Source(row, 1))
    assert isinstance(outcome, Sent)
    assert outcome.reply
    assert outcome.reply.isprintable()


def test_no_message_at_all_is_no_trouble(row: Row) -> None:
    assert list(row.channel.send([])) == []
    assert row.arrived() == 0


def test_nothing_is_claimed_before_an_outcome_is_asked_for(row: Row) -> None:
    source = Source(row, 5)
    row.channel.send(source)
    assert source.claimed == []


def test_no_more_is_claimed_than_can_be_on_the_wires(row: Row) -> None:
    source = Source(row, 5)
    for done, _ in enumerate(row.channel.send(source), start=1):
        assert len(source.claimed) <= done + row.on_wires - 1


def test_closing_early_leaves_no_more_without_an_outcome_than_was_on_the_wires(row: Row) -> None:
    source = Source(row, 5)
    outcomes: Any = row.channel.send(source)
    had = [next(outcomes)[0], next(outcomes)[0]]
    outcomes.close()
    assert set(had) <= set(source.claimed)
    assert len(source.claimed) < len(had) + row.on_wires
    assert 2 <= row.arrived() <= len(source.claimed)


def test_a_fault_of_the_ledger_passes_through_after_the_outcome_of_all_that_went_out_was_told(row: Row) -> None:
    source = Source(row, 3, StoreError("the database is locked"))
    had: list[DeliveryKey] = []
    with pytest.raises(StoreError):
        had.extend(key for key, _ in row.channel.send(source))
    assert set(had) <= set(source.claimed)
    assert row.arrived() == len(set(had)) == len(had)


def test_a_channel_that_breaks_down_says_so_and_what_has_no_outcome_was_never_on_a_wire(row: Row) -> None:
    source = Source(row, 40)
    outcomes: Any = row.channel.send(source)
    had = [next(outcomes)[0], next(outcomes)[0]]
    arrived = row.arrived()
    row.break_down()
    with pytest.raises(ChannelError):
        had.extend(key for key, _ in outcomes)
    assert len(source.claimed) <= len(had) + row.on_wires
    assert 2 <= arrived <= len(had)


def test_a_channel_can_be_used_again(row: Row) -> None:
    assert sorted(keys(row.channel.send(Source(row, 2)))) == [1, 2]
    assert keys(row.channel.send([row.message(3)])) == [3]
    assert row.arrived() == 3


def test_a_channel_has_a_name(row: Row) -> None:
    assert row.channel.name

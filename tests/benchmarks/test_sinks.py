"""The sink of the chaos bench: what it writes down is what it took, whatever it says of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from benchmarks.sinks import Manners, SinkProcess, sink
from benchmarks.witness import Records
from syndicate.channels.smtp import SmtpChannel
from syndicate.delivery.model import Deferred, DeliveryKey, InDoubt, Letter, Outcome, Sent

COUNT = 60
READERS = [f"reader{number}@mail.example" for number in range(COUNT)]


def letters() -> Iterator[Letter]:
    for number, reader in enumerate(READERS):
        name = f"<{number}@lantern.example>"
        text = b"To: %b\r\nMessage-ID: %b\r\n\r\n.a line\r\n" % (reader.encode(), name.encode())
        yield Letter(
            key=DeliveryKey(number), message_id=name, sender="n@lantern.example", recipient=reader, content=text
        )


def send(relay: SinkProcess, timeout: float = 30) -> dict[str, Outcome]:
    channel = SmtpChannel(
        host="127.0.0.1", port=relay.port, security="none", connections=3, timeout=timedelta(seconds=timeout)
    )
    return {READERS[key]: outcome for key, outcome in channel.send(letters())}


def events(relay: SinkProcess, what: str) -> set[str]:
    lines = [line.split() for line in relay.records.read_text().splitlines()]
    return {line[2] for line in lines if line[0] == what}


def told(outcomes: dict[str, Outcome], kind: type[Outcome]) -> set[str]:
    return {reader for reader, outcome in outcomes.items() if isinstance(outcome, kind)}


def test_every_letter_is_written_down_once_with_its_reader_and_its_name(tmp_path: Path) -> None:
    with sink(tmp_path) as relay:
        outcomes = send(relay)
        records = Records(relay.records)
        records.read()
    assert told(outcomes, Sent) == set(READERS)
    assert sorted(records.taken) == sorted((reader, f"<{n}@lantern.example>") for n, reader in enumerate(READERS))
    assert records.unanswered == []


@pytest.mark.parametrize(
    ("manners", "kind", "event"),
    [
        (Manners(refuses=0.5), Deferred, "refused"),
        (Manners(stalls=0.05), Deferred, "stalled"),
    ],
    ids=["refused", "stalled"],
)
def test_what_it_does_not_take_it_writes_down_as_such(
    tmp_path: Path, manners: Manners, kind: type[Outcome], event: str
) -> None:
    with sink(tmp_path, manners) as relay:
        outcomes = send(relay, timeout=0.3)
        assert told(outcomes, kind) == events(relay, event) != set()
        assert told(outcomes, Sent) == events(relay, "taken")


def test_a_line_that_it_drops_is_known_by_whether_the_letter_was_taken(tmp_path: Path) -> None:
    with sink(tmp_path, Manners(drops_taken=0.1, drops_untaken=0.1)) as relay:
        outcomes = send(relay)
        records = Records(relay.records)
        records.read()
        assert told(outcomes, InDoubt) == set(records.unanswered) == events(relay, "unsaid") | events(relay, "dropped")
    assert {reader for reader, _ in records.taken} == events(relay, "taken") | events(relay, "unsaid")


def test_a_slow_answer_is_an_answer(tmp_path: Path) -> None:
    with sink(tmp_path, Manners(dawdles=0.1, dawdle_seconds=0.05)) as relay:
        assert told(send(relay), Sent) == set(READERS)
        assert Counter(line.split()[0] for line in relay.records.read_text().splitlines())["taken"] == COUNT


def test_its_records_outlive_it_and_a_connection_that_died_with_it_is_closed(tmp_path: Path) -> None:
    with sink(tmp_path) as relay:
        send(relay)
        with relay.records.open("ab") as file:
            file.write(b"+ 99\n")
        relay.kill()
        records = Records(relay.records)
        assert not records.is_quiet()
        relay.start()
        assert records.is_quiet()
        assert len(records.taken) == COUNT


def test_a_line_that_is_half_written_is_read_once_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "records"
    path.write_bytes(b"taken <1@x> a@x\ntaken <2@x> b@")
    records = Records(path)
    records.read()
    assert records.taken == [("a@x", "<1@x>")]
    with path.open("ab") as file:
        file.write(b"x\n")
    records.read()
    assert records.taken == [("a@x", "<1@x>"), ("b@x", "<2@x>")]

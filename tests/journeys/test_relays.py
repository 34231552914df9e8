"""Manners, end to end: a quota spreads an issue over days, a relay that refuses rests, the next one stands in."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from syndicate.channels.smtp import SmtpChannel
from syndicate.channels.smtp.pool import Pool
from syndicate.compose.model import IssueState
from syndicate.delivery.model import DeliveryState
from syndicate.pipeline import deliver
from tests.channels.smtp_server import DROP, PIPELINING, Action, Moment, Say, ScriptedSmtp, Step
from tests.pipeline.studio import DAY, EDITOR, FRIDAY, HOUR, MINUTE, WEDNESDAY, Post, Studio, again, archive, studio

S = DeliveryState
NOT_FROM_YOU = Say("550 5.7.1 not from you")
NOBODY = Say("550 5.1.1 no such user here")
QUARTER = 15 * MINUTE


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody wait between two tries to reach a relay."""
    defaults = SmtpChannel.__init__.__kwdefaults__
    assert defaults is not None
    monkeypatch.setitem(defaults, "pauses", ())


@contextmanager
def house(folder: Path, readers: int, **relays: str) -> Iterator[Studio]:
    """An installation on the evening before its issue, with these relays ("port: 25, per_day: 5") and readers."""
    lines = "".join(f"    {name}: {{host: 127.0.0.1, security: none, {keys}}}\n" for name, keys in relays.items())
    with studio(folder, ("  outbox: out/\nlists", f"  relays:\n{lines}lists")) as made:
        made.readers(*(f"reader{number}" for number in range(readers)))
        made.begin(*archive(3))
        made.feed(Post(name="the-long-pier", published=WEDNESDAY + MINUTE), *archive(3))
        made.live(HOUR)
        made.clock.set(FRIDAY - QUARTER)
        yield made


def beats(made: Studio, until: datetime, step: timedelta = HOUR) -> None:
    """Let time pass."""
    made.live(until - made.clock.now(), step)


def to_readers(*servers: ScriptedSmtp) -> Counter[str]:
    """Return how many letters each reader has."""
    return Counter(
        message.recipients[0] for server in servers for message in server.messages if message.recipients != (EDITOR,)
    )


def subjects(*servers: ScriptedSmtp) -> list[str]:
    """Return the subject of each mail to the editor."""
    mails = [message.content for server in servers for message in server.messages if message.recipients == (EDITOR,)]
    unfolded = [mail.decode().replace("\r\n ", " ") for mail in mails]
    return [text.partition("Subject: ")[2].partition("\r\n")[0] for text in unfolded]


def of_the_rest(*servers: ScriptedSmtp) -> list[str]:
    """Return which mails to the editor were about a relay's rest: begun, or over."""
    told = [subject for subject in subjects(*servers) if "rests until" in subject]
    return ["over" if "well again" in subject else "begun" for subject in told]


def states(made: Studio) -> dict[DeliveryState, int]:
    """Return the account of the one issue."""
    (issue,) = made.issues()
    return made.app.deliveries.counts(issue.id)


def everyone(count: int) -> dict[str, int]:
    """Return that each of so many readers has one letter."""
    return {f"reader{number}@reader.example": 1 for number in range(count)}


def refusing(say: Say, is_ill: Callable[[], bool], *, every: bool = True) -> Callable[[Moment], Action | None]:
    """Refuse the readers' letters while the relay is ill; the editor's mails are taken (`every`: not even those)."""

    def on_step(moment: Moment) -> Action | None:
        is_editor = EDITOR in moment.line
        return say if moment.step is Step.RCPT and is_ill() and (every or not is_editor) else None

    return on_step


# --- a quota ---


def test_a_quota_spreads_an_issue_over_days_and_nobody_is_written_to_twice(tmp_path: Path) -> None:
    with ScriptedSmtp() as server, house(tmp_path, 12, main=f"port: {server.port}, per_day: 5, connections: 3") as made:
        beats(made, FRIDAY + QUARTER, QUARTER)
        assert (len(server.messages), states(made)) == (5, {S.SENT: 5, S.PLANNED: 7})
        beats(made, FRIDAY + DAY - QUARTER)
        assert len(server.messages) == 5
        with again(made) as next_process:
            beats(next_process, FRIDAY + DAY + 2 * HOUR)
            assert len(server.messages) == 10
            assert [issue.state for issue in made.issues()] == [IssueState.SENDING]
            beats(next_process, FRIDAY + 2 * DAY + 4 * HOUR)
        assert to_readers(server) == everyone(12)
        assert [issue.state for issue in made.issues()] == [IssueState.SENT]
        assert subjects(server) == [], "a quota that is used up is no alert"


def test_a_quota_that_is_used_up_is_no_failure(tmp_path: Path) -> None:
    with ScriptedSmtp() as server, house(tmp_path, 3, main=f"port: {server.port}, per_day: 1") as made:
        assert all(each.is_whole for each in made.live(4 * HOUR, HOUR))
        assert states(made) == {S.SENT: 1, S.PLANNED: 2}


def test_who_leaves_while_an_issue_waits_for_its_quota_gets_none(tmp_path: Path) -> None:
    with ScriptedSmtp() as server, house(tmp_path, 6, main=f"port: {server.port}, per_day: 5") as made:
        beats(made, FRIDAY + HOUR)
        (left,) = set(everyone(6)) - set(to_readers(server))
        made.app.audience.unsubscribe(left, "readers", made.clock.now())
        beats(made, FRIDAY + 2 * DAY)
        assert left not in to_readers(server)
        assert states(made) == {S.SENT: 5, S.SUPPRESSED: 1}


def test_a_used_up_quota_hands_the_rest_to_the_next_relay(tmp_path: Path) -> None:
    with (
        ScriptedSmtp() as first,
        ScriptedSmtp() as second,
        house(tmp_path, 9, a=f"port: {first.port}, per_day: 4", b=f"port: {second.port}, per_day: 3") as made,
    ):
        beats(made, FRIDAY + QUARTER, QUARTER)
        assert (len(first.messages), len(second.messages)) == (4, 3)
        beats(made, FRIDAY + DAY + 2 * HOUR)
        assert (len(first.messages), len(second.messages)) == (6, 3)
        assert to_readers(first, second) == everyone(9)


# --- a rate ---


def in_no_time(monkeypatch: pytest.MonkeyPatch, made: Studio) -> None:
    """Let the wire's waits for the pace be jumps of the clock."""
    patience = Pool._patience

    def jump(pool: Pool) -> float | None:
        wait = pool._supply.wait() if pool._supply else 0
        if not wait:
            return patience(pool)
        made.clock.advance(timedelta(seconds=wait))
        return 0

    monkeypatch.setattr(Pool, "_patience", jump)


@pytest.mark.parametrize(("rate", "burst"), [(0.5, 1), (4, 1), (20, 4)])
@pytest.mark.parametrize("connections", [1, 3])
def test_no_window_of_a_send_holds_more_letters_than_the_rate_allows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rate: float, burst: int, connections: int
) -> None:
    keys = f"rate: {rate}, connections: {connections}"
    with ScriptedSmtp() as server, house(tmp_path, 24, main=f"port: {server.port}, {keys}") as made:
        in_no_time(monkeypatch, made)
        beats(made, FRIDAY, QUARTER)
        assert to_readers(server) == everyone(24)
        (issue,) = made.issues()
        times = sorted(row.tried for row in made.app.deliveries.listed(issue=issue.id) if row.tried)
        assert len(times) == 24
        for first, begin in enumerate(times):
            for count, end in enumerate(times[first:], start=1):
                assert count <= rate * (end - begin).total_seconds() + burst + 1e-6
        assert (times[-1] - times[0]).total_seconds() <= 24 / rate, "and no slower than it must be"


def test_a_send_that_waits_for_its_rate_ends_when_it_is_asked_to(tmp_path: Path) -> None:
    def end_it(moment: Moment) -> Action | None:
        if moment.step is Step.DOT:
            made.app.stop.set()
        return None

    with ScriptedSmtp(on_step=end_it) as server, house(tmp_path, 9, main=f"port: {server.port}, rate: 0.01") as made:
        beats(made, FRIDAY, QUARTER)
        assert states(made) == {S.SENT: 1, S.PLANNED: 8}


# --- a rest ---


def test_a_relay_that_refuses_letter_after_letter_rests_and_the_editor_is_told_once(tmp_path: Path) -> None:
    ill = True
    on_step = refusing(NOT_FROM_YOU, lambda: ill, every=False)
    with ScriptedSmtp(on_step=on_step) as server, house(tmp_path, 30, main=f"port: {server.port}") as made:
        beats(made, FRIDAY + QUARTER, QUARTER)
        refused = states(made)[S.FAILED]
        assert 20 <= refused <= 22, "what was on the wire when the rest began may be refused too"
        assert states(made)[S.PLANNED] == 30 - refused
        assert of_the_rest(server) == ["begun"]
        tried = server.letters
        beats(made, FRIDAY + 45 * MINUTE, QUARTER)
        assert server.letters == tried
        beats(made, FRIDAY + 3 * HOUR, QUARTER)
        assert tried < server.letters <= tried + 10, "rest after rest, each tried with a letter or two"
        assert of_the_rest(server) == ["begun"]
        ill = False
        refused = states(made)[S.FAILED]
        beats(made, FRIDAY + 5 * HOUR, QUARTER)
        assert states(made) == {S.FAILED: refused, S.SENT: 30 - refused}
        assert of_the_rest(server) == ["begun", "over"]
        (issue,) = made.issues()
        assert made.app.deliveries.retry(issue.id, made.clock.now(), reply="not from you").planned == refused
        beats(made, FRIDAY + 6 * HOUR, QUARTER)
        assert to_readers(server) == everyone(30)
        assert made.app.issues.get(issue.id).state is IssueState.SENT


def test_a_person_who_knows_better_ends_the_rest(tmp_path: Path) -> None:
    ill = True
    on_step = refusing(Say("451 4.3.2 not now"), lambda: ill)
    keys = "pause_after: 3, pause_for: 24h"
    with ScriptedSmtp(on_step=on_step) as server, house(tmp_path, 9, main=f"port: {server.port}, {keys}") as made:
        beats(made, FRIDAY + QUARTER, QUARTER)
        assert S.SENT not in states(made)
        ill = False
        beats(made, FRIDAY + 4 * HOUR)
        assert to_readers(server) == {}
        made.app.relays.resume("main")
        beats(made, FRIDAY + 5 * HOUR)
        assert to_readers(server) == everyone(9)
        assert of_the_rest(server) == ["begun", "over"], "a mail to the editor is tried by it all the same"


def test_readers_who_are_gone_let_no_relay_rest(tmp_path: Path) -> None:
    on_step = refusing(NOBODY, lambda: True, every=False)
    keys = "pause_after: 3"
    with ScriptedSmtp(on_step=on_step) as server, house(tmp_path, 9, main=f"port: {server.port}, {keys}") as made:
        beats(made, FRIDAY + QUARTER, QUARTER)
        assert states(made) == {S.FAILED: 9}
        assert of_the_rest(server) == []


def test_a_relay_that_rests_leaves_the_issue_to_the_next(tmp_path: Path) -> None:
    with (
        ScriptedSmtp(on_step=refusing(NOT_FROM_YOU, lambda: True)) as first,
        ScriptedSmtp() as second,
        house(tmp_path, 12, a=f"port: {first.port}, pause_after: 3", b=f"port: {second.port}") as made,
    ):
        beats(made, FRIDAY + QUARTER, QUARTER)
        went = states(made)
        assert 3 <= went[S.FAILED] <= 5
        assert went[S.SENT] == 12 - went[S.FAILED] == sum(to_readers(second).values())
        assert of_the_rest(second) == ["begun"], "by the relay that takes letters"


# --- a relay that cannot be reached ---


def closed_port() -> int:
    """Return a port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def test_letters_go_by_the_next_relay_where_the_first_cannot_be_reached(tmp_path: Path) -> None:
    with ScriptedSmtp() as second, house(tmp_path, 9, a=f"port: {closed_port()}", b=f"port: {second.port}") as made:
        beats(made, FRIDAY + QUARTER, QUARTER)
        assert to_readers(second) == everyone(9)
        assert states(made) == {S.SENT: 9}
        assert deliver(made.app).faults == ()


def test_of_a_relay_that_stays_away_the_editor_is_told_by_the_one_that_works(tmp_path: Path) -> None:
    with ScriptedSmtp() as second, house(tmp_path, 9, a=f"port: {closed_port()}", b=f"port: {second.port}") as made:
        beats(made, FRIDAY + 2 * HOUR, QUARTER)
        assert subjects(second) == []
        made.app.incidents.open("relay:a", "the relay does not take our letters", made.clock.now())
        made.tick()
        assert subjects(second) == ["[The Lantern] the relay does not take our letters"]


def test_a_relay_that_cannot_be_reached_uses_up_no_quota_by_being_tried(tmp_path: Path) -> None:
    with house(tmp_path, 9, main=f"port: {closed_port()}, per_day: 3") as made:
        beats(made, FRIDAY + 2 * HOUR, QUARTER)
        assert states(made) == {S.PLANNED: 9}
        assert made.app.relays.given("main", made.clock.now()) == 0


def test_where_no_relay_can_be_reached_nothing_is_lost_and_the_editor_is_told_of_it_later(tmp_path: Path) -> None:
    with house(tmp_path, 4, a=f"port: {closed_port()}", b=f"port: {closed_port()}") as made:
        beats(made, FRIDAY + QUARTER, QUARTER)
        assert states(made) == {S.PLANNED: 4}
        assert [incident.name for incident in made.app.incidents.open_ones()] == []
        beats(made, FRIDAY + 2 * HOUR, QUARTER)
        assert [incident.name for incident in made.app.incidents.open_ones()] == ["mail"]


@pytest.mark.parametrize("step", [Step.MAIL, Step.RCPT, Step.DATA])
@pytest.mark.parametrize("extensions", [PIPELINING, PIPELINING[:-1]], ids=["pipelined", "stepped"])
def test_a_relay_that_dies_in_the_middle_leaves_each_letter_to_go_once(
    tmp_path: Path, step: Step, extensions: tuple[str, ...]
) -> None:
    def dying(moment: Moment) -> Action | None:
        is_dead = first.letters > 3
        return DROP if is_dead and moment.step in (step, Step.CONNECT) else None

    with (
        ScriptedSmtp(on_step=dying, extensions=extensions) as first,
        ScriptedSmtp(extensions=extensions) as second,
        house(tmp_path, 12, a=f"port: {first.port}, connections: 2", b=f"port: {second.port}") as made,
    ):
        beats(made, FRIDAY + 8 * HOUR, QUARTER)
        assert to_readers(first, second) == everyone(12)
        assert len(first.messages) >= 1
        assert len(second.messages) >= 6
        assert states(made) == {S.SENT: 12}

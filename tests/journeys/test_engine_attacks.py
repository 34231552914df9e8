"""Whatever happens beside a send, and in the midst of it: nobody is lost, nobody has two, the account is proven."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Any

import pytest

from syndicate.compose.model import IssueState
from syndicate.delivery.model import DeliveryKey, DeliveryState, Letter
from syndicate.errors import StoreError, TemplateError
from syndicate.pipeline import deliver
from syndicate.pipeline.press import Press
from syndicate.store.generation import Generation
from tests.channels.smtp_server import DROP, PIPELINING, Action, Moment, ScriptedSmtp, Step
from tests.journeys.test_engine_misbehaviour import READERS, agree, ends_well, got, house, impatient, names
from tests.pipeline.studio import DAY, HOUR, MINUTE, Studio

__all__ = ["impatient"]
S = DeliveryState
CONNECTIONS, MANY = 3, 30
WIRES = f"connections: {CONNECTIONS}"


class Midst:
    """Lets something happen once while a group of letters is on its way; no letter is answered meanwhile."""

    def __init__(self, letter: int = 8) -> None:
        self.act: Callable[[], None] = lambda: None
        self.letter, self.done, self.answering = letter, False, Lock()

    def __call__(self, moment: Moment) -> Action | None:
        with self.answering:
            if not self.done and (moment.step, moment.letter) == (Step.DOT, self.letter):
                self.done = True
                self.act()
        return None


def claimed(made: Studio) -> set[str]:
    """Return whose letters are claimed at this moment, or were sent."""
    (issue,) = made.issues()
    rows = made.app.deliveries.listed(issue=issue.id, states=(S.SENDING, S.SENT))
    return {row.recipient for row in rows}


def test_all_who_leave_while_a_group_is_on_its_way_get_none_but_those_whose_letter_is_out(
    tmp_path: Path, database_url: str
) -> None:
    midst, out = Midst(), set[str]()

    def all_leave() -> None:
        out.update(claimed(made))
        for number in range(MANY):
            made.app.audience.unsubscribe(f"reader{number}@reader.example", "readers", made.clock.now())

    midst.act = all_leave
    with (
        ScriptedSmtp(on_step=midst, extensions=PIPELINING) as server,
        house(tmp_path, database_url, f"port: {server.port}, {WIRES}", readers=MANY) as made,
    ):
        deliver(made.app)
        assert midst.done
        taken = got(server)
        assert len(taken) <= midst.letter + 3 * CONNECTIONS, "two a connection are out, and one was just answered"
        assert out <= set(taken)
        assert agree(made, server) == {S.SENT: len(taken), S.SUPPRESSED: MANY - len(taken)}
        assert set(taken.values()) == {1}


def test_a_clock_that_is_set_back_in_the_midst_loses_nobody(tmp_path: Path, database_url: str) -> None:
    midst = Midst(letter=3)
    midst.act = lambda: made.clock.set(made.clock.now() - HOUR)
    with (
        ScriptedSmtp(on_step=midst, extensions=PIPELINING) as server,
        house(tmp_path, database_url, f"port: {server.port}, {WIRES}, per_day: 100", readers=MANY) as made,
    ):
        deliver(made.app)
        assert midst.done
        agree(made, server)
        made.live(DAY, HOUR)
        assert agree(made, server) == {S.SENT: MANY}
        assert set(got(server).values()) == {1}


def test_a_number_that_can_be_kept_no_more_leaves_doubt_and_no_double(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The claim is committed by then, and its letters never are on a wire."""
    keep, kept = Generation.keep, list[int]()

    def failing(generation: Generation, number: int) -> None:
        kept.append(number)
        if len(kept) > 3:
            raise StoreError("the number beside the database cannot be kept")
        keep(generation, number)

    with (
        ScriptedSmtp(extensions=PIPELINING) as server,
        house(tmp_path, database_url, f"port: {server.port}, {WIRES}") as made,
    ):
        with monkeypatch.context() as patched:
            patched.setattr(Generation, "keep", failing)
            with pytest.raises(StoreError):
                deliver(made.app)
        (issue,) = made.issues()
        assert made.app.deliveries.counts(issue.id).get(S.SENDING, 0) <= 2 * CONNECTIONS
        ends_well(made, server)


def test_a_template_that_breaks_in_the_midst_gives_back_what_was_claimed(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    print_one, printed = Press.letter, list[DeliveryKey]()

    def breaking(press: Press, key: DeliveryKey, **facts: Any) -> Letter:
        printed.append(key)
        if len(printed) > 5:
            raise TemplateError("the template is broken")
        return print_one(press, key, **facts)

    with (
        ScriptedSmtp(extensions=PIPELINING) as server,
        house(tmp_path, database_url, f"port: {server.port}, {WIRES}, per_day: 50") as made,
    ):
        with monkeypatch.context() as patched:
            patched.setattr(Press, "letter", breaking)
            (fault,) = deliver(made.app).faults
        assert isinstance(fault, TemplateError)
        told = agree(made, server)
        assert told == {S.SENT: told[S.SENT], S.PLANNED: READERS - told[S.SENT]}
        assert made.app.relays.given("r0", made.clock.now()) == told[S.SENT], "what is given back counts no more"
        ends_well(made, server)


def test_an_issue_that_is_stopped_with_letters_on_wires_says_of_each_what_became_of_it(
    tmp_path: Path, database_url: str
) -> None:
    """Of those on a wire one is taken, and one line is cut after the dot."""

    def on_step(moment: Moment) -> Action | None:
        if moment.step is not Step.DOT:
            return None
        if moment.letter == 4:
            (issue,) = made.issues()
            made.app.issues.cancel(issue.id, made.clock.now())
        return DROP if moment.letter == 5 else None

    with (
        ScriptedSmtp(on_step=on_step, extensions=PIPELINING) as server,
        house(tmp_path, database_url, f"port: {server.port}", readers=MANY) as made,
    ):
        deliver(made.app)
        told = agree_stopped(made, server)
        assert told[S.SENT] + told[S.IN_DOUBT] + told[S.CANCELLED] == MANY
        made.live(HOUR, MINUTE * 20)
        assert agree_stopped(made, server)[S.SENT] == told[S.SENT], "no more go"
        assert set(got(server).values()) == {1}


def agree_stopped(made: Studio, server: ScriptedSmtp) -> dict[DeliveryState, int]:
    """Hold the rows of a stopped issue against what was taken: who was in doubt may have theirs, and it says so."""
    (issue, *_) = made.issues(IssueState.CANCELLED)
    taken, rows = got(server), made.app.deliveries.listed(issue=issue.id)
    for row in rows:
        may_have = row.state in (S.SENT, S.IN_DOUBT) or "may have left" in (row.reply or "")
        assert may_have or not taken[row.recipient], row
    states = {state: sum(row.state is state for row in rows) for state in (S.SENT, S.IN_DOUBT, S.CANCELLED)}
    assert sum(states.values()) == len(rows)
    return states


def test_a_posting_address_and_readers_go_by_several_relays_once_each(tmp_path: Path, database_url: str) -> None:
    changes = (("friends: {name: Friends of the house}", "friends: {name: Friends, address: all@list.example}"),)
    with (
        ScriptedSmtp(extensions=PIPELINING) as first,
        ScriptedSmtp() as second,
        house(
            tmp_path,
            database_url,
            f"port: {first.port}, {WIRES}, per_day: 4",
            f"port: {second.port}",
            changes=changes,
        ) as made,
    ):
        deliver(made.app)
        assert agree(made, first, second).keys() == {S.SENT}
        everybody = [message.recipients[0] for each in (first, second) for message in each.messages]
        assert sorted(everybody) == sorted({*everybody})
        assert len(everybody) == READERS + 1
        assert len(first.messages) == 4
        assert "all@list.example" in everybody
        assert len(names(first, second)) == READERS

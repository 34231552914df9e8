"""Whatever a relay does, and whenever: each letter has one outcome at most, and the outcome is true."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import HealthCheck, event, example, given, settings
from hypothesis import strategies as st

from tests.channels.smtp_server import DROP, MUTE, STALL, Action, Drop, Moment, Say, Step
from tests.channels.test_smtp_wires import Wires, key_of, run

BRIEF = timedelta(milliseconds=60)
LETTERS = 6
NO = ["450 4.2.0 later", "550 5.1.1 no", "530 5.7.0 log in", "503 5.5.1 out of order", "421 4.3.2 bye"]
ODD = ["what?", "250-folded\r\n250 2.0.0 well", "354 go ahead", "220 hello again", ""]
ENDS: list[Action] = [DROP, Drop(keep=False), STALL, *(Say(f"{reply}", then_drop=True) for reply in NO)]
BEFORE_THE_TEXT = st.sampled_from(
    [*ENDS, MUTE, *(Say(reply) for reply in [*NO, *ODD]), Say("250 ok\r\n250 again"), Say("354 go\r\n550 5.1.1 no")]
)
AT_THE_DOT = st.sampled_from(
    [*ENDS, *(Say(reply) for reply in [*NO, "what?", "354 go ahead", "250 ok\r\n250 again", "250 ok\r\n421 bye"])]
)
"""A server that takes a letter, says nothing, and goes on with the next is not among these: its next answer would be
believed to be the one that is missing, and no client could know better."""


def _moments(
    steps: list[Step], actions: st.SearchStrategy[Action]
) -> st.SearchStrategy[tuple[tuple[Step, int], Action]]:
    return st.tuples(st.tuples(st.sampled_from(steps), st.integers(1, LETTERS)), actions)


SCRIPTS = st.lists(
    _moments([Step.MAIL, Step.RCPT, Step.DATA], BEFORE_THE_TEXT)
    | _moments([Step.DOT], AT_THE_DOT)
    | _moments([Step.MID_BODY], st.sampled_from([DROP, STALL]))
    | _moments([Step.RSET], st.sampled_from([DROP, STALL, MUTE, Say("500 what?"), Say("250 ok\r\n250 again")])),
    max_size=4,
).map(dict)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from([1, 3]), st.booleans(), SCRIPTS)
@example(1, True, {(Step.DOT, 2): Drop(keep=True), (Step.MAIL, 3): Say("550 5.1.1 no")})
def test_every_outcome_is_true_whatever_the_relay_does(
    connections: int, pipelined: bool, script: dict[tuple[Step, int], Action]
) -> None:
    """`run` holds every outcome against what the server took."""
    wires = Wires(connections, pipelined)

    def on_step(moment: Moment) -> Action | None:
        return script.get((moment.step, key_of(moment.sender)))

    told = run(wires, wires.server(on_step), LETTERS, timeout=BRIEF, dot_patience=BRIEF)
    event(f"raised: {told.error is not None}")
    for outcome in told.outcomes.values():
        event(type(outcome).__name__)

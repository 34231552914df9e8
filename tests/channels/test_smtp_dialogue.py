"""What comes of a conversation does not depend on how the relay's bytes happen to arrive."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import event, example, given
from hypothesis import strategies as st

from syndicate.channels.smtp.connect import Abilities
from syndicate.channels.smtp.dialogue import Dialogue
from syndicate.delivery.model import DeliveryKey, Letter

TURN = b"250 2.0.0 Ok: queued as 4F\r\n250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n354 go ahead\r\n"
"""What a relay says once letters follow each other: one is taken, and the next one's text is asked for."""
LINES = [
    *TURN.splitlines(keepends=True),
    b"250-folded\r\n250 well\r\n",
    b"251 2.1.5 forwarded\r\n",
    b"220 hello again\r\n",
    b"450 4.2.0 later\r\n",
    b"550 5.1.1 no\r\n",
    b"530 5.7.0 log in\r\n",
    b"421 4.3.2 bye\r\n",
    b"what?\r\n",
]


@dataclass(frozen=True)
class Round:
    """We say what we may, of which not all goes out; then the relay says something."""

    unwritten: int
    answer: bytes
    cut: int
    """Where the answer is cut in two."""


ANSWERS = (
    st.just(TURN)
    | st.sampled_from(LINES).map(lambda line: TURN + line)
    | st.lists(st.sampled_from(LINES), max_size=6).map(b"".join)
    | st.tuples(st.integers(0, 3), st.sampled_from(LINES)).map(
        lambda odd: b"".join([*TURN.splitlines(keepends=True)[: odd[0]], odd[1], *TURN.splitlines(True)[odd[0] + 1 :]])
    )
)
ROUNDS = st.lists(
    st.builds(
        Round,
        unwritten=st.just(0) | st.integers(0, 200),
        answer=ANSWERS,
        cut=st.just(0) | st.integers(0, len(TURN)),
    ),
    max_size=6,
)


def letter(key: int) -> Letter:
    return Letter(
        key=DeliveryKey(key),
        message_id=f"<{key}@lantern.example>",
        sender=f"bounce+{key}@lantern.example",
        recipient=f"reader+{key}@people.example",
        content=b"Subject: x\r\n\r\nFirst.\r\n",
    )


def seen(dialogue: Dialogue) -> object:
    """Return all that can be seen of it."""
    fault = str(dialogue.fault)
    flags = (dialogue.over, dialogue.broke, dialogue.wants, dialogue.text_is_due, dialogue.mid_text)
    return list(dialogue.told), list(dialogue.unbegun), fault, flags, dialogue.waiting


def held(rounds: Sequence[Round], pipelining: bool, *, in_bytes: bool) -> list[object]:
    """Return what is seen after each round, with all that was said, and what is left once the line is lost."""
    dialogue = Dialogue(Abilities(pipelining=pipelining), "the relay")
    views: list[object] = []
    dialogue.receive(b"")
    for number, each in enumerate([Round(0, b"".join(TURN.splitlines(keepends=True)[1:]), 0), *rounds]):
        if dialogue.wants:
            dialogue.begin(letter(number))
        said = dialogue.take()
        dialogue.wrote(max(0, len(said) - each.unwritten))
        parts = [each.answer[: each.cut], each.answer[each.cut :]]
        for part in (bytes([octet]) for octet in each.answer) if in_bytes else parts:
            dialogue.receive(part)
        dialogue.wrote(min(len(said), each.unwritten))
        views.append((said, seen(dialogue)))
    dialogue.lost("gone")
    return [*views, seen(dialogue)]


@given(ROUNDS, st.sampled_from([True, True, False]))
@example([Round(0, TURN, 0), Round(0, TURN, 0), Round(0, TURN, 0)], True)
@example([Round(1, TURN, 0)], True)
@example([Round(150, TURN, 0), Round(0, TURN, 0)], True)
@example([Round(0, TURN + b"421 bye\r\n", 0)], True)
def test_it_makes_no_difference_how_the_bytes_of_the_replies_arrive(rounds: list[Round], pipelining: bool) -> None:
    """A turn that comes whole is heard in one step, one that comes in bytes reply by reply; nobody can tell."""
    whole = held(rounds, pipelining, in_bytes=False)
    event(f"turns: {sum(each.answer == TURN and not each.cut and not each.unwritten for each in rounds)}")
    assert whole == held(rounds, pipelining, in_bytes=True)

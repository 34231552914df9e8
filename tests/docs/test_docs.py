"""What the program has, the pages have: commands, options, states, reasons, promises."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from itertools import chain

import click
import pytest

from syndicate.audience.model import Landing, Notice, OptIn, SubscriptionState, SuppressionReason, Welcome, What
from syndicate.compose.model import IssueState
from syndicate.compose.select import PassedOver
from syndicate.delivery.model import START, STEPS, DeliveryState
from syndicate.returns.model import Action, ReturnKind
from syndicate.reviews.admission import EntryState, Hold
from syndicate.reviews.model import Kind
from syndicate.reviews.ratings import parse_rating
from tests.docs.pages import ROOT, commands, options_of, text_of

COMMANDS = commands()
TEST_NAME = re.compile(r"`(tests/[\w/]+\.py)::([Tt]est\w+)`")


# --- docs/commands.md ---


def part_of(command: str) -> str:
    """Return what docs/commands.md says of a command."""
    found = re.search(rf"^### syndicate {command}$\n(.*?)(?=^##|\Z)", text_of("commands.md"), re.MULTILINE | re.DOTALL)
    assert found, f"docs/commands.md says nothing of `syndicate {command}`"
    return found[1]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_documented_with_an_example(command: str) -> None:
    text = part_of(command)
    assert re.match(r"\n[A-Z]", text), "it begins with a sentence"
    assert re.search(rf"^    syndicate (-\S+ )*{command}\b", text, re.MULTILINE)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_of_a_command_is_documented(command: str) -> None:
    text = part_of(command)
    assert [option for option in options_of(COMMANDS[command]) if not re.search(rf"`{option}\b", text)] == []


def test_no_command_is_documented_that_is_none() -> None:
    assert re.findall(r"^### syndicate (.+)$", text_of("commands.md"), re.MULTILINE) != []
    assert set(re.findall(r"^### syndicate (.+)$", text_of("commands.md"), re.MULTILINE)) == set(COMMANDS)


def test_the_options_of_every_command_are_documented() -> None:
    from syndicate.cli import root

    head = text_of("commands.md").partition("\n## ")[0]
    assert [option for option in options_of(root) if not re.search(rf"`{option}\b", head)] == []


@pytest.mark.parametrize("command", COMMANDS)
def test_choices_are_all_named(command: str) -> None:
    if command == "deliveries list":
        return  # Its ten states are docs/concepts.md's.
    text = part_of(command)
    for option in COMMANDS[command].params:
        if isinstance(option.type, click.Choice):
            assert [each for each in option.type.choices if not re.search(rf"\b{each}\b", text)] == []


# --- docs/concepts.md ---

TABLES: Mapping[type[StrEnum], tuple[str, str]] = {
    EntryState: ("What becomes of an entry", "state"),
    Hold: ("What becomes of an entry", "reason"),
    IssueState: ("What is sent", "state"),
    PassedOver: ("What is sent", "passed over"),
    SubscriptionState: ("Who gets it", "state"),
    SuppressionReason: ("Who gets it", "reason"),
    OptIn: ("Joining, and what a reader is told", "opt_in"),
    Welcome: ("Joining, and what a reader is told", "welcome"),
    Notice: ("Joining, and what a reader is told", "notice"),
    What: ("Joining, and what a reader is told", "line"),
    Landing: ("Joining, and what a reader is told", "import"),
    DeliveryState: ("What becomes of a letter or a status", "state"),
    ReturnKind: ("What comes back", "kind"),
    Action: ("What comes back", "action"),
}
"""Each list of words, the part of the page that has its table, and the head of that table's first column."""


def rows_of(part: str, head: str) -> list[str]:
    """Return the words of a table that have an explanation beside them."""
    text = re.search(rf"^## {part}\n(.*?)(?=^## |\Z)", text_of("concepts.md"), re.MULTILINE | re.DOTALL)
    assert text, f"docs/concepts.md has no part “{part}”"
    table = re.search(rf"^\| {head} \| [^\n]*\n\| --- [^\n]*\n((?:\|[^\n]*\n)+)", text[1], re.MULTILINE)
    assert table, f"there is no table of each {head} in “{part}”"
    return re.findall(r"^\| `([^`]+)` \| \S", table[1], re.MULTILINE)


@pytest.mark.parametrize("words", TABLES, ids=lambda words: words.__name__)
def test_every_word_of_a_list_has_its_row_and_no_row_is_of_the_past(words: type[StrEnum]) -> None:
    assert sorted(rows_of(*TABLES[words])) == sorted(words)


@pytest.mark.parametrize("word", Kind, ids=str)
def test_every_kind_of_entry_is_named(word: StrEnum) -> None:
    assert f"`{word}`" in text_of("concepts.md")


def test_the_graph_that_is_drawn_has_every_state() -> None:
    drawn = re.search(r"^    planned ──►.*?(?=^\|)", text_of("concepts.md"), re.MULTILINE | re.DOTALL)
    assert drawn
    for state in {START, *STEPS, *chain.from_iterable(STEPS.values())}:
        assert re.search(rf"\b{state}\b", drawn[0]), f"{state} is not drawn"


def test_the_letter_scale_has_every_letter_in_its_order() -> None:
    table = re.search(r"^\| (F .*) \|\n\| --- .*\n\| (0 .*) \|$", text_of("concepts.md"), re.MULTILINE)
    assert table
    letters, places = table[1].split(" | "), table[2].split(" | ")
    assert places == [str(place) for place in range(13)]
    assert all((rating := parse_rating(letter)) and rating.letter == letter for letter in letters)
    assert letters == sorted(letters, key=_rank)
    assert {letter[0] for letter in letters} == set("ABCDF")


def _rank(letter: str) -> tuple[int, int]:
    return -ord(letter[0]), {"-": 0, "": 1, "+": 2}[letter[1:]]


@pytest.mark.parametrize(
    ("written", "kept"),
    [("★★★½", (3.5, 5)), ("★★★☆", (3, 4)), ("8/10", (8, 10)), ("3.5 out of 5", (3.5, 5)), ("85%", (85, 100))],
)
def test_the_ratings_of_the_table_are_read_so(written: str, kept: tuple[float, float]) -> None:
    rating = parse_rating(written)
    assert rating
    assert (rating.value, rating.maximum) == kept
    assert written in text_of("concepts.md")


# --- docs/promises.md ---


def promises() -> list[tuple[str, str]]:
    """Return the number of each promise and what its part of the page says."""
    return re.findall(r"^## (\d+)\. [^\n]+\n(.*?)(?=^## |\Z)", text_of("promises.md"), re.MULTILINE | re.DOTALL)


@cache
def functions_of(path: str) -> frozenset[str]:
    """Return the names of the functions of a file."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def named_tests() -> list[tuple[str, str]]:
    return sorted(set(TEST_NAME.findall(text_of("promises.md"))))


def test_there_are_ten_promises() -> None:
    assert [number for number, _ in promises()] == [str(number) for number in range(1, 11)]


@pytest.mark.parametrize("number", range(1, 11))
def test_each_promise_names_its_limits_and_the_tests_that_would_fail(number: int) -> None:
    text = dict(promises())[str(number)]
    assert re.search(r"^\*\*Its limits\.\*\* \S", text, re.MULTILINE)
    assert TEST_NAME.search(text.partition("**The tests.**")[2])


@cache
def machines_of(path: str) -> frozenset[str]:
    """Return the names of the state machines of a file, which are tests by assignment."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    made = (target for node in tree.body if isinstance(node, ast.Assign) for target in node.targets)
    return frozenset(
        target.id for target in made if isinstance(target, ast.Name) and target.id.lower().startswith("test")
    )


@pytest.mark.parametrize(("path", "name"), named_tests(), ids=lambda part: part.rpartition("/")[2])
def test_every_test_that_is_named_is_there(path: str, name: str) -> None:
    assert (ROOT / path).is_file()
    assert name in functions_of(path) | machines_of(path)


# --- docs/architecture.md ---


def places() -> list[tuple[str, str]]:
    """Return each file of the table "Where is it decided?" with a name in it; an empty name where it has none."""
    found = []
    for row in re.findall(r"^\| .*\? \| (.*) \|$", text_of("architecture.md"), re.MULTILINE):
        path = ""
        for span in re.findall(r"`([^`]+)`", row):
            head, _, name = span.partition(": ")
            path, name = (head, name) if head.endswith((".py", "/")) else (path, head)
            found.append((path, name))
    return found


@pytest.mark.parametrize(("path", "name"), places(), ids=lambda part: part or "-")
def test_what_is_said_to_be_decided_somewhere_is_there(path: str, name: str) -> None:
    there = ROOT / "syndicate" / path
    assert there.exists()
    assert not name or name in functions_of(f"syndicate/{path}")


# --- docs/performance.md ---


def test_every_bench_is_described() -> None:
    from benchmarks.run import BENCHES

    text = text_of("performance.md")
    assert [name for name in BENCHES if f"`{name}`" not in text] == []


# --- docs/adding-a-channel.md ---


def test_the_seam_is_drawn_as_it_is() -> None:
    source = (ROOT / "syndicate/protocols.py").read_text(encoding="utf-8")
    drawn = "def send(self, messages: Iterable[Message]) -> Iterator[tuple[DeliveryKey, Outcome]]:"
    assert drawn in source
    assert drawn in text_of("adding-a-channel.md")


def test_every_outcome_is_explained() -> None:
    from typing import get_args

    from syndicate.delivery.model import Outcome

    assert all(f"| `{each.__name__}` |" in text_of("adding-a-channel.md") for each in get_args(Outcome))

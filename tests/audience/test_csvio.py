"""Readers as CSV: a fault names its line and stops nobody else; what was written can be read again."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.audience.csvio import Refused, parse_subscribers, write_subscribers
from syndicate.audience.model import NewSubscriber, Subscriber, Subscription, SubscriptionState
from syndicate.errors import AudienceError

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
ADA = NewSubscriber(address="ada@reader.example", name="Ada Quill")


def parsed(text: str) -> list[NewSubscriber | Refused]:
    return list(parse_subscribers(text.splitlines(keepends=True)))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("email,name\nada@reader.example,Ada Quill\n", id="header"),
        pytest.param("Name;E-Mail\nAda Quill;ada@reader.example\n", id="semicolons, other order"),
        pytest.param("address\tfull name\nada@reader.example\tAda Quill\n", id="tabs"),
        pytest.param("ada@reader.example,Ada Quill\n", id="no header"),
        pytest.param("\ufeffemail,name\r\n\r\nada@reader.example,Ada Quill\r\n\r\n", id="BOM, CRLF, blank lines"),
        pytest.param('email,name\n"ada@reader.example","Ada Quill"\n', id="quoted"),
    ],
)
def test_a_reader_is_read_however_the_file_was_written(text: str) -> None:
    assert parsed(text) == [ADA]


def test_a_fault_names_its_line_and_the_rest_is_read() -> None:
    faults = parsed("email\nnobody\nada@reader.example\nADA@reader.example\nbo@reader.example\n")
    assert [(each.line, each.why) for each in faults if isinstance(each, Refused)] == [
        (2, '"nobody" is no email address'),
    ]
    assert [each.address for each in faults if isinstance(each, NewSubscriber)] == [
        "ada@reader.example",
        "ADA@reader.example",
        "bo@reader.example",
    ]


def test_an_empty_file_is_refused_with_its_shape() -> None:
    with pytest.raises(AudienceError, match="empty") as caught:
        parsed("\n\n")
    assert "email,name" in (caught.value.hint or "")


def test_a_name_that_a_spreadsheet_would_run_is_disarmed() -> None:
    person = Subscriber(id=1, address="ada@reader.example", name="=HYPERLINK(1)", added=NOW)
    link = Subscription(list_name="readers", state=SubscriptionState.CONFIRMED, since=NOW)
    assert "'=HYPERLINK(1)" in "".join(write_subscribers([(person, link, None)]))


def folded(text: str) -> str:
    return " ".join(text.split())


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["C", "Zl", "Zp"])).map(folded), max_size=5))
def test_what_was_written_is_read_again(names: list[str]) -> None:
    safe = [name if name[:1] not in "=+-@" else "" for name in names]
    members = [
        (
            Subscriber(id=number, address=f"reader{number}@reader.example", name=name, added=NOW),
            Subscription(list_name="readers", state=SubscriptionState.CONFIRMED, since=NOW),
            None,
        )
        for number, name in enumerate(safe)
    ]
    read = list(parse_subscribers(write_subscribers(members)))
    assert read == [NewSubscriber(address=person.address, name=person.name, since=NOW) for person, _, _ in members]


def test_a_comma_that_nobody_quoted_is_named_by_its_line_and_not_swallowed() -> None:
    lines = ["email,name\n", "ada@reader.example,Lovelace, Ada\n", 'grace@reader.example,"Hopper, Grace"\n']
    refused, taken = parse_subscribers(lines)
    assert isinstance(refused, Refused)
    assert refused.line == 2
    assert "more columns" in refused.why
    assert taken == NewSubscriber(address="grace@reader.example", name="Hopper, Grace")

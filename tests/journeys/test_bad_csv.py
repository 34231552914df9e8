"""Files of readers as the world writes them: odd encodings, broken quotes, formulas, our own export, and many lines."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.audience.csvio import Refused, parse_subscribers, write_subscribers
from syndicate.audience.model import NewSubscriber, Subscriber, Subscription, SubscriptionState
from tests.contracts.build import NOW
from tests.journeys.site import Site

pytestmark = pytest.mark.journey


def imported(site: Site, content: bytes, code: int | None = None) -> Any:
    """Import a file of these bytes and return the account of it."""
    (site.folder / "people.csv").write_bytes(content)
    return site.json("subscribers", "import", "people.csv", code=code)


def names(site: Site) -> dict[str, str]:
    return {each["address"]: each["name"] for each in site.json("subscribers", "list")}


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("email,name\nada@mail.example,Adá\n".encode("utf-8-sig"), id="UTF-8 with a mark"),
        pytest.param("name;email\nAdá;ada@mail.example\n".encode(), id="semicolons"),
        pytest.param("Email\tName\r\nada@mail.example\tAdá\r\n".encode("utf-16"), id="UTF-16, as Excel's Unicode text"),
        pytest.param('"email","name"\n"ada@mail.example","Adá"'.encode(), id="quotes, no last line end"),
        pytest.param("ada@mail.example,Adá\n".encode(), id="no header"),
        pytest.param('email,notes,name\nada@mail.example,"two\nlines",Adá\n'.encode(), id="a cell of two lines"),
    ],
)
def test_a_file_is_read_however_it_was_saved(content: bytes, tmp_path: Path) -> None:
    site = Site(tmp_path)
    assert imported(site, content, code=0)["added"] == 1
    assert names(site) == {"ada@mail.example": "Adá"}


@pytest.mark.parametrize(
    ("content", "refused"),
    [
        pytest.param(
            "email,name\nada@mail.example,Adá\nbo@mail.example,Bo\n".encode("latin-1"),
            [(2, 'is not UTF-8; save the file as "CSV UTF-8"')],
            id="latin-1",
        ),
        pytest.param(
            b'\n\nemail,name\nada@mail.example,"Ada\nbo@mail.example,Bo\n', [(4, "unexpected end")], id="open quote"
        ),
        pytest.param(b"email,name\na\0da@mail.example,Ada\nbo@mail.example,Bo\n", [(2, "no email")], id="NUL"),
        pytest.param(b"email\nBo@mail.example\n\xc3\xa5sa@mail.example\n", [(3, "RFC 6531")], id="SMTPUTF8"),
        pytest.param(b"email,name\nada@mail.example,\x1b[2J\nbo@mail.example,Bo\n", [(2, "no name")], id="ESC"),
        pytest.param(b"email,state\nada@mail.example,cleaned\nbo@mail.example,\n", [(2, "cleaned")], id="other state"),
        pytest.param(b"name,email\nAda\nBo,bo@mail.example\n", [(2, "no email")], id="too few cells"),
    ],
)
def test_a_line_that_cannot_be_taken_is_named_and_costs_no_other(
    content: bytes, refused: list[tuple[int, str]], tmp_path: Path
) -> None:
    site = Site(tmp_path)
    told = imported(site, content, code=1)
    assert [each["line"] for each in told["refused"]] == [line for line, _ in refused]
    assert all(why in each["why"] for each, (_, why) in zip(told["refused"], refused, strict=True))
    assert [address.lower() for address in names(site)] == ["bo@mail.example"]


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xff\xfe", b"\xef\xbb\xbf"], ids=["0", "blank", "UTF-16", "UTF-8"])
def test_a_file_with_nothing_in_it_is_refused(content: bytes, tmp_path: Path) -> None:
    site = Site(tmp_path)
    (tmp_path / "people.csv").write_bytes(content)
    assert "empty" in site.run("subscribers", "import", "people.csv", code=2).stderr


@pytest.mark.parametrize("file", ["nowhere.csv", ".", ""], ids=["not there", "a folder", "no name"])
def test_a_file_that_cannot_be_read_is_named(file: str, tmp_path: Path) -> None:
    assert "cannot be read" in Site(tmp_path).run("subscribers", "import", file, code=2).stderr


def test_only_a_header_adds_nobody_and_is_no_fault(tmp_path: Path) -> None:
    assert imported(Site(tmp_path), b"email,name\n", code=0)["added"] == 0


def test_our_own_export_brings_nobody_back_who_left(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    old = Site(tmp_path / "old")
    old.subscribe(3)
    old.run("subscribers", "remove", "reader2@mail.example")
    export = old.run("subscribers", "export", "--all").stdout.encode()

    (tmp_path / "new").mkdir()
    new = Site(tmp_path / "new")
    assert imported(new, export, code=0)["added"] == 2
    new.run("run", "--once")
    assert new.json("issues", "show", "1")["letters"] == {"sent": 2}
    assert imported(new, b"email\nreader2@mail.example\n", code=0)["kept_out"] == 1, "what was known stays known"


def test_who_has_left_or_never_confirmed_according_to_the_file_is_not_mailed(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.subscribe(3)
    told = imported(site, b"email,state\nREADER2@mail.example,unsubscribed\nreader1@mail.example,unconfirmed\n", code=0)
    assert (told["added"], told["already"], told["kept_out"]) == (0, 0, 2)
    states = {each["address"]: each["state"] for each in site.json("subscribers", "list")}
    assert states == {
        "reader1@mail.example": "unconfirmed",
        "reader2@mail.example": "unsubscribed",
        "reader3@mail.example": "confirmed",
    }


FORMULAS = ("=1+1", "+49 Ada", "-Ada", "@ada", "'=1", "'@ada", "''=x", "'Ada", "'")
texts = st.one_of(
    st.sampled_from(FORMULAS), st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), max_size=30)
)


@given(st.lists(st.tuples(texts, st.sampled_from(["a", "=a", "+a", "-a", "'=a", "'a"])), max_size=4))
def test_no_cell_of_an_export_is_run_by_a_spreadsheet_and_each_is_read_as_it_was(people: list[tuple[str, str]]) -> None:
    members = [
        (
            Subscriber(id=number, address=f"{local}{number}@mail.example", name=name, added=NOW),
            Subscription(list_name="readers", state=SubscriptionState.UNSUBSCRIBED, since=NOW),
            None,
        )
        for number, (name, local) in enumerate(people)
    ]
    text = "".join(write_subscribers(members))
    assert not [cell for row in csv.reader(io.StringIO(text)) for cell in row if cell[:1] in tuple("=+-@")]
    assert list(parse_subscribers(text.splitlines(keepends=True))) == [
        NewSubscriber(address=person.address, name=person.name, state=SubscriptionState.UNSUBSCRIBED, since=NOW)
        for person, _, _ in members
    ]


@given(st.lists(st.sampled_from(['"', "a@b.example", ",", ";", "\n", "\r\n", "x", "\0", "\udce9", " "]), max_size=40))
def test_any_text_is_read_or_refused_by_line(parts: list[str]) -> None:
    text = f"email,name\n{''.join(parts)}\nlast@mail.example,Last\n"
    read = list(parse_subscribers(io.StringIO(text, newline="")))
    lines = [each.line for each in read if isinstance(each, Refused)]
    assert lines == sorted(lines)
    assert all(1 < line <= text.count("\n") for line in lines)


MEASURED = """
import resource, sys
from pathlib import Path
from syndicate.cli import main
try:
    main(["subscribers", "import", "people.csv"])
finally:
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(used.ru_utime + used.ru_stime, Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read where Linux tells it")
def test_a_hundred_thousand_readers_are_taken_in_ten_seconds_and_150_mb(tmp_path: Path) -> None:
    site = Site(tmp_path)
    with (tmp_path / "people.csv").open("w") as file:
        file.write("email,name\n")
        file.writelines(f'reader{number}@mail{number % 977}.example,"Reader, {number}"\n' for number in range(100_000))
    command = [sys.executable, "-c", MEASURED]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=120)
    assert "100000 added" in done.stderr
    seconds, kilobytes = (float(each) for each in done.stdout.split())
    assert seconds < 10
    assert kilobytes < 150_000
    assert site.json("lists", "show", "readers")["people"] == {"confirmed": 100_000}

"""`syndicate subscribers import|show|forget` as an editor meets them: what is said, what is written, what is asked."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from syndicate.app import open_app
from syndicate.audience.model import SuppressionReason, What
from syndicate.cli import root
from syndicate.config import load_config
from syndicate.errors import AudienceError, NotFoundError
from syndicate.returns.model import Action, ReturnKind
from syndicate.store import returned
from syndicate.store.history import happened
from syndicate.store.suppressing import suppress

CONFIG = {
    "site": {"name": "The Bench", "url": "https://bench.example", "timezone": "Europe/Dublin"},
    "feeds": {"reviews": {"url": "feed.xml"}},
    "lists": {"readers": {"name": "Readers"}},
}
LISTMONK = "uuid,email,name,attributes,status,created_at,updated_at"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a folder with a config.yaml."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yaml").write_text(json.dumps(CONFIG), encoding="utf-8")
    return tmp_path


def run(*arguments: str, code: int = 0, answers: str | bytes = "") -> Result:
    result = CliRunner().invoke(
        root, ["subscribers", *arguments], input=answers, catch_exceptions=False, standalone_mode=False
    )
    assert (result.return_value or 0) == code, result.output
    return result


def data(*arguments: str, code: int = 0) -> Any:
    return json.loads(run(*arguments, "--json", code=code).stdout)


def write(name: str, *lines: str) -> str:
    Path(name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return name


def test_a_dry_run_says_whose_file_it_is_and_who_lands_where_and_changes_nothing() -> None:
    file = write(
        "subs.csv", LISTMONK, "1,a@b.example,A,{},enabled,,", "2,c@b.example,C,{},disabled,,", "3,?,,,enabled,,"
    )
    told = run("import", file, "--dry-run", code=1).stderr
    assert "is read as a file from Listmonk" in told
    assert 'line 4: "?" is no email address' in told
    assert "1 would be added to readers, 0 there already, 1 not mailed, 1 line refused" in told
    assert "c@b.example" in told
    assert data("list") == []
    assert data("import", file, code=1)["landed"] == {
        "added": {"count": 1, "examples": ["a@b.example"]},
        "left": {"count": 1, "examples": ["c@b.example"]},
    }


def test_every_refused_line_is_written_down_where_it_is_asked_for() -> None:
    file = write("many.csv", "email", *(f"nobody{number}" for number in range(60)), "a@b.example")
    told = run("import", file, "--refused", "refused.csv", code=1).stderr
    assert "and 10 more lines; --refused FILE has them all" in told
    lines = Path("refused.csv").read_text(encoding="utf-8").splitlines()
    assert (len(lines), lines[0], lines[60]) == (61, "line,why", '61,"""nobody59"" is no email address"')
    assert len(data("import", file, code=1)["refused"]) == 60


@pytest.mark.parametrize(
    "name",
    [
        pytest.param('"a@b.example\nBcc: x@b.example"', id="a header of one's own"),
        pytest.param("a@b.example\x07", id="a bell"),
        pytest.param("a\x00@b.example", id="NUL"),
        pytest.param("a@b.example, c@b.example;x", id="two"),
        pytest.param("a@b@b.example", id="two @"),
        pytest.param('"a b"@b.example', id="quoted local part"),
        pytest.param("jürg@b.example", id="not ASCII before the @"),
        pytest.param("a@faß.example", id="a domain that stands for two"),
        pytest.param("a" * 70_000 + "@b.example", id="a line without an end"),
        pytest.param("\u202ea@b.example", id="an override"),
    ],
)
def test_what_cannot_be_an_address_is_refused_by_its_line(name: str) -> None:
    Path("bad.csv").write_text(f"email\nfirst@b.example\n{name}\nlast@b.example\n", encoding="utf-8")
    told = data("import", "bad.csv", code=1)
    assert told["added"] == 2
    assert {each["line"] for each in told["refused"]} <= {3, 4}
    assert {each["address"] for each in data("list")} == {"first@b.example", "last@b.example"}


def test_a_domain_with_letters_of_its_own_is_kept_as_the_dns_has_it() -> None:
    assert data("import", write("idn.csv", "email", "Mara@Bücher.Example"))["added"] == 1
    assert data("list")[0]["address"] == "Mara@xn--bcher-kva.example"


def test_an_archive_is_not_read_as_a_csv() -> None:
    with zipfile.ZipFile("export.zip", "w") as archive:
        archive.writestr("subscribed.csv", "email\n")
    with pytest.raises(AudienceError, match="zip") as caught:
        run("import", "export.zip")
    assert "unpack" in (caught.value.hint or "")


def test_standard_input_is_read_too_and_everybody_in_it_may_be_told_to_have_left() -> None:
    write("on.csv", "email", "a@b.example", "c@b.example")
    run("import", "on.csv")
    run("import", "-", "--as", "unsubscribed", answers="email\nA@b.example\n")
    assert {each["address"]: each["state"] for each in data("list")} == {
        "a@b.example": "unsubscribed",
        "c@b.example": "confirmed",
    }


def test_a_story_begins_with_whether_the_address_is_mailed() -> None:
    run("import", write("on.csv", "email,name", "a@b.example,Ada"))
    assert run("show", "A@b.example").stdout.startswith("a@b.example  Ada\n\nreaders  mailed: yes\n\n")
    run("remove", "a@b.example")
    told = run("show", "a@b.example").stdout
    assert "readers  not mailed, because unsubscribed" in told
    assert "(syndicate subscribers remove)" in told.splitlines()[-1]
    shown = data("show", "a@b.example")
    assert shown["mailed"] == [{"list": "readers", "mailed": False, "because": "unsubscribed"}]
    assert shown["story"][0]["text"] == "first known here"


def test_who_joined_this_week_is_told_apart_from_who_was_there_before() -> None:
    run("import", write("old.csv", "email,state,since", "old@b.example,confirmed,2020-01-02T10:00:00Z"))
    run("import", write("new.csv", "email", "new@b.example", "gone@b.example"))
    run("remove", "gone@b.example")
    lately = data("list", "--state", "confirmed", "--within", "7d")
    assert [each["address"] for each in lately] == ["new@b.example"]
    assert "02 Jan 2020" in run("list").stdout
    assert run("list", "--state", "unconfirmed").stdout == "nobody on this list stands so\n"


def test_the_lists_tell_how_many_of_the_confirmed_are_not_mailed_all_the_same() -> None:
    run("import", write("on.csv", "email", "a@b.example", "c@b.example"))
    run("suppress", "a@b.example")
    told = CliRunner().invoke(root, ["lists", "show", "readers"], catch_exceptions=False).stdout
    assert "2 confirmed, 1 of the confirmed suppressed" in told


def test_a_bounce_is_one_line_of_the_story() -> None:
    run("add", "a@b.example")
    with open_app(load_config(Path("config.yaml"), {})) as app, app.database.write() as connection:
        now, said = app.clock.now(), "550 no such user"
        number = returned.remember(connection, "k", ReturnKind.HARD, now, status="5.1.1", diagnostic=said, why="")
        assert number is not None
        returned.attribute(connection, number, "a@b.example", None)
        returned.conclude(connection, number, Action.SUPPRESSED)
        happened(connection, "a@b.example", What.BOUNCED, now, note=f"hard: {said}")
        suppress(connection, "a@b.example", SuppressionReason.HARD_BOUNCE, now, note=said)
    lines = [each for each in run("show", "a@b.example").stdout.splitlines() if "no such user" in each]
    assert len(lines) == 1
    assert "came back, hard" in lines[0]
    assert "suppressed" in lines[0]


@pytest.mark.parametrize("how", [(), ("--json",)], ids=["text", "json"])
def test_what_a_server_said_does_not_move_the_editors_cursor(how: tuple[str, ...]) -> None:
    run("add", "a@b.example")
    with open_app(load_config(Path("config.yaml"), {})) as app, app.database.write() as connection:
        happened(connection, "a@b.example", What.BOUNCED, app.clock.now(), note="550 \x1b[2J\x9b31m\u202e no")
    told = run("show", "a@b.example", *how).stdout
    assert "550" in told
    assert told.replace("\n", "").isprintable()


def test_an_address_that_is_only_suppressed_has_a_story_and_one_that_is_not_known_has_none() -> None:
    run("suppress", "x@b.example")
    assert "not mailed, because address suppressed: manual" in run("show", "x@b.example").stdout
    with pytest.raises(NotFoundError, match="nothing is known"):
        run("show", "y@b.example")


def test_forgetting_asks_first_and_what_is_held_is_handed_over_before() -> None:
    run("import", write("on.csv", "email,name", "a@b.example,Ada"))
    held = json.loads(run("forget", "a@b.example", "--export").stdout)
    assert (held["subscriber"]["name"], held["subscriptions"][0]["state"]) == ("Ada", "confirmed")
    run("forget", "a@b.example", "--export", "ada.json")
    assert json.loads(Path("ada.json").read_text(encoding="utf-8")) == held
    assert data("list") != []
    result = CliRunner().invoke(root, ["subscribers", "forget", "a@b.example"], input="n\n")
    assert "erase it all" in result.stderr
    assert data("list") != []
    told = run("forget", "a@b.example", answers="y\n").stderr
    assert "a@b.example is forgotten" in told
    assert "not reached from here: backups" in told
    assert data("list") == []
    assert "held only as an HMAC" in run("show", "a@b.example").stdout


def test_who_was_forgotten_comes_back_by_a_persons_decision_alone() -> None:
    run("forget", "a@b.example", "--yes")
    assert data("import", write("on.csv", "email", "a@b.example"))["landed"]["forgotten"]["count"] == 1
    with pytest.raises(AudienceError, match="asked to be forgotten") as caught:
        run("add", "a@b.example")
    assert "suppress a@b.example --undo" in (caught.value.hint or "")
    run("suppress", "a@b.example", "--undo")
    run("add", "a@b.example")
    assert "readers  mailed: yes" in run("show", "a@b.example").stdout

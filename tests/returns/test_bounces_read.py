"""`syndicate bounces read`: what it prints, and what it does with what it cannot read."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from syndicate.cli import main
from tests.docs.pages import text_of
from tests.returns.letters import READER, failed, from_person, report


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["bounces", "read", *arguments])
    return int(ended.value.code or 0)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder that we stand in: no config.yaml, no database."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "b.eml").write_bytes(report(failed(diagnostic="smtp; 550 5.1.1 user unknown")))
    (tmp_path / "a.eml").write_bytes(from_person("Lovely.\n"))
    return tmp_path


def test_jsonl_prints_a_line_a_file_in_the_order_given(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--jsonl", "b.eml", "a.eml") == 0
    first, second = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert first == {
        "file": "b.eml",
        "kind": "hard",
        "recipients": [READER],
        "status": "5.1.1",
        "diagnostic": "550 5.1.1 user unknown",
        "why": "delivery report: failed, 5.1.1",
    }
    assert (second["file"], second["kind"], second["recipients"]) == ("a.eml", "other", [])
    assert second["status"] is second["diagnostic"] is None
    assert sorted(path.name for path in folder.iterdir()) == ["a.eml", "b.eml"]


def test_a_table_is_for_people(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("b.eml", "a.eml") == 0
    head, first, second = capsys.readouterr().out.splitlines()
    assert head.split() == ["file", "kind", "recipients", "status", "why"]
    assert first.split()[:4] == ["b.eml", "hard", READER, "5.1.1"]
    assert second.split()[:4] == ["a.eml", "other", "-", "-"]


def test_what_cannot_be_read_is_told_and_the_others_go_on(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--jsonl", "none.eml", ".", "b.eml") == 1
    told = capsys.readouterr()
    assert [json.loads(line)["file"] for line in told.out.splitlines()] == ["b.eml"]
    assert [line.partition(":")[0] for line in told.err.splitlines()] == ["none.eml", "."]


def test_a_dash_reads_standard_input(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO((folder / "b.eml").read_bytes())))
    assert run("--jsonl", "-") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["file"], told["kind"]) == ("-", "hard")


def test_a_name_that_is_no_text_is_shown_all_the_same(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = b"caf\xe9.eml".decode("utf-8", "surrogateescape")
    (folder / name).write_bytes(b"")
    assert run("--jsonl", name) == 0
    assert json.loads(capsys.readouterr().out)["file"] == r"caf\xe9.eml"


def test_an_order_to_the_terminal_is_none_any_more(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "c.eml").write_bytes(report(failed(diagnostic="smtp; 550 5.1.1 \x1b]0;owned\x07 no")))
    assert run("--jsonl", "c.eml") == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert json.loads(out)["diagnostic"] == "550 5.1.1 ]0;owned no"


def test_every_word_it_says_is_explained() -> None:
    from syndicate.returns.model import Action, ReturnKind

    page = text_of("concepts.md")
    assert [word for word in [*ReturnKind, *Action] if f"| `{word}` |" not in page] == []

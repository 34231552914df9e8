"""`make dovecot` takes the one that is there, and where none can be had says how to get one and ends well."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mailbox import setup


def put_program(folder: Path, name: str, script: str = "exit 0") -> str:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the only folder that programs are looked for in."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(setup, "PLACES", str(tmp_path))
    monkeypatch.delenv("DOVECOT", raising=False)
    return tmp_path


def test_the_one_that_is_named_comes_first(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert setup.find_dovecot() is None
    there, mine = put_program(bare, "dovecot"), put_program(bare, "mine")
    assert setup.find_dovecot() == there
    monkeypatch.setenv("DOVECOT", mine)
    assert setup.find_dovecot() == mine


@pytest.mark.parametrize("root", [True, False], ids=["root", "nobody"])
def test_apt_is_asked_by_root_only(
    bare: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], root: bool
) -> None:
    put_program(bare, "apt-get", f"PATH=/usr/bin:/bin; printf '#!/bin/sh\\n' > {bare}/dovecot; chmod +x {bare}/dovecot")
    monkeypatch.setattr(setup, "_is_root", lambda: root)
    setup.main()
    told = capsys.readouterr().out
    assert told.endswith(f"mailbox tests use {bare}/dovecot\n" if root else f"{setup.HOW}\n")


def test_where_none_can_be_had_it_says_how_and_ends_well(
    bare: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    put_program(bare, "apt-get", "exit 100")
    monkeypatch.setattr(setup, "_is_root", lambda: True)
    setup.main()
    assert setup.HOW in capsys.readouterr().out

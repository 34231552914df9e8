"""`make browser` takes the chromium that is there, and where none can be had says how to get one and ends well."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.browser import setup


def put_program(folder: Path, name: str, script: str = "exit 0") -> str:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the only folder on the PATH; no Python installs anything, and Playwright has no browser of its own."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setattr(setup, "_playwrights_own", lambda: None)
    monkeypatch.setattr(sys, "executable", put_program(tmp_path, "python", "exit 1"))
    return tmp_path


def test_the_one_that_is_named_comes_first(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there, mine = put_program(bare, "chromium"), put_program(bare, "mine")
    assert setup.find_chromium() == there
    monkeypatch.setenv("CHROMIUM", mine)
    assert setup.find_chromium() == mine


@pytest.mark.parametrize("name", setup.NAMES)
def test_each_usual_name_is_found(bare: Path, name: str) -> None:
    assert setup.find_chromium() is None
    assert setup.find_chromium() != put_program(bare, name) == setup.find_chromium()


@pytest.mark.parametrize(("root", "tried"), [(True, ["apt", "apt", "playwright"]), (False, ["playwright"])])
def test_apt_is_asked_by_root_only_and_playwright_last(
    bare: Path, monkeypatch: pytest.MonkeyPatch, root: bool, tried: list[str]
) -> None:
    put_program(bare, "apt-get")
    monkeypatch.setattr(setup, "_is_root", lambda: root)
    assert [title.split()[0].strip(",") for title, _ in setup._ways()] == tried


def test_what_apt_installed_is_used(
    bare: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    put_program(
        bare, "apt-get", f"PATH=/usr/bin:/bin; printf '#!/bin/sh\\n' > {bare}/chromium; chmod +x {bare}/chromium"
    )
    monkeypatch.setattr(setup, "_is_root", lambda: True)
    setup.main()
    assert capsys.readouterr().out.endswith(f"browser tests use {bare}/chromium\n")


def test_where_none_can_be_had_it_says_how_and_ends_well(
    bare: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    put_program(bare, "apt-get", "exit 100")
    monkeypatch.setattr(setup, "_is_root", lambda: True)
    setup.main()
    assert setup.HOW in capsys.readouterr().out

"""`syndicate reviews list` says why it is empty: nothing was read yet, or nothing is as you asked."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from syndicate.cli import root


def told(*arguments: str) -> str:
    result = CliRunner().invoke(root, list(arguments))
    assert result.exit_code == 0, result.output
    return result.output


def test_an_empty_list_of_reviews_says_whether_anything_was_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    told("init", "--sample")
    assert "nothing was seen yet" in told("reviews", "list")
    told("poll")
    assert told("reviews", "list", "--state", "held").strip() == "no such review"

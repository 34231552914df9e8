"""`issues lint` as an editor and a script read it, and what `issues send` does on an error."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from syndicate.cli import root
from syndicate.errors import LintError
from tests.pipeline.studio import DAY, HOUR, WEDNESDAY, Post, Studio, studio
from tests.pipeline.test_lint import BAD, OLD, TEMPLATES, house_template


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Studio]:
    """Return an installation with a review for its next issue, and a folder for its own templates."""
    (tmp_path / "own/email").mkdir(parents=True)
    with studio(tmp_path, TEMPLATES, start=WEDNESDAY - DAY) as opened:
        opened.readers("ada")
        opened.begin(OLD)
        opened.feed(Post(name="harbour"), OLD)
        opened.live(HOUR)
        yield opened


def told(site: Studio, *arguments: str, code: int) -> Result:
    """Return what a command says."""
    result = CliRunner().invoke(root, ["-c", str(site.folder / "config.yaml"), *arguments])
    assert result.exit_code == code, result.output
    return result


def test_a_good_issue_has_no_line_and_exit_code_0(site: Studio) -> None:
    result = told(site, "issues", "lint", code=0)
    assert result.stdout == ""
    assert "0 errors, 0 warnings, 0 notes" in result.stderr


def test_a_finding_is_one_line_and_an_error_is_exit_code_1(site: Studio) -> None:
    house_template(site, BAD)
    result = told(site, "issues", "lint", "weekly", code=1)
    (line,) = result.stdout.splitlines()
    assert line.startswith("error 10 (html line ")
    assert line.endswith('"*|" was left by a template; mend the template, or the digest\'s subject')
    assert "1 error, 0 warnings, 0 notes" in result.stderr


def test_a_warning_alone_is_exit_code_0(site: Studio) -> None:
    house_template(site, "<h4>Again</h4></body>")
    assert told(site, "issues", "lint", code=0).stdout.startswith("warning 21 (html line ")


def test_the_same_is_there_for_a_program(site: Studio) -> None:
    house_template(site, BAD)
    shown = json.loads(told(site, "issues", "lint", "--json", code=1).stdout)
    assert shown["counts"] == {"error": 1, "warning": 0, "note": 0}
    assert [(each["number"], each["severity"]) for each in shown["findings"]] == [(10, "error")]
    assert set(shown["findings"][0]) == {"number", "name", "severity", "why", "how", "where"}


def test_nothing_new_is_no_error(tmp_path: Path) -> None:
    with studio(tmp_path) as empty:
        empty.begin(OLD)
        assert "nothing new" in told(empty, "issues", "lint", code=0).stderr


def test_send_refuses_an_error_and_freezes_nothing(site: Studio) -> None:
    house_template(site, BAD)
    result = told(site, "issues", "send", "--yes", code=1)
    assert isinstance(result.exception, LintError)
    assert "error 10 (html line " in str(result.exception)
    assert result.exception.exit_code == 2
    assert site.issues() == []
    assert site.letters() == []


def test_send_sends_an_error_where_it_is_told_to(site: Studio) -> None:
    house_template(site, BAD)
    result = told(site, "issues", "send", "--yes", "--anyway", code=0)
    assert "(sent anyway)" in result.stderr
    assert site.letters() == ["ada@reader.example"]

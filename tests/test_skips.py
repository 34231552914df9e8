"""A skipped test is told at the end of a run with the way to get it, and fails a run of CI."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
SKIPPING = """
import pytest

@pytest.mark.{mark}
def test_that_needs_something():
    pytest.skip("it is not there")

def test_that_needs_nothing():
    pass
"""


@pytest.mark.parametrize(
    ("mark", "ci", "code"),
    [
        pytest.param("browser", "", 0, id="at home a skip is only told"),
        pytest.param("browser", "true", 1, id="in CI a skip is a failure"),
        pytest.param("live", "true", 0, id="what CI cannot have is forgiven"),
    ],
)
def test_a_skip_is_told_with_the_way_to_get_it(tmp_path: Path, mark: str, ci: str, code: int) -> None:
    (tmp_path / "test_it.py").write_text(SKIPPING.format(mark=mark))
    options = ["-q", "-p", "tests.conftest", "-p", "no:cacheprovider", "--rootdir", str(tmp_path)]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "-c", str(ROOT / "pyproject.toml"), str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "CI": ci},
        capture_output=True,
        text=True,
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert f"1 skipped ({mark}); to get them: " in done.stdout
    assert ("with CI=true a skip is a failure" in done.stdout) is (code == 1)

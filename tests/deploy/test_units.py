"""The units of systemd: what systemd itself says of them, and what it does not know of us."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from tests.deploy.files import UNITS, parsed, unit

every_unit = pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
PROGRAM = "/srv/syndicate/.venv/bin/syndicate"
TOLERABLE = 20
"""The exposure that `systemd-analyze security` counts, in tenths: 0 is none, 100 is all."""


def analyzed(folder: Path, path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Return what systemd-analyze says of a unit whose program is there; skip where there is none."""
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not everywhere")
    there = folder / path.name.replace("@.", "@1.")
    there.write_text(path.read_text(encoding="utf-8").replace(PROGRAM, "/bin/true"), encoding="utf-8")
    return subprocess.run([analyze, *arguments, str(there)], capture_output=True, text=True, check=False)


def test_there_are_two() -> None:
    assert [path.name for path in UNITS] == ["syndicate-worker@.service", "syndicate.service"]


@every_unit
def test_systemd_understands_every_line(path: Path, tmp_path: Path) -> None:
    done = analyzed(tmp_path, path, "verify", "--man=no")
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_systemd_would_notice_a_line_that_is_none(tmp_path: Path) -> None:
    broken = tmp_path / "syndicate.service"
    text = UNITS[1].read_text(encoding="utf-8")
    assert "ProtectSystem=strict" in text
    broken.write_text(text.replace("ProtectSystem=strict", "ProtectSystem=stricter"), encoding="utf-8")
    (tmp_path / "own").mkdir()
    assert "protect system value" in analyzed(tmp_path / "own", broken, "verify", "--man=no").stderr


@every_unit
def test_little_of_the_machine_is_exposed(path: Path, tmp_path: Path) -> None:
    done = analyzed(tmp_path, path, "security", "--offline=true", f"--threshold={TOLERABLE}", "--no-pager")
    assert done.returncode == 0, done.stdout[-200:]


@every_unit
def test_it_runs_a_command_of_ours_with_options_that_it_has(path: Path) -> None:
    program, *words = shlex.split(unit(path)["Service"]["ExecStart"].replace("%i", "1"))
    assert program == PROGRAM
    assert parsed(words)["health"].startswith("127.0.0.1:")


@every_unit
def test_it_is_ended_gently_and_begun_again_but_not_over_a_mistake_in_the_configuration(path: Path) -> None:
    from syndicate.config import Relay
    from syndicate.errors import ConfigError

    service = unit(path)["Service"]
    assert service["KillSignal"] == "SIGTERM"
    assert timedelta(seconds=int(service["TimeoutStopSec"])) > 1.5 * Relay.model_fields["timeout"].default
    assert service["Restart"] == "on-failure"
    assert service["RestartPreventExitStatus"] == str(ConfigError.exit_code)


@every_unit
def test_it_is_a_user_of_its_own_and_writes_its_folder_alone(path: Path) -> None:
    service = unit(path)["Service"]
    assert (service["User"], service["NoNewPrivileges"], service["ProtectSystem"]) == ("syndicate", "yes", "strict")
    assert service["ReadWritePaths"] == service["WorkingDirectory"] == "/srv/syndicate"


def test_both_live_under_the_same_rules() -> None:
    rules = [re.split(r"^\[Install\]$|^NoNewPrivileges", path.read_text(), flags=re.MULTILINE)[1] for path in UNITS]
    assert rules[0] == rules[1]


@every_unit
def test_no_secret_stands_in_it(path: Path) -> None:
    service = unit(path)["Service"]
    assert "Environment" not in service
    assert service["EnvironmentFile"].removeprefix("-").startswith("/etc/syndicate/")


def test_workers_of_one_machine_do_not_share_a_port() -> None:
    ports = [
        parsed(shlex.split(unit(UNITS[0])["Service"]["ExecStart"].replace("%i", str(number)))[1:])["health"]
        for number in range(1, 10)
    ]
    clock = parsed(shlex.split(unit(UNITS[1])["Service"]["ExecStart"])[1:])["health"]
    assert len({*ports, clock}) == 10

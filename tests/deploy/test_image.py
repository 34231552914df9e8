"""The Dockerfile, read without Docker: what goes in, who runs it, and what it runs."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from syndicate.cli import root
from tests.deploy.files import DEPLOY, ROOT, image_command, last, parsed, steps

PLAIN_NAME = re.compile(r"[a-z]+:[\w.-]+")
"""An image by its name and version alone: where it comes from is the reader's own choice."""


def project() -> dict[str, object]:
    found: dict[str, object] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return found


def test_hadolint_finds_nothing() -> None:
    hadolint = shutil.which("hadolint", path=str(Path(sys.executable).parent))
    assert hadolint, "it is in the dev extra"
    done = subprocess.run(
        [hadolint, "--no-color", str(DEPLOY / "Dockerfile")], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_each_stage_begins_with_a_plain_image_of_a_python_that_we_support() -> None:
    begins = [step.rest.split() for step in steps() if step.word == "FROM"]
    assert len(begins) == 2
    assert all(PLAIN_NAME.fullmatch(words[0]) for words in begins)
    assert len({words[0] for words in begins}) == 1, "what is built by one Python runs under no other"
    version = re.fullmatch(r"python:3\.(\d+)-slim", begins[0][0])
    assert version
    least = re.fullmatch(r">=3\.(\d+)", str(project()["requires-python"]))
    assert least
    assert int(version[1]) >= int(least[1])


def copied() -> list[str]:
    """Return the paths of the checkout that are copied into the image."""
    words = (step.rest.split() for step in steps() if step.word == "COPY" and "--from" not in step.rest)
    return [source for each in words for source in each[:-1]]


def test_what_is_copied_is_there_and_what_it_is_built_of_is_copied() -> None:
    assert [path for path in copied() if not (ROOT / path).exists()] == []
    assert {"pyproject.toml", "constraints.txt", "templates", "syndicate", str(project()["readme"])} <= set(copied())
    assert set(project()["license-files"]) <= set(copied())  # type: ignore[call-overload]


def test_nothing_but_what_is_copied_reaches_the_builder() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*", "all is left out, and then some is let in: a new file is no secret that slips in"
    assert {rule.removeprefix("!") for rule in rules if rule.startswith("!")} == set(copied())


def test_it_is_built_of_wheels_with_the_versions_that_were_tested_and_the_extra_of_a_cluster() -> None:
    (build,) = (step.rest for step in steps() if step.word == "RUN" and step.stage == 0)
    wheels, _, install = build.split(" && ")
    assert "--constraint constraints.txt '.[cluster]'" in wheels
    assert "cluster" in project()["optional-dependencies"]  # type: ignore[operator]
    assert "--no-index /wheels/*.whl" in install


def test_nobody_special_runs_it() -> None:
    user = re.fullmatch(r"(\d+):(\d+)", last("USER"))
    assert user
    assert int(user[1]) >= 10_000
    order = [step.word for step in steps() if step.stage == 1]
    assert "RUN" not in order[order.index("USER") :]


def test_no_secret_is_in_it() -> None:
    set_there = [step.rest for step in steps() if step.word in ("ENV", "ARG")]
    assert not re.search(r"(?i)password|secret|token|key", " ".join(set_there))


def test_its_folder_is_where_its_configuration_is_and_where_it_works() -> None:
    set_there = dict(word.partition("=")[::2] for word in last("ENV").split())
    known = {each.envvar for each in root.params}
    assert {name for name in set_there if name.startswith("SYNDICATE_")} <= known
    folder = Path(set_there["SYNDICATE_CONFIG"]).parent
    assert {last("VOLUME"), last("WORKDIR")} == {str(folder)}


def test_what_it_runs_by_itself_is_a_command_of_ours_and_tells_how_it_is_where_it_is_asked() -> None:
    program, *words = [*image_command("ENTRYPOINT"), *image_command("CMD")]
    assert program == "syndicate"
    assert f"http://{parsed(words)['health']}/readyz" in last("HEALTHCHECK")


def test_it_is_ended_by_the_signal_that_ends_us_gently() -> None:
    assert last("STOPSIGNAL") == "SIGTERM"

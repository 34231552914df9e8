"""The main job from the editor's chair: the sample, a live blog, a clean end."""

from __future__ import annotations

import mailbox
import re
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from tests.journeys.site import FILMS, Site

pytestmark = pytest.mark.journey


def command(folder: Path, *arguments: str, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "syndicate", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", **({"PYTHONPATH": str(path)} if path else {})},
        timeout=120,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


def run_the_sample(folder: Path, path: Path | None = None) -> None:
    assert command(folder, "init", "--sample", path=path).returncode == 0
    first = command(folder, "run", "--once", path=path)
    assert first.returncode == 0, first.stderr
    assert "letters: 8 sent" in first.stderr
    assert "statuses: 6 sent" in first.stderr
    assert f"look at {folder / 'out' / 'index.html'}" in first.stdout + first.stderr
    second = command(folder, "run", "--once", path=path)
    assert second.returncode == 0
    assert "nothing is new" in second.stderr
    assert str(folder / "out" / "index.html") in second.stdout + second.stderr
    assert len(mailbox.Maildir(folder / "out" / "mail", create=False)) == 8
    assert len(list((folder / "out" / "statuses" / "main").glob("*.json"))) == 6


def test_the_sample_runs_in_an_empty_folder_and_a_second_run_has_nothing_new(tmp_path: Path) -> None:
    run_the_sample(tmp_path)
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    shown = re.findall(r'<img[^>]+src="([^"]+)"', page)
    assert shown
    assert not [src for src in shown if src.startswith("http")], "the viewing page must show without a network"


def test_the_wheel_alone_does_what_the_demo_does(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    built = subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(tmp_path), str(root)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob("*.whl")
    unpacked, folder = tmp_path / "unpacked", tmp_path / "empty"
    folder.mkdir()
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(unpacked)
    where = subprocess.run(
        [sys.executable, "-c", "import syndicate; print(syndicate.__file__)"],
        cwd=folder,
        env={"PYTHONPATH": str(unpacked)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert where.stdout.startswith(str(unpacked)), "the checkout was tested, not the wheel"
    run_the_sample(folder, unpacked)


def test_a_review_edited_after_it_went_out_is_not_sent_again(tmp_path: Path) -> None:
    site = Site(tmp_path, accounts={"main": {"outbox": "out"}})
    site.subscribe(2)
    site.run("run", "--once")
    site.publish(("THE GLASS HARVEST (CORRECTED)", *FILMS[1:]))
    site.run("poll", "reviews")
    assert "nothing new" in site.run("issues", "build").stdout
    assert len(site.json("statuses", "list")) == 3


def test_run_ends_cleanly_on_sigterm(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.subscribe(2)
    process = site.start("run")
    for _ in range(100):
        if (tmp_path / "out" / "mail").is_dir() and len(list((tmp_path / "out" / "mail" / "new").iterdir())) == 2:
            break
        time.sleep(0.1)  # a real process, a real clock
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    assert "ended" in err
    assert site.json("issues", "show", "1")["letters"] == {"sent": 2}


def test_a_restored_backup_sends_nothing_until_a_person_accepts_it(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.subscribe(3)
    site.run("store", "backup", "before.db")
    site.run("store", "backup", "before.db", code=2)
    site.run("run", "--once")
    for old in tmp_path.glob("syndicate.db*"):
        if not old.name.endswith(".generation"):
            old.unlink()
    (tmp_path / "before.db").rename(tmp_path / "syndicate.db")

    stopped = site.run("run", "--once", code=1)
    assert "looks like a restored backup" in stopped.stderr
    assert "syndicate store accept-restore" in stopped.stderr
    recipients = sorted(letter["To"] for letter in mailbox.Maildir(tmp_path / "out" / "mail", create=False))
    assert [to for to in recipients if "editor" in to] == ["editor@journey.example"]
    assert len(recipients) == 4, "each reader once, and the editor"

    accepted = site.run("store", "accept-restore")
    assert "in doubt" in accepted.stderr
    assert "nothing to accept" in site.run("store", "accept-restore").stderr
    site.run("run", "--once", code=None)
    letters = site.json("issues", "show", "1")["letters"]
    assert letters == {"in_doubt": 3}, "what may have gone out waits for a person"


def test_nothing_leaves_while_paused_and_polling_goes_on(tmp_path: Path) -> None:
    site = Site(tmp_path, accounts={"main": {"outbox": "out"}})
    site.subscribe(2)
    site.run("pause")
    paused = site.run("run", "--once")
    assert "paused" in paused.stderr
    assert not (tmp_path / "out" / "mail").exists()
    assert len(site.json("reviews", "list")) == len(FILMS)
    site.run("resume")
    site.run("run", "--once")
    assert site.json("issues", "show", "1")["letters"] == {"sent": 2}

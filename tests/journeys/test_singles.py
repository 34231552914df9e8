"""A letter for each review, from the editor's chair: three reviews, three letters, however often and whoever runs."""

from __future__ import annotations

import json
import mailbox
from collections import Counter
from pathlib import Path

import pytest

from tests.journeys.site import FILMS, Site

pytestmark = pytest.mark.journey


def site_of_singles(folder: Path) -> Site:
    """Return an installation whose one digest has a letter for each review, with two readers."""
    site = Site(folder, backfill=0)
    path = folder / "config.yaml"
    config = json.loads(path.read_text(encoding="utf-8"))
    config["digests"] = {"single": {"lists": ["readers"], "every": "review", "max_age": "3000d"}}
    config["feeds"]["reviews"] |= {"settle": "0s"}
    path.write_text(json.dumps(config), encoding="utf-8")
    site.publish(FILMS[3:])
    site.subscribe(2)
    return site


def letters(folder: Path) -> Counter[tuple[str, str]]:
    """Return how many letters each reader got about each film."""
    box = folder / "out" / "mail"
    if not box.exists():
        return Counter()
    mails = mailbox.Maildir(box, create=False)
    return Counter((str(mail["To"]).rpartition("<")[2].strip(">"), str(mail["Subject"])) for mail in mails)


def test_three_reviews_are_three_letters_each_once_though_two_run_at_once(tmp_path: Path) -> None:
    site = site_of_singles(tmp_path)
    site.run("run", "--once")
    assert letters(tmp_path) == Counter()

    site.publish()
    site.run("poll", "reviews")
    built = site.json("issues", "build", "single")
    assert (built["subject"], built["more"]) == ("A LANTERN FOR EZRA, reviewed", 0)
    both = [site.start("run", "--once") for _ in range(2)]
    for process in both:
        process.communicate(timeout=60)
    site.run("run", "--once")
    site.run("run", "--once")
    subjects = [f"{film}, reviewed" for film in reversed(FILMS[:3])]
    assert letters(tmp_path) == Counter((f"reader{n}@mail.example", each) for n in (1, 2) for each in subjects)
    listed = site.json("issues", "list")
    assert [each["subject"] for each in reversed(listed)] == subjects
    assert {each["state"] for each in listed} == {"sent"}

    assert "nothing waits: the next review" in site.run("issues", "build", "single").stdout
    shown = site.run("issues", "preview", "single")
    assert "this is how the newest one looks" in shown.stderr
    assert f"Read the review of {FILMS[0]}" in shown.stdout
    assert "0 errors" in site.run("issues", "lint", "single").stderr
    assert "nothing new: nothing to send" in site.run("issues", "send", "single", "--yes").stderr
    assert len(site.json("issues", "list")) == 3

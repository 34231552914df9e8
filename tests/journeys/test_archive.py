"""`syndicate archive build`: the issues as a folder of files, built again and again, beside what others put there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from lxml import html

from tests.journeys.site import Site

URL = "https://journey.example/letters"
FILES = ["feed.xml", "index.html", "weekly/1/index.html"]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """Return an installation that has sent an issue."""
    made = Site(tmp_path)
    made.subscribe(2)
    made.run("run", "--once")
    return made


def build(site: Site, *more: str) -> Any:
    """Build the archive and return what was done."""
    return site.json("archive", "build", "public", "--url", URL, *more)


def looks(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Return every file of a folder: when it was written, and its bytes."""
    return {
        path.relative_to(folder).as_posix(): (path.stat().st_mtime_ns, path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_an_issue_becomes_a_page_and_the_next_build_writes_only_what_is_new(site: Site) -> None:
    built = build(site)
    assert (built["written"], built["unchanged"], built["removed"]) == (FILES, [], [])
    before = looks(site.folder / "public")
    assert build(site)["written"] == []
    assert looks(site.folder / "public") == before

    held = next(each["id"] for each in site.json("reviews", "list") if each["state"] == "history")
    site.run("reviews", "release", str(held))
    site.run("issues", "send", "--yes")
    assert build(site)["written"] == [*FILES, "weekly/2/index.html"]
    first: Any = html.document_fromstring((site.folder / "public/weekly/1/index.html").read_bytes())
    assert first.xpath("//nav//a[@rel='next']/@href") == ["../../weekly/2/index.html"]
    assert (site.folder / "public/weekly/1/../../weekly/2/index.html").exists()


def test_the_files_hold_no_reader_and_no_dead_link(site: Site) -> None:
    build(site)
    folder = site.folder / "public"
    for path in FILES:
        text = (folder / path).read_text(encoding="utf-8")
        for word in ("{token}", "syndicateslot", "example.invalid", "mail.example", "leave@", "nsubscribe"):
            assert word not in text, (path, word)
        page: Any = html.document_fromstring(text.encode())
        for link in page.xpath("//a/@href"):
            assert link.startswith("https://") or (folder / path).parent.joinpath(link).exists(), link
    index: Any = html.document_fromstring((folder / "index.html").read_bytes())
    assert index.xpath("//link[@rel='canonical']/@href") == [f"{URL}/"]


def test_what_others_put_there_stays(site: Site) -> None:
    build(site)
    (site.folder / "public/CNAME").write_text("letters.journey.example")
    (site.folder / "public/weekly/1/note.txt").write_text("mine")
    assert build(site)["written"] == []
    assert {"CNAME", "weekly/1/note.txt"} <= set(looks(site.folder / "public"))


def test_a_page_whose_issue_is_there_no_more_is_taken_out_and_nothing_else(site: Site) -> None:
    build(site)
    gone = site.folder / "public/weekly/9/index.html"
    gone.parent.mkdir()
    gone.write_text("an issue that was cancelled")
    mine = site.folder / "mine.txt"
    mine.write_text("mine")
    kept = site.folder / "public/.syndicate-archive.json"
    listed = json.loads(kept.read_text())
    kept.write_text(json.dumps({"files": [*listed["files"], "weekly/9/index.html", "../mine.txt", str(mine)]}))
    assert build(site)["removed"] == ["weekly/9/index.html"]
    assert not gone.parent.exists()
    assert mine.exists()


REFUSED = [
    pytest.param("public/photo.jpg", "not empty", id="a folder with something else in it"),
    pytest.param("public/.syndicate-archive.json", "cannot be read", id="a list that is none"),
]


@pytest.mark.parametrize(("name", "said"), REFUSED)
def test_a_folder_that_is_somebody_elses_is_refused(site: Site, name: str, said: str) -> None:
    (site.folder / "public").mkdir()
    (site.folder / name).write_text("mine")
    done = site.run("archive", "build", "public", "--url", URL, code=2)
    assert said in done.stderr
    assert "try: name an empty folder" in done.stderr
    assert [path for path, _ in looks(site.folder / "public").items()] == [name.removeprefix("public/")]


def test_a_file_of_yours_is_not_overwritten(site: Site) -> None:
    build(site)
    (site.folder / "public/.syndicate-archive.json").write_text(json.dumps({"files": FILES[:2]}))
    before = looks(site.folder / "public")
    assert "none of ours" in site.run("archive", "build", "public", "--url", URL, code=2).stderr
    assert looks(site.folder / "public") == before


@pytest.mark.parametrize("url", [None, "journey.example", "ftp://journey.example", "https://journey.example/?a=b"])
def test_an_archive_must_know_where_it_will_be_read(site: Site, url: str | None) -> None:
    told = ("--url", url) if url else ()
    assert "--url https://" in site.run("archive", "build", "public", *told, code=2).stderr
    assert not (site.folder / "public").exists()


def test_a_file_in_the_place_of_the_folder_is_told(site: Site) -> None:
    (site.folder / "public").write_text("mine")
    site.run("archive", "build", "public", "--url", URL, code=2)
    site.run("archive", "build", "public/deeper", "--url", URL, code=2)

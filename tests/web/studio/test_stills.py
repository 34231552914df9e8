"""`syndicate preview --out DIR`: the same as files, in a folder of ours, with pictures where a browser takes them."""

from __future__ import annotations

import io
import json
import os
import re
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import unquote, urlsplit

import pytest
from PIL import Image

from syndicate.cli import main
from syndicate.errors import UnreachableError
from syndicate.pipeline import tick
from syndicate.web.studio.camera import Shot, find_browser, photograph
from syndicate.web.studio.stills import LIST
from tests.web.studio.places import FRIDAY_AT_NINE, Place, make_place

BROWSER = find_browser(os.environ)
needs_browser = pytest.mark.skipif(BROWSER is None, reason="no chromium here; CHROMIUM=/path/to/chromium names one")
ADDRESS = re.compile(r'(?:\bsrc|\bhref|data-address|data-frame|action)="([^"]*)"')


@pytest.fixture
def no_browser(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))


def preview(place: Place, folder: Path, *options: str) -> int:
    """Return the exit code of the command line, on the day of our other tests unless `options` say another."""
    day = () if "--at" in options else ("--at", f"{place.clock.now():%Y-%m-%dT%H:%M+00:00}")
    with pytest.raises(SystemExit) as ended:
        main(["-c", str(place.config), "preview", "--out", str(folder), *day, *options])
    return int(ended.value.code or 0)


def files_of(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def as_browser(place: Place, script: str) -> None:
    """Put a browser of our own making where CHROMIUM names it."""
    path = place.folder / "browser"
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)


@pytest.mark.usefixtures("no_browser")
def test_each_part_is_a_file_with_the_bytes_that_the_studio_serves(place: Place, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert preview(place, out) == 0
    with place.previewed() as browser:
        for kind in ("html", "txt", "eml"):
            own, server = browser.get(f"/issue/weekly.{kind}"), browser.get(f"/issue/weekly.{kind}?for=list")
            assert (out / f"weekly/next/letter.{kind}").read_bytes() == own.content
            assert (out / f"weekly/next/list/letter.{kind}").read_bytes() == server.content
    statuses = json.loads((out / "statuses.json").read_text(encoding="utf-8"))
    assert [each["account"] for each in statuses] == ["main"] * 6
    assert all(0 < each["length"] <= each["limit"] for each in statuses)
    assert (out / f"statuses/main.{statuses[0]['review']}.html").is_file()
    assert json.loads((out / "weekly/next/findings.json").read_text(encoding="utf-8"))["digest"] == "weekly"


@pytest.mark.usefixtures("no_browser")
def test_every_address_of_a_page_names_a_file_of_the_folder_or_a_readers_link(place: Place, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert preview(place, out) == 0
    pages = [path for path in out.rglob("*.html") if path.name != "letter.html"]
    assert {"index.html", "page.weekly.next.html", "page.weekly.next.list.html"} <= {path.name for path in pages}
    for path in pages:
        for address in addresses(path.read_text(encoding="utf-8")):
            assert (path.parent / unquote(address)).resolve().is_relative_to(out.resolve()), (path, address)
            assert (path.parent / unquote(address)).is_file(), (path.name, address)


def addresses(page: str) -> Iterator[str]:
    """Yield the addresses of what a page shows or leads to here; frames in each of their colours."""
    for found in ADDRESS.findall(page):
        parts = urlsplit(found)
        if parts.scheme in ("http", "https", "mailto", "data") or not parts.path:
            continue
        for colours in ("light", "dark") if "{colours}" in found else ("",):
            for pictures in ("on", "none") if "{pictures}" in found else ("",):
                yield parts.path.replace("{colours}", colours).replace("{pictures}", pictures)


@pytest.mark.usefixtures("no_browser")
def test_the_page_writes_nothing_asks_nothing_and_names_no_other_host(place: Place, tmp_path: Path) -> None:
    assert preview(place, tmp_path / "out") == 0
    page = (tmp_path / "out/index.html").read_text(encoding="utf-8")
    assert "studio-token" not in page
    assert "data-live" not in page
    assert '<form class="whatif' not in page
    assert 'src="http' not in page
    view = (tmp_path / "out/weekly/next/view.dark.on.html").read_text(encoding="utf-8")
    assert "default-src 'none'" in view
    assert 'src="http' not in view
    assert 'src="../../pictures/' in view
    assert 'src="' not in (tmp_path / "out/weekly/next/view.light.none.html").read_text(encoding="utf-8")


def test_without_a_browser_the_rest_is_written_and_that_is_said(
    place: Place, tmp_path: Path, no_browser: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert preview(place, tmp_path / "out") == 0
    said = capsys.readouterr()
    assert "no browser is at hand" in said.err
    assert "CHROMIUM=" in said.err
    assert sorted(said.out.split()) == sorted(
        str(tmp_path / "out" / path) for path in files_of(tmp_path / "out") if path != LIST
    )


@pytest.mark.parametrize(
    ("script", "why"),
    [("exit 1", "it ended"), ("exec 4>&-; exec cat", "it ended"), ("head -c 1 >/dev/null <&3; exit 0", "it ended")],
    ids=["that ends at once", "that says nothing", "that ends while it is asked"],
)
def test_a_browser_that_fails_costs_only_the_pictures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, script: str, why: str
) -> None:
    place = make_place(tmp_path / "place")
    as_browser(place, script)
    monkeypatch.setenv("CHROMIUM", str(place.folder / "browser"))
    assert preview(place, tmp_path / "out") == 0
    assert f"the browser took no pictures: {why}" in capsys.readouterr().err
    assert "index.html" in files_of(tmp_path / "out")


def test_a_browser_that_hangs_is_ended(tmp_path: Path) -> None:
    script, told = tmp_path / "browser", tmp_path / "number"
    script.write_text(f"#!/bin/sh\necho $$ > {told}\nexec sleep 600\n", encoding="utf-8")
    script.chmod(0o755)
    with pytest.raises(UnreachableError, match="too long"):
        photograph(str(script), [Shot(page=script, width=100)], patience=2)
    with pytest.raises(ProcessLookupError):
        os.kill(int(told.read_text()), 0)


def test_a_browser_that_is_none_is_said(tmp_path: Path) -> None:
    (tmp_path / "browser").write_text("not a program")
    (tmp_path / "browser").chmod(0o755)
    with pytest.raises(UnreachableError, match="took no pictures"):
        photograph(str(tmp_path / "browser"), [], patience=2)


@needs_browser
@pytest.mark.journey
def test_a_browser_takes_each_letter_in_light_dark_and_on_a_phone(place: Place, tmp_path: Path) -> None:
    assert preview(place, tmp_path / "out") == 0
    light, dark, phone = (
        Image.open(tmp_path / f"out/weekly/next/{name}.png").convert("RGB")
        for name in ("desktop.light", "desktop.dark", "phone.light")
    )
    assert light.width == dark.width == 800
    assert phone.width == 720, "360 points, at two dots each"
    assert light.height > 1500 < phone.height, "all of it, not a window of it"
    assert sum(light.getpixel((2, 2))) > 3 * 128 > sum(dark.getpixel((2, 2)))  # type: ignore[arg-type]


@needs_browser
@pytest.mark.journey
def test_the_browser_reaches_no_network_and_runs_no_script(tmp_path: Path) -> None:
    asked: list[str] = []

    class Asked(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

    server = HTTPServer(("127.0.0.1", 0), Asked)
    Thread(target=server.serve_forever, daemon=True).start()
    page = tmp_path / "page.html"
    place = f"http://127.0.0.1:{server.server_port}"
    page.write_text(
        f'<body style="background:#00f"><img src="{place}/a.png"><link rel=stylesheet href="{place}/b.css">'
        f"<iframe src='{place}/c'></iframe><script>document.body.style.background='#f00'</script>"
    )
    (taken,) = photograph(str(BROWSER), [Shot(page=page, width=200)])
    server.shutdown()
    server.server_close()
    assert asked == []
    assert Image.open(io.BytesIO(taken)).convert("RGB").getpixel((190, 4)) == (0, 0, 255)


@pytest.mark.usefixtures("no_browser")
def test_a_second_time_what_is_gone_is_removed_and_what_is_not_ours_stays(tmp_path: Path) -> None:
    place, out = make_place(tmp_path / "place"), tmp_path / "out"
    assert preview(place, out) == 0
    before = files_of(out)
    place.move_to(FRIDAY_AT_NINE)
    with place.opened() as app:
        tick(app)
    place.write(lambda text: text.replace("accounts:\n  main:", "accounts:\n  other:"))
    (out / "mine.txt").write_text("mine")
    assert preview(place, out) == 0
    after = files_of(out)
    assert "weekly/1/letter.html" in after - before
    assert "statuses/main.1.html" in before - after
    assert (out / "mine.txt").read_text() == "mine"


@pytest.mark.usefixtures("no_browser")
def test_a_folder_of_other_peoples_files_is_left_alone(
    place: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/thesis.txt").write_text("ten years")
    assert preview(place, tmp_path / "out") == 2
    assert "not empty" in capsys.readouterr().err
    assert files_of(tmp_path / "out") == {"thesis.txt"}


@pytest.mark.usefixtures("no_browser")
def test_a_file_that_came_since_is_not_written_over(
    place: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / LIST).write_text(json.dumps({"files": []}))
    (tmp_path / "out/index.html").write_text("mine")
    assert preview(place, tmp_path / "out") == 2
    assert "none of ours" in capsys.readouterr().err
    assert (tmp_path / "out/index.html").read_text() == "mine"


@pytest.mark.usefixtures("no_browser")
@pytest.mark.parametrize("listed", ["../thesis.txt", "/etc/passwd", "weekly/next/../../../thesis.txt", 7, "mine.txt"])
def test_a_list_that_names_what_could_not_be_ours_removes_nothing(place: Place, tmp_path: Path, listed: object) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (tmp_path / "thesis.txt").write_text("ten years")
    (out / "mine.txt").write_text("mine")
    (out / LIST).write_text(json.dumps({"files": [listed]}))
    assert preview(place, out) == 0
    assert (tmp_path / "thesis.txt").read_text() == "ten years"
    assert (out / "mine.txt").read_text() == "mine"


@pytest.mark.usefixtures("no_browser")
@pytest.mark.parametrize("content", ["{", "[]", '{"files": 7}', "\x00"])
def test_a_list_that_cannot_be_read_is_told(place: Place, tmp_path: Path, content: str) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / LIST).write_text(content)
    assert preview(place, tmp_path / "out") == 2


@pytest.mark.usefixtures("no_browser")
def test_no_link_leads_the_files_out_of_the_folder(
    place: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    elsewhere.mkdir()
    assert preview(place, out) == 0
    for path in (out / "pictures").iterdir():
        path.unlink()
    (out / "pictures").rmdir()
    (out / "pictures").symlink_to(elsewhere)
    assert preview(place, out) == 2
    assert "this is a link" in capsys.readouterr().err
    assert files_of(elsewhere) == set()


@pytest.mark.usefixtures("no_browser")
def test_a_digest_and_a_date_narrow_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = make_place(
        tmp_path / "place",
        lambda text: text.replace("digests:\n", "digests:\n  monthly: {lists: [readers], at: sun 10:00}\n"),
    )
    assert preview(place, tmp_path / "out", "--digest", "monthly", "--at", "2026-12-11T09:00", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["has_pictures"] is False
    assert set(told["files"]) == files_of(tmp_path / "out") - {LIST}
    assert {path.split("/")[0] for path in told["files"] if "letter" in path} == {"monthly"}
    found = json.loads((tmp_path / "out/monthly/next/findings.json").read_text(encoding="utf-8"))
    assert found["at"] == "2026-12-13T10:00:00Z"


@pytest.mark.usefixtures("no_browser")
def test_an_issue_that_does_not_render_is_told_on_its_page_and_by_the_exit_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = make_place(tmp_path / "place")
    own = place.folder / "templates" / "email" / "issue.html"
    own.parent.mkdir(parents=True)
    own.write_text("<p>{{ leed.film }}</p>", encoding="utf-8")
    assert preview(place, tmp_path / "out") == 1
    assert "the next issue of weekly" in capsys.readouterr().err
    assert "does not render" in (tmp_path / "out/index.html").read_text(encoding="utf-8")
    assert json.loads((tmp_path / "out/weekly/next/findings.json").read_text(encoding="utf-8"))["fault"]


@pytest.mark.parametrize(
    "options",
    [
        ["--out", "x", "--digest", "monthly"],
        ["--out", "x", "--at", "tomorrow"],
        ["--out", "x", "--open"],
        ["--out", "x", "--listen", "127.0.0.1:0"],
        ["--digest", "weekly"],
        ["--at", "2026-12-04T09:00"],
        ["--json"],
    ],
    ids=" ".join,
)
def test_what_does_not_go_together_is_refused(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(["-c", str(place.config), "preview", *options])
    assert ended.value.code == 2
    assert not (tmp_path / "x").exists()

"""Open pages are told of a save as it happens, by one watcher that rests while nobody listens; they hold nothing up."""

from __future__ import annotations

import asyncio
import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import StreamingResponse

from syndicate.app import App
from syndicate.cli.serving import listening, served_beside
from syndicate.store.tables import entries
from syndicate.web.studio import events as events_module
from syndicate.web.studio.app import studio_app
from syndicate.web.studio.live import Live
from syndicate.web.studio.look import Look, look_at
from syndicate.web.studio.scene import Studio
from tests.web.studio.places import TOKEN, Place, headers, make_place

WAIT_SECONDS = 30
LETTER = "{% for way in ways_out %}{{ fences.readers }}{{ way.url }}{{ fences.end }}{% endfor %} "


@dataclass(frozen=True)
class Server:
    """The studio on a port."""

    app: Starlette
    port: int

    @contextmanager
    def listening(self, path: str = "/events") -> Iterator[Callable[[], str]]:
        """Open a stream; yield what waits for the next version."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=WAIT_SECONDS)) as line:
            line.request("GET", path)
            answer = line.getresponse()
            assert answer.status == 200
            assert answer.headers["Content-Type"].startswith("text/event-stream")

            def following() -> str:
                while (told := answer.readline()) != b"event: version\n":
                    if not told:
                        raise EOFError
                return answer.readline().decode().removeprefix("data: ").strip()

            yield following

    def get(self, path: str) -> str:
        """Return the body of a page."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=WAIT_SECONDS)) as line:
            line.request("GET", path)
            return line.getresponse().read().decode()


@contextmanager
def served(place: Place) -> Iterator[Server]:
    live = Live(place.config, environ={}, clock=place.clock)
    app = studio_app(live, token=TOKEN)
    with (
        closing(live),
        listening("127.0.0.1:0", way_out="") as listener,
        served_beside(app, listener, ended=lambda: None, at_end=app.state.events.end),
    ):
        yield Server(app, listener.getsockname()[1])


def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds, and not for ever."""
    end = time.monotonic() + WAIT_SECONDS
    while not holds():
        assert time.monotonic() < end, "it never came to hold"
        threading.Event().wait(0.01)


def template(place: Place, text: str) -> None:
    path = place.folder / "templates" / "email" / "issue.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(LETTER + text, encoding="utf-8")


def test_a_page_is_told_what_it_shows_and_then_of_every_kind_of_save(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    with served(place) as server, server.listening() as following:
        seen = [following()]
        assert seen == [server.get("/version")]
        template(place, "Mine")
        seen.append(following())
        assert server.get("/issue/weekly.txt").endswith("Mine\n"), "it is drawn when it is told"
        template(place, "Mine, changed")
        seen.append(following())
        (place.folder / "templates" / "email" / "issue.txt").unlink()
        seen.append(following())
        assert "Mine" not in server.get("/issue/weekly.txt"), "ours is found again"
        place.write(lambda text: text.replace("name: The Lantern", "name: The Beacon"))
        seen.append(following())
        assert "The Beacon" in server.get("/issue/weekly.txt")
        with place.opened() as app:
            app.entries.hold(1)
        seen.append(following())
        place.write(lambda text: text + "colour: red\n")
        seen.append(following())
        assert "1 thing to mend" in server.get("/")
        place.write()
        seen.append(following())
    assert all(one != other for one, other in pairwise(seen))


def test_one_watcher_tells_all_pages_and_each_of_its_own_date(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = make_place(tmp_path)
    drawn: list[object] = []

    def counted(app: App, **values: Any) -> Look:
        drawn.append(values)
        return look_at(app, **values)

    monkeypatch.setattr("syndicate.web.studio.scene.look_at", counted)
    with (
        served(place) as server,
        server.listening() as first,
        server.listening() as second,
        server.listening("/events?at=2026-12-11T09:00") as later,
    ):
        assert first() == second() != later()
        template(place, "Mine")
        assert first() == second() != later()
    assert len(drawn) == 4, "twice for two dates, however many look"


def test_a_commit_that_changes_nothing_shown_tells_nobody(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    with served(place) as server, server.listening() as following:
        seen = [following()]
        with place.opened() as app, app.database.write() as connection:
            connection.execute(update(entries).values(last_seen=place.clock.now()))
        template(place, "Mine")
        seen.append(following())
        assert seen[1] == server.get("/version")
        assert "Mine" in server.get("/issue/weekly.txt")


def test_the_watcher_rests_while_nobody_listens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = make_place(tmp_path)
    with served(place) as server:
        events, studio, looks = server.app.state.events, server.app.state.studio, list[int]()
        mark = studio.mark

        def counted() -> object:
            looks.append(1)
            return mark()

        monkeypatch.setattr(studio, "mark", counted)
        assert server.get("/version")
        assert looks == [], "nobody listens yet"
        with server.listening() as following, server.listening():
            following()
            until(lambda: events.open_pages == 2 and len(looks) > 1)
        until(lambda: events.open_pages == 0)
        until(lambda: events._watcher is None)
        with server.listening() as following:
            assert following() == server.get("/version"), "it wakes for the next one"


def test_a_line_that_is_quiet_breathes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events_module, "BREATH_SECONDS", 0.05)
    with served(make_place(tmp_path)) as server, socket.create_connection(("127.0.0.1", server.port)) as line:
        line.settimeout(WAIT_SECONDS)
        line.sendall(b"GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        heard = b""
        while b": still here" not in heard:
            heard += line.recv(4096)


def test_a_body_that_comes_too_slowly_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("syndicate.web.studio.editing.BODY_SECONDS", 0.05)
    with served(make_place(tmp_path)) as server, socket.create_connection(("127.0.0.1", server.port)) as line:
        line.settimeout(WAIT_SECONDS)
        own = {
            **headers(Host=f"127.0.0.1:{server.port}", Origin=f"http://127.0.0.1:{server.port}"),
            "Content-Length": "9",
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in own.items())
        line.sendall(f"POST /digests/weekly/choices HTTP/1.1\r\n{head}\r\n{{".encode())
        assert line.recv(4096).startswith(b"HTTP/1.1 408 ")


def test_there_is_an_end_to_how_many_listen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events_module, "MOST_LISTENERS", 1)
    with served(make_place(tmp_path)) as server, server.listening() as following:
        following()
        assert "too many" in server.get("/events")


def test_of_many_who_ask_at_one_moment_no_more_are_told_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events_module, "MOST_LISTENERS", 2)
    make_place(tmp_path)
    live = Live(tmp_path / "config.yaml", environ={})
    events = events_module.Events(Studio(live))

    async def told() -> list[bool]:
        request = Request({"type": "http", "method": "GET", "query_string": b"", "headers": []})
        answers = [await events.answer(request) for _ in range(5)]
        streams = [answer.body_iterator for answer in answers if isinstance(answer, StreamingResponse)]
        heard = [await anext(aiter(stream), None) is not None for stream in streams]
        events.end()
        return heard

    try:
        assert asyncio.run(told()) == [True, True, False, False, False]
    finally:
        live.close()


def test_open_pages_do_not_hold_a_server_that_is_told_to_end(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    ended: list[bool] = []
    with served(make_place(tmp_path)) as server:
        line = http.client.HTTPConnection("127.0.0.1", server.port, timeout=WAIT_SECONDS)
        line.request("GET", "/events")
        answer = line.getresponse()
        answer.readline()

        def read() -> None:
            answer.read()
            ended.append(True)

        reader = threading.Thread(target=read)
        reader.start()
    reader.join(WAIT_SECONDS)
    line.close()
    assert ended == [True], "its end is an end, not a line that breaks"
    assert "graceful shutdown exceeded" not in caplog.text


def test_a_page_whose_watcher_met_a_fault_of_ours_may_ask_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served(make_place(tmp_path)) as server:
        studio = server.app.state.studio
        with server.listening() as following:
            following()
            with monkeypatch.context() as broken:
                broken.setattr(studio, "mark", lambda: 1 / 0)
                with pytest.raises(EOFError):
                    following()
        with server.listening() as following:
            assert following()

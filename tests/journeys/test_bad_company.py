"""Many processes at once on one installation: each review once, each reader once, one issue; a person's word holds."""

from __future__ import annotations

import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.channels.mastodon_double import TOKEN, MastodonDouble
from tests.channels.smtp_server import Action, Moment, ScriptedSmtp, Step
from tests.journeys.site import Site

pytestmark = pytest.mark.journey
CROWD = 10
READERS = 6


def relay(server: ScriptedSmtp) -> dict[str, object]:
    return {"relay": {"host": "127.0.0.1", "port": server.port, "security": "none"}}


def readers_of(server: ScriptedSmtp) -> Counter[str]:
    """Return how many letters each reader got; the editor's alerts are not counted."""
    got = Counter(message.recipients[0] for message in server.messages)
    del got["editor@journey.example"]
    return got


def failed(crowd: Sequence[subprocess.Popen[str]], told: Sequence[tuple[str, str]]) -> list[tuple[int, str]]:
    """Return how each process ended that did worse than leave the work to another, and what it said."""
    ends = zip(crowd, told, strict=True)
    return [(process.returncode, err) for process, (_, err) in ends if process.returncode not in (0, 1)]


@pytest.mark.parametrize(
    "fresh", [pytest.param(True, marks=pytest.mark.soak), False], ids=["no database yet", "a database"]
)
def test_ten_runs_at_once_send_each_reader_one_letter_and_post_each_review_once(
    fresh: bool, tmp_path: Path, blank_url: str
) -> None:
    with ScriptedSmtp() as server, MastodonDouble(now=lambda: datetime.now(UTC)) as instance:
        accounts = {"main": {"instance": instance.url, "token_env": "JOURNEY_TOKEN", "spacing": "0s"}}
        site = Site(
            tmp_path, mail=relay(server), accounts=accounts, environ={"JOURNEY_TOKEN": TOKEN}, database=blank_url
        )
        if not fresh:
            site.subscribe(READERS)
        crowd = [site.start("run", "--once") for _ in range(CROWD)]
        told = [process.communicate(timeout=120) for process in crowd]
        assert not failed(crowd, told)
        assert not [err for _, err in told if "Traceback" in err or "fault of ours" in err]
        if fresh:
            assert len(site.json("issues", "list")) == 1
            return
        site.run("run", "--once", code=None)
        server.wait_closed()
        assert readers_of(server) == {f"reader{number}@mail.example": 1 for number in range(1, READERS + 1)}
        assert len(instance.public) == 3
        assert len({post.value("status") for post in instance.public}) == 3
        (issue,) = site.json("issues", "list")
        assert (issue["state"], issue["letters"]) == ("sent", {"sent": READERS})


@pytest.mark.soak
def test_polls_and_runs_at_once_announce_each_review_once(tmp_path: Path, database_url: str) -> None:
    site = Site(tmp_path, accounts={"main": {"outbox": "out"}}, database=database_url)
    commands = [("poll", "reviews"), ("run", "--once"), ("reviews", "list"), ("issues", "build")] * 3
    crowd = [site.start(*command) for command in commands]
    told = [process.communicate(timeout=120) for process in crowd]
    assert not failed(crowd, told)
    site.run("run", "--once", code=None)
    statuses = site.json("statuses", "list")
    assert Counter(each["entry_id"] for each in statuses) == Counter({each["entry_id"]: 1 for each in statuses})
    assert len(statuses) == 3
    assert len(site.json("reviews", "list")) == 5


def in_the_midst(act: Callable[[], object], letter: int = 2) -> Callable[[Moment], Action | None]:
    """Return what a server does that lets somebody act once while a letter is on its way."""
    once = threading.Lock()

    def on_step(moment: Moment) -> Action | None:
        if moment.step is Step.DATA and moment.letter == letter and once.acquire(blocking=False):
            act()
        return None

    return on_step


@pytest.mark.parametrize(
    "words",
    [
        ("subscribers", "remove", "reader5@mail.example"),
        ("subscribers", "suppress", "reader5@mail.example"),
        ("subscribers", "suppress", "READER5@mail.example"),
    ],
    ids=["removed", "suppressed", "suppressed in capitals"],
)
def test_who_leaves_in_the_midst_of_a_sending_gets_no_letter(
    words: tuple[str, ...], tmp_path: Path, database_url: str
) -> None:
    places: list[Site] = []
    with ScriptedSmtp(on_step=in_the_midst(lambda: places[0].run(*words))) as server:
        places.append(site := Site(tmp_path, mail=relay(server), database=database_url))
        site.subscribe(READERS)
        site.run("run", "--once")
        server.wait_closed()
        others = [number for number in range(1, READERS + 1) if number != 5]
        assert readers_of(server) == {f"reader{number}@mail.example": 1 for number in others}
        assert site.json("issues", "show", "1")["letters"] == {"sent": READERS - 1, "suppressed": 1}


def test_an_issue_stopped_in_the_midst_of_its_sending_sends_no_more_and_its_reviews_wait(
    tmp_path: Path, database_url: str
) -> None:
    places: list[Site] = []
    with ScriptedSmtp(on_step=in_the_midst(lambda: places[0].run("issues", "stop", "1"))) as server:
        places.append(site := Site(tmp_path, mail=relay(server), database=database_url))
        site.subscribe(READERS)
        site.run("run", "--once", code=None)
        server.wait_closed()
        gone = sum(readers_of(server).values())
        assert gone < READERS
        issue = site.json("issues", "show", "1")
        assert issue["state"] == "cancelled"
        assert issue["letters"] == {"sent": gone, "cancelled": READERS - gone}
        assert "3 reviews" not in site.run("run", "--once", code=None).stderr, "its period is over"
        assert sum(readers_of(server).values()) == gone
        assert "nothing new" not in site.run("issues", "build").stdout


def test_paused_in_the_midst_the_rest_waits_and_then_goes(tmp_path: Path, database_url: str) -> None:
    places: list[Site] = []
    with ScriptedSmtp(on_step=in_the_midst(lambda: places[0].run("pause"))) as server:
        places.append(site := Site(tmp_path, mail=relay(server), database=database_url))
        site.subscribe(READERS)
        site.run("run", "--once", code=None)
        assert sum(readers_of(server).values()) < READERS
        site.run("resume")
        site.run("run", "--once")
        server.wait_closed()
        assert set(readers_of(server).values()) == {1}
        assert len(readers_of(server)) == READERS


@pytest.mark.parametrize("text", ["", "site: [", "lists: {other: {name: Other}}"], ids=["empty", "broken", "another"])
def test_a_config_spoiled_in_the_midst_of_a_run_does_not_reach_that_run(text: str, tmp_path: Path) -> None:
    def spoil() -> None:
        (tmp_path / "config.yaml").write_text(text, encoding="utf-8")

    with ScriptedSmtp(on_step=in_the_midst(spoil)) as server:
        site = Site(tmp_path, mail=relay(server))
        site.subscribe(READERS)
        whole = (tmp_path / "config.yaml").read_text(encoding="utf-8")
        site.run("run", "--once")
        server.wait_closed()
        assert len(readers_of(server)) == READERS
        site.run("issues", "list", code=2)
        (tmp_path / "config.yaml").write_text(whole, encoding="utf-8")
        assert "nothing is new" in site.run("run", "--once").stderr


def test_a_list_taken_out_of_the_config_is_mailed_no_more_by_a_frozen_issue(tmp_path: Path) -> None:
    """What was planned for people stays planned: the issue names its lists, and each reader's own word decides."""
    site = Site(tmp_path)
    site.subscribe(2)
    site.run("pause")
    site.run("run", "--once")
    site.run("subscribers", "remove", "reader1@mail.example")
    site.run("resume")
    site.run("run", "--once")
    assert site.json("issues", "show", "1")["letters"] == {"sent": 1, "suppressed": 1}

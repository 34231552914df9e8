"""The same journeys on both engines: one process that does it all, and three workers with two clocks.

All tests of an engine share an installation, each in a corner of its own: a feed, a list and a digest of that name.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest

from tests.channels.smtp_server import DROP, Action, Moment, ScriptedSmtp, Step
from tests.conftest import Server
from tests.journeys.engines import EngineSite, cluster, local

# One installation of each engine: two would start twice as many workers.
pytestmark = [pytest.mark.journey, pytest.mark.xdist_group("engines")]
READERS = 3
CORNERS = ("news", "clocks", "leaving", "broken", "paused", "stopped", "asked", "away")
ASKED_AT = datetime.now(UTC) + timedelta(hours=2)
EDITOR = "editor@journey.example"


def corners() -> dict[str, Any]:
    """Return what config.yaml says of every corner: most have a letter for each review, three an hour."""
    every = {"every": "review"}
    hours: dict[str, dict[str, str]] = {
        "news": {"at": "fri 09:00"},
        "stopped": {"at": "fri 09:00"},
        "asked": {"at": f"daily {ASKED_AT:%H:%M}", "approval": "required", "approval_ahead": "12h"},
    }
    return {
        "feeds": {name: {"url": f"{name}.xml", "every": "1s", "settle": "0s"} for name in CORNERS},
        "lists": {name: {"name": name.title()} for name in CORNERS},
        "digests": {name: {"lists": [name], "feeds": [name], **hours.get(name, every)} for name in CORNERS},
        "accounts": {"main": {"outbox": "out", "feeds": ["news", "paused"], "spacing": "0s", "max_age": "3650d"}},
    }


def subscribe(site: EngineSite) -> None:
    """Put some readers on the list of each corner."""
    for name in CORNERS:
        lines = "".join(f"{name}{number}@mail.example\n" for number in range(1, READERS + 1))
        readers = site.folder / "readers.csv"
        readers.write_text(f"email\n{lines}", encoding="utf-8")
        site.run("subscribers", "import", str(readers), "--list", name)


@dataclass
class House:
    """An installation, and the relay of its letters."""

    site: EngineSite
    server: ScriptedSmtp

    def got(self, corner: str) -> Counter[str]:
        """Return how many letters each reader of a corner has."""
        to = [message.recipients[0].partition("@")[0] for message in self.server.messages]
        return Counter(name for name in to if name.startswith(corner))

    def subjects(self, corner: str) -> set[str]:
        """Return the subjects of the letters of a corner."""
        return {
            message_from_bytes(message.content, policy=default)["Subject"]
            for message in self.server.messages
            if message.recipients[0].startswith(corner)
        }

    def statuses(self, film: str) -> list[str]:
        """Return the states of the statuses about a film."""
        return [each["state"] for each in self.site.json("statuses", "list") if film in str(each)]

    @contextmanager
    def relay(self, on_step: Callable[[Moment], Action | None]) -> Iterator[None]:
        """Let the relay do this meanwhile."""
        self.server.on_step = on_step
        try:
            yield
        finally:
            self.server.on_step = lambda _: None

    @contextmanager
    def on_the_wire(self, reader: str, begin: Callable[[], Callable[[], object]]) -> Iterator[None]:
        """Let work begin, and wait for its end once the block is left; meanwhile a reader's letter stands still."""
        reached, go_on = threading.Event(), threading.Event()

        def stand(moment: Moment) -> Action | None:
            if moment.step is Step.RCPT and reader in moment.line:
                reached.set()
                go_on.wait(60)
            return None

        with self.relay(stand):
            ended = begin()
            try:
                assert reached.wait(60), "the letter never came"
                yield
            finally:
                go_on.set()
            ended()


def everyone(corner: str, count: int = 1) -> dict[str, int]:
    """Return that every reader of a corner has so many letters."""
    return {f"{corner}{number}": count for number in range(1, READERS + 1)}


ON_BOTH = ["local", pytest.param("cluster", marks=[pytest.mark.postgres, pytest.mark.soak])]


@pytest.fixture(scope="module", params=ON_BOTH)
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """An installation that has run for the first time, on either engine."""
    folder: Path = tmp_path_factory.mktemp("house")
    with ScriptedSmtp() as server:
        mail = {"relay": {"host": "127.0.0.1", "port": server.port, "security": "none"}}
        if request.param == "local":
            made = local(folder, corners(), mail=mail)
        else:
            postgres: Server = request.getfixturevalue("postgres")
            made = cluster(folder, postgres.make_current("engines"), corners(), mail=mail)
        with made as site:
            for name in CORNERS:
                site.write(name)
            subscribe(site)
            site.beat()
            yield House(site, server)


def test_what_stood_in_the_feed_at_the_first_run_is_history(house: House) -> None:
    house.site.beat()
    assert house.statuses("THE GLASS HARVEST") == []
    assert all(b"GLASS HARVEST" not in message.content for message in house.server.messages)


def test_a_new_review_gets_one_status_and_stands_in_the_next_issue(house: House) -> None:
    house.site.write("news", "THE LOW TIDE")
    house.site.beat()
    house.site.beat()
    assert house.statuses("THE LOW TIDE") == ["sent"]
    told = house.site.run("issues", "send", "news", "--yes")
    assert "3 candidates = 3 sent" in told.stderr
    house.site.beat()
    assert house.got("news") == everyone("news")
    assert [each["state"] for each in house.site.issues("news")] == ["sent"]
    assert house.statuses("THE LOW TIDE") == ["sent"]


def test_an_issue_goes_once_to_each_reader_though_two_clocks_fire(house: House) -> None:
    house.site.write("clocks", "TWO HANDS", "HALF PAST")
    house.site.two_clocks()
    assert house.got("clocks") == everyone("clocks", 2)
    assert [each["state"] for each in house.site.issues("clocks")] == ["sent", "sent"]
    house.site.two_clocks()
    assert house.got("clocks") == everyone("clocks", 2)


def test_every_review_has_a_letter_of_its_own(house: House) -> None:
    before = house.got("clocks").get("clocks1", 0)
    house.site.write("clocks", "THE NIGHT PORTER'S BELL")
    house.site.beat()
    assert house.got("clocks") == everyone("clocks", before + 1)
    assert any("PORTER" in subject.upper() for subject in house.subjects("clocks"))


def test_who_leaves_in_the_midst_of_a_sending_gets_nothing_more(house: House) -> None:
    house.site.write("leaving", "THE LAST BUS")
    with house.on_the_wire("leaving1@", house.site.begin):
        house.site.run("subscribers", "remove", "leaving3@mail.example")
    assert house.got("leaving") == {"leaving1": 1, "leaving2": 1}
    (issue,) = house.site.issues("leaving")
    assert house.site.letters(issue["id"]) == {"sent": 2, "suppressed": 1}


def test_a_feed_that_fails_changes_nothing(house: House) -> None:
    good = (house.site.folder / "broken.xml").read_text(encoding="utf-8")
    (house.site.folder / "broken.xml").write_text("<html>down for today</html>", encoding="utf-8")
    known = len(house.site.json("reviews", "list"))
    house.site.beat()
    assert len(house.site.json("reviews", "list")) == known
    assert house.got("broken") == {}
    (house.site.folder / "broken.xml").write_text(good, encoding="utf-8")
    house.site.write("broken", "BACK AGAIN")
    house.site.beat()
    assert house.got("broken") == everyone("broken")


def test_nothing_leaves_while_paused_and_polling_goes_on(house: House) -> None:
    house.site.run("pause")
    house.site.write("paused", "THE LONG WAIT")
    house.site.beat()
    assert "THE LONG WAIT" in str(house.site.json("reviews", "list"))
    assert house.got("paused") == {}
    house.site.run("resume")
    house.site.beat()
    assert house.got("paused") == everyone("paused")
    assert house.statuses("THE LONG WAIT") == ["sent"]


def test_an_issue_that_is_stopped_in_the_midst_of_a_sending_goes_no_further(house: House) -> None:
    def by_hand() -> Callable[[], object]:
        sending = house.site.start("issues", "send", "stopped", "--yes")
        return lambda: sending.communicate(timeout=60)

    house.site.write("stopped", "CUT")
    house.site.beat()
    with house.on_the_wire("stopped1@", by_hand):
        (issue,) = house.site.issues("stopped")
        house.site.run("issues", "stop", str(issue["id"]))
    house.site.beat()
    assert house.got("stopped") in ({"stopped1": 1}, {"stopped1": 1, "stopped2": 1})
    assert [each["state"] for each in house.site.issues("stopped")] == ["cancelled"]
    assert set(house.site.letters(issue["id"])) <= {"sent", "cancelled"}


def test_an_issue_that_needs_a_person_is_asked_for_once_and_planned_once(house: House) -> None:
    house.site.write("asked", "WITH YOUR LEAVE")
    house.site.two_clocks()
    (issue,) = house.site.issues("asked")
    assert issue["state"] == "draft"
    asked = [each for each in house.server.messages if each.recipients == (EDITOR,) and b"LEAVE" in each.content]
    assert len(asked) == 1
    for _ in range(2):
        house.site.run("issues", "approve", str(issue["id"]))
    house.site.beat()
    assert house.site.letters(issue["id"]) == {"planned": READERS}
    assert house.got("asked") == {}, "its hour has not come"


def test_letters_wait_for_a_relay_that_is_away_and_go_when_it_is_back(house: House) -> None:
    house.site.write("away", "A DOOR CLOSED")
    with house.relay(lambda moment: DROP if moment.step is Step.CONNECT else None):
        house.site.beat()
        assert house.got("away") == {}
        (issue,) = house.site.issues("away")
        assert house.site.letters(issue["id"]) == {"planned": READERS}
    house.site.beat()
    assert house.got("away") == everyone("away")

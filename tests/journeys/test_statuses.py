"""Statuses from the command line to a server that behaves as Mastodon does, and back after a crash."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.channels.mastodon_double import TOKEN, MastodonDouble, Post, Refusal
from tests.journeys.site import Site, kill

pytestmark = pytest.mark.journey


def double() -> MastodonDouble:
    return MastodonDouble(now=lambda: datetime.now(UTC))


def site(folder: Path, server: MastodonDouble, **account: object) -> Site:
    accounts = {"main": {"instance": server.url, "token_env": "JOURNEY_TOKEN", "spacing": "0s", **account}}
    return Site(folder, accounts=accounts, environ={"JOURNEY_TOKEN": TOKEN}, backfill=2)


def links(server: MastodonDouble) -> list[str]:
    return sorted(word for post in server.public for word in post.value("status").split() if word.startswith("https:"))


BOTH = ["https://journey.example/2026/11/film-4.html", "https://journey.example/2026/11/film-5.html"]


def test_each_review_becomes_one_status_and_a_second_run_posts_nothing(tmp_path: Path) -> None:
    with double() as server:
        journey = site(tmp_path, server)
        journey.run("run", "--once")
        journey.run("run", "--once")
        assert links(server) == BOTH
        told = journey.json("statuses", "list")
        assert [each["state"] for each in told] == ["sent", "sent"]
        assert all(each["remote_url"] for each in told)


def test_a_sender_killed_between_post_and_answer_finds_its_status_and_posts_no_second(tmp_path: Path) -> None:
    with double() as server:
        server.hold = threading.Event()
        journey = site(tmp_path, server)
        sender = journey.start("run", "--once")
        assert server.posted.wait(30), "nothing was posted"
        kill(sender)
        sender.communicate(timeout=30)
        server.hold.set()

        again = journey.run("run", "--once")
        assert "in doubt after a crash: 1" in again.stderr
        assert links(server) == BOTH
        assert [each["state"] for each in journey.json("statuses", "list")] == ["sent", "sent"]


def test_a_revoked_token_stops_the_account_alone_and_tells_the_editor_once(tmp_path: Path) -> None:
    with double() as server:
        journey = site(tmp_path, server)
        journey.subscribe(2)
        server.token = "another"
        stopped = journey.run("run", "--once", code=1)
        journey.run("run", "--once", code=1)
        assert "stopped" in stopped.stderr
        assert TOKEN not in stopped.stderr + stopped.stdout
        assert journey.json("issues", "show", "1")["letters"] == {"sent": 2}, "mail does not wait for Mastodon"
        letters = [path.read_text() for path in (tmp_path / "out" / "mail" / "new").iterdir()]
        assert sum("To: editor@journey.example" in letter for letter in letters) == 1
        server.token = TOKEN
        journey.run("run", "--once", code=None)
        assert links(server) == BOTH


def test_a_rate_limit_defers_a_status_until_the_servers_own_hour(tmp_path: Path) -> None:
    with double() as server:
        reset = "2030-01-01T00:00:00.000000Z"
        server.posts.append(Refusal(429, '{"error": "Too many requests"}', (("X-RateLimit-Reset", reset),)))
        server.posts.append(Post.OK)
        journey = site(tmp_path, server)
        journey.run("run", "--once", code=1)
        states = {each["state"] for each in journey.json("statuses", "list")}
        assert "deferred" in states or "failed" in states
        assert len(server.public) == 1


def test_accounts_check_says_whose_token_it_is_and_what_the_instance_takes(tmp_path: Path) -> None:
    with double() as server:
        told = site(tmp_path, server).run("accounts", "check").stdout
        assert "the token works" in told
        assert "500 characters" in told


def test_two_statuses_are_spaced_as_the_config_says(tmp_path: Path) -> None:
    with double() as server:
        journey = site(tmp_path, server, spacing="30m")
        journey.run("run", "--once")
        journey.run("run", "--once")
        assert len(server.public) == 1
        assert sorted(each["state"] for each in journey.json("statuses", "list")) == ["planned", "sent"]

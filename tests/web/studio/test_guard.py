"""The preview answers this machine, by its own name, and only to look."""

from __future__ import annotations

import pytest

from syndicate.web.hosts import host_of, is_loopback
from syndicate.web.studio.guard import may_ask
from tests.web.studio.places import Place

ASKED = [
    ("127.0.0.1:8025", "127.0.0.1:8025", True, "our address"),
    ("localhost:8025", "127.0.0.1:8025", True, "localhost"),
    ("LocalHost:9000", "127.0.0.1:8025", True, "a tunnel's own port"),
    ("[::1]:8025", "127.0.0.1:8025", True, "IPv6 loopback"),
    ("127.8.8.8", "127.0.0.1:8025", True, "any loopback address"),
    ("evil.example", "127.0.0.1:8025", False, "a name pointed here"),
    ("evil.example:8025", "127.0.0.1:8025", False, "a name with our port"),
    ("localhost.evil.example", "127.0.0.1:8025", False, "a name that begins like ours"),
    ("127.0.0.1.evil.example", "127.0.0.1:8025", False, "a name that looks like an address"),
    ("", "127.0.0.1:8025", False, "no Host"),
    ("192.168.1.7:8025", "127.0.0.1:8025", False, "an address that we do not listen on"),
    ("192.168.1.7:8025", "192.168.1.7:8025", True, "the address that is configured"),
    ("studio.lan:8025", "studio.lan:8025", True, "the name that is configured"),
    ("192.168.1.7:8025", "0.0.0.0:8025", True, "any address of a machine that listens on all"),
    ("[fd00::7]:8025", "[::]:8025", True, "any IPv6 address of a machine that listens on all"),
    ("evil.example", "0.0.0.0:8025", False, "a name, though we listen on all"),
    ("[::1", "127.0.0.1:8025", True, "an unclosed bracket is still loopback"),
    ("[evil", "127.0.0.1:8025", False, "an unclosed bracket"),
]


@pytest.mark.parametrize(("header", "listening", "answer"), [row[:3] for row in ASKED], ids=[row[3] for row in ASKED])
def test_only_a_host_of_this_machine_may_ask(header: str, listening: str, answer: bool) -> None:
    assert may_ask(header, listening) is answer


@pytest.mark.parametrize(
    ("place", "host"),
    [("127.0.0.1:8025", "127.0.0.1"), ("[::1]:8025", "::1"), ("::1", "::1"), ("LOCALHOST", "localhost"), ("", "")],
)
def test_the_host_of_a_place(place: str, host: str) -> None:
    assert host_of(place) == host


@pytest.mark.parametrize(
    ("host", "answer"), [("localhost", True), ("::1", True), ("127.0.0.53", True), ("0.0.0.0", False), ("", False)]
)
def test_loopback_is_this_machine_to_itself(host: str, answer: bool) -> None:
    assert is_loopback(host) is answer


@pytest.mark.parametrize("path", ["/", "/version", "/studio.js", "/view/weekly", "/issue/weekly.eml", "/nothing"])
def test_a_strangers_host_is_told_nothing(place: Place, path: str) -> None:
    with place.previewed() as browser:
        answer = browser.get(path, host="rebound.example:8025")
        assert answer.status_code == 421
        assert "Lantern" not in answer.text


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_there_is_nothing_but_looking(place: Place, method: str) -> None:
    with place.previewed() as browser:
        assert browser.get("/", method=method).status_code == 405


@pytest.mark.parametrize("path", ["/", "/version", "/studio.js", "/view/weekly", "/issue/weekly.html", "/nothing"])
def test_every_answer_keeps_other_hosts_out(place: Place, path: str) -> None:
    with place.previewed() as browser:
        headers = browser.get(path).headers
    assert headers["content-security-policy"].count("default-src 'none'") == 1
    assert "http" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("path", ["/view/weekly", "/issue/weekly.html"])
def test_a_letter_runs_no_script(place: Place, path: str) -> None:
    with place.previewed() as browser:
        policy = browser.get(path).headers["content-security-policy"]
    assert policy.startswith("sandbox ")
    assert "allow-scripts" not in policy
    assert "script-src" not in policy


def test_the_page_names_no_other_host_but_in_links(place: Place) -> None:
    with place.previewed() as browser:
        page, letter = browser.get("/").text, browser.get("/view/weekly").text
    for text in (page, letter):
        assert 'src="http' not in text
        assert "url(" not in text
        assert "@import" not in text

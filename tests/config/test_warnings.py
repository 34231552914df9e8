"""What is allowed, and still worth a sentence of `syndicate config check`."""

from __future__ import annotations

from pathlib import Path

import pytest

from syndicate.config import config_warnings
from tests.config.good import GOOD, loaded, spoiled

AT = "    at: fri 09:00\n"
HOST = "    host: smtp.example.org\n"
LOGIN = "    user: news\n    password_env: SMTP_PASSWORD\n"
MAIL = GOOD[GOOD.index("mail:") : GOOD.index("lists:")]
DIGESTS = GOOD[GOOD.index("digests:") : GOOD.index("accounts:")]

WARNINGS = {
    "nobody to notify": ("notify: ed@lantern.example\n", "", None, "notify is missing"),
    "nobody can be notified": (MAIL + GOOD[GOOD.index("lists:") : GOOD.index("accounts:")], "", 13, "without mail:"),
    "in the clear": (LOGIN, "    security: none\n", 14, "letters go to smtp.example.org in the clear"),
    "465 with starttls": (HOST, f"{HOST}    port: 465\n", 14, "port 465 usually speaks tls"),
    "587 with tls": (HOST, f"{HOST}    port: 587\n    security: tls\n", 14, "port 587 usually speaks starttls"),
    "the second relay in the clear": (
        f"  relay:\n{HOST}{LOGIN}",
        "  relays:\n    a: {host: one.example}\n    b: {host: two.example, security: none}\n",
        14,
        "letters go to two.example in the clear",
    ),
    "the second relay's password": (
        f"  relay:\n{HOST}{LOGIN}",
        "  relays:\n    a: {host: one.example}\n    b: {host: two.example, user: u, password_env: OTHER}\n",
        14,
        "the variable OTHER is not set here; sending would stop",
    ),
    "settle at nothing": (
        "    url: https://lantern.example/feed\n",
        "    url: https://lantern.example/feed\n    settle: 0s\n",
        9,
        "before its first correction",
    ),
    "asked too often": (
        "    url: https://lantern.example/feed\n",
        "    url: https://lantern.example/feed\n    every: 30s\n",
        9,
        "more than once a minute",
    ),
    "backfill on a live site": (
        "    url: https://lantern.example/feed\n",
        "    url: https://lantern.example/feed\n    backfill: 6\n",
        9,
        "announces 6 posts that are already out",
    ),
    "a digest for nobody": ("    lists: [readers, films]\n", "", 20, "weekly has no lists"),
    "a list of no digest": ("[readers, films]", "[readers]", 18, "no digest goes to the list films"),
    "too young for the week": (AT, f"{AT}    max_age: 7d\n", 23, "may be too old for the next issue"),
    "a cap of one": (AT, "    every: review\n    cap: 3\n", 23, "means nothing beside every"),
    "a password that is not set": ("SMTP_PASSWORD", "OTHER", 15, "the variable OTHER is not set here"),
    "a token that is not there": ("token_env: TOKEN", "token_file: t", 26, "t is not there"),
    "a free mailer": (
        "smtp.example.org\n",
        "smtp.gmail.com\n",
        10,
        "gmail.com limits bulk mail",
    ),
}


@pytest.mark.parametrize(("old", "new", "line", "words"), WARNINGS.values(), ids=WARNINGS.keys())
def test_what_is_probably_not_meant_is_told_with_its_line(
    tmp_path: Path, old: str, new: str, line: int | None, words: str
) -> None:
    text = spoiled(old, new)
    if "gmail" in new:
        text = text.replace("news@lantern.example", "lantern@gmail.com")
    warnings = config_warnings(loaded(tmp_path, text))
    place = f"{tmp_path}/config.yaml line {line}: " if line else f"{tmp_path}/config.yaml"
    assert any(warning.startswith(place) and words in warning for warning in warnings), warnings


def test_a_good_configuration_has_none(tmp_path: Path) -> None:
    assert config_warnings(loaded(tmp_path)) == ()


def test_a_relay_on_this_machine_needs_no_tls(tmp_path: Path) -> None:
    text = spoiled(HOST + LOGIN, "    host: 127.0.0.1\n    port: 25\n    security: none\n")
    assert config_warnings(loaded(tmp_path, text)) == ()


def test_a_site_that_tells_nobody_is_told_so(tmp_path: Path) -> None:
    text = "site: {name: L, url: 'https://l.example'}\nfeeds: {reviews: {url: a.xml}}\n"
    assert ["go nowhere" in warning for warning in config_warnings(loaded(tmp_path, text))] == [True]

"""What a good configuration gives: its values, its paths, its secrets at the moment of use."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from syndicate.compose.select import LeadRule
from syndicate.config import Config, load_config, relay_password, token
from syndicate.delivery.manners import Rules
from syndicate.errors import ConfigError
from tests.config.good import ENVIRON, GOOD, loaded, spoiled

HUSH = "hush"


def test_what_is_left_out_has_its_default(tmp_path: Path) -> None:
    config = loaded(tmp_path)
    assert config.feeds["reviews"].every == timedelta(minutes=15)
    assert config.feeds["reviews"].include.kinds == ("review",)
    assert config.digests["weekly"].cap == 12
    assert str(config.digests["weekly"].at) == "fri 09:00"
    assert config.http.max_bytes == 20_000_000
    assert config.site.zone == ZoneInfo("Europe/Dublin")


@pytest.mark.parametrize("part", ["web:", "http:", "templates:", "accounts:", "mail:\n  in_doubt:"])
def test_a_key_with_nothing_after_it_is_a_key_left_out(tmp_path: Path, part: str) -> None:
    outbox = "site: {name: L, url: 'https://l.example'}\nfeeds: {reviews: {url: a.xml}}\n"
    text = part.replace("mail:", "mail:\n  from: a@l.example\n  outbox: out") + "\n"
    assert loaded(tmp_path, outbox + text).digests == {}


def test_the_lead_by_rule_is_the_best_rated(tmp_path: Path) -> None:
    config = loaded(tmp_path, spoiled("    at:", "    lead: rule\n    at:"))
    assert config.digests["weekly"].lead is LeadRule.RATING


def test_yaml_is_read_as_version_1_2(tmp_path: Path) -> None:
    config = loaded(tmp_path, spoiled("  timezone:", "  language: no\n  timezone:"))
    assert config.site.language == "no"


def test_a_byte_order_mark_and_windows_lines_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert load_config(path, {}).site.name == "The Lantern"


def test_an_alias_is_followed(tmp_path: Path) -> None:
    text = spoiled("unsubscribe_mailto: leave@", "unsubscribe_mailto: &ed leave@")
    config = loaded(tmp_path, text.replace("notify: ed@lantern.example", "notify: *ed"))
    assert config.notify == "leave@lantern.example"


def test_a_config_cannot_be_changed(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="frozen"):
        loaded(tmp_path).site.name = "Other"


def test_paths_are_relative_to_the_file_and_not_to_where_one_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.chdir(tmp_path)
    config = loaded(Path("site"), spoiled("https://lantern.example/feed", "feeds/a.xml") + "cache: pictures\n")
    assert config.resolve(config.cache) == folder / "pictures"
    assert config.resolve("/srv/out") == Path("/srv/out")
    assert config.resolve("~/out") == Path.home() / "out"
    assert config.feed_source("reviews") == str(folder / "feeds/a.xml")


@pytest.mark.parametrize(
    ("written", "used"),
    [
        ("sqlite:///syndicate.db", "sqlite:///{folder}/syndicate.db"),
        ("sqlite:///state/s.db?timeout=5", "sqlite:///{folder}/state/s.db?timeout=5"),
        ("sqlite:////srv/s.db", "sqlite:////srv/s.db"),
        ("postgresql://db.example/x", "postgresql+psycopg://db.example/x"),
        ("postgresql+psycopg://ed@db.example/x", "postgresql+psycopg://ed@db.example/x"),
    ],
)
def test_the_databases_address_is_whole(tmp_path: Path, written: str, used: str) -> None:
    assert loaded(tmp_path, f"{GOOD}database: {written}\n").database_url == used.format(folder=tmp_path)


def test_an_address_of_a_feed_is_left_as_it_is(tmp_path: Path) -> None:
    assert loaded(tmp_path).feed_source("reviews") == "https://lantern.example/feed"


@pytest.mark.parametrize(
    "change",
    [
        ("  postal: 12 Quay Lane, Galway\n", ""),
        ("  unsubscribe_mailto: leave@lantern.example\n", ""),
    ],
    ids=["postal", "way out"],
)
def test_a_relay_that_reaches_posting_addresses_alone_needs_neither(tmp_path: Path, change: tuple[str, str]) -> None:
    text = spoiled(*change).replace("lists: [readers, films]", "lists: [films]")
    assert loaded(tmp_path, text).digests["weekly"].lists == ("films",)


@pytest.mark.parametrize("host", ["smtp.gmail.com", "smtp-relay.gmail.com", "aspmx.l.google.com"])
def test_a_free_mailers_own_relay_may_send_for_its_domain(tmp_path: Path, host: str) -> None:
    text = spoiled("news@lantern.example", "lantern@gmail.com").replace("smtp.example.org", host)
    config = loaded(tmp_path, text)
    assert config.mail is not None
    assert config.mail.sender_address == "lantern@gmail.com"
    assert config.mail.sender_name == "The Lantern"


# --- secrets ---


def test_secrets_are_read_when_they_are_used(tmp_path: Path) -> None:
    environ = dict(ENVIRON)
    config = loaded(tmp_path, environ=environ)
    environ["TOKEN"] = "later"
    assert token(config, "main") == "later"
    assert relay_password(config) == HUSH


def test_a_secret_in_a_file_is_read_beside_the_config_and_without_its_line_end(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("abc\n")
    config = loaded(tmp_path, spoiled("token_env: TOKEN", "token_file: key"))
    assert token(config, "main") == "abc"


def test_an_outbox_has_no_token_and_a_relay_without_user_no_password(tmp_path: Path) -> None:
    text = spoiled("    user: news\n    password_env: SMTP_PASSWORD\n", "")
    text = text.replace("    instance: https://mastodon.example\n    token_env: TOKEN\n", "    outbox: out\n")
    config = loaded(tmp_path, text, {})
    assert (token(config, "main"), relay_password(config)) == ("", "")


SEVERAL = """  relays:
    west: {host: one.example, user: u, password_env: SMTP_PASSWORD, rate: 0.5, per_day: 300}
    east: {host: two.example, user: u, password_env: EAST, rate: 20, pause_after: 3, pause_for: 2h}
    a: {host: three.example}
"""


def several(tmp_path: Path, environ: dict[str, str]) -> Config:
    """Return a configuration with three relays."""
    return loaded(tmp_path, GOOD[: GOOD.index("  relay:")] + SEVERAL + GOOD[GOOD.index("lists:") :], environ)


def test_relays_stand_in_the_order_of_the_file_each_with_its_rules(tmp_path: Path) -> None:
    mail = several(tmp_path, {}).mail
    assert mail is not None
    assert [(name, relay.host) for name, relay in mail.route.items()] == [
        ("west", "one.example"),
        ("east", "two.example"),
        ("a", "three.example"),
    ]
    assert [relay.rules for relay in mail.route.values()] == [
        Rules(rate=0.5, per_day=300),
        Rules(rate=20, pause_after=3, pause_for=timedelta(hours=2)),
        Rules(),
    ]


def test_one_relay_has_the_name_relay_and_an_outbox_has_none(tmp_path: Path) -> None:
    mail = loaded(tmp_path).mail
    assert mail is not None
    assert list(mail.route) == ["relay"]
    outbox = loaded(tmp_path, GOOD[: GOOD.index("  relay:")] + "  outbox: out\n" + GOOD[GOOD.index("lists:") :]).mail
    assert outbox is not None
    assert outbox.route == {}


def test_each_relay_has_its_own_password_and_its_own_line(tmp_path: Path) -> None:
    config = several(tmp_path, {"SMTP_PASSWORD": HUSH})
    assert (relay_password(config, "west"), relay_password(config, "a")) == (HUSH, "")
    with pytest.raises(ConfigError, match=r"config\.yaml line 14: the variable EAST"):
        relay_password(config, "east")


def test_rules_are_shown_as_they_would_be_written(tmp_path: Path) -> None:
    mail: Any = several(tmp_path, {}).shown()["mail"]
    told = [(relay["rate"], relay["per_day"], relay["pause_for"]) for relay in mail["relays"].values()]
    assert told == [(0.5, 300, "60m"), (20, None, "2h"), (None, None, "60m")]


def test_a_variable_that_is_not_set_is_named_with_its_line(tmp_path: Path) -> None:
    config = loaded(tmp_path, environ={})
    with pytest.raises(ConfigError) as caught:
        token(config, "main")
    assert caught.value.where == f"{tmp_path}/config.yaml line 26"
    assert "TOKEN" in str(caught.value)
    with pytest.raises(ConfigError, match=r"config\.yaml line 15: the variable SMTP_PASSWORD"):
        relay_password(config)


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "No such file"), (b"\n", "is empty"), (b"a\nb\n", "more than one line"), (b"\xff", "is not text")],
    ids=["not there", "empty", "two lines", "not text"],
)
def test_a_secret_file_that_holds_none_is_named_with_its_line(
    tmp_path: Path, content: bytes | None, words: str
) -> None:
    if content is not None:
        (tmp_path / "key").write_bytes(content)
    config = loaded(tmp_path, spoiled("token_env: TOKEN", "token_file: key"))
    with pytest.raises(ConfigError, match=words) as caught:
        token(config, "main")
    assert caught.value.where == f"{tmp_path}/config.yaml line 26"
    assert str(tmp_path / "key") in str(caught.value)


@pytest.fixture
def with_secrets(tmp_path: Path) -> Config:
    """A config whose every place for a secret has one."""
    text = spoiled("https://lantern.example/feed", f"https://ed:{HUSH}@lantern.example/feed?key={HUSH}")
    return loaded(tmp_path, f"{text}database: postgresql://ed:{HUSH}@db.example/x\n", dict.fromkeys(ENVIRON, HUSH))


def test_no_secret_stands_in_the_repr(with_secrets: Config) -> None:
    assert HUSH not in repr(with_secrets)
    assert HUSH not in str(with_secrets)
    assert "ed:***@" in repr(with_secrets)


def test_no_secret_is_shown(with_secrets: Config) -> None:
    assert HUSH not in json.dumps(with_secrets.shown())


def test_a_secret_that_is_masked_is_still_used(with_secrets: Config) -> None:
    assert with_secrets.database_url == f"postgresql+psycopg://ed:{HUSH}@db.example/x"
    assert with_secrets.feed_source("reviews") == f"https://ed:{HUSH}@lantern.example/feed?key={HUSH}"

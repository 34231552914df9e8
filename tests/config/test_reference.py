"""The schema, the docs and the shipped config.yaml tell the same keys in the same words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from syndicate.config import Config, load_config
from syndicate.config.mail import Relay
from syndicate.config.reference import Key, all_keys, help_of, key_names, part_at
from syndicate.config.schema import Digest, SectionConfig
from syndicate.config.source import write_tree
from syndicate.config.written import SAMPLE, Answers, render_config
from tests.config.good import GOOD, loaded

ROOT = Path(__file__).parents[2]
KEYS = all_keys()


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.path)
def test_every_key_is_documented_with_its_default_and_its_help(key: Key) -> None:
    row = f"| `{key.path}` | {key.default} | {key.help} |"
    assert row in (ROOT / "docs/configuration.md").read_text(encoding="utf-8").splitlines()


def test_the_docs_document_no_key_that_is_none() -> None:
    text = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")
    documented = re.findall(r"^\| `([a-z][\w.\[\]]*)` \| ", text, re.MULTILINE)
    assert [path for path in documented if path not in {key.path for key in KEYS} and "." in path] == []


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.path)
def test_every_key_has_a_line_of_help(key: Key) -> None:
    assert key.help.endswith(".")
    assert 10 < len(key.help) <= 105
    assert key.path.count(".") <= 4


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.path)
def test_every_key_stands_in_the_shipped_file_with_its_help_above_it(key: Key) -> None:
    text = (ROOT / "config.yaml").read_text(encoding="utf-8")
    name = key.path.rpartition(".")[2]
    assert re.search(rf"(^|[ #{{]){name}: ?", text, re.MULTILINE)
    if key.path not in ("lists.NAME.address[]",):
        assert help_of(key.path) in text


def test_a_default_that_stands_commented_in_the_shipped_file_is_the_default() -> None:
    lines = (ROOT / "config.yaml").read_text(encoding="utf-8").splitlines()
    commented = {line.strip()[1:].partition(": ") for line in lines if re.match(r" *#[a-z]", line)}
    written = {(name, value) for name, _, value in commented}
    for key in KEYS:
        name = key.path.rpartition(".")[2]
        values = {value for other, value in written if other == name}
        if values and key.default not in ("required", "none", "", "[]"):
            assert key.default in values, key.path


# --- the shipped file ---


def test_the_shipped_file_is_what_init_writes() -> None:
    assert (ROOT / "config.yaml").read_text(encoding="utf-8") == render_config(SAMPLE)


def test_the_shipped_file_is_the_sample_and_sends_nothing() -> None:
    config = load_config(ROOT / "config.yaml", {})
    assert config.mail is not None
    assert (config.mail.relay, str(config.mail.outbox)) == (None, "out")
    assert config.accounts["main"].instance is None
    assert config.feeds["reviews"].url == "sample:lantern"
    assert config.feeds["reviews"].backfill == 6
    assert config.digests["weekly"].first_issue == "now"


LIVE = [
    ("    url: sample:lantern\n    #url: ", "    url: "),
    ("backfill: 6", "backfill: 0"),
    ("  outbox: out/\n  # The mail", "  # The mail"),
    ("  #relay:", "  relay:"),
    ("\n    #host:", "\n    host:"),
    ("\n    #user:", "\n    user:"),
    ("\n    #password_env:", "\n    password_env:"),
    ("    outbox: out/\n    # The Mastodon", "    # The Mastodon"),
    ("    #instance:", "    instance:"),
    ("    #token_env:", "    token_env:"),
    ("at: fri 09:00", "at: sat 10:00"),
    ("first_issue: now", "first_issue: next"),
]


def test_going_live_is_taking_the_lines_that_stand_ready(tmp_path: Path) -> None:
    text = render_config(SAMPLE)
    for old, new in LIVE:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    config = loaded(tmp_path, text)
    assert config.mail is not None
    assert config.mail.relay is not None
    assert config.mail.relay.password_env == "SYNDICATE_SMTP_PASSWORD"
    assert config.accounts["main"].token_env == "SYNDICATE_MASTODON_TOKEN"
    assert str(config.digests["weekly"].at) == "sat 10:00"


ALTERNATIVES = {"password_file", "token_file", "address", "instance", "token_env", "maildir"}
"""Commented keys that cannot stand beside what the sample has."""


def _taken(text: str) -> str:
    """Return the shipped file with every choice taken that can be taken beside the others."""
    lines = []
    relay = False
    for line in text.splitlines():
        match = re.match(r"( *)#([a-z_]+):(.*)", line)
        relay = bool(match and match[2] in ("relay", "relays")) or (relay and len(line) - len(line.lstrip()) > 2)
        taken = match and not relay and match[2] not in ALTERNATIVES and match[2] != "url"
        taken = taken and line.strip() != "#every: review"
        lines.append(f"{match[1]}{match[2]}:{match[3]}" if match and taken else line)
    return "\n".join(lines)


def test_every_choice_not_taken_can_be_taken_by_removing_its_mark(tmp_path: Path) -> None:
    config = loaded(tmp_path, _taken(render_config(SAMPLE)))
    assert config.digests["weekly"].subject == "{{ site }}: {{ lead.film }}"
    assert config.feeds["reviews"].titles
    assert config.cache == Path("cache")


@pytest.mark.parametrize(
    "name", ["Film: Now", "no", "O'Hara's \"Best\"", "# 1 Films", "Kinó #9", "{x}", "12", "null", "-"]
)
def test_any_name_of_a_site_is_written_so_that_it_reads_back(tmp_path: Path, name: str) -> None:
    answers = Answers(name=name, url="https://l.example", feed="https://l.example/feed?a=b#c", sender="a@l.example")
    config = loaded(tmp_path, render_config(answers))
    assert (config.site.name, config.feeds["reviews"].url) == (name, "https://l.example/feed?a=b#c")
    assert (config.feeds["reviews"].backfill, config.digests["weekly"].first_issue) == (0, "next")


def test_what_is_shown_reads_back_as_the_same_configuration(tmp_path: Path) -> None:
    for text in (GOOD, render_config(SAMPLE)):
        config = loaded(tmp_path, text)
        again = loaded(tmp_path, write_tree(config.shown()))
        assert again.model_dump(mode="python") == config.model_dump(mode="python")


# --- the map of keys ---


def test_a_part_of_the_schema_is_found_by_its_path() -> None:
    assert part_at(()) is Config
    assert part_at(("digests", "weekly")) is Digest
    assert part_at(("digests", "weekly", "sections", 0)) is SectionConfig
    assert part_at(("mail", "relay")) is Relay
    assert part_at(("site", "name")) is None
    assert part_at(("nothing", "here")) is None
    assert "from" in key_names(part_at(("mail",)))
    assert "path" not in key_names(Config)

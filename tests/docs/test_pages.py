"""The pages hold together: links lead somewhere, examples can be typed, and no page names what it should not."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

import click
import pytest

from syndicate.cli import root
from tests.docs.pages import DECISIONS, DOCS, PAGES, ROOT, commands, examples, name_of, options_of, text_of

COMMANDS = commands()
OUR_FOLDERS = ("/srv/syndicate", "/etc/syndicate", "/etc/systemd/", "/backups/")
"""Absolute paths that an example may have: those of a service, never those of the machine on which it was written."""
RESERVED = re.compile(r"(.*\.)?(example|invalid|test|localhost)|(.*\.)?example\.(org|com|net)|127\.0\.0\.1")
SAID_OTHERWISE = ("newsletter", "campaign", "toot", "tweet", "blacklist", "whitelist", "blocklist", "audience member")
"""Words for which docs/concepts.md has another: one thing, one word."""

every_page = pytest.mark.parametrize("page", PAGES, ids=name_of)


def slug(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def headings(page: Path) -> set[str]:
    return {slug(found) for found in re.findall(r"^#+ (.*)$", text_of(page), re.MULTILINE)}


@every_page
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", text_of(page)):
        if urlsplit(target).scheme:
            continue
        path, _, place = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), f"{target} is not there"
        assert there.is_relative_to(ROOT), f"{target} leads out of the repository"
        assert not place or place in headings(there), f"{there.name} has no heading for #{place}"


@every_page
def test_every_example_can_be_typed(page: Path) -> None:
    for line, words in examples(page):
        typed = strip_root_options(words)
        if not typed:
            continue
        path = next((name for name in (" ".join(typed[:2]), typed[0]) if name in COMMANDS), None)
        nouns = {name.split()[0] for name in COMMANDS}
        assert path or typed[0] in nouns, f"line {line}: there is no command `syndicate {' '.join(words)}`"
        if path is None:
            assert len(typed) == 1, f"line {line}: {typed[0]} has no {typed[1]}"
            continue
        used = {word.partition("=")[0] for word in typed if re.match(r"--?[a-z]", word)}
        unknown = used - options_of(COMMANDS[path]) - {"--help", "-h"}
        assert not unknown, f"line {line}: `syndicate {path}` has no {', '.join(sorted(unknown))}"


def strip_root_options(words: list[str]) -> list[str]:
    """Return an example's words from the noun on."""
    takes_value = {name for each in root.params if not is_flag(each) for name in each.opts}
    rest = list(words)
    while rest and rest[0].startswith("-"):
        rest = rest[2:] if rest[0] in takes_value else rest[1:]
    return rest


def is_flag(option: click.Parameter) -> bool:
    return isinstance(option, click.Option) and (option.is_flag or option.count)


@every_page
def test_only_reserved_names_stand_for_hosts(page: Path) -> None:
    hosts = re.findall(r"https?://([^\s/:)`'\"…,]+)", text_of(page))
    strangers = {host for host in hosts if "." in host and not RESERVED.fullmatch(host.strip("<>"))}
    assert not strangers


@every_page
def test_no_path_is_that_of_somebodys_machine(page: Path) -> None:
    paths = re.findall(r"(?<![\w/.:~}\])*-])/(?:[a-z][\w.-]*/)[\w./-]*", text_of(page))
    assert [path for path in paths if not path.startswith(OUR_FOLDERS)] == []


@every_page
def test_one_thing_has_one_word(page: Path) -> None:
    text = text_of(page).lower()
    assert [word for word in SAID_OTHERWISE if re.search(rf"\b{word}", text)] == []


@every_page
def test_a_page_has_one_title_and_is_no_draft(page: Path) -> None:
    text = text_of(page)
    assert re.match(r"# \S", text)
    assert len(re.findall(r"^# ", text, re.MULTILINE)) == 1
    assert not re.search(r"\b(TODO|FIXME|TBD|XXX)\b", text)
    assert text.endswith("\n")


@pytest.mark.parametrize("page", DECISIONS, ids=name_of)
def test_every_decision_says_what_would_change_our_mind(page: Path) -> None:
    parts = re.findall(r"^\*\*(Choice|Reasons|What would change our mind)\.\*\* \S", text_of(page), re.MULTILINE)
    assert parts == ["Choice", "Reasons", "What would change our mind"]


def test_the_index_names_every_page() -> None:
    linked = {(DOCS / target).resolve() for target in re.findall(r"\]\(([^)#]+)\)", text_of("README.md"))}
    missing = {page for page in DOCS.rglob("*.md") if page.resolve() not in linked} - {DOCS / "README.md"}
    assert not missing


def test_the_readme_is_short_and_begins_with_the_two_commands() -> None:
    lines = text_of(ROOT / "README.md").splitlines()
    assert len(lines) < 120
    typed = [line.split("#")[0].strip() for line in lines[:12] if line.startswith("    ")]
    assert typed == ["make demo", "make test"]


def test_the_readmes_commands_are_targets_of_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"^    make ([a-z]+)", text_of(ROOT / "README.md"), re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)


@pytest.mark.parametrize(("name", "size"), [("picture.png", (1280, 800)), ("studio.png", (1280, 1300))])
def test_the_readmes_pictures_are_pictures_of_reasonable_size(name: str, size: tuple[int, int]) -> None:
    assert f"(docs/{name})" in text_of(ROOT / "README.md")
    picture = (DOCS / name).read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert (int.from_bytes(picture[16:20]), int.from_bytes(picture[20:24])) == size
    assert len(picture) <= 200_000


def test_the_changelog_speaks_of_this_version() -> None:
    from syndicate import __version__

    assert re.search(rf"^## .*\b{re.escape(__version__)}\b", text_of(ROOT / "CHANGELOG.md"), re.MULTILINE)

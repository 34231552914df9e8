"""`syndicate init` writes a good config.yaml, and never over one that is there."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from syndicate.cli import init, root
from syndicate.config import load_config
from syndicate.errors import ConfigError

ROOT = Path(__file__).parents[2]
FLAGS = ["--name", "Film: Now", "--url", "https://www.filmnow.example", "--feed", "https://www.filmnow.example/feed"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str, answers: str = "") -> Result:
    return CliRunner().invoke(root, list(arguments), input=answers)


def test_the_sample_is_the_repositorys_own_config_to_the_byte(folder: Path) -> None:
    result = run("init", "--sample")
    assert result.exit_code == 0, result.output
    assert (folder / "config.yaml").read_bytes() == (ROOT / "config.yaml").read_bytes()


def test_the_sample_puts_its_readers_on_the_list_and_says_the_next_command(folder: Path) -> None:
    result = run("init", "--sample")
    assert (folder / "readers.csv").read_bytes() == (ROOT / "syndicate/sample/readers.csv").read_bytes()
    assert "8 invented readers are on the list readers" in result.stderr
    assert result.stdout.splitlines() == ["  syndicate run --once"]
    assert len(run("subscribers", "export").stdout.splitlines()) == 9


def test_the_samples_readers_join_no_list_of_a_database_that_is_there(folder: Path) -> None:
    assert run("init", "--sample").exit_code == 0
    run("subscribers", "remove", "--list", "readers", run("subscribers", "export").stdout.splitlines()[1].split(",")[0])
    (folder / "config.yaml").unlink()
    result = run("init", "--sample")
    assert result.stdout.splitlines() == [
        "  syndicate subscribers import readers.csv --list readers",
        "  syndicate run --once",
    ]
    assert len(run("subscribers", "export").stdout.splitlines()) == 8


def test_readers_that_are_there_are_left_alone(folder: Path) -> None:
    (folder / "readers.csv").write_text("mine")
    assert run("init", "--sample").exit_code == 0
    assert (folder / "readers.csv").read_text() == "mine"


@pytest.mark.parametrize("arguments", [["--sample"], FLAGS], ids=["sample", "flags"])
def test_a_config_that_is_there_is_left_alone(folder: Path, arguments: list[str]) -> None:
    (folder / "config.yaml").write_text("mine")
    result = run("init", *arguments)
    assert isinstance(result.exception, ConfigError)
    assert result.exception.exit_code == 2
    assert "is there already" in str(result.exception)
    assert "--config" in str(result.exception)
    assert (folder / "config.yaml").read_text() == "mine"
    assert [each.name for each in folder.iterdir()] == ["config.yaml"]


def test_a_link_that_leads_nowhere_is_not_written_through(folder: Path) -> None:
    (folder / "config.yaml").symlink_to(folder / "elsewhere.yaml")
    assert isinstance(run("init", "--sample").exception, ConfigError)
    assert not (folder / "elsewhere.yaml").exists()


def test_flags_alone_write_a_good_config(folder: Path) -> None:
    result = run(
        "init", *FLAGS, "--timezone", "Europe/Dublin", "--list", "film-lovers", "--editor", "ed@filmnow.example"
    )
    assert result.exit_code == 0, result.output
    config = load_config(folder / "config.yaml", {})
    assert config.mail is not None
    assert (config.mail.sender_name, config.mail.sender_address) == ("Film: Now", "news@filmnow.example")
    assert config.mail.unsubscribe_mailto == config.notify == "ed@filmnow.example"
    assert config.digests["weekly"].lists == ("film-lovers",)
    assert config.site.timezone == "Europe/Dublin"
    assert result.stdout.splitlines() == ["  syndicate config check", "  syndicate run --once"]


def test_no_address_of_the_editor_is_made_up(folder: Path) -> None:
    assert run("init", *FLAGS).exit_code == 0
    config = load_config(folder / "config.yaml", {})
    assert (config.notify, config.site.editor) == (None, None)
    assert config.mail is not None
    assert config.mail.unsubscribe_mailto is None


def test_what_is_missing_is_named_where_nobody_can_be_asked(folder: Path) -> None:
    result = run("init", "--name", "Film")
    assert isinstance(result.exception, ConfigError)
    assert "--url is missing" in str(result.exception)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("flag", "value", "words"),
    [
        ("--timezone", "Europe/Dublyn", "did you mean 'Europe/Dublin'?"),
        ("--feed", "feed://x", "cannot be read"),
        ("--from", "a@b", "no full domain"),
        ("--list", "My List", "is no name"),
        ("--name", "a\nb", "must be one line"),
    ],
)
def test_a_flag_is_checked_as_the_file_would_be(folder: Path, flag: str, value: str, words: str) -> None:
    result = run("init", *FLAGS, flag, value)
    assert result.exit_code == 2
    assert words in " ".join(result.stderr.split())
    assert list(folder.iterdir()) == []


def test_a_person_is_asked_and_asked_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(init, "_somebody_is_there", lambda: True)
    answers = "Film Now\nhttps://filmnow.example\nfeed://wrong\nhttps://filmnow.example/feed\n\ned@filmnow.example\nEurope/Dublin\n"
    result = run("init", answers=answers)
    assert result.exit_code == 0, result.output
    assert "'feed:' cannot be read" in result.stderr
    config = load_config(folder / "config.yaml", {})
    assert (config.site.name, config.feeds["reviews"].url) == ("Film Now", "https://filmnow.example/feed")
    assert config.mail is not None
    assert config.mail.sender == "Film Now <news@filmnow.example>"
    assert config.notify == "ed@filmnow.example"


def test_a_person_who_breaks_off_is_told_that_nothing_was_written(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(init, "_somebody_is_there", lambda: True)
    result = run("init", answers="Film Now\n")
    assert result.exit_code != 0
    assert "\nconfig.yaml was not written\n" in result.stderr
    assert list(folder.iterdir()) == []


def test_another_path_is_written_and_named_in_what_comes_next(folder: Path) -> None:
    (folder / "sites").mkdir()
    result = run("--config", "sites/lantern.yaml", "init", "--sample")
    assert (folder / "sites/lantern.yaml").is_file()
    assert "syndicate --config sites/lantern.yaml run --once" in result.stdout
    assert (folder / "sites/syndicate.db").is_file()


def test_a_folder_that_is_not_there_is_said_so(folder: Path) -> None:
    result = run("--config", "nowhere/config.yaml", "init", "--sample")
    assert isinstance(result.exception, ConfigError)
    assert "cannot be written: No such file or directory" in str(result.exception)

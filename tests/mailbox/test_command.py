"""`syndicate bounces poll` and `import`, as an editor runs them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from syndicate.cli import root
from tests.mailbox.conftest import imap_place
from tests.mailbox.dovecot import PASSWORD, Dovecot
from tests.pipeline.studio import CONFIG

OUTBOX = "  outbox: out/\n"
PERSON = b"From: ada@reader.example\nSubject: Your film of the week\n\nI liked it.\n"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(root, list(arguments), catch_exceptions=False)


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for place in ("new", "cur", "tmp"):
        (tmp_path / "back" / place).mkdir(parents=True)
    set_mailbox(tmp_path, "{maildir: back/}")
    return tmp_path


def set_mailbox(folder: Path, mailbox: str) -> None:
    mail = f"{OUTBOX}  return_path: bounces+{{token}}@lantern.example\n  mailbox: {mailbox}\n"
    (folder / "config.yaml").write_text(CONFIG.replace(OUTBOX, mail), encoding="utf-8")


def test_a_dry_run_tells_each_message_and_moves_none(house: Path) -> None:
    (house / "back" / "new" / "1.mx").write_bytes(PERSON)
    done = run("bounces", "poll", "--dry-run")
    assert done.exit_code == 0
    assert "other  aside" in done.stdout
    assert "1 message read (a dry run: nothing changed), 1 aside" in done.stderr
    assert (house / "back" / "new" / "1.mx").exists()


def test_what_was_done_with_each_message_is_told_and_why_where_nothing_was(house: Path) -> None:
    goodbye = b"From: ada@reader.example\nSubject: unsubscribe\n\n"
    (house / "back" / "new" / "1.mx").write_bytes(goodbye)
    done = run("bounces", "poll")
    assert "without a token; nothing proves whom it is about" in done.stdout
    assert "syndicate subscribers remove ADDRESS" in done.stderr


def test_json_holds_the_counts_and_every_message(house: Path) -> None:
    (house / "back" / "new" / "1.mx").write_bytes(PERSON)
    told = json.loads(run("bounces", "poll", "--json").stdout)
    assert (told["read"], told["again"], told["kinds"], told["actions"], told["aside"]) == (
        1,
        0,
        {"other": 1},
        {"aside": 1},
        1,
    )
    assert [(each["id"], each["kind"], each["address"]) for each in told["messages"]] == [("new/1.mx", "other", None)]


@pytest.mark.dovecot
def test_a_mailbox_on_a_server_is_read(house: Path, dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch) -> None:
    place = imap_place(dovecot)
    user = place.maildir.parent.name
    place.put(PERSON)
    monkeypatch.setenv("SECRET", PASSWORD)
    where = f"host: 127.0.0.1, port: {dovecot.port}, security: none"
    set_mailbox(house, f"{{imap: {{{where}, user: {user}, password_env: SECRET}}}}")
    done = run("bounces", "poll")
    assert "1 wait for you in the folder syndicate-aside" in done.stderr
    assert place.held("syndicate-aside")


@pytest.mark.dovecot
def test_a_wrong_password_ends_with_1_and_does_not_show(
    house: Path, dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = imap_place(dovecot).maildir.parent.name
    monkeypatch.setenv("SECRET", "harbour-7-lights")
    where = f"host: 127.0.0.1, port: {dovecot.port}, security: none"
    set_mailbox(house, f"{{imap: {{{where}, user: {user}, password_env: SECRET}}}}")
    with pytest.raises(Exception, match="refused the login") as caught:
        run("bounces", "poll")
    assert getattr(caught.value, "exit_code", None) == 1
    assert "harbour" not in str(caught.value)


def test_without_a_mailbox_it_says_what_to_add(house: Path) -> None:
    (house / "config.yaml").write_text(CONFIG, encoding="utf-8")
    with pytest.raises(Exception, match="names no return mailbox"):
        run("bounces", "poll")


def test_an_export_is_taken_over_and_what_is_not_understood_is_named(house: Path) -> None:
    (house / "mg.csv").write_text("address,code,error,created_at\nada@reader.example,550,no,\nnobody,550,no,\n")
    done = run("bounces", "import", "mg.csv", "--from", "mailgun")
    assert done.exit_code == 1
    assert 'mg.csv line 3: "nobody" is no email address' in done.stderr
    assert "1 row read, 1 suppressed" in done.stderr
    told = json.loads(run("bounces", "import", "mg.csv", "--json").stdout)
    assert (told["again"], [each["where"] for each in told["not_understood"]]) == (1, ["line 3"])


@pytest.mark.parametrize(
    ("content", "why"),
    [(b"", "the file is empty"), (b"\xff\xfe", "the file is empty")],
    ids=["empty", "a mark alone"],
)
def test_a_file_that_holds_nothing_is_said_to(house: Path, content: bytes, why: str) -> None:
    (house / "export").write_bytes(content)
    with pytest.raises(Exception, match=why):
        run("bounces", "import", "export")


@pytest.mark.parametrize("content", [b"\0" * 5000, b"\xff" * 5000, b"PK\3\4 a zip", b'{"a":' * 5000])
def test_a_file_of_any_bytes_is_no_traceback(house: Path, content: bytes) -> None:
    (house / "export").write_bytes(content)
    assert run("bounces", "import", "export").exit_code == 1

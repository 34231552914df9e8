"""`syndicate store new-key`: a new key signs, the old ones are still believed, and no file is half written."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner

from syndicate.audience.tokens import Keyring, Purpose, forgotten_keys, proves, read_web_token, web_token
from syndicate.cli import root
from syndicate.errors import ConfigError
from syndicate.store.keyfile import add_key


def keyring(path: Path) -> Keyring:
    return Keyring(tuple(path.read_bytes().split()))


def test_what_went_out_goes_on_working(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    CliRunner().invoke(root, ["init", "--sample"], catch_exceptions=False)
    path = tmp_path / "syndicate.key"
    done = CliRunner().invoke(root, ["store", "new-key"], catch_exceptions=False)
    assert done.exit_code == 0
    assert "go on working" in done.stderr
    before = keyring(path)
    assert len(before.keys) == 2
    token = web_token(before, Purpose.READER, subscriber=7, address="ada@reader.example", lists=("readers",))
    CliRunner().invoke(root, ["store", "new-key"], catch_exceptions=False)
    after = keyring(path)
    assert after.keys[1:] == before.keys
    claim = read_web_token(Purpose.READER, token)
    assert claim
    assert proves(after, claim, "ada@reader.example")
    assert forgotten_keys(after, "ada@reader.example")[-1] == forgotten_keys(before, "ada@reader.example")[-1]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_two_at_once_lose_no_key(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_bytes(b"k" * 64 + b"\n")
    (tmp_path / "key.new").touch()
    with pytest.raises(ConfigError, match="another one"):
        add_key(path)
    assert path.read_bytes() == b"k" * 64 + b"\n"


def test_a_link_to_the_key_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "vault").mkdir()
    real = tmp_path / "vault" / "key"
    real.write_bytes(b"k" * 64 + b"\n")
    (tmp_path / "key").symlink_to(real)
    assert add_key(tmp_path / "key") == 2
    assert (tmp_path / "key").is_symlink()
    assert len(keyring(real).keys) == 2


@pytest.mark.skipif(os.geteuid() != 0, reason="needs: root, to give a file away")
def test_a_key_that_root_renews_still_belongs_to_whom_it_belonged(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_bytes(b"k" * 64 + b"\r\n")
    os.chown(path, 4321, 4322)
    add_key(path)
    owner = path.stat()
    assert (owner.st_uid, owner.st_gid, stat.S_IMODE(owner.st_mode)) == (4321, 4322, 0o600)


def test_a_key_of_somebody_else_is_not_taken_from_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "key"
    path.write_bytes(b"k" * 64 + b"\n")
    other = os.stat_result((0o100600, 1, 1, 1, os.geteuid() + 1, 1, 65, 0, 0, 0))

    def refused(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "fchown", refused)
    monkeypatch.setattr(os, "fstat", lambda _file: other)
    with pytest.raises(ConfigError, match="another user"):
        add_key(path)
    assert [each.name for each in tmp_path.iterdir()] == ["key"]

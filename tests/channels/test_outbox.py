"""The outbox writes what would have been sent, once, where a mail program and a person can open it."""

from __future__ import annotations

import json
import mailbox
import os
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from syndicate.channels.outbox import OutboxMail, OutboxStatuses
from syndicate.compose.model import StatusContent
from syndicate.delivery.model import DeliveryKey, Letter, OutgoingStatus, Sent
from syndicate.errors import ChannelError
from syndicate.reviews.model import Image

CONTENT = (
    b"From: The Lantern <news@lantern.example>\r\nSubject: =?utf-8?q?Caf=C3=A9?=\r\n\r\n.dots stay as they are\r\n"
)


class NoPictures:
    """A cache that holds nothing."""

    def path_for(self, url: str) -> Path | None:
        return None


def letter(key: int, message_id: str = "", content: bytes = CONTENT) -> Letter:
    return Letter(
        key=DeliveryKey(key),
        message_id=message_id or f"<{key}@lantern.example>",
        sender="bounce@lantern.example",
        recipient="reader@example.org",
        content=content,
    )


def status(key: int, text: str = "A film\n\nhttps://lantern.example/a.html", **fields: str) -> OutgoingStatus:
    image = Image(url="https://images.lantern.example/a.jpg", alt="A ferry at dusk")
    content = StatusContent(
        text=text,
        spoiler=fields.get("spoiler", ""),
        language="en",
        visibility="public",
        link="https://lantern.example/a.html",
        image=image,
    )
    return OutgoingStatus(key=DeliveryKey(key), content=content, idempotency_key=f"idem-{key}", first_tried=None)


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_a_letter_is_a_file_of_a_real_maildir_byte_for_byte(tmp_path: Path) -> None:
    ((key, outcome),) = OutboxMail(tmp_path).send([letter(12)])
    (path,) = (tmp_path / "mail" / "new").iterdir()
    assert key == 12
    assert isinstance(outcome, Sent)
    assert str(path) in outcome.reply
    assert path.suffix == ".eml"
    assert path.read_bytes() == CONTENT
    (message,) = mailbox.Maildir(tmp_path / "mail", create=False)
    assert message_from_bytes(bytes(message), policy=policy.default)["Subject"] == "Café"


def test_the_same_letter_sent_twice_is_one_file(tmp_path: Path) -> None:
    for _ in range(2):
        list(OutboxMail(tmp_path).send([letter(1), letter(2)]))
    assert len(files(tmp_path)) == 2


def test_a_letter_that_a_mail_program_has_read_is_not_written_again(tmp_path: Path) -> None:
    channel = OutboxMail(tmp_path)
    list(channel.send([letter(1)]))
    (path,) = (tmp_path / "mail" / "new").iterdir()
    path.rename(tmp_path / "mail" / "cur" / f"{path.name}:2,S")
    ((_, outcome),) = channel.send([letter(1)])
    assert isinstance(outcome, Sent)
    assert len(files(tmp_path)) == 1


def test_letters_of_two_databases_do_not_overwrite_each_other(tmp_path: Path) -> None:
    """A new database counts its deliveries from 1 again; the Message-ID tells them apart."""
    list(OutboxMail(tmp_path).send([letter(1, "<one@lantern.example>"), letter(1, "<two@lantern.example>")]))
    assert len(files(tmp_path)) == 2


def test_a_status_is_json_under_mastodons_names_and_a_page_that_shows_it(tmp_path: Path) -> None:
    ((_, outcome),) = OutboxStatuses("main", tmp_path, NoPictures()).send([status(7, spoiler="horror")])
    assert files(tmp_path) == ["statuses/main/000007.html", "statuses/main/000007.json"]
    fields = json.loads((tmp_path / "statuses/main/000007.json").read_bytes())
    assert fields["status"] == "A film\n\nhttps://lantern.example/a.html"
    assert (fields["spoiler_text"], fields["visibility"], fields["language"]) == ("horror", "public", "en")
    assert fields["media"] == [{"url": "https://images.lantern.example/a.jpg", "description": "A ferry at dusk"}]
    assert isinstance(outcome, Sent)
    assert outcome.remote_id == "7"
    assert outcome.remote_url == (tmp_path / "statuses/main/000007.html").as_uri()


def test_the_same_status_sent_twice_is_one_status(tmp_path: Path) -> None:
    channel = OutboxStatuses("main", tmp_path, NoPictures())
    list(channel.send([status(7), status(7)]))
    assert len(files(tmp_path)) == 2


def test_an_account_name_stays_one_folder_inside_the_outbox(tmp_path: Path) -> None:
    list(OutboxStatuses("../up/and away", tmp_path / "out", NoPictures()).send([status(1)]))
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert len([path for path in (tmp_path / "out" / "statuses").iterdir() if path.is_dir()]) == 1


@pytest.mark.parametrize("make", ["mail", "statuses"])
def test_a_folder_that_cannot_be_written_stops_the_channel_and_says_what_to_do(tmp_path: Path, make: str) -> None:
    (tmp_path / "out").write_text("a file where the folder should be")
    mail, statuses = OutboxMail(tmp_path / "out"), OutboxStatuses("main", tmp_path / "out", NoPictures())
    with pytest.raises(ChannelError, match="cannot be written") as caught:
        list(mail.send([letter(1)]) if make == "mail" else statuses.send([status(1)]))
    assert str(tmp_path / "out") in str(caught.value)
    assert caught.value.hint


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_leaves_no_half_letter_behind(tmp_path: Path) -> None:
    channel = OutboxMail(tmp_path)
    list(channel.send([letter(1)]))
    name = next((tmp_path / "mail" / "new").iterdir()).name.replace("00000001", "00000002")
    probe = letter(2, "<1@lantern.example>")
    (tmp_path / "mail" / "tmp" / f"{name}.{os.getpid()}.tmp").symlink_to("/dev/full")
    with pytest.raises(ChannelError, match="No space left"):
        list(channel.send([probe]))
    assert len(files(tmp_path)) == 1
    assert list((tmp_path / "mail" / "tmp").iterdir()) == []

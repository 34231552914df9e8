"""What every return mailbox does: a Maildir here, and a real Dovecot that can do much or little."""

from __future__ import annotations

import pytest

from syndicate.mailbox.model import ASIDE, DONE, HEAD_BYTES
from tests.mailbox.conftest import Place

FIRST, SECOND = b"Subject: first\r\n\r\nThe tide is out.\r\n", b"Subject: second\r\n\r\nThe tide is in.\r\n"


def as_read(content: bytes) -> bytes:
    """Return a message without regard to its line ends: a server may turn them into CRLF."""
    return content.replace(b"\r\n", b"\n")


def test_an_empty_mailbox_has_no_messages_and_nothing_aside(place: Place) -> None:
    with place.open() as mailbox:
        assert list(mailbox.messages()) == []
        assert mailbox.aside() == 0


def test_messages_come_whole_and_in_their_order(place: Place) -> None:
    place.put(FIRST)
    place.put(SECOND)
    with place.open() as mailbox:
        found = list(mailbox.messages())
    assert [as_read(each.head) for each in found] == [as_read(FIRST), as_read(SECOND)]
    assert all(each.size == len(each.head) for each in found)


def test_looking_moves_nothing_and_leaves_it_unread(place: Place) -> None:
    place.put(FIRST)
    for _ in range(2):
        with place.open() as mailbox:
            assert [as_read(each.head) for each in mailbox.messages()] == [as_read(FIRST)]
    assert not any("S" in path.name.partition(":2,")[2] for path in (place.maildir / "cur").iterdir())


def test_what_is_settled_is_out_of_the_way_and_kept(place: Place) -> None:
    place.put(FIRST)
    place.put(SECOND)
    with place.open() as mailbox:
        for each in mailbox.messages():
            mailbox.settle(each.id, aside=b"second" in each.head)
        assert mailbox.aside() == 1
        assert list(mailbox.messages()) == []
    assert place.left() == []
    assert [as_read(each) for each in place.held(DONE)] == [as_read(FIRST)]
    assert [as_read(each) for each in place.held(ASIDE)] == [as_read(SECOND)]


def test_what_is_settled_stays_settled_when_opened_anew(place: Place) -> None:
    place.put(FIRST)
    for _ in range(2):
        with place.open() as mailbox:
            for each in mailbox.messages():
                mailbox.settle(each.id, aside=True)
            assert mailbox.aside() == 1
    place.put(SECOND)
    with place.open() as mailbox:
        assert [as_read(each.head) for each in mailbox.messages()] == [as_read(SECOND)]


def test_what_another_reader_moved_first_is_no_error(place: Place) -> None:
    place.put(FIRST)
    with place.open() as mailbox, place.open() as other:
        (mine,), (theirs,) = mailbox.messages(), other.messages()
        other.settle(theirs.id, aside=False)
        mailbox.settle(mine.id, aside=False)
        assert mailbox.aside() == 0
    assert place.left() == []


def test_of_ten_megabytes_only_the_head_is_read(place: Place) -> None:
    place.put(b"Subject: large\n\n" + b"x" * 78 + b"\n" * 10 + b"yyyyyyyyy\n" * 1_000_000)
    with place.open() as mailbox:
        (message,) = mailbox.messages()
        mailbox.settle(message.id, aside=True)
    assert len(message.head) == HEAD_BYTES
    assert message.size > 10_000_000


@pytest.mark.parametrize("content", [b"", b"\0\xff\r\r\n\n)", b"* BYE\r\nA1 OK\r\n"], ids=["empty", "bytes", "IMAP"])
def test_a_message_of_any_bytes_is_given_out_and_settled(place: Place, content: bytes) -> None:
    place.put(content)
    place.put(FIRST)
    with place.open() as mailbox:
        found = list(mailbox.messages())
        for each in found:
            mailbox.settle(each.id, aside=True)
    assert [as_read(each.head) for each in found][-1] == as_read(FIRST)
    assert place.left() == []


def test_many_messages_are_all_read(place: Place) -> None:
    contents = [b"Subject: %d\n\nAgain.\n" % number for number in range(30)]
    for content in contents:
        place.put(content)
    with place.open() as mailbox:
        found = []
        for each in mailbox.messages():
            found.append(as_read(each.head))
            mailbox.settle(each.id, aside=False)
    assert found == contents
    assert len(place.held(DONE)) == 30

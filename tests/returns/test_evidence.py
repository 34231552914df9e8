"""For whom a message is evidence: the tokens that it carries, and no others."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from syndicate.audience.tokens import Purpose, proves, proves_verp, read_verp_token, read_web_token
from syndicate.returns.read import read_returned
from tests.returns.letters import (
    KEYS,
    MESSAGE_ID,
    ORIGINAL,
    READER,
    RETURN_PATH,
    TOKEN,
    VERP,
    complaint,
    failed,
    from_daemon,
    from_person,
    mail,
    report,
)

NO_ORIGINAL = report(failed(), original=None, to="news@lantern.example")


def test_a_report_names_the_letter_in_every_way_it_can() -> None:
    returned = read_returned(report(failed()))
    assert (returned.verp_tokens, returned.web_tokens, returned.message_ids) == ((VERP,), (TOKEN,), (MESSAGE_ID,))
    verp = read_verp_token(returned.verp_tokens[0])
    web = read_web_token(Purpose.READER, returned.web_tokens[0])
    assert verp
    assert web
    assert proves_verp(KEYS, verp, READER)
    assert proves(KEYS, web, READER)


@pytest.mark.parametrize(
    "header",
    [
        f"Delivered-To: {RETURN_PATH}",
        f"X-Original-To: {RETURN_PATH.upper()}",
        f"Envelope-To: <{RETURN_PATH}>",
        f"Original-Recipient: rfc822;{RETURN_PATH}",
        f"Received: from mx.example by mail.example\n for <{RETURN_PATH}>; Fri, 6 Nov 2026 08:00:00 +0000",
        f"Delivered-To: prvs=12345abcde={RETURN_PATH}",
        f"Delivered-To: SRS0=abcd=ef=lantern.example=bounces+{VERP}@forward.example",
    ],
    ids=["delivered", "in capitals", "envelope", "original", "received", "batv", "srs"],
)
def test_the_return_path_is_found_where_servers_write_it_down(header: str) -> None:
    assert VERP in read_returned(header.encode() + b"\n" + NO_ORIGINAL).verp_tokens


def test_the_return_path_is_found_in_what_a_complaint_tells() -> None:
    content = complaint(f"Feedback-Type: abuse\nOriginal-Mail-From: <{RETURN_PATH}>", original="Subject: nothing\n\n")
    assert read_returned(content.replace(b"To: bounces+", b"X: ")).verp_tokens == (VERP,)


def test_an_address_that_only_looks_long_is_no_token() -> None:
    assert (
        read_returned(NO_ORIGINAL.replace(b"news@", b"averylongnamethatisnotatokenatallbuttoolong@")).verp_tokens == ()
    )
    assert read_returned(NO_ORIGINAL).verp_tokens == ()


def test_an_original_in_the_text_of_a_bounce_names_the_letter() -> None:
    text = f"Hi. This is the qmail-send program.\n\n<{READER}>:\nno such user\n\n"
    text += "--- Below this line is a copy of the message.\n\n"
    returned = read_returned(from_daemon(text + ORIGINAL))
    assert (returned.verp_tokens, returned.web_tokens, returned.message_ids) == ((VERP,), (TOKEN,), (MESSAGE_ID,))


@pytest.mark.parametrize(
    "way",
    [
        f"List-Unsubscribe: <https://lantern.example/leave/{TOKEN}>",
        f"List-Unsubscribe: <mailto:leave@lantern.example?subject=unsubscribe%20{TOKEN}>",
        f"List-Unsubscribe: <mailto:leave@lantern.example?subject=unsubscribe {TOKEN.replace('+', '%2B')}>",
        f"List-Unsubscribe:\n <https://lantern.example/leave/{TOKEN[:40]}\n {TOKEN[40:]}>",
        f"List-Unsubscribe: =?utf-8?q?=3Chttps=3A//lantern=2Eexample/leave/{TOKEN.replace('_', '=5F')}=3E?=",
    ],
    ids=["page", "mail", "mail, escaped", "folded", "encoded by a relay"],
)
def test_the_way_out_of_the_original_names_the_reader(way: str) -> None:
    assert read_returned(report(failed(), original=f"{way}\nSubject: x\n\n")).web_tokens == (TOKEN,)


@pytest.mark.parametrize(
    "subject",
    [
        f"unsubscribe {TOKEN}",
        f"Re: unsubscribe {TOKEN}",
        f"unsubscribe:{TOKEN}",
        f"UNSUBSCRIBE  {TOKEN} ",
        f"unsubscribe {TOKEN.replace('+', ' ')}",
        f"unsubscribe\n {TOKEN[:30]}\n {TOKEN[30:]}",
        f"=?utf-8?q?unsubscribe_{TOKEN.replace('_', '=5F')}?=",
        f"unsubscribe%20{quote(TOKEN)}",
        f"unsubscribe {quote(TOKEN)}",
    ],
    ids=["plain", "answer", "colon", "capitals", "blanks", "folded", "encoded", "as the link has it", "half of it"],
)
def test_the_token_of_a_goodbye_is_read(subject: str) -> None:
    assert TOKEN in read_returned(from_person("", subject=subject)).web_tokens


@pytest.mark.parametrize(
    "subject", ["unsubscribe", f"unsubscribe {TOKEN[:-1]}", f"unsubscribe {TOKEN}x", "unsubscribe a.b.c"]
)
def test_a_goodbye_with_a_broken_token_proves_nothing(subject: str) -> None:
    assert read_returned(from_person("", subject=subject)).web_tokens == ()


def test_a_letter_that_a_person_attaches_proves_nothing() -> None:
    content = mail(
        f'From: {READER}\nSubject: Look\nContent-Type: multipart/mixed; boundary="b"',
        f"--b\n\nhello\n--b\nContent-Type: message/rfc822\n\n{ORIGINAL}\n--b--\n",
        to="news@lantern.example",
    )
    returned = read_returned(content)
    assert (returned.kind, returned.verp_tokens, returned.web_tokens) == ("other", (), ())


def test_an_answer_names_what_it_answers() -> None:
    returned = read_returned(
        from_person("Lovely.\n", more=f"In-Reply-To: {MESSAGE_ID}\nReferences: <a@b> {MESSAGE_ID}")
    )
    assert returned.message_ids == (MESSAGE_ID, "<a@b>")


def test_the_servers_words_are_one_line() -> None:
    returned = read_returned(report(failed(diagnostic="smtp; 550-5.1.1 no\n 550 5.1.1 such user")))
    assert returned.diagnostic == "550-5.1.1 no 550 5.1.1 such user"

"""One reader's letter: what a mail program reads out of the bytes, for any reader that can be."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import default
from typing import cast

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from syndicate.channels.smtp.texts import stuffed
from syndicate.compose.cards import clean
from syndicate.compose.headers import encode_phrase
from syndicate.compose.letter import (
    TOKEN,
    Envelope,
    Slots,
    compile_letter,
    fill,
    message_id,
    way_out_mark,
)
from syndicate.compose.model import RenderedEmail
from syndicate.errors import AudienceError, TemplateError
from tests.compose.letters import FRIDAY, LEAD, issue_of, rendered

RENDERED = rendered()
ENVELOPE = Envelope(
    sender="The Lantern <news@lantern.example>",
    list_id="friday.news.lantern.example",
    list_name="The Friday Reel",
    reply_to="editor@lantern.example",
    ways_out=(f"https://news.lantern.example/u/{TOKEN}", f"mailto:leave@lantern.example?subject=unsubscribe%20{TOKEN}"),
)
COMPILED = compile_letter(RENDERED, ENVELOPE)
READER = Slots(
    address="ada@reader.example", name="Ada Quill", message_id="<m1@lantern.example>", date=FRIDAY, token="q3x.7+k"
)
WEB, MAIL = "https://news.lantern.example/u/q3x.7+k", "mailto:leave@lantern.example?subject=unsubscribe%20q3x.7%2Bk"
"""Ada's ways out."""


def read(content: bytes) -> EmailMessage:
    """Return the message as Python's own parser reads it."""
    return message_from_bytes(content, policy=default)


def part(message: EmailMessage, kind: str) -> str:
    found = message.get_body((kind,))
    assert found is not None
    return cast(str, found.get_content()).replace("\r\n", "\n")


def display_name(content: bytes) -> str:
    """Return the reader's name as RFC 2047 reads it. (Python's address parser puts blanks between encoded words.)"""
    raw = str(message_from_bytes(content)["To"]).replace("\r\n", "").rpartition("<")[0].strip()
    if raw.startswith('"'):
        return re.sub(r"\\(.)", r"\1", raw[1:-1])
    return str(make_header(decode_header(raw)))


def test_a_letter_reads_back_as_it_was_meant() -> None:
    message = read(COMPILED.address(READER))
    assert message["From"] == "The Lantern <news@lantern.example>"
    assert message["To"] == "Ada Quill <ada@reader.example>"
    assert message["Reply-To"] == "editor@lantern.example"
    assert message["Subject"] == RENDERED.subject
    assert message["Date"].datetime == FRIDAY
    assert message["Message-ID"] == "<m1@lantern.example>"
    assert message["MIME-Version"] == "1.0"
    assert message["List-Id"] == "The Friday Reel <friday.news.lantern.example>"
    assert message["List-Unsubscribe"] == f"<{WEB}>, <{MAIL}>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_content_type() == "multipart/alternative"
    assert [inner.get_content_type() for inner in message.iter_parts()] == ["text/plain", "text/html"]
    assert message.defects == []


def test_what_is_previewed_is_what_is_sent() -> None:
    shown, message = fill(RENDERED, (WEB, MAIL)), read(COMPILED.address(READER))
    assert part(message, "html") == shown.html
    assert part(message, "plain") == shown.text


def test_a_preview_without_a_reader_shows_an_address_that_leads_nowhere() -> None:
    assert "https://example.invalid/unsubscribe/example" in fill(RENDERED).text


def test_every_header_stands_once() -> None:
    names = [name.lower() for name in read(COMPILED.address(READER))]
    assert len(names) == len(set(names))


def test_a_posting_address_gets_no_list_headers_and_no_way_out() -> None:
    posting = compile_letter(RENDERED, replace(ENVELOPE, posting=True, ways_out=()))
    message = read(posting.address(READER._replace(token="")))
    assert [name for name in message if name.startswith("List-") or name == "Precedence"] == []
    shown = fill(RENDERED, posting=True)
    assert (part(message, "html"), part(message, "plain")) == (shown.html, shown.text)
    assert WEB not in shown.html


def test_one_click_is_offered_only_where_a_web_way_out_exists() -> None:
    body = f"{way_out_mark(0)}\n"
    mail_only = replace(ENVELOPE, ways_out=ENVELOPE.ways_out[1:])
    head = compile_letter(RenderedEmail(subject="S", preheader="", html=body, text=body), mail_only).address(READER)
    assert b"List-Unsubscribe: <mailto:" in head
    assert b"List-Unsubscribe-Post" not in head


@pytest.mark.parametrize("length", [40, 75, 76, 78, 104, 105, 106, 200, 850])
def test_the_unsubscribe_header_is_raw_whatever_the_length_of_its_url(length: int) -> None:
    token = "t" * (length - len(WEB) + len(READER.token))
    url, mail = WEB.replace(READER.token, token), f"mailto:leave@lantern.example?subject=unsubscribe%20{token}"
    content = COMPILED.address(READER._replace(token=token))
    assert f"List-Unsubscribe: <{url}>,\r\n <{mail}>\r\n".encode() in content
    assert part(read(content), "html") == fill(RENDERED, (url, mail)).html
    check_bytes(content)


def test_25_full_reviews_arrive_whole_in_gmail() -> None:
    """It cuts at 102 kB; the encoded part is what it may count."""
    reviews = [replace(LEAD, id=number, link=f"{LEAD.link}?{number}") for number in range(25)]
    content = compile_letter(rendered(issue_of(*reviews)), ENVELOPE).address(READER)
    assert len(content) - content.index(b"Content-Type: text/html") < 100_000


def test_two_readers_letters_differ_in_their_slots_alone() -> None:
    other = Slots(
        address="bob@elsewhere.example",
        name="Bob",
        message_id="<m2@lantern.example>",
        date=datetime(2026, 11, 21, 8, tzinfo=UTC),
        token="other",
    )

    def without_slots(slots: Slots) -> bytes:
        content = COMPILED.address(slots).replace(b"=\r\n", b"")
        for value in (
            slots.address,
            slots.name + " ",
            slots.message_id,
            slots.token.replace("+", "%2B"),
            slots.token,
        ):
            content = content.replace(value.encode(), b"@")
        return re.sub(rb"Date: .*", b"", content)

    one, two = without_slots(READER), without_slots(other)
    assert one.replace(b"<@>", b"@") == two.replace(b"<@>", b"@")


def printable(text: str) -> str:
    return " ".join("".join(char for char in text if char.isprintable()).split())


LOCAL = st.from_regex(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,20}(\.[A-Za-z0-9_-]{1,20}){0,2}", fullmatch=True)
DOMAIN = st.from_regex(r"[a-z0-9]{1,15}(-[a-z0-9]{1,10})?\.(example|test)", fullmatch=True)
TOKENS = st.from_regex(r"[A-Za-z0-9_-][A-Za-z0-9._+-]{0,250}", fullmatch=True)
SLOTS = st.builds(
    Slots,
    address=st.builds("{}@{}".format, LOCAL, DOMAIN),
    name=st.text(st.characters(exclude_categories=["Cs"]), max_size=60),
    message_id=st.builds(lambda key: message_id(b"secret", "weekly/34", key, "lantern.example"), st.text(max_size=10)),
    date=st.integers(0, 2**32).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
    token=TOKENS,
)


@settings(max_examples=150, deadline=None)
@given(SLOTS)
@example(READER._replace(name="=?utf-8?q?x?="))
@example(READER._replace(name='Quill, "Ada" \\ (Dr.) <x@y>'))
@example(READER._replace(name="Ада Перо " * 8))
def test_every_readers_letter_parses_back(slots: Slots) -> None:
    content = COMPILED.address(slots)
    message = read(content)
    (to,) = message["To"].addresses
    assert to.addr_spec == slots.address
    assert display_name(content) == printable(slots.name)[:120]
    assert message["Subject"] == RENDERED.subject
    assert message["Date"].datetime == slots.date
    assert message["Message-ID"] == slots.message_id
    shown = fill(RENDERED, ways_out(ENVELOPE, slots))
    assert (part(message, "html"), part(message, "plain")) == (shown.html, shown.text)
    check_bytes(content)


def ways_out(envelope: Envelope, slots: Slots) -> tuple[str, ...]:
    """Return a reader's own ways out."""
    in_mailto = slots.token.replace("+", "%2B")
    return tuple(way.replace(TOKEN, in_mailto if way[:7] == "mailto:" else slots.token) for way in envelope.ways_out)


def check_bytes(content: bytes) -> None:
    """Hold the content to RFC 5322 (ASCII, CRLF alone, short lines), and to what `Letter.is_settled` says of it."""
    content.decode("ascii")
    assert content.endswith(b"\r\n")
    assert stuffed(content) == content
    assert content.count(b"\r") == content.count(b"\n") == content.count(b"\r\n")
    head, body = content.split(b"\r\n\r\n", 1)
    assert max(map(len, head.split(b"\r\n"))) <= 998
    assert max(map(len, body.split(b"\r\n"))) <= 76
    unfolded = head.replace(b"\r\n ", b" ")
    assert all(re.match(rb"[A-Za-z-]+: ", line) for line in unfolded.split(b"\r\n"))


BODIES = st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n\t"), max_size=300)


@settings(max_examples=150, deadline=None)
@given(subject=st.text(max_size=150).map(clean).filter(bool), before=BODIES, after=BODIES)
@example(subject="a" * 70 + " é", before="", after="")
@example(subject="a line that is full", before="000" + "\xa0" * 4 + "\U00010000" * 4 + "0", after="")
@example(subject="a slot after a line's end", before="x\n", after="\n")
@example(subject="مراجعة " * 20, before=".\n..\n", after=".")
@example(subject="x =?utf-8?b?YQ==?= y", before="From me\n \n", after="\t")
def test_any_subject_and_body_arrive(subject: str, before: str, after: str) -> None:
    body = f"{before}{way_out_mark(0)}{after}\n"
    envelope = replace(ENVELOPE, ways_out=(f"https://news.lantern.example/{TOKEN}?a=1&b=2",))
    email = RenderedEmail(subject=subject.strip(), preheader="", html=body, text=body)
    content = compile_letter(email, envelope).address(READER)
    message = read(content)
    assert message["Subject"] == subject.strip()
    assert part(message, "plain") == f"{before}https://news.lantern.example/q3x.7+k?a=1&b=2{after}\n"
    assert part(message, "html") == f"{before}https://news.lantern.example/q3x.7+k?a=1&amp;b=2{after}\n"
    check_bytes(content)


@pytest.mark.parametrize(
    "slots",
    [
        pytest.param(READER._replace(address="a@b.example\r\nBcc: c@d.example"), id="line break in the address"),
        pytest.param(READER._replace(address="a b@c.example"), id="blank in the address"),
        pytest.param(READER._replace(address="é@c.example"), id="local part that needs SMTPUTF8"),
        pytest.param(READER._replace(address="a@" + "é" * 80 + ".example"), id="domain without an ASCII form"),
        pytest.param(READER._replace(address="nobody"), id="no address"),
        pytest.param(READER._replace(message_id="<a@b>\r\nX: y"), id="line break in the Message-ID"),
        pytest.param(READER._replace(token="a\r\nX: y"), id="line break in the token"),
        pytest.param(READER._replace(token="a>,<x"), id="bracket in the token"),
        pytest.param(READER._replace(token=".a"), id="token that begins with a dot"),
        pytest.param(READER._replace(token="a" * 900), id="token that makes a line too long"),
        pytest.param(READER._replace(token=""), id="no token where the ways out have one"),
        pytest.param(READER._replace(address="a@b\0.example"), id="NUL in the address"),
        pytest.param(READER._replace(address="a@b＜.example"), id="domain that is another in ASCII"),
    ],
)
def test_a_slot_that_could_break_the_letter_is_refused(slots: Slots) -> None:
    with pytest.raises(AudienceError):
        COMPILED.address(slots)


@pytest.mark.parametrize(
    "ways",
    [
        pytest.param((ENVELOPE.ways_out[0] + "\r\nX: y", ENVELOPE.ways_out[1]), id="line break in a way out"),
        pytest.param((ENVELOPE.ways_out[0] + ">,<x", ENVELOPE.ways_out[1]), id="bracket in a way out"),
        pytest.param((f"http://plain.example/{TOKEN}", ENVELOPE.ways_out[1]), id="way out in the clear"),
        pytest.param((f"https://l.example/{'x' * 900}", ENVELOPE.ways_out[1]), id="way out longer than a line"),
        pytest.param((f"https://l.example/{TOKEN}/{TOKEN}", ENVELOPE.ways_out[1]), id="two tokens in a way out"),
        pytest.param(ENVELOPE.ways_out[:1], id="a way out missing"),
        pytest.param((*ENVELOPE.ways_out, "https://l.example/more"), id="a way out that is not shown"),
    ],
)
def test_a_letter_with_a_way_out_that_cannot_be_is_not_compiled(ways: tuple[str, ...]) -> None:
    with pytest.raises(TemplateError):
        compile_letter(RENDERED, replace(ENVELOPE, ways_out=ways))


def test_a_letter_that_a_relay_could_misread_is_not_compiled() -> None:
    with pytest.raises(TemplateError, match="where no letter of ours may have it"):
        compile_letter(RENDERED, replace(ENVELOPE, list_id="x\r\n.\r\n"))


def test_ways_out_that_are_the_same_for_all_need_no_token() -> None:
    body = f"{way_out_mark(0)}\n"
    email = RenderedEmail(subject="S", preheader="", html=body, text=body)
    compiled = compile_letter(email, replace(ENVELOPE, ways_out=("mailto:leave@lantern.example",)))
    assert not compiled.needs_token
    assert part(read(compiled.address(READER._replace(token=""))), "plain") == "mailto:leave@lantern.example\n"


def test_a_foreign_domain_goes_out_in_its_ascii_form() -> None:
    assert b"To: Ada Quill <ada@xn--bcher-kva.example>\r\n" in COMPILED.address(
        READER._replace(address="ada@bücher.example")
    )


def test_a_sender_with_a_foreign_name_is_encoded() -> None:
    compiled = compile_letter(RENDERED, replace(ENVELOPE, sender="Die Flügel, Köln <n@l.example>"))
    assert read(compiled.address(READER))["From"].addresses[0].display_name == "Die Flügel, Köln"


def test_an_encoded_word_never_cuts_a_character_nor_passes_75() -> None:
    encoded = encode_phrase("🎬й" * 40)
    assert all(len(word) <= 75 for word in encoded.split("\r\n "))


def test_a_message_id_is_the_readers_own_and_always_the_same() -> None:
    one = message_id(b"secret", "weekly/34", "7", "lantern.example")
    assert one == message_id(b"secret", "weekly/34", "7", "lantern.example")
    assert re.fullmatch(r"<[a-z2-7]{26}@lantern\.example>", one)
    others = {
        message_id(b"other", "weekly/34", "7", "lantern.example"),
        message_id(b"secret", "weekly/35", "7", "lantern.example"),
        message_id(b"secret", "weekly/34", "8", "lantern.example"),
        message_id(b"secret", "weekly/3", "47", "lantern.example"),
    }
    assert len(others - {one}) == 4

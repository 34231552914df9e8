"""What must be refused, what must be read all the same, and what must never take long."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syndicate.errors import FeedError
from syndicate.feeds.model import Feed
from syndicate.feeds.parse import parse_feed
from tests.feeds.golden import DOCUMENTS

URL = "https://blog.example/feeds/posts/default"
ITEM = "<item><title>Review: Salt</title><guid>https://blog.example/1</guid>{}</item>"


def rss(inside: str, before: str = "<?xml version='1.0'?>") -> str:
    return f"{before}<rss version='2.0'><channel><title>t</title>{inside}</channel></rss>"


def parse(document: str | bytes, content_type: str | None = None, url: str = URL) -> Feed:
    body = document.encode() if isinstance(document, str) else document
    return parse_feed(body, url=url, content_type=content_type)


LAUGHS = (
    "<?xml version='1.0'?><!DOCTYPE lolz [<!ENTITY l0 'ha'>"
    + "".join(f"<!ENTITY l{n + 1} '{f'&l{n};' * 10}'>" for n in range(9))
    + "]><rss version='2.0'><channel><title>&l9;</title></channel></rss>"
)
FILE = (
    "<?xml version='1.0'?><!DOCTYPE rss [<!ENTITY f SYSTEM 'file:///etc/hostname'>]>"
    "<rss version='2.0'><channel><title>&f;</title></channel></rss>"
)
HIDDEN = "<!DOCTYPE r [<!-- <a> --><!ENTITY e 'x'>]><rss version='2.0'><channel><title>&e;</title></channel></rss>"
DISGUISED = "<!DOCTYPE r [<!ATTLIST a b CDATA ']>'><!ENTITY e 'x'>]><rss version='2.0'><channel/></rss>"
FAULTY = "<!-- a -- b --><!DOCTYPE r [<!ENTITY e 'x'>]><rss version='2.0'><channel><title>&e;</title></channel></rss>"
PARAMETER = "<!DOCTYPE r [<!ENTITY % p SYSTEM 'http://127.0.0.1/x.dtd'>%p;]><rss version='2.0'><channel/></rss>"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize(
    "document",
    [
        pytest.param(LAUGHS, id="billion laughs"),
        pytest.param(FILE, id="a file as an entity"),
        pytest.param(HIDDEN, id="behind a comment that looks like the root"),
        pytest.param(DISGUISED, id="behind an attribute that looks like the end"),
        pytest.param(FAULTY, id="behind a fault that stops a strict parser"),
        pytest.param(PARAMETER, id="a parameter entity"),
    ],
)
def test_entities_of_a_documents_own_are_refused_in_every_encoding(document: str, encoding: str) -> None:
    with pytest.raises(FeedError, match="entities"):
        parse(document.encode(encoding))


def test_an_encoding_named_after_the_dtd_was_hidden_in_it_is_not_followed() -> None:
    hidden = FILE.replace("<?xml version='1.0'?>", "<?xml version='1.0' encoding='utf-7'?>").encode("utf-7")
    with pytest.raises(FeedError):
        parse(hidden, "text/xml; charset=utf-7")


def test_an_old_feed_with_a_public_doctype_is_read() -> None:
    doctype = '<!DOCTYPE rss PUBLIC "-//Netscape//DTD RSS 0.91//EN" "http://my.netscape.example/rss-0.91.dtd">'
    assert len(parse(rss(ITEM.format(""), doctype)).entries) == 1


def test_words_about_entities_in_a_post_are_no_attack() -> None:
    post = ITEM.format("<description><![CDATA[<p>&lt;!ENTITY is a word, <!ENTITY too</p>]]></description>")
    assert "ENTITY too" in parse(rss(post)).entries[0].content


@pytest.mark.parametrize(
    ("document", "said"),
    [
        pytest.param("", "empty", id="nothing"),
        pytest.param(" \n\t \ufeff", "empty", id="blanks"),
        pytest.param("<!DOCTYPE html><html><head></head><body>Hi</body></html>", "web page", id="HTML"),
        pytest.param("<html xmlns='http://www.w3.org/1999/xhtml'/>", "web page", id="XHTML"),
        pytest.param("<!-- x --><HTML><body><p>unclosed", "web page", id="HTML behind a comment"),
        pytest.param("<?xml version='1.0'?><urlset><url/></urlset>", "<urlset>", id="a sitemap"),
        pytest.param("<?xml version='1.0'?><opml><body/></opml>", "<opml>", id="OPML"),
        pytest.param("Service unavailable", "no feed", id="words"),
        pytest.param("\0\1\2\3", "no feed", id="bytes"),
        pytest.param("{}", "no items", id="JSON"),
        pytest.param('{"items": "many"}', "no items", id="JSON whose items are none"),
        pytest.param('{"items": [', "truncated", id="half a JSON feed"),
        pytest.param('{"items":' + "[" * 100_000, "truncated", id="JSON without a bottom"),
        pytest.param(rss(ITEM.format(""))[:-20], "truncated", id="the root never closes"),
        pytest.param(rss(ITEM.format("<description>half a"))[:110], "truncated", id="half an entry"),
        pytest.param(rss(ITEM.format("<description><![CDATA[ </rss>")), "truncated", id="an open CDATA section"),
        pytest.param(
            rss(ITEM.format("<description><![CDATA[</rss>]]></description>") + ITEM)[:-30],
            "truncated",
            id="cut off after a post that holds the end",
        ),
        pytest.param("<?xml version='1.0'?><rss version='2.0'><channel>", "truncated", id="nothing but a head"),
        pytest.param("<?xml version='1.0'?", "no feed", id="half a declaration"),
        pytest.param(rss(ITEM.format("<div>" * 100_000 + "</div>" * 100_000)), "nests", id="100,000 div"),
        pytest.param(rss(ITEM.format("<category>x</category>" * 501)), "labels", id="501 labels of a post"),
        pytest.param(
            rss("<item " + " ".join(f"a{n}='x'" for n in range(201)) + "/>"), "attributes", id="201 attributes"
        ),
        pytest.param(rss("&" + "<category/>" * 5_001), "too broken", id="ill-formed, with 5,001 labels"),
        pytest.param(rss("&" + "x" * 3_000_000), "too broken", id="ill-formed, with 3 MB"),
    ],
)
def test_what_is_no_sound_feed_is_refused_in_words(document: str, said: str) -> None:
    with pytest.raises(FeedError, match=said) as raised:
        parse(document)
    assert raised.value.where == URL
    assert raised.value.hint


def test_a_web_page_that_names_its_feed_is_refused_with_that_address() -> None:
    page = "<html><head><link rel='alternate' type='application/atom+xml' href='/feeds/posts/default'></head></html>"
    with pytest.raises(FeedError, match=r"its feed is at https://blog\.example/feeds/posts/default"):
        parse(page, url="https://blog.example/")


COMMENT = (
    "<entry><id>c{0}</id><title>Re</title><link href='https://blog.example/1.html?showComment={0}#c{0}'/>"
    "<thr:in-reply-to ref='tag:1' href='https://blog.example/1.html'/></entry>"
)


@pytest.mark.parametrize(
    ("document", "url", "feed"),
    [
        pytest.param(
            "<feed xmlns='http://www.w3.org/2005/Atom' xmlns:thr='http://purl.org/syndication/thread/1.0'>"
            + COMMENT.format(1)
            + COMMENT.format(2)
            + "</feed>",
            "https://blog.example/feeds/comments/default",
            "https://blog.example/feeds/posts/default",
            id="Blogger, all comments",
        ),
        pytest.param(
            "<feed xmlns='http://www.w3.org/2005/Atom' xmlns:thr='http://purl.org/syndication/thread/1.0'>"
            + COMMENT.format(1)
            + "</feed>",
            "https://blog.example/feeds/8999/comments/default",
            "https://blog.example/feeds/posts/default",
            id="Blogger, comments on one post",
        ),
        pytest.param(
            rss("<item><title>By: Ann</title><link>https://blog.example/1/#comment-77</link></item>"),
            "https://blog.example/comments/feed/",
            "https://blog.example/feed/",
            id="WordPress",
        ),
    ],
)
def test_the_feed_of_comments_is_refused_with_the_address_of_the_posts(document: str, url: str, feed: str) -> None:
    with pytest.raises(FeedError, match="comments") as raised:
        parse(document, url=url)
    assert raised.value.hint == f"use {feed}"


@pytest.mark.parametrize(
    ("document", "content_type"),
    [
        pytest.param(rss(ITEM.format("")).encode(), "text/html; charset=iso-8859-1", id="wrong Content-Type"),
        pytest.param(rss(ITEM.format("")).encode(), "image/png", id="absurd Content-Type"),
        pytest.param(b"\n\n  " + rss(ITEM.format("")).encode(), None, id="blanks before the declaration"),
        pytest.param(b"<br />Notice: oops\n" + rss(ITEM.format("")).encode(), None, id="a complaint of PHP before"),
        pytest.param(rss(ITEM.format("")).encode() + b"<!-- cached -->", None, id="a comment after the end"),
        pytest.param(rss(ITEM.format("")).encode() + b"<script>x</script>", None, id="junk after the end"),
        pytest.param(rss(ITEM.format("<description>a\x0bb\x1f</description>")).encode(), None, id="control characters"),
        pytest.param(rss(ITEM.format("<media:x/>")).encode(), None, id="a prefix that was never declared"),
        pytest.param(rss(ITEM.format("<description>a & b</description>")).encode("utf-16"), None, id="UTF-16, bare &"),
        pytest.param(rss(ITEM.format("<x><y></x></y>")).encode(), None, id="crossed tags"),
        pytest.param(rss(ITEM.format("<description>\xe9</description>")).encode("cp1252"), None, id="no UTF-8"),
    ],
)
def test_what_is_odd_but_whole_is_read(document: bytes, content_type: str | None) -> None:
    feed = parse(document, content_type)
    assert [entry.title for entry in feed.entries] == ["Review: Salt"]


@pytest.mark.parametrize(
    ("declaration", "content_type", "encoding"),
    [
        pytest.param("", None, "utf-8", id="nothing is said"),
        pytest.param(" encoding='iso-8859-1'", None, "utf-8", id="UTF-8 that calls itself Latin-1"),
        pytest.param(" encoding='iso-8859-1'", None, "cp1252", id="Windows-1252 that calls itself Latin-1"),
        pytest.param(" encoding='utf-8'", "text/xml; charset=windows-1252", "utf-8", id="a server that errs"),
        pytest.param("", "text/xml; charset=koi8-r", "koi8-r", id="only the server knows"),
        pytest.param(" encoding='shift_jis'", None, "shift_jis", id="Shift JIS"),
        pytest.param(" encoding='utf-16'", None, "utf-16", id="UTF-16 with its mark"),
        pytest.param(" encoding='utf-16'", None, "utf-16-be", id="UTF-16 without its mark"),
        pytest.param(" encoding='punycode'", None, "utf-8", id="an encoding that is a trap"),
    ],
)
def test_text_is_decoded_as_it_was_written(declaration: str, content_type: str | None, encoding: str) -> None:
    words = {"koi8-r": "Зеркало", "shift_jis": "羅生門"}.get(encoding, "“Café” – naïve")
    document = rss(f"<item><title>{words}</title></item>", f"<?xml version='1.0'{declaration}?>")
    assert parse(document.encode(encoding), content_type).entries[0].title == words


def test_control_characters_and_half_characters_are_left_out() -> None:
    item = r'{"id": "a\u0000", "title": "a\ud800\u0007b", "content_html": "<p>c\udfff\u001b</p>"}'
    entry = parse('{"items": [' + item + "]}").entries[0]
    assert (entry.guid, entry.title, entry.content) == ("a", "ab", "<p>c</p>")


def test_fields_have_a_greatest_length() -> None:
    item = (
        f"<title>{'t' * 5000}</title><link>https://blog.example/{'l' * 5000}</link><guid>{'g' * 5000}</guid>"
        f"<author>{'a' * 5000}</author><category>{'c' * 5000}</category><description>{'d' * 2_000_000}</description>"
    )
    entry = parse(rss(f"<item>{item}</item>")).entries[0]
    assert (len(entry.title), entry.link, len(entry.guid or "")) == (1000, None, 2000)
    assert (len(entry.authors[0]), len(entry.labels[0]), len(entry.content)) == (200, 200, 1_000_000)


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(rss(ITEM.format("<author>" + "a" * 200_000 + "</author>")), id="an author without an end"),
        pytest.param(rss(ITEM.format("<author>" + "a@a." * 50_000 + "</author>")), id="an author of addresses"),
        pytest.param(rss("<item><title>" + "&lt;!--" * 100_000 + "</title></item>"), id="a title of comments"),
        pytest.param(rss("&" + ITEM.format("<![CDATA[" * 100_000)), id="CDATA within CDATA"),
        pytest.param("<html>" + "<link type='application/rss+xml" * 50_000, id="links without an end"),
        pytest.param(rss("<item><pubDate>" + "1 " * 200_000 + "</pubDate><title>x</title></item>"), id="a date"),
        pytest.param("<!--a-->" * 100_000 + rss(""), id="comments before the root"),
    ],
)
def test_nothing_takes_longer_than_its_length_deserves(document: str) -> None:
    began = time.process_time()
    with suppress(FeedError):
        parse(document)
    assert time.process_time() - began < 3


SMALL = [path.read_bytes() for path in DOCUMENTS]
PIECES = [
    b"<",
    b">",
    b"&",
    b"]]>",
    b"<![CDATA[",
    b"<!ENTITY",
    b"<!DOCTYPE r [",
    b"&#xD800;",
    b"\xed\xa0\x80",
    b"\0",
    b"<item>",
]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(SMALL),
    st.lists(
        st.tuples(st.floats(0, 1), st.integers(0, 40), st.binary(max_size=6) | st.sampled_from(PIECES)), max_size=6
    ),
)
def test_no_mutation_of_a_feed_raises_anything_but_feed_error(
    document: bytes, edits: list[tuple[float, int, bytes]]
) -> None:
    for where, removed, put in edits:
        at = int(where * len(document))
        document = document[:at] + put + document[at + removed :]
    with suppress(FeedError):
        for entry in parse(document).entries:
            f"{entry.title}{entry.content}{entry.guid}".encode()  # no lone surrogate got through


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode), st.none() | st.text(max_size=30))
def test_no_bytes_raise_anything_but_feed_error(document: bytes, content_type: str | None) -> None:
    with suppress(FeedError):
        parse(document, content_type)

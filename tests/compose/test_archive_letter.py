"""A frozen letter becomes a page for everybody: nothing of a reader stays, and the letter keeps its look."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from lxml import html

from syndicate.compose.archive_letter import PageParts, public_page
from syndicate.compose.letter import END, POSTING, READERS, RESERVED, way_out_mark

JOIN = "https://news.lantern.example/subscribe"
PARTS = PageParts(
    title="Salt Road & more · The Lantern",
    description="The tide comes in.",
    language="en",
    canonical="https://news.lantern.example/archive/weekly/3",
    feed="/archive/feed.xml",
    bar="<nav>the bar</nav>",
    subscribe=JOIN,
    subscribe_words="Subscribe",
)
WAY, SECOND = way_out_mark(0), way_out_mark(1)


def letter(body: str, head: str = "") -> str:
    """Return a letter as a template makes it."""
    head = f"<head><title>Salt Road</title>{head}</head>"
    return f'<!DOCTYPE html><html lang="en">{head}<body class="page">{body}</body></html>'


def page(body: str, head: str = "", **changes: Any) -> Any:
    """Return the page of a letter, read."""
    text = public_page(letter(body, head), replace(PARTS, **changes))
    assert RESERVED not in text
    assert "{token}" not in text
    assert "example.invalid" not in text
    return html.document_fromstring(text)


FENCED = f"{READERS}<p>You get this because</p><p><a href='{WAY}'>Leave</a></p><p><a href='{SECOND}'>Mail</a></p>{END}"


def test_the_part_for_readers_keeps_one_link_and_it_leads_to_the_public_page() -> None:
    made = page(f"<div>before{FENCED}{POSTING}<p>a list server</p>{END}<p>after</p></div>")
    assert [(each.get("href"), each.text) for each in made.iter("a")] == [(JOIN, "Subscribe")]
    assert made.find(".//main").text_content() == "beforeSubscribeafter"


def test_without_a_public_page_the_ways_out_go_and_leave_no_empty_line() -> None:
    made = page(f"<div><p>before</p>{FENCED}<p>after</p></div>", subscribe=None)
    assert [each.text for each in made.iter("p")] == ["before", "after"]
    assert list(made.iter("a")) == []


def test_a_row_keeps_its_cells() -> None:
    row = f"<table><tr><td>Friday</td>{READERS}<td><a href='{WAY}'>Leave</a></td>{END}</tr></table>"
    assert len(list(page(row, subscribe=None).iter("td"))) == 2
    assert [each.text_content() for each in page(row).iter("td")] == ["Friday", "Subscribe"]


ELSEWHERE = [
    pytest.param(f"<p><a href='{WAY}'><b>Leave</b> now</a> text</p>", id="outside a fence"),
    pytest.param(f"<p>{READERS}<b>x<a href='{WAY}'>Leave</a></b></p>{END}", id="a fence that ends elsewhere"),
    pytest.param(f"<p>Copy {WAY} into your browser</p>", id="as text"),
    pytest.param(f"<form action='{WAY}'></form><p title='{WAY}'>x</p>", id="in another attribute"),
    pytest.param(f"<!--[if mso]><v:rect href='{WAY}'/><![endif]--><p>x</p>", id="in a comment for Outlook"),
    pytest.param(f"<style>a[href='{WAY}'] {{ color: red }}</style><p>x</p>", id="in a style"),
    pytest.param(f"<a HREF='{WAY.upper()}'>x</a>", id="in capitals"),
]


@pytest.mark.parametrize("body", ELSEWHERE)
@pytest.mark.parametrize("subscribe", [JOIN, None], ids=["with a page to join", "without"])
def test_a_way_out_is_nowhere_wherever_a_template_put_it(body: str, subscribe: str | None) -> None:
    text = public_page(letter(body), replace(PARTS, subscribe=subscribe))
    assert RESERVED not in text.lower()
    assert "<!--" not in text


def test_the_preheader_is_a_description_and_no_text() -> None:
    hidden = '<div class="preheader" style="display:none;max-height:0">The tide comes in.<span>&#847;</span></div>'
    made = page(f"{hidden}<p>The tide comes in.</p><p style='display:none'>Another</p>")
    assert [each.text for each in made.iter("p")] == ["The tide comes in.", "Another"]
    assert list(made.iter("div")) == []
    assert made.xpath("//meta[@name='description']/@content") == ["The tide comes in."]


def test_the_head_says_what_the_page_is_and_says_it_once() -> None:
    old = (
        '<meta charset="latin1"><meta name="description" content="old"><link rel="canonical" href="https://x.example">'
        "<style>.page { color: red }</style>"
    )
    made = page("<p>x</p>", old)
    assert made.xpath("//title/text()") == ["Salt Road & more · The Lantern"]
    assert made.xpath("//link[@rel='canonical']/@href") == [PARTS.canonical]
    assert made.xpath("//meta[@charset]/@charset") == ["utf-8"]
    assert made.xpath("//link[@rel='alternate']/@href") == ["/archive/feed.xml"]
    assert "script" not in made.xpath("//meta[@http-equiv]/@content")[0]
    assert made.xpath("//style/text()") == [".page { color: red }"]


def test_a_letter_that_names_no_language_is_in_the_sites() -> None:
    text = public_page("<p>Grüße</p>", replace(PARTS, language="de"))
    made: Any = html.document_fromstring(text)
    assert made.get("lang") == "de"
    assert "Grüße" in text


def test_the_bar_stands_above_the_letter_and_the_body_keeps_its_look() -> None:
    made = page("Hello <p>x</p>")
    body = made.find("body")
    assert body.get("class") == "page"
    assert [each.tag for each in body] == ["nav", "main"]
    assert body.find("main").text == "Hello "

"""The viewing page shows everything in the outbox, from the disk alone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from lxml import html

from syndicate.channels.outbox import OutboxMail, OutboxStatuses
from syndicate.channels.outbox_page import localise, status_html, write_page
from syndicate.delivery.model import Letter
from tests.channels.test_outbox import letter, status

ADDRESS = "https://images.lantern.example/a.jpg"


class OnePicture:
    """A cache that holds the one picture of these tests."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "cache" / "a picture.jpg"

    def path_for(self, url: str) -> Path | None:
        return self.path if url == ADDRESS else None


def mail(subject: str, to: str, key: int) -> Letter:
    body = f'<p>Hello</p><img src="{ADDRESS}" alt="A ferry"><img src="https://elsewhere.example/b.jpg" alt="">'
    lines = [
        "From: The Lantern <news@lantern.example>",
        f"To: {to}",
        f"Subject: {subject}",
        "Date: Fri, 20 Nov 2026 09:00:00 +0000",
        'Content-Type: multipart/alternative; boundary="b"',
        *("", "--b", "Content-Type: text/plain; charset=utf-8", "", "Hello in <text>"),
        *("--b", "Content-Type: text/html; charset=utf-8", "", body, "--b--", ""),
    ]
    return letter(key, content="\r\n".join(lines).encode())


@pytest.fixture
def page(tmp_path: Path) -> html.HtmlElement:
    out, pictures = tmp_path / "out", OnePicture(tmp_path)
    letters = [mail("Issue 1", "Ann <ann@example.org>", 1), mail("Issue 2", "Ann <ann@example.org>", 2)]
    list(OutboxMail(out).send([*letters, mail("Issue 2", "=?utf-8?q?Zo=C3=AB?= <zoe@example.org>", 3)]))
    list(OutboxStatuses("main", out, pictures).send([status(1, "First <b>"), status(2, "Second", spoiler="horror")]))
    path = write_page(out, pictures.path_for)
    assert path == out / "index.html"
    return html.document_fromstring(path.read_text("utf-8"))


def test_letters_are_gathered_by_issue_the_newest_first(page: html.HtmlElement) -> None:
    assert [heading.text_content() for heading in page.find_class("subject")] == ["Issue 2", "Issue 1"]
    newest = page.find_class("recipients")[0].text_content()
    assert "2 letters" in newest
    assert "Zoë" in newest
    assert "zoe@example.org" in newest


def test_every_letter_is_linked_as_a_file_that_is_there(page: html.HtmlElement, tmp_path: Path) -> None:
    links = [str(link.get("href")) for link in page.xpath("//a") if str(link.get("href")).endswith(".eml")]
    assert len(links) == 3
    assert all((tmp_path / "out" / link).is_file() for link in links)


def test_the_letter_is_shown_with_the_pictures_of_the_cache(page: html.HtmlElement, tmp_path: Path) -> None:
    shown = html.document_fromstring(str(page.xpath("//iframe")[0].get("srcdoc")))
    assert [image.get("src") for image in shown.iter("img")] == [
        "../cache/a%20picture.jpg",
        "https://elsewhere.example/b.jpg",
    ]
    for file in (tmp_path / "out" / "mail" / "new").iterdir():
        assert ADDRESS.encode() in file.read_bytes(), "what would be sent keeps its address"


def test_text_and_source_of_the_letter_are_there_as_text(page: html.HtmlElement) -> None:
    text, raw = (page.xpath(f"//pre[contains(@class, '{kind}')]")[0].text_content() for kind in ("text", "raw"))
    assert text.strip() == "Hello in <text>"
    assert "Subject: Issue 2" in raw


def test_statuses_are_cards_newest_first_with_warning_folded_and_picture_described(page: html.HtmlElement) -> None:
    second, first = page.find_class("status")
    assert "First <b>" in first.text_content()
    assert "horror" in second.xpath(".//details/summary")[0].text_content()
    image = first.xpath(".//img")[0]
    assert (image.get("src"), image.get("alt")) == ("../cache/a%20picture.jpg", "A ferry at dusk")


def test_nothing_of_the_page_needs_a_script_or_the_network(page: html.HtmlElement) -> None:
    assert not page.xpath("//script | //link | //*[@onclick or @onload]")
    (rule,) = page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    assert "default-src 'none'" in rule
    assert "http" not in rule


def test_every_tab_has_a_label_and_one_is_chosen_for_each_letter(page: html.HtmlElement) -> None:
    tabs = page.xpath("//input[@type='radio']/@id")
    assert sorted(tabs) == sorted(page.xpath("//label/@for"))
    assert len(set(tabs)) == len(tabs) == 8
    assert len(page.xpath("//input[@checked]")) == 2


def test_an_outbox_that_is_empty_says_so(tmp_path: Path) -> None:
    text = write_page(tmp_path, OnePicture(tmp_path).path_for).read_text("utf-8")
    assert "No letter yet" in text
    assert "No status yet" in text


def test_a_letter_whose_head_never_ends_is_read_all_the_same(tmp_path: Path) -> None:
    list(OutboxMail(tmp_path).send([letter(1, content=b"Subject: odd")]))
    assert "odd" in write_page(tmp_path, OnePicture(tmp_path).path_for).read_text("utf-8")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("a\nb\n\nc", "<p>a<br>b</p><p>c</p>", id="lines and paragraphs"),
        pytest.param("1 < 2 & <i>", "<p>1 &lt; 2 &amp; &lt;i&gt;</p>", id="markup is text"),
        pytest.param("#FilmReview #1984", '<p><span class="tag">#FilmReview</span> #1984</p>', id="a number is no tag"),
        pytest.param("a#b", "<p>a#b</p>", id="a tag begins a word"),
        pytest.param(
            "See https://www.lantern.example/a.",
            '<p>See <a href="https://www.lantern.example/a" rel="noopener noreferrer">lantern.example/a</a>.</p>',
            id="the full stop is not the link's",
        ),
        pytest.param(
            "https://lantern.example/2026/11/last-ferry.html?a=1&b=2",
            '<p><a href="https://lantern.example/2026/11/last-ferry.html?a=1&amp;b=2" rel="noopener noreferrer">'
            "lantern.example/2026/11/last-f…</a></p>",
            id="thirty characters of a long link",
        ),
    ],
)
def test_a_status_reads_as_on_mastodon(text: str, shown: str) -> None:
    assert str(status_html(text)) == shown


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        pytest.param(f'<img src="{ADDRESS}">', '<img src="../cache/a%20picture.jpg">', id="double quotes"),
        pytest.param(f"<td background='{ADDRESS}'>", "<td background='../cache/a%20picture.jpg'>", id="background"),
        pytest.param(f'<a href="{ADDRESS}">{ADDRESS}</a>', f'<a href="{ADDRESS}">{ADDRESS}</a>', id="links stay"),
        pytest.param(
            '<img src="https://x.example/?a=1&amp;b=2">', '<img src="https://x.example/?a=1&amp;b=2">', id="unknown"
        ),
    ],
)
def test_only_pictures_are_taken_from_the_disk(tmp_path: Path, source: str, shown: str) -> None:
    assert localise(source, tmp_path / "out", OnePicture(tmp_path).path_for) == shown


def test_a_hostile_picture_path_cannot_leave_its_attribute(tmp_path: Path) -> None:
    shown = localise(f'<img src="{ADDRESS}">', tmp_path, lambda url: tmp_path / 'x"onerror=.jpg')
    assert re.fullmatch(r'<img src="x%22onerror%3D.jpg">', shown)

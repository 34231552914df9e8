"""The editor's note: what Markdown becomes, and what can never come of it."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from syndicate.compose import letter
from syndicate.compose.choices import Choices
from syndicate.compose.email import render_email
from syndicate.compose.note import CLASSES, MAX_NOTE_BYTES, Note, write_note
from syndicate.compose.quoted import quoted
from tests.compose.letters import ISSUE, MASTHEAD, TEMPLATES


def note(markdown: str) -> Note:
    """Return a note that has something to read."""
    written = write_note(markdown)
    assert written is not None
    return written


def bare(markdown: str) -> str:
    """Return a note's HTML without our classes and line breaks."""
    return re.sub(r' class="\w+"|\n', "", note(markdown).html)


@pytest.mark.parametrize(
    ("markdown", "html", "text"),
    [
        pytest.param("Dear *readers*,", "<p>Dear <em>readers</em>,</p>", "Dear readers,", id="emphasis"),
        pytest.param("**Go** and see", "<p><strong>Go</strong> and see</p>", "Go and see", id="strong"),
        pytest.param("one  \ntwo", "<p>one<br>two</p>", "one\ntwo", id="a line break that was meant"),
        pytest.param("one\n\ntwo", "<p>one</p><p>two</p>", "one\n\ntwo", id="paragraphs"),
        pytest.param(
            "See [the list](https://lantern.example/list).",
            '<p>See <a href="https://lantern.example/list">the list</a>.</p>',
            "See the list <https://lantern.example/list>.",
            id="a link",
        ),
        pytest.param(
            "<ed@lantern.example>",
            '<p><a href="mailto:ed@lantern.example">ed@lantern.example</a></p>',
            "ed@lantern.example",
            id="a mail address",
        ),
        pytest.param(
            "- one\n- two\n  1. deep",
            "<ul><li>one</li><li>two<ol><li>deep</li></ol></li></ul>",
            "- one\n- two\n  1. deep",
            id="lists",
        ),
        pytest.param("> said", "<blockquote><p>said</p></blockquote>", "> said", id="a quotation"),
        pytest.param("3\\. not a list", "<p>3. not a list</p>", "3. not a list", id="an escape"),
        pytest.param("# Big", "<p># Big</p>", "# Big", id="no headings of its own"),
        pytest.param("a & b < c", "<p>a &amp; b &lt; c</p>", "a & b < c", id="signs of HTML"),
    ],
)
def test_markdown_becomes_html_and_readable_text(markdown: str, html: str, text: str) -> None:
    assert bare(markdown) == html
    assert note(markdown).text == text


@pytest.mark.parametrize("markdown", [None, "", " \n\t", "\u202e"], ids=["none", "empty", "blanks", "an override"])
def test_a_note_that_says_nothing_is_none(markdown: str | None) -> None:
    assert write_note(markdown) is None


@pytest.mark.parametrize(
    "hostile",
    [
        pytest.param("<script>alert(1)</script>", id="script"),
        pytest.param("<img src=x onerror=alert(1)>", id="an element with a handler"),
        pytest.param("[go](javascript:alert(1))", id="javascript"),
        pytest.param("[go](&#106;avascript:alert(1))", id="javascript by an entity"),
        pytest.param("[go](data:text/html;base64,PHNjcmlwdD4=)", id="data"),
        pytest.param("[go](/relative)", id="a relative address"),
        pytest.param('[go](https://a.example/"onmouseover="alert)', id="a quote in an address"),
        pytest.param("![pixel](https://tracker.example/1.gif)", id="a picture"),
        pytest.param("<!--[if mso]>x<![endif]-->", id="a conditional comment"),
        pytest.param(letter.READERS + "x" + letter.END, id="our fences"),
        pytest.param(f"{letter.RESERVED}way0end", id="our mark of a way out"),
        pytest.param("syndicate**slot7q4m**way0end syndicate\\slot7q4m", id="our mark in pieces"),
        pytest.param("&#115;yndicateslot7q4mway0end", id="our mark by an entity"),
        pytest.param("[x](https://a.example/syndicatesyndicateslot7q4mslot7q4mway0end)", id="our mark in an address"),
        pytest.param("\u202egnp.exe \x00 \ud800 \x1b[2J", id="overrides, controls and lone surrogates"),
        pytest.param("{{ 7 * 7 }} {% include 'x' %}", id="a template"),
    ],
)
def test_hostile_notes_are_harmless(hostile: str) -> None:
    is_harmless(hostile)
    assert "49" not in note(hostile).html


hostile_texts = st.lists(
    st.sampled_from(
        [
            *(
                "*",
                "**",
                "_",
                "[",
                "](",
                ")",
                "<",
                ">",
                "- ",
                "1. ",
                "\n",
                "\n\n",
                "  \n",
                "    ",
                "\\",
                "&",
                "`",
                "> ",
            ),
            *("https://a.example/", "javascript:", "mailto:a@b.example", "<script>", "</td>", "<!--", "-->", "&lt;"),
            *(letter.RESERVED, "syndicate", "slot7q4m", "way0end", "readers", "&#115;", '"', "'", "style=", "\u2028"),
        ]
    )
    | st.text(max_size=8),
    max_size=40,
).map("".join)


@settings(deadline=None)
@given(hostile_texts)
@example("[a]: https://a.example\n\n[a]")
def test_no_note_at_all_does_harm(markdown: str) -> None:
    is_harmless(markdown)


def is_harmless(markdown: str) -> None:
    """Assert that a note holds our few elements, whole, and none of our marks."""
    written = write_note(markdown)
    if written is None:
        return
    assert letter.RESERVED not in written.html.lower()
    assert letter.RESERVED not in written.text.lower()
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202a-\u202e\ud800-\udfff]", written.html + written.text)
    reader = Elements()
    reader.feed(written.html)
    assert not reader.open


class Elements(HTMLParser):
    """Reads a note's HTML and asserts what it meets."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in {"p", "em", "strong", "a", "ul", "ol", "li", "blockquote", "br"}
        for name, value in attrs:
            assert name in {"class", "start"} or (name, tag) == ("href", "a")
            if name == "href":
                assert re.fullmatch(r"(https?://|mailto:)[!#-;=?-~]+", value or ""), value
            if name == "class":
                assert value == CLASSES[tag]
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)


@pytest.mark.parametrize(
    "huge",
    [
        pytest.param("a word and another " * 50_000, id="words"),
        pytest.param("x" * 500_000, id="one word"),
        pytest.param("- " * 200_000, id="a list in a list"),
        pytest.param("* a\n" * 100_000, id="a list"),
        pytest.param("*" * 100_000 + "a" + "*" * 100_000, id="stars"),
        pytest.param("[" * 100_000, id="brackets"),
        pytest.param("🎬 " * 50_000, id="what is long once it is encoded"),
        pytest.param("[a](https://a.example/) " * 20_000, id="links"),
    ],
)
def test_a_huge_note_is_cut_and_leaves_room_for_the_reviews(huge: str) -> None:
    written = write_note(huge)
    shown = render_email(ISSUE, MASTHEAD, templates=TEMPLATES, subject=None, choices=Choices(note=huge))
    without = render_email(ISSUE, MASTHEAD, templates=TEMPLATES, subject=None)
    assert len(quoted(shown.html)) - len(quoted(without.html)) <= MAX_NOTE_BYTES + 1_000
    if written:
        assert written.text.endswith("…") or written.text.strip("[]*-… ") == ""


def test_the_letter_shows_the_note_above_the_reviews_in_both_parts() -> None:
    choices = Choices(note="Dear *readers*, see [our list](https://lantern.example/list).")
    made = render_email(ISSUE, MASTHEAD, templates=TEMPLATES, subject=None, choices=choices)
    assert made.html.index("Dear <em>readers</em>") < made.html.index("There is a shot early")
    assert 'style="color:' in made.html[made.html.index('<a href="https://lantern.example/list"') :][:90]
    assert made.text.index("see our list <https://lantern.example/list>.") < made.text.index("There is a shot early")


def test_words_chosen_for_the_issue_stand_in_its_header_as_plain_text() -> None:
    choices = Choices(subject="{{ lead }}\r\nBcc: x  y", preheader="a\x00b " * 100)
    made = render_email(ISSUE, MASTHEAD, templates=TEMPLATES, subject="Never", choices=choices)
    assert made.subject == "{{ lead }} Bcc: x y"
    assert made.preheader.startswith("ab ab")
    assert len(made.preheader) <= 140


def test_words_that_are_blank_are_none() -> None:
    made = render_email(ISSUE, MASTHEAD, templates=TEMPLATES, subject=None)
    blank = Choices(subject=" ", preheader="\u202e", note=" ")
    assert render_email(ISSUE, MASTHEAD, templates=TEMPLATES, subject=None, choices=blank) == made

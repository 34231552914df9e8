"""The lint's checks: each has a letter with its fault, which is told, and the good letter, of which nothing is."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from syndicate.compose.lint import CHECKS, Severity
from tests.compose.lint.letters import GOOD, GOOD_ONES, MAIL, PAGE, WAYS, Case

E, W, N = Severity.ERROR, Severity.WARNING, Severity.NOTE
BODY_END = "</body>"
FIRST_LINK = 'href="https://lantern.example/2026/11/review-1.html"'


def put(html: str) -> Callable[[Case], Case]:
    """Return a change that puts something at the end of the body."""
    return lambda case: case.html(BODY_END, html + BODY_END)


def without(pattern: str) -> Callable[[Case], Case]:
    """Return a change that takes out of the HTML whatever matches."""

    def change(case: Case) -> Case:
        html, count = re.subn(pattern, "", case.email.html)
        assert count, pattern
        return replace(case, email=replace(case.email, html=html))

    return change


def called(subject: str) -> Callable[[Case], Case]:
    """Return a change of the subject, in every place where it stands."""

    def change(case: Case) -> Case:
        html = case.email.html.replace(case.email.subject, subject)
        head = f"Subject: {case.email.subject}".encode()
        return replace(case, email=replace(case.email, subject=subject, html=html)).bytes(
            head, f"Subject: {subject}".encode()
        )

    return change


def style(css: str) -> Callable[[Case], Case]:
    """Return a change that puts a paragraph in this style at the end of the body."""
    return put(f'<p style="{css}">The sea, again</p>')


FAULTS: dict[str, tuple[int, Severity, str, Callable[[Case], Case]]] = {
    "clipped": (1, E, "html", put("<!--" + "x" * 81_000 + "-->")),
    "nearly clipped": (1, W, "html", put("<!--" + "x" * 62_000 + "-->")),
    "no text": (2, E, "text", lambda case: replace(case, email=replace(case.email, text=" \n"))),
    "a link in HTML only": (2, E, "text", lambda case: case.text("/review-3.html", "/")),
    "a way out in HTML only": (2, E, "text", lambda case: case.text(WAYS[0], "our pages")),
    "no text part": (2, E, "message", lambda case: case.bytes(b"Content-Type: text/plain", b"Content-Type: text/html")),
    "no List-Unsubscribe": (3, E, "header List-Unsubscribe", lambda case: case.bytes(b"List-Unsubscribe:", b"X-Way:")),
    "encoded List-Unsubscribe": (
        3,
        E,
        "header List-Unsubscribe",
        lambda case: case.bytes(b"List-Unsubscribe: <", b"List-Unsubscribe: =?utf-8?q?<"),
    ),
    "no one-click": (
        3,
        E,
        "header List-Unsubscribe-Post",
        lambda case: case.bytes(b"List-Unsubscribe-Post:", b"X-Post:"),
    ),
    "no page to post to": (
        3,
        E,
        "header List-Unsubscribe",
        lambda case: case.bytes(f"<{PAGE}".encode(), b"<http://x/"),
    ),
    "mail alone": (
        3,
        W,
        "header List-Unsubscribe",
        lambda case: case.bytes(f"<{PAGE}".encode(), b"<http://x/").bytes(b"List-Unsubscribe-Post:", b"X-Post:"),
    ),
    "a forged token": (3, E, "header List-Unsubscribe", lambda case: case.of(token_proves=False)),
    "no way out": (4, E, "html", lambda case: case.html(WAYS[0], PAGE, 9).html(MAIL, "mailto:ed@lantern.example?", 9)),
    "a hidden way out": (
        4,
        E,
        "html",
        lambda case: case.html('<div role="article"', '<div style="display:none"><div role="article"'),
    ),
    "a late way out": (4, W, "html", lambda case: case.html("<body", "<!--" + "x" * 61_000 + "--><body")),
    "no postal address": (5, W, "html", lambda case: case.of(postal=None)),
    "postal not in the text": (5, W, "text", lambda case: case.text("Quay Street", "Quai Street")),
    "From elsewhere": (
        6,
        E,
        "header From",
        lambda case: case.bytes(b"<news@lantern.example>", b"<news@other.example>"),
    ),
    "Message-ID elsewhere": (
        6,
        E,
        "header Message-ID",
        lambda case: case.bytes(b"<0@lantern.example>", b"<0@x.example>"),
    ),
    "free mail": (6, W, "header From", lambda case: case.of(sender="lantern@gmail.com")),
    "Reply-To to nobody": (6, E, "header Reply-To", lambda case: case.bytes(b"Reply-To: ed@", b"Reply-To: ed at ")),
    "no Date": (7, E, "header Date", lambda case: case.bytes(b"\r\nDate:", b"\r\nX-Date:")),
    "two From": (7, E, "header From", lambda case: case.bytes(b"From:", b"From: x@lantern.example\r\nFrom:")),
    "vacations answer": (7, E, "header Auto-Submitted", lambda case: case.bytes(b"Auto-Submitted", b"X-Auto")),
    "a bare List-Id": (
        7,
        E,
        "header List-Id",
        lambda case: case.bytes(b"<weekly.lantern.example>", b"weekly.lantern.example"),
    ),
    "a long line": (
        8,
        E,
        "message line 99",
        lambda case: case.bytes(b"List-Post: NO", b"List-Post: NO\r\nX: " + b"x" * 999),
    ),
    "a bare LF": (8, E, "message line 1", lambda case: case.bytes(b"\r\nDate:", b"\nDate:")),
    "a control character": (
        8,
        E,
        "header precedence",
        lambda case: case.bytes(b"Precedence: bulk", b"Precedence: bu\x1blk"),
    ),
    "no subject": (9, E, "subject", lambda case: replace(case, email=replace(case.email, subject=" "))),
    "another subject arrives": (9, E, "subject", lambda case: case.bytes(b"\r\nSubject: ", b"\r\nSubject: Also ")),
    "a long subject": (9, W, "subject", called("One film after another, " * 3 + "all of them long")),
    "a shouted subject": (9, W, "subject", called("GLASSHOUSE SUMMER (ISSUE 34)")),
    "an excited subject": (9, W, "subject", called("Glasshouse Summer is here!!")),
    "a false answer": (9, W, "subject", called("RE: Glasshouse Summer")),
    "an unfilled subject": (10, E, "subject", called("{{ lead.film }} and more")),
    "an unfilled body": (10, E, "html line 99", put("<p>Dear {{ name }},</p>")),
    "a merge tag": (10, E, "html line 99", put("<p>*|FNAME|*</p>")),
    "None": (10, E, "html line 99", put("<p>None</p>")),
    "an unfilled text": (10, E, "text line 1", lambda case: case.text("The Lantern\n", "{% if site %}\n")),
    "a relative link": (11, E, "html line 99", put('<a href="/about">About us</a>')),
    "a link to nowhere": (11, E, "html line 99", put('<a href="#">About us</a>')),
    "an empty address": (11, E, "html line 99", put('<a href="">About us</a>')),
    "a script link": (11, E, "html line 99", put('<a href="javascript:go()">About us</a>')),
    "a loopback link": (11, E, "html line 99", put('<a href="http://127.0.0.1:8025/x">About us</a>')),
    "a private link": (11, E, "html line 99", put('<a href="https://10.1.2.3/x">About us</a>')),
    "localhost": (11, E, "html line 99", put('<a href="https://localhost/x">About us</a>')),
    "no address at all": (11, E, "html line 99", put('<a href="https://[x/">About us</a>')),
    "not encrypted": (11, W, "html line 99", put('<a href="http://lantern.example/x">About us</a>')),
    "a review without link": (12, E, "html", lambda case: case.html("/review-4.html", "/", 9)),
    "a rewritten link": (
        12,
        E,
        "html",
        lambda case: case.html("lantern.example/2026/11/review-4", "t.example/c?review-4", 9),
    ),
    "two reviews, one link": (12, E, "html line 99", put("<h2><a " + FIRST_LINK + ">Other</a></h2>")),
    "no alt": (13, E, "html line 99", put('<img src="https://lantern.example/x.png" width="90">')),
    "a file's name": (13, W, "html line 99", put('<img src="https://lantern.example/x.png" width="90" alt="x-1.png">')),
    "an essay": (
        13,
        W,
        "html line 99",
        put(f'<img src="https://lantern.example/x.png" width="90" alt="{"A boat. " * 40}">'),
    ),
    "no width": (13, W, "html line 99", put('<img src="https://lantern.example/x.png" alt="A boat">')),
    "data: picture": (14, E, "html line 99", put('<img src="data:image/png;base64,xyz" width="9" alt="A boat">')),
    "SVG": (14, E, "html line 99", put('<img src="https://lantern.example/x.svg" width="9" alt="A boat">')),
    "WebP": (14, W, "html line 99", put('<img src="https://lantern.example/x.webp?1" width="9" alt="A boat">')),
    "AVIF": (14, W, "html line 99", put('<img src="https://lantern.example/x.avif" width="9" alt="A boat">')),
    "srcset alone": (
        14,
        W,
        "html line 99",
        put('<img srcset="https://lantern.example/x.png 2x" width="9" alt="A boat">'),
    ),
    "a small lead": (15, W, "html line 99", put('<img src="https://p.example/s320/x.jpg" width="600" alt="A boat">')),
    "a host's WebP": (
        15,
        W,
        "html line 99",
        put('<img src="https://p.example/w1200-rw/x.jpg" width="600" alt="A boat">'),
    ),
    **{
        f"<{tag}>": (16, E, "html line 99", put(f"<{tag}></{tag}>"))
        for tag in ("script", "iframe", "object", "form", "video", "audio")
    },
    "<embed>": (16, E, "html line 99", put("<embed>")),
    "<base>": (16, E, "html line 99", put("<base>")),
    "refresh": (16, E, "html line 99", put('<meta http-equiv="Refresh" content="0">')),
    "a stylesheet": (16, E, "html line 99", put('<link rel="stylesheet" href="https://lantern.example/x.css">')),
    "onclick": (16, E, "html line 99", put('<p onclick="go()">The sea</p>')),
    "var()": (17, E, "html line 99", style("color:var(--ink)")),
    "@import": (17, E, "html line 99", put("<style>@import 'x.css';</style>")),
    "position": (17, W, "html line 99", style("position:relative")),
    "float": (17, W, "html line 99", style("margin:0;float:left")),
    "flex": (17, W, "html line 99", style("display:flex")),
    "grid": (17, W, "html line 99", style("display:grid")),
    "calc()": (17, W, "html line 99", style("width:calc(100% - 2px)")),
    "url()": (17, W, "html line 99", style("background:url(https://lantern.example/x.png)")),
    "negative margin": (17, W, "html line 99", style("margin:0 -4px")),
    "a table of data": (18, W, "html line 99", put("<table><tr><td>The sea</td></tr></table>")),
    "no language": (19, E, "html line 2", lambda case: case.html('<html lang="en"', "<html")),
    "no direction inside": (19, E, "html line", lambda case: case.html('lang="en" dir="ltr" class', 'lang="en" class')),
    "no title": (20, W, "html", without("<title>.*?</title>")),
    "another title": (20, W, "html line", lambda case: case.html("<title>", "<title>Our ")),
    "two first headings": (21, W, "html line 99", put("<h1>Again</h1>")),
    "no first heading": (21, W, "html", without("</?h1[^>]*>")),
    "a level left out": (21, W, "html line 99", put("<h4>Again</h4>")),
    "a wordless link": (22, E, "html line 99", put('<a href="https://lantern.example/x"> </a>')),
    "here": (22, W, "html line 99", put('<a href="https://lantern.example/x">Read more…</a>')),
    "a bare address": (22, W, "html line 99", put('<a href="https://lantern.example/x">https://lantern.example/x</a>')),
    "pale": (23, W, "html line 99", style("color:#999999;background-color:#ffffff")),
    "tiny": (24, E, "html line 99", style("font-size:9px")),
    "small": (24, W, "html line 99", style("font-size:12px")),
    "no preheader": (25, W, "preheader", lambda case: case.html("display:none;", "")),
    "a short preheader": (25, W, "preheader", lambda case: case.html(case.email.preheader + "<", "Films<")),
    "the subject again": (
        25,
        W,
        "preheader",
        lambda case: case.html(case.email.preheader + "<", case.email.subject + "<"),
    ),
    "an open comment": (26, E, "html", put("<!--[if mso]><p>Word</p>-->")),
    "an open table for Word": (26, E, "html", put("<!--[if mso]><table><![endif]-->")),
    "a column without end": (26, W, "html line", without(r"(?s)<!--\[if mso\]>(?!\s*<xml).*?<!\[endif\]-->")),
    "too wide": (27, W, "html line 99", put('<table role="presentation" width="640"></table>')),
    "too wide for phones": (27, W, "html line 99", style("min-width:400px")),
    "a long style": (28, E, "html line 99", put("<style>" + ".a{color:#000}" * 1200 + "</style>")),
    "padding that Word ignores": (29, N, "html line 99", style("padding:0 24px")),
    "a button for others than Word": (
        29,
        N,
        "html line 99",
        put('<a href="https://lantern.example/x" style="padding:14px 24px">About us</a>'),
    ),
    "seven tables": (
        30,
        N,
        "html line 99",
        put('<table role="presentation"><tr><td>' * 7 + "deep" + "</td></tr></table>" * 7),
    ),
    "no charset": (31, W, "html", lambda case: case.html('<meta charset="utf-8">', "")),
    "no viewport": (31, W, "html", lambda case: case.html('name="viewport"', 'name="view"')),
    "unclosed": (32, W, "html line 99", put("<div>")),
    "crossed": (32, W, "html line 99", put("<b><i>The sea</b></i>")),
    "no declaration": (32, W, "html line 99", put("<![x[")),
    "an id twice": (32, W, "html line 99", put('<p id="a">One</p><p id="a">Two</p>')),
    "a bare &": (32, W, "html line 99", put('<a href="https://lantern.example/?a=1&b=2">About us</a>')),
    "hidden words": (33, W, "html line 99", style("display:none")),
    "a pixel": (34, E, "html line 99", put('<img src="https://lantern.example/x.gif" width="1" height="1" alt="">')),
    "a shortener": (35, W, "html line 99", put('<a href="https://bit.ly/x">About us</a>')),
    "a number": (35, W, "html line 99", put('<a href="https://93.184.215.14/x">About us</a>')),
    "a feed's rest": (36, W, "html line 99", put("<p>The post Harbour appeared first on The Lantern.</p>")),
    "a doubled entity": (36, W, "html line 99", put("<p>Sea &amp;amp; sand</p>")),
    "mojibake": (36, W, "html line 99", put("<p>CafÃ© society</p>")),
    "no reviews": (37, E, "issue", lambda case: case.of(review_links=())),
    "two reviews, one link of the feed": (
        37,
        W,
        "issue",
        lambda case: case.of(review_links=(*case.facts.review_links, case.facts.review_links[0])),
    ),
    "a long text line": (38, W, "text line 1", lambda case: case.text("The Lantern\n", "The Lantern " * 8 + "\n")),
    "HTML in the text": (38, W, "text line 1", lambda case: case.text("The Lantern\n", "The <b>Lantern</b>\n")),
    "an attachment": (
        39,
        W,
        "message",
        lambda case: case.bytes(b"Content-Type: text/plain", b"Content-Type: application/pdf"),
    ),
    "a heavy letter": (
        39,
        W,
        "message",
        lambda case: case.bytes(b"MIME-Version: 1.0", b"MIME-Version: 1.0\r\nX-Long: x" + b"\r\n x" * 300_000),
    ),
    "another's address": (
        40,
        E,
        "message",
        lambda case: case.bytes(b"OOF", b"OOF (bo@other.example)"),
    ),
    "another's words": (40, E, "message", lambda case: case.bytes(b"AutoReply", b"AutoREPLY")),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_letter_with_a_fault_is_told_with_its_severity_and_place(name: str) -> None:
    number, severity, where, change = FAULTS[name]
    bad = change(GOOD)
    place = where.removesuffix(" 99")
    found = [each for each in bad.findings() if each.number == number and each.severity is severity]
    assert any(each.where.startswith(place) for each in found), (found, bad.findings())
    assert all(each.why and each.how and "\n" not in each.why + each.how for each in found)


@pytest.mark.parametrize("name", GOOD_ONES)
def test_nothing_is_told_of_a_good_letter(name: str) -> None:
    assert GOOD_ONES[name].findings() == ()


def test_every_check_has_a_letter_with_its_fault_and_can_tell_its_gravest() -> None:
    told = {(number, severity) for number, severity, _, _ in FAULTS.values()}
    assert {(check.number, check.severity) for check in CHECKS} <= told
    assert {number for number, _ in told} == {check.number for check in CHECKS}


APART = [
    "nearly clipped",
    "no text",
    "no Date",
    "a bare LF",
    "another subject arrives",
    "mail alone",
    "no page to post to",
    "no one-click",
    "encoded List-Unsubscribe",
    "a late way out",
    "no postal address",
    "free mail",
    "no subject",
    "a level left out",
    "no first heading",
    "another title",
    "no direction inside",
    "a short preheader",
    "the subject again",
    "an attachment",
    "a hidden way out",
    "no reviews",
    "a link in HTML only",
    "an open comment",
    "a rewritten link",
    "a shouted subject",
    "an excited subject",
    "a false answer",
    "an unfilled subject",
    "a column without end",
    "an unfilled text",
    "a long text line",
    "no declaration",
]
"""What cannot stand in one letter with another fault."""


def test_a_letter_with_every_fault_is_told_of_every_one() -> None:
    bad = GOOD
    for name, (_, _, _, change) in FAULTS.items():
        bad = bad if name in APART else change(bad)
    told = {(each.number, each.severity) for each in bad.findings()}
    assert [
        name for name, (number, severity, *_) in FAULTS.items() if name not in APART and (number, severity) not in told
    ] == []
    assert {number for number, _ in told} == {check.number for check in CHECKS}


def test_the_gravest_comes_first() -> None:
    findings = FAULTS["seven tables"][3](FAULTS["pale"][3](FAULTS["tiny"][3](GOOD))).findings()
    order = list(Severity)
    ranks = [order.index(each.severity) for each in findings]
    assert ranks == sorted(ranks)
    assert set(ranks) == {0, 1, 2}


@pytest.mark.parametrize(
    ("words", "html"),
    [("None", "<p>None</p>"), ("A film of {{ braces }}", "<p>A film of {{ braces }}</p>")],
    ids=["a film called None", "a review that speaks of braces"],
)
def test_what_a_review_itself_says_is_no_leftover(words: str, html: str) -> None:
    letter = put(html)(GOOD)
    assert [each.number for each in letter.findings()] == [10]
    assert letter.of(quoted=(words,)).findings() == ()


def test_a_letter_that_stays_in_an_outbox_needs_no_way_out() -> None:
    letter = GOOD.bytes(b"List-Unsubscribe", b"X-Way")
    assert {each.number for each in letter.findings()} >= {3}
    assert not {each.number for each in letter.of(is_for_readers=False, ways_out=()).findings()} & {3, 4}


def test_without_mail_the_bodies_alone_are_looked_at() -> None:
    assert replace(GOOD, copies=()).findings() == ()
    assert [each.number for each in replace(put("<p>None</p>")(GOOD), copies=()).findings()] == [10]

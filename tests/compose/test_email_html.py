"""How the letter's HTML is built: for every mail program, for screen readers, in both schemes, images or none."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from lxml import html as lxml_html

from syndicate.compose import letter
from syndicate.compose.inline import inline_css
from syndicate.compose.theme import contrast, parse_colour
from syndicate.reviews.model import Film
from tests.compose.letters import FULL, MAIL, WEB, issue_of, published, rendered, still

HTML = letter.fill(rendered(), [WEB, MAIL]).html
DOCUMENT: Any = lxml_html.document_fromstring(HTML)


def found(path: str) -> list[Any]:
    """Return the elements at an XPath."""
    return [element for element in DOCUMENT.xpath(path) if isinstance(element.tag, str)]


def style_of(element: Any) -> dict[str, str]:
    pairs = (pair.split(":", 1) for pair in element.get("style", "").split(";") if ":" in pair)
    return {name.strip(): value.strip() for name, value in pairs}


def test_every_picture_has_alt_text_width_and_a_colour_behind_it() -> None:
    pictures = found("//img")
    assert len(pictures) == 3
    for picture in pictures:
        assert picture.get("alt")
        assert picture.get("width") in ("600", "216")
        assert style_of(picture)["background-color"]
        assert style_of(picture)["width"] == "100%"


def test_a_picture_without_alt_text_is_described_by_its_film() -> None:
    assert found("//img")[1].get("alt") == "A picture from The Quiet Ledger"


def test_the_link_to_leave_stands_in_the_first_lines_too() -> None:
    body = HTML.index("<body")
    assert body < HTML.index(f'href="{WEB}"') < HTML.index("<h1")


def test_nothing_active_and_nothing_that_tracks_is_in_the_letter() -> None:
    assert found("//script|//iframe|//form|//link|//video|//object|//base") == []
    assert not re.search(r"<[^>]*\son\w+=", HTML)
    for image in found("//img"):
        assert image.get("src") in {f"https://pictures.lantern.example/w1200/{n}.jpg" for n in (1, 2, 5)}


def test_the_phone_and_dark_rules_keep_their_importance() -> None:
    assert "@media (prefers-color-scheme: dark)" in HTML
    assert "[data-ogsc] .strand" in HTML
    assert re.search(r"\.sheet \{ background-color: #\w+ !important; \}", HTML)


def dark_rules(html: str) -> dict[str, dict[str, str]]:
    """Return class → declarations inside the dark media query."""
    block = re.search(r"@media \(prefers-color-scheme: dark\) \{(.*?)\n\}", html, re.DOTALL)
    assert block
    rules: dict[str, dict[str, str]] = {}
    for selectors, declarations in re.findall(r"([^{}]+)\{([^}]*)\}", block[1]):
        for selector in selectors.split(","):
            for name, value in re.findall(r"([\w-]+): (#\w+)", declarations):
                rules.setdefault(selector.strip().lstrip("."), {})[name] = value
    return rules


def pairs(html: str, dark: bool) -> Iterator[tuple[str, str, str]]:
    """Yield (text, colour, background) of each visible text, as colours are inherited."""
    rules = dark_rules(html) if dark else {}
    document: Any = lxml_html.document_fromstring(html)
    for element in document.xpath("//body//*"):
        if not isinstance(element.tag, str) or (not (element.text or "").strip() and not element.get("alt")):
            continue
        chain = [element, *element.iterancestors()]
        if any("preheader" in link.get("class", "") for link in chain):
            continue
        yield (
            element.text or element.get("alt") or "",
            said(chain, "color", rules),
            said(chain, "background-color", rules),
        )


def said(chain: list[Any], name: str, rules: dict[str, dict[str, str]]) -> str:
    """Return the nearest value: a dark rule of a class wins over the style attribute of the same element."""
    for element in chain:
        if not isinstance(element.tag, str):
            continue
        by_class = [rules[kind][name] for kind in element.get("class", "").split() if name in rules.get(kind, {})]
        value = by_class[-1] if by_class else style_of(element).get(name)
        if value:
            return parse_colour(value)
    raise AssertionError(f"no {name} for {chain[0].text}")


def weak_texts(html: str, *, dark: bool, least: int = 40) -> list[tuple[str, str, str]]:
    """Return (text, colour, background) of each text that does not stand out from what is behind it."""
    checked = list(pairs(html, dark))
    assert len(checked) >= least
    return [(text, colour, ground) for text, colour, ground in checked if contrast(colour, ground) < 4.5]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_text_stands_out_from_what_is_behind_it(dark: bool) -> None:
    assert weak_texts(HTML, dark=dark) == []


def test_a_very_long_title_is_set_smaller_and_its_link_shortened() -> None:
    title = "The Man Who Sold His Shadow to the Municipal Swimming Baths and Lived to Regret It Twice"
    html = rendered(issue_of(published(1, replace(FULL, film=Film(title=title)), image=still(1)))).html
    assert "title-lead title-leadlong" in html
    assert "Read the review of The Man Who Sold His Shadow to the Municipal Swimming…" in html


def test_premailer_fetches_neither_link_nor_import() -> None:
    asked: list[str] = []

    class Server(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()

    with HTTPServer(("127.0.0.1", 0), Server) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        base = f"http://127.0.0.1:{server.server_port}"
        css = f'@import url("{base}/imported.css"); p {{ color: #234567 }}'
        link = f'<link rel="stylesheet" href="{base}/linked.css">'
        html = f"<html><head>{link}<style>{css}</style></head><body><p>x</p></body></html>"
        assert '<p style="color:#234567">' in inline_css(html)
        server.shutdown()
    assert asked == []


def test_inlining_keeps_importance_width_conditional_comments_and_escapes() -> None:
    source = (
        "<html><head><style>img { width: 100% } p { color: #123456 }"
        '@media (max-width: 8px) { p { color: #234567 !important } }</style><style data-premailer="ignore">'
        "@media (max-width: 9px) { p { color: #333333 !important } } [data-ogsc] p { margin: 0 !important }</style>"
        '</head><body><!--[if mso]><table><tr><td><![endif]--><img width="600" alt="a &lt;b&gt; &amp; c"></body></html>'
    )
    html = inline_css(source)
    assert html.count("!important") == 3
    assert "<!--[if mso]><table><tr><td><![endif]-->" in html
    assert '<img width="600" alt="a &lt;b&gt; &amp; c" style="width:100%">' in html


def test_only_a_style_block_that_asks_for_it_goes_once_it_is_inlined() -> None:
    head = '<style data-after="drop">p { margin: 0 }</style><style>p { color: #123456 }</style>'
    html = inline_css(f"<html><head>{head}</head><body><p>x</p></body></html>")
    assert html.count("<style") == 1
    assert '<p style="margin:0;color:#123456">' in html


def test_css_that_does_not_parse_is_dropped_in_silence() -> None:
    """In a process of its own: cssutils binds its log to the standard error it finds at import."""
    source = "<html><head><style>p { color: ; } }}} a { : }</style></head><body><p>x</p></body></html>"
    code = f"from syndicate.compose.inline import inline_css; inline_css({source!r})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == ""


def test_the_letters_modules_do_not_import_premailer_before_a_letter_is_rendered() -> None:
    code = "import sys, syndicate.compose.email; print({'premailer', 'cssutils', 'requests'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"

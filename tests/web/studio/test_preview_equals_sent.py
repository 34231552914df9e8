"""Promise 4: what is previewed is what is sent, byte for byte but for the reader's slots, whatever the templates."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from syndicate.compose.environment import PACKAGE_TEMPLATES
from syndicate.compose.letter import fill
from syndicate.pipeline import tick
from syndicate.web.studio.look import look_at
from tests.web.studio.places import FRIDAY_AT_NINE, Place, make_place

MARK, COLOUR = "Edited by Zoë, – ★", "#123456"
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


def sent_letters(place: Place) -> dict[str, bytes]:
    """Return what went into the outbox, by recipient."""
    files = (place.folder / "out" / "mail" / "new").glob("*.eml")
    letters = [path.read_bytes() for path in files]
    return {str(message_from_bytes(each, policy=policy.default)["To"]): each for each in letters}


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


def check_previewed_is_sent(place: Place) -> None:
    """Preview on Thursday, send on Friday, compare."""
    previewed = preview_of(place)
    place.move_to(FRIDAY_AT_NINE)
    with place.opened() as app:
        tick(app)
    letters = sent_letters(place)
    assert len(letters) == 3
    for recipient, letter in letters.items():
        audience = "?for=list" if "films@lists.example" in recipient else ""
        assert part(letter, "html") == previewed[f"html{audience}"].decode()
        assert part(letter, "plain") == previewed[f"txt{audience}"].decode()
        assert _OWN.sub(b"", letter) == _OWN.sub(b"", previewed[f"eml{audience}"])


@pytest.mark.parametrize("name", TEMPLATES)
def test_whichever_template_the_editor_changed_the_preview_is_what_is_sent(tmp_path: Path, name: str) -> None:
    place = make_place(tmp_path)
    own_template(place, name)
    check_previewed_is_sent(place)
    shows = COLOUR if name.endswith(".css") else MARK
    assert shows in everything_sent(place) or name == "status/card.html"


def everything_sent(place: Place) -> str:
    """Return all texts that left."""
    letters = [part(letter, kind) for letter in sent_letters(place).values() for kind in ("html", "plain")]
    statuses = [path.read_text(encoding="utf-8") for path in (place.folder / "out" / "statuses").rglob("*.json")]
    return "\n".join(letters + statuses)


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
    "no lead": lambda text: text.replace("at: fri", "lead: none, at: fri"),
}


@pytest.mark.parametrize("change", CONFIGS.values(), ids=CONFIGS.keys())
def test_whatever_the_config_says_the_preview_is_what_is_sent(tmp_path: Path, change: Callable[[str], str]) -> None:
    check_previewed_is_sent(make_place(tmp_path, change))


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
def test_the_statuses_that_are_shown_are_those_that_are_posted(tmp_path: Path, own: bool) -> None:
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

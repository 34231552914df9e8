"""The viewing page over an outbox: `index.html` beside the Maildir and the statuses, whole without a network.

It is read from a file://, so it runs no script, and its Content-Security-Policy lets nothing in but its own style
and pictures from the disk. For the eye only, the https address of a picture that the cache holds is replaced by its
path; the .eml and .json files keep the address.
"""

from __future__ import annotations

import html
import json
import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import getaddresses, parseaddr
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from markupsafe import Markup, escape

from syndicate.channels.outbox_files import MAIL, STATUSES, unwritable, write_whole

if TYPE_CHECKING:
    import jinja2

PicturePath = Callable[[str], Path | None]

SHOWN_ISSUES, SHOWN_RECIPIENTS, SHOWN_STATUSES = 12, 200, 60
_TOKEN = re.compile(r"(?P<url>https?://[^\s<>\"]+[^\s<>\".,;:!?)\]'»”])|(?<![\w&/])#(?P<tag>\w*[^\W\d]\w*)")
_SOURCE = re.compile(
    r"(?P<head>\b(?:src|background)\s*=\s*)(?P<quote>[\"'])(?P<url>https?://.*?)(?P=quote)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """One letter of an issue: who it is for, and its file relative to the page."""

    address: str
    name: str
    href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownIssue:
    """The letters under one subject; the bodies are those of the first."""

    subject: str
    sender: str
    date: datetime | None
    html: str
    """Pictures from the disk; for an iframe's srcdoc."""
    text: str
    raw: str
    recipients: tuple[Recipient, ...]
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A status as a reader would see it."""

    account: str
    text: Markup
    spoiler: str
    language: str
    visibility: str
    image: str | None
    """Relative path, or the https address where the cache does not hold it."""
    alt: str
    href: str | None = None
    """The status's JSON, relative to the page."""

    @property
    def hue(self) -> int:
        """Return the colour of the account's circle, in degrees."""
        return sum(map(ord, self.account)) * 47 % 360


def write_page(folder: Path, picture_path: PicturePath, templates: jinja2.Environment | None = None) -> Path:
    """Write `index.html` over the letters and statuses under `folder`, and return its path.

    Costs a look at every letter's head and the whole of one letter an issue. ChannelError where it cannot be written.
    """
    cards, issues = read_cards(folder, picture_path), read_issues(folder, picture_path)
    context = {"cards": cards[:SHOWN_STATUSES], "statuses": len(cards), "issues": issues[:SHOWN_ISSUES]}
    context |= {"letters": sum(issue.count for issue in issues), "shown_recipients": SHOWN_RECIPIENTS}
    try:
        return write_whole(folder / "index.html", _render("web/outbox.html", context, templates).encode())
    except OSError as error:
        raise unwritable(error, folder) from error


def render_card(
    fields: Mapping[str, object], folder: Path, picture_path: PicturePath, templates: jinja2.Environment | None = None
) -> str:
    """Return a page that shows one status; `fields` as in its JSON, pictures relative to `folder`."""
    return _render("web/outbox_status.html", {"card": _card(fields, folder, picture_path)}, templates)


def read_cards(folder: Path, picture_path: PicturePath) -> tuple[Card, ...]:
    """Return the statuses of every account, newest first."""
    files = sorted((folder / STATUSES).glob("*/*.json"), key=lambda path: (path.stem, path.parent.name), reverse=True)
    return tuple(_card(json.loads(path.read_bytes()), folder, picture_path, path) for path in files)


def read_issues(folder: Path, picture_path: PicturePath) -> tuple[ShownIssue, ...]:
    """Return the letters gathered by sender and subject, the newest issue first."""
    heads: dict[tuple[str, str], list[tuple[Path, EmailMessage]]] = {}
    for path in _letters(folder):
        head = _parse(_head(path))
        heads.setdefault((str(head["From"]), str(head["Subject"])), []).append((path, head))
    return tuple(_issue(group, folder, picture_path) for group in reversed(heads.values()))


def status_html(text: str) -> Markup:
    """Return a status's text as HTML, its links and hashtags shown as Mastodon shows them."""
    paragraphs = re.split(r"\n{2,}", text.strip())
    return Markup("").join(Markup("<p>{}</p>").format(_linked(paragraph)) for paragraph in paragraphs)


def localise(source: str, folder: Path, picture_path: PicturePath) -> str:
    """Return a letter's HTML with the pictures that the cache holds taken from the disk."""

    def local(match: re.Match[str]) -> str:
        shown = _shown_at(html.unescape(match["url"]), folder, picture_path)
        return f"{match['head']}{match['quote']}{html.escape(shown)}{match['quote']}"

    return _SOURCE.sub(local, source)


def _letters(folder: Path) -> Iterable[Path]:
    files = [*(folder / MAIL / "new").glob("*.eml*"), *(folder / MAIL / "cur").glob("*.eml*")]
    return sorted(files, key=lambda path: path.name)


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return b"".join(iter(lambda: file.readline().rstrip(b"\r\n") + b"\n", b"\n"))


def _parse(content: bytes) -> EmailMessage:
    return message_from_bytes(content, policy=policy.default)


def _issue(group: list[tuple[Path, EmailMessage]], folder: Path, picture_path: PicturePath) -> ShownIssue:
    path, head = group[0]
    content = path.read_bytes()
    letter = _parse(content)
    return ShownIssue(
        subject=str(head["Subject"] or "(no subject)"),
        sender=parseaddr(str(head["From"]))[0] or str(head["From"]),
        date=getattr(head["Date"], "datetime", None),
        html=localise(_body(letter, "html"), folder, picture_path),
        text=_body(letter, "plain"),
        raw=content.decode("utf-8", "replace").replace("\r\n", "\n"),
        recipients=tuple(_recipient(file, found, folder) for file, found in group[:SHOWN_RECIPIENTS]),
        count=len(group),
    )


def _body(letter: EmailMessage, kind: str) -> str:
    part = letter.get_body(preferencelist=(kind,))
    return str(part.get_content()) if part else ""


def _recipient(path: Path, head: EmailMessage, folder: Path) -> Recipient:
    name, address = (getaddresses([str(head["To"])]) or [("", "")])[0]
    return Recipient(address=address, name=name, href=quote(path.relative_to(folder).as_posix()))


def _card(fields: Mapping[str, object], folder: Path, picture_path: PicturePath, path: Path | None = None) -> Card:
    media = fields["media"]
    image = media[0] if isinstance(media, list) and media else None
    return Card(
        account=str(fields["account"]),
        text=status_html(str(fields["status"])),
        spoiler=str(fields["spoiler_text"]),
        language=str(fields["language"]),
        visibility=str(fields["visibility"]),
        image=_shown_at(image["url"], folder, picture_path) if image else None,
        alt=image["description"] if image else "",
        href=quote(path.relative_to(folder).as_posix()) if path else None,
    )


def _shown_at(url: str, folder: Path, picture_path: PicturePath) -> str:
    """Return the picture's path relative to `folder`, or its own address where no file of it is kept."""
    path = picture_path(url)
    if path is None:
        return url
    try:
        return quote(Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix())
    except ValueError:  # Another drive (Windows) has no relative path.
        return path.resolve().as_uri()


def _linked(text: str) -> Markup:
    parts, end = [], 0
    for match in _TOKEN.finditer(text):
        parts += [escape(text[end : match.start()]), _token(match)]
        end = match.end()
    return Markup("").join([*parts, escape(text[end:])]).replace("\n", Markup("<br>"))


def _token(match: re.Match[str]) -> Markup:
    """Mastodon hides the scheme and everything past thirty characters."""
    if match["tag"]:
        return Markup('<span class="tag">#{}</span>').format(match["tag"])
    url = match["url"]
    shown = re.sub(r"^https?://(www\.)?", "", url)
    shown = f"{shown[:30]}…" if len(shown) > 30 else shown
    return Markup('<a href="{}" rel="noopener noreferrer">{}</a>').format(url, shown)


def _render(name: str, context: Mapping[str, object], templates: jinja2.Environment | None) -> str:
    from syndicate.compose.environment import environment, load, render

    return render(load(templates or environment([]), name), context)
